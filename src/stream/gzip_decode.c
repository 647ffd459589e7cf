// SPDX-License-Identifier: Apache-2.0
#define ZLIB_CONST // zlib's input is const
#include "stream/ahead.h"
#include "stream/codec.h"
#include "stream/decoder.h"
#include <libdeflate.h>
#include <zlib.h>

// RFC 1952. The header and the trailer are read here, so that they are bounded and their errors precise.
enum { FHCRC = 2, FEXTRA = 4, FNAME = 8, FCOMMENT = 16, FRESERVED = 0xe0 };
enum { HEADER_SIZE = 10, TRAILER_SIZE = 8, SMALL_MEMBER = 1 << 20 };

struct gzip_source {
    struct decoder d;
    z_stream z;
    struct libdeflate_decompressor *whole;
    bool fresh; // at the first byte of a member's data
    bool small; // every member so far had at most SMALL_MEMBER bytes: those that we write
    uint32_t crc, size;
};

static struct gzip_source *self(struct decoder *d)
{
    return CONTAINER(d, struct gzip_source, d);
}

static bool past_text(struct view v, size_t *at)
{
    const uint8_t *nul = *at < v.n ? memchr(v.p + *at, 0, v.n - *at) : NULL;
    if (nul)
        *at = (size_t)(nul - v.p) + 1;
    return nul;
}

// The length of the header when all of it is in view, else 0. v.n ≥ HEADER_SIZE.
static size_t header_length(struct view v)
{
    size_t at = HEADER_SIZE;
    uint8_t flags = v.p[3];
    if (flags & FEXTRA) {
        if (v.n < at + 2)
            return 0;
        at += 2 + (v.p[at] | (size_t)v.p[at + 1] << 8);
    }
    if ((flags & FNAME && !past_text(v, &at)) || (flags & FCOMMENT && !past_text(v, &at)))
        return 0;
    if (flags & FHCRC)
        at += 2;
    return at <= v.n ? at : 0;
}

static int check_header(struct decoder *d, struct view v, struct err *e)
{
    if (v.p[2] != Z_DEFLATED)
        return err_set(e, ERR_PARSE, "gzip: compression method %d, 8 (deflate) is known", v.p[2]);
    if (v.p[3] & FRESERVED)
        return err_set(e, ERR_PARSE, "gzip: reserved flags 0x%02x in the header", v.p[3] & FRESERVED);
    size_t n = header_length(v);
    if (!n && v.n < STREAM_WINDOW) {
        if (source_peek(d->from, STREAM_WINDOW, &v, e) < 0)
            return -1;
        n = header_length(v);
    }
    if (!n && v.n < STREAM_WINDOW)
        return decoder_bad(d, "truncated in the header", e);
    if (!n || n > STREAM_WINDOW)
        return err_set(e, ERR_LIMIT, "gzip: header of more than %d bytes", STREAM_WINDOW);
    if (v.p[3] & FHCRC) {
        uint32_t want = v.p[n - 2] | (uint32_t)v.p[n - 1] << 8;
        if ((libdeflate_crc32(0, v.p, n - 2) & 0xffff) != want)
            return decoder_bad(d, "header crc mismatch", e);
    }
    return source_skip(d->from, n, e);
}

static int gzip_begin(struct decoder *d, bool first, bool *ended, struct err *e)
{
    struct view v;
    if (source_peek(d->from, HEADER_SIZE, &v, e) < 0)
        return -1;
    if (!v.n && !first) {
        *ended = true;
        return 0;
    }
    if ((v.n > 0 && v.p[0] != 0x1f) || (v.n > 1 && v.p[1] != 0x8b))
        return decoder_bad(
            d, first ? "not gzip: no magic number 1f 8b" : "trailing garbage behind the last member", e);
    if (v.n < HEADER_SIZE)
        return decoder_bad(d, "truncated in the header", e);
    if (check_header(d, v, e) < 0)
        return -1;
    self(d)->crc = self(d)->size = 0;
    self(d)->fresh = true;
    if (inflateReset(&self(d)->z) != Z_OK)
        BUG("inflateReset");
    return 0;
}

// libdeflate is twice as fast as zlib, but takes all or nothing. What it does not take is zlib's from then on, so that
// at most one small member is decoded twice and every error is zlib's.
static int whole_member(struct gzip_source *g, struct span out, struct step *did, struct err *e)
{
    struct view in;
    if (ahead_peek(g->d.from, AHEAD_MAX, &in, e) < 0)
        return -1;
    enum libdeflate_result rc =
        libdeflate_deflate_decompress_ex(g->whole, in.p, in.n, out.p, SMALL_MEMBER, &did->used, &did->made);
    did->over = g->small = rc == LIBDEFLATE_SUCCESS;
    return 0;
}

static int inflate_some(struct gzip_source *g, struct view in, struct span out, struct step *did,
                        struct err *e)
{
    uInt n_in = in.n < UINT32_MAX ? (uInt)in.n : UINT32_MAX;
    g->z.next_in = in.p;
    g->z.avail_in = n_in;
    g->z.next_out = out.p;
    g->z.avail_out = (uInt)out.n;
    int rc = inflate(&g->z, Z_NO_FLUSH);
    if (rc == Z_MEM_ERROR)
        BUG("inflate: out of memory");
    if (rc != Z_OK && rc != Z_STREAM_END && rc != Z_BUF_ERROR)
        return decoder_bad(&g->d, g->z.msg ? g->z.msg : "invalid data", e);
    *did = (struct step){n_in - g->z.avail_in, out.n - g->z.avail_out, rc == Z_STREAM_END};
    return 0;
}

static int gzip_step(struct decoder *d, struct view in, struct span out, struct step *did, struct err *e)
{
    struct gzip_source *g = self(d);
    if (g->fresh && g->small && whole_member(g, out, did, e) < 0)
        return -1;
    g->fresh = false;
    if (!did->over) {
        // The first view may have moved.
        if (source_peek(d->from, 1, &in, e) < 0 || inflate_some(g, in, out, did, e) < 0)
            return -1;
    }
    g->crc = libdeflate_crc32(g->crc, out.p, did->made);
    g->size += (uint32_t)did->made;
    return 0;
}

static int gzip_end(struct decoder *d, struct err *e)
{
    struct view v;
    if (source_peek(d->from, TRAILER_SIZE, &v, e) < 0)
        return -1;
    if (v.n < TRAILER_SIZE)
        return decoder_bad(d, "truncated in the trailer", e);
    if (le32(v.p) != self(d)->crc)
        return err_set(e, ERR_PARSE, "gzip: crc mismatch: %08x, the trailer says %08x", self(d)->crc,
                       le32(v.p));
    if (le32(v.p + 4) != self(d)->size)
        return err_set(e, ERR_PARSE, "gzip: size mismatch: %u, the trailer says %u", self(d)->size,
                       le32(v.p + 4));
    return source_skip(d->from, TRAILER_SIZE, e);
}

static void gzip_drop(struct decoder *d)
{
    inflateEnd(&self(d)->z);
    libdeflate_free_decompressor(self(d)->whole);
    free(self(d));
}

struct source *source_gzip(struct source *take_from)
{
    static const struct decoder_ops ops = {"gzip", SMALL_MEMBER, gzip_begin, gzip_step, gzip_end, gzip_drop};
    struct gzip_source *g = XNEW(struct gzip_source);
    g->small = true;
    g->whole = libdeflate_alloc_decompressor();
    if (!g->whole || inflateInit2(&g->z, -MAX_WBITS) != Z_OK)
        BUG("inflateInit2");
    return decoder_init(&g->d, &ops, source_ahead(take_from));
}
