// SPDX-License-Identifier: Apache-2.0
// Inputs of the stream tests: bytes that compress about as well as a layer does, and sources that are awkward.
#pragma once
#include "base/limits.h"
#include "stream/codec.h"
#include "stream/memory.h"
#include "test.h"

static inline uint32_t bytes_next(uint32_t *x)
{
    *x ^= *x << 13;
    *x ^= *x >> 17;
    return *x ^= *x << 5;
}

// Words of a small vocabulary between random bytes; the same for the same seed.
static inline void bytes_fill(uint8_t *p, size_t n, uint32_t *seed)
{
    static const char *const words[] = {"layer ",   "digest ",        "config\n",
                                        "usr/lib/", "\0\0\0\0\0\0\0", "sha256:"};
    for (size_t at = 0; at < n;) {
        uint32_t r = bytes_next(seed);
        const char *w = words[r % COUNT(words)];
        size_t k = r % COUNT(words) == 4 ? 7 : strlen(w);
        if (r >> 29 == 0) {
            w = (const char *)&r;
            k = 2;
        }
        if (k > n - at)
            k = n - at;
        memcpy(p + at, w, k);
        at += k;
    }
}

static inline uint8_t *bytes_new(size_t n)
{
    uint32_t seed = 2463534242u;
    uint8_t *p = xmalloc(n + 1);
    bytes_fill(p, n, &seed);
    return p;
}

// Shows exactly what is asked for, never more.
struct stingy {
    struct source base;
    struct source *from;
};
static inline int stingy_peek(struct source *s, size_t min, struct view *out, struct err *e)
{
    if (source_peek(CONTAINER(s, struct stingy, base)->from, min, out, e) < 0)
        return -1;
    if (out->n > min)
        out->n = min;
    return 0;
}
static inline int stingy_skip(struct source *s, uint64_t n, struct err *e)
{
    return source_skip(CONTAINER(s, struct stingy, base)->from, n, e);
}
static inline void stingy_drop(struct source *s)
{
    struct stingy *t = CONTAINER(s, struct stingy, base);
    source_drop(t->from);
    free(t);
}
static inline struct source *source_stingy(struct source *take_from)
{
    static const struct source_ops ops = {stingy_peek, stingy_skip, stingy_drop};
    struct stingy *t = XNEW(struct stingy);
    *t = (struct stingy){{&ops}, take_from};
    return &t->base;
}

// `total` bytes made while they are read.
struct made {
    struct source base;
    uint64_t left;
    size_t at, n;
    uint32_t seed;
    uint8_t buf[4 * STREAM_WINDOW];
};
static inline int made_peek(struct source *s, size_t min, struct view *out, struct err *e)
{
    struct made *m = CONTAINER(s, struct made, base);
    (void)e;
    if (m->n - m->at < min) {
        memmove(m->buf, m->buf + m->at, m->n - m->at);
        m->n -= m->at;
        m->at = 0;
        size_t more = sizeof m->buf - m->n < m->left ? sizeof m->buf - m->n : (size_t)m->left;
        bytes_fill(m->buf + m->n, more, &m->seed);
        m->n += more;
        m->left -= more;
    }
    *out = (struct view){m->buf + m->at, m->n - m->at};
    return 0;
}
static inline int made_skip(struct source *s, uint64_t n, struct err *e)
{
    struct made *m = CONTAINER(s, struct made, base);
    if (n > m->n - m->at)
        return err_set(e, ERR_PARSE, "made: skip of what was not peeked");
    m->at += (size_t)n;
    return 0;
}
static inline void made_drop(struct source *s)
{
    free(CONTAINER(s, struct made, base));
}
static inline struct source *source_made(uint64_t total)
{
    static const struct source_ops ops = {made_peek, made_skip, made_drop};
    struct made *m = XNEW(struct made);
    m->base.ops = &ops;
    m->left = total;
    m->seed = 88172645u;
    return &m->base;
}

// All of a source into `out`; drops it.
static inline int drain(struct source *take_from, struct buf *out, uint64_t max, struct err *e)
{
    drop_(source_drop) struct source *from = take_from;
    drop_(sink_drop) struct sink *to = sink_buffer(out);
    return pump(from, to, max, e) < 0 ? -1 : sink_finish(to, e);
}

static inline void encode(const char *name, const void *p, size_t n, struct buf *out)
{
    drop_(sink_drop) struct sink *to = sink_encoded(sink_buffer(out), encoder_find(str_of(name)), NULL);
    MUST(sink_write(to, p, n, &e));
    MUST(sink_finish(to, &e));
}
