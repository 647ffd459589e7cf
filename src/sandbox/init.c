// SPDX-License-Identifier: Apache-2.0
// The process that watches the program: pid 1 of the sandbox, or in place the one that orphans come to. Runs in the
// child: system calls only.
#include "sandbox/kernel.h"
#include "sandbox/priv.h"
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/wait.h>

pid_t raw_fork(void)
{
    return (pid_t)syscall(SYS_clone, SIGCHLD, 0, 0, 0, 0);
}

// Decimal digits at p; NULL when there are none.
static const char *digits(const char *p, const char *end, pid_t *out)
{
    if (p == end || *p < '0' || *p > '9')
        return NULL;
    for (*out = 0; p < end && *p >= '0' && *p <= '9'; p++)
        *out = *out * 10 + (*p - '0');
    return p;
}

// The parent of a process from its stat file: "pid (name) state ppid …"; the name may hold anything, also ')'.
static pid_t parent_of(int proc, const char *pid)
{
    char path[64], text[512];
    size_t n = 0;
    while (pid[n] && n < 32)
        n++;
    memcpy(path, pid, n);
    memcpy(path + n, "/stat", sizeof "/stat");
    int fd = openat(proc, path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return -1;
    ssize_t got = read(fd, text, sizeof text);
    (void)close(fd);
    const char *end = text + (got > 0 ? got : 0), *p = end;
    while (p > text && p[-1] != ')')
        p--;
    pid_t parent;
    return p > text && end - p > 3 && digits(p + 3, end, &parent) ? parent : -1;
}

struct dirent64_head { // getdents64(2)
    uint64_t ino;
    int64_t off;
    unsigned short reclen;
    unsigned char type;
    char name[];
};

// Kills our children; those of a killed one become ours. /proc/PID/task/TID/children is not in every kernel.
static int kill_children(void)
{
    char buf[8192] __attribute__((aligned(8)));
    int proc = open("/proc", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    pid_t self = getpid(), pid;
    long n;
    while (proc >= 0 && (n = syscall(SYS_getdents64, proc, buf, sizeof buf)) > 0)
        for (long at = 0; at < n;) {
            const struct dirent64_head *d = (const void *)(buf + at);
            at += d->reclen;
            if (digits(d->name, d->name + 16, &pid) && parent_of(proc, d->name) == self)
                (void)kill(pid, SIGKILL);
        }
    return proc < 0 ? -1 : close(proc);
}

void reap_all(bool in_place)
{
    pid_t got;
    // Mostly nothing is left, and /proc need not be searched.
    while ((got = (pid_t)waitpid(-1, NULL, WNOHANG)) > 0)
        ;
    if (got < 0 && errno == ECHILD)
        return;
    do {
        if (!in_place)
            (void)kill(-1, SIGKILL);
        else if (kill_children() < 0) // no /proc: named as missing
            return;
        // In place a grandchild may appear after its parent was reaped: look again each time.
        got = (pid_t)waitpid(-1, NULL, 0);
    } while (got > 0 || errno == EINTR);
}

int send_note(int link, const struct note *n, int fd)
{
    struct note copy = *n;
    struct iovec data = {&copy, sizeof copy};
    union {
        struct cmsghdr head;
        char bytes[CMSG_SPACE(sizeof(int))];
    } control = {0};
    struct msghdr msg = {
        .msg_iov = &data, .msg_iovlen = 1, .msg_control = &control, .msg_controllen = sizeof control};
    control.head = (struct cmsghdr){
        .cmsg_level = SOL_SOCKET, .cmsg_type = SCM_RIGHTS, .cmsg_len = CMSG_LEN(sizeof(int))};
    memcpy(CMSG_DATA(&control.head), &fd, sizeof fd);
    return sendmsg(link, &msg, MSG_NOSIGNAL) < 0 ? -1 : 0;
}

static bool give_socket(const struct box *b, int family)
{
    struct note n = {.kind = NOTE_SOCKET, .op = NO_OP};
    int fd = socket(family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    n.value = fd < 0 ? errno : 0;
    if (fd < 0)
        return send(b->link[1], &n, sizeof n, MSG_NOSIGNAL) >= 0;
    int rc = send_note(b->link[1], &n, fd);
    (void)close(fd);
    return rc == 0;
}

// What the other end asks for. False: it is gone.
static bool answer(const struct box *b, pid_t program)
{
    unsigned char ask;
    if (recv(b->link[1], &ask, 1, MSG_DONTWAIT) != 1)
        return false;
    if (ask == ASK_INET || ask == ASK_INET6)
        return give_socket(b, ask == ASK_INET ? AF_INET : AF_INET6);
    if (ask && ask < ASK_SIGNAL_MAX && program)
        (void)kill(program, ask); // it may have ended just now
    return true;
}

static void tell_end(const struct box *b, int status)
{
    struct note n = {.kind = NOTE_END, .op = NO_OP, .value = status};
    (void)send(b->link[1], &n, sizeof n, MSG_NOSIGNAL);
}

// What has ended so far. A program that detaches (runc) leaves another one behind, which then is the one; it may have
// ended first, and is the only other child that ever comes to us.
struct ended {
    pid_t program; // 0: the one it left behind
    bool other;
    int status, other_status;
};

// Reaps what ended by itself. True once the program is among it.
static bool reap_some(bool detaches, struct ended *t)
{
    int status;
    pid_t got;
    while ((got = waitpid(-1, &status, WNOHANG)) > 0) {
        if (got != t->program) {
            t->other = true;
            t->other_status = status;
            continue;
        }
        t->status = status;
        if (!detaches || status != 0)
            return true;
        t->program = 0;
    }
    if (t->program || !t->other)
        return false;
    t->status = t->other_status;
    return true;
}

// What a runner keeps outside of processes, where nobody is left to see to it.
static void tidy(const struct confine *f)
{
    if (!f->after)
        return;
    pid_t pid = raw_fork();
    if (pid == 0) {
        (void)execve(f->after[0], (char *const *)(uintptr_t)f->after, (char *const *)(uintptr_t)f->envp);
        _exit(1);
    }
    (void)waitpid(pid, NULL, 0);
}

void init_loop(const struct box *b, pid_t program)
{
    sigset_t chld;
    struct signalfd_siginfo info;
    struct ended t = {.program = program};
    for (size_t i = 0; i < b->n_words; i++) // the program has its copy already
        b->words[i] = 0;
    (void)sigemptyset(&chld);
    (void)sigaddset(&chld, SIGCHLD); // blocked, as every signal is here
    struct pollfd set[] = {{.fd = b->link[1], .events = POLLIN},
                           {.fd = signalfd(-1, &chld, SFD_CLOEXEC), .events = POLLIN}};
    for (;;) {
        if (poll(set, COUNT(set), -1) < 0 && errno != EINTR)
            break;
        if (set[1].revents && read(set[1].fd, &info, sizeof info) > 0 && reap_some(b->confine.trusted, &t)) {
            reap_all(b->in_place);
            tell_end(b, t.status);
            _exit(0);
        }
        if (set[0].revents && !answer(b, t.program))
            break;
    }
    reap_all(b->in_place);
    tidy(&b->confine);
    _exit(0);
}
