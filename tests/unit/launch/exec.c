// SPDX-License-Identifier: Apache-2.0
#include "cnb/api.h"
#include "launch/launch.h"
#include "test.h"
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

static void put(int dir, const char *path, const char *text, mode_t mode)
{
    test_write(dir, path, text, strlen(text));
    CHECK(fchmodat(dir, path, mode, 0) == 0);
}

TEST(launch_execd_replaces_variables)
{
    drop_(arena_free) struct arena *a = arena_new(0);
    struct strmap env = {0};
    strmap_set(a, &env, STR("PATH"), STR("/usr/bin:/bin"));
    strmap_set(a, &env, STR("A"), STR("old"));
    put(t->dir, "x", "#!/bin/sh\necho \"A = 'new $A'\" >&3\necho \"B = 'b'\" >&3\n", 0755);
    MUST(launch_execd(a, arena_printf(a, "%s/x", t->path), 10, &env, &e));
    EQ_STR(*strmap_get(&env, STR("A")), "new old");
    EQ_STR(*strmap_get(&env, STR("B")), "b");
}

TEST(B15_execd_bad_output)
{
    drop_(arena_free) struct arena *a = arena_new(0);
    struct strmap env = {0};
    strmap_set(a, &env, STR("PATH"), STR("/usr/bin:/bin"));
    const char *x = arena_printf(a, "%s/x", t->path);
    put(t->dir, "x", "#!/bin/sh\necho 'A = ' >&3\n", 0755);
    REFUSED(launch_execd(a, x, 10, &env, &e), ERR_PARSE, "exec.d|x:1");
    put(t->dir, "x", "#!/bin/sh\necho 'A = 1' >&3\n", 0755);
    REFUSED(launch_execd(a, x, 10, &env, &e), ERR_PARSE, "exec.d|A|want text");
    put(t->dir, "x", "#!/bin/sh\nexit 3\n", 0755);
    REFUSED(launch_execd(a, x, 10, &env, &e), ERR_BUILDPACK, "x|exit code 3");
    put(t->dir, "x", "not a program", 0644);
    REFUSED(launch_execd(a, x, 10, &env, &e), ERR_BUILDPACK, "x|126");
    put(t->dir, "x", "#!/bin/sh\nsleep 100\n", 0755);
    REFUSED(launch_execd(a, x, 1, &env, &e), ERR_LIMIT, "x|did not end in time");
    put(t->dir, "x", "#!/bin/sh\nhead -c 3000000 /dev/zero >&3\n", 0755);
    REFUSED(launch_execd(a, x, 10, &env, &e), ERR_LIMIT, "x|limit");
    EQ_UINT(env.n, 1);
}

TEST(launch_execd_does_not_wait_for_a_child_that_keeps_the_pipe)
{
    drop_(arena_free) struct arena *a = arena_new(0);
    struct strmap env = {0};
    strmap_set(a, &env, STR("PATH"), STR("/usr/bin:/bin"));
    put(t->dir, "x", "#!/bin/sh\nsleep 20 >/dev/null 2>&1 &\necho 'A = \"1\"' >&3\n", 0755);
    MUST(launch_execd(a, arena_printf(a, "%s/x", t->path), 10, &env, &e));
    EQ_STR(*strmap_get(&env, STR("A")), "1");
}

TEST(launch_look_up_only_trusts_absolute_entries)
{
    drop_(arena_free) struct arena *a = arena_new(0);
    const char *got;
    CHECK(fchdir(t->dir) == 0);
    put(t->dir, "tool", "#!/bin/sh\n", 0755);
    put(t->dir, "data", "x", 0644);
    struct str here = str_printf(a, ".:%s", t->path);
    MUST(launch_look_up(a, STR("tool"), here, &got, &e));
    EQ_TEXT(got, arena_printf(a, "%s/tool", t->path));
    MUST(launch_look_up(a, STR("./x"), here, &got, &e));
    EQ_TEXT(got, "./x");
    REFUSED(launch_look_up(a, STR("tool"), STR(".::rel"), &got, &e), ERR_NOT_FOUND,
            "tool: not found in PATH");
    REFUSED(launch_look_up(a, STR("data"), here, &got, &e), ERR_NOT_FOUND, "data");
}

// Runs `in` in a child of its own and returns what it printed.
static struct str output_of(struct arena *a, const struct launch_in *in, int *code)
{
    int ends[2], status;
    CHECK(pipe2(ends, O_CLOEXEC) == 0);
    pid_t pid = fork();
    if (pid == 0) {
        dup2(ends[1], 1);
        struct err e = {0};
        launch_run(a, in, &e);
        char text[640];
        dprintf(1, "%s", err_text(&e, text, sizeof text));
        _exit(82);
    }
    (void)close(ends[1]);
    char text[4096];
    size_t n = 0;
    for (ssize_t got; n < sizeof text && (got = read(ends[0], text + n, sizeof text - n)) > 0;)
        n += (size_t)got;
    (void)close(ends[0]);
    CHECK(waitpid(pid, &status, 0) == pid);
    *code = WEXITSTATUS(status);
    return str_dup(a, (struct str){text, n});
}

TEST(launch_run_from_layers_to_the_app)
{
    drop_(arena_free) struct arena *a = arena_new(0);
    put(t->dir, "app/.profile", "export SEEN=profile\n", 0644);
    put(t->dir, "layers/b_one/l/bin/tool", "#!/bin/sh\necho \"$1 $A $X $SEEN\"\n", 0755);
    put(t->dir, "layers/b_one/l/env.launch/A", "a", 0644);
    put(t->dir, "layers/b_one/l/env.launch/web/A.append", "web", 0644);
    // As our layers have it: a link out of exec.d to the one program of all helpers.
    put(t->dir, "layers/b_one/l/exec.d/.keep", "", 0755);
    put(t->dir, "layers/b_one/l/x", "#!/bin/sh\necho 'X = \"x\"' >&3\n", 0755);
    CHECK(unlinkat(t->dir, "layers/b_one/l/exec.d/.keep", 0) == 0);
    CHECK(symlinkat("../x", t->dir, "layers/b_one/l/exec.d/x") == 0);
    struct cnb_ref bp[] = {{.id = STR("b/one"), .version = STR("1"), .api = STR("0.8")}};
    struct str command[] = {STR("tool")}, args[] = {STR("$A")};
    struct cnb_process ps[] = {
        {.type = STR("web"),
         .command = {command, 1, 0},
         .args = {args, 1, 0},
         .direct = true,
         .buildpack_id = STR("b/one")},
        {.type = STR("sh"), .command = {command, 1, 0}, .args = {args, 1, 0}, .buildpack_id = STR("b/one")}};
    struct cnb_metadata m = {.buildpacks = {bp, 1}, .processes = {ps, 2}};
    struct launch_in in = {.platform = API(0, 15),
                           .meta = &m,
                           .app_dir = str_printf(a, "%s/app", t->path),
                           .layers = str_printf(a, "%s/layers", t->path)};
    strmap_set(a, &in.env, STR("PATH"), STR("/cnb/process:/usr/bin:/cnb/lifecycle:/bin"));
    strmap_set(a, &in.env, STR("CNB_APP_DIR"), STR("hidden"));
    int code;
    strv_add(a, &in.argv, STR("/cnb/process/web"));
    EQ_STR(output_of(a, &in, &code), "$A aweb x \n");
    EQ_INT(code, 0);
    in.argv.v[0] = STR("sh");
    EQ_STR(output_of(a, &in, &code), "a a x profile\n");
    in.argv.v[0] = STR("launcher");
    strv_add(a, &in.argv, STR("echo $A$CNB_APP_DIR; exit 7"));
    EQ_STR(output_of(a, &in, &code), "a\n");
    EQ_INT(code, 7);
    in.argv.v[1] = STR("--");
    strv_add(a, &in.argv, STR("no-such-tool"));
    CHECK(str_has_prefix(output_of(a, &in, &code), "no-such-tool: not found in PATH"));
    EQ_INT(code, 82);
}
