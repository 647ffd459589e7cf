// SPDX-License-Identifier: Apache-2.0
#include "stream/stream.h"

int sink_write(struct sink *s, const void *p, size_t n, struct err *e)
{
    const uint8_t *at = p;
    while (n) {
        struct span room;
        if (sink_room(s, 1, &room, e) < 0)
            return -1;
        size_t part = n < room.n ? n : room.n;
        memcpy(room.p, at, part);
        if (sink_commit(s, part, e) < 0)
            return -1;
        at += part;
        n -= part;
    }
    return 0;
}

int sink_zeros(struct sink *s, uint64_t n, struct err *e)
{
    while (n) {
        struct span room;
        if (sink_room(s, 1, &room, e) < 0)
            return -1;
        size_t part = n < room.n ? (size_t)n : room.n;
        memset(room.p, 0, part);
        if (sink_commit(s, part, e) < 0)
            return -1;
        n -= part;
    }
    return 0;
}

int sink_finish(struct sink *s, struct err *e)
{
    return s->ops->finish(s, e);
}

void sink_drop(struct sink *s)
{
    if (s)
        s->ops->drop(s);
}

int source_peek(struct source *s, size_t min, struct view *out, struct err *e)
{
    if (min > STREAM_WINDOW)
        BUG("peek of more than STREAM_WINDOW");
    return s->ops->peek(s, min ? min : 1, out, e);
}

int source_skip(struct source *s, uint64_t n, struct err *e)
{
    return n ? s->ops->skip(s, n, e) : 0;
}

int source_read(struct source *s, void *out, size_t n, struct err *e)
{
    uint8_t *at = out;
    for (size_t left = n; left;) {
        struct view v;
        if (source_peek(s, 1, &v, e) < 0)
            return -1;
        if (!v.n)
            return err_set(e, ERR_PARSE, "truncated: %zu bytes wanted, %zu are there", n, n - left);
        size_t part = left < v.n ? left : v.n;
        memcpy(at, v.p, part);
        if (source_skip(s, part, e) < 0)
            return -1;
        at += part;
        left -= part;
    }
    return 0;
}

void source_drop(struct source *s)
{
    if (s)
        s->ops->drop(s);
}

int pump(struct source *from, struct sink *to, uint64_t max, struct err *e)
{
    for (uint64_t done = 0;;) {
        struct view v;
        if (source_peek(from, 1, &v, e) < 0)
            return -1;
        if (!v.n)
            return 0;
        if (v.n > max - done)
            return err_set(e, ERR_LIMIT, "more than the limit of %ju bytes", (uintmax_t)max);
        struct span room;
        if (sink_room(to, 1, &room, e) < 0)
            return -1;
        size_t part = v.n < room.n ? v.n : room.n;
        memcpy(room.p, v.p, part);
        if (sink_commit(to, part, e) < 0 || source_skip(from, part, e) < 0)
            return -1;
        done += part;
    }
}
