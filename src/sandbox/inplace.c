// SPDX-License-Identifier: Apache-2.0
// The in-place runner: the container that we are in is the sandbox. No namespaces, no mounts, any uid.
#include "sandbox/child.h"
#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <sched.h>
#include <signal.h>
#include <sys/prctl.h>

static bool has_cap(int cap)
{
    struct __user_cap_header_struct head = {.version = _LINUX_CAPABILITY_VERSION_3};
    struct __user_cap_data_struct data[_LINUX_CAPABILITY_U32S_3] = {{0}};
    return syscall(SYS_capget, &head, data) == 0 && (data[0].effective & (1u << cap));
}

static int check_op(const struct sbx_op *op, struct err *e)
{
    switch (op->kind) {
    case SBX_BIND:
    case SBX_BIND_RO:
        if (op->src && strcmp(op->src, op->dst) != 0)
            return err_set(
                e, ERR_DENIED,
                "in place: %s at %s: nothing can be mounted here, so it must be its own source, not %s",
                kind_name(op->kind), op->dst, op->src);
        return 0;
    case SBX_TMPFS:
    case SBX_PROC:
    case SBX_DEV:
    case SBX_HIDE:
    case SBX_HAND_OUT:
        return 0;
    case SBX_OVERLAY:
    case SBX_FILE:
    case SBX_LINK:
    case SBX_KIND_MAX_:
        break;
    }
    return err_set(e, ERR_DENIED, "in place: %s at %s: nothing can be mounted here", kind_name(op->kind),
                   op->dst);
}

int inplace_check(const struct sbx_plan *p, struct err *e)
{
    for (size_t i = 0; i < p->n_op; i++)
        if (check_op(&p->op[i], e) < 0)
            return -1;
    if (p->run_uid != geteuid() && !has_cap(CAP_SETUID))
        return err_set(e, ERR_DENIED, "in place: run as uid %u: this process is uid %u and may not change it",
                       p->run_uid, geteuid());
    if (p->run_gid != getegid() && !has_cap(CAP_SETGID))
        return err_set(e, ERR_DENIED, "in place: run as gid %u: this process is gid %u and may not change it",
                       p->run_gid, getegid());
    return 0;
}

void inplace_missing(const struct sbx_plan *p, struct arena *a, struct strv *out)
{
    int abi = landlock_abi();
    if (abi < 2)
        strv_add(
            a, out,
            str_printf(a,
                       "files: reading and writing are only limited by file modes: Landlock ABI is %d, 2 is "
                       "needed",
                       abi));
    if (abi < 2)
        strv_add(a, out,
                 STR("memory, environment: those of other processes of this uid, though not ours, can be "
                     "read: no Landlock"));
    if (abi < 6)
        strv_add(
            a, out,
            str_printf(a,
                       "signals, abstract sockets: those of this container can be reached: Landlock ABI is "
                       "%d, 6 is needed",
                       abi));
    strv_add(a, out,
             STR("processes: those of this container are visible in /proc: there is no pid namespace"));
    if (p->run_uid == 0)
        strv_add(a, out, STR("user: the build is uid 0 of this container, without capabilities"));
    for (size_t i = 0; i < p->n_op; i++)
        if (p->op[i].kind == SBX_TMPFS && p->op[i].size)
            strv_add(a, out,
                     str_printf(a, "size: what is written to %s is not limited: nothing can be mounted here",
                                p->op[i].dst));
    if (!p->net)
        strv_add(a, out, STR("network: the loopback is refused too: there is no network namespace"));
    int groups = getgroups(0, NULL);
    if (!has_cap(CAP_SETGID) && groups > 1)
        strv_add(a, out, str_printf(a, "groups: %d supplementary groups stay with the build", groups));
    if (faccessat(AT_FDCWD, "/proc/self/stat", R_OK, 0) < 0)
        strv_add(a, out, STR("processes: what the build leaves behind is not ended: there is no /proc"));
}

// For runc: the mounts that root's parent made, in a mount namespace that ends with the container.
static int attach_sources(struct child *c)
{
    c->step = STEP_PRIVATE;
    if (unshare(CLONE_NEWNS) < 0 || mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0)
        return -1;
    c->step = STEP_ATTACH;
    for (size_t i = 0; i < c->b->n_op; i++) {
        const struct box_op *o = &c->b->op[i];
        c->op = (uint32_t)i;
        for (size_t k = 0; k < o->n_src; k++)
            if (move_mount(o->src[k].fd, "", AT_FDCWD, o->src[k].at, MOVE_MOUNT_F_EMPTY_PATH) < 0)
                return -1;
        if (o->scratch &&
            move_mount(o->scratch->fd, "", AT_FDCWD, o->scratch->at, MOVE_MOUNT_F_EMPTY_PATH) < 0)
            return -1;
    }
    return 0;
}

_Noreturn static void child_main(const struct box *b)
{
    struct child c = {.b = b, .step = STEP_START, .op = NO_OP, .stage = -1, .root = -1};
    close_others(&b->open);
    if (setsid() < 0 || prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0) < 0)
        child_failed(&c);
    if (b->n_op && attach_sources(&c) < 0)
        child_failed(&c);
    c.op = NO_OP;
    c.step = STEP_FORK;
    pid_t program = raw_fork();
    if (program < 0)
        child_failed(&c);
    if (program == 0)
        run_program(&c);
    close_but(b->link[1]); // also what the program writes to: its end must be seen
    init_loop(b, program);
}

int inplace_fork(struct box *b, struct sbx *s, struct err *e)
{
    sigset_t all, before;
    (void)sigfillset(&all);
    (void)pthread_sigmask(SIG_SETMASK, &all, &before);
    pid_t pid = raw_fork(); // clone3 is refused by container profiles
    if (pid == 0)
        child_main(b);
    int saved = errno;
    (void)pthread_sigmask(SIG_SETMASK, &before, NULL);
    errno = saved;
    if (pid < 0)
        return err_sys(e, "sandbox: fork");
    s->pid = pid;
    s->pidfd = (int)syscall(SYS_pidfd_open, pid, 0);
    return s->pidfd < 0 ? err_sys(e, "sandbox: pidfd") : 0;
}

static int hand_out(const struct sbx_plan *p, struct sbx *s, struct err *e)
{
    for (size_t i = 0; i < p->n_op; i++)
        if (p->op[i].kind == SBX_HAND_OUT) {
            if (path_open_host(p->op[i].dst, O_PATH | O_DIRECTORY, 0, &s->out_fd[s->n_out], e) < 0)
                return err_wrap(e, "sandbox: hand out");
            s->n_out++;
        }
    return 0;
}

int inplace_start(const struct sbx_plan *p, struct arena *a, struct sbx *out, struct err *e)
{
    drop_sbx struct sbx s = SBX_INIT; // after the box, whose link is what ends the init
    __attribute__((cleanup(box_done))) struct box b = BOX_INIT;
    struct confine *c = &b.confine;
    s.runner = SBX_IN_PLACE;
    if (box_compile(p, SBX_IN_PLACE, a, &b, e) < 0 || landlock_in_place(p, a, c, e) < 0 ||
        hand_out(p, &s, e) < 0)
        return -1;
    c->set_groups = has_cap(CAP_SETGID);
    c->set_ids = p->run_uid != geteuid() || p->run_gid != getegid();
    c->uid = p->run_uid;
    c->gid = p->run_gid;
    // The same uid could read our memory and environment otherwise. No id map has to be written here.
    if (prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) < 0)
        return err_sys(e, "sandbox: keep our memory to ourselves");
    if (inplace_fork(&b, &s, e) < 0 || start_finish(&b, &s, e) < 0)
        return -1;
    inplace_missing(p, a, &s.missing);
    *out = s;
    s = (struct sbx)SBX_INIT;
    return 0;
}
