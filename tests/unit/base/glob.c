// SPDX-License-Identifier: Apache-2.0
#include "base/glob.h"
#include "base/limits.h"
#include "test.h"

// By hand, as Go's filepath.Match answers on Linux.
static const struct {
    const char *pattern, *name;
    enum glob want;
} cases[] = {
    {"abc", "abc", GLOB_YES},
    {"*", "abc", GLOB_YES},
    {"*c", "abc", GLOB_YES},
    {"a*", "a", GLOB_YES},
    {"a*", "abc", GLOB_YES},
    {"a*", "ab/c", GLOB_NO},
    {"a*/b", "abc/b", GLOB_YES},
    {"a*/b", "a/c/b", GLOB_NO},
    {"a*b*c*d*e*/f", "axbxcxdxe/f", GLOB_YES},
    {"a*b*c*d*e*/f", "axbxcxdxexxx/f", GLOB_YES},
    {"a*b*c*d*e*/f", "axbxcxdxe/xxx/f", GLOB_NO},
    {"a*b*c*d*e*/f", "axbxcxdxexxx/fff", GLOB_NO},
    {"a*b?c*x", "abxbbxdbxebxczzx", GLOB_YES},
    {"a*b?c*x", "abxbbxdbxebxczzy", GLOB_NO},
    {"ab[c]", "abc", GLOB_YES},
    {"ab[b-d]", "abc", GLOB_YES},
    {"ab[e-g]", "abc", GLOB_NO},
    {"ab[^c]", "abc", GLOB_NO},
    {"ab[^b-d]", "abc", GLOB_NO},
    {"ab[^e-g]", "abc", GLOB_YES},
    {"a\\*b", "a*b", GLOB_YES},
    {"a\\*b", "ab", GLOB_NO},
    {"a?b",
     "a\xe2\x98\xba"
     "b",
     GLOB_YES},
    {"a[^a]b",
     "a\xe2\x98\xba"
     "b",
     GLOB_YES},
    {"a???b",
     "a\xe2\x98\xba"
     "b",
     GLOB_NO},
    {"a[^a][^a][^a]b",
     "a\xe2\x98\xba"
     "b",
     GLOB_NO},
    {"[a-\xce\xb6]*", "\xce\xb1", GLOB_YES},
    {"*[a-\xce\xb6]", "A", GLOB_NO},
    {"a?b", "a/b", GLOB_NO},
    {"a*b", "a/b", GLOB_NO},
    {"[\\]a]", "]", GLOB_YES},
    {"[\\-]", "-", GLOB_YES},
    {"[x\\-]", "x", GLOB_YES},
    {"[x\\-]", "-", GLOB_YES},
    {"[x\\-]", "z", GLOB_NO},
    {"[\\-x]", "x", GLOB_YES},
    {"[\\-x]", "a", GLOB_NO},
    {"[]a]", "]", GLOB_ERROR},
    {"[-]", "-", GLOB_ERROR},
    {"[x-]", "x", GLOB_ERROR},
    {"[x-]", "z", GLOB_ERROR},
    {"[-x]", "x", GLOB_ERROR},
    {"\\", "a", GLOB_ERROR},
    {"[a-b-c]", "a", GLOB_ERROR},
    {"[", "a", GLOB_ERROR},
    {"[^", "a", GLOB_ERROR},
    {"[^bc", "a", GLOB_ERROR},
    {"a[", "a", GLOB_ERROR},
    {"a[", "ab", GLOB_ERROR},
    {"a[", "x", GLOB_ERROR},
    {"a/b[", "x", GLOB_ERROR},
    {"*x", "xxx", GLOB_YES},
    {"", "", GLOB_YES},
    {"", "a", GLOB_NO},
    {"*", "", GLOB_YES},
    {"*", "a/b", GLOB_NO},
    {"**", "a/b", GLOB_NO},
    {"**", "ab", GLOB_YES},
    {"**/b", "a/b", GLOB_YES},
    {"**/b", "a/a/b", GLOB_NO},
    {"*/*", "a/b", GLOB_YES},
    {"[^a]", "/", GLOB_YES},
    {"a[^x]b", "a/b", GLOB_YES},
    {"[", "", GLOB_ERROR},
    {"*[", "b/b", GLOB_ERROR},
    {"[\\", "a", GLOB_ERROR},
    {"[a\\", "a", GLOB_ERROR},
    {"a\\", "b", GLOB_ERROR},
    {"[^^]", "a", GLOB_YES},
    {"[^^]", "^", GLOB_NO},
    {"[*]", "*", GLOB_YES},
    {"[*]", "a", GLOB_NO},
    {"[[]", "[", GLOB_YES},
    {"?", "\xff", GLOB_YES},
    {"??", "\xc3\xa4", GLOB_NO},
    {"*?", "\xc3\xa4", GLOB_YES},
    {"[\xff]", "a", GLOB_ERROR},
    {"\xff", "\xff", GLOB_YES},
    {"[\xef\xbf\xbd]", "\xff", GLOB_YES},
    {"a\\bc", "abc", GLOB_YES},
    {"*.jar", ".jar", GLOB_YES},
    {"lib/*.jar", "lib/a.b.jar", GLOB_YES},
    {"lib/*.jar", "lib/x/a.jar", GLOB_NO},
    {"]", "]", GLOB_YES},
    {"a-b", "a-b", GLOB_YES},
};

TEST(glob_match_as_go_does)
{
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct err e = {0};
        enum glob got = glob_match(str_of(cases[i].pattern), str_of(cases[i].name), &e);
        CHECK_MSG(got == cases[i].want, "\"%s\" against \"%s\": %d, want %d", cases[i].pattern, cases[i].name,
                  got, cases[i].want);
        EQ_INT(e.code, got == GLOB_ERROR ? ERR_USAGE : ERR_NONE);
    }
}

TEST(glob_errors_show_the_pattern)
{
    REFUSED(glob_check(STR("a/[b"), &e), ERR_USAGE, "\"a/[b\": malformed pattern");
    MUST(glob_check(STR("a/[b]*\\*"), &e));
}

TEST(glob_hostile_patterns_take_no_time)
{
    char pattern[400], name[2000];
    for (size_t i = 0; i < sizeof pattern; i += 2)
        memcpy(pattern + i, "*a", 2);
    memset(name, 'a', sizeof name);
    name[sizeof name - 1] = 'b';
    struct err e = {0};
    EQ_INT(glob_match((struct str){pattern, sizeof pattern}, (struct str){name, sizeof name}, &e), GLOB_NO);
    EQ_INT(glob_match((struct str){pattern, sizeof pattern}, (struct str){name, sizeof name - 1}, &e),
           GLOB_YES);
}

TEST(glob_plain_has_no_special_byte)
{
    CHECK(glob_is_plain(STR("a/b-c].^")));
    CHECK(glob_is_plain(STR("")));
    CHECK(glob_is_plain((struct str){"a\0b", 3}));
    CHECK(!glob_is_plain(STR("a*")) && !glob_is_plain(STR("a?")) && !glob_is_plain(STR("[")) &&
          !glob_is_plain(STR("\\a")));
}

TEST(glob_refuses_patterns_of_megabytes)
{
    static char pattern[LIMIT_PATH];
    memset(pattern, 'b', sizeof pattern);
    memcpy(pattern, "*[", 2);
    pattern[sizeof pattern - 1] = ']';
    REFUSED(glob_match((struct str){pattern, sizeof pattern}, STR("a"), &e), ERR_LIMIT, "4096 bytes|4095");
    pattern[sizeof pattern - 2] = ']';
    MUST(glob_check((struct str){pattern, sizeof pattern - 1}, &e));
}
