// SPDX-License-Identifier: Apache-2.0
#include "bytes.h"

TEST(peek_shows_at_least_min_and_less_only_at_the_end)
{
    drop_(source_drop) struct source *s = source_stingy(source_memory("abcdef", 6));
    struct view v;
    MUST(source_peek(s, 4, &v, &e));
    EQ_UINT(v.n, 4);
    MUST(source_peek(s, 0, &v, &e));
    EQ_UINT(v.n, 1);
    MUST(source_skip(s, 4, &e));
    MUST(source_peek(s, 4, &v, &e));
    EQ_UINT(v.n, 2);
    CHECK(memcmp(v.p, "ef", 2) == 0);
    MUST(source_skip(s, 2, &e));
    MUST(source_peek(s, 1, &v, &e));
    EQ_UINT(v.n, 0);
    MUST(source_skip(s, 0, &e));
    REFUSED(source_skip(s, 1, &e), ERR_PARSE, "truncated|1 bytes wanted");
}

TEST(read_takes_exactly_n_across_windows)
{
    drop_free uint8_t *p = bytes_new(200000);
    drop_free uint8_t *got = xmalloc(200000);
    drop_(source_drop) struct source *s = source_made(200000);
    drop_(source_drop) struct source *again = source_made(200000);
    MUST(source_read(s, got, 131072 + 7, &e));
    MUST(source_read(again, p, 200000, &e));
    CHECK(memcmp(got, p, 131072 + 7) == 0);
    MUST(source_read(s, got, 0, &e));
    REFUSED(source_read(s, got, 200000, &e), ERR_PARSE, "truncated|200000 bytes wanted, 68921 are there");
}

TEST(write_and_zeros_go_through_windows_of_any_size)
{
    drop_buf struct buf b = BUF_INIT(1 << 20);
    drop_(sink_drop) struct sink *to = sink_buffer(&b);
    drop_free uint8_t *p = bytes_new(300001);
    MUST(sink_write(to, p, 300001, &e));
    MUST(sink_write(to, p, 0, &e));
    MUST(sink_zeros(to, 70000, &e));
    MUST(sink_finish(to, &e));
    EQ_UINT(b.n, 370001);
    CHECK(memcmp(b.p, p, 300001) == 0);
    for (size_t i = 300001; i < b.n; i++)
        CHECK(b.p[i] == 0);
}

TEST(C12_pump_at_the_limit_plus_and_minus_one)
{
    drop_free uint8_t *p = bytes_new(100000);
    static const struct {
        uint64_t max;
        bool fits;
    } cases[] = {{99999, false}, {100000, true}, {100001, true}, {UINT64_MAX, true}, {0, false}};
    for (size_t i = 0; i < COUNT(cases); i++) {
        drop_buf struct buf b = BUF_INIT(1 << 20);
        if (cases[i].fits)
            MUST(drain(source_memory(p, 100000), &b, cases[i].max, &e));
        else
            REFUSED(drain(source_memory(p, 100000), &b, cases[i].max, &e), ERR_LIMIT,
                    "more than the limit of");
        CHECK(b.n <= cases[i].max);
    }
    drop_buf struct buf b = BUF_INIT(10);
    MUST(drain(source_memory(p, 0), &b, 0, &e));
}
