// SPDX-License-Identifier: Apache-2.0
#include "helpers/helpers.h"
#include "test.h"
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

static int run(struct arena *a, const struct test *t, const char *toml, struct err *e)
{
    struct strmap env = {0}, out = {0};
    test_write(t->dir, "layer/symlinks.toml", toml, strlen(toml));
    const char *self = arena_printf(a, "%s/layer/exec.d/0-setup-symlinks", t->path);
    int rc = helper_setup_symlinks(a, &(struct helper_in){.env = &env, .self = self}, &out, e);
    EQ_UINT(out.n, 0);
    return rc;
}

static void leads_to(const struct test *t, const char *path, const char *want)
{
    char to[256];
    ssize_t n = readlinkat(t->dir, path, to, sizeof to - 1);
    CHECK_MSG(n > 0, "%s is no link", path);
    to[n] = 0;
    EQ_TEXT(to, want);
}

TEST(symlinks_are_made_again)
{
    drop_(arena_free) struct arena *a = arena_new(0);
    const char *rows =
        arena_printf(a,
                     "[[directories]]\npath = \"%s/tmp/cache\"\n"
                     "[[symlinks]]\npath = \"%s/tmp/a/b/node_modules\"\ntarget = \"/layers/x/m\"\n"
                     "[[symlinks]]\npath = \"%s/tmp/two\"\ntarget = \"a\"\n",
                     t->path, t->path, t->path);
    struct stat st;
    for (int i = 0; i < 2; i++) { // as after a restart of the container
        MUST(run(a, t, rows, &e));
        leads_to(t, "tmp/a/b/node_modules", "/layers/x/m");
        leads_to(t, "tmp/two", "a");
        CHECK(fstatat(t->dir, "tmp/cache", &st, 0) == 0 && S_ISDIR(st.st_mode));
        EQ_UINT(st.st_mode & 0777, 0775);
    }
    MUST(run(a, t, arena_printf(a, "[[symlinks]]\npath = \"%s/tmp/two\"\ntarget = \"/elsewhere\"\n", t->path),
             &e));
    leads_to(t, "tmp/two", "/elsewhere");
    MUST(run(a, t, "", &e));
}

TEST(symlinks_reach_through_a_link_in_the_way)
{
    drop_(arena_free) struct arena *a = arena_new(0);
    test_write(t->dir, "var/tmp/x", "", 0);
    CHECK(symlinkat("var/tmp", t->dir, "tmp") == 0);
    MUST(run(a, t, arena_printf(a, "[[symlinks]]\npath = \"%s/tmp/d/l\"\ntarget = \"a\"\n", t->path), &e));
    leads_to(t, "var/tmp/d/l", "a");
}

TEST(symlinks_of_others_are_not_trusted)
{
    if (geteuid() != 0)
        SKIP("nobody else can be played without root");
    drop_(arena_free) struct arena *a = arena_new(0);
    test_write(t->dir, "tmp/theirs/x", "", 0);
    test_write(t->dir, "ours/x", "", 0);
    CHECK(symlinkat("../ours", t->dir, "tmp/link") == 0 && symlinkat("a", t->dir, "tmp/l") == 0);
    const char *const names[] = {"tmp/theirs", "tmp/link", "tmp/l"};
    for (size_t i = 0; i < COUNT(names); i++)
        CHECK(fchownat(t->dir, names[i], 12345, 12345, AT_SYMLINK_NOFOLLOW) == 0);
    CHECK(fchmodat(t->dir, "tmp", 01777, 0) == 0);
    static const char *const rows[] = {
        "[[symlinks]]\npath = \"%s/tmp/theirs/l\"\ntarget = \"a\"\n",
        "[[symlinks]]\npath = \"%s/tmp/link/l\"\ntarget = \"a\"\n",
        "[[directories]]\npath = \"%s/tmp/theirs\"\n",
        "[[directories]]\npath = \"%s/tmp/link/d\"\n",
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        char toml[512];
        (void)snprintf(toml, sizeof toml, rows[i], t->path);
        REFUSED(run(a, t, toml, &e), ERR_DENIED, "tmp/|somebody else made it");
    }
    struct stat st;
    MUST(run(a, t, arena_printf(a, "[[symlinks]]\npath = \"%s/tmp/l\"\ntarget = \"a\"\n", t->path), &e));
    CHECK(fstatat(t->dir, "tmp/l", &st, AT_SYMLINK_NOFOLLOW) == 0 && st.st_uid == 0); // made anew
    // Where nobody else may write, what is there was chosen by who made it.
    CHECK(fchmodat(t->dir, "tmp", 0755, 0) == 0);
    MUST(run(a, t, arena_printf(a, "[[symlinks]]\npath = \"%s/tmp/link/l\"\ntarget = \"a\"\n", t->path), &e));
    leads_to(t, "ours/l", "a");
}

TEST(symlinks_refusals)
{
    drop_(arena_free) struct arena *a = arena_new(0);
    test_write(t->dir, "tmp/file", "x", 1);
    test_write(t->dir, "tmp/dir/x", "x", 1);
    static const struct {
        const char *path, *target, *words;
    } cases[] = {
        {"/tmp/file", "a", "file|is there and no link"},
        {"/tmp/dir", "a", "dir|is there and no link"},
        {"/tmp/file/x", "a", "file"},
        {"/tmp/y", "", "want an absolute one"},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        const char *rows = arena_printf(a, "[[symlinks]]\npath = \"%s%s\"\ntarget = \"%s\"\n", t->path,
                                        cases[i].path, cases[i].target);
        struct err e = {0};
        char why[2048];
        int rc = run(a, t, rows, &e);
        CHECK_MSG(test_refused(rc, &e, e.code, cases[i].words, why, sizeof why), "%s", why);
    }
    REFUSED(run(a, t, "[[symlinks]]\npath = \"rel\"\ntarget = \"a\"\n", &e), ERR_USAGE, "rel|absolute");
    REFUSED(run(a, t, "[[symlinks]]\npath = \"/\"\ntarget = \"a\"\n", &e), ERR_USAGE, "absolute");
    REFUSED(run(a, t, "[[directories]]\npath = \"rel\"\n", &e), ERR_USAGE, "rel|absolute");
    REFUSED(run(a, t, "[[symlinks]]\npath = 1\n", &e), ERR_PARSE, "symlinks.toml|path");
    struct strmap env = {0}, out = {0};
    struct helper_in in = {.env = &env, .self = "setup-symlinks"};
    REFUSED(helper_setup_symlinks(a, &in, &out, &e), ERR_USAGE, "not in the exec.d of a layer");
    in.self = arena_printf(a, "%s/none/exec.d/web/setup-symlinks", t->path);
    REFUSED(helper_setup_symlinks(a, &in, &out, &e), ERR_NOT_FOUND, "none/symlinks.toml");
}
