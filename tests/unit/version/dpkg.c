// SPDX-License-Identifier: Apache-2.0
#include "version/dpkg.h"
#include "test.h"
#include <errno.h>
#include <fcntl.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

static const struct {
    const char *a, *b;
    int order;
} orders[] = {
    {"1.0", "1.0", 0},
    {"1.0", "1.1", -1},
    {"1.9", "1.10", -1},
    {"0:1.0", "1.0", 0},
    {"1:0.1", "9.9", 1},
    {"1.0-0", "1.0", 0},
    {"1.0-00", "1.0", 0},
    {"1.0-1", "1.0", 1},
    {"1.0~rc1", "1.0", -1},
    {"1.0~~", "1.0~", -1},
    {"1.0~~a", "1.0~", -1},
    {"1.0~", "1.0", -1},
    {"1.0a", "1.0", 1},
    {"1.0a", "1.0+", -1},
    {"1.0a", "1.0Z", 1},
    {"1.0.", "1.0a", 1},
    {"1.00001", "1.1", 0},
    {"1.0-1~bpo12+1", "1.0-1", -1},
    {"1.0-1+b1", "1.0-1", 1},
    {"1.0-1+deb12u1", "1.0-1+deb12u2", -1},
    {"2:1.0-1-1", "2:1.0-1-2", -1},
    {"1:2:3", "1:2:4", -1},
    {"99999999999999999999999999", "99999999999999999999999998", 1},
    {"7.0.0000000000000000000000000000001", "7.0.1", 0},
    {"1.2.3~rc1-1", "1.2.3~rc1-1~", 1},
    {"0~", "0", -1},
};

TEST(dpkg_orders)
{
    for (size_t i = 0; i < COUNT(orders); i++) {
        int got = 9, back = 9;
        MUST(dpkg_version_order(str_of(orders[i].a), str_of(orders[i].b), &got, &e));
        MUST(dpkg_version_order(str_of(orders[i].b), str_of(orders[i].a), &back, &e));
        CHECK_MSG((got > 0) - (got < 0) == orders[i].order, "%s %s: %d", orders[i].a, orders[i].b, got);
        CHECK_MSG((back > 0) - (back < 0) == -orders[i].order, "%s %s: %d", orders[i].b, orders[i].a, back);
    }
}

TEST(dpkg_parts)
{
    struct dpkg_version v;
    MUST(dpkg_version_parse(STR("12:1.2-3-4+b5"), &v, &e));
    EQ_UINT(v.epoch, 12);
    EQ_STR(v.upstream, "1.2-3");
    EQ_STR(v.revision, "4+b5");
    MUST(dpkg_version_parse(STR("0"), &v, &e));
    EQ_STR(v.revision, "");
}

static const struct {
    const char *text, *words;
} refused[] = {
    {"", "is empty"},
    {"a1", "character 1|begins with 'a'"},
    {":1", "epoch"},
    {"a:1", "character 1|'a'|digits in the epoch"},
    {"-1:1", "character 1"},
    {"2147483648:1", "above 2147483647"},
    {"99999999999999999999:1", "above"},
    {"1:", "character 3|upstream version is empty"},
    {"1.0-", "character 4|revision"},
    {"-1", "upstream version is empty"},
    {"1 0", "character 2|byte 0x20"},
    {" 1", "character 1|byte 0x20"},
    {"1\n", "byte 0x0a|\\x0a"},
    {"1_0", "character 2|'_'"},
    {"1.0-a:b", "digits in the epoch"},
    {"1:1.0-a:b", "character 8|':'|in the revision"},
    {"1.0-\xc3\xa9", "byte 0xc3"},
};

TEST(dpkg_refuses)
{
    struct dpkg_version v = {.epoch = 7};
    for (size_t i = 0; i < COUNT(refused); i++)
        REFUSED(dpkg_version_parse(str_of(refused[i].text), &v, &e), ERR_PARSE, refused[i].words);
    REFUSED(dpkg_version_parse((struct str){"1\0002", 3}, &v, &e), ERR_PARSE, "byte 0x00");
    EQ_UINT(v.epoch, 7);
}

TEST(dpkg_relations)
{
    static const char *const texts[] = {"<<", "<=", "=", ">=", ">>"};
    static const bool holds[][5] = {{1, 1, 0, 0, 0}, {0, 1, 1, 1, 0}, {0, 0, 0, 1, 1}}; // for <, =, >
    struct dpkg_version one, v[3];
    MUST(dpkg_version_parse(STR("1-1"), &one, &e));
    MUST(dpkg_version_parse(STR("1"), &v[0], &e));
    MUST(dpkg_version_parse(STR("0:1-01"), &v[1], &e));
    MUST(dpkg_version_parse(STR("1-2"), &v[2], &e));
    for (int r = 0; r < 5; r++) {
        enum dpkg_relation rel = DPKG_RELATION_MAX_;
        MUST(dpkg_relation_parse(str_of(texts[r]), &rel, &e));
        EQ_TEXT(dpkg_relation_text(rel), texts[r]);
        for (int i = 0; i < 3; i++)
            EQ_INT(dpkg_relation_holds(&v[i], rel, &one), holds[i][r]);
    }
    enum dpkg_relation rel;
    MUST(dpkg_relation_parse(STR("<"), &rel, &e));
    EQ_INT(rel, DPKG_LE);
    MUST(dpkg_relation_parse(STR(">"), &rel, &e));
    EQ_INT(rel, DPKG_GE);
    REFUSED(dpkg_relation_parse(STR("=="), &rel, &e), ERR_PARSE, "\"==\"|want <<");
    REFUSED(dpkg_relation_parse(STR(""), &rel, &e), ERR_PARSE, "want <<");
}

static int by_dpkg(const void *a, const void *b)
{
    struct err e = {0};
    int order = 0;
    ck_assert(dpkg_version_order(*(const struct str *)a, *(const struct str *)b, &order, &e) == 0);
    return order;
}

// Is the relation true for /usr/bin/dpkg? -1: no such program.
static int ask_dpkg(const char *a, const char *relation, const char *b)
{
    char *argv[] = {
        (char[]){"dpkg"}, (char[]){"--compare-versions"}, xstrdup(a), xstrdup(relation), xstrdup(b), NULL};
    char *envp[] = {NULL};
    pid_t pid;
    int status = -1, rc = posix_spawn(&pid, "/usr/bin/dpkg", NULL, NULL, argv, envp);
    for (int i = 2; i < 5; i++)
        free(argv[i]);
    if (rc)
        return -1;
    while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
        ;
    return WIFEXITED(status) && WEXITSTATUS(status) < 2 ? WEXITSTATUS(status) == 0 : -1;
}

static void check_pair(struct str a, struct str b)
{
    drop_(arena_free) struct arena *mem = arena_new(256);
    int order = by_dpkg(&a, &b);
    const char *relation = order < 0 ? "lt-nl" : order > 0 ? "gt-nl" : "eq";
    const char *ta = str_c(mem, a), *tb = str_c(mem, b);
    CHECK_MSG(ask_dpkg(ta, relation, tb) == 1, "dpkg denies that %s %s %s", ta, relation, tb);
}

static uint32_t next_random(uint32_t *seed)
{
    *seed ^= *seed << 13;
    *seed ^= *seed >> 17;
    *seed ^= *seed << 5;
    return *seed;
}

static struct str make_version(struct arena *a, uint32_t *seed)
{
    static const char *const bits[] = {"0", "1", "9", "10", "01",  "~", "~~", "a",
                                       "Z", "+", ".", ".0", "~rc", "-", "-1"};
    struct str s = str_printf(a, "%s%u",
                              next_random(seed) % 4   ? ""
                              : next_random(seed) % 2 ? "0:"
                                                      : "1:",
                              next_random(seed) % 3);
    for (uint32_t n = next_random(seed) % 5; n > 0; n--)
        s = str_printf(a, PRI_STR "%s", STR_ARG(s), bits[next_random(seed) % COUNT(bits)]);
    while (s.p[s.n - 1] == '-')
        s.n--;
    return s;
}

TEST_SECONDS(dpkg_agrees_with_dpkg, 120)
{
    if (ask_dpkg("1", "eq", "1") < 0)
        SKIP("no /usr/bin/dpkg");
    drop_(arena_free) struct arena *a = arena_new(4096);
    uint32_t seed = 20240101;
    for (int i = 0; i < 1500; i++)
        check_pair(make_version(a, &seed), make_version(a, &seed));
}

// Real versions in dpkg's own order: where all neighbours agree, the whole order does.
TEST_SECONDS(dpkg_agrees_on_real_versions, 120)
{
    drop_(arena_free) struct arena *a = arena_new(4096);
    struct str rest = test_read(a, AT_FDCWD, test_data(a, "version/debian.txt")), line, last = {0};
    bool ask = ask_dpkg("1", "eq", "1") >= 0;
    size_t n = 0;
    for (; str_next_line(&rest, &line); last = line, n++) {
        if (!n)
            continue;
        CHECK_MSG(by_dpkg(&last, &line) <= 0, PRI_STR " is above " PRI_STR, STR_ARG(last), STR_ARG(line));
        if (ask && n % 3 == 0)
            check_pair(last, line);
    }
    EQ_UINT(n, 900);
}
