// SPDX-License-Identifier: Apache-2.0
#include "rig.h"
#include <poll.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/wait.h>

// Descriptor text names what it refers to: "blob:CONTENT" and "tree:ID", separated by blanks.
static int refs(void *ctx, struct state *st, const struct state_name *name, struct gc *g, struct err *e)
{
    (void)st;
    struct str rest = name ? name->json : str_of(ctx), word;
    while (str_cut(&rest, ' ', &word)) {
        char text[64];
        if (str_is(word, "fail"))
            return err_set(e, ERR_PARSE, "manifest: not json");
        if (word.n < 5)
            continue;
        snprintf(text, sizeof text, PRI_STR, STR_ARG(str_from(word, 5)));
        struct digest d = rig_digest(text);
        if (str_has_prefix(word, "blob:"))
            gc_mark_blob(g, &d);
        else
            gc_mark_tree(g, &d);
    }
    return 0;
}

static void name_with(struct state *st, const char *name, const char *content, const char *refers)
{
    drop_(txn_drop) struct txn *x = NULL;
    struct state_name n = rig_entry(content);
    n.json = str_of(refers);
    MUST(txn_begin(st, &x, &e));
    rig_put(x, content);
    MUST(txn_name(x, str_of(name), &txn_any, &n, &e));
    MUST(txn_commit(x, &e));
}

static void put(struct state *st, const char *content)
{
    drop_(txn_drop) struct txn *x = NULL;
    MUST(txn_begin(st, &x, &e));
    rig_put(x, content);
    MUST(txn_commit(x, &e));
}

static bool has(struct state *st, const char *content)
{
    struct digest d = rig_digest(content);
    return state_blob_has(st, &d);
}

static bool has_tree(struct state *st, const char *id)
{
    struct digest d = rig_digest(id);
    return state_tree_has(st, &d);
}

TEST(gc_keeps_what_names_refer_to)
{
    RIG(r);
    static char roots[] = "tree:rooted";
    static const char *const blobs[] = {"config", "layer", "orphan"}, *const trees[] = {"lower", "rooted",
                                                                                        "lost"};
    for (size_t i = 0; i < COUNT(blobs); i++)
        put(r.st, blobs[i]);
    for (size_t i = 0; i < COUNT(trees); i++)
        rig_tree(r.st, trees[i]);
    name_with(r.st, "app", "manifest", "blob:config blob:layer tree:lower");
    struct gc_stats n;
    struct gc_opts opts = {.refs = refs, .ctx = roots, .dry_run = true};
    for (int run = 0; run < 3; run++) {
        MUST(state_gc(r.st, &opts, &n, &e));
        EQ_UINT(n.blobs, run < 2 ? 1 : 0);
        EQ_UINT(n.blob_bytes, run < 2 ? 6 : 0);
        EQ_UINT(n.trees, run < 2 ? 1 : 0);
        CHECK(has(r.st, "orphan") == (run < 1) && has_tree(r.st, "lost") == (run < 1));
        opts.dry_run = false;
    }
    CHECK(has(r.st, "manifest") && has(r.st, "config") && has(r.st, "layer"));
    CHECK(has_tree(r.st, "lower") && has_tree(r.st, "rooted"));
    EQ_UINT(rig_count(&r, "tmp"), 0);
}

TEST(gc_stops_before_it_removes_when_it_cannot_know)
{
    RIG(r);
    put(r.st, "orphan");
    name_with(r.st, "app", "manifest", "fail");
    const struct gc_opts opts = {.refs = refs, .ctx = (char[]){""}};
    REFUSED(state_gc(r.st, &opts, NULL, &e), ERR_PARSE, "gc: app|not json");
    CHECK(has(r.st, "orphan"));
    test_write(t->dir, "data/names/app", "torn", 4);
    REFUSED(state_gc(r.st, NULL, NULL, &e), ERR_PARSE, "names/app|damaged");
    CHECK(has(r.st, "orphan"));
}

TEST(gc_waits_for_transactions)
{
    RIG(r);
    drop_(txn_drop) struct txn *x = NULL;
    MUST(txn_begin(r.st, &x, &e));
    struct digest d = rig_put(x, "published");
    REFUSED(state_gc(r.st, NULL, NULL, &e), ERR_BUSY, "in use by another dema");
    MUST(txn_commit(x, &e)); // published, not named
    const struct gc_opts patient = {.wait_ms = 50};
    REFUSED(state_gc(r.st, &patient, NULL, &e), ERR_BUSY, "in use");
    CHECK(state_blob_has(r.st, &d));
    txn_drop(steal_ptr(x));
    MUST(state_gc(r.st, NULL, NULL, &e));
    CHECK(!state_blob_has(r.st, &d));
}

TEST(gc_waits_for_leases)
{
    RIG(r);
    drop_fd int lease = -1;
    struct digest d = rig_digest("taken in");
    MUST(state_lease(r.st, &lease, &e));
    put(r.st, "taken in"); // has no name, and its transaction is over
    REFUSED(state_gc(r.st, NULL, NULL, &e), ERR_BUSY, "in use by another dema");
    CHECK(state_blob_has(r.st, &d));
    drop_fd_p(&lease);
    MUST(state_gc(r.st, NULL, NULL, &e));
    CHECK(!state_blob_has(r.st, &d));
}

TEST(gc_takes_what_a_killed_process_left)
{
    RIG(r);
    pid_t pid = fork();
    if (pid == 0) {
        struct txn *x;
        struct digest d = rig_digest("tree");
        int dir;
        MUST(txn_begin(r.st, &x, &e));
        rig_put(x, "blob");
        MUST(txn_tree(x, &d, &dir, &e));
        test_write(dir, "deep/er/file", "x", 1);
        (void)kill(getpid(), SIGKILL);
    }
    int status;
    EQ_INT(waitpid(pid, &status, 0), pid);
    CHECK(WIFSIGNALED(status));
    EQ_UINT(rig_count(&r, "tmp"), 1);
    struct gc_stats n;
    MUST(state_gc(r.st, NULL, &n, &e)); // the lock went with the process
    EQ_UINT(n.leftovers, 1);
    EQ_UINT(rig_count(&r, "tmp"), 0);
}

TEST(gc_leaves_a_tree_that_is_in_use)
{
    RIG(r);
    struct digest d = rig_digest("tree");
    drop_fd int dir = -1;
    struct gc_stats n;
    rig_tree(r.st, "tree");
    MUST(state_tree_open(r.st, &d, &dir, &e));
    MUST(state_gc(r.st, NULL, &n, &e));
    EQ_UINT(n.trees, 0);
    EQ_UINT(n.busy_trees, 1);
    CHECK(state_tree_has(r.st, &d));
    drop_fd_p(&dir);
    MUST(state_gc(r.st, NULL, &n, &e));
    EQ_UINT(n.trees, 1);
    CHECK(!state_tree_has(r.st, &d));
}

TEST(gc_takes_trees_that_a_reboot_made_worthless)
{
    RIG(r);
    const struct state_opts after = {.boot_id = "after"};
    drop_(state_close) struct state *later = NULL;
    const struct gc_opts opts = {.refs = refs, .ctx = (char[]){"tree:tree"}};
    struct gc_stats n;
    rig_tree(r.st, "tree");
    MUST(state_open(r.path, &after, &later, &e));
    MUST(state_gc(later, &opts, &n, &e));
    EQ_UINT(n.trees, 1);
    EQ_UINT(rig_count(&r, "trees/sha256"), 0);
}

TEST(gc_takes_what_was_long_not_used)
{
    RIG(r);
    drop_(txn_drop) struct txn *x = NULL;
    drop_(arena_free) struct arena *a = arena_new(256);
    struct digest d = rig_digest("tool"), key = rig_digest("key");
    struct sink *s;
    struct str got;
    MUST(txn_begin(r.st, &x, &e));
    MUST(txn_dep(x, &d, &s, &e));
    MUST(sink_write(s, "tool", 4, &e));
    MUST(sink_finish(s, &e));
    sink_drop(s);
    MUST(txn_known(x, &key, STR("record"), &e));
    MUST(txn_commit(x, &e));
    txn_drop(steal_ptr(x));
    char path[300], hex[DIGEST_TEXT];
    snprintf(path, sizeof path, "data/known/%s", digest_hex(&key, hex));
    const struct timespec old[2] = {{1000, 0}, {1000, 0}};
    EQ_INT(utimensat(t->dir, path, old, 0), 0);
    struct gc_opts opts = {.unused_before_sec = 2000};
    struct gc_stats n;
    MUST(state_known_get(r.st, a, &key, &got, &e)); // a use counts
    MUST(state_gc(r.st, &opts, &n, &e));
    EQ_UINT(n.known + n.deps, 0);
    EQ_INT(utimensat(t->dir, path, old, 0), 0);
    MUST(state_gc(r.st, &opts, &n, &e));
    EQ_UINT(n.known, 1);
    EQ_UINT(n.deps, 0);
    opts.unused_before_sec = INT64_MAX;
    MUST(state_gc(r.st, &opts, &n, &e));
    EQ_UINT(n.deps, 1);
    EQ_UINT(n.dep_bytes, 4);
}

TEST(m5_gc_refuses_while_a_name_is_damaged)
{
    RIG(r);
    rig_image(r.st, "app", "manifest");
    put(r.st, "orphan");
    rig_tree(r.st, "tree");
    test_write(t->dir, "data/names/app", "torn", 4);
    struct gc_stats n;
    REFUSED(state_gc(r.st, NULL, &n, &e), ERR_PARSE, "gc|names/app|damaged|remove its file|dema rm");
    CHECK(has(r.st, "manifest") && has(r.st, "orphan") && has_tree(r.st, "tree"));
    EQ_INT(unlinkat(t->dir, "data/names/app", 0), 0);
    MUST(state_gc(r.st, NULL, &n, &e));
    EQ_UINT(n.blobs, 2);
}

TEST(l3_gc_says_who_holds_the_state)
{
    RIG(r);
    drop_(txn_drop) struct txn *x = NULL;
    char words[64];
    MUST(txn_begin(r.st, &x, &e));
    snprintf(words, sizeof words, "in use by another dema|(process %d ", (int)getpid());
    drop_buf struct buf locks = BUF_INIT(1 << 22);
    char inode[64];
    struct stat st;
    EQ_INT(fstatat(t->dir, "data/lock", &st, 0), 0);
    snprintf(inode, sizeof inode, ":%ju ", (uintmax_t)st.st_ino);
    MUST(file_read(AT_FDCWD, "/proc/locks", &locks, &e));
    if (!strstr(locks.p, inode))
        SKIP("the kernel does not list the locks of this filesystem");
    REFUSED(state_gc(r.st, NULL, NULL, &e), ERR_BUSY, words);
}

// Several processes whose transactions overlap, so that there is hardly a moment without one.
static void keep_open(const char *path, const volatile bool *stop)
{
    drop_(state_close) struct state *st = NULL;
    struct err e = {0};
    if (state_open(path, NULL, &st, &e) < 0)
        _exit(1);
    while (!*stop) {
        struct txn *x;
        if (txn_begin(st, &x, &e) < 0)
            _exit(2);
        (void)poll(NULL, 0, 20);
        txn_drop(x);
    }
    _exit(0);
}

TEST(l3_gc_gets_its_turn_among_transactions_that_overlap)
{
    RIG(r);
    bool *stop = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    CHECK(stop != MAP_FAILED);
    pid_t pid[3];
    put(r.st, "orphan");
    for (size_t i = 0; i < COUNT(pid); i++)
        if ((pid[i] = fork()) == 0)
            keep_open(r.path, stop);
    (void)poll(NULL, 0, 100);
    const struct gc_opts opts = {.wait_ms = 20000};
    struct gc_stats n;
    MUST(state_gc(r.st, &opts, &n, &e));
    EQ_UINT(n.blobs, 1);
    *stop = true;
    for (size_t i = 0; i < COUNT(pid); i++) {
        int status;
        EQ_INT(waitpid(pid[i], &status, 0), pid[i]);
        EQ_INT(status, 0);
    }
}
