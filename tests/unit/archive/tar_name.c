// SPDX-License-Identifier: Apache-2.0
#include "archive/tar_read.h"
#include "test.h"

TEST(T1_T2_T3_T14_T16_names_made_fit)
{
    static const char *const rows[][2] = {
        {"a", "a"},
        {"a/b", "a/b"},
        {"/etc/passwd", "etc/passwd"},
        {"./a", "a"},
        {"././/a//b/./c/", "a/b/c"},
        {"//a", "a"},
        {"/", ""},
        {".", ""},
        {"./", ""},
        {"/./.", ""},
        {"...", "..."},
        {"..a/a..", "..a/a.."},
        {".wh..wh..opq", ".wh..wh..opq"},
        {"-rf", "-rf"},
        {"a\nb\x1b", "a\nb\x1b"},
        {"\xff\xfe", "\xff\xfe"},
        {"a\\b", "a\\b"},
        {"C:/x", "C:/x"},
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        char out[LIMIT_PATH];
        MUST(tar_name_clean(str_of(rows[i][0]), out, &e));
        EQ_TEXT(out, rows[i][1]);
    }
    static const char *const leaving[] = {"..", "../x", "a/../../x", "a/..", "/..", "./../a", "a/../b"};
    for (size_t i = 0; i < COUNT(leaving); i++) {
        char out[LIMIT_PATH] = "untouched";
        REFUSED(tar_name_clean(str_of(leaving[i]), out, &e), ERR_DENIED, "\"..\"");
        EQ_TEXT(out, "untouched");
    }
}

TEST(T15_T17_T20_T21_T22_names_that_cannot_be)
{
    drop_(arena_free) struct arena *a = arena_new(4096);
    char out[LIMIT_PATH], *deep = arena_get(a, 40000, 1);
    memset(deep, 'n', 40000);
    REFUSED(tar_name_clean(STR(""), out, &e), ERR_PARSE, "empty name");
    REFUSED(tar_name_clean(STR("a\0b"), out, &e), ERR_PARSE, "a\\x00b|NUL");
    MUST(tar_name_clean((struct str){deep, 255}, out, &e));
    REFUSED(tar_name_clean((struct str){deep, 256}, out, &e), ERR_LIMIT, "256|255");
    for (size_t i = 1; i < 40000; i += 2)
        deep[i] = '/';
    MUST(tar_name_clean((struct str){deep, 4095}, out, &e));
    EQ_UINT(strlen(out), 4095);
    REFUSED(tar_name_clean((struct str){deep, 4097}, out, &e), ERR_LIMIT, "4097|4095");
    REFUSED(tar_name_clean((struct str){deep, 20000}, out, &e), ERR_LIMIT, "20000"); // 10,000 deep
    memset(deep, '/', 5000);
    REFUSED(tar_name_clean((struct str){deep, 5000}, out, &e), ERR_LIMIT, "5000");
}

TEST(targets_of_symbolic_links_are_data)
{
    static const char *const rows[] = {"/etc/passwd", "../../..", "nowhere", "a//b/", ".", "\x1b"};
    char out[LIMIT_PATH], longest[LIMIT_PATH + 1];
    for (size_t i = 0; i < COUNT(rows); i++) {
        MUST(tar_symlink_clean(str_of(rows[i]), out, &e));
        EQ_TEXT(out, rows[i]);
    }
    memset(longest, 'x', sizeof longest);
    MUST(tar_symlink_clean((struct str){longest, LIMIT_PATH - 1}, out, &e));
    REFUSED(tar_symlink_clean((struct str){longest, LIMIT_PATH}, out, &e), ERR_LIMIT, "link target of 4096");
    REFUSED(tar_symlink_clean(STR(""), out, &e), ERR_PARSE, "empty link target");
    REFUSED(tar_symlink_clean(STR("a\0"), out, &e), ERR_PARSE, "NUL in a link target");
}

TEST(T4_T5_says_whether_a_link_stays)
{
    static const struct {
        const char *name, *target;
        bool stays;
    } rows[] = {
        {"a", "b", true},        {"a", "..", false},           {"a/b", "..", true},
        {"a/b", "../..", false}, {"a/b", "../c/../..", false}, {"a/b/c", "../../x", true},
        {"a", "/x", false},      {"a", "./../x", false},       {"a", "x/..", true},
        {"a", "x/../..", false}, {"a/b", "..//./c", true},
    };
    for (size_t i = 0; i < COUNT(rows); i++)
        CHECK_MSG(tar_symlink_stays(rows[i].name, rows[i].target) == rows[i].stays, "%s -> %s", rows[i].name,
                  rows[i].target);
}
