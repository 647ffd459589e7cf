// SPDX-License-Identifier: Apache-2.0
#include "cnb/env.h"
#include "test.h"

// One case: what stands in the environment, the files, what comes out ("-" = unset).
struct env_case {
    const char *before, *files[8], *want;
};

static void put(int dir, const char *path, const char *text)
{
    test_write(dir, path, text, strlen(text));
}

static const struct env_case suffixes[] = {
    {"A=1", {"A", "2"}, "2"},
    {"A=1", {"A.override", "2"}, "2"},
    {"A=1", {"A.default", "2"}, "1"},
    {"A=", {"A.default", "2"}, "2"},
    {"B=", {"A.default", "2"}, "2"},
    {"A=1", {"A.append", "2"}, "12"},
    {"A=1", {"A.append", "2", "A.delim", ";"}, "1;2"},
    {"A=", {"A.append", "2", "A.delim", ";"}, "2"},
    {"A=1", {"A.prepend", "2", "A.delim", ":"}, "2:1"},
    {"A=1", {"A.prepend", "2"}, "21"},
    {"A=1", {"A.b.append", "2"}, "1"},
    {"A=1", {"A.unknown", "2"}, "1"},
    {"A=1", {"A", "two\nlines\n"}, "two\nlines\n"},
    {"A=1", {".append", "2"}, "1"},
    {"A=1", {"A.d/x", "2"}, "1"},
};

TEST(env_file_suffixes)
{
    drop_(arena_free) struct arena *a = arena_new(0);
    for (size_t i = 0; i < COUNT(suffixes); i++) {
        const struct env_case *c = &suffixes[i];
        const char *dir = arena_printf(a, "case%zu", i);
        for (size_t f = 0; f < COUNT(c->files) && c->files[f]; f += 2)
            put(t->dir, arena_printf(a, "%s/%s", dir, c->files[f]), c->files[f + 1]);
        struct strmap env = {0};
        strmap_set(a, &env, str_head(str_of(c->before), 1), str_of(c->before + 2));
        MUST(env_files(a, &env, t->dir, dir, ENV_PLAIN_OVERRIDE, &e));
        const struct str *got = strmap_get(&env, STR("A"));
        CHECK_MSG(got && str_is(*got, c->want), "case %zu: got " PRI_STR, i,
                  STR_ARG(got ? *got : STR("(unset)")));
    }
}

TEST(env_files_without_suffix_differ_by_place)
{
    drop_(arena_free) struct arena *a = arena_new(0);
    put(t->dir, "env/A", "2");
    static const struct {
        enum env_plain plain;
        const char *want;
    } rows[] = {{ENV_PLAIN_OVERRIDE, "2"}, {ENV_PLAIN_DEFAULT, "1"}, {ENV_PLAIN_PREPEND, "2:1"}};
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct strmap env = {0};
        strmap_set(a, &env, STR("A"), STR("1"));
        MUST(env_files(a, &env, t->dir, "env", rows[i].plain, &e));
        EQ_STR(*strmap_get(&env, STR("A")), rows[i].want);
    }
}

TEST(O15_names_that_no_variable_can_have)
{
    drop_(arena_free) struct arena *a = arena_new(0);
    struct strmap env = {0};
    put(t->dir, "eq/A=B", "x");
    REFUSED(env_files(a, &env, t->dir, "eq", ENV_PLAIN_OVERRIDE, &e), ERR_PARSE, "eq|A=B");
    put(t->dir, "p/env/A=B", "x");
    REFUSED(env_platform(a, &env, t->dir, "p/env", &e), ERR_PARSE, "A=B");
    EQ_UINT(env.n, 0);
}

TEST(B16_env_values_with_nul_or_too_long)
{
    drop_(arena_free) struct arena *a = arena_new(0);
    struct strmap env = {0};
    test_write(t->dir, "nul/A", "x\0y", 3);
    REFUSED(env_files(a, &env, t->dir, "nul", ENV_PLAIN_OVERRIDE, &e), ERR_PARSE, "nul|A|NUL");
    drop_free char *big = xcalloc(200000, 1);
    memset(big, 'x', 200000);
    test_write(t->dir, "big/A", big, 200000);
    REFUSED(env_files(a, &env, t->dir, "big", ENV_PLAIN_OVERRIDE, &e), ERR_LIMIT, "A|131071");
    CHECK(symlinkat("nowhere", t->dir, "dangling") == 0);
    put(t->dir, "link/B", "1");
    drop_fd int fd = -1;
    MUST(path_open(t->dir, "link", 0, 0, &fd, &e));
    CHECK(symlinkat("nowhere", fd, "A") == 0);
    REFUSED(env_files(a, &env, t->dir, "link", ENV_PLAIN_OVERRIDE, &e), ERR_PARSE, "link|A|neither");
}

TEST(env_platform_puts_path_variables_in_front)
{
    drop_(arena_free) struct arena *a = arena_new(0);
    struct strmap env = {0};
    strmap_set(a, &env, STR("PATH"), STR("/bin"));
    strmap_set(a, &env, STR("HOME"), STR("/root"));
    put(t->dir, "env/PATH", "/user");
    put(t->dir, "env/HOME", "/home/cnb");
    put(t->dir, "env/A.append", "text");
    MUST(env_platform(a, &env, t->dir, "env", &e));
    MUST(env_platform(a, &env, t->dir, "absent", &e));
    EQ_STR(*strmap_get(&env, STR("PATH")), "/user:/bin");
    EQ_STR(*strmap_get(&env, STR("HOME")), "/home/cnb");
    EQ_STR(*strmap_get(&env, STR("A.append")), "text");
}

TEST(env_has_says_what_is_a_directory_of_the_layer)
{
    drop_(arena_free) struct arena *a = arena_new(0);
    put(t->dir, "l/bin/x", "");
    put(t->dir, "l/lib", "a file");
    put(t->dir, "l/real/x", "");
    const struct env_dir plain = {t->dir, "l", STR("/layers/b/l")},
                         linked = {t->dir, "link", STR("/layers/b/link")};
    CHECK(symlinkat("real", t->dir, "l/inside") == 0 && symlinkat("/", t->dir, "l/outside") == 0 &&
          symlinkat("nowhere", t->dir, "l/dangling") == 0 && symlinkat("lib", t->dir, "l/to-file") == 0 &&
          symlinkat("l", t->dir, "link") == 0);
    static const struct {
        const char *name;
        bool there;
    } rows[] = {{"bin", true},      {"lib", false},      {"absent", false}, {"inside", true},
                {"outside", false}, {"dangling", false}, {"to-file", false}};
    for (size_t i = 0; i < COUNT(rows); i++) {
        const char *got = "untouched";
        MUST(env_has(a, &plain, rows[i].name, &got, &e));
        CHECK_MSG(!!got == rows[i].there, "%s", rows[i].name);
        MUST(env_has(a, &linked, rows[i].name, &got, &e));
        CHECK_MSG(!!got == rows[i].there, "%s through a link", rows[i].name);
    }
    const char *got;
    MUST(env_has(a, &plain, "bin", &got, &e));
    EQ_STR(str_of(got), "l/bin");
}

TEST(env_layer_of_a_type)
{
    drop_(arena_free) struct arena *a = arena_new(0);
    const struct env_dir layer = {t->dir, "l", STR("/layers/b/l")};
    put(t->dir, "l/env.launch/A", "all");
    put(t->dir, "l/env.launch/file", "a variable");
    put(t->dir, "l/env.launch/web/A.append", "+web");
    put(t->dir, "l/env.launch/deep/er/A.append", "+deeper");
    CHECK(symlinkat("web", t->dir, "l/env.launch/alias") == 0);
    static const struct {
        const char *type, *want;
    } rows[] = {{"", "all"},     {"web", "all+web"}, {"alias", "all+web"}, {"deep/er", "all+deeper"},
                {"deep", "all"}, {"absent", "all"},  {"file", "all"},      {"../env.launch/web", "all"}};
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct strmap env = {0};
        MUST(env_layer(a, &env, ENV_LAUNCH, &layer, str_of(rows[i].type), &e));
        CHECK_MSG(str_is(*strmap_get(&env, STR("A")), rows[i].want), "type %s", rows[i].type);
    }
}

TEST(env_values_of_every_length)
{
    drop_(arena_free) struct arena *a = arena_new(0);
    static const size_t sizes[] = {0, 1, 4095, 4096, 4097, 8192, 9000, 128 * 1024 - 1};
    for (size_t i = 0; i < COUNT(sizes); i++) {
        struct strmap env = {0};
        char *text = arena_get(a, sizes[i] + 1, 1);
        memset(text, 'x', sizes[i]);
        test_write(t->dir, "env/A", text, sizes[i]);
        MUST(env_files(a, &env, t->dir, "env", ENV_PLAIN_OVERRIDE, &e));
        EQ_UINT(strmap_get(&env, STR("A"))->n, sizes[i]);
        EQ_STR(*strmap_get(&env, STR("A")), text);
    }
}

TEST(env_layer_build_and_launch)
{
    drop_(arena_free) struct arena *a = arena_new(0);
    put(t->dir, "bin/x", "");
    put(t->dir, "lib/x", "");
    put(t->dir, "include/x", "");
    put(t->dir, "pkgconfig/x", "");
    put(t->dir, "env/A", "env");
    put(t->dir, "env.build/A.append", "+build");
    put(t->dir, "env.launch/A.append", "+launch");
    put(t->dir, "env.launch/web/A.append", "+web");
    struct strmap build = {0}, launch = {0};
    strmap_set(a, &build, STR("PATH"), STR("/bin"));
    struct env_dir look = {.dirfd = t->dir, .path = ".", .seen = STR("/layers/b/l")};
    MUST(env_roots(a, &build, ENV_BUILD, &look, &e));
    MUST(env_roots(a, &launch, ENV_LAUNCH, &look, &e));
    MUST(env_layer(a, &build, ENV_BUILD, &look, STR(""), &e));
    MUST(env_layer(a, &launch, ENV_LAUNCH, &look, STR("web"), &e));
    EQ_STR(*strmap_get(&build, STR("PATH")), "/layers/b/l/bin:/bin");
    EQ_STR(*strmap_get(&build, STR("LIBRARY_PATH")), "/layers/b/l/lib");
    EQ_STR(*strmap_get(&build, STR("CPATH")), "/layers/b/l/include");
    EQ_STR(*strmap_get(&build, STR("PKG_CONFIG_PATH")), "/layers/b/l/pkgconfig");
    EQ_STR(*strmap_get(&build, STR("A")), "env+build");
    EQ_STR(*strmap_get(&launch, STR("PATH")), "/layers/b/l/bin");
    CHECK(!strmap_get(&launch, STR("LIBRARY_PATH")));
    EQ_STR(*strmap_get(&launch, STR("A")), "env+launch+web");
}
