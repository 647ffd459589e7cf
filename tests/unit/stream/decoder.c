// SPDX-License-Identifier: Apache-2.0
// C1 … C12 of the bad-input catalogue.
#include "bytes.h"
#include <lzma.h>
#include <stdio.h>
#include <zlib.h>
#include <zstd.h>

enum { MI = 1 << 20 };
#define GZIP_1M "gzip-libdeflate-1-1m"

static void xz_of(const void *p, size_t n, struct buf *out)
{
    size_t at = 0, cap = lzma_stream_buffer_bound(n);
    drop_free uint8_t *room = xmalloc(cap);
    EQ_INT(lzma_easy_buffer_encode(1, LZMA_CHECK_CRC64, NULL, p, n, room, &at, cap), LZMA_OK);
    buf_add(out, room, at);
}

static const char *const codecs[] = {GZIP_1M, "zstd-3", "xz"};

static void pack(const char *how, const void *p, size_t n, struct buf *out)
{
    if (strcmp(how, "xz") == 0)
        xz_of(p, n, out);
    else
        encode(how, p, n, out);
}

// Both as it lies in memory and through the smallest windows there can be.
static int unpack(struct str in, bool slow, struct buf *out, uint64_t max, struct err *e)
{
    struct source *from = source_memory(in.p, in.n);
    return drain(source_decoded(slow ? source_stingy(from) : from, NULL), out, max, e);
}

static void same(const struct buf *got, const void *want, size_t n)
{
    EQ_UINT(got->n, n);
    CHECK(n == 0 || memcmp(got->p, want, n) == 0);
}

#define REFUSED_BOTH(in, code, words)                                                                        \
    for (int slow_ = 0; slow_ < 2; slow_++) {                                                                \
        drop_buf struct buf out_ = BUF_INIT(64 << 20);                                                       \
        REFUSED(unpack(in, slow_, &out_, 64 << 20, &e), code, words);                                        \
    }

TEST(decoders_give_back_what_was_packed)
{
    static const size_t sizes[] = {0, 1, 65535, 65536, 3 * MI + 7};
    drop_free uint8_t *p = bytes_new(3 * MI + 7);
    for (size_t c = 0; c < COUNT(codecs); c++)
        for (size_t i = 0; i < COUNT(sizes); i++)
            for (int slow = 0; slow < 2; slow++) {
                drop_buf struct buf b = BUF_INIT(8 * MI);
                drop_buf struct buf back = BUF_INIT(8 * MI);
                pack(codecs[c], p, sizes[i], &b);
                MUST(unpack(buf_view(&b), slow, &back, sizes[i], &e));
                same(&back, p, sizes[i]);
            }
}

TEST(decoders_keep_the_window_laws)
{
    drop_free uint8_t *p = bytes_new(2 * MI);
    for (size_t c = 0; c < COUNT(codecs); c++) {
        drop_buf struct buf b = BUF_INIT(8 * MI);
        pack(codecs[c], p, 2 * MI, &b);
        drop_(source_drop) struct source *s = source_decoded(source_memory(b.p, b.n), NULL);
        uint32_t seed = 31;
        for (size_t at = 0; at < 2 * MI;) {
            size_t min = 1 + bytes_next(&seed) % STREAM_WINDOW;
            struct view v;
            MUST(source_peek(s, min, &v, &e));
            CHECK(v.n >= min || v.n == 2 * MI - at);
            CHECK(memcmp(v.p, p + at, v.n) == 0);
            size_t part = bytes_next(&seed) % 200000; // also past the window
            part = part < 2 * MI - at ? part : 2 * MI - at;
            MUST(source_skip(s, part, &e));
            at += part;
        }
        struct view v;
        MUST(source_peek(s, STREAM_WINDOW, &v, &e));
        EQ_UINT(v.n, 0);
        REFUSED(source_skip(s, 3, &e), ERR_PARSE, "truncated: 3 bytes wanted, 0 are there");
    }
}

TEST(C1_bombs_stop_at_the_consumers_limit)
{
    drop_free uint8_t *zeros = xcalloc(64 * MI, 1);
    for (size_t c = 0; c < COUNT(codecs); c++) {
        drop_buf struct buf bomb = BUF_INIT(8 * MI);
        drop_buf struct buf nested = BUF_INIT(8 * MI);
        drop_buf struct buf out = BUF_INIT(64 * MI);
        pack(codecs[c], zeros, 64 * MI, &bomb);
        CHECK(bomb.n < MI);
        REFUSED(unpack(buf_view(&bomb), false, &out, MI, &e), ERR_LIMIT,
                "more than the limit of 1048576 bytes");
        CHECK(out.n <= MI);
        pack(codecs[c], bomb.p, bomb.n, &nested);
        buf_clear(&out);
        struct source *inner = source_decoded(source_memory(nested.p, nested.n), NULL);
        REFUSED(drain(source_decoded(inner, NULL), &out, MI, &e), ERR_LIMIT, "limit");
        CHECK(out.n <= MI);
    }
}

// One member of any size, as other programs write them.
static void member_of(const void *p, size_t n, int level, struct buf *out)
{
    z_stream z = {0};
    EQ_INT(deflateInit2(&z, level, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY), Z_OK);
    size_t cap = deflateBound(&z, n);
    z.next_in = (Bytef *)(uintptr_t)p;
    z.avail_in = (uInt)n;
    z.next_out = (Bytef *)buf_room(out, cap);
    z.avail_out = (uInt)cap;
    EQ_INT(deflate(&z, Z_FINISH), Z_STREAM_END);
    buf_commit(out, z.total_out);
    deflateEnd(&z);
}

TEST(gzip_members_of_any_size_in_any_order)
{
    static const size_t runs[][4] = {{MI, MI, MI, 5},
                                     {MI + 1, 7, MI, 1},
                                     {100, 3 * MI, MI, 100},
                                     {MI, MI + 1, MI, 0},
                                     {2 * MI, 0, 0, 2 * MI}};
    drop_free uint8_t *p = bytes_new(8 * MI);
    uint32_t seed = 1;
    for (size_t i = 6 * MI; i < 8 * MI; i++)
        p[i] = (uint8_t)(bytes_next(&seed) >> 9); // does not compress
    for (size_t r = 0; r < COUNT(runs); r++)
        for (int level = 0; level < 2; level++)
            for (size_t from = 0; from <= 5 * MI / 2; from += 5 * MI / 2) {
                drop_buf struct buf b = BUF_INIT(16 * MI);
                drop_buf struct buf back = BUF_INIT(16 * MI);
                size_t n = 0;
                for (size_t i = 0; i < 4; n += runs[r][i++])
                    member_of(p + from + n, runs[r][i], level, &b);
                MUST(unpack(buf_view(&b), level, &back, n, &e));
                same(&back, p + from, n);
            }
}

TEST(C6_a_wrong_crc_in_the_third_member_is_refused)
{
    drop_free uint8_t *p = bytes_new(3 * MI);
    drop_buf struct buf b = BUF_INIT(4 * MI);
    drop_buf struct buf out = BUF_INIT(4 * MI);
    pack(GZIP_1M, p, 3 * MI, &b);
    b.p[b.n - 7] ^= 4;
    REFUSED(unpack(buf_view(&b), false, &out, 4 * MI, &e), ERR_PARSE, "gzip: crc mismatch");
    CHECK(out.n <= 3 * MI);
}

// A frame header with this window descriptor and one empty last block.
static struct str zstd_window(uint8_t descriptor, char out[9])
{
    memcpy(out, "\x28\xb5\x2f\xfd\x00\x00\x01\x00\x00", 9);
    out[5] = (char)descriptor;
    return (struct str){out, 9};
}

TEST(C2_zstd_window_of_2_gib_is_refused_and_unknown_sizes_are_read)
{
    char frame[9];
    drop_buf struct buf out = BUF_INIT(100);
    MUST(unpack(zstd_window((LIMIT_ZSTD_WINDOW_LOG - 10) << 3, frame), false, &out, 0, &e));
    REFUSED_BOTH(zstd_window(((LIMIT_ZSTD_WINDOW_LOG - 10) << 3) | 1, frame), ERR_LIMIT,
                 "zstd: window of more than 2^27");
    REFUSED_BOTH(zstd_window((31 - 10) << 3, frame), ERR_LIMIT, "zstd: window");
    drop_free uint8_t *p = bytes_new(MI);
    drop_buf struct buf b = BUF_INIT(2 * MI);
    drop_buf struct buf back = BUF_INIT(2 * MI);
    encode("zstd-1", p, MI, &b);
    EQ_UINT(ZSTD_getFrameContentSize(b.p, b.n), ZSTD_CONTENTSIZE_UNKNOWN);
    MUST(unpack(buf_view(&b), false, &back, MI, &e));
    same(&back, p, MI);
}

TEST(C2_xz_that_needs_too_much_memory_is_refused)
{
    lzma_options_lzma lzma;
    CHECK(!lzma_lzma_preset(&lzma, 0));
    lzma.dict_size = 1 << 30; // what the header claims; the encoder would take as much
    lzma_filter filters[] = {{LZMA_FILTER_LZMA2, &lzma}, {LZMA_VLI_UNKNOWN, NULL}};
    uint8_t b[64] = {0};
    lzma_stream_flags flags = {.version = 0, .check = LZMA_CHECK_CRC32};
    EQ_INT(lzma_stream_header_encode(&flags, b), LZMA_OK);
    lzma_block block = {.version = 0, .check = LZMA_CHECK_CRC32, .filters = filters};
    block.compressed_size = block.uncompressed_size = LZMA_VLI_UNKNOWN;
    EQ_INT(lzma_block_header_size(&block), LZMA_OK);
    EQ_INT(lzma_block_header_encode(&block, b + LZMA_STREAM_HEADER_SIZE), LZMA_OK);
    REFUSED_BOTH(((struct str){(char *)b, sizeof b}), ERR_LIMIT, "xz: needs|the limit is 268435456");
}

TEST(C3_members_frames_and_streams_follow_each_other)
{
    for (size_t c = 0; c < COUNT(codecs); c++)
        for (int slow = 0; slow < 2; slow++) {
            drop_buf struct buf b = BUF_INIT(MI);
            drop_buf struct buf back = BUF_INIT(MI);
            pack(codecs[c], "one", 3, &b);
            pack(codecs[c], "", 0, &b);
            pack(codecs[c], "two", 3, &b);
            MUST(unpack(buf_view(&b), slow, &back, 100, &e));
            same(&back, "onetwo", 6);
        }
}

TEST(C3_xz_padding_between_streams_is_in_fours)
{
    static const struct {
        size_t n;
        bool good;
    } cases[] = {{4, true}, {8, true}, {1, false}, {3, false}, {5, false}, {6, false}};
    for (size_t i = 0; i < COUNT(cases); i++) {
        drop_buf struct buf b = BUF_INIT(MI);
        drop_buf struct buf back = BUF_INIT(MI);
        xz_of("one", 3, &b);
        buf_add(&b, "\0\0\0\0\0\0\0", cases[i].n);
        xz_of("two", 3, &b);
        buf_add(&b, "\0\0\0\0\0\0\0", cases[i].n);
        if (cases[i].good)
            MUST(unpack(buf_view(&b), true, &back, 100, &e));
        else
            REFUSED_BOTH(buf_view(&b), ERR_PARSE, "xz: trailing garbage behind the last stream");
    }
}

TEST(C4_trailing_garbage_is_refused)
{
    static const struct {
        const char *codec, *words;
    } cases[] = {
        {GZIP_1M, "gzip: trailing garbage behind the last member"},
        {"zstd-3", "zstd: trailing garbage behind the last frame"},
        {"xz", "xz: trailing garbage behind the last stream"},
    };
    static const struct str tails[] = {STR_INIT("\0"), STR_INIT("x"), STR_INIT("\0\0\0\0\0\0\0x"),
                                       STR_INIT("garbage of some length")};
    for (size_t c = 0; c < COUNT(cases); c++)
        for (size_t i = 0; i < COUNT(tails); i++) {
            drop_buf struct buf b = BUF_INIT(MI);
            pack(cases[c].codec, "some data", 9, &b);
            buf_str(&b, tails[i]);
            REFUSED_BOTH(buf_view(&b), ERR_PARSE, cases[c].words);
        }
}

TEST(C5_truncation_at_every_byte_is_refused)
{
    drop_free uint8_t *p = bytes_new(300);
    for (size_t c = 0; c < COUNT(codecs); c++) {
        drop_buf struct buf b = BUF_INIT(MI);
        pack(codecs[c], p, 300, &b);
        for (size_t n = 0; n < b.n; n++)
            for (int slow = 0; slow < 2; slow++) {
                drop_buf struct buf out = BUF_INIT(MI);
                struct source *from = source_memory(b.p, n);
                from = slow ? source_stingy(from) : from;
                from = c == 0 ? source_gzip(from) : c == 1 ? source_zstd(from) : source_xz(from);
                REFUSED(drain(from, &out, MI, &e), ERR_PARSE, "truncated");
            }
    }
}

TEST(C6_wrong_checksums_and_sizes_are_refused)
{
    drop_free uint8_t *p = bytes_new(5000);
    static const struct {
        const char *codec;
        size_t from_end;
        const char *words;
    } cases[] = {
        {GZIP_1M, 8, "gzip: crc mismatch|the trailer says"},
        {GZIP_1M, 5, "gzip: crc mismatch"},
        {GZIP_1M, 4, "gzip: size mismatch: 5000, the trailer says 5001"},
        {GZIP_1M, 1, "gzip: size mismatch"},
        {"zstd-3", 1, "zstd: checksum mismatch"},
        {"zstd-3", 4, "zstd: checksum mismatch"},
        {"xz", 1, "xz: invalid data or check mismatch"},
        {"xz", 12 + 8 + 1, "xz: invalid data or check mismatch"},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        drop_buf struct buf b = BUF_INIT(MI);
        pack(cases[i].codec, p, 5000, &b);
        b.p[b.n - cases[i].from_end] ^= 1;
        REFUSED_BOTH(buf_view(&b), ERR_PARSE, cases[i].words);
    }
}

TEST(C6_a_flipped_bit_never_passes)
{
    drop_free uint8_t *p = bytes_new(400);
    for (size_t c = 0; c < COUNT(codecs); c++) {
        drop_buf struct buf b = BUF_INIT(MI);
        pack(codecs[c], p, 400, &b);
        for (size_t bit = 0; bit < 8 * b.n; bit++) {
            drop_buf struct buf out = BUF_INIT(MI);
            b.p[bit / 8] ^= (char)(1 << bit % 8);
            struct err e = {0};
            struct source *from = source_memory(b.p, b.n);
            from = c == 0 ? source_gzip(from) : c == 1 ? source_zstd(from) : source_xz(from);
            // A gzip header says things that change nothing: time, system, the unused text flag.
            if (drain(from, &out, MI, &e) == 0)
                same(&out, p, 400);
            else
                CHECK(e.code == ERR_PARSE || e.code == ERR_LIMIT);
            b.p[bit / 8] ^= (char)(1 << bit % 8);
        }
    }
}

enum { FHCRC = 2, FEXTRA = 4, FNAME = 8, FCOMMENT = 16 };

// A member with "data" in it behind a header of these parts.
static void gzip_with(int flags, size_t extra, size_t name, size_t comment, struct buf *out)
{
    size_t start = out->n;
    buf_add(out, "\x1f\x8b\x08\0\0\0\0\0\0\3", 10);
    out->p[start + 3] = (char)flags;
    if (flags & FEXTRA) {
        buf_char(out, (char)(extra & 255));
        buf_char(out, (char)(extra >> 8));
        for (size_t i = 0; i < extra; i++)
            buf_char(out, 'e');
    }
    for (size_t i = 0; flags & FNAME && i <= name; i++)
        buf_char(out, i < name ? 'n' : 0);
    for (size_t i = 0; flags & FCOMMENT && i <= comment; i++)
        buf_char(out, i < comment ? 'c' : 0);
    if (flags & FHCRC) {
        unsigned long crc = crc32(0, (const Bytef *)out->p + start, (uInt)(out->n - start));
        buf_char(out, (char)(crc & 255));
        buf_char(out, (char)(crc >> 8 & 255));
    }
    drop_buf struct buf plain = BUF_INIT(1000);
    encode(GZIP_1M, "data", 4, &plain);
    buf_add(out, plain.p + 10, plain.n - 10);
}

TEST(C6_a_zstd_content_size_that_lies_is_refused)
{
    // Single segment, content size 168, one empty last block: what libzstd lets through when it comes in pieces.
    REFUSED_BOTH(STR("\x28\xb5\x2f\xfd\x20\xa8\x01\x00\x00"), ERR_PARSE, "zstd: ");
}

TEST(C7_gzip_headers_are_read_and_bounded)
{
    static const struct {
        int flags;
        size_t extra, name, comment;
        bool good;
    } cases[] = {
        {0, 0, 0, 0, true},
        {FHCRC, 0, 0, 0, true},
        {FEXTRA, 0, 0, 0, true},
        {FEXTRA | FNAME | FCOMMENT | FHCRC, 10, 20, 30, true},
        {FNAME, 0, 1000, 0, true},
        {FNAME, 0, STREAM_WINDOW - 10 - 1, 0, true},
        {FNAME, 0, STREAM_WINDOW - 10, 0, false},
        {FNAME, 0, 1 << 20, 0, false},
        {FCOMMENT, 0, 0, 70000, false},
        {FEXTRA, 65535, 0, 0, false},
        {FEXTRA, 65524, 0, 0, true},
        {FEXTRA, 65525, 0, 0, false},
        {FEXTRA | FNAME, 40000, 40000, 0, false},
    };
    for (size_t i = 0; i < COUNT(cases); i++)
        for (int slow = 0; slow < 2; slow++) {
            drop_buf struct buf b = BUF_INIT(4 * MI);
            drop_buf struct buf out = BUF_INIT(MI);
            gzip_with(cases[i].flags, cases[i].extra, cases[i].name, cases[i].comment, &b);
            if (cases[i].good) {
                MUST(unpack(buf_view(&b), slow, &out, 100, &e));
                same(&out, "data", 4);
            } else {
                REFUSED(unpack(buf_view(&b), slow, &out, 100, &e), ERR_LIMIT,
                        "gzip: header of more than 65536 bytes");
            }
        }
}

TEST(C7_gzip_headers_that_lie_are_refused)
{
    static const struct {
        struct str bytes;
        const char *words;
    } cases[] = {
        {STR_INIT("\x1f\x8b\x07\0\0\0\0\0\0\3"), "gzip: compression method 7, 8 (deflate) is known"},
        {STR_INIT("\x1f\x8b\x08\x20\0\0\0\0\0\3"), "gzip: reserved flags 0x20"},
        {STR_INIT("\x1f\x8b\x08\xe0\0\0\0\0\0\3"), "gzip: reserved flags 0xe0"},
        {STR_INIT("\x1f\x8b\x08\x08\0\0\0\0\0\3name without an end"), "gzip: truncated in the header"},
        {STR_INIT("\x1f\x8b\x08\x04\0\0\0\0\0\3\5"), "gzip: truncated in the header"},
        {STR_INIT("\x1f\x8b\x08\x04\0\0\0\0\0\3\5\0abcd"), "gzip: truncated in the header"},
        {STR_INIT("\x1f\x8b\x08\x02\0\0\0\0\0\3\0\0\3\0"), "gzip: header crc mismatch"},
        {STR_INIT("\x1f\x8b\x08\x00\0\0\0\0\0\3\x07"), "gzip: invalid block type"},
    };
    for (size_t i = 0; i < COUNT(cases); i++)
        REFUSED_BOTH(cases[i].bytes, ERR_PARSE, cases[i].words);
}

TEST(C8_bytes_of_another_codec_than_named_are_refused_with_both_names)
{
    static const char *const how[] = {"plain", GZIP_1M, "zstd-3", "xz"};
    for (enum codec is = CODEC_PLAIN; is < CODEC_MAX_; is++)
        for (enum codec named = CODEC_PLAIN; named < CODEC_MAX_; named++) {
            drop_buf struct buf b = BUF_INIT(1000);
            drop_buf struct buf out = BUF_INIT(1000);
            pack(how[is], "plain data", 10, &b);
            struct source *from = source_decoded_as(source_memory(b.p, b.n), named);
            if (is == named) {
                MUST(drain(from, &out, 100, &e));
                same(&out, "plain data", 10);
            } else {
                char words[64];
                snprintf(words, sizeof words, "named %s, but the bytes are %s", codec_name(named),
                         codec_name(is));
                REFUSED(drain(from, &out, 100, &e), ERR_PARSE, words);
            }
        }
}

TEST(C9_zstd_dictionary_is_refused)
{
    // One byte of dictionary id: 7.
    struct str frame = STR("\x28\xb5\x2f\xfd\x01\x58\x07\x01\x00\x00");
    REFUSED_BOTH(frame, ERR_PARSE, "zstd: the frame wants dictionary 7");
}

TEST(C10_skippable_frames_are_passed_and_bounded)
{
    for (int slow = 0; slow < 2; slow++) {
        drop_buf struct buf b = BUF_INIT(MI);
        drop_buf struct buf out = BUF_INIT(MI);
        buf_add(&b, "\x50\x2a\x4d\x18\3\0\0\0abc", 11);
        encode("zstd-3", "one", 3, &b);
        buf_add(&b, "\x5f\x2a\x4d\x18\0\0\0\0", 8);
        encode("zstd-3", "two", 3, &b);
        buf_add(&b, "\x55\x2a\x4d\x18\1\0\0\0z", 9);
        MUST(unpack(buf_view(&b), slow, &out, 100, &e));
        same(&out, "onetwo", 6);
    }
    REFUSED_BOTH(STR("\x50\x2a\x4d\x18\xff\xff\xff\xff"), ERR_LIMIT,
                 "zstd: skippable frames of more than 67108864 bytes");
    REFUSED_BOTH(STR("\x50\x2a\x4d\x18\5\0\0\0abcd"), ERR_PARSE, "zstd: skippable frame|truncated");
    REFUSED_BOTH(STR("\x50\x2a\x4d\x18\5\0"), ERR_PARSE, "zstd: truncated in a skippable frame");
    drop_buf struct buf many = BUF_INIT(128 * MI);
    for (int i = 0; i < 65; i++) {
        buf_add(&many, "\x50\x2a\x4d\x18\0\0\x10\0", 8);
        char *room = buf_room(&many, MI);
        memset(room, 0, MI);
        buf_commit(&many, MI);
    }
    drop_buf struct buf out = BUF_INIT(1);
    REFUSED(unpack(buf_view(&many), false, &out, 1, &e), ERR_LIMIT, "zstd: skippable frames");
}

TEST(C11_uncompressed_bytes_that_are_claimed_compressed_are_refused)
{
    static const struct {
        struct source *(*decode)(struct source *from);
        const char *words;
    } cases[] = {
        {source_gzip, "gzip: not gzip: no magic number"},
        {source_zstd, "zstd: not zstd: no magic number"},
        {source_xz, "xz: not xz: no magic number"},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        drop_buf struct buf out = BUF_INIT(100);
        REFUSED(drain(cases[i].decode(source_memory("plain bytes", 11)), &out, 100, &e), ERR_PARSE,
                cases[i].words);
        REFUSED(drain(cases[i].decode(source_memory("", 0)), &out, 100, &e), ERR_PARSE, "truncated");
    }
    drop_buf struct buf out = BUF_INIT(100);
    REFUSED(drain(source_decoded_as(source_memory("", 0), CODEC_GZIP), &out, 100, &e), ERR_PARSE,
            "named gzip, but the bytes are plain");
}

TEST(C12_decoded_output_at_the_limit_plus_and_minus_one)
{
    drop_free uint8_t *p = bytes_new(300000);
    for (size_t c = 0; c < COUNT(codecs); c++) {
        drop_buf struct buf b = BUF_INIT(MI);
        pack(codecs[c], p, 300000, &b);
        for (uint64_t max = 299999; max <= 300001; max++) {
            drop_buf struct buf out = BUF_INIT(MI);
            if (max >= 300000)
                MUST(unpack(buf_view(&b), false, &out, max, &e));
            else
                REFUSED(unpack(buf_view(&b), false, &out, max, &e), ERR_LIMIT, "limit of 299999 bytes");
        }
    }
}
