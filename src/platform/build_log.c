// SPDX-License-Identifier: Apache-2.0
// What a phase prints, line by line: a pipe, so that inside /dev/stdout can be opened again, and a bound on
// all of it.
#include "base/limits.h"
#include "platform/build_priv.h"
#include "platform/stop.h"
#include <errno.h>
#include <fcntl.h>
#include <poll.h>

enum { LINE_BYTES = 16384, CHUNK = 65536 };
#define LOG_MAX MIB(64) // more than the longest builds print

struct build_log {
    struct events *ev;
    struct str phase;
    int in, out; // what we read, what the program writes
    uint64_t passed;
    bool flooded;
    size_t n;
    char line[LINE_BYTES];
};

int build_log_open(struct building *b, const char *phase, struct build_log **out, struct err *e)
{
    int ends[2];
    if (pipe2(ends, O_CLOEXEC) < 0)
        return err_sys(e, "pipe");
    struct build_log *l = XNEW(struct build_log);
    l->ev = b->o->ev;
    l->phase = str_of(phase);
    l->in = ends[0];
    l->out = ends[1];
    *out = l;
    // /dev/stdout is opened with the rights of the id inside.
    bool given = b->out_uid < 0 || fchown(l->out, (uid_t)b->out_uid, (gid_t)b->out_gid) == 0;
    if (!given || fcntl(l->in, F_SETFL, O_NONBLOCK) < 0)
        return err_sys(e, "pipe");
    return 0;
}

int build_log_fd(const struct build_log *l)
{
    return l->out;
}

static void emit_line(struct build_log *l)
{
    drop_(arena_free) struct arena *a = arena_new(1024);
    struct str text = {l->line, l->n};
    size_t bad;
    while (text.n && text.p[text.n - 1] == '\r')
        text.n--;
    l->n = 0;
    l->passed += text.n + 1;
    if (l->passed > LOG_MAX) {
        if (!l->flooded)
            event_warn(l->ev, NULL, PRI_STR ": printed %llu MiB; the rest is not shown", STR_ARG(l->phase),
                       (unsigned long long)(LOG_MAX >> 20));
        l->flooded = true;
        return;
    }
    if (!str_utf8(text, &bad) || str_has_nul(text))
        text = str_printable(a, text, text.n);
    event_emit(l->ev, &(struct event){.kind = EV_LINE, .phase = l->phase, .text = text});
}

static void take(struct build_log *l, const char *p, size_t n)
{
    while (n) {
        const char *end = memchr(p, '\n', n);
        size_t piece = end ? (size_t)(end - p) : n, room = LINE_BYTES - l->n;
        if (piece > room)
            piece = room;
        memcpy(l->line + l->n, p, piece);
        l->n += piece;
        p += piece;
        n -= piece;
        bool whole = n && *p == '\n';
        if (whole || l->n == LINE_BYTES)
            emit_line(l);
        p += whole;
        n -= whole;
    }
}

// false: nothing more will come.
static bool drain(struct build_log *l)
{
    char chunk[CHUNK];
    ssize_t n = read(l->in, chunk, sizeof chunk);
    if (n < 0)
        return errno == EAGAIN || errno == EINTR;
    take(l, chunk, (size_t)n);
    return n > 0;
}

static void drain_rest(struct build_log *l)
{
    struct pollfd p = {.fd = l->in, .events = POLLIN};
    while (poll(&p, 1, 0) == 1 && drain(l))
        ;
    if (l->n)
        emit_line(l);
}

int build_log_wait(struct build_log *l, int stop_fd, struct sbx *s, int *status, struct err *e)
{
    struct pollfd p[3] = {{.fd = s->pidfd, .events = POLLIN},
                          {.fd = stop_fd, .events = POLLIN},
                          {.fd = l->in, .events = POLLIN}};
    drop_fd_p(&l->out);
    while (!p[0].revents && !p[1].revents) {
        if (poll(p, COUNT(p), -1) < 0 && errno != EINTR)
            return err_sys(e, "sandbox");
        if (p[2].revents && !drain(l))
            p[2].fd = -1;
    }
    if (p[1].revents && !p[0].revents) {
        struct err ignored = {0};
        sbx_kill(s);
        (void)!sbx_wait(s, 0, status, &ignored);
        drain_rest(l);
        return err_set(e, ERR_CANCELLED, "stopped");
    }
    int rc = sbx_wait(s, 0, status, e);
    drain_rest(l);
    return rc;
}

void build_log_free(struct build_log *l)
{
    if (!l)
        return;
    drop_fd_p(&l->in);
    drop_fd_p(&l->out);
    free(l);
}
