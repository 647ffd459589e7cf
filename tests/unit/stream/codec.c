// SPDX-License-Identifier: Apache-2.0
#include "bytes.h"

TEST(sniffing_reads_magic_numbers_and_consumes_nothing)
{
    static const struct {
        struct str bytes;
        enum codec want;
    } cases[] = {
        {STR_INIT(""), CODEC_PLAIN},
        {STR_INIT("\x1f"), CODEC_PLAIN},
        {STR_INIT("\x1f\x8b"), CODEC_GZIP},
        {STR_INIT("\x28\xb5\x2f"), CODEC_PLAIN},
        {STR_INIT("\x28\xb5\x2f\xfd"), CODEC_ZSTD},
        {STR_INIT("\x50\x2a\x4d\x18"), CODEC_ZSTD},
        {STR_INIT("\x5f\x2a\x4d\x18"), CODEC_ZSTD},
        {STR_INIT("\x60\x2a\x4d\x18"), CODEC_PLAIN},
        {STR_INIT("\xfd"
                  "7zXZ"),
         CODEC_PLAIN},
        {STR_INIT("\xfd"
                  "7zXZ\0"),
         CODEC_XZ},
        {STR_INIT("usr/bin/\0\0\0\0"), CODEC_PLAIN},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        drop_(source_drop) struct source *s =
            source_stingy(source_memory(cases[i].bytes.p, cases[i].bytes.n));
        enum codec got = CODEC_MAX_;
        MUST(codec_sniff(s, &got, &e));
        EQ_INT(got, cases[i].want);
        struct view v;
        MUST(source_peek(s, 100, &v, &e));
        EQ_UINT(v.n, cases[i].bytes.n);
    }
}

TEST(decoded_says_what_it_found_and_passes_plain_bytes_on)
{
    static const char *const how[] = {"plain", "gzip-libdeflate-6-1m", "zstd-1"};
    for (size_t i = 0; i < COUNT(how); i++) {
        drop_buf struct buf b = BUF_INIT(1000);
        drop_buf struct buf out = BUF_INIT(1000);
        enum codec found = CODEC_MAX_;
        encode(how[i], "some text", 9, &b);
        MUST(drain(source_decoded(source_memory(b.p, b.n), &found), &out, 9, &e));
        EQ_INT(found, encoder_find(str_of(how[i]))->codec);
        EQ_STR(buf_view(&out), "some text");
    }
    drop_(source_drop) struct source *s = source_decoded(source_memory("plain", 5), NULL);
    MUST(source_skip(s, 2, &e)); // before any peek
    struct view v;
    MUST(source_peek(s, 1, &v, &e));
    CHECK(v.n == 3 && memcmp(v.p, "ain", 3) == 0);
}

TEST(a_decoder_that_was_never_read_drops_what_it_took)
{
    source_drop(source_decoded(source_memory("x", 1), NULL));
    source_drop(source_gzip(source_zstd(source_xz(source_memory("x", 1)))));
    sink_drop(sink_gzip(sink_zstd(sink_null(), 1), NULL, 1));
}

TEST(encoders_are_found_by_their_recorded_names)
{
    size_t n;
    const struct encoder *list = encoder_list(&n);
    CHECK(n >= 3);
    for (size_t i = 0; i < n; i++)
        CHECK(encoder_find(str_of(list[i].name)) == &list[i]);
    static const char *const unknown[] = {"", "gzip", "gzip-libdeflate-1", "zstd-99", "GZIP-LIBDEFLATE-1-1M"};
    for (size_t i = 0; i < COUNT(unknown); i++)
        CHECK(!encoder_find(str_of(unknown[i])));
}
