// SPDX-License-Identifier: Apache-2.0
// The last steps before the program: what is taken away from it. Runs in the child: system calls only.
#include "sandbox/child.h"
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <linux/capability.h>
#include <linux/seccomp.h>
#include <linux/securebits.h>
#include <sched.h>
#include <signal.h>
#include <sys/prctl.h>

enum { CAPS_MAX = 64, SIGNALS = 64 };

// The libc's setters of ids tell every thread of the parent that is not there any more: the plain calls.
static int set_ids(uint32_t uid, uint32_t gid)
{
    return syscall(SYS_setresgid, gid, gid, gid) < 0 ? -1 : (int)syscall(SYS_setresuid, uid, uid, uid);
}

int child_ids(struct child *c)
{
    const struct sbx_plan *p = c->b->plan;
    c->step = STEP_IDS;
    if (prctl(PR_SET_SECUREBITS, SECBIT_NO_SETUID_FIXUP, 0, 0, 0) < 0)
        return -1;
    // A map that an unprivileged user wrote goes with setgroups denied; sbx.missing names the groups that stay.
    if (syscall(SYS_setgroups, 0, NULL) < 0 && errno != EPERM)
        return -1;
    return set_ids(p->run_uid, p->run_gid);
}

// While we may: leaving uid 0 takes the right to do it away.
static void drop_bounding(void)
{
    for (int cap = 0; cap < CAPS_MAX; cap++)
        if (prctl(PR_CAPBSET_DROP, cap, 0, 0, 0) < 0 && errno == EINVAL)
            break; // EPERM: we have none to give; no_new_privs keeps it so
}

int drop_caps(void)
{
    struct __user_cap_header_struct head = {.version = _LINUX_CAPABILITY_VERSION_3};
    struct __user_cap_data_struct none[_LINUX_CAPABILITY_U32S_3] = {{0}};
    drop_bounding();
    (void)prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0);
    if (syscall(SYS_capset, &head, none) < 0)
        return -1;
    return prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
}

static int set_limits(const struct confine *f)
{
    for (size_t i = 0; i < f->n_limit; i++)
        if (setrlimit((__rlimit_resource_t)f->limit[i].what, &f->limit[i].v) < 0)
            return -1;
    return 0;
}

static int landlock(struct child *c, const struct confine *f)
{
    struct ll_ruleset set = {.fs = f->ll_fs, .scoped = f->ll_scoped};
    enum { OF_FILES = LL_EXECUTE | LL_WRITE_FILE | LL_READ_FILE | LL_TRUNCATE | LL_IOCTL_DEV };
    if (!f->ll_fs)
        return 0;
    int fd = sys_landlock_create(&set, f->ll_size, 0);
    if (fd < 0)
        return -1;
    for (size_t i = 0; i < f->n_rule; i++) {
        struct stat st;
        struct ll_path rule = {.access = f->rule[i].access};
        c->item = (uint32_t)i;
        rule.fd = open(f->rule[i].path, O_PATH | O_CLOEXEC);
        if (rule.fd < 0) // what the program cannot reach needs no rule
            continue;
        if (fstat(rule.fd, &st) == 0 && !S_ISDIR(st.st_mode))
            rule.access &= OF_FILES;
        if (sys_landlock_add(fd, &rule) < 0)
            return -1;
        (void)close(rule.fd);
    }
    int rc = sys_landlock_restrict(fd);
    (void)close(fd);
    return rc;
}

static int set_streams(struct child *c, const struct confine *f)
{
    (void)c;
    for (int i = 0; i < f->n_io; i++)
        if (dup2(f->io[i], i) < 0)
            return -1;
    // All that is left stays for the notes and goes at the execve: each was opened so. Where the kernel can (Linux
    // 5.11, and no profile against it), it makes sure.
    (void)syscall(SYS_close_range, f->n_io, UINT32_MAX, 4 /* CLOSE_RANGE_CLOEXEC */);
    return 0;
}

static void default_signals(void)
{
    sigset_t none;
    struct sigaction plain = {.sa_handler = SIG_DFL};
    for (int s = 1; s <= SIGNALS; s++)
        (void)sigaction(s, &plain, NULL);
    (void)sigemptyset(&none);
    (void)sigprocmask(SIG_SETMASK, &none, NULL);
}

static int seccomp(struct child *c, const struct confine *f)
{
    (void)c;
    default_signals();
    if (f->more && prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, f->more, 0, 0) < 0)
        return -1;
    return prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &f->filter, 0, 0);
}

static int leave_ids(struct child *c, const struct confine *f)
{
    (void)c;
    drop_bounding();
    if (f->set_groups && syscall(SYS_setgroups, 0, NULL) < 0)
        return -1;
    return f->set_ids ? set_ids(f->uid, f->gid) : 0;
}

static int leave_caps(struct child *c, const struct confine *f)
{
    (void)c;
    (void)f;
    return drop_caps();
}

static int in_directory(struct child *c, const struct confine *f)
{
    if (c->b->in_place) // no other root to get out of, and some container profiles refuse openat2
        return chdir(f->cwd);
    // The image chose it: a link to /proc/PID/fd or to another root is no directory of its own.
    int fd = sys_openat2(AT_FDCWD, f->cwd, O_PATH | O_DIRECTORY | O_CLOEXEC, 0, RESOLVE_NO_MAGICLINKS);
    return fd < 0 || fchdir(fd) < 0 ? -1 : close(fd);
}

static int limits(struct child *c, const struct confine *f)
{
    (void)c;
    (void)umask(022);
    return setsid() < 0 ? -1 : set_limits(f);
}

// A program that is none of the build's.
static int plain_start(struct child *c, const struct confine *f)
{
    (void)c;
    (void)f;
    default_signals();
    return setsid();
}

struct last_step {
    enum step step;
    int (*run)(struct child *c, const struct confine *f);
};
static const struct last_step walls[] = {
    {STEP_LIMITS, limits},     {STEP_IDS, leave_ids},       {STEP_CAPS, leave_caps}, {STEP_CWD, in_directory},
    {STEP_LANDLOCK, landlock}, {STEP_STREAMS, set_streams}, {STEP_SECCOMP, seccomp},
};
static const struct last_step no_walls[] = {
    {STEP_LIMITS, plain_start}, {STEP_CWD, in_directory}, {STEP_STREAMS, set_streams}};

void run_program(struct child *c)
{
    const struct confine *f = &c->b->confine;
    const struct last_step *steps = f->trusted ? no_walls : walls;
    size_t n = f->trusted ? COUNT(no_walls) : COUNT(walls);
    c->op = NO_OP;
    for (size_t i = 0; i < n; i++) {
        c->step = steps[i].step;
        if (steps[i].run(c, f) < 0)
            child_failed(c);
    }
    c->step = STEP_EXEC;
    if (!f->argv[0]) // only tried, by sbx_doctor
        _exit(0);
    // execve changes neither of the vectors.
    (void)execve(f->argv[0], (char *const *)(uintptr_t)f->argv, (char *const *)(uintptr_t)f->envp);
    child_failed(c);
}
