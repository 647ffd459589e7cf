// SPDX-License-Identifier: Apache-2.0
#include "base/dir.h"
#include "rig.h"
#include <poll.h>
#include <pthread.h>

TEST(a_blob_is_there_after_the_commit_only)
{
    RIG(r);
    drop_(txn_drop) struct txn *x = NULL;
    MUST(txn_begin(r.st, &x, &e));
    struct digest d = rig_put(x, "hello"), want = rig_digest("hello");
    CHECK(digest_eq(&d, &want));
    CHECK(!state_blob_has(r.st, &d));
    MUST(txn_commit(x, &e));
    CHECK(state_blob_has(r.st, &d));
    drop_fd int fd = -1;
    uint64_t size;
    MUST(state_blob_open(r.st, &d, 5, &fd, &size, &e));
    EQ_UINT(size, 5);
    char got[8] = {0};
    EQ_INT(read(fd, got, sizeof got), 5);
    EQ_TEXT(got, "hello");
    REFUSED(txn_commit(x, &e), ERR_USAGE, "already committed");
    txn_drop(steal_ptr(x));
    EQ_UINT(rig_count(&r, "tmp"), 0);
}

TEST(a_blob_of_another_size_is_refused)
{
    RIG(r);
    rig_image(r.st, "app", "hello");
    struct digest d = rig_digest("hello");
    int fd = -1;
    uint64_t size = 7;
    REFUSED(state_blob_open(r.st, &d, 6, &fd, &size, &e), ERR_DIGEST, "5 bytes, its descriptor says 6");
    EQ_INT(fd, -1);
    EQ_UINT(size, 7);
    MUST(state_blob_open(r.st, &d, STATE_ANY_SIZE, &fd, NULL, &e));
    (void)close(fd);
    d = rig_digest("other");
    REFUSED(state_blob_open(r.st, &d, 6, &fd, &size, &e), ERR_NOT_FOUND, "blobs/sha256");
    d.alg = HASH_MD5;
    REFUSED(state_blob_open(r.st, &d, 6, &fd, &size, &e), ERR_USAGE, "md5|sha256 and sha512");
}

TEST(wanted_bytes_only)
{
    RIG(r);
    drop_(txn_drop) struct txn *x = NULL;
    struct digest want = rig_digest("good");
    MUST(txn_begin(r.st, &x, &e));
    struct sink *s;
    struct blob_got got = {.size = 99};
    MUST(txn_blob(x, &want, &got, &s, &e));
    MUST(sink_write(s, "evil", 4, &e));
    REFUSED(sink_finish(s, &e), ERR_DIGEST, "wanted, the bytes are sha256:");
    sink_drop(s);
    EQ_UINT(got.size, 99);
    MUST(txn_commit(x, &e));
    CHECK(!state_blob_has(r.st, &want));
    EQ_UINT(rig_count(&r, "blobs/sha256"), 0);
}

TEST(sha512_blobs_have_their_own_folder)
{
    RIG(r);
    drop_(txn_drop) struct txn *x = NULL;
    struct digest want;
    digest_of(HASH_SHA512, "good", 4, &want);
    MUST(txn_begin(r.st, &x, &e));
    struct sink *s;
    MUST(txn_blob(x, &want, NULL, &s, &e));
    MUST(sink_write(s, "good", 4, &e));
    MUST(sink_finish(s, &e));
    sink_drop(s);
    MUST(txn_commit(x, &e));
    CHECK(state_blob_has(r.st, &want));
    EQ_UINT(rig_count(&r, "blobs/sha512"), 1);
    want.alg = HASH_SHA1;
    REFUSED(txn_blob(x, &want, NULL, &s, &e), ERR_USAGE, "sha1");
}

TEST(what_is_not_finished_leaves_nothing)
{
    RIG(r);
    struct digest d = rig_digest("tree");
    for (int commit = 0; commit < 2; commit++) {
        drop_(txn_drop) struct txn *x = NULL;
        drop_fd int dir = -1;
        struct sink *s;
        MUST(txn_begin(r.st, &x, &e));
        MUST(txn_blob(x, NULL, NULL, &s, &e));
        MUST(sink_write(s, "half", 4, &e));
        sink_drop(s);
        MUST(txn_tree(x, &d, &dir, &e));
        test_write(dir, "half", "x", 1);
        if (commit)
            MUST(txn_commit(x, &e));
    }
    EQ_UINT(rig_count(&r, "tmp"), 0);
    EQ_UINT(rig_count(&r, "blobs/sha256"), 0);
    EQ_UINT(rig_count(&r, "trees/sha256"), 0);
    CHECK(!state_tree_has(r.st, &d));
}

TEST(a_dropped_transaction_leaves_nothing)
{
    RIG(r);
    struct state_name n = rig_entry("hello");
    drop_(txn_drop) struct txn *x = NULL;
    MUST(txn_begin(r.st, &x, &e));
    rig_put(x, "hello");
    MUST(txn_name(x, STR("app"), NULL, &n, &e));
    txn_drop(steal_ptr(x));
    EQ_UINT(rig_count(&r, "tmp"), 0);
    EQ_UINT(rig_count(&r, "blobs/sha256"), 0);
    EQ_UINT(rig_count(&r, "names"), 0);
}

TEST(modes_do_not_depend_on_the_umask)
{
    mode_t old = umask(077);
    RIG(r);
    rig_tree(r.st, "tree");
    umask(old);
    struct digest d = rig_digest("tree");
    drop_fd int dir = -1;
    struct stat info;
    MUST(state_tree_open(r.st, &d, &dir, &e));
    EQ_INT(fstat(dir, &info), 0);
    EQ_INT(info.st_mode & 07777, 0755);
}

TEST(downloads_are_kept_apart)
{
    RIG(r);
    drop_(txn_drop) struct txn *x = NULL;
    struct digest d = rig_digest("tool");
    struct sink *s;
    MUST(txn_begin(r.st, &x, &e));
    MUST(txn_dep(x, &d, &s, &e));
    MUST(sink_write(s, "tool", 4, &e));
    MUST(sink_finish(s, &e));
    sink_drop(s);
    MUST(txn_commit(x, &e));
    drop_fd int fd = -1;
    uint64_t size;
    MUST(state_dep_open(r.st, &d, &fd, &size, &e));
    EQ_UINT(size, 4);
    CHECK(!state_blob_has(r.st, &d));
}

TEST(records_are_found_by_key)
{
    RIG(r);
    drop_(txn_drop) struct txn *x = NULL;
    drop_(arena_free) struct arena *a = arena_new(256);
    struct digest key = rig_digest("key");
    struct str got;
    REFUSED(state_known_get(r.st, a, &key, &got, &e), ERR_NOT_FOUND, "known");
    MUST(txn_begin(r.st, &x, &e));
    MUST(txn_known(x, &key, STR("one\n"), &e));
    REFUSED(txn_known(x, &key, (struct str){"", STATE_RECORD_MAX + 1}, &e), ERR_LIMIT, "65537 bytes");
    MUST(txn_commit(x, &e));
    MUST(state_known_get(r.st, a, &key, &got, &e));
    EQ_STR(got, "one\n");
}

struct worker {
    struct txn *x;
    int number;
    int rc;
};

static void *work(void *arg)
{
    struct worker *w = arg;
    struct err e = {0};
    w->rc = 0;
    for (int i = 0; i < 20 && w->rc == 0; i++) {
        char text[32];
        struct sink *s;
        snprintf(text, sizeof text, "blob %d.%d", w->number, i);
        w->rc = txn_blob(w->x, NULL, NULL, &s, &e);
        if (w->rc == 0)
            w->rc = sink_write(s, text, strlen(text), &e) < 0 ? -1 : sink_finish(s, &e);
        sink_drop(s);
    }
    return NULL;
}

TEST(threads_share_a_transaction)
{
    RIG(r);
    drop_(txn_drop) struct txn *x = NULL;
    struct worker w[4];
    pthread_t id[COUNT(w)];
    MUST(txn_begin(r.st, &x, &e));
    for (size_t i = 0; i < COUNT(w); i++) {
        w[i] = (struct worker){x, (int)i, -1};
        EQ_INT(pthread_create(&id[i], NULL, work, &w[i]), 0);
    }
    for (size_t i = 0; i < COUNT(w); i++) {
        EQ_INT(pthread_join(id[i], NULL), 0);
        EQ_INT(w[i].rc, 0);
    }
    MUST(txn_commit(x, &e));
    EQ_UINT(rig_count(&r, "blobs/sha256"), 80);
}

TEST(an_app_has_one_builder_at_a_time)
{
    RIG(r);
    drop_fd int one = -1;
    int two = -1;
    MUST(state_app_open(r.st, STR("app-1"), &one, &e));
    test_write(one, "kept", "x", 1);
    REFUSED(state_app_open(r.st, STR("app-1"), &two, &e), ERR_BUSY, "apps/app-1|in use");
    drop_fd_p(&one);
    MUST(state_app_open(r.st, STR("app-1"), &one, &e));
    static const char *const bad[] = {"", "..", "a/b", "A", "-a", "a.b"};
    for (size_t i = 0; i < COUNT(bad); i++)
        REFUSED(state_app_open(r.st, str_of(bad[i]), &two, &e), ERR_USAGE, "app key");
}

struct late {
    struct txn *x;
    pthread_barrier_t *begin;
    int refused, kept;
};

static void *finish_late(void *arg)
{
    struct late *w = arg;
    (void)pthread_barrier_wait(w->begin);
    for (int i = 0; i < 200; i++) {
        struct err e = {0};
        struct sink *s;
        char text[32];
        snprintf(text, sizeof text, "late %d", i);
        if (txn_blob(w->x, NULL, NULL, &s, &e) < 0) {
            w->refused += e.code == ERR_USAGE;
            continue;
        }
        if (sink_write(s, text, strlen(text), &e) == 0 && sink_finish(s, &e) == 0)
            w->kept++;
        else
            w->refused += e.code == ERR_USAGE;
        sink_drop(s);
    }
    return NULL;
}

// What finishes while another thread commits is published or refused: never said to be kept and lost.
TEST(l2_a_blob_that_finishes_during_the_commit_is_published_or_refused)
{
    RIG(r);
    drop_(txn_drop) struct txn *x = NULL;
    pthread_barrier_t begin;
    struct late w = {.begin = &begin};
    pthread_t id;
    MUST(txn_begin(r.st, &x, &e));
    w.x = x;
    rig_put(x, "first");
    EQ_INT(pthread_barrier_init(&begin, NULL, 2), 0);
    EQ_INT(pthread_create(&id, NULL, finish_late, &w), 0);
    (void)pthread_barrier_wait(&begin);
    (void)poll(NULL, 0, 5);
    MUST(txn_commit(x, &e));
    EQ_INT(pthread_join(id, NULL), 0);
    EQ_INT(pthread_barrier_destroy(&begin), 0);
    EQ_INT(w.kept + w.refused, 200);
    EQ_UINT(rig_count(&r, "blobs/sha256"), 1 + (unsigned)w.kept);
}

TEST(l2_a_sink_that_outlives_its_commit_is_refused)
{
    RIG(r);
    drop_(txn_drop) struct txn *x = NULL;
    struct sink *s;
    MUST(txn_begin(r.st, &x, &e));
    MUST(txn_blob(x, NULL, NULL, &s, &e));
    MUST(sink_write(s, "late", 4, &e));
    MUST(txn_commit(x, &e));
    REFUSED(sink_finish(s, &e), ERR_USAGE, "already committed");
    sink_drop(s);
    EQ_UINT(rig_count(&r, "blobs/sha256"), 0);
}
