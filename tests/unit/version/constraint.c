// SPDX-License-Identifier: Apache-2.0
#include "version/constraint.h"
#include "test.h"
#include <fcntl.h>

#define M CONSTRAINT_MASTERMINDS
#define N CONSTRAINT_NPM
#define G CONSTRAINT_GEM

static const struct {
    const char *text;
    enum constraint_dialect dialect;
    const char *yes, *no; // blank-separated versions
} cases[] = {
    {"*", M, "0.0.0 1.2.3", "1.2.3-a"},
    {"", N, "1.2.3", "1.2.3-a"},
    {"18", M, "18.0.0 18.20.1", "17.9.9 19.0.0 18.1.0-rc1"},
    {"18.2.*", M, "18.2.0 18.2.9", "18.3.0 18.1.9"},
    {"=1.2.3", M, "1.2.3 1.2.3+b", "1.2.4"},
    {"~> 1.2", M, "1.2.0 1.2.9", "1.3.0 2.0.0"},
    {"~> 1.2", N, "1.2.0 1.2.9", "1.3.0 2.0.0"},
    {"~> 1.2", G, "1.2.0 1.9.9", "1.1.9 2.0.0 2.0.0-a"},
    {"~> 1.2.3", G, "1.2.3 1.2.9", "1.3.0 1.2.2"},
    {"~> 3", G, "3.0.0 3.9.0", "4.0.0 2.9.9"},
    {"3.2", G, "3.2.0", "3.2.1"},
    {"> 3.2", G, "3.2.1", "3.2.0"},
    {"> 3.2", M, "3.3.0 4.0.0", "3.2.1 3.2.0"},
    {">= 3.0, < 3.4", G, "3.3.9 3.0.0", "3.4.0"},
    {"^1.2.3", M, "1.2.3 1.9.0", "1.2.2 2.0.0 2.0.0-a"},
    {"^0.2.3", M, "0.2.3 0.2.9", "0.3.0 0.2.2"},
    {"^0.0.3", M, "0.0.3", "0.0.4 0.0.2"},
    {"^0.0", M, "0.0.0 0.0.9", "0.1.0"},
    {"1.2 - 1.4", M, "1.2.0 1.4.9", "1.5.0 1.1.9"},
    {"1.2 - 1.4, != 1.3", M, "1.2.0 1.4.9", "1.3.5"},
    {"!=1.2.3", M, "1.2.4", "1.2.3"},
    {"=>1,=<2", M, "1.0.0 2.9.0", "3.0.0"},
    {">=1.2-0", M, "1.2.0-alpha 1.2.0", "1.1.9"},
    {">=1.2.0-0, <2", M, "1.5.0-a 1.5.0", "2.0.0"},
    {">=1.2.0-0 <2", N, "1.2.0-a 1.5.0", "1.5.0-a 2.0.0-a"},
    {"<1.0.0 || >=2.3.1 <2.4 || 9.x", N, "0.9.0 2.3.9 9.9.9", "1.0.0 2.4.0 8.0.0"},
    {"<*", N, NULL, "0.0.0 1.0.0"},
    {"v18", M, "18.1.0", "17.0.0"},
    {">= v18", M, "18.1.0 20.0.0", "17.0.0"},
    {"1.x.3", M, "1.9.0", "2.0.0"},
    {" >=1 ,\t<2 ", M, "1.5.0", "2.0.0"},
    {"1.2.3-rc.1", M, "1.2.3-rc.1", "1.2.3 1.2.3-rc.2"},
};

static void check_each(const struct constraint *c, const char *versions, bool want)
{
    struct str rest = str_of(versions), one;
    while (versions && str_cut(&rest, ' ', &one)) {
        struct semver v;
        MUST(semver_parse(one, &v, &e));
        CHECK_MSG(constraint_matches(c, &v) == want, "\"" PRI_STR "\" and " PRI_STR ": want %s",
                  STR_ARG(constraint_text(c)), STR_ARG(one), want ? "yes" : "no");
    }
}

TEST(constraint_cases)
{
    drop_(arena_free) struct arena *a = arena_new(4096);
    for (size_t i = 0; i < COUNT(cases); i++) {
        const struct constraint *c = NULL;
        MUST(constraint_parse(a, str_of(cases[i].text), cases[i].dialect, &c, &e));
        check_each(c, cases[i].yes, true);
        check_each(c, cases[i].no, false);
    }
}

static const struct {
    const char *text, *words;
} refused[] = {
    {"", "\"\"|character 1|ends here|* stands for any"},
    {" ", "* stands for any"},
    {"||1", "character 1|* stands for any"},
    {"1 || ", "character 6|ends here"},
    {"1 | 2", "character 4|byte 0x20|a second '|'"},
    {">=", "character 3|ends here|a number, x or *"},
    {"lts", "character 1|'l'|a number, x or *"},
    {"==1", "character 2|'='"},
    {"~=1.2", "character 2|'='"},
    {"1.2,", "character 5|after ','"},
    {",1.2", "character 1|','"},
    {"1,,2", "character 3|','"},
    {">=1<2", "character 4|'<'|a blank"},
    {"1.2.3.4", "character 6|'.'"},
    {"^1.2.3-", "character 8|identifier"},
    {"1.2.a", "character 5|'a'"},
    {"1 - ", "character 5|ends here"},
    {"99999999999999999", "character 1|above 9007199254740991"},
    {"1\n\x1b[2J", "byte 0x1b|\\x1b"},
};

TEST(constraint_refuses)
{
    drop_(arena_free) struct arena *a = arena_new(4096);
    const struct constraint *c = NULL;
    for (size_t i = 0; i < COUNT(refused); i++)
        REFUSED(constraint_parse(a, str_of(refused[i].text), CONSTRAINT_MASTERMINDS, &c, &e), ERR_PARSE,
                refused[i].words);
    char text[2000];
    memset(text, ' ', sizeof text);
    REFUSED(constraint_parse(a, (struct str){text, 1025}, CONSTRAINT_NPM, &c, &e), ERR_PARSE, "1025 bytes");
    for (size_t i = 0; i < 1000; i += 2)
        text[i] = '1';
    REFUSED(constraint_parse(a, (struct str){text, 1000}, CONSTRAINT_NPM, &c, &e), ERR_PARSE,
            "128 comparators");
    CHECK(!c);
}

// Lines of constraint, version, yes | no | error.
static void check_table(const char *file, enum constraint_dialect d, size_t want)
{
    drop_(arena_free) struct arena *a = arena_new(65536);
    struct str rest = test_read(a, AT_FDCWD, test_data(a, file)), line, text, version;
    size_t n = 0;
    for (; str_next_line(&rest, &line); n++) {
        const struct constraint *c = NULL;
        struct semver v;
        ck_assert(str_cut(&line, '\t', &text) && str_cut(&line, '\t', &version));
        MUST(semver_parse(version, &v, &e));
        bool ok = constraint_parse(a, text, d, &c, NULL) == 0;
        const char *got = !ok ? "error" : constraint_matches(c, &v) ? "yes" : "no";
        CHECK_MSG(str_is(line, got), "\"" PRI_STR "\" and " PRI_STR ": %s, want " PRI_STR, STR_ARG(text),
                  STR_ARG(version), got, STR_ARG(line));
    }
    CHECK_MSG(n == want, "%zu lines", n);
}

TEST(constraint_agrees_with_npm)
{
    check_table("semver/npm.tsv", CONSTRAINT_NPM, 700);
}

TEST(constraint_agrees_with_masterminds)
{
    check_table("semver/masterminds.tsv", CONSTRAINT_MASTERMINDS, 700);
}

TEST(constraint_best_of_a_list)
{
    static const char *const texts[] = {"18.1.0",  "20.3.0",   "20.10.0",  "21.0.0-rc1",
                                        "20.10.0", "17.0.9+9", "17.0.9+11"};
    drop_(arena_free) struct arena *a = arena_new(4096);
    struct semver list[COUNT(texts)];
    const struct constraint *c;
    size_t at = 99;
    for (size_t i = 0; i < COUNT(texts); i++)
        MUST(semver_parse_lenient(str_of(texts[i]), &list[i], &e));
    MUST(constraint_parse(a, STR(">=18"), M, &c, &e));
    CHECK(constraint_best(c, list, COUNT(list), &at));
    EQ_UINT(at, 2);
    MUST(constraint_parse(a, STR("17"), M, &c, &e));
    CHECK(constraint_best(c, list, COUNT(list), &at));
    EQ_UINT(at, 6);
    MUST(constraint_parse(a, STR("16"), M, &c, &e));
    CHECK(!constraint_best(c, list, COUNT(list), &at));
    EQ_UINT(at, 6);
    CHECK(!constraint_best(c, list, 0, &at));
}
