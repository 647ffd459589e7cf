// SPDX-License-Identifier: Apache-2.0
#include "helpers/helpers.h"
#include "test.h"

#define V2 "sys/fs/cgroup/cgroup.controllers", ""
#define V2_MAX "sys/fs/cgroup/memory.max"
#define V1_MAX "sys/fs/cgroup/memory/memory.limit_in_bytes"

struct row {
    const char *label;
    const char *files[6]; // path, content, …
    const char *available, *optimize, *options;
    const char *want_available, *want_options; // NULL: not set
};

static const struct row rows[] = {
    {"no cgroup at all", {0}, NULL, "true", NULL, NULL, NULL},
    {"v2 without a limit", {V2, V2_MAX, "max\n"}, NULL, "true", NULL, NULL, NULL},
    {"v2, the root cgroup", {V2}, NULL, "true", NULL, NULL, NULL},
    {"v2, 1 GiB", {V2, V2_MAX, "1073741824\n"}, NULL, "true", NULL, "1024", "--max_old_space_size=768"},
    {"v2, not asked to", {V2, V2_MAX, "1073741824\n"}, NULL, NULL, NULL, "1024", NULL},
    {"v2, asked not to", {V2, V2_MAX, "1073741824\n"}, NULL, "false", NULL, "1024", NULL},
    {"v2 wins over v1", {V2, V2_MAX, "2097152", V1_MAX, "1048576"}, NULL, NULL, NULL, "2", NULL},
    {"v1", {V1_MAX, "536870912\n"}, NULL, "1", "--a", "512", "--a --max_old_space_size=384"},
    {"v1 without a limit", {V1_MAX, "9223372036854771712\n"}, NULL, "true", NULL, NULL, NULL},
    {"less than a MiB", {V2, V2_MAX, "4096"}, NULL, "true", NULL, NULL, NULL},
    {"set by the user", {V2, V2_MAX, "1073741824"}, "100", "true", NULL, NULL, "--max_old_space_size=75"},
    {"a size of the user's own",
     {V2, V2_MAX, "1073741824"},
     NULL,
     "true",
     "--max-old-space-size=9",
     "1024",
     NULL},
    {"another of the user's own",
     {V2, V2_MAX, "1073741824"},
     NULL,
     "true",
     "-x --max_old_space_size=9",
     "1024",
     NULL},
};

static void check_row(const struct test *t, const struct row *r, size_t i)
{
    drop_(arena_free) struct arena *a = arena_new(0);
    struct strmap env = {0}, out = {0};
    struct helper_in in = {.env = &env, .root = str_printf(a, "%s/%zu", t->path, i)};
    for (size_t j = 0; j + 1 < COUNT(r->files) && r->files[j]; j += 2)
        test_write(t->dir, arena_printf(a, "%zu/%s", i, r->files[j]), r->files[j + 1],
                   strlen(r->files[j + 1]));
    if (r->available)
        strmap_set(a, &env, STR("MEMORY_AVAILABLE"), str_of(r->available));
    if (r->optimize)
        strmap_set(a, &env, STR("OPTIMIZE_MEMORY"), str_of(r->optimize));
    if (r->options)
        strmap_set(a, &env, STR("NODE_OPTIONS"), str_of(r->options));
    MUST(helper_optimize_memory(a, &in, &out, &e));
    const char *names[] = {"MEMORY_AVAILABLE", "NODE_OPTIONS"};
    const char *wants[] = {r->want_available, r->want_options};
    for (size_t j = 0; j < 2; j++) {
        const struct str *got = strmap_get(&out, str_of(names[j]));
        CHECK_MSG(!got == !wants[j], "%s: %s", r->label, names[j]);
        if (got)
            EQ_STR(*got, wants[j]);
    }
}

TEST(memory_of_the_container)
{
    for (size_t i = 0; i < COUNT(rows); i++)
        check_row(t, &rows[i], i);
}

TEST(memory_refusals)
{
    drop_(arena_free) struct arena *a = arena_new(0);
    struct strmap env = {0}, out = {0};
    struct helper_in in = {.env = &env, .root = str_of(t->path)};
    test_write(t->dir, "sys/fs/cgroup/cgroup.controllers", "", 0);
    test_write(t->dir, V2_MAX, "lots\n", 5);
    REFUSED(helper_optimize_memory(a, &in, &out, &e), ERR_PARSE, "memory.max|is \"lots\"|want bytes");
    strmap_set(a, &env, STR("MEMORY_AVAILABLE"), STR("1G"));
    REFUSED(helper_optimize_memory(a, &in, &out, &e), ERR_USAGE, "MEMORY_AVAILABLE|is \"1G\"|want MiB");
    strmap_set(a, &env, STR("OPTIMIZE_MEMORY"), STR("on"));
    REFUSED(helper_optimize_memory(a, &in, &out, &e), ERR_USAGE, "OPTIMIZE_MEMORY");
    EQ_UINT(out.n, 0);
}
