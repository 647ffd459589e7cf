// SPDX-License-Identifier: Apache-2.0
#include "archive/tar_data.h"
#include "archive/tar_block.h"

static const uint8_t zeros[STREAM_WINDOW];

static int stored_peek(struct member_data *d, size_t min, struct view *out, struct err *e)
{
    if (source_peek(d->from, min, out, e) < 0)
        return -1;
    char name[TAR_SHOWN];
    if (out->n < min)
        return err_set(e, ERR_PARSE, "%s: truncated: %ju bytes of data missing", tar_shown(d->name, name),
                       (uintmax_t)(d->stored - out->n));
    return 0;
}

static int stored_skip(struct member_data *d, uint64_t n, struct err *e)
{
    if (source_skip(d->from, n, e) < 0)
        return -1;
    d->stored -= n;
    return 0;
}

static int plain_peek(struct member_data *d, size_t min, struct view *out, struct err *e)
{
    if (stored_peek(d, min, out, e) < 0)
        return -1;
    if (out->n > d->stored)
        out->n = (size_t)d->stored;
    return 0;
}

// Bytes from pos to the next border, and whether they are data.
static uint64_t run(const struct member_data *d, uint64_t pos, size_t at, bool *data)
{
    *data = at < d->extent_n && d->extent[at].at <= pos;
    if (*data)
        return d->extent[at].at + d->extent[at].n - pos;
    return (at < d->extent_n ? d->extent[at].at : d->size) - pos;
}

// A view of `min` bytes across borders: zeros, and the stored bytes copied to where they belong.
static int join(struct member_data *d, size_t min, struct view *out, struct err *e)
{
    if (!d->joined)
        d->joined = xmalloc(STREAM_WINDOW);
    memset(d->joined, 0, min);
    size_t used = 0, done = 0;
    for (size_t at = d->at; done < min;) {
        bool data;
        uint64_t left = run(d, d->pos + done, at, &data);
        size_t part = left < min - done ? (size_t)left : min - done;
        struct view v;
        if (data && stored_peek(d, used + part, &v, e) < 0)
            return -1;
        if (data) {
            memcpy(d->joined + done, v.p + used, part);
            used += part;
            at++;
        }
        done += part;
    }
    *out = (struct view){d->joined, min};
    return 0;
}

static int sparse_peek(struct member_data *d, size_t min, struct view *out, struct err *e)
{
    bool data;
    uint64_t left = run(d, d->pos, d->at, &data);
    if (left < min)
        return join(d, min, out, e);
    if (!data) {
        *out = (struct view){zeros, left < sizeof zeros ? (size_t)left : sizeof zeros};
        return 0;
    }
    if (stored_peek(d, min, out, e) < 0)
        return -1;
    if (out->n > left)
        out->n = (size_t)left;
    return 0;
}

static int data_peek(struct source *s, size_t min, struct view *out, struct err *e)
{
    struct member_data *d = CONTAINER(s, struct member_data, base);
    uint64_t left = d->size - d->pos;
    if (left == 0) {
        *out = (struct view){zeros, 0};
        return 0;
    }
    if (min > left)
        min = (size_t)left;
    return d->extent ? sparse_peek(d, min, out, e) : plain_peek(d, min, out, e);
}

static int data_skip(struct source *s, uint64_t n, struct err *e)
{
    struct member_data *d = CONTAINER(s, struct member_data, base);
    char name[TAR_SHOWN];
    if (n > d->size - d->pos)
        return err_set(e, ERR_PARSE, "%s: truncated: %ju bytes wanted, %ju are there",
                       tar_shown(d->name, name), (uintmax_t)n, (uintmax_t)(d->size - d->pos));
    if (!d->extent) {
        d->pos += n;
        return stored_skip(d, n, e);
    }
    while (n) {
        bool data;
        uint64_t left = run(d, d->pos, d->at, &data), part = n < left ? n : left;
        if (data && stored_skip(d, part, e) < 0)
            return -1;
        d->at += data && part == left;
        d->pos += part;
        n -= part;
    }
    return 0;
}

static void data_drop(struct source *s)
{
    (void)s;
}

void member_data_init(struct member_data *d, struct source *borrowed)
{
    static const struct source_ops ops = {data_peek, data_skip, data_drop};
    *d = (struct member_data){.base = {&ops}, .from = borrowed};
}

void member_data_set(struct member_data *d, struct str name, uint64_t size, const struct tar_extent *extent,
                     size_t n, uint64_t stored)
{
    *d = (struct member_data){.base = d->base,
                              .from = d->from,
                              .joined = d->joined,
                              .name = name,
                              .size = size,
                              .extent = extent,
                              .extent_n = n,
                              .stored = stored};
}

int member_data_end(struct member_data *d, struct err *e)
{
    return stored_skip(d, d->stored, e);
}

void member_data_done(struct member_data *d)
{
    free(d->joined);
    d->joined = NULL;
}
