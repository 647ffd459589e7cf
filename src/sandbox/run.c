// SPDX-License-Identifier: Apache-2.0
// A sandbox seen from outside: started, waited for, ended.
#include "base/clock.h"
#include "base/file.h"
#include "sandbox/priv.h"
#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>

static const char *const step_names[] = {
    [STEP_START] = "start",
    [STEP_IDS] = "change to the run user",
    [STEP_SOURCE] = "open what the host has there",
    [STEP_PRIVATE] = "make the mounts private",
    [STEP_LOOPBACK] = "bring the loopback up",
    [STEP_STAGE] = "staging directory",
    [STEP_TARGET] = "mount point",
    [STEP_FILESYSTEM] = "mount",
    [STEP_LOWER] = "lower directory",
    [STEP_SCRATCH] = "scratch directory",
    [STEP_ATTACH] = "attach the mount",
    [STEP_CONTENT] = "write the file",
    [STEP_READ_ONLY] = "make it read-only",
    [STEP_ROOT] = "enter the new root",
    [STEP_OUT] = "hand out the directory",
    [STEP_CAPS] = "drop capabilities",
    [STEP_FORK] = "fork",
    [STEP_LIMITS] = "session and limits",
    [STEP_CWD] = "working directory",
    [STEP_LANDLOCK] = "landlock",
    [STEP_STREAMS] = "descriptors",
    [STEP_SECCOMP] = "seccomp filter",
    [STEP_EXEC] = "execute",
};
static_assert(COUNT(step_names) == STEP_MAX_, "one name per step");

int failed(const struct box *b, const struct note *n, struct err *e)
{
    const char *step = n->step < STEP_MAX_ ? step_names[n->step] : "unknown step";
    const struct confine *c = &b->confine;
    errno = n->value;
    if (n->op < b->n_op) {
        const struct box_op *o = &b->op[n->op];
        const struct source *s = n->item < o->n_src ? &o->src[n->item] : o->scratch;
        // overlayfs gives that answer alone, whatever it disliked.
        if (o->from->kind == SBX_OVERLAY && n->step == STEP_FILESYSTEM && n->value == EINVAL)
            return err_sys(
                e,
                "sandbox: overlay at %s: mount (a lower directory with another mount beneath it, or a "
                "scratch directory on an overlay, over a network, or that was used before?)",
                o->from->dst);
        bool named = s && (n->step == STEP_SOURCE || n->step == STEP_LOWER || n->step == STEP_SCRATCH);
        return err_sys(e, "sandbox: %s at %s: %s%s%s", kind_name(o->from->kind), o->from->dst, step,
                       named ? " " : "", named ? s->path : "");
    }
    if (n->step == STEP_EXEC)
        return err_sys(e, "sandbox: %s", c->argv[0]);
    if (n->step == STEP_CWD)
        return err_sys(e, "sandbox: %s %s", step, c->cwd);
    if (n->step == STEP_LANDLOCK && n->item < c->n_rule)
        return err_sys(e, "sandbox: %s: %s", step, c->rule[n->item].path);
    return err_sys(e, "sandbox: %s", step);
}

// One note, and the descriptor that came with it. 0: the other end is gone; -1: nothing yet (errno) .
static ssize_t read_note(int link, struct note *n, int *fd)
{
    union {
        struct cmsghdr head;
        char bytes[CMSG_SPACE(sizeof(int))];
    } control;
    struct iovec data = {n, sizeof *n};
    struct msghdr msg = {
        .msg_iov = &data, .msg_iovlen = 1, .msg_control = &control, .msg_controllen = sizeof control};
    ssize_t got;
    do { // an init that ended before it read what it was asked is told once, before its notes
        got = recvmsg(link, &msg, MSG_CMSG_CLOEXEC | MSG_DONTWAIT);
    } while (got < 0 && (errno == EINTR || errno == ECONNRESET));
    *fd = -1;
    const struct cmsghdr *c = got > 0 ? CMSG_FIRSTHDR(&msg) : NULL;
    if (c && c->cmsg_type == SCM_RIGHTS && c->cmsg_len == CMSG_LEN(sizeof(int)))
        memcpy(fd, CMSG_DATA(c), sizeof *fd);
    return got;
}

// The write end of b->up is closed by the program's execve, or by the death of everybody who has it.
static int wait_up(struct box *b, struct err *e)
{
    char byte;
    ssize_t n;
    drop_fd_p(&b->up[1]);
    do {
        n = read(b->up[0], &byte, 1);
    } while (n < 0 && errno == EINTR);
    return n < 0 ? err_sys(e, "sandbox: its init") : 0;
}

int start_finish(struct box *b, struct sbx *s, struct err *e)
{
    struct note n;
    int fd;
    ssize_t got;
    drop_fd_p(&b->link[1]);
    if (wait_up(b, e) < 0)
        return -1;
    struct pollfd first = {.fd = b->link[0], .events = POLLIN};
    // The program's end may be among the notes already: it stays for sbx_wait.
    while (poll(&first, 1, 0) == 1) {
        if (recv(b->link[0], &n, sizeof n, MSG_PEEK | MSG_DONTWAIT) == sizeof n && n.kind == NOTE_END)
            break;
        got = read_note(b->link[0], &n, &fd);
        if (got == 0)
            return err_set(e, ERR_IO, "sandbox: its init ended before the program ran");
        if (got == sizeof n && n.kind == NOTE_FAILED)
            return failed(b, &n, e);
        if (got == sizeof n && n.kind == NOTE_OUT && fd >= 0 && s->n_out < SBX_OUT_MAX)
            s->out_fd[s->n_out++] = fd;
        else if (fd >= 0)
            (void)close(fd);
    }
    s->link = steal_fd(&b->link[0]);
    return 0;
}

int sbx_start(const struct sbx_plan *p, enum sbx_runner r, struct arena *a, struct sbx *out, struct err *e)
{
    if (sbx_check(p, r, e) < 0)
        return -1;
    switch (r) {
    case SBX_NAMESPACES:
        return namespaces_start(p, a, out, e);
    case SBX_IN_PLACE:
        return inplace_start(p, a, out, e);
    case SBX_RUNC:
        return runc_start(p, a, out, e);
    case SBX_RUNNER_MAX_:
        break;
    }
    BUG("sandbox: a runner that sbx_check let through");
}

void sbx_signal(struct sbx *s, int sig)
{
    const unsigned char want = (unsigned char)sig;
    if (s->link >= 0 && sig > 0 && sig < ASK_SIGNAL_MAX)
        (void)send(s->link, &want, 1, MSG_NOSIGNAL); // an init that is gone has nobody to send it to
}

int sbx_socket(struct sbx *s, bool inet6, int *fd, struct err *e)
{
    struct note n;
    struct pollfd link = {.fd = s->link, .events = POLLIN};
    drop_fd int got = -1;
    if (s->runner != SBX_NAMESPACES || s->pid <= 0)
        return err_set(e, ERR_USAGE,
                       "sandbox: a socket inside wants a running sandbox of the namespaces runner");
    const unsigned char want = inet6 ? ASK_INET6 : ASK_INET;
    if (send(s->link, &want, 1, MSG_NOSIGNAL) != 1)
        return err_set(e, ERR_NOT_FOUND, "sandbox: its program ended");
    while (poll(&link, 1, -1) < 0)
        if (errno != EINTR)
            return err_sys(e, "sandbox: its init");
    // The program's end stays among the notes, for sbx_wait.
    if (recv(s->link, &n, sizeof n, MSG_PEEK | MSG_DONTWAIT) != sizeof n || n.kind == NOTE_END)
        return err_set(e, ERR_NOT_FOUND, "sandbox: its program ended");
    if (read_note(s->link, &n, &got) != sizeof n || n.kind != NOTE_SOCKET || got < 0) {
        errno = n.value;
        return err_sys(e, "sandbox: a socket inside");
    }
    *fd = steal_fd(&got);
    return 0;
}

// The init, which is our child. Its status only matters when it did not live to tell the program's.
static int reap(struct sbx *s)
{
    int status = 0;
    pid_t got;
    do {
        got = s->pid > 0 ? waitpid(s->pid, &status, 0) : 0;
    } while (got < 0 && errno == EINTR);
    s->pid = -1;
    drop_fd_p(&s->pidfd);
    drop_fd_p(&s->link);
    return status;
}

void sbx_kill(struct sbx *s)
{
    if (s->link >= 0)
        (void)shutdown(s->link, SHUT_RDWR); // the init ends everything, then itself
    // pid 1's death is everybody's; in place the init is the only one who knows whom to end.
    if (s->runner == SBX_NAMESPACES && s->pidfd >= 0)
        (void)syscall(SYS_pidfd_send_signal, s->pidfd, SIGKILL, NULL, 0);
}

static void bundle_done(struct sbx *s)
{
    struct err e = {0};
    // What cannot be removed stays in the temporary directory: the run itself is over.
    if (s->bundle)
        runc_remove(s->bundle);
    if (s->bundle && tree_remove(AT_FDCWD, s->bundle, &e) < 0)
        err_clear(&e);
    free(steal_ptr(s->bundle));
}

int sbx_wait(struct sbx *s, unsigned timeout_ms, int *status, struct err *e)
{
    if (s->pid <= 0)
        return err_set(e, ERR_USAGE, "wait: no sandbox is running");
    uint64_t end = clock_mono_ms() + timeout_ms;
    struct pollfd link = {.fd = s->link, .events = POLLIN};
    struct note n = {0};
    int fd = -1, ready;
    do {
        uint64_t now = clock_mono_ms();
        int left = !timeout_ms ? -1 : now >= end ? 0 : (int)(end - now);
        ready = poll(&link, 1, left);
    } while (ready < 0 && errno == EINTR);
    bool told = ready == 1 && read_note(s->link, &n, &fd) == sizeof n && n.kind == NOTE_END;
    if (fd >= 0)
        (void)close(fd);
    if (!told)
        sbx_kill(s);
    int init = reap(s);
    bundle_done(s);
    if (told) {
        *status = n.value;
        return 0;
    }
    if (ready == 0)
        return err_set(e, ERR_CANCELLED, "sandbox: stopped after %u ms", timeout_ms);
    if (WIFSIGNALED(init))
        return err_set(e, ERR_CANCELLED, "sandbox: its init was ended by signal %d", WTERMSIG(init));
    return err_set(e, ERR_CANCELLED, "sandbox: stopped");
}

void sbx_done(struct sbx *s)
{
    int saved = errno_save();
    if (s->pid > 0) {
        sbx_kill(s);
        (void)reap(s);
    }
    drop_fd_p(&s->pidfd);
    drop_fd_p(&s->link);
    for (size_t i = 0; i < SBX_OUT_MAX; i++)
        drop_fd_p(&s->out_fd[i]);
    bundle_done(s);
    errno_restore(saved);
}

bool find_in_path(const char *name, char *out)
{
    static const char *const dirs[] = {"/usr/bin", "/usr/sbin",      "/bin",
                                       "/sbin",    "/usr/local/bin", "/usr/local/sbin"};
    char path[LIMIT_PATH];
    for (size_t i = 0; i < COUNT(dirs); i++) {
        int n = snprintf(path, sizeof path, "%s/%s", dirs[i], name);
        if (n < 0 || n >= LIMIT_PATH || faccessat(AT_FDCWD, path, X_OK, AT_EACCESS) < 0)
            continue;
        if (out)
            memcpy(out, path, (size_t)n + 1);
        return true;
    }
    return false;
}
