// SPDX-License-Identifier: Apache-2.0
// A state in the test's own directory, and short ways to fill it.
#pragma once
#include "base/dir.h"
#include "base/file.h"
#include "state/state.h"
#include "test.h"
#include <fcntl.h>
#include <stdio.h>

struct rig {
    char path[512];
    struct state *st;
};
static inline void rig_close(struct rig *r)
{
    state_close(r->st);
    r->st = NULL;
}
#define RIG(r)                                                                                               \
    __attribute__((cleanup(rig_close))) struct rig r = {0};                                                  \
    snprintf(r.path, sizeof r.path, "%s/data", t->path);                                                     \
    MUST(state_open(r.path, NULL, &r.st, &e))

static inline struct digest rig_digest(const char *content)
{
    struct digest d;
    digest_of(HASH_SHA256, content, strlen(content), &d);
    return d;
}

static inline struct digest rig_put(struct txn *t, const char *content)
{
    struct sink *s;
    struct blob_got got;
    MUST(txn_blob(t, NULL, &got, &s, &e));
    MUST(sink_write(s, content, strlen(content), &e));
    MUST(sink_finish(s, &e));
    sink_drop(s);
    return got.digest;
}

static inline struct state_name rig_entry(const char *content)
{
    return (struct state_name){
        .digest = rig_digest(content), .size = strlen(content), .json = STR("{\"x\": 1}")};
}

// One transaction: a blob, and a name for it.
static inline void rig_image(struct state *st, const char *name, const char *content)
{
    drop_(txn_drop) struct txn *t = NULL;
    struct state_name n = rig_entry(content);
    MUST(txn_begin(st, &t, &e));
    rig_put(t, content);
    MUST(txn_name(t, str_of(name), &txn_any, &n, &e));
    MUST(txn_commit(t, &e));
}

static inline void rig_tree(struct state *st, const char *id)
{
    drop_(txn_drop) struct txn *t = NULL;
    struct digest d = rig_digest(id);
    drop_fd int dir = -1;
    MUST(txn_begin(st, &t, &e));
    MUST(txn_tree(t, &d, &dir, &e));
    test_write(dir, "bin/tool", id, strlen(id));
    MUST(txn_tree_done(t, &d, &e));
    MUST(txn_commit(t, &e));
}

static inline size_t rig_count(struct rig *r, const char *folder)
{
    drop_(arena_free) struct arena *a = arena_new(1024);
    char path[600];
    snprintf(path, sizeof path, "%s/%s", r->path, folder);
    drop_fd int fd = -1;
    struct strv names;
    MUST(path_open_host(path, O_RDONLY | O_DIRECTORY, 0, &fd, &e));
    MUST(dir_names(a, fd, ".", 100000, &names, &e));
    return names.n;
}
