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

static struct str reason(struct test *t, struct arena *a)
{
    struct strmap env = {0};
    struct created c;
    const char *path = getenv("PATH");
    strmap_set(a, &env, STR("PATH"), str_of(path ? path : ""));
    MUST(created_time(a, str_c(a, str_of(t->path)), &env, &c, &e));
    return c.why;
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
