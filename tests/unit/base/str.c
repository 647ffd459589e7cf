// SPDX-License-Identifier: Apache-2.0
#include "base/str.h"
#include "test.h"

TEST(str_compares_bytes)
{
    CHECK(str_eq(STR("a"), STR("a")) && !str_eq(STR("a"), STR("b")) && !str_eq(STR("a"), STR("ab")));
    CHECK(str_eq((struct str){0}, STR("")) && str_is(STR(""), "") && str_is(str_of(NULL), ""));
    CHECK(str_cmp(STR("a"), STR("b")) < 0 && str_cmp(STR("b"), STR("a")) > 0 &&
          str_cmp(STR("a"), STR("a")) == 0);
    CHECK(str_cmp(STR("a"), STR("ab")) < 0 && str_cmp(STR("ab"), STR("a")) > 0 &&
          str_cmp((struct str){0}, STR("a")) < 0);
    CHECK(str_cmp(STR("\x7f"), STR("\x80")) < 0);
    CHECK(str_has_prefix(STR("abc"), "ab") && str_has_prefix(STR(""), "") && !str_has_prefix(STR("a"), "ab"));
    CHECK(str_has_suffix(STR("abc"), "bc") && str_has_suffix(STR("a"), "") &&
          !str_has_suffix(STR("c"), "bc"));
}

TEST(str_lower_is_ascii)
{
    drop_(arena_free) struct arena *a = arena_new(64);
    EQ_STR(str_lower(a, STR("AZaz09@[`{ \xc3\x84")), "azaz09@[`{ \xc3\x84");
    EQ_STR(str_lower(a, (struct str){0}), "");
}

TEST(str_bool_is_as_in_go)
{
    static const char *const yes[] = {"1", "t", "T", "TRUE", "true", "True"};
    static const char *const no[] = {"0", "f", "F", "FALSE", "false", "False"};
    static const char *const none[] = {"", "2", "yes", "tRUE", "true ", "y"};
    for (size_t i = 0; i < COUNT(yes); i++) {
        bool a = false, b = true, c = true;
        CHECK_MSG(str_bool(str_of(yes[i]), &a) && a, "%s", yes[i]);
        CHECK_MSG(str_bool(str_of(no[i]), &b) && !b, "%s", no[i]);
        CHECK_MSG(!str_bool(str_of(none[i]), &c) && c, "%s", none[i]);
    }
}

TEST(str_finds)
{
    size_t at = 77;
    CHECK(!str_find(STR("abc"), 'x', &at) && !str_find_last(STR(""), 'x', &at) &&
          !str_find((struct str){0}, 0, &at));
    EQ_UINT(at, 77);
    CHECK(str_find(STR("abcb"), 'b', &at));
    EQ_UINT(at, 1);
    CHECK(str_find_last(STR("abcb"), 'b', &at));
    EQ_UINT(at, 3);
    EQ_STR(str_trim(STR(" \t\r\na b\n ")), "a b");
    EQ_STR(str_trim(STR(" \n")), "");
    EQ_STR(str_trim(STR("\va")), "\va");
}

TEST(str_cut_gives_every_piece)
{
    static const struct {
        const char *text;
        const char *pieces[4];
        size_t n;
    } cases[] = {
        {"a,b,c", {"a", "b", "c"}, 3}, {"", {""}, 1},        {",", {"", ""}, 2},
        {"a,", {"a", ""}, 2},          {",a", {"", "a"}, 2},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct str rest = str_of(cases[i].text), piece;
        size_t n = 0;
        while (str_cut(&rest, ',', &piece)) {
            CHECK(n < cases[i].n);
            EQ_STR(piece, cases[i].pieces[n++]);
        }
        EQ_UINT(n, cases[i].n);
        CHECK(!rest.p && !str_cut(&rest, ',', &piece));
    }
}

TEST(str_lines_end_with_lf_or_crlf)
{
    struct str rest = STR("a\r\n\nb\r\r\nc"), line;
    static const char *const want[] = {"a", "", "b\r", "c"};
    for (size_t i = 0; i < COUNT(want); i++) {
        CHECK(str_next_line(&rest, &line));
        EQ_STR(line, want[i]);
    }
    CHECK(!str_next_line(&rest, &line));
    rest = STR("only\n");
    CHECK(str_next_line(&rest, &line) && !str_next_line(&rest, &line));
    rest = STR("");
    CHECK(!str_next_line(&rest, &line));
}

TEST(str_numbers_are_whole_and_inside)
{
    uint64_t u = 77;
    int64_t i = 77;
    static const char *const bad[] = {
        "", " 1", "1 ", "+1", "-1", "0x1", "1.0", "18446744073709551616", "99999999999999999999999"};
    for (size_t k = 0; k < COUNT(bad); k++)
        CHECK_MSG(!str_u64(str_of(bad[k]), 0, UINT64_MAX, &u), "%s", bad[k]);
    CHECK(!str_u64(STR("9"), 10, 20, &u) && !str_u64(STR("21"), 10, 20, &u) &&
          !str_u64((struct str){"1\0", 2}, 0, 9, &u));
    EQ_UINT(u, 77);
    CHECK(str_u64(STR("18446744073709551615"), 0, UINT64_MAX, &u) && u == UINT64_MAX);
    CHECK(str_u64(STR("007"), 0, 9, &u) && u == 7);
    static const char *const bad_i[] = {"", "-", "--1", "9223372036854775808", "-9223372036854775809", "1-"};
    for (size_t k = 0; k < COUNT(bad_i); k++)
        CHECK_MSG(!str_i64(str_of(bad_i[k]), INT64_MIN, INT64_MAX, &i), "%s", bad_i[k]);
    EQ_INT(i, 77);
    CHECK(str_i64(STR("-9223372036854775808"), INT64_MIN, INT64_MAX, &i) && i == INT64_MIN);
    CHECK(str_i64(STR("9223372036854775807"), INT64_MIN, INT64_MAX, &i) && i == INT64_MAX);
    CHECK(str_i64(STR("-5"), -5, 5, &i) && i == -5 && !str_i64(STR("-6"), -5, 5, &i) &&
          !str_i64(STR("6"), -5, 5, &i));
    CHECK(str_octal(STR("0755"), 07777, &u) && u == 0755);
    CHECK(!str_octal(STR("8"), 07777, &u) && !str_octal(STR("10000"), 07777, &u) &&
          !str_octal(STR(""), 1, &u));
}

TEST(str_utf8_is_strict)
{
    static const struct {
        const char *text;
        size_t bad_at;
    } bad[] = {
        {"a\x80", 1},
        {"\xc0\x80", 0},
        {"\xc1\xbf", 0},
        {"\xe0\x9f\xbf", 0},
        {"\xed\xa0\x80", 0},
        {"\xf0\x8f\xbf\xbf", 0},
        {"\xf4\x90\x80\x80", 0},
        {"\xf5\x80\x80\x80", 0},
        {"\xff", 0},
        {"ok\xc3", 2},
        {"\xe2\x82", 0},
        {"\xf0\x9f\x98", 0},
        {"\xc3(", 0},
        {"\xc3\xa4\xe2(\xa1", 2},
    };
    for (size_t i = 0; i < COUNT(bad); i++) {
        size_t at = 77;
        CHECK_MSG(!str_utf8(str_of(bad[i].text), &at), "case %zu", i);
        EQ_UINT(at, bad[i].bad_at);
    }
    size_t at = 77;
    CHECK(str_utf8(
        STR("plain \xc3\xa4 \xe2\x82\xac \xf0\x9f\x98\x80 \xed\x9f\xbf \xee\x80\x80 \xf4\x8f\xbf\xbf"), &at));
    CHECK(str_utf8(STR(""), &at) && str_utf8((struct str){0}, &at) && at == 77);
}

TEST(str_printable_leaves_nothing_for_a_terminal_to_obey)
{
    drop_(arena_free) struct arena *a = arena_new(0);
    EQ_STR(str_printable(a, STR("a\x1b[31m\tb\n"), 100), "a\\x1b[31m\\x09b\\x0a");
    EQ_STR(str_printable(a, STR("\xc3\xa4 \xff \x7f \xc2\x9b"), 100), "\xc3\xa4 \\xff \\x7f \\xc2\\x9b");
    EQ_STR(str_printable(a, STR("abcdef"), 3), "abc...");
    EQ_STR(str_printable(a, STR("abc"), 3), "abc");
    EQ_STR(str_printable(a, (struct str){"a\0b", 3}, 9), "a\\x00b");
    // The last character before the limit may be the longest one.
    EQ_STR(str_printable(a, STR("\x01\xc2\x9bxxx"), 2), "\\x01\\xc2\\x9b...");
    EQ_STR(str_printable(a, STR("\x01\xf0\x9f\x98\x80xxx"), 2), "\\x01\xf0\x9f\x98\x80...");
    EQ_STR(str_printable(a, STR("\xc2\x9bxxx"), 1), "\\xc2\\x9b...");
}

TEST(str_cat_puts_pieces_behind_each_other)
{
    drop_(arena_free) struct arena *a = arena_new(0);
    struct str got = STR_CAT(a, STR("a"), STR(""), (struct str){0}, STR("/"), STR("bc"));
    EQ_STR(got, "a/bc");
    EQ_UINT(strlen(got.p), 4);
    EQ_STR(STR_CAT(a, (struct str){0}), "");
    EQ_UINT(STR_CAT(a, (struct str){"x\0y", 3}, STR("z")).n, 4);
}

TEST(strv_sorts_and_finds)
{
    drop_(arena_free) struct arena *a = arena_new(0);
    struct strv v = {0};
    strv_sort(&v);
    CHECK(!strv_has(&v, STR("a")));
    static const char *const words[] = {"b", "", "a/b", "a-b", "a", "\xff", "B", "ab"};
    for (int round = 0; round < 100; round++)
        strv_add(a, &v, str_of(words[round % 8]));
    strv_sort(&v);
    EQ_UINT(v.n, 100);
    for (size_t i = 1; i < v.n; i++)
        CHECK(str_cmp(v.v[i - 1], v.v[i]) <= 0);
    CHECK(strv_has(&v, STR("a-b")) && !strv_has(&v, STR("c")));
    EQ_STR(v.v[99], "\xff");
}

TEST(str_copies_are_terminated)
{
    drop_(arena_free) struct arena *a = arena_new(0);
    EQ_TEXT(str_c(a, str_head(STR("abcdef"), 3)), "abc");
    EQ_TEXT(str_c(a, (struct str){0}), "");
    EQ_STR(str_printf(a, "%s-" PRI_STR, "x", STR_ARG(STR("yz"))), "x-yz");
    CHECK(str_has_nul((struct str){"a\0", 2}) && !str_has_nul(STR("a")) && !str_has_nul((struct str){0}));
}
