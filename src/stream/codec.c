// SPDX-License-Identifier: Apache-2.0
#include "stream/codec.h"

static const struct {
    const char *name;
    struct source *(*decode)(struct source *take_from);
} codecs[] = {
    [CODEC_PLAIN] = {"plain", NULL},
    [CODEC_GZIP] = {"gzip", source_gzip},
    [CODEC_ZSTD] = {"zstd", source_zstd},
    [CODEC_XZ] = {"xz", source_xz},
};
_Static_assert(COUNT(codecs) == CODEC_MAX_, "one row per codec");

const char *codec_name(enum codec c)
{
    return (unsigned)c < CODEC_MAX_ ? codecs[c].name : "unknown";
}

static bool begins(struct view v, const char *magic, size_t n)
{
    return v.n >= n && memcmp(v.p, magic, n) == 0;
}

int codec_sniff(struct source *from, enum codec *out, struct err *e)
{
    struct view v;
    if (source_peek(from, 6, &v, e) < 0)
        return -1;
    // A zstd file may begin with a skippable frame: 50 to 5f 2a 4d 18.
    bool skippable = v.n >= 4 && (v.p[0] & 0xf0) == 0x50 && memcmp(v.p + 1, "\x2a\x4d\x18", 3) == 0;
    if (begins(v, "\x1f\x8b", 2))
        *out = CODEC_GZIP;
    else if (begins(v, "\x28\xb5\x2f\xfd", 4) || skippable)
        *out = CODEC_ZSTD;
    else if (begins(v,
                    "\xfd"
                    "7zXZ\0",
                    6))
        *out = CODEC_XZ;
    else
        *out = CODEC_PLAIN;
    return 0;
}

struct decoded {
    struct source base;
    struct source *from; // once it is known: the decoder
    bool known, named;
    enum codec want;
    enum codec *found;
};

static int decoded_begin(struct decoded *d, struct err *e)
{
    enum codec is;
    if (codec_sniff(d->from, &is, e) < 0)
        return -1;
    if (d->named && is != d->want)
        return err_set(e, ERR_PARSE, "named %s, but the bytes are %s", codec_name(d->want), codec_name(is));
    if (codecs[is].decode)
        d->from = codecs[is].decode(d->from);
    if (d->found)
        *d->found = is;
    d->known = true;
    return 0;
}

static int decoded_peek(struct source *s, size_t min, struct view *out, struct err *e)
{
    struct decoded *d = CONTAINER(s, struct decoded, base);
    if (!d->known && decoded_begin(d, e) < 0)
        return -1;
    return source_peek(d->from, min, out, e);
}

static int decoded_skip(struct source *s, uint64_t n, struct err *e)
{
    struct decoded *d = CONTAINER(s, struct decoded, base);
    if (!d->known && decoded_begin(d, e) < 0)
        return -1;
    return source_skip(d->from, n, e);
}

static void decoded_drop(struct source *s)
{
    struct decoded *d = CONTAINER(s, struct decoded, base);
    source_drop(d->from);
    free(d);
}

static struct decoded *decoded_new(struct source *from)
{
    static const struct source_ops ops = {decoded_peek, decoded_skip, decoded_drop};
    struct decoded *d = XNEW(struct decoded);
    d->base.ops = &ops;
    d->from = from;
    return d;
}

struct source *source_decoded(struct source *take_from, enum codec *found)
{
    struct decoded *d = decoded_new(take_from);
    d->found = found;
    return &d->base;
}

struct source *source_decoded_as(struct source *take_from, enum codec named)
{
    struct decoded *d = decoded_new(take_from);
    d->named = true;
    d->want = named;
    return &d->base;
}

static const struct encoder encoders[] = {
    {"plain", CODEC_PLAIN, 0},
    {"gzip-libdeflate-1-1m", CODEC_GZIP, 1},
    {"gzip-libdeflate-6-1m", CODEC_GZIP, 6},
    {"gzip-libdeflate-9-1m", CODEC_GZIP, 9},
    {"gzip-libdeflate-12-1m", CODEC_GZIP, 12},
    {"zstd-1", CODEC_ZSTD, 1},
    {"zstd-3", CODEC_ZSTD, 3},
    {"zstd-9", CODEC_ZSTD, 9},
    {"zstd-19", CODEC_ZSTD, 19},
};

const struct encoder *encoder_list(size_t *n)
{
    *n = COUNT(encoders);
    return encoders;
}

const struct encoder *encoder_find(struct str name)
{
    for (size_t i = 0; i < COUNT(encoders); i++)
        if (str_is(name, encoders[i].name))
            return &encoders[i];
    return NULL;
}

struct sink *sink_encoded(struct sink *take_to, const struct encoder *enc, struct pool *p)
{
    if (enc->codec == CODEC_GZIP)
        return sink_gzip(take_to, p, enc->level);
    return enc->codec == CODEC_ZSTD ? sink_zstd(take_to, enc->level) : take_to;
}
