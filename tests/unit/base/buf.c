// SPDX-License-Identifier: Apache-2.0
#include "base/buf.h"
#include "test.h"

TEST(buf_grows_up_to_its_limit)
{
    drop_buf struct buf b = BUF_INIT(10);
    EQ_STR(buf_view(&b), "");
    buf_text(&b, "abc");
    buf_char(&b, 'd');
    buf_str(&b, STR("ef"));
    buf_printf(&b, "%04d", 7);
    EQ_STR(buf_view(&b), "abcdef0007");
    EQ_INT(b.p[10], 0);
    MUST(buf_finish(&b, "it", &e));
    buf_add(&b, "", 0);
    MUST(buf_finish(&b, "it", &e));
    buf_char(&b, 'x');
    EQ_STR(buf_view(&b), "abcdef0007");
    REFUSED(buf_finish(&b, "it", &e), ERR_LIMIT, "it: larger than the limit of 10 bytes");
}

TEST(buf_remembers_that_it_overflowed)
{
    drop_buf struct buf b = BUF_INIT(4);
    buf_printf(&b, "%s", "12345");
    buf_text(&b, "ok");
    EQ_STR(buf_view(&b), "");
    REFUSED(buf_finish(&b, "it", &e), ERR_LIMIT, "it");
    buf_clear(&b);
    buf_text(&b, "ok");
    MUST(buf_finish(&b, "it", &e));
    EQ_STR(buf_view(&b), "ok");
    buf_free(&b);
    EQ_UINT(b.max, 4);
    buf_text(&b, "more");
    EQ_STR(buf_view(&b), "more");
}

TEST(buf_room_is_what_was_asked_for)
{
    drop_buf struct buf b = BUF_INIT(SIZE_MAX / 2);
    for (size_t n = 0; n < 3000; n += 7) {
        char *room = buf_room(&b, n);
        memset(room, 'r', n);
        buf_commit(&b, n);
    }
    for (size_t i = 0; i < b.n; i++)
        EQ_INT(b.p[i], 'r');
    drop_buf struct buf none = BUF_INIT(0);
    CHECK(buf_room(&none, 0) && !buf_room(&none, 1));
}

TEST(buf_keeps_any_byte)
{
    drop_buf struct buf b = BUF_INIT(100);
    buf_add(&b, "a\0b", 3);
    buf_char(&b, 0);
    EQ_UINT(b.n, 4);
    CHECK(memcmp(b.p, "a\0b\0", 5) == 0);
}
