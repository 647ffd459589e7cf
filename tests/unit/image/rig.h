// SPDX-License-Identifier: Apache-2.0
// A state with an image in it: one layer as a blob, one as a tree that is not a blob yet.
#pragma once
#include "base/dir.h"
#include "base/file.h"
#include "image/copy.h"
#include "stream/memory.h"
#include "test.h"
#include <fcntl.h>
#include <stdio.h>

#define GZIP "gzip-libdeflate-1-1m"
#define RIG_TIME "1980-01-01T00:00:01Z"
#define NAME "example.com/team/app:1"

struct rig {
    char path[512];
    struct state *st;
    struct arena *a;
    struct image img;
};
static inline void rig_close(struct rig *r)
{
    state_close(r->st);
    arena_free(r->a);
}
#define RIG(r)                                                                                               \
    __attribute__((cleanup(rig_close))) struct rig r = {.a = arena_new(8192)};                               \
    rig_open(t, &r, "data")

static inline void rig_open(struct test *t, struct rig *r, const char *folder)
{
    snprintf(r->path, sizeof r->path, "%s/%s", t->path, folder);
    MUST(state_open(r->path, NULL, &r->st, &e));
}

static inline void rig_make(struct layer_spec *s, struct sink *to, struct layer *l)
{
    MUST(layer_make(s, NULL, to, l, &e));
    MUST(sink_finish(to, &e));
}

static inline struct descriptor rig_desc(const struct layer *l)
{
    return (struct descriptor){
        .media_type = STR(MEDIA_OCI_LAYER_GZIP), .size = (int64_t)l->blob_size, .digest = l->blob};
}

// "base" as a blob.
static inline void rig_blob_layer(struct test *t, struct rig *r, struct txn *tx)
{
    static const struct history h = {.created = STR_INIT(RIG_TIME), .created_by = STR_INIT("base")};
    struct layer_spec s = {
        .dirfd = t->dir, .sub = STR("src"), .at = STR("/"), .mtime_sec = LAYER_MTIME, .codec = GZIP};
    struct layer l;
    drop_(sink_drop) struct sink *sink = NULL;
    test_write(t->dir, "src/etc/os-release", "ID=x\n", 5);
    MUST(txn_blob(tx, NULL, NULL, &sink, &e));
    rig_make(&s, sink, &l);
    struct descriptor d = rig_desc(&l);
    image_add_layer(r->a, &r->img, &d, &l.diff_id, &h);
}

// "/layers/bp/jre" as a tree.
static inline void rig_tree_layer(struct test *t, struct rig *r, struct txn *tx)
{
    static const struct history h = {.created = STR_INIT(RIG_TIME), .created_by = STR_INIT("jre")};
    struct layer_spec s = {.sub = STR("layers/bp/jre"),
                           .at = STR("/layers/bp/jre"),
                           .uid = 1000,
                           .gid = 1001,
                           .mtime_sec = LAYER_MTIME,
                           .codec = GZIP};
    struct layer l;
    drop_(sink_drop) struct sink *null = sink_null();
    drop_fd int dir = -1, own = -1;
    test_write(t->dir, "own/layers/bp/jre/bin/java", "java", 4);
    MUST(path_open_plain(t->dir, "own", O_RDONLY | O_DIRECTORY, 0, &own, &e));
    s.dirfd = own;
    rig_make(&s, null, &l);
    MUST(txn_tree(tx, &l.diff_id, &dir, &e));
    test_write(dir, "layers/bp/jre/bin/java", "java", 4);
    MUST(txn_tree_done(tx, &l.diff_id, &e));
    struct descriptor d = rig_desc(&l);
    image_add_layer(r->a, &r->img, &d, &l.diff_id, &h);
    image_note_at(r->a, &r->img, 1)->make = s;
}

static inline void rig_save(struct rig *r, const char *name)
{
    drop_(txn_drop) struct txn *tx = NULL;
    MUST(txn_begin(r->st, &tx, &e));
    MUST(image_save(tx, r->st, str_of(name), &txn_any, &r->img, &e));
    MUST(txn_commit(tx, &e));
}

static inline void rig_image(struct test *t, struct rig *r)
{
    drop_(txn_drop) struct txn *tx = NULL;
    struct oci_platform p = {.os = STR("linux"), .architecture = STR("amd64")};
    r->img = image_new(&p);
    MUST(txn_begin(r->st, &tx, &e));
    rig_blob_layer(t, r, tx);
    rig_tree_layer(t, r, tx);
    image_config_env_set(r->a, &r->img.config, STR("PATH"), STR("/bin"));
    MUST(image_encode(r->a, &r->img, &e));
    MUST(image_save(tx, r->st, STR(NAME), NULL, &r->img, &e));
    MUST(txn_commit(tx, &e));
}

// "path size sha256" of every file beneath, in order.
static inline struct str rig_files(struct arena *a, int dirfd, const char *path)
{
    drop_buf struct buf b = BUF_INIT(1 << 20);
    drop_(walk_free) struct walk *w = NULL;
    const struct walk_entry *it;
    struct err ended = {0};
    MUST(walk_open(dirfd, path, TREE_FULL_PATH, &w, &e));
    while (walk_next(w, &it, &ended) == WALK_ENTRY) {
        struct digest d;
        char text[DIGEST_TEXT];
        if (!S_ISREG(it->st.st_mode))
            continue;
        struct str bytes = test_read(a, dirfd, arena_printf(a, "%s/" PRI_STR, path, STR_ARG(it->path)));
        digest_of(HASH_SHA256, bytes.p, bytes.n, &d);
        buf_printf(&b, PRI_STR " %zu %s\n", STR_ARG(it->path), bytes.n, digest_text(&d, text));
    }
    return str_dup(a, buf_view(&b));
}
#define RIG_SECOND(r)                                                                                        \
    __attribute__((cleanup(rig_close))) struct rig r = {.a = arena_new(8192)};                               \
    rig_open(t, &r, "second")
