// SPDX-License-Identifier: Apache-2.0
// The namespaces runner: clone3, id maps, then the child goes on by itself.
#include "base/file.h"
#include "base/proc.h"
#include "sandbox/child.h"
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <linux/sched.h>
#include <net/if.h>
#include <signal.h>
#include <stdio.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/socket.h>

static int loopback_up(void)
{
    struct ifreq lo = {.ifr_name = "lo"};
    int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return errno == EAFNOSUPPORT ? 0 : -1; // a kernel without IPv4
    int rc = ioctl(fd, SIOCGIFFLAGS, &lo);
    lo.ifr_flags = (short)(lo.ifr_flags | IFF_UP);
    if (rc == 0)
        rc = ioctl(fd, SIOCSIFFLAGS, &lo);
    int saved = errno;
    (void)close(fd);
    errno = saved;
    return rc;
}

static int own_host(struct child *c)
{
    static const char name[] = "sandbox";
    c->step = STEP_START;
    if (setsid() < 0 || sethostname(name, sizeof name - 1) < 0)
        return -1;
    c->step = STEP_LOOPBACK;
    return c->b->plan->net ? 0 : loopback_up();
}

// pid 1. Every signal is blocked, and from inside nobody may send it one.
_Noreturn static void child_main(const struct box *b)
{
    struct child c = {.b = b, .step = STEP_START, .op = NO_OP, .stage = -1, .root = -1};
    char go;
    close_others(&b->open);
    // The maps are written meanwhile; our end without a word means that they could not be.
    if (recv(b->link[1], &go, 1, 0) != 1)
        _exit(1);
    (void)umask(0);
    if (own_host(&c) < 0 || child_mounts(&c) < 0)
        child_failed(&c);
    c.step = STEP_CAPS;
    c.op = NO_OP;
    // What is left of the parent's memory in here is not for the program's eyes.
    if (drop_caps() < 0 || prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) < 0)
        child_failed(&c);
    c.step = STEP_FORK;
    pid_t program = raw_fork();
    if (program < 0)
        child_failed(&c);
    if (program == 0)
        run_program(&c);
    close_but(b->link[1]); // also what the program writes to: its end must be seen
    init_loop(b, program);
}

static int clone_child(struct box *b, struct sbx *s, struct err *e)
{
    struct clone_args args = {.flags = CLONE_NEWUSER | CLONE_NEWNS | CLONE_NEWPID | CLONE_NEWIPC |
                                       CLONE_NEWUTS | CLONE_NEWCGROUP | CLONE_PIDFD |
                                       (b->plan->net ? 0 : CLONE_NEWNET),
                              .pidfd = (uint64_t)(uintptr_t)&s->pidfd,
                              .exit_signal = SIGCHLD};
    sigset_t all, before;
    (void)sigfillset(&all);
    (void)pthread_sigmask(SIG_SETMASK, &all, &before);
    pid_t pid = (pid_t)syscall(SYS_clone3, &args, sizeof args);
    if (pid == 0)
        child_main(b);
    int saved = errno;
    (void)pthread_sigmask(SIG_SETMASK, &before, NULL);
    errno = saved;
    if (pid < 0 && errno == ENOSPC) // not what it means elsewhere
        return err_set(
            e, ERR_DENIED,
            "sandbox: no user namespaces are to be had: /proc/sys/user/max_user_namespaces is reached");
    if (pid < 0)
        return err_sys(e, "sandbox: new user namespaces");
    s->pid = pid;
    return 0;
}

static int write_proc(pid_t pid, const char *file, struct str text, struct err *e)
{
    char path[64];
    snprintf(path, sizeof path, "/proc/%d/%s", pid, file);
    drop_fd int fd = -1;
    if (path_open_host(path, O_WRONLY, 0, &fd, e) < 0 || file_write_all(fd, text.p, text.n, e) < 0)
        return err_wrap(e, "sandbox: %s \"" PRI_STR "\"", file, STR_ARG(str_trim(text)));
    return 0;
}

static int write_map(pid_t pid, const char *file, const struct sbx_map m[SBX_MAPS], struct err *e)
{
    drop_buf struct buf text = BUF_INIT(256);
    for (size_t i = 0; i < map_count(m); i++)
        buf_printf(&text, "%u %u %u\n", m[i].inside, m[i].outside, m[i].count);
    return write_proc(pid, file, buf_view(&text), e);
}

// newuidmap and newgidmap hold the privilege that /etc/subuid gives to a user.
static int helper_map(pid_t pid, const char *helper, const struct sbx_map m[SBX_MAPS], struct err *e)
{
    drop_(arena_free) struct arena *a = arena_new(512);
    drop_buf struct buf said = BUF_INIT(4096);
    char program[LIMIT_PATH];
    const char *argv[3 + 3 * SBX_MAPS] = {program, arena_printf(a, "%d", pid)};
    int status, n = 2;
    if (!find_in_path(helper, program))
        return err_set(e, ERR_NOT_FOUND, "sandbox: %s: not installed", helper);
    for (size_t i = 0; i < map_count(m); i++) {
        argv[n++] = arena_printf(a, "%u", m[i].inside);
        argv[n++] = arena_printf(a, "%u", m[i].outside);
        argv[n++] = arena_printf(a, "%u", m[i].count);
    }
    struct proc_spec spec = {PROC_QUIET, .argv = argv, .timeout_ms = 10000};
    if (proc_run(&spec, STR(""), NULL, &said, &status, e) < 0)
        return err_wrap(e, "sandbox: id map");
    struct str why = str_trim(buf_view(&said));
    return status ? err_set(e, ERR_DENIED, "sandbox: %s: " PRI_STR, helper, STR_ARG(why)) : 0;
}

static bool own_only(const struct sbx_map m[SBX_MAPS], uint32_t own)
{
    return map_count(m) == 1 && m[0].count == 1 && m[0].outside == own;
}

static int write_maps(const struct sbx_plan *p, pid_t pid, struct err *e)
{
    if (geteuid() == 0)
        return write_map(pid, "gid_map", p->gid, e) < 0 ? -1 : write_map(pid, "uid_map", p->uid, e);
    if (!own_only(p->uid, geteuid()) || !own_only(p->gid, getegid()))
        return helper_map(pid, "newgidmap", p->gid, e) < 0 ? -1 : helper_map(pid, "newuidmap", p->uid, e);
    // Without privilege a group map is only taken from who gives up changing groups.
    if (write_proc(pid, "setgroups", STR("deny"), e) < 0)
        return -1;
    return write_map(pid, "gid_map", p->gid, e) < 0 ? -1 : write_map(pid, "uid_map", p->uid, e);
}

static void missing_here(const struct sbx_plan *p, struct arena *a, struct strv *out)
{
    int groups = getgroups(0, NULL);
    if (geteuid() != 0 && own_only(p->gid, getegid()) && groups > 1)
        strv_add(
            a, out,
            str_printf(a,
                       "groups: %d supplementary groups of this user stay with the build: there is no subgid "
                       "range, or no newgidmap",
                       groups - 1));
    int abi = landlock_abi();
    if (abi < 2)
        strv_add(a, out, STR("landlock: not in this kernel; the mounts alone keep the build in its places"));
    if (p->net && abi < 6)
        strv_add(
            a, out,
            str_printf(a,
                       "abstract sockets: the host's can be reached with the host's network: Landlock ABI is "
                       "%d, 6 is needed",
                       abi));
}

int namespaces_start(const struct sbx_plan *p, struct arena *a, struct sbx *out, struct err *e)
{
    __attribute__((cleanup(box_done))) struct box b = BOX_INIT;
    drop_sbx struct sbx s = SBX_INIT;
    s.runner = SBX_NAMESPACES;
    if (box_compile(p, SBX_NAMESPACES, a, &b, e) < 0 || clone_child(&b, &s, e) < 0)
        return -1;
    if (write_maps(p, s.pid, e) < 0)
        return -1;
    if (send(b.link[0], "", 1, MSG_NOSIGNAL) != 1)
        return err_sys(e, "sandbox: its init");
    if (start_finish(&b, &s, e) < 0)
        return -1;
    missing_here(p, a, &s.missing);
    *out = s;
    s = (struct sbx)SBX_INIT;
    return 0;
}
