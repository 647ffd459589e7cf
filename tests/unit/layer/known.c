// SPDX-License-Identifier: Apache-2.0
#include "base/dir.h"
#include "rig.h"
#include <time.h>

static struct layer_spec spec_of(struct test *t)
{
    return (struct layer_spec){.dirfd = t->dir,
                               .sub = STR("app"),
                               .at = STR("/workspace"),
                               .mtime_sec = LAYER_MTIME,
                               .codec = "plain"};
}

static void fill(struct test *t)
{
    test_write(t->dir, "app/a/b", "1", 1);
    test_write(t->dir, "app/c", "2", 1);
    CHECK(symlinkat("c", t->dir, "app/l") == 0);
}

static void settle(void)
{
    (void)nanosleep(&(struct timespec){.tv_nsec = 40000000}, NULL);
}

static void rename_it(struct test *t)
{
    CHECK(renameat(t->dir, "app/c", t->dir, "app/d") == 0);
}
static void rewrite_same_size(struct test *t)
{
    test_write(t->dir, "app/c", "3", 1);
}
static void write_in_place(struct test *t)
{
    drop_fd int fd = -1;
    MUST(path_open_plain(t->dir, "app/c", O_WRONLY, 0, &fd, &e));
    CHECK(write(fd, "4", 1) == 1);
    const struct timespec same[2] = {{1000, 0}, {1000, 0}}; // the ctime gives it away
    CHECK(futimens(fd, same) == 0);
}
static void chmod_it(struct test *t)
{
    CHECK(fchmodat(t->dir, "app/a", 0700, 0) == 0);
}
static void chmod_start(struct test *t)
{
    CHECK(fchmodat(t->dir, "app", 0700, 0) == 0);
}
static void relink(struct test *t)
{
    CHECK(unlinkat(t->dir, "app/l", 0) == 0 && symlinkat("a", t->dir, "app/l") == 0);
}
static void add_one(struct test *t)
{
    test_write(t->dir, "app/new", "", 0);
}
static void remove_one(struct test *t)
{
    CHECK(unlinkat(t->dir, "app/c", 0) == 0);
}

TEST(a_print_sees_every_change)
{
    static void (*const changes[])(struct test * t) = {
        rename_it, rewrite_same_size, write_in_place, chmod_it, chmod_start, relink, add_one, remove_one};
    for (size_t i = 0; i < COUNT(changes); i++) {
        MUST(tree_remove(t->dir, "app", &e));
        fill(t);
        settle();
        struct layer_spec s = spec_of(t);
        struct tree_print one, same, two;
        MUST(tree_print(&s, &one, &e));
        MUST(tree_print(&s, &same, &e));
        CHECK(tree_print_eq(&one, &same));
        changes[i](t);
        MUST(tree_print(&s, &two, &e));
        CHECK_MSG(!tree_print_eq(&one, &two), "change %zu", i);
    }
}

TEST(a_rename_of_the_directory_itself_changes_nothing)
{
    struct tree_print one, two;
    struct layer_spec s = spec_of(t);
    fill(t);
    settle();
    MUST(tree_print(&s, &one, &e));
    CHECK(renameat(t->dir, "app", t->dir, "published") == 0);
    s.sub = STR("published");
    MUST(tree_print(&s, &two, &e));
    CHECK(tree_print_eq(&one, &two));
}

TEST(modes_of_parents_on_disk_count)
{
    struct tree_print one, two;
    struct layer_spec s = spec_of(t);
    test_write(t->dir, "bp/jre/x", "1", 1);
    s.sub = STR("bp/jre");
    s.at = STR("/layers/bp/jre");
    MUST(tree_print(&s, &one, &e));
    CHECK(fchmodat(t->dir, "bp", 0700, 0) == 0);
    MUST(tree_print(&s, &two, &e));
    CHECK(!tree_print_eq(&one, &two));
}

TEST(fresh_and_future_files_are_racy)
{
    static const struct {
        int64_t ago_ns;
        bool whole, racy;
    } row[] = {
        {0, false, true},
        {9000000, false, true},
        {11000000, false, false},
        {-1, false, true},
        {INT64_C(-3600000000000), false, true},
        {11000000, true, true},
        {INT64_C(1999999999), true, true},
        {INT64_C(2000000001), true, false},
    };
    for (size_t i = 0; i < COUNT(row); i++) {
        struct tree_print p = {.taken_ns = INT64_C(1700000000000000000), .whole_seconds = row[i].whole};
        p.newest_ns = p.taken_ns - row[i].ago_ns;
        CHECK_MSG(tree_print_racy(&p) == row[i].racy, "row %zu", i);
    }
    struct layer_spec s = spec_of(t);
    struct tree_print p;
    fill(t);
    settle();
    MUST(tree_print(&s, &p, &e));
    CHECK(!tree_print_racy(&p));
    const struct timespec future[2] = {{4000000000, 1}, {4000000000, 1}};
    CHECK(utimensat(t->dir, "app/c", future, 0) == 0);
    settle();
    MUST(tree_print(&s, &p, &e));
    CHECK(tree_print_racy(&p));
}

static int keep(struct state *st, const struct layer_spec *s, const struct tree_print *p,
                const struct layer *l, struct err *e)
{
    drop_(txn_drop) struct txn *x = NULL;
    return txn_begin(st, &x, e) < 0 || known_keep(x, s, p, l, e) < 0 ? -1 : txn_commit(x, e);
}

static enum known find(struct state *st, const struct layer_spec *s, const struct tree_print *p,
                       struct layer *got)
{
    struct err e = {0};
    return known_find(st, s, p, got, &e);
}

static enum layer_pick take_all(void *ctx, const struct walk_entry *w)
{
    (void)ctx;
    (void)w;
    return LAYER_TAKE;
}

TEST(known_layers_are_found_with_their_spec_only)
{
    char path[512];
    drop_(state_close) struct state *st = NULL;
    drop_(sink_drop) struct sink *to = sink_null();
    struct layer_spec s = spec_of(t);
    struct tree_print p;
    struct layer l, got;
    snprintf(path, sizeof path, "%s/state", t->path);
    MUST(state_open(path, NULL, &st, &e));
    fill(t);
    MUST(tree_print(&s, &p, &e));
    MUST(layer_make(&s, NULL, to, &l, &e));
    p.taken_ns = p.newest_ns; // too fresh
    MUST(keep(st, &s, &p, &l, &e));
    EQ_INT(find(st, &s, &p, &got), KNOWN_NO);
    settle();
    MUST(tree_print(&s, &p, &e));
    EQ_INT(find(st, &s, &p, &got), KNOWN_NO);
    MUST(keep(st, &s, &p, &l, &e));
    EQ_INT(find(st, &s, &p, &got), KNOWN_YES);
    CHECK(digest_eq(&got.diff_id, &l.diff_id) && digest_eq(&got.blob, &l.blob));
    CHECK(got.blob_size == l.blob_size && got.plain == l.plain && got.entries == l.entries);
    struct layer_spec other[9];
    for (size_t i = 0; i < COUNT(other); i++)
        other[i] = s;
    other[0].at = STR("/other");
    other[1].order = TREE_FULL_PATH;
    other[2].uid = 1;
    other[3].gid = 1;
    other[4].parent_uid = 1;
    other[5].mtime_sec = 0;
    other[6].codec = "gzip";
    other[7].pick = take_all;
    other[8].whiteouts = true;
    for (size_t i = 0; i < COUNT(other); i++)
        CHECK_MSG(find(st, &other[i], &p, &got) == KNOWN_NO, "spec %zu", i);
    MUST(keep(st, &other[7], &p, &l, &e));
    EQ_INT(find(st, &other[7], &p, &got), KNOWN_NO);
}

TEST(damaged_records_are_made_anew)
{
    char path[512];
    drop_(state_close) struct state *st = NULL;
    drop_(arena_free) struct arena *a = arena_new(4096);
    struct layer_spec s = spec_of(t);
    struct tree_print p;
    struct layer l = {.plain = 5}, got;
    struct strv names;
    digest_of(HASH_SHA256, "", 0, &l.diff_id);
    l.blob = l.diff_id;
    snprintf(path, sizeof path, "%s/state", t->path);
    MUST(state_open(path, NULL, &st, &e));
    fill(t);
    settle();
    MUST(tree_print(&s, &p, &e));
    MUST(keep(st, &s, &p, &l, &e));
    MUST(dir_names(a, t->dir, "state/known", 10, &names, &e));
    EQ_UINT(names.n, 1);
    const char *file = arena_printf(a, "state/known/" PRI_STR, STR_ARG(names.v[0]));
    struct str whole = test_read(a, t->dir, file);
    for (size_t n = 0; n + 1 < whole.n; n += 7) {
        test_write(t->dir, file, whole.p, n);
        EQ_INT(find(st, &s, &p, &got), KNOWN_NO);
    }
    test_write(t->dir, file, whole.p, whole.n);
    EQ_INT(find(st, &s, &p, &got), KNOWN_YES);
}

TEST(a_print_of_what_can_be_read)
{
    const struct layer_spec s = spec_of(t);
    struct tree_print first, second;
    bool root = geteuid() == 0;
    fill(t);
    MUST(tree_print(&s, &first, &e));
    MUST(tree_print_readable(&s, &second, &e));
    CHECK(tree_print_eq(&first, &second));
    CHECK(fchmodat(t->dir, "app/a/b", 0, 0) == 0);
    MUST(tree_print(&s, &first, &e));
    if (root) { // who reads everything
        static const char *const all[] = {".", "app", "app/a", "app/a/b"};
        for (size_t i = 0; i < COUNT(all); i++)
            CHECK(fchownat(t->dir, all[i], 65534, 65534, 0) == 0);
        CHECK(setegid(65534) == 0 && seteuid(65534) == 0);
    }
    REFUSED(tree_print_readable(&s, &second, &e), ERR_DENIED, "a/b");
    CHECK(fchmodat(t->dir, "app/a/b", 0400, 0) == 0);
    MUST(tree_print_readable(&s, &second, &e));
    CHECK(fchmodat(t->dir, "app/a", 0, 0) == 0);
    REFUSED(tree_print_readable(&s, &second, &e), ERR_DENIED, "a");
    CHECK(fchmodat(t->dir, "app/a", 0700, 0) == 0); // so that the directory of the test can go
    CHECK(!root || (seteuid(0) == 0 && setegid(0) == 0));
}
