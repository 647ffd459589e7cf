// SPDX-License-Identifier: Apache-2.0
#include "base/dir.h"
#include "test.h"
#include <fcntl.h>

TEST(dir_names_are_sorted_and_counted)
{
    drop_(arena_free) struct arena *a = arena_new(0);
    static const char *const names[] = {"b", "a-", "a", "a.b", ".hidden", "B"};
    static const char *const want[] = {".hidden", "B", "a", "a-", "a.b", "b"};
    for (size_t i = 0; i < COUNT(names); i++)
        EQ_INT(mkdirat(t->dir, names[i], 0755), 0);
    struct strv got = {0};
    MUST(dir_names(a, t->dir, ".", 6, &got, &e));
    EQ_UINT(got.n, 6);
    for (size_t i = 0; i < got.n; i++)
        EQ_STR(got.v[i], want[i]);
    REFUSED(dir_names(a, t->dir, ".", 5, &got, &e), ERR_LIMIT, ".: more than 5 entries");
    REFUSED(dir_names(a, t->dir, "no", 5, &got, &e), ERR_NOT_FOUND, "no");
    REFUSED(dir_names(a, t->dir, "..", 5, &got, &e), ERR_DENIED, "leads out");
    EQ_UINT(got.n, 6);
    MUST(dir_names(a, t->dir, "b", 0, &got, &e));
    EQ_UINT(got.n, 0);
}

TEST(dir_kind_follows_links_inside_only)
{
    static const struct {
        const char *path;
        enum dir_kind want;
    } cases[] = {
        {"file", DIR_FILE},     {"dir", DIR_DIR},         {"to-file", DIR_FILE}, {"to-dir", DIR_DIR},
        {"out", DIR_OTHER},     {"lost", DIR_OTHER},      {"fifo", DIR_OTHER},   {"none", DIR_ABSENT},
        {"file/x", DIR_ABSENT}, {"dir/none", DIR_ABSENT},
    };
    test_write(t->dir, "file", "x", 1);
    EQ_INT(mkdirat(t->dir, "dir", 0755), 0);
    EQ_INT(mkfifoat(t->dir, "fifo", 0644), 0);
    EQ_INT(symlinkat("file", t->dir, "to-file"), 0);
    EQ_INT(symlinkat("dir", t->dir, "to-dir"), 0);
    EQ_INT(symlinkat("/etc/passwd", t->dir, "out"), 0);
    EQ_INT(symlinkat("nowhere", t->dir, "lost"), 0);
    for (size_t i = 0; i < COUNT(cases); i++)
        CHECK_MSG(dir_kind(t->dir, cases[i].path) == cases[i].want, "%s", cases[i].path);
}

TEST(dir_list_says_what_each_entry_is)
{
    drop_(arena_free) struct arena *a = arena_new(0);
    struct dir_entries got = {0};
    test_write(t->dir, "file", "x", 1);
    EQ_INT(mkdirat(t->dir, "dir", 0755), 0);
    EQ_INT(mkfifoat(t->dir, "fifo", 0644), 0);
    EQ_INT(symlinkat("file", t->dir, "to-file"), 0);
    EQ_INT(symlinkat("/etc", t->dir, "out"), 0);
    MUST(dir_list(a, t->dir, ".", 5, &got, &e));
    EQ_UINT(got.n, 5);
    EQ_STR(got.v[0].name, "dir");
    EQ_INT(dir_entry_kind(&got, "dir"), DIR_DIR);
    EQ_INT(dir_entry_kind(&got, "file"), DIR_FILE);
    EQ_INT(dir_entry_kind(&got, "fifo"), DIR_OTHER);
    EQ_INT(dir_entry_kind(&got, "to-file"), DIR_FILE);
    EQ_INT(dir_entry_kind(&got, "out"), DIR_OTHER);
    EQ_INT(dir_entry_kind(&got, "none"), DIR_ABSENT);
    REFUSED(dir_list(a, t->dir, ".", 4, &got, &e), ERR_LIMIT, ".: more than 4 entries");
    EQ_UINT(got.n, 5);
}
