// SPDX-License-Identifier: Apache-2.0
#include "platform/build_steps.h"
#include <errno.h>
#include <fcntl.h>

int build_steps_open(struct build_steps *s, struct building *b, const char *phase, struct err *e)
{
    int ends[2];
    if (pipe2(ends, O_CLOEXEC | O_NONBLOCK) < 0)
        return err_sys(e, "pipe");
    *s = (struct build_steps){.b = b, .phase = str_of(phase), .in = ends[0], .out = ends[1]};
    return 0;
}

static bool is_known(const struct build_steps *s, struct str subject)
{
    const struct build_buildpacks *all = &s->b->buildpacks;
    size_t at;
    if (str_is(subject, "build plan"))
        return true;
    return str_find_last(subject, '@', &at) &&
           buildpacks_get(all, str_head(subject, at), str_from(subject, at + 1));
}

static void take_step(struct build_steps *s, struct event *ev)
{
    ev->kind = EV_STEP;
    ev->text = STR("");
    ev->done = ev->done != 0;
    s->current = ev->done ? STR("") : str_dup(s->b->a, ev->subject);
    event_emit(s->b->o->ev, ev);
}

static void take_fact(struct build_steps *s, struct event *ev)
{
    if (s->said.n == BUILD_STEPS_MAX)
        return;
    s->said.v = arena_grow(s->b->a, s->said.v, s->said.n, &s->said.cap, sizeof *s->said.v);
    s->said.v[s->said.n++] = (struct build_said){str_dup(s->b->a, ev->subject), str_dup(s->b->a, ev->text)};
    ev->kind = EV_FACT;
    event_emit(s->b->o->ev, ev);
}

static void take_line(struct build_steps *s, struct str line)
{
    drop_(arena_free) struct arena *a = arena_new(1024);
    struct str rest = line, kind, subject, done, total;
    struct event ev = {.phase = s->phase};
    s->heard += line.n + 1;
    s->broken = s->heard > BUILD_STEPS_BYTES || !str_cut(&rest, '\t', &kind) ||
                !str_cut(&rest, '\t', &subject) || !str_cut(&rest, '\t', &done) ||
                !str_cut(&rest, '\t', &total) || !rest.p || !str_u64(done, 0, UINT64_MAX, &ev.done) ||
                !str_u64(total, 0, UINT64_MAX, &ev.total);
    if (s->broken)
        return;
    ev.subject = subject;
    ev.text = str_printable(a, rest, sizeof s->line);
    if (str_is(kind, "error"))
        s->error = str_dup(s->b->a, ev.text);
    else if (is_known(s, subject) && str_is(kind, "step"))
        take_step(s, &ev);
    else if (is_known(s, subject) && str_is(kind, "fact"))
        take_fact(s, &ev);
}

bool build_steps_read(struct build_steps *s)
{
    ssize_t n = read(s->in, s->line + s->n, sizeof s->line - s->n);
    if (n < 0)
        return errno == EAGAIN || errno == EINTR;
    s->n += (size_t)n;
    size_t at = 0;
    for (char *end; !s->broken && (end = memchr(s->line + at, '\n', s->n - at));
         at = (size_t)(end - s->line) + 1)
        take_line(s, (struct str){s->line + at, (size_t)(end - s->line) - at});
    memmove(s->line, s->line + at, s->n - at);
    s->n -= at;
    s->broken |= s->n == sizeof s->line;
    return n > 0 && !s->broken;
}

void build_steps_close(struct build_steps *s)
{
    drop_fd_p(&s->in);
    drop_fd_p(&s->out);
}
