// SPDX-License-Identifier: Apache-2.0
#include "bytes.h"

TEST(taps_pass_the_window_of_the_last_sink_through)
{
    uint64_t total;
    struct digest d;
    drop_(sink_drop) struct sink *gzip = sink_gzip(sink_null(), NULL, 1);
    drop_(sink_drop) struct sink *to =
        sink_count(sink_hash(sink_limit(sink_keep(gzip), 1 << 30, "x"), HASH_SHA256, &d), &total);
    struct span inner, outer;
    for (int i = 0; i < 20; i++) {
        MUST(sink_room(gzip, 1, &inner, &e));
        MUST(sink_room(to, 1, &outer, &e));
        CHECK(inner.p == outer.p && inner.n == outer.n);
        memset(outer.p, 'a', outer.n);
        MUST(sink_commit(to, outer.n < 99991 ? outer.n : 99991, &e));
    }
}

TEST(count_hash_and_tee_see_what_was_committed)
{
    drop_free uint8_t *p = bytes_new(300000);
    drop_buf struct buf a = BUF_INIT(1 << 20);
    drop_buf struct buf b = BUF_INIT(1 << 20);
    uint64_t total = 77;
    struct digest d = {0}, want;
    drop_(sink_drop) struct sink *to =
        sink_hash(sink_count(sink_tee(sink_buffer(&a), sink_buffer(&b)), &total), HASH_SHA256, &d);
    EQ_UINT(total, 0);
    uint32_t seed = 5;
    for (size_t at = 0; at < 300000;) {
        size_t min = 1 + bytes_next(&seed) % STREAM_WINDOW, part = bytes_next(&seed) % (min + 1);
        struct span room;
        MUST(sink_room(to, min, &room, &e));
        CHECK(room.n >= min);
        part = part < 300000 - at ? part : 300000 - at;
        memcpy(room.p, p + at, part);
        MUST(sink_commit(to, part, &e));
        at += part;
        EQ_UINT(total, at);
    }
    EQ_INT(d.alg, HASH_NONE);
    MUST(sink_finish(to, &e));
    digest_of(HASH_SHA256, p, 300000, &want);
    CHECK(digest_eq(&d, &want));
    CHECK(a.n == 300000 && memcmp(a.p, p, a.n) == 0);
    CHECK(b.n == 300000 && memcmp(b.p, p, b.n) == 0);
}

TEST(C12_limits_of_sinks_and_sources_at_plus_and_minus_one)
{
    for (uint64_t max = 99; max <= 101; max++) {
        drop_free uint8_t *p = bytes_new(100);
        drop_buf struct buf b = BUF_INIT(1 << 20);
        drop_buf struct buf c = BUF_INIT(1 << 20);
        drop_(sink_drop) struct sink *to = sink_limit(sink_buffer(&b), max, "layer");
        struct source *from = source_limit(source_memory(p, 100), max, "blob");
        struct source *slow = source_limit(source_stingy(source_memory(p, 100)), max, "blob");
        if (max >= 100) {
            MUST(sink_write(to, p, 100, &e));
            MUST(drain(from, &b, 1000, &e));
            MUST(drain(slow, &c, 1000, &e));
            CHECK(c.n == 100 && memcmp(c.p, p, 100) == 0);
        } else {
            REFUSED(sink_write(to, p, 100, &e), ERR_LIMIT, "layer: more than the limit of 99 bytes");
            REFUSED(drain(from, &b, 1000, &e), ERR_LIMIT, "blob: more than the limit of 99 bytes");
            REFUSED(drain(slow, &c, 1000, &e), ERR_LIMIT, "blob: more than the limit of 99 bytes");
        }
    }
}

TEST(a_limited_source_refuses_windows_and_skips_past_its_limit)
{
    drop_(source_drop) struct source *s = source_limit(source_memory("abcdefgh", 8), 5, "blob");
    struct view v;
    MUST(source_peek(s, 5, &v, &e));
    EQ_UINT(v.n, 5);
    REFUSED(source_peek(s, 6, &v, &e), ERR_LIMIT, "blob");
    REFUSED(source_skip(s, 6, &e), ERR_LIMIT, "blob");
    drop_(source_drop) struct source *fits = source_limit(source_memory("abc", 3), 5, "blob");
    MUST(source_peek(fits, 5, &v, &e));
    EQ_UINT(v.n, 3);
    REFUSED(source_skip(fits, 4, &e), ERR_PARSE, "truncated");
}

TEST(keep_leaves_the_borrowed_sink_open)
{
    drop_buf struct buf b = BUF_INIT(100);
    drop_(sink_drop) struct sink *to = sink_buffer(&b);
    for (int i = 0; i < 3; i++) {
        drop_(sink_drop) struct sink *part = sink_keep(to);
        MUST(sink_write(part, "ab", 2, &e));
        MUST(sink_finish(part, &e));
    }
    MUST(sink_finish(to, &e));
    EQ_STR(buf_view(&b), "ababab");
}

TEST(source_hash_sets_the_digest_at_the_end)
{
    drop_free uint8_t *p = bytes_new(200000);
    struct digest d = {0}, want;
    digest_of(HASH_SHA512, p, 200000, &want);
    drop_(source_drop) struct source *s = source_hash(source_memory(p, 200000), HASH_SHA512, &d);
    struct view v;
    MUST(source_peek(s, 10, &v, &e));
    MUST(source_peek(s, 1000, &v, &e));
    MUST(source_skip(s, 100001, &e));
    EQ_INT(d.alg, HASH_NONE);
    drop_(sink_drop) struct sink *nowhere = sink_null();
    MUST(pump(s, nowhere, UINT64_MAX, &e));
    CHECK(digest_eq(&d, &want));
    MUST(source_peek(s, 1, &v, &e));
    CHECK(digest_eq(&d, &want));
    REFUSED(source_skip(s, 1, &e), ERR_PARSE, "truncated");
}

TEST(a_part_is_the_next_n_bytes_and_no_more)
{
    drop_(source_drop) struct source *whole = source_memory("headbodytail", 12);
    MUST(source_skip(whole, 4, &e));
    {
        drop_(source_drop) struct source *part = source_part(whole, 4);
        struct view v;
        MUST(source_peek(part, 100, &v, &e));
        CHECK(v.n == 4 && memcmp(v.p, "body", 4) == 0);
        REFUSED(source_skip(part, 5, &e), ERR_PARSE, "truncated|the part has 4 left");
        MUST(source_skip(part, 4, &e));
        MUST(source_peek(part, 1, &v, &e));
        EQ_UINT(v.n, 0);
    }
    drop_(source_drop) struct source *empty = source_part(whole, 0);
    drop_(source_drop) struct source *longer = source_part(whole, 5);
    struct view v;
    MUST(source_peek(empty, 1, &v, &e));
    EQ_UINT(v.n, 0);
    MUST(source_peek(longer, 4, &v, &e));
    EQ_UINT(v.n, 4);
    REFUSED(source_peek(longer, 5, &v, &e), ERR_PARSE, "truncated: 1 of 5 bytes are missing");
    drop_buf struct buf b = BUF_INIT(100);
    drop_(sink_drop) struct sink *to = sink_buffer(&b);
    REFUSED(pump(longer, to, 100, &e), ERR_PARSE, "truncated: 1 of 5");
}
