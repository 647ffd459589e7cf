// SPDX-License-Identifier: Apache-2.0
#include "helpers/helpers.h"
#include "test.h"

TEST(helper_is_named_by_argv0)
{
    static const struct {
        const char *self, *want;
    } cases[] = {
        {"inspector", "inspector"},
        {"/layers/x/node/exec.d/1-inspector", "inspector"},
        {"/layers/x/node/exec.d/web/12-optimize-memory", "optimize-memory"},
        {"./0-ca-certificates", "ca-certificates"},
        {"setup-symlinks", "setup-symlinks"},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        const struct helper *got = NULL;
        MUST(helper_find(cases[i].self, &got, &e));
        EQ_TEXT(got->name, cases[i].want);
    }
    static const char *const bad[] = {"", "helpers", "1-", "inspector-1", "-inspector", "/inspector/"};
    for (size_t i = 0; i < COUNT(bad); i++) {
        const struct helper *got = NULL;
        REFUSED(helper_find(bad[i], &got, &e), ERR_USAGE,
                "not a helper|ca-certificates|inspector|optimize-memory|setup-symlinks");
        CHECK(!got);
    }
}

TEST(helper_flags_are_booleans)
{
    drop_(arena_free) struct arena *a = arena_new(0);
    static const struct {
        const char *text;
        bool want;
    } cases[] = {{"true", true}, {"1", true}, {"T", true}, {"", false}, {"false", false}, {"0", false}};
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct strmap env = {0};
        bool got = !cases[i].want;
        strmap_set(a, &env, STR("X"), str_of(cases[i].text));
        MUST(helper_flag(&env, "X", &got, &e));
        CHECK(got == cases[i].want);
    }
    struct strmap env = {0};
    bool got = true;
    MUST(helper_flag(&env, "X", &got, &e));
    CHECK(!got);
    strmap_set(a, &env, STR("X"), STR("yes"));
    REFUSED(helper_flag(&env, "X", &got, &e), ERR_USAGE, "X|is \"yes\"|want true or false");
}

TEST(inspector)
{
    static const struct {
        const char *enabled, *port, *options, *want; // want NULL: nothing is set
    } cases[] = {
        {NULL, "9000", NULL, NULL},
        {"false", "none", NULL, NULL},
        {"true", NULL, NULL, "--inspect"},
        {"true", "", "--use-openssl-ca", "--use-openssl-ca --inspect"},
        {"true", "9000", "--a  ", "--a --inspect=127.0.0.1:9000"},
        {"true", "9000", "--inspect-brk=1", NULL},
        {"true", "9000", "--x --inspect", NULL},
    };
    drop_(arena_free) struct arena *a = arena_new(0);
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct strmap env = {0}, out = {0};
        if (cases[i].enabled)
            strmap_set(a, &env, STR("BPL_DEBUG_ENABLED"), str_of(cases[i].enabled));
        if (cases[i].port)
            strmap_set(a, &env, STR("BPL_DEBUG_PORT"), str_of(cases[i].port));
        if (cases[i].options)
            strmap_set(a, &env, STR("NODE_OPTIONS"), str_of(cases[i].options));
        MUST(helper_inspector(a, &(struct helper_in){.env = &env}, &out, &e));
        EQ_UINT(out.n, cases[i].want ? 1 : 0);
        if (cases[i].want)
            EQ_STR(*strmap_get(&out, STR("NODE_OPTIONS")), cases[i].want);
    }
    static const char *const ports[] = {"0", "65536", "9229 --require /x", "x", "-1"};
    for (size_t i = 0; i < COUNT(ports); i++) {
        struct strmap env = {0}, out = {0};
        strmap_set(a, &env, STR("BPL_DEBUG_ENABLED"), STR("true"));
        strmap_set(a, &env, STR("BPL_DEBUG_PORT"), str_of(ports[i]));
        REFUSED(helper_inspector(a, &(struct helper_in){.env = &env}, &out, &e), ERR_USAGE,
                "BPL_DEBUG_PORT|want 1 to 65535");
        EQ_UINT(out.n, 0);
    }
}
