// SPDX-License-Identifier: Apache-2.0
#include "rig.h"
#include <sys/wait.h>

TEST(a_name_needs_its_blob)
{
    RIG(r);
    drop_(txn_drop) struct txn *x = NULL;
    struct state_name n = rig_entry("absent");
    MUST(txn_begin(r.st, &x, &e));
    MUST(txn_name(x, STR("app"), NULL, &n, &e));
    REFUSED(txn_commit(x, &e), ERR_NOT_FOUND, "app|is not in the state");
    EQ_UINT(rig_count(&r, "names"), 0);
}

struct cas_row {
    const char *is;  // what the name stands for, NULL: absent
    const char *old; // what the caller believes, NULL: absent, "*": any
    const char *now; // NULL: delete
    const char *why; // NULL: done
};

static void try_cas(struct rig *r, const struct cas_row *row)
{
    drop_(txn_drop) struct txn *x = NULL;
    struct state_name n = rig_entry(row->now ? row->now : "");
    struct digest old = rig_digest(row->old ? row->old : "");
    MUST(txn_begin(r->st, &x, &e));
    if (row->now)
        rig_put(x, row->now);
    const struct digest *was = !row->old ? NULL : strcmp(row->old, "*") == 0 ? &txn_any : &old;
    MUST(txn_name(x, STR("app"), was, row->now ? &n : NULL, &e));
    if (row->why)
        REFUSED(txn_commit(x, &e), ERR_BUSY, row->why);
    else
        MUST(txn_commit(x, &e));
}

TEST(names_are_compared_and_swapped)
{
    static const struct cas_row rows[] = {
        {NULL, NULL, "new", NULL},
        {NULL, "old", "new", "app: now no image, expected sha256:"},
        {NULL, "*", "new", NULL},
        {NULL, NULL, NULL, NULL},
        {NULL, "*", NULL, NULL},
        {NULL, "old", NULL, "now no image"},
        {"old", "old", "new", NULL},
        {"old", NULL, "new", "expected no image"},
        {"old", "other", "new", "changed meanwhile"},
        {"old", "*", "new", NULL},
        {"old", "old", NULL, NULL},
        {"old", "other", NULL, "changed meanwhile"},
    };
    RIG(r);
    for (size_t i = 0; i < COUNT(rows); i++) {
        drop_(arena_free) struct arena *a = arena_new(256);
        (void)unlinkat(t->dir, "data/names/app", 0);
        if (rows[i].is)
            rig_image(r.st, "app", rows[i].is);
        try_cas(&r, &rows[i]);
        const char *want = rows[i].why ? rows[i].is : rows[i].now;
        struct state_name n;
        struct digest d = rig_digest(want ? want : "");
        if (want) {
            MUST(state_name_get(r.st, a, STR("app"), &n, &e));
            CHECK_MSG(digest_eq(&n.digest, &d), "row %zu", i);
        } else {
            REFUSED(state_name_get(r.st, a, STR("app"), &n, &e), ERR_NOT_FOUND, "app");
        }
    }
    EQ_UINT(rig_count(&r, "tmp"), 0);
}

TEST(one_name_that_moved_keeps_all_as_they_were)
{
    RIG(r);
    drop_(txn_drop) struct txn *x = NULL;
    drop_(arena_free) struct arena *a = arena_new(256);
    struct state_name n = rig_entry("new"), got;
    rig_image(r.st, "b", "old");
    MUST(txn_begin(r.st, &x, &e));
    rig_put(x, "new");
    MUST(txn_name(x, STR("a"), NULL, &n, &e));
    MUST(txn_name(x, STR("b"), NULL, &n, &e));
    REFUSED(txn_name(x, STR("b"), NULL, &n, &e), ERR_USAGE, "b: twice");
    REFUSED(txn_commit(x, &e), ERR_BUSY, "b: now sha256");
    REFUSED(state_name_get(r.st, a, STR("a"), &got, &e), ERR_NOT_FOUND, "a");
}

TEST(the_descriptor_is_kept_byte_for_byte)
{
    RIG(r);
    drop_(txn_drop) struct txn *x = NULL;
    drop_(arena_free) struct arena *a = arena_new(256);
    struct state_name n = rig_entry("new"), got;
    n.json = STR("\n\r\n {\"a\" : 1.0e5,\n\"\xc3\xa4\":null}\n\n");
    MUST(txn_begin(r.st, &x, &e));
    rig_put(x, "new");
    MUST(txn_name(x, STR("a"), NULL, &n, &e));
    MUST(txn_commit(x, &e));
    MUST(state_name_get(r.st, a, STR("a"), &got, &e));
    CHECK(str_eq(got.json, n.json));
    n.json = (struct str){"", STATE_RECORD_MAX + 1};
    txn_drop(steal_ptr(x));
    MUST(txn_begin(r.st, &x, &e));
    REFUSED(txn_name(x, STR("b"), NULL, &n, &e), ERR_LIMIT, "65537 bytes");
}

// Two processes increase a counter by compare and swap: none of the increments is lost.
static int add_one(struct state *st, struct err *e)
{
    drop_(arena_free) struct arena *a = arena_new(256);
    drop_(txn_drop) struct txn *x = NULL;
    struct state_name is, now;
    struct err absent = {0};
    uint64_t value = 0;
    bool there = state_name_get(st, a, STR("counter"), &is, &absent) == 0;
    if (there && !str_u64(is.json, 0, 10000, &value))
        return err_set(e, ERR_PARSE, "counter");
    const char *text = arena_printf(a, "%ju", (uintmax_t)value + 1);
    now = (struct state_name){.digest = rig_digest(text), .size = strlen(text), .json = str_of(text)};
    if (txn_begin(st, &x, e) < 0)
        return -1;
    rig_put(x, text);
    return txn_name(x, STR("counter"), there ? &is.digest : NULL, &now, e) < 0 ? -1 : txn_commit(x, e);
}

TEST(no_swap_is_lost_between_processes)
{
    enum { PROCESSES = 3, ROUNDS = 20 };
    RIG(r);
    for (int i = 0; i < PROCESSES; i++) {
        pid_t pid = fork();
        CHECK(pid >= 0);
        if (pid)
            continue;
        drop_(state_close) struct state *st = NULL;
        struct err e = {0};
        int done = 0;
        if (state_open(r.path, NULL, &st, &e) < 0)
            _exit(1);
        for (int tries = 0; done < ROUNDS && tries < 10000; tries++) {
            struct err why = {0};
            if (add_one(st, &why) == 0)
                done++;
            else if (why.code != ERR_BUSY)
                _exit(2);
        }
        _exit(done == ROUNDS ? 0 : 3);
    }
    for (int i = 0; i < PROCESSES; i++) {
        int status;
        CHECK(wait(&status) > 0);
        EQ_INT(status, 0);
    }
    drop_(arena_free) struct arena *a = arena_new(256);
    struct state_name n;
    MUST(state_name_get(r.st, a, STR("counter"), &n, &e));
    EQ_STR(n.json, "60");
}
