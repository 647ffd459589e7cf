// SPDX-License-Identifier: Apache-2.0
#include "stream/codec.h"
#include <zstd.h>

// The compressor sees pieces of one size, whatever the windows were: its output must not depend on them.
enum { PIECE = 1 << 18 };

struct zstd_sink {
    struct sink base;
    struct sink *to;
    ZSTD_CCtx *ctx;
    uint8_t *in; // PIECE and a window behind it
    size_t n;
};

// Compresses n bytes of the buffer straight into the next sink's window.
static int compress(struct zstd_sink *z, size_t n, ZSTD_EndDirective how, struct err *e)
{
    ZSTD_inBuffer in = {z->in, n, 0};
    for (size_t rest = 1; rest || in.pos < n;) {
        struct span room;
        if (sink_room(z->to, 1, &room, e) < 0)
            return -1;
        ZSTD_outBuffer out = {room.p, room.n, 0};
        rest = ZSTD_compressStream2(z->ctx, &out, &in, how);
        if (ZSTD_isError(rest))
            BUG("ZSTD_compressStream2");
        if (sink_commit(z->to, out.pos, e) < 0)
            return -1;
        if (how == ZSTD_e_continue)
            rest = 0;
    }
    return 0;
}

static int zstd_room(struct sink *s, size_t min, struct span *out, struct err *e)
{
    struct zstd_sink *z = CONTAINER(s, struct zstd_sink, base);
    (void)e;
    size_t left = PIECE - z->n;
    *out = (struct span){z->in + z->n, left > min ? left : min};
    return 0;
}

static int zstd_commit(struct sink *s, size_t n, struct err *e)
{
    struct zstd_sink *z = CONTAINER(s, struct zstd_sink, base);
    z->n += n;
    if (z->n < PIECE)
        return 0;
    if (compress(z, PIECE, ZSTD_e_continue, e) < 0)
        return -1;
    z->n -= PIECE;
    memmove(z->in, z->in + PIECE, z->n);
    return 0;
}

static int zstd_finish(struct sink *s, struct err *e)
{
    struct zstd_sink *z = CONTAINER(s, struct zstd_sink, base);
    // The last piece does not go with the end: a frame that is begun and ended at once has other settings.
    if (z->n && compress(z, z->n, ZSTD_e_continue, e) < 0)
        return -1;
    z->n = 0;
    return compress(z, 0, ZSTD_e_end, e) < 0 ? -1 : sink_finish(z->to, e);
}

static void zstd_drop(struct sink *s)
{
    struct zstd_sink *z = CONTAINER(s, struct zstd_sink, base);
    ZSTD_freeCCtx(z->ctx);
    sink_drop(z->to);
    free(z->in);
    free(z);
}

struct sink *sink_zstd(struct sink *take_to, int level)
{
    static const struct sink_ops ops = {zstd_room, zstd_commit, zstd_finish, zstd_drop};
    if (level < 1 || level > 19)
        BUG("sink_zstd: no such level");
    struct zstd_sink *z = XNEW(struct zstd_sink);
    *z = (struct zstd_sink){
        .base = {&ops}, .to = take_to, .ctx = ZSTD_createCCtx(), .in = xmalloc(PIECE + STREAM_WINDOW)};
    if (!z->ctx || ZSTD_isError(ZSTD_CCtx_setParameter(z->ctx, ZSTD_c_compressionLevel, level)) ||
        ZSTD_isError(ZSTD_CCtx_setParameter(z->ctx, ZSTD_c_checksumFlag, 1)))
        BUG("ZSTD_createCCtx");
    return &z->base;
}
