// SPDX-License-Identifier: Apache-2.0
#include "rig.h"
#include <sched.h>
#include <sys/mount.h>

TEST(open_makes_the_directory_and_its_parents_0700)
{
    char path[512];
    snprintf(path, sizeof path, "%s/a/b/dema", t->path);
    for (int i = 0; i < 2; i++) { // the second time it is there
        drop_(state_close) struct state *st = NULL;
        MUST(state_open(path, NULL, &st, &e));
        EQ_TEXT(state_path(st), path);
    }
    struct stat info;
    EQ_INT(fstatat(t->dir, "a/b", &info, 0), 0);
    EQ_INT(info.st_mode & 07777, 0700);
    EQ_INT(fstatat(t->dir, "a/b/dema", &info, 0), 0);
    EQ_INT(info.st_mode & 07777, 0700);
    drop_(arena_free) struct arena *a = arena_new(64);
    EQ_STR(test_read(a, t->dir, "a/b/dema/format"), "dema-state 1\n");
}

TEST(open_refuses_a_newer_format)
{
    RIG(r);
    test_write(t->dir, "data/format", "dema-state 2\n", 13);
    struct state *st = NULL;
    REFUSED(state_open(r.path, NULL, &st, &e), ERR_API, "state format 2|newer dema|reads 1");
    CHECK(!st);
}

TEST(open_refuses_a_damaged_format)
{
    static const char *const bad[] = {"",        "dema-state",    "dema-state x\n", "dema-state -1\n",
                                      "hello\n", "dema-state 0\n"};
    RIG(r);
    for (size_t i = 0; i < COUNT(bad); i++) {
        struct state *st = NULL;
        test_write(t->dir, "data/format", bad[i], strlen(bad[i]));
        REFUSED(state_open(r.path, NULL, &st, &e), ERR_PARSE, "format|dema-state NUMBER");
    }
}

TEST(open_refuses_a_directory_that_is_not_ours)
{
    char path[512];
    snprintf(path, sizeof path, "%s/home", t->path);
    test_write(t->dir, "home/mail/inbox", "x", 1);
    struct state *st = NULL;
    REFUSED(state_open(path, NULL, &st, &e), ERR_DENIED, "home|not a state|mail");
    EQ_INT(faccessat(t->dir, "home/format", F_OK, 0), -1);
}

TEST(open_goes_on_where_a_first_open_was_killed)
{
    char path[512];
    snprintf(path, sizeof path, "%s/half", t->path);
    test_write(t->dir, "half/.format.0123", "dema", 4);
    EQ_INT(mkdirat(t->dir, "half/blobs", 0700), 0);
    drop_(state_close) struct state *st = NULL;
    MUST(state_open(path, NULL, &st, &e));
    drop_(txn_drop) struct txn *x = NULL;
    MUST(txn_begin(st, &x, &e));
    rig_put(x, "hello");
    MUST(txn_commit(x, &e));
}

TEST(open_refuses_what_others_may_write)
{
    RIG(r);
    struct state *st = NULL;
    EQ_INT(fchmodat(t->dir, "data", 0777, 0), 0);
    REFUSED(state_open(r.path, NULL, &st, &e), ERR_DENIED, "mode 0777|others than its owner");
}

TEST(open_refuses_somebody_elses)
{
    RIG(r);
    struct state *st = NULL;
    if (geteuid() != 0)
        SKIP("needs root to give a directory away");
    EQ_INT(fchownat(t->dir, "data", 12345, 12345, 0), 0);
    REFUSED(state_open(r.path, NULL, &st, &e), ERR_DENIED, "belongs to user id 12345, this is 0");
}

TEST(open_refuses_a_read_only_or_unfit_filesystem)
{
    struct state *st = NULL;
    REFUSED(state_open("/proc/dema-state-test", NULL, &st, &e), ERR_NOT_FOUND, "/proc/dema-state-test");
    REFUSED(state_open("/sys/kernel", NULL, &st, &e), ERR_DENIED, "/sys/kernel");
    REFUSED(state_open("", NULL, &st, &e), ERR_USAGE, "0 bytes");
}

TEST(open_refuses_a_file_in_the_way)
{
    char path[512];
    test_write(t->dir, "file", "x", 1);
    snprintf(path, sizeof path, "%s/file/dema", t->path);
    struct state *st = NULL;
    REFUSED(state_open(path, NULL, &st, &e), ERR_NOT_FOUND, "file/dema|Not a directory");
    snprintf(path, sizeof path, "%s/file", t->path);
    REFUSED(state_open(path, NULL, &st, &e), ERR_NOT_FOUND, "Not a directory");
}

TEST(open_follows_the_operators_links)
{
    char path[512];
    EQ_INT(mkdirat(t->dir, "real", 0700), 0);
    EQ_INT(symlinkat("real", t->dir, "link"), 0);
    snprintf(path, sizeof path, "%s/link/dema", t->path);
    drop_(state_close) struct state *st = NULL;
    MUST(state_open(path, NULL, &st, &e));
    EQ_INT(faccessat(t->dir, "real/dema/format", F_OK, 0), 0);
}

TEST(open_names_a_read_only_filesystem_and_a_full_one)
{
    char path[512];
    struct state *st = NULL;
    CHECK(mkdirat(t->dir, "small", 0700) == 0);
    snprintf(path, sizeof path, "%s/small", t->path);
    if (unshare(CLONE_NEWNS) < 0 || mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0 ||
        mount("tmpfs", path, "tmpfs", 0, "nr_inodes=8,mode=0700") < 0)
        SKIP("needs root to mount");
    snprintf(path, sizeof path, "%s/small/dema", t->path);
    REFUSED(state_open(path, NULL, &st, &e), ERR_IO, "small/dema|No space left on device");
    snprintf(path, sizeof path, "%s/small", t->path);
    CHECK(mount(NULL, path, NULL, MS_REMOUNT | MS_RDONLY, NULL) == 0);
    REFUSED(state_open(path, NULL, &st, &e), ERR_DENIED, "small: on a read-only filesystem");
    snprintf(path, sizeof path, "%s/small/other", t->path);
    REFUSED(state_open(path, NULL, &st, &e), ERR_DENIED, "small/other: on a read-only filesystem");
}
