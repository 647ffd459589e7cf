// SPDX-License-Identifier: Apache-2.0
#include "oci/media_type.h"

#define OCI_FOREIGN "application/vnd.oci.image.layer.nondistributable.v1.tar"

static const struct media_type types[] = {
    {MEDIA_OCI_MANIFEST, MEDIA_MANIFEST, MEDIA_OCI, CODEC_PLAIN, false},
    {MEDIA_OCI_INDEX, MEDIA_INDEX, MEDIA_OCI, CODEC_PLAIN, false},
    {MEDIA_OCI_CONFIG, MEDIA_CONFIG, MEDIA_OCI, CODEC_PLAIN, false},
    {MEDIA_OCI_LAYER, MEDIA_LAYER, MEDIA_OCI, CODEC_PLAIN, false},
    {MEDIA_OCI_LAYER_GZIP, MEDIA_LAYER, MEDIA_OCI, CODEC_GZIP, false},
    {MEDIA_OCI_LAYER_ZSTD, MEDIA_LAYER, MEDIA_OCI, CODEC_ZSTD, false},
    {OCI_FOREIGN, MEDIA_LAYER, MEDIA_OCI, CODEC_PLAIN, true},
    {OCI_FOREIGN "+gzip", MEDIA_LAYER, MEDIA_OCI, CODEC_GZIP, true},
    {OCI_FOREIGN "+zstd", MEDIA_LAYER, MEDIA_OCI, CODEC_ZSTD, true},
    {MEDIA_DOCKER_MANIFEST, MEDIA_MANIFEST, MEDIA_DOCKER, CODEC_PLAIN, false},
    {MEDIA_DOCKER_INDEX, MEDIA_INDEX, MEDIA_DOCKER, CODEC_PLAIN, false},
    {MEDIA_DOCKER_CONFIG, MEDIA_CONFIG, MEDIA_DOCKER, CODEC_PLAIN, false},
    {MEDIA_DOCKER_LAYER, MEDIA_LAYER, MEDIA_DOCKER, CODEC_PLAIN, false},
    {MEDIA_DOCKER_LAYER_GZIP, MEDIA_LAYER, MEDIA_DOCKER, CODEC_GZIP, false},
    {MEDIA_DOCKER_LAYER_ZSTD, MEDIA_LAYER, MEDIA_DOCKER, CODEC_ZSTD, false},
    {"application/vnd.docker.image.rootfs.foreign.diff.tar", MEDIA_LAYER, MEDIA_DOCKER, CODEC_PLAIN, true},
    {"application/vnd.docker.image.rootfs.foreign.diff.tar.gzip", MEDIA_LAYER, MEDIA_DOCKER, CODEC_GZIP,
     true},
    {"application/vnd.docker.distribution.manifest.v1+json", MEDIA_SCHEMA1, MEDIA_DOCKER, CODEC_PLAIN, false},
    {"application/vnd.docker.distribution.manifest.v1+prettyjws", MEDIA_SCHEMA1, MEDIA_DOCKER, CODEC_PLAIN,
     false},
};

const struct media_type *media_type_find(struct str text)
{
    size_t at;
    if (str_find(text, ';', &at))
        text = str_trim(str_head(text, at));
    for (size_t i = 0; i < COUNT(types); i++)
        if (str_is(text, types[i].text))
            return &types[i];
    return NULL;
}

enum media_kind media_kind_of(struct str text)
{
    const struct media_type *t = media_type_find(text);
    return t ? t->kind : MEDIA_OTHER;
}

struct str media_type_layer(enum media_family family, enum codec codec)
{
    for (size_t i = 0; i < COUNT(types); i++)
        if (types[i].kind == MEDIA_LAYER && types[i].family == family && types[i].codec == codec &&
            !types[i].foreign)
            return str_of(types[i].text);
    return STR("");
}

static int refuse(struct str text, const char *why, struct err *e)
{
    drop_(arena_free) struct arena *a = arena_new(256);
    struct str shown = str_printable(a, text, 80);
    return err_set(e, ERR_PARSE, "media type \"" PRI_STR "\": %s", STR_ARG(shown), why);
}

int media_type_codec(struct str text, enum codec *out, struct err *e)
{
    const struct media_type *t = media_type_find(text);
    if (!t || t->kind != MEDIA_LAYER)
        return refuse(text, "is not that of a layer", e);
    *out = t->codec;
    return 0;
}

static enum codec sniff(struct str first)
{
    static const struct {
        const char *magic;
        size_t n;
        enum codec codec;
    } magics[] = {{"\x1f\x8b", 2, CODEC_GZIP},
                  {"\x28\xb5\x2f\xfd", 4, CODEC_ZSTD},
                  {"\xfd"
                   "7zXZ",
                   5, CODEC_XZ}};
    for (size_t i = 0; i < COUNT(magics); i++)
        if (first.n >= magics[i].n && memcmp(first.p, magics[i].magic, magics[i].n) == 0)
            return magics[i].codec;
    // A zstd stream may begin with skippable frames: 0x184D2A5? in little endian.
    if (first.n >= 4 && ((unsigned char)first.p[0] & 0xf0) == 0x50 &&
        memcmp(first.p + 1, "\x2a\x4d\x18", 3) == 0)
        return CODEC_ZSTD;
    return CODEC_PLAIN;
}

int media_type_check(struct str text, struct str first, struct err *e)
{
    enum codec want = CODEC_PLAIN, got = sniff(first);
    if (media_type_codec(text, &want, e) < 0)
        return -1;
    if (want == got)
        return 0;
    drop_(arena_free) struct arena *a = arena_new(256);
    return refuse(text, arena_printf(a, "the blob is %s, want %s", codec_name(got), codec_name(want)), e);
}

static bool is_restricted_name(struct str s)
{
    for (size_t i = 0; i < s.n; i++) {
        char c = s.p[i];
        bool alnum = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
        if (!alnum && (i == 0 || c == 0 || !strchr("!#$&-^_.+", c)))
            return false;
    }
    return s.n >= 1 && s.n <= 127;
}

bool media_type_is_valid(struct str text)
{
    size_t at;
    return str_find(text, '/', &at) && is_restricted_name(str_head(text, at)) &&
           is_restricted_name(str_from(text, at + 1));
}
