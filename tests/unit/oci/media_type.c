// SPDX-License-Identifier: Apache-2.0
#include "oci/media_type.h"
#include "test.h"

TEST(media_types)
{
    enum codec c = CODEC_XZ;
    EQ_INT(media_kind_of(STR(MEDIA_OCI_INDEX)), MEDIA_INDEX);
    EQ_INT(media_kind_of(STR(MEDIA_DOCKER_MANIFEST "; charset=utf-8")), MEDIA_MANIFEST);
    EQ_INT(media_kind_of(STR("text/plain")), MEDIA_OTHER);
    EQ_INT(media_kind_of(STR("")), MEDIA_OTHER);
    MUST(media_type_codec(STR(MEDIA_DOCKER_LAYER_GZIP), &c, &e));
    EQ_INT(c, CODEC_GZIP);
    MUST(media_type_codec(STR(MEDIA_OCI_LAYER), &c, &e));
    EQ_INT(c, CODEC_PLAIN);
    REFUSED(media_type_codec(STR(MEDIA_OCI_CONFIG), &c, &e), ERR_PARSE,
            MEDIA_OCI_CONFIG "|is not that of a layer");
    REFUSED(media_type_codec(STR("a\x1b"), &c, &e), ERR_PARSE, "a\\x1b");
    EQ_STR(media_type_layer(MEDIA_OCI, CODEC_ZSTD), MEDIA_OCI_LAYER_ZSTD);
    EQ_STR(media_type_layer(MEDIA_DOCKER, CODEC_GZIP), MEDIA_DOCKER_LAYER_GZIP);
    EQ_STR(media_type_layer(MEDIA_OCI, CODEC_XZ), "");
}

TEST(media_type_says_gzip_bytes_are_zstd_c8)
{
    struct str gzip = STR("\x1f\x8b\x08"), zstd = STR("\x28\xb5\x2f\xfd"), skip = STR("\x50\x2a\x4d\x18");
    MUST(media_type_check(STR(MEDIA_OCI_LAYER_GZIP), gzip, &e));
    MUST(media_type_check(STR(MEDIA_OCI_LAYER_ZSTD), zstd, &e));
    MUST(media_type_check(STR(MEDIA_OCI_LAYER_ZSTD), skip, &e));
    MUST(media_type_check(STR(MEDIA_OCI_LAYER), STR(""), &e));
    REFUSED(media_type_check(STR(MEDIA_OCI_LAYER_GZIP), zstd, &e), ERR_PARSE, "the blob is zstd, want gzip");
    REFUSED(media_type_check(STR(MEDIA_OCI_LAYER), gzip, &e), ERR_PARSE, "the blob is gzip, want plain");
    REFUSED(media_type_check(STR(MEDIA_OCI_LAYER_GZIP), STR("a/"), &e), ERR_PARSE,
            "the blob is plain, want gzip");
}

TEST(media_type_grammar_m31)
{
    static const char *const good[] = {"a/b", MEDIA_OCI_CONFIG, "application/x.y-z+json", "X/1"};
    static const char *const bad[] = {"", "a", "a/", "/b", "a/b/c", "a/b c", "a/b;q=1", ".a/b", "a/\x80"};
    for (size_t i = 0; i < COUNT(good); i++)
        CHECK_MSG(media_type_is_valid(str_of(good[i])), "%s", good[i]);
    for (size_t i = 0; i < COUNT(bad); i++)
        CHECK_MSG(!media_type_is_valid(str_of(bad[i])), "%s", bad[i]);
}
