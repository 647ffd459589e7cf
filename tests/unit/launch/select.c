// SPDX-License-Identifier: Apache-2.0
#include "cnb/api.h"
#include "launch/launch.h"
#include "test.h"

static struct strv words(struct arena *a, const char *line)
{
    struct strv v = {0};
    struct str rest = str_of(line), word;
    while (rest.n && str_cut(&rest, ' ', &word))
        strv_add(a, &v, word);
    return v;
}

static struct str joined(struct arena *a, const struct launch_process *p)
{
    struct str s = str_printf(a, "%s" PRI_STR, p->shell ? "sh:" : "", STR_ARG(p->command.v[0]));
    for (size_t i = 0; i < p->args.n; i++)
        s = str_printf(a, PRI_STR " " PRI_STR, STR_ARG(s), STR_ARG(p->args.v[i]));
    return s;
}

// The image: a modern buildpack's web (one word and default arguments), task (a command of several words), an old
// buildpack's api, and a process that is only for testing.
static struct cnb_metadata image(struct arena *a)
{
    struct cnb_metadata m = {0};
    m.buildpacks.v = ARENA_ARRAY(a, struct cnb_ref, 2);
    m.buildpacks.n = 2;
    m.buildpacks.v[0] = (struct cnb_ref){.id = STR("new"), .version = STR("1"), .api = STR("0.10")};
    m.buildpacks.v[1] = (struct cnb_ref){.id = STR("old"), .version = STR("1"), .api = STR("0.8")};
    m.processes.v = ARENA_ARRAY(a, struct cnb_process, 6);
    m.processes.n = 6;
    struct cnb_process *p = m.processes.v;
    p[0] = (struct cnb_process){.type = STR("web"),
                                .command = words(a, "serve"),
                                .args = words(a, "-p 80"),
                                .direct = true,
                                .buildpack_id = STR("new")};
    p[1] = (struct cnb_process){.type = STR("task"),
                                .command = words(a, "run it"),
                                .args = words(a, "-x"),
                                .direct = true,
                                .buildpack_id = STR("new"),
                                .working_dir = STR("sub")};
    p[2] = (struct cnb_process){
        .type = STR("api"), .command = words(a, "old"), .args = words(a, "-a"), .buildpack_id = STR("old")};
    p[3] = (struct cnb_process){.type = STR("t"),
                                .command = words(a, "one"),
                                .direct = true,
                                .buildpack_id = STR("new"),
                                .exec_env = words(a, "test")};
    p[4] = (struct cnb_process){
        .type = STR("lost"), .command = words(a, "x"), .direct = true, .buildpack_id = STR("gone")};
    p[5] = (struct cnb_process){.type = STR("empty"), .direct = true, .buildpack_id = STR("new")};
    return m;
}

static int choose(struct arena *a, uint16_t platform, const char *argv, const char *exec_env,
                  struct launch_process *out, struct err *e)
{
    struct cnb_metadata m = image(a);
    struct launch_in in = {.argv = words(a, argv),
                           .platform = platform,
                           .app_dir = STR("/workspace"),
                           .layers = STR("/layers"),
                           .meta = &m};
    if (exec_env)
        strmap_set(a, &in.env, STR("CNB_EXEC_ENV"), str_of(exec_env));
    return launch_select(a, &in, out, e);
}

TEST(launch_select_follows_the_table)
{
    static const struct {
        uint16_t platform;
        const char *argv, *exec_env, *want;
    } rows[] = {
        {API(0, 15), "/cnb/process/web", NULL, "serve -p 80"},
        {API(0, 15), "/anything/web", NULL, "serve -p 80"},
        {API(0, 15), "web -p 81", NULL, "serve -p 81"},
        {API(0, 9), "web -v", NULL, "serve -p 80 -v"},
        {API(0, 12), "task", NULL, "run it -x"},
        {API(0, 12), "task -y", NULL, "run it -y"},
        {API(0, 12), "api", NULL, "sh:old -a"},
        {API(0, 12), "api -b", NULL, "sh:old -a -b"},
        {API(0, 15), "t", "test", "one"},
        {API(0, 12), "t", NULL, "one"},
        {API(0, 15), "launcher -- ls -l", NULL, "ls -l"},
        {API(0, 15), "launcher ls -l", NULL, "sh:ls -l"},
        {API(0, 15), "launcher --", NULL, "sh:--"},
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        drop_(arena_free) struct arena *a = arena_new(0);
        struct launch_process p;
        MUST(choose(a, rows[i].platform, rows[i].argv, rows[i].exec_env, &p, &e));
        CHECK_MSG(str_is(joined(a, &p), rows[i].want), "row %zu: " PRI_STR, i, STR_ARG(joined(a, &p)));
    }
}

TEST(launch_select_refuses)
{
    drop_(arena_free) struct arena *a = arena_new(0);
    struct launch_process p;
    REFUSED(choose(a, API(0, 15), "launcher", NULL, &p, &e), ERR_USAGE,
            "no default process a command is required");
    REFUSED(choose(a, API(0, 15), "t", NULL, &p, &e), ERR_USAGE, "process t|production");
    REFUSED(choose(a, API(0, 15), "lost -x", NULL, &p, &e), ERR_PARSE, "lost|gone");
    REFUSED(choose(a, API(0, 15), "empty", NULL, &p, &e), ERR_PARSE, "empty|no command");
}

TEST(launch_working_dir_is_beneath_the_app)
{
    drop_(arena_free) struct arena *a = arena_new(0);
    struct launch_process p;
    MUST(choose(a, API(0, 15), "task", NULL, &p, &e));
    EQ_STR(p.working_dir, "/workspace/sub");
    MUST(choose(a, API(0, 15), "web", NULL, &p, &e));
    EQ_STR(p.working_dir, "/workspace");
}
