// SPDX-License-Identifier: Apache-2.0
#include "stream/ahead.h"

enum { AHEAD_BUFFER = 3 * AHEAD_MAX }; // what is left of it moves once in two fillings

struct ahead {
    struct source base;
    struct source *from;
    uint8_t *buf; // AHEAD_BUFFER once it is needed
    size_t at, n;
};

static int fill(struct ahead *a, size_t min, struct err *e)
{
    if (!a->buf)
        a->buf = xmalloc(AHEAD_BUFFER);
    if (a->at + min > AHEAD_BUFFER) {
        memmove(a->buf, a->buf + a->at, a->n - a->at);
        a->n -= a->at;
        a->at = 0;
    }
    while (a->n - a->at < min) {
        struct view v;
        if (source_peek(a->from, 1, &v, e) < 0)
            return -1;
        if (!v.n)
            return 0;
        size_t part = v.n < AHEAD_BUFFER - a->n ? v.n : AHEAD_BUFFER - a->n;
        memcpy(a->buf + a->n, v.p, part);
        a->n += part;
        if (source_skip(a->from, part, e) < 0)
            return -1;
    }
    return 0;
}

int ahead_peek(struct source *s, size_t min, struct view *out, struct err *e)
{
    struct ahead *a = CONTAINER(s, struct ahead, base);
    if (a->at == a->n) {
        a->at = a->n = 0;
        if (source_peek(a->from, min < STREAM_WINDOW ? min : STREAM_WINDOW, out, e) < 0)
            return -1;
        if (out->n >= min || out->n < STREAM_WINDOW)
            return 0;
    }
    if (a->n - a->at < min && fill(a, min, e) < 0)
        return -1;
    *out = (struct view){a->buf + a->at, a->n - a->at};
    return 0;
}

static int skip(struct source *s, uint64_t n, struct err *e)
{
    struct ahead *a = CONTAINER(s, struct ahead, base);
    size_t part = n < a->n - a->at ? (size_t)n : a->n - a->at;
    a->at += part;
    return source_skip(a->from, n - part, e);
}

static void drop(struct source *s)
{
    struct ahead *a = CONTAINER(s, struct ahead, base);
    source_drop(a->from);
    free(a->buf);
    free(a);
}

struct source *source_ahead(struct source *take_from)
{
    static const struct source_ops ops = {ahead_peek, skip, drop};
    struct ahead *a = XNEW(struct ahead);
    *a = (struct ahead){.base = {&ops}, .from = take_from};
    return &a->base;
}
