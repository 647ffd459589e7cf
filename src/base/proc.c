// SPDX-License-Identifier: Apache-2.0
#include "base/proc.h"
#include "base/clock.h"
#include "base/file.h"
#include "base/limits.h"
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#define DEFAULT_PATH "/usr/sbin:/usr/bin:/sbin:/bin"
enum { STREAMS = 4, CHUNK = 65536 };

// What the child gets as 0, 1, 2 and perhaps 3: copies above 3, so that no dup2 overwrites a source of another.
struct streams {
    int fd[STREAMS], n;
};

static void streams_close(struct streams *s)
{
    for (int i = 0; i < STREAMS; i++)
        drop_fd_p(&s->fd[i]);
}

static int streams_open(const struct proc_spec *s, struct streams *out, struct err *e)
{
    const int want[STREAMS] = {s->in, s->out, s->err, s->third ? *s->third : -1};
    out->n = s->third ? STREAMS : STREAMS - 1;
    for (int i = 0; i < out->n; i++) {
        drop_fd int null = -1;
        if (want[i] < 0 && path_open_host("/dev/null", O_RDWR | O_NOCTTY, 0, &null, e) < 0)
            return -1;
        out->fd[i] = fcntl(want[i] < 0 ? null : want[i], F_DUPFD_CLOEXEC, STREAMS);
        if (out->fd[i] < 0)
            return err_sys(e, "%s: descriptor %d", s->argv[0], i);
    }
    return 0;
}

static bool is_program(const char *file)
{
    struct stat st;
    return fstatat(AT_FDCWD, file, &st, 0) == 0 && S_ISREG(st.st_mode) &&
           faccessat(AT_FDCWD, file, X_OK, AT_EACCESS) == 0;
}

// The program's file into out[LIMIT_PATH]. Relative entries of PATH are passed over: they mean another
// directory in the child than here.
static int find_program(const struct proc_spec *s, char *out, struct err *e)
{
    const char *name = s->argv[0];
    if (strchr(name, '/')) {
        if (snprintf(out, LIMIT_PATH, "%s", name) >= LIMIT_PATH)
            return err_set(e, ERR_LIMIT, "%.64s…: path longer than %d bytes", name, LIMIT_PATH - 1);
        return 0;
    }
    struct str rest = str_of(s->path ? s->path : DEFAULT_PATH), dir;
    while (*name && str_cut(&rest, ':', &dir)) {
        if (!dir.n || dir.p[0] != '/' || dir.n + 1 + strlen(name) >= LIMIT_PATH)
            continue;
        snprintf(out, LIMIT_PATH, PRI_STR "/%s", STR_ARG(dir), name);
        if (is_program(out))
            return 0;
    }
    return err_set(e, ERR_NOT_FOUND, "%s: no such program in %s", name, s->path ? s->path : DEFAULT_PATH);
}

// The attribute and action calls only fail for lack of memory, which aborts everywhere in this house.
static void must(int rc)
{
    if (rc)
        BUG("posix_spawn: attributes");
}

static int spawn(const struct proc_spec *s, const struct streams *io, const char *file, pid_t *pid)
{
    static const char *const no_env[] = {NULL};
    posix_spawn_file_actions_t act;
    posix_spawnattr_t attr;
    sigset_t all, none;
    sigfillset(&all);
    sigemptyset(&none);
    must(posix_spawnattr_init(&attr));
    must(posix_spawnattr_setflags(&attr,
                                  POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETSIGMASK));
    must(posix_spawnattr_setpgroup(&attr, 0));
    must(posix_spawnattr_setsigdefault(&attr, &all));
    must(posix_spawnattr_setsigmask(&attr, &none));
    must(posix_spawn_file_actions_init(&act));
    if (s->cwd_fd >= 0)
        must(posix_spawn_file_actions_addfchdir_np(&act, s->cwd_fd));
    for (int i = 0; i < io->n; i++)
        must(posix_spawn_file_actions_adddup2(&act, io->fd[i], i));
    must(posix_spawn_file_actions_addclosefrom_np(&act, io->n));
    const char *const *envp = s->envp ? s->envp : no_env;
    // posix_spawn takes the vectors as execve does and changes neither.
    int rc = posix_spawn(pid, file, &act, &attr, (char *const *)(uintptr_t)s->argv,
                         (char *const *)(uintptr_t)envp);
    posix_spawn_file_actions_destroy(&act);
    posix_spawnattr_destroy(&attr);
    return rc;
}

// Where SIGCHLD is ignored (a parent may have left it so) the kernel reaps: no status, and the id becomes another's.
static int reap_ourselves(struct err *e)
{
    struct sigaction now, plain = {.sa_handler = SIG_DFL};
    if (sigaction(SIGCHLD, NULL, &now) < 0)
        return err_sys(e, "SIGCHLD");
    if (now.sa_handler != SIG_IGN && !(now.sa_flags & SA_NOCLDWAIT))
        return 0;
    return sigaction(SIGCHLD, &plain, NULL) < 0 ? err_sys(e, "SIGCHLD") : 0;
}

int proc_start(const struct proc_spec *s, struct proc *out, struct err *e)
{
    char file[LIMIT_PATH];
    if (!s->argv || !s->argv[0])
        return err_set(e, ERR_USAGE, "start: no program is named");
    __attribute__((cleanup(streams_close))) struct streams io = {{-1, -1, -1, -1}, 0};
    if (reap_ourselves(e) < 0 || find_program(s, file, e) < 0 || streams_open(s, &io, e) < 0)
        return -1;
    drop_proc struct proc p = PROC_INIT;
    pid_t pid;
    int rc = spawn(s, &io, file, &pid);
    if (rc) {
        errno = rc;
        return err_sys(e, "%s: start", s->argv[0]);
    }
    p.pid = pid;
    p.pidfd = (int)syscall(SYS_pidfd_open, pid, 0); // close-on-exec as the kernel makes it
    if (p.pidfd < 0)
        return err_sys(e, "%s: pidfd", s->argv[0]);
    *out = p;
    p = (struct proc)PROC_INIT;
    return 0;
}

// The leader is still ours to reap, so its id cannot have become somebody else's.
static void kill_group(const struct proc *p)
{
    (void)kill(-p->pid, SIGKILL);
}

static int reap(struct proc *p, int *status)
{
    pid_t got;
    do {
        got = waitpid(p->pid, status, 0);
    } while (got < 0 && errno == EINTR);
    p->pid = -1;
    drop_fd_p(&p->pidfd);
    return got < 0 ? -1 : 0;
}

// Milliseconds until the deadline for poll(2), -1 without one.
static int left(uint64_t deadline)
{
    if (!deadline)
        return -1;
    uint64_t now = clock_mono_ms();
    uint64_t ms = now < deadline ? deadline - now : 0;
    return ms > INT32_MAX ? INT32_MAX : (int)ms;
}

static uint64_t deadline_in(unsigned timeout_ms)
{
    return timeout_ms ? clock_mono_ms() + timeout_ms : 0;
}

int proc_wait(struct proc *p, unsigned timeout_ms, int *status, struct err *e)
{
    if (p->pid <= 0)
        return err_set(e, ERR_USAGE, "wait: no program is running");
    uint64_t deadline = deadline_in(timeout_ms);
    struct pollfd ended = {.fd = p->pidfd, .events = POLLIN};
    int n;
    do {
        n = poll(&ended, 1, left(deadline));
    } while ((n < 0 && errno == EINTR) || (n == 0 && left(deadline) != 0));
    if (n < 0)
        return err_sys(e, "wait");
    if (n == 0) {
        proc_done(p);
        return err_set(e, ERR_CANCELLED, "stopped after %u ms", timeout_ms);
    }
    int got = 0;
    if (reap(p, &got) < 0)
        return err_sys(e, "wait");
    *status = got;
    return 0;
}

void proc_done(struct proc *p)
{
    int saved = errno_save(), status;
    if (p->pid > 0) {
        kill_group(p);
        (void)reap(p, &status);
    }
    *p = (struct proc)PROC_INIT;
    errno_restore(saved);
}

// A program that is being run to its end: our ends of its output, and where they go.
struct run {
    const char *name;
    struct proc p;
    int fd[2];
    struct buf *to[2];
};

static void run_done(struct run *r)
{
    proc_done(&r->p);
    drop_fd_p(&r->fd[0]);
    drop_fd_p(&r->fd[1]);
}

// stdin as a file in memory: nothing to write while the program runs, and no SIGPIPE when it does not read.
static int memory_file(struct str in, int *fd, struct err *e)
{
    drop_fd int got = memfd_create("stdin", MFD_CLOEXEC);
    if (got < 0)
        return err_sys(e, "stdin");
    if (file_write_all(got, in.p, in.n, e) < 0)
        return err_wrap(e, "stdin");
    if (lseek(got, 0, SEEK_SET) < 0)
        return err_sys(e, "stdin");
    *fd = steal_fd(&got);
    return 0;
}

static int run_start(const struct proc_spec *s, struct str in, struct run *r, struct err *e)
{
    struct proc_spec own = *s;
    drop_fd int stdin_fd = -1;
    drop_fd int out = -1;
    drop_fd int err = -1;
    int *const write_end[2] = {&out, &err};
    if (in.n && memory_file(in, &stdin_fd, e) < 0)
        return -1;
    for (int i = 0; i < 2; i++) {
        int ends[2];
        if (!r->to[i])
            continue;
        if (pipe2(ends, O_CLOEXEC) < 0)
            return err_sys(e, "%s: pipe", r->name);
        r->fd[i] = ends[0];
        *write_end[i] = ends[1];
        if (fcntl(ends[0], F_SETFL, O_NONBLOCK) < 0)
            return err_sys(e, "%s: pipe", r->name);
    }
    own.in = stdin_fd;
    own.out = out;
    own.err = err;
    return proc_start(&own, &r->p, e);
}

// Reads what is there now. At the end of the stream its descriptor is closed.
static int run_read(struct run *r, int which, struct err *e)
{
    char chunk[CHUNK];
    while (r->fd[which] >= 0) {
        ssize_t n = read(r->fd[which], chunk, sizeof chunk);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0 && errno == EAGAIN)
            return 0;
        if (n < 0)
            return err_sys(e, "%s: output", r->name);
        if (n == 0)
            drop_fd_p(&r->fd[which]);
        buf_add(r->to[which], chunk, (size_t)n);
        if (buf_finish(r->to[which], which ? "standard error" : "standard output", e) < 0)
            return err_wrap(e, "%s", r->name);
    }
    return 0;
}

// Until the program itself ends; what its children still hold open does not count.
static int run_loop(struct run *r, const struct proc_spec *s, struct err *e)
{
    const unsigned timeout_ms = s->timeout_ms;
    uint64_t deadline = deadline_in(timeout_ms);
    for (;;) {
        struct pollfd set[] = {{.fd = r->fd[0], .events = POLLIN},
                               {.fd = r->fd[1], .events = POLLIN},
                               {.fd = r->p.pidfd, .events = POLLIN},
                               {.fd = s->stop ? *s->stop : -1, .events = POLLIN}};
        int n = poll(set, COUNT(set), left(deadline));
        if (n < 0 && errno != EINTR)
            return err_sys(e, "%s: wait", r->name);
        if (n <= 0 && deadline && left(deadline) == 0)
            return err_set(e, ERR_CANCELLED, "%s: stopped after %u ms", r->name, timeout_ms);
        if (n <= 0)
            continue;
        if (set[3].revents)
            return err_set(e, ERR_CANCELLED, "stopped");
        if (run_read(r, 0, e) < 0 || run_read(r, 1, e) < 0)
            return -1;
        if (set[2].revents)
            return 0;
    }
}

int proc_run(const struct proc_spec *s, struct str in, struct buf *out, struct buf *err_out, int *status,
             struct err *e)
{
    if (!s->argv || !s->argv[0])
        return err_set(e, ERR_USAGE, "start: no program is named");
    __attribute__((cleanup(run_done))) struct run r = {
        .name = s->argv[0], .p = PROC_INIT, .fd = {-1, -1}, .to = {out, err_out}};
    if (run_start(s, in, &r, e) < 0 || run_loop(&r, s, e) < 0)
        return -1;
    // What it left running ends with it; then the pipes hold what was written since the last read, and no more comes.
    kill_group(&r.p);
    if (run_read(&r, 0, e) < 0 || run_read(&r, 1, e) < 0)
        return -1;
    int got = 0;
    if (reap(&r.p, &got) < 0)
        return err_sys(e, "%s: wait", r.name);
    *status = got;
    return 0;
}

const char *proc_status_text(int status, char *out, size_t n)
{
    if (WIFEXITED(status))
        snprintf(out, n, "exit code %d", WEXITSTATUS(status));
    else if (WIFSIGNALED(status))
        snprintf(out, n, "killed by signal %d%s", WTERMSIG(status), WCOREDUMP(status) ? ", core dumped" : "");
    else
        snprintf(out, n, "stopped, status %#x", (unsigned)status);
    return out;
}
