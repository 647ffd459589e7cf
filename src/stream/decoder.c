// SPDX-License-Identifier: Apache-2.0
#include "stream/decoder.h"

int decoder_bad(const struct decoder *d, const char *what, struct err *e)
{
    return err_set(e, ERR_PARSE, "%s: %s", d->ops->name, what);
}

// One step inside a unit, into the free end of the buffer.
static int step(struct decoder *d, struct err *e)
{
    struct view in;
    if (source_peek(d->from, 1, &in, e) < 0)
        return -1;
    struct step did = {0};
    struct span out = {d->buf + d->n, d->cap - d->n};
    if (d->ops->step(d, in, out, &did, e) < 0 || source_skip(d->from, did.used, e) < 0)
        return -1;
    d->n += did.made;
    if (did.over) {
        d->inside = false;
        return d->ops->end ? d->ops->end(d, e) : 0;
    }
    return !in.n && !did.made ? decoder_bad(d, "truncated", e) : 0;
}

static int decoder_peek(struct source *s, size_t min, struct view *out, struct err *e)
{
    struct decoder *d = CONTAINER(s, struct decoder, base);
    while (d->n - d->at < min && !d->ended) {
        if (!d->inside) {
            if (d->ops->begin(d, !d->begun, &d->ended, e) < 0)
                return -1;
            d->begun = true;
            d->inside = !d->ended;
            continue;
        }
        if (d->at == d->n)
            d->at = d->n = 0;
        if (d->n > STREAM_WINDOW) { // less than a window is left: then all but a window is free
            memmove(d->buf, d->buf + d->at, d->n - d->at);
            d->n -= d->at;
            d->at = 0;
        }
        if (step(d, e) < 0)
            return -1;
    }
    *out = (struct view){d->buf + d->at, d->n - d->at};
    return 0;
}

static int decoder_skip(struct source *s, uint64_t n, struct err *e)
{
    struct decoder *d = CONTAINER(s, struct decoder, base);
    for (uint64_t left = n; left;) {
        struct view v;
        if (decoder_peek(s, 1, &v, e) < 0)
            return -1;
        if (!v.n)
            return err_set(e, ERR_PARSE, "%s: truncated: %ju bytes wanted, %ju are there", d->ops->name,
                           (uintmax_t)n, (uintmax_t)(n - left));
        size_t part = left < v.n ? (size_t)left : v.n;
        d->at += part;
        left -= part;
    }
    return 0;
}

static void decoder_drop(struct source *s)
{
    struct decoder *d = CONTAINER(s, struct decoder, base);
    source_drop(d->from);
    free(d->buf);
    d->ops->drop(d);
}

struct source *decoder_init(struct decoder *d, const struct decoder_ops *ops, struct source *take_from)
{
    static const struct source_ops source = {decoder_peek, decoder_skip, decoder_drop};
    *d = (struct decoder){.base = {&source}, .from = take_from, .ops = ops, .cap = ops->room + STREAM_WINDOW};
    d->buf = xmalloc(d->cap);
    return &d->base;
}
