// SPDX-License-Identifier: Apache-2.0
#include "base/limits.h"
#include "stream/codec.h"
#include "stream/decoder.h"
#include <zstd.h>
#include <zstd_errors.h>

// RFC 8878. Boundaries between frames are read here: skippable frames are bounded, dictionaries and garbage refused.
enum { HEADER_MAX = 18, SKIPPABLE_HEADER = 8, ROOM = 3 * STREAM_WINDOW };

struct zstd_source {
    struct decoder d;
    ZSTD_DCtx *ctx;
    uint64_t skipped;
    unsigned long long made, want; // of the frame
};

static struct zstd_source *self(struct decoder *d)
{
    return CONTAINER(d, struct zstd_source, d);
}

static int skip_frame(struct decoder *d, struct view v, struct err *e)
{
    struct zstd_source *z = self(d);
    if (v.n < SKIPPABLE_HEADER)
        return decoder_bad(d, "truncated in a skippable frame", e);
    uint64_t n = SKIPPABLE_HEADER + (uint64_t)le32(v.p + 4);
    if (n > LIMIT_ZSTD_SKIPPABLE - z->skipped)
        return err_set(e, ERR_LIMIT, "zstd: skippable frames of more than %ju bytes",
                       (uintmax_t)LIMIT_ZSTD_SKIPPABLE);
    z->skipped += n;
    if (source_skip(d->from, n, e) < 0)
        return err_wrap(e, "zstd: skippable frame");
    return 0;
}

static int zstd_begin(struct decoder *d, bool first, bool *ended, struct err *e)
{
    for (;; first = false) {
        struct view v;
        if (source_peek(d->from, HEADER_MAX, &v, e) < 0)
            return -1;
        if (!v.n && !first) {
            *ended = true;
            return 0;
        }
        uint32_t magic = v.n >= 4 ? le32(v.p) : 0;
        if ((magic & ZSTD_MAGIC_SKIPPABLE_MASK) == ZSTD_MAGIC_SKIPPABLE_START) {
            if (skip_frame(d, v, e) < 0)
                return -1;
            continue;
        }
        if (magic != ZSTD_MAGICNUMBER && first)
            return decoder_bad(d, v.n < 4 ? "truncated" : "not zstd: no magic number 28 b5 2f fd", e);
        if (magic != ZSTD_MAGICNUMBER)
            return decoder_bad(d, "trailing garbage behind the last frame", e);
        unsigned dict = ZSTD_getDictID_fromFrame(v.p, v.n);
        if (dict)
            return err_set(e, ERR_PARSE, "zstd: the frame wants dictionary %u, none is known", dict);
        self(d)->made = 0;
        self(d)->want = ZSTD_getFrameContentSize(v.p, v.n);
        return 0;
    }
}

static int refuse(size_t rc, struct err *e)
{
    ZSTD_ErrorCode code = ZSTD_getErrorCode(rc);
    if (code == ZSTD_error_frameParameter_windowTooLarge)
        return err_set(e, ERR_LIMIT, "zstd: window of more than 2^%d bytes", LIMIT_ZSTD_WINDOW_LOG);
    if (code == ZSTD_error_memory_allocation)
        BUG("zstd: out of memory");
    if (code == ZSTD_error_checksum_wrong)
        return err_set(e, ERR_PARSE, "zstd: checksum mismatch");
    return err_set(e, ERR_PARSE, "zstd: invalid data: %s", ZSTD_getErrorString(code));
}

static int zstd_step(struct decoder *d, struct view in, struct span out, struct step *did, struct err *e)
{
    ZSTD_inBuffer from = {in.p, in.n, 0};
    ZSTD_outBuffer to = {out.p, out.n, 0};
    size_t rc = ZSTD_decompressStream(self(d)->ctx, &to, &from);
    if (ZSTD_isError(rc))
        return refuse(rc, e);
    *did = (struct step){from.pos, to.pos, rc == 0};
    self(d)->made += to.pos;
    return 0;
}

// The library does not compare them when the last block is empty and the frame comes in pieces.
static int zstd_end(struct decoder *d, struct err *e)
{
    const struct zstd_source *z = self(d);
    if (z->want != ZSTD_CONTENTSIZE_UNKNOWN && z->made != z->want)
        return err_set(e, ERR_PARSE, "zstd: size mismatch: %llu, the frame header says %llu", z->made,
                       z->want);
    return 0;
}

static void zstd_drop(struct decoder *d)
{
    ZSTD_freeDCtx(self(d)->ctx);
    free(self(d));
}

struct source *source_zstd(struct source *take_from)
{
    static const struct decoder_ops ops = {"zstd", ROOM, zstd_begin, zstd_step, zstd_end, zstd_drop};
    struct zstd_source *z = XNEW(struct zstd_source);
    z->ctx = ZSTD_createDCtx();
    if (!z->ctx || ZSTD_isError(ZSTD_DCtx_setParameter(z->ctx, ZSTD_d_windowLogMax, LIMIT_ZSTD_WINDOW_LOG)))
        BUG("ZSTD_createDCtx");
    return decoder_init(&z->d, &ops, take_from);
}
