// SPDX-License-Identifier: Apache-2.0
#include "base/buf.h"
#include "base/limits.h"
#include "cnb/env.h"
#include "document/toml.h"
#include "launch/launch.h"
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>

enum { OUTPUT_FD = 3, OUTPUT_MAX = 1 << 20 };

static pid_t start(const char *path, const char *const *envp, int out)
{
    pid_t pid = fork();
    if (pid != 0)
        return pid;
    if (out == OUTPUT_FD)
        (void)fcntl(out, F_SETFD, 0);
    else
        (void)dup2(out, OUTPUT_FD);
    const char *const argv[] = {path, NULL};
    // execve takes pointers to non-const for historical reasons only.
    union {
        const char *const *in;
        char *const *out;
    } args = {.in = argv}, env = {.in = envp};
    execve(path, args.out, env.out);
    _exit(errno == EACCES ? 126 : 127);
}

static int64_t now_ms(void)
{
    struct timespec ts;
    clock_gettime(CLOCK_MONOTONIC, &ts);
    return (int64_t)ts.tv_sec * 1000 + ts.tv_nsec / 1000000;
}

// One read; false at the end, on an error, or when nothing is there now.
static bool read_some(int fd, struct buf *out)
{
    char *room = buf_room(out, 4096);
    if (!room)
        return false;
    ssize_t n = read(fd, room, 4096);
    if (n > 0)
        buf_commit(out, (size_t)n);
    return n > 0;
}

// Reads until the program has ended: a child of its own that keeps descriptor 3 open does not hold up the app.
static int collect(int fd, int pidfd, int64_t until, struct buf *out, const char *path, struct err *e)
{
    bool open = true;
    for (;;) {
        int64_t left = until - now_ms();
        struct pollfd p[2] = {{.fd = pidfd, .events = POLLIN}, {.fd = open ? fd : -1, .events = POLLIN}};
        int n = left > 0 ? poll(p, 2, (int)left) : 0;
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return err_sys(e, "exec.d: %s", path);
        if (n == 0)
            return err_set(e, ERR_LIMIT, "exec.d: %s: did not end in time", path);
        if (p[1].revents)
            open = read_some(fd, out);
        if (out->over)
            return buf_finish(out, path, e);
        if (p[0].revents && !p[1].revents)
            return 0;
    }
}

static int take_variables(struct arena *a, const char *path, struct str text, struct strmap *env,
                          struct err *e)
{
    struct val *doc;
    if (toml_read(a, text, path, &doc, e) < 0)
        return err_wrap(e, "exec.d");
    for (size_t i = 0; i < doc->c.n; i++) {
        struct err_at at;
        val_where(&doc->c.v[i], path, doc->c.key[i].p, &at);
        if (doc->c.v[i].kind != VAL_STR)
            return err_doc(e, &at, "exec.d: is a %s, want text", val_kind_name(doc->c.v[i].kind));
        if (!env_name_ok(doc->c.key[i]) || str_has_nul(doc->c.v[i].s))
            return err_doc(e, &at, "exec.d: not fit for an environment variable");
        strmap_set(a, env, doc->c.key[i], doc->c.v[i].s);
    }
    return 0;
}

int launch_execd(struct arena *a, const char *path, unsigned seconds, struct strmap *env, struct err *e)
{
    drop_buf struct buf out = BUF_INIT(OUTPUT_MAX);
    int ends[2], status = 0;
    if (pipe2(ends, O_CLOEXEC) < 0)
        return err_sys(e, "exec.d: %s", path);
    drop_fd int from = ends[0], to = ends[1];
    pid_t pid = start(path, env_vector(a, env), to);
    if (pid < 0)
        return err_sys(e, "exec.d: %s", path);
    drop_fd_p(&to);
    drop_fd int pidfd = (int)syscall(SYS_pidfd_open, pid, 0);
    int rc = pidfd < 0 ? err_sys(e, "exec.d: %s", path)
                       : collect(from, pidfd, now_ms() + (int64_t)seconds * 1000, &out, path, e);
    if (rc < 0)
        (void)kill(pid, SIGKILL);
    while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
        ;
    if (rc < 0)
        return -1;
    if (!WIFEXITED(status) || WEXITSTATUS(status))
        return err_set(e, ERR_BUILDPACK, "exec.d: %s: %s %d", path,
                       WIFEXITED(status) ? "exit code" : "signal",
                       WIFEXITED(status) ? WEXITSTATUS(status) : WTERMSIG(status));
    if (buf_finish(&out, path, e) < 0)
        return err_wrap(e, "exec.d");
    return take_variables(a, path, str_dup(a, buf_view(&out)), env, e);
}
