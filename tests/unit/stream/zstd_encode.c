// SPDX-License-Identifier: Apache-2.0
#include "bytes.h"
#include <zstd.h>

TEST(the_same_bytes_for_any_windows)
{
    static const size_t sizes[] = {0, 1, 262143, 262144, 262145, 1500000};
    drop_free uint8_t *p = bytes_new(1500000);
    for (size_t i = 0; i < COUNT(sizes); i++) {
        drop_buf struct buf want = BUF_INIT(4 << 20);
        encode("zstd-3", p, sizes[i], &want);
        for (uint32_t seed = 1; seed < 4; seed++) {
            uint32_t x = seed * 104729;
            drop_buf struct buf got = BUF_INIT(4 << 20);
            drop_(sink_drop) struct sink *to = sink_zstd(sink_buffer(&got), 3);
            for (size_t at = 0; at < sizes[i];) {
                size_t min = 1 + bytes_next(&x) % STREAM_WINDOW, part = bytes_next(&x) % (min + 1);
                struct span room;
                MUST(sink_room(to, min, &room, &e));
                part = part < sizes[i] - at ? part : sizes[i] - at;
                memcpy(room.p, p + at, part);
                MUST(sink_commit(to, part, &e));
                at += part;
            }
            MUST(sink_finish(to, &e));
            CHECK(str_eq(buf_view(&got), buf_view(&want)));
        }
        drop_buf struct buf back = BUF_INIT(4 << 20);
        MUST(drain(source_zstd(source_memory(want.p, want.n)), &back, sizes[i], &e));
        CHECK(back.n == sizes[i] && memcmp(back.p ? back.p : "", p, back.n) == 0);
    }
}

TEST(every_level_of_the_list_reads_back)
{
    drop_free uint8_t *p = bytes_new(700000);
    size_t n;
    const struct encoder *list = encoder_list(&n);
    for (size_t i = 0; i < n; i++) {
        drop_buf struct buf b = BUF_INIT(4 << 20);
        drop_buf struct buf back = BUF_INIT(4 << 20);
        encode(list[i].name, p, 700000, &b);
        MUST(drain(source_decoded_as(source_memory(b.p, b.n), list[i].codec), &back, 700000, &e));
        CHECK(back.n == 700000 && memcmp(back.p, p, back.n) == 0);
    }
}

TEST(frames_have_a_checksum)
{
    drop_buf struct buf b = BUF_INIT(1000);
    encode("zstd-1", "abc", 3, &b);
    CHECK(b.n > 4 && b.p[4] & 4);
    EQ_UINT(ZSTD_getFrameContentSize(b.p, b.n), ZSTD_CONTENTSIZE_UNKNOWN);
}
