// SPDX-License-Identifier: Apache-2.0
#include "version/semver.h"
#include "test.h"
#include <fcntl.h>

TEST(semver_parts)
{
    struct semver v;
    drop_(arena_free) struct arena *a = arena_new(256);
    MUST(semver_parse(STR("1.22.333-rc.1-x+build.01"), &v, &e));
    EQ_UINT(v.num[0], 1);
    EQ_UINT(v.num[1], 22);
    EQ_UINT(v.num[2], 333);
    EQ_STR(v.pre, "rc.1-x");
    EQ_STR(v.build, "build.01");
    EQ_STR(semver_format(a, &v), "1.22.333-rc.1-x+build.01");
    MUST(semver_parse(STR("9007199254740991.0.0"), &v, &e));
    EQ_UINT(v.num[0], SEMVER_NUMBER_MAX);
}

static const struct {
    const char *text, *want;
    int parts;
} lenient[] = {
    {"1.2.3", "1.2.3", 3},     {"v1.2.3", "1.2.3", 3},      {"V1.2.3", "1.2.3", 3},
    {"=v1.2.3", "1.2.3", 3},   {"18", "18.0.0", 1},         {"18.2", "18.2.0", 2},
    {" 18.2 \n", "18.2.0", 2}, {"1.2-rc1", "1.2.0-rc1", 2}, {"01.02.03", "1.2.3", 3},
    {"8.0+9", "8.0.0+9", 2},   {"1.2.3-01", "1.2.3-01", 3},
};

TEST(semver_lenient_forms)
{
    drop_(arena_free) struct arena *a = arena_new(256);
    for (size_t i = 0; i < COUNT(lenient); i++) {
        struct semver v;
        MUST(semver_parse_lenient(str_of(lenient[i].text), &v, &e));
        EQ_STR(semver_format(a, &v), lenient[i].want);
        EQ_INT(v.parts, lenient[i].parts);
    }
}

static const struct {
    const char *text, *words;
} strict_refused[] =
    {
        {"", "is empty"},
        {"1", "character 2|ends here|'.' and the minor number"},
        {"1.2", "character 4|the patch number"},
        {"v1.2.3", "character 1|'v'|a number"},
        {"1.2.x", "character 5|'x'|want a number"},
        {"01.2.3", "character 1|leading zeros"},
        {"1.2.3-01", "character 7|leading zeros"},
        {"1.2.3-", "character 7|identifier"},
        {"1.2.3-a..b", "character 9|'.'|identifier"},
        {"1.2.3+", "character 7|identifier"},
        {"1.2.3+a+b", "character 8|'+'|its end"},
        {"1.2.3.4", "character 6|'.'|its end"},
        {"1.2.3 ", "character 6|byte 0x20"},
        {"1.2.3-\xc3\xa9", "character 7|byte 0xc3"},
        {"9007199254740992.0.0", "above 9007199254740991"},
        {"99999999999999999999.0.0", "above"},
        {"-1.0.0", "character 1|'-'"},
},
  lenient_refused[] = {
      {"", "is empty"},
      {"v", "ends here"},
      {"lts", "character 1|'l'"},
      {"1..2", "character 3|'.'"},
      {"1.2.3.4", "character 6"},
      {"1 2", "character 2|byte 0x20"},
      {"x", "'x'"},
      {"1.2.3-é", "byte 0xc3"},
};

TEST(semver_refuses)
{
    struct semver v = {.parts = 9};
    for (size_t i = 0; i < COUNT(strict_refused); i++)
        REFUSED(semver_parse(str_of(strict_refused[i].text), &v, &e), ERR_PARSE, strict_refused[i].words);
    for (size_t i = 0; i < COUNT(lenient_refused); i++)
        REFUSED(semver_parse_lenient(str_of(lenient_refused[i].text), &v, &e), ERR_PARSE,
                lenient_refused[i].words);
    char longer[300];
    memset(longer, '1', sizeof longer);
    memcpy(longer, "1.0.0-", 6);
    REFUSED(semver_parse((struct str){longer, 257}, &v, &e), ERR_PARSE, "257 bytes long, want at most 256");
    MUST(semver_parse((struct str){longer, 256}, &(struct semver){0}, &e));
    EQ_INT(v.parts, 9);
}

// Every pair of the list, which npm's semver has put into its own order.
TEST(semver_orders_as_npm)
{
    drop_(arena_free) struct arena *a = arena_new(4096);
    struct str rest = test_read(a, AT_FDCWD, test_data(a, "semver/order.tsv")), line;
    struct semver v[300];
    size_t n = 0;
    while (str_next_line(&rest, &line) && n < COUNT(v)) {
        MUST(semver_parse(line, &v[n], &e));
        n++;
    }
    CHECK(n > 150);
    for (size_t i = 0; i < n; i++)
        for (size_t k = i; k < n; k++) {
            CHECK(semver_cmp(&v[i], &v[k]) <= 0);
            CHECK(semver_cmp(&v[k], &v[i]) == -semver_cmp(&v[i], &v[k]));
            CHECK(semver_cmp_build(&v[i], &v[k]) <= 0);
        }
}

TEST(semver_long_numbers_in_pre_releases)
{
    struct semver a, b;
    MUST(semver_parse(STR("1.0.0-99999999999999999999999999"), &a, &e));
    MUST(semver_parse(STR("1.0.0-100000000000000000000000000"), &b, &e));
    CHECK(semver_cmp(&a, &b) < 0);
}
