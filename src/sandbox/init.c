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

enum { NUMBER = 16, TICK_MS = 3 };

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

// A small file as a string in text[n].
static bool small_file(const char *path, char *text, size_t n)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    ssize_t got = fd < 0 ? -1 : read(fd, text, n - 1);
    if (fd >= 0)
        (void)close(fd);
    text[got > 0 ? got : 0] = 0;
    return got > 0;
}

// "/proc/PID/NAME"; what stands behind the digits of `pid` does not count.
static bool proc_file(const char *pid, const char *name, char *text, size_t n)
{
    static const char proc[] = "/proc/";
    char path[sizeof proc + NUMBER + NUMBER], *p = path;
    for (const char *c = proc; *c; c++)
        *p++ = *c;
    for (int i = 0; i < NUMBER && pid[i] >= '0' && pid[i] <= '9'; i++)
        *p++ = pid[i];
    *p++ = '/';
    for (const char *c = name; *c && p < path + sizeof path - 1; c++)
        *p++ = *c;
    *p = 0;
    return small_file(path, text, n);
}

// The parent of a process from its stat file: "pid (name) state ppid …"; the name may hold anything, also ')'.
static pid_t parent_of(const char *pid)
{
    char text[512];
    if (!proc_file(pid, "stat", text, sizeof text))
        return -1;
    const char *end = text + strlen(text), *p = end;
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
            if (digits(d->name, d->name + 16, &pid) && parent_of(d->name) == self)
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

// Whom we watch.
struct watched {
    pid_t program;    // whom a signal is for; 0: not known
    bool adopted;     // it is what a detaching one (runc) left behind
    char pid[NUMBER]; // then: the same, in digits
    bool other; // the only other child that ever comes to us has ended: that one, perhaps before it was known
    int status, other_status;
    int wish;       // a signal that came before there was anybody for it
    int killed_for; // the signal that a pid 1 did not get
};

// The hexadecimal set behind "\nSigBlk:\t" and the like of proc(5); all signals where there is none.
static uint64_t signal_set(const char *status, const char *name)
{
    uint64_t set = 0;
    const char *p = strstr(status, name);
    for (p = p ? p + strlen(name) : ""; *p; p++) {
        int digit = *p >= '0' && *p <= '9' ? *p - '0' : *p >= 'a' && *p <= 'f' ? *p - 'a' + 10 : -1;
        if (digit < 0)
            return set;
        set = set << 4 | (uint64_t)digit;
    }
    return UINT64_MAX;
}

enum hearing { HEARS, DEAF, STARTING };

// The first process of a pid namespace hears a signal that would end another one only if it does something about
// it. Before its execve it is runc still, which hears all.
static enum hearing hearing(const char *pid, int sig)
{
    enum { STATUS = 16384 };
    static const char runc[] = "Name:\trunc:[2:INIT]\n";
    static const int harmless[] = {SIGCHLD, SIGCONT, SIGURG, SIGWINCH, SIGSTOP, SIGTSTP, SIGTTIN, SIGTTOU};
    char text[STATUS];
    if (!proc_file(pid, "status", text, sizeof text))
        return HEARS;
    if (strncmp(text, runc, sizeof runc - 1) == 0)
        return STARTING;
    for (size_t i = 0; i < COUNT(harmless); i++)
        if (sig == harmless[i])
            return HEARS;
    uint64_t set =
        signal_set(text, "\nSigBlk:\t") | signal_set(text, "\nSigIgn:\t") | signal_set(text, "\nSigCgt:\t");
    return set >> (sig - 1) & 1 ? HEARS : DEAF;
}

static void deliver(const struct box *b, struct watched *w, int sig)
{
    enum hearing how = !b->confine.trusted ? HEARS : !w->adopted ? STARTING : hearing(w->pid, sig);
    w->wish = how == STARTING ? sig : 0;
    if (how == STARTING || w->program <= 0) // it may also have ended just now
        return;
    if (how == DEAF)
        w->killed_for = sig;
    (void)kill(w->program, how == DEAF ? SIGKILL : sig);
}

// What the other end asks for. False: it is gone.
static bool answer(const struct box *b, struct watched *w)
{
    unsigned char ask;
    if (recv(b->link[1], &ask, 1, MSG_DONTWAIT) != 1)
        return false;
    if (ask == ASK_INET || ask == ASK_INET6)
        return give_socket(b, ask == ASK_INET ? AF_INET : AF_INET6);
    if (ask && ask < ASK_SIGNAL_MAX)
        deliver(b, w, ask);
    return true;
}

static void tell_end(const struct box *b, const struct watched *w)
{
    struct note n = {.kind = NOTE_END, .op = NO_OP, .value = w->status};
    if (w->killed_for && WIFSIGNALED(w->status) && WTERMSIG(w->status) == SIGKILL)
        n.value = w->killed_for;
    (void)send(b->link[1], &n, sizeof n, MSG_NOSIGNAL);
}

// runc has ended well: from now on the container's first process is the program.
static void adopt(const struct box *b, struct watched *w)
{
    const char *file = b->confine.pid_file;
    w->adopted = true;
    w->program = 0;
    if (file && small_file(file, w->pid, sizeof w->pid))
        (void)digits(w->pid, w->pid + strlen(w->pid), &w->program);
}

// Reaps what ended by itself. True once the program is among it.
static bool reap_some(const struct box *b, struct watched *w)
{
    int status;
    pid_t got;
    while ((got = waitpid(-1, &status, WNOHANG)) > 0) {
        if (got != w->program) {
            w->other = true;
            w->other_status = status;
            continue;
        }
        w->status = status;
        if (!b->confine.trusted || w->adopted || status != 0)
            return true;
        adopt(b, w);
    }
    if (!w->adopted || !w->other)
        return false;
    w->status = w->other_status;
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
    struct watched w = {.program = program};
    for (size_t i = 0; i < b->n_words; i++) // the program has its copy already
        b->words[i] = 0;
    (void)sigemptyset(&chld);
    (void)sigaddset(&chld, SIGCHLD); // blocked, as every signal is here
    struct pollfd set[] = {{.fd = b->link[1], .events = POLLIN},
                           {.fd = signalfd(-1, &chld, SFD_CLOEXEC), .events = POLLIN}};
    for (;;) {
        if (poll(set, COUNT(set), w.wish ? TICK_MS : -1) < 0 && errno != EINTR)
            break;
        if (set[1].revents && read(set[1].fd, &info, sizeof info) > 0 && reap_some(b, &w)) {
            reap_all(b->in_place);
            tell_end(b, &w);
            _exit(0);
        }
        if (set[0].revents && !answer(b, &w))
            break;
        if (w.wish)
            deliver(b, &w, w.wish);
    }
    reap_all(b->in_place);
    tidy(&b->confine);
    _exit(0);
}
