// SPDX-License-Identifier: Apache-2.0
// What a phase prints, line by line: a pipe, so that inside /dev/stdout can be opened again, and a bound on
// all of it.
#include "base/limits.h"
#include "platform/build_steps.h"
#include "platform/stop.h"
#include <errno.h>
#include <fcntl.h>
#include <poll.h>

enum { LINE_BYTES = 16384, CHUNK = 65536, HELD_BYTES = 4 << 20 };
#define LOG_MAX MIB(64) // more than the longest builds print

struct build_log {
    struct arena *a;
    struct events *ev;
    struct str phase;
    int in, out; // what we read, what the program writes
    uint64_t passed;
    bool flooded, hold, cut; // cut: more was printed than is held
    struct strv held;        // lines that are not shown yet, up to a bound
    size_t held_bytes;
    size_t n;
    char line[LINE_BYTES];
};

int build_log_open(struct building *b, const char *phase, struct build_log **out, struct err *e)
{
    int ends[2];
    if (pipe2(ends, O_CLOEXEC) < 0)
        return err_sys(e, "pipe");
    struct build_log *l = XNEW(struct build_log);
    l->a = b->a;
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
    if (l->hold && l->held_bytes >= HELD_BYTES) {
        l->cut = true;
        return;
    }
    if (l->hold) {
        strv_add(l->a, &l->held, str_dup(l->a, text));
        l->held_bytes += text.n + sizeof text;
        return;
    }
    event_emit(l->ev, &(struct event){.kind = EV_LINE, .phase = l->phase, .text = text});
}

void build_log_hold(struct build_log *l)
{
    l->hold = true;
}

static void let_go(struct build_log *l)
{
    if (l->cut)
        event_warn(l->ev, NULL, PRI_STR ": printed more than %d MiB; the rest is not shown",
                   STR_ARG(l->phase), HELD_BYTES >> 20);
    l->held.n = 0;
    l->hold = l->cut = false;
}

void build_log_show(struct build_log *l, enum event_kind as)
{
    for (size_t i = 0; i < l->held.n; i++)
        event_emit(l->ev, &(struct event){.kind = as, .phase = l->phase, .text = l->held.v[i]});
    let_go(l);
}

// "======== Output: ID@VERSION ========" begins what a buildpack printed.
static bool begins_output(struct str line, struct str *whose)
{
    static const char head[] = "======== Output: ", tail[] = " ========";
    if (!str_has_prefix(line, head) || !str_has_suffix(line, tail) || line.n < sizeof head + sizeof tail)
        return false;
    *whose = str_from(str_head(line, line.n - (sizeof tail - 1)), sizeof head - 1);
    return true;
}

// "err: ID@VERSION" ends it, or another such word.
static bool ends_output(struct str line, struct str whose)
{
    size_t at;
    return str_find(line, ':', &at) && at <= 4 && line.n >= at + 2 + whose.n &&
           str_eq((struct str){line.p + at + 2, whose.n}, whose);
}

void build_log_show_of(struct build_log *l, const struct strv *whose)
{
    struct strv shown = {0};
    struct str current = {0}, next;
    for (size_t i = 0; i < l->held.n; i++) {
        struct str line = l->held.v[i];
        bool head = begins_output(line, &next);
        if (head)
            current = next;
        bool end = current.n && !head && ends_output(line, current);
        bool show = current.n && !head && !end && strv_has(whose, current) && !strv_has(&shown, current);
        event_emit(l->ev, &(struct event){.kind = show ? EV_LINE : EV_FACT, .phase = l->phase, .text = line});
        if (end) {
            strv_add(l->a, &shown, current);
            current.n = 0;
        }
    }
    let_go(l);
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

// The sandbox ends now; what it said until then is read.
static int stop(struct build_log *l, struct sbx *s, int *status, struct err *e)
{
    struct err ignored = {0};
    sbx_kill(s);
    (void)!sbx_wait(s, 0, status, &ignored);
    drain_rest(l);
    return err_set(e, ERR_CANCELLED, "stopped");
}

int build_log_wait(struct build_log *l, struct build_steps *steps, int stop_fd, struct sbx *s, int *status,
                   struct err *e)
{
    struct pollfd p[4] = {{.fd = s->link, .events = POLLIN},
                          {.fd = stop_fd, .events = POLLIN},
                          {.fd = l->in, .events = POLLIN},
                          {.fd = steps->in, .events = POLLIN}};
    drop_fd_p(&l->out);
    drop_fd_p(&steps->out);
    while (!p[0].revents && !p[1].revents) {
        if (poll(p, COUNT(p), -1) < 0 && errno != EINTR)
            return err_sys(e, "sandbox");
        // What is told of a buildpack comes before what it says itself, and behind what the one before said.
        if (p[3].revents && p[2].revents && !drain(l))
            p[2].fd = -1;
        if (p[3].revents && !build_steps_read(steps))
            p[3].fd = -1;
        if (!p[3].revents && p[2].revents && !drain(l))
            p[2].fd = -1;
    }
    if (p[1].revents && !p[0].revents)
        return stop(l, s, status, e);
    int rc = sbx_wait(s, 0, status, e);
    drain_rest(l);
    p[3].fd = steps->in;
    while (poll(&p[3], 1, 0) == 1 && build_steps_read(steps))
        ;
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
