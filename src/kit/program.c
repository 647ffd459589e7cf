// SPDX-License-Identifier: Apache-2.0
#include "kit/program.h"
#include "base/file.h"
#include "base/proc.h"
#include "cnb/env.h"
#include "kit/log.h"
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/mman.h>

// A pipe holds a megabyte at most: TURN_CHUNKS are more than one can hold.
enum { CHUNK = 65536, TURN_CHUNKS = 32, LINE_MAX_BYTES = 1500, LEVEL = 3 };

// What a program writes to one of our pipes.
struct ear {
    int fd;
    struct buf *to; // NULL: the log
    struct buf line;
};

struct running {
    struct proc proc;
    struct ear ears[2];
    struct arena *a;
    struct events *ev;
};

static void running_done(struct running *r)
{
    proc_done(&r->proc);
    for (size_t i = 0; i < COUNT(r->ears); i++) {
        drop_fd_p(&r->ears[i].fd);
        buf_free(&r->ears[i].line);
    }
    arena_free(r->a);
}

// In an arena of its own: a program may print for as long as it likes.
static void tell(struct running *r, struct ear *ear)
{
    drop_(arena_free) struct arena *a = arena_new(1024);
    struct str said = buf_view(&ear->line);
    while (said.n && strchr(" \t\r", said.p[said.n - 1])) // what stands in front is how it indents
        said.n--;
    struct str line = str_printable(a, said, LINE_MAX_BYTES);
    kit_log(r->ev, line.n ? LEVEL : 0, PRI_STR, STR_ARG(line));
    buf_clear(&ear->line);
}

static void hear(struct running *r, struct ear *ear, struct str chunk)
{
    for (size_t i = 0; i < chunk.n; i++) {
        if (chunk.p[i] == '\n' || ear->line.n == LINE_MAX_BYTES)
            tell(r, ear);
        if (chunk.p[i] != '\n')
            buf_char(&ear->line, chunk.p[i]);
    }
}

// Reads what is there now, but not for ever: whoever writes faster than we read would hide that the program has ended.
// At the end of the stream the descriptor is closed.
static int listen_to(struct running *r, struct ear *ear, struct err *e)
{
    char chunk[CHUNK];
    for (int turn = 0; ear->fd >= 0 && turn < TURN_CHUNKS; turn++) {
        ssize_t n = read(ear->fd, chunk, sizeof chunk);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0 && errno == EAGAIN)
            return 0;
        if (n < 0)
            return err_sys(e, "output");
        if (n == 0)
            drop_fd_p(&ear->fd);
        else if (!ear->to)
            hear(r, ear, (struct str){chunk, (size_t)n});
        else
            buf_add(ear->to, chunk, (size_t)n);
        if (ear->to && buf_finish(ear->to, "output", e) < 0)
            return -1;
    }
    return 0;
}

static int pipe_for(struct ear *ear, int *end, struct err *e)
{
    int ends[2];
    if (pipe2(ends, O_CLOEXEC) < 0)
        return err_sys(e, "pipe");
    ear->fd = ends[0];
    *end = ends[1];
    return fcntl(ends[0], F_SETFL, O_NONBLOCK) < 0 ? err_sys(e, "pipe") : 0;
}

static int start(const struct program *p, struct running *r, const int *third, struct err *e)
{
    struct strmap env = {0};
    drop_fd int out = -1, log = -1;
    for (size_t i = 0; p->env && i < p->env->n; i++)
        strmap_set(r->a, &env, p->env->v[i].key, p->env->v[i].val);
    for (size_t i = 0; p->more && i < p->more->n; i++)
        strmap_set(r->a, &env, p->more->v[i].key, p->more->v[i].val);
    const struct str *path = strmap_get(&env, STR("PATH"));
    if (pipe_for(&r->ears[1], &log, e) < 0 || (p->out && pipe_for(&r->ears[0], &out, e) < 0))
        return -1;
    const struct proc_spec spec = {.argv = p->argv,
                                   .envp = env_vector(r->a, &env),
                                   .path = path ? str_c(r->a, *path) : NULL,
                                   .cwd_fd = p->cwd_fd,
                                   .in = -1,
                                   .out = p->out ? out : log,
                                   .err = log,
                                   .third = third};
    return proc_start(&spec, &r->proc, e);
}

static int until_its_end(struct running *r, struct err *e)
{
    for (;;) {
        struct pollfd set[] = {{.fd = r->ears[0].fd, .events = POLLIN},
                               {.fd = r->ears[1].fd, .events = POLLIN},
                               {.fd = r->proc.pidfd, .events = POLLIN}};
        if (poll(set, COUNT(set), -1) < 0 && errno != EINTR)
            return err_sys(e, "wait");
        if (listen_to(r, &r->ears[0], e) < 0 || listen_to(r, &r->ears[1], e) < 0)
            return -1;
        if (set[2].revents)
            return 0;
    }
}

const char *const *program_words(struct arena *a, struct str buildpack, const struct strv *run)
{
    const char **argv = ARENA_ARRAY(a, const char *, run->n + 1);
    for (size_t i = 0; i < run->n; i++)
        argv[i] = str_c(a, run->v[i]);
    if (str_has_prefix(run->v[0], "bin/"))
        argv[0] = str_c(a, path_join(a, buildpack, run->v[0]));
    return argv;
}

int program_run(const struct program *p, int *status, struct err *e)
{
    __attribute__((cleanup(running_done))) struct running r = {
        .proc = PROC_INIT,
        .ears = {{.fd = -1, .to = p->out, .line = BUF_INIT(LINE_MAX_BYTES)},
                 {.fd = -1, .line = BUF_INIT(LINE_MAX_BYTES)}},
        .a = arena_new(1 << 14),
        .ev = p->ev};
    drop_fd int third = p->third ? memfd_create("answer", MFD_CLOEXEC) : -1;
    if (p->third && third < 0)
        return err_sys(e, "answer");
    if (start(p, &r, p->third ? &third : NULL, e) < 0)
        return -1; // which program it was is said there
    if (until_its_end(&r, e) < 0)
        return err_wrap(e, "%s", p->argv[0]);
    // What it left running in its group goes with it, before the pipes are read to what they hold.
    (void)kill(-r.proc.pid, SIGKILL);
    if (proc_wait(&r.proc, 0, status, e) < 0)
        return err_wrap(e, "%s", p->argv[0]);
    for (size_t i = 0; i < COUNT(r.ears); i++) {
        if (listen_to(&r, &r.ears[i], e) < 0)
            return err_wrap(e, "%s", p->argv[0]);
        if (r.ears[i].line.n)
            tell(&r, &r.ears[i]);
    }
    if (p->third && (lseek(third, 0, SEEK_SET) < 0 || file_read_fd(third, "answer", p->third, e) < 0))
        return e && !e->code ? err_sys(e, "answer") : err_wrap(e, "%s", p->argv[0]);
    return 0;
}

int program_must(const struct program *p, struct err *e)
{
    int status;
    char text[64];
    if (program_run(p, &status, e) < 0)
        return -1;
    if (status)
        return err_set(e, ERR_BUILDPACK, "%s: %s", p->argv[0], proc_status_text(status, text, sizeof text));
    return 0;
}
