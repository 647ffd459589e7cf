// SPDX-License-Identifier: Apache-2.0
#include "base/limits.h"
#include "stream/codec.h"
#include "stream/decoder.h"
#include <lzma.h>

enum { ROOM = 3 * STREAM_WINDOW };

struct xz_source {
    struct decoder d;
    lzma_stream z;
};

static struct xz_source *self(struct decoder *d)
{
    return CONTAINER(d, struct xz_source, d);
}

// Behind a stream: padding of zero bytes in fours, another stream, or the end.
static int xz_begin(struct decoder *d, bool first, bool *ended, struct err *e)
{
    for (;;) {
        struct view v;
        if (source_peek(d->from, 6, &v, e) < 0)
            return -1;
        if (!v.n && !first) {
            *ended = true;
            return 0;
        }
        if (v.n >= 6 && memcmp(v.p,
                               "\xfd"
                               "7zXZ\0",
                               6) == 0)
            break;
        if (first)
            return decoder_bad(d, v.n < 6 ? "truncated" : "not xz: no magic number fd 37 7a 58 5a 00", e);
        if (v.n < 4 || memcmp(v.p, "\0\0\0\0", 4) != 0)
            return decoder_bad(d, "trailing garbage behind the last stream", e);
        if (source_skip(d->from, 4, e) < 0)
            return -1;
    }
    if (lzma_stream_decoder(&self(d)->z, LIMIT_XZ_MEMORY, LZMA_TELL_UNSUPPORTED_CHECK) != LZMA_OK)
        BUG("lzma_stream_decoder");
    return 0;
}

static int refuse(struct decoder *d, lzma_ret rc, struct err *e)
{
    if (rc == LZMA_MEM_ERROR)
        BUG("xz: out of memory");
    if (rc == LZMA_MEMLIMIT_ERROR)
        return err_set(e, ERR_LIMIT, "xz: needs %ju bytes of memory, the limit is %ju",
                       (uintmax_t)lzma_memusage(&self(d)->z), (uintmax_t)LIMIT_XZ_MEMORY);
    if (rc == LZMA_UNSUPPORTED_CHECK)
        return decoder_bad(d, "unknown kind of check", e);
    return decoder_bad(
        d, rc == LZMA_OPTIONS_ERROR ? "unknown options or filters" : "invalid data or check mismatch", e);
}

static int xz_step(struct decoder *d, struct view in, struct span out, struct step *did, struct err *e)
{
    lzma_stream *z = &self(d)->z;
    z->next_in = in.p;
    z->avail_in = in.n;
    z->next_out = out.p;
    z->avail_out = out.n;
    lzma_ret rc = lzma_code(z, LZMA_RUN);
    if (rc != LZMA_OK && rc != LZMA_STREAM_END && rc != LZMA_BUF_ERROR)
        return refuse(d, rc, e);
    *did = (struct step){in.n - z->avail_in, out.n - z->avail_out, rc == LZMA_STREAM_END};
    return 0;
}

static void xz_drop(struct decoder *d)
{
    lzma_end(&self(d)->z);
    free(self(d));
}

struct source *source_xz(struct source *take_from)
{
    static const struct decoder_ops ops = {"xz", ROOM, xz_begin, xz_step, NULL, xz_drop};
    struct xz_source *x = XNEW(struct xz_source);
    x->z = (lzma_stream)LZMA_STREAM_INIT;
    return decoder_init(&x->d, &ops, take_from);
}
