// SPDX-License-Identifier: Apache-2.0
#include "stream/ahead.h"
#include "bytes.h"

enum { TOTAL = 5 << 20 };

TEST(ahead_shows_up_to_its_max_and_less_only_at_the_end)
{
    drop_free uint8_t *p = bytes_new(TOTAL);
    for (int slow = 0; slow < 2; slow++) {
        struct source *from = source_memory(p, TOTAL);
        drop_(source_drop) struct source *s = source_ahead(slow ? source_stingy(from) : from);
        uint32_t seed = 17;
        for (size_t at = 0; at < TOTAL;) {
            uint32_t r = bytes_next(&seed);
            size_t min = 1 + r % (r & 1u << 31 ? AHEAD_MAX : STREAM_WINDOW);
            struct view v;
            MUST(ahead_peek(s, min, &v, &e));
            CHECK(v.n >= min || v.n == TOTAL - at);
            CHECK(memcmp(v.p, p + at, v.n) == 0);
            size_t part = bytes_next(&seed) % (slow ? 70000 : 700000);
            part = part < TOTAL - at ? part : TOTAL - at;
            MUST(source_skip(s, part, &e));
            at += part;
        }
        REFUSED(source_skip(s, 1, &e), ERR_PARSE, "truncated");
    }
}

TEST(ahead_does_not_copy_what_the_source_shows_anyway)
{
    drop_free uint8_t *p = bytes_new(TOTAL);
    drop_(source_drop) struct source *s = source_ahead(source_memory(p, TOTAL));
    struct view v;
    MUST(ahead_peek(s, AHEAD_MAX, &v, &e));
    CHECK(v.p == p && v.n == TOTAL);
    MUST(source_peek(s, 1, &v, &e));
    CHECK(v.p == p);
}
