// SPDX-License-Identifier: Apache-2.0
#include "rig.h"
#include <sys/file.h>

TEST(a_tree_is_published_whole)
{
    RIG(r);
    drop_(arena_free) struct arena *a = arena_new(256);
    struct digest d = rig_digest("tree");
    rig_tree(r.st, "tree");
    CHECK(state_tree_has(r.st, &d));
    drop_fd int dir = -1;
    MUST(state_tree_open(r.st, &d, &dir, &e));
    EQ_STR(test_read(a, dir, "bin/tool"), "tree");
    struct str path = state_tree_path(r.st, a, &d);
    EQ_INT(faccessat(AT_FDCWD, path.p, X_OK, 0), 0);
    d = rig_digest("other");
    REFUSED(state_tree_open(r.st, &d, &dir, &e), ERR_NOT_FOUND, "tree sha256|not there");
}

TEST(a_tree_that_is_there_stays)
{
    RIG(r);
    struct digest d = rig_digest("tree");
    rig_tree(r.st, "tree");
    drop_fd int dir = -1, again = -1;
    struct stat one, two;
    MUST(state_tree_open(r.st, &d, &dir, &e));
    rig_tree(r.st, "tree");
    MUST(state_tree_open(r.st, &d, &again, &e));
    EQ_INT(fstat(dir, &one), 0);
    EQ_INT(fstat(again, &two), 0);
    EQ_UINT(one.st_ino, two.st_ino);
    EQ_UINT(rig_count(&r, "tmp"), 0);
}

TEST(trees_are_trusted_across_a_reboot_only_after_a_sync)
{
    RIG(r);
    const struct state_opts after = {.boot_id = "after"};
    drop_(state_close) struct state *later = NULL;
    struct digest kept = rig_digest("kept"), lost = rig_digest("lost");
    rig_tree(r.st, "kept");
    MUST(state_sync(r.st, &e));
    MUST(state_sync(r.st, &e)); // nothing to do
    rig_tree(r.st, "lost");
    MUST(state_open(r.path, &after, &later, &e));
    CHECK(state_tree_has(r.st, &lost) && state_tree_has(r.st, &kept) && state_tree_has(later, &kept));
    CHECK(!state_tree_has(later, &lost));
    int dir = -1;
    REFUSED(state_tree_open(later, &lost, &dir, &e), ERR_NOT_FOUND, "not there");
    rig_tree(later, "lost"); // takes its place
    CHECK(state_tree_has(later, &lost));
    EQ_UINT(rig_count(&r, "tmp"), 0);
    EQ_UINT(rig_count(&r, "trees/sha256"), 2);
}

TEST(a_torn_boot_record_is_no_trust)
{
    RIG(r);
    struct digest d = rig_digest("tree");
    char path[300], hex[DIGEST_TEXT];
    rig_tree(r.st, "tree");
    snprintf(path, sizeof path, "data/trees/sha256/%s/boot", digest_hex(&d, hex));
    test_write(t->dir, path, "", 0);
    CHECK(!state_tree_has(r.st, &d));
    EQ_INT(unlinkat(t->dir, path, 0), 0);
    CHECK(!state_tree_has(r.st, &d));
    rig_tree(r.st, "tree");
    CHECK(state_tree_has(r.st, &d));
}

TEST(a_tree_needs_to_be_done_once)
{
    RIG(r);
    drop_(txn_drop) struct txn *x = NULL;
    struct digest d = rig_digest("tree");
    drop_fd int dir = -1;
    int two = -1;
    MUST(txn_begin(r.st, &x, &e));
    REFUSED(txn_tree_done(x, &d, &e), ERR_USAGE, "not open in this transaction");
    MUST(txn_tree(x, &d, &dir, &e));
    REFUSED(txn_tree(x, &d, &two, &e), ERR_USAGE, "twice");
    MUST(txn_tree_done(x, &d, &e));
    REFUSED(txn_tree_done(x, &d, &e), ERR_USAGE, "not open in this transaction");
}

TEST(a_tree_may_get_its_diff_id_last)
{
    RIG(r);
    drop_(arena_free) struct arena *a = arena_new(256);
    drop_(txn_drop) struct txn *t2 = NULL;
    struct digest staged = rig_digest("staged"), d = rig_digest("tree"), none = rig_digest("none");
    drop_fd int dir = -1, other = -1, got = -1;
    MUST(txn_begin(r.st, &t2, &e));
    MUST(txn_tree(t2, &staged, &dir, &e));
    test_write(dir, "bin/tool", "x", 1);
    MUST(txn_tree_is(t2, &staged, &staged, &e));
    MUST(txn_tree(t2, &none, &other, &e));
    REFUSED(txn_tree_is(t2, &staged, &none, &e), ERR_USAGE, "twice");
    REFUSED(txn_tree_is(t2, &d, &none, &e), ERR_USAGE, "not open");
    MUST(txn_tree_is(t2, &staged, &d, &e));
    REFUSED(txn_tree_done(t2, &staged, &e), ERR_USAGE, "not open");
    MUST(txn_tree_done(t2, &d, &e));
    MUST(txn_commit(t2, &e));
    CHECK(!state_tree_has(r.st, &staged));
    MUST(state_tree_open(r.st, &d, &got, &e));
    EQ_STR(test_read(a, got, "bin/tool"), "x");
}

TEST(a_stale_tree_is_replaced_by_one_at_a_time)
{
    char path[600], hex[DIGEST_TEXT];
    const struct state_opts after = {.boot_id = "after"};
    struct digest d = rig_digest("tree");
    RIG(r);
    rig_tree(r.st, "tree");
    drop_(state_close) struct state *st = NULL;
    MUST(state_open(r.path, &after, &st, &e));
    drop_(txn_drop) struct txn *x = NULL;
    drop_fd int dir = -1;
    drop_fd int other = -1; // that replaces it just now
    MUST(txn_begin(st, &x, &e));
    MUST(txn_tree(x, &d, &dir, &e));
    MUST(txn_tree_done(x, &d, &e));
    snprintf(path, sizeof path, "%s/trees/sha256/%s", r.path, digest_hex(&d, hex));
    MUST(path_open_host(path, O_RDONLY | O_DIRECTORY, 0, &other, &e));
    EQ_INT(flock(other, LOCK_EX), 0);
    REFUSED(txn_commit(x, &e), ERR_BUSY, "in use by another dema");
    drop_fd_p(&other);
    rig_tree(st, "tree");
    CHECK(state_tree_has(st, &d));
}

// A record that is no file of ours says nothing: the tree is stale, and neither gc nor a sync stops at it.
TEST(l1_a_boot_record_that_is_a_link_is_no_error)
{
    RIG(r);
    struct digest d = rig_digest("tree");
    char path[300], hex[DIGEST_TEXT];
    drop_fd int dir = -1;
    static const char *const targets[] = {"/proc/sys/kernel/random/boot_id", "boot",
                                          "../../../../../etc/passwd"};
    for (size_t i = 0; i < COUNT(targets); i++) {
        rig_tree(r.st, "tree");
        CHECK(state_tree_has(r.st, &d));
        snprintf(path, sizeof path, "data/trees/sha256/%s/boot", digest_hex(&d, hex));
        EQ_INT(unlinkat(t->dir, path, 0), 0);
        EQ_INT(symlinkat(targets[i], t->dir, path), 0);
        CHECK(!state_tree_has(r.st, &d));
        REFUSED(state_tree_open(r.st, &d, &dir, &e), ERR_NOT_FOUND, "not there");
        MUST(state_sync(r.st, &e));
    }
    struct gc_stats n;
    MUST(state_gc(r.st, NULL, &n, &e));
    EQ_UINT(n.trees, 1);
    EQ_UINT(rig_count(&r, "trees/sha256"), 0);
}
