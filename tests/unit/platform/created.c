// SPDX-License-Identifier: Apache-2.0
#include "platform/created.h"
#include "base/buf.h"
#include "base/file.h"
#include "base/limits.h"
#include "base/proc.h"
#include "test.h"
#include <fcntl.h>
#include <stdlib.h>

static const char *const nowhere[] = {"HOME=/nonexistent", "GIT_CONFIG_NOSYSTEM=1", NULL};

// false: this machine has no git.
static bool git(struct test *t, const char *a, const char *b, const char *c)
{
    const char *argv[] = {"git", "-C", t->path, "-c", "user.name=x", "-c", "user.email=x@test",
                          a,     b,    c,       NULL};
    const struct proc_spec spec = {PROC_QUIET, .argv = argv, .envp = nowhere, .path = getenv("PATH")};
    struct err e = {0};
    int status;
    if (proc_run(&spec, STR(""), NULL, NULL, &status, &e) < 0)
        return false;
    EQ_INT(status, 0);
    return true;
}

static struct str reason_at(struct test *t, struct arena *a, struct str home)
{
    struct strmap env = {0};
    struct created c;
    const char *path = getenv("PATH");
    strmap_set(a, &env, STR("PATH"), str_of(path ? path : ""));
    if (home.n)
        strmap_set(a, &env, STR("HOME"), home);
    MUST(created_time(a, str_c(a, str_of(t->path)), &env, &c, &e));
    return c.why;
}

static struct str reason(struct test *t, struct arena *a)
{
    return reason_at(t, a, STR(""));
}

static void add_config(struct test *t, struct buf *more)
{
    drop_buf struct buf all = BUF_INIT(MIB(1));
    MUST(file_read(t->dir, ".git/config", &all, &e));
    buf_str(&all, buf_view(more));
    test_write(t->dir, ".git/config", all.p, all.n);
}

// A filter is a program of the repository's. Of one that hides behind
// more names than are read, git is not asked either.
TEST(created_runs_nothing_of_the_repository)
{
    drop_(arena_free) struct arena *a = arena_new(4096);
    drop_buf struct buf filter = BUF_INIT(4096), many = BUF_INIT(MIB(1));
    struct stat st;
    test_write(t->dir, "a", "a\n", 2);
    test_write(t->dir, ".gitattributes", "* filter=x\n", 11);
    if (!git(t, "init", "-q", "."))
        SKIP("no git");
    CHECK(git(t, "add", "-A", ".") && git(t, "commit", "-q", "-mx"));
    CHECK_MSG(str_has_prefix(reason(t, a), "commit "), PRI_STR, STR_ARG(reason(t, a)));
    CHECK(unlinkat(t->dir, "a", 0) == 0);
    test_write(t->dir, "a", "a\n", 2); // git has to look into it now
    buf_printf(&filter, "[filter \"x\"]\n\tclean = \"touch '%s/ran'; cat\"\n", t->path);
    add_config(t, &filter);
    CHECK_MSG(str_has_prefix(reason(t, a), "fixed date: the repository's configuration"), PRI_STR,
              STR_ARG(reason(t, a)));
    buf_printf(&many, "[filter \"%060000d\"]\n", 0); // its names: 72 MB
    for (size_t i = 0; i < 1200; i++)
        buf_text(&many, "a\n");
    add_config(t, &many);
    CHECK_MSG(str_has_prefix(reason(t, a), "fixed date: "), PRI_STR, STR_ARG(reason(t, a)));
    CHECK(fstatat(t->dir, "ran", &st, 0) < 0);
}

// A filter of the user's own is trusted by the user, but not with somebody
// else's repository: git-lfs runs what that names.
TEST(created_runs_no_filter_of_the_user_s)
{
    drop_(arena_free) struct arena *a = arena_new(4096);
    drop_buf struct buf filter = BUF_INIT(4096);
    struct stat st;
    struct str home = str_of(arena_printf(a, "%s/home", t->path));
    test_write(t->dir, "a", "a\n", 2);
    test_write(t->dir, ".gitignore", "home\nran*\n", 10);
    test_write(t->dir, ".gitattributes", "* filter=x.y\n", 13);
    if (!git(t, "init", "-q", "."))
        SKIP("no git");
    CHECK(git(t, "add", "-A", ".") && git(t, "commit", "-q", "-mx"));
    buf_printf(&filter,
               "[filter \"x.y\"]\n\tclean = \"touch '%s/ran-clean'; cat\"\n"
               "\tprocess = \"touch '%s/ran-process'\"\n\trequired = true\n",
               t->path, t->path);
    MUST(path_mkdirs(t->dir, "home", 0755, &e));
    test_write(t->dir, "home/.gitconfig", filter.p, filter.n);
    CHECK(unlinkat(t->dir, "a", 0) == 0);
    test_write(t->dir, "a", "a\n", 2); // git has to look into it now
    CHECK_MSG(str_has_prefix(reason_at(t, a, home), "commit "), PRI_STR, STR_ARG(reason_at(t, a, home)));
    CHECK(unlinkat(t->dir, "a", 0) == 0);
    test_write(t->dir, "a", "b\n", 2);
    CHECK_MSG(str_has_prefix(reason_at(t, a, home), "fixed date: a is not"), PRI_STR,
              STR_ARG(reason_at(t, a, home)));
    CHECK(fstatat(t->dir, "ran-clean", &st, 0) < 0 && fstatat(t->dir, "ran-process", &st, 0) < 0);
}

TEST(created_is_asked_beside_the_build)
{
    drop_(arena_free) struct arena *a = arena_new(4096);
    struct strmap env = {0};
    const char *path = getenv("PATH");
    strmap_set(a, &env, STR("PATH"), str_of(path ? path : ""));
    test_write(t->dir, "a", "a\n", 2);
    bool has_git = git(t, "init", "-q", ".") && git(t, "add", "-A", ".") && git(t, "commit", "-q", "-mx");
    for (int i = 0; i < 2; i++) {
        drop_(created_free) struct created_ask *q = NULL;
        struct created want;
        MUST(created_time(a, str_c(a, str_of(t->path)), &env, &want, &e));
        MUST(created_begin(str_c(a, str_of(t->path)), &env, &q, &e));
        const struct created *got = created_answer(q);
        CHECK(got == created_answer(q));
        EQ_STR(got->why, str_c(a, want.why));
        EQ_INT(got->sec, want.sec);
        CHECK(i || str_has_prefix(got->why, has_git ? "commit " : "fixed date: "));
        strmap_set(a, &env, STR("SOURCE_DATE_EPOCH"), STR("7"));
    }
    struct created_ask *none = NULL;
    strmap_set(a, &env, STR("SOURCE_DATE_EPOCH"), STR("never"));
    REFUSED(created_begin(str_c(a, str_of(t->path)), &env, &none, &e), ERR_USAGE, "SOURCE_DATE_EPOCH");
    CHECK(!none);
    // Who ends early waits for git.
    strmap_set(a, &env, STR("SOURCE_DATE_EPOCH"), STR(""));
    MUST(created_begin(str_c(a, str_of(t->path)), &env, &none, &e));
    created_free(none);
}
