// SPDX-License-Identifier: Apache-2.0
// store MODE DIR - what the fault loops break: work on a state, and the checks that what is left of it is valid.
//   blob, tree           store one blob, unpack one tree; name it; sync
//   collect              the same as tree, then delete the name and collect
//   verify, gc           every name, blob and trusted tree is right; collect, and nothing is left in tmp/
//   after[-reboot] MODE  verify, MODE again, gc, verify
//   bad-in-place, bad-no-sync, bad-no-folder-sync
//                        store a blob as no one should: the loops must find it
#include "archive/tar_write.h"
#include "base/dir.h"
#include "base/file.h"
#include "base/limits.h"
#include "layer/unpack.h"
#include "state/state.h"
#include "stream/memory.h"
#include <fcntl.h>
#include <stdio.h>

enum { CONTENT = 300000 }; // more than one write

static void content(uint8_t *p)
{
    uint32_t x = 1;
    for (size_t i = 0; i < CONTENT; i++) {
        x = x * 1664525 + 1013904223;
        p[i] = (uint8_t)(x >> 24);
    }
}

static int store_blob(struct txn *t, struct blob_got *got, struct err *e)
{
    drop_free uint8_t *p = xmalloc(CONTENT);
    drop_(sink_drop) struct sink *s = NULL;
    content(p);
    return txn_blob(t, NULL, got, &s, e) < 0 || sink_write(s, p, CONTENT, e) < 0 ? -1 : sink_finish(s, e);
}

static int name_it(struct txn *t, const struct blob_got *got, const char *refers, struct err *e)
{
    struct state_name n = {.digest = got->digest, .size = got->size, .json = str_of(refers)};
    return txn_name(t, STR("host.example/app:1"), &txn_any, &n, e);
}

static int do_blob(struct state *st, struct err *e)
{
    drop_(txn_drop) struct txn *t = NULL;
    struct blob_got got;
    if (txn_begin(st, &t, e) < 0 || store_blob(t, &got, e) < 0 || name_it(t, &got, "{}", e) < 0)
        return -1;
    return txn_commit(t, e);
}

// A directory with two files, a symbolic link, a hard link and a whiteout, as a tar.
static int make_tar(struct buf *to, struct err *e)
{
    static const struct tar_entry rows[] = {
        {.type = TAR_DIR, .name = STR_INIT("opt"), .mode = 0755},
        {.type = TAR_FILE, .name = STR_INIT("opt/a"), .mode = 0644, .size = CONTENT},
        {.type = TAR_FILE, .name = STR_INIT("opt/sub/b"), .mode = 0755, .size = CONTENT},
        {.type = TAR_SYMLINK, .name = STR_INIT("opt/link"), .link = STR_INIT("a"), .mode = 0777},
        {.type = TAR_HARDLINK, .name = STR_INIT("opt/hard"), .link = STR_INIT("opt/a"), .mode = 0644},
        {.type = TAR_FILE, .name = STR_INIT("opt/.wh.gone"), .mode = 0644},
    };
    drop_free uint8_t *p = xmalloc(CONTENT);
    drop_(sink_drop) struct sink *s = sink_buffer(to);
    drop_(tar_writer_free) struct tar_writer *w = tar_writer_new(s);
    content(p);
    for (size_t i = 0; i < COUNT(rows); i++)
        if (tar_write_entry(w, &rows[i], e) < 0 || (rows[i].size && tar_write_data(w, p, CONTENT, e) < 0))
            return -1;
    return tar_write_end(w, e) < 0 ? -1 : sink_finish(s, e);
}

static int tree_id(struct digest *out, struct err *e)
{
    drop_buf struct buf tar = BUF_INIT(MIB(4));
    if (make_tar(&tar, e) < 0)
        return -1;
    digest_of(HASH_SHA256, tar.p, tar.n, out);
    return 0;
}

static int do_tree(struct state *st, struct err *e)
{
    drop_buf struct buf tar = BUF_INIT(MIB(4));
    drop_(txn_drop) struct txn *t = NULL;
    struct blob_got got;
    struct digest id;
    struct unpacked un;
    char text[DIGEST_TEXT];
    if (make_tar(&tar, e) < 0)
        return -1;
    digest_of(HASH_SHA256, tar.p, tar.n, &id);
    drop_(source_drop) struct source *from = source_memory(tar.p, tar.n);
    if (txn_begin(st, &t, e) < 0 || layer_unpack_tree(t, from, &id, NULL, &un, e) < 0 ||
        store_blob(t, &got, e) < 0 || name_it(t, &got, digest_text(&id, text), e) < 0 || txn_commit(t, e) < 0)
        return -1;
    txn_drop(steal_ptr(t));
    return state_sync(st, e);
}

static int check_blobs(int dir, const char *folder, struct err *e)
{
    drop_(arena_free) struct arena *a = arena_new(1024);
    struct strv names;
    if (dir_names(a, dir, folder, 1000, &names, e) < 0)
        return -1;
    for (size_t i = 0; i < names.n; i++) {
        drop_buf struct buf b = BUF_INIT(MIB(4));
        struct digest d;
        char hex[DIGEST_TEXT];
        const char *path = arena_printf(a, "%s/" PRI_STR, folder, STR_ARG(names.v[i]));
        if (file_read(dir, path, &b, e) < 0)
            return -1;
        digest_of(HASH_SHA256, buf_view(&b).p, b.n, &d);
        if (!str_is(names.v[i], digest_hex(&d, hex)))
            return err_set(e, ERR_DIGEST, "%s: its bytes are sha256:%s", path, hex);
    }
    return 0;
}

static int check_file(int dir, const char *path, struct err *e)
{
    drop_buf struct buf b = BUF_INIT(MIB(4));
    drop_free uint8_t *p = xmalloc(CONTENT);
    content(p);
    if (file_read(dir, path, &b, e) < 0)
        return err_wrap(e, "tree");
    return b.n == CONTENT && memcmp(b.p, p, CONTENT) == 0
               ? 0
               : err_set(e, ERR_DIGEST, "tree: %s: %zu bytes, or wrong", path, b.n);
}

static int check_tree(struct state *st, struct err *e)
{
    struct digest id;
    drop_fd int dir = -1;
    struct stat info;
    if (tree_id(&id, e) < 0)
        return -1;
    if (!state_tree_has(st, &id))
        return 0;
    if (state_tree_open(st, &id, &dir, e) < 0 || check_file(dir, "opt/a", e) < 0 ||
        check_file(dir, "opt/sub/b", e) < 0 || check_file(dir, "opt/hard", e) < 0 ||
        check_file(dir, "opt/link", e) < 0)
        return -1;
    if (fstatat(dir, "opt/gone", &info, AT_SYMLINK_NOFOLLOW) < 0 || !S_ISCHR(info.st_mode))
        return err_set(e, ERR_NOT_FOUND, "tree: no whiteout");
    return 0;
}

static int do_verify(struct state *st, struct err *e)
{
    drop_(arena_free) struct arena *a = arena_new(1024);
    drop_fd int dir = -1;
    struct state_name *v;
    size_t n;
    if (path_open_host(state_path(st), O_RDONLY | O_DIRECTORY, 0, &dir, e) < 0 ||
        check_blobs(dir, "blobs/sha256", e) < 0 || check_tree(st, e) < 0 || state_names(st, a, &v, &n, e) < 0)
        return -1;
    for (size_t i = 0; i < n; i++) {
        drop_fd int fd = -1;
        if (state_blob_open(st, &v[i].digest, v[i].size, &fd, NULL, e) < 0)
            return err_wrap(e, "name " PRI_STR, STR_ARG(v[i].name));
    }
    return 0;
}

static int refs(void *ctx, struct state *st, const struct state_name *name, struct gc *g, struct err *e)
{
    struct digest d;
    (void)ctx;
    (void)st;
    (void)e;
    if (name && digest_parse(name->json, &d, NULL) == 0)
        gc_mark_tree(g, &d);
    return 0;
}

static int do_gc(struct state *st, struct err *e)
{
    drop_(arena_free) struct arena *a = arena_new(1024);
    drop_fd int dir = -1;
    const struct gc_opts opts = {.refs = refs};
    struct strv left;
    if (state_gc(st, &opts, NULL, e) < 0 ||
        path_open_host(state_path(st), O_RDONLY | O_DIRECTORY, 0, &dir, e) < 0 ||
        dir_names(a, dir, "tmp", 1000, &left, e) < 0)
        return -1;
    return left.n ? err_set(e, ERR_BUSY, "tmp: " PRI_STR " is left", STR_ARG(left.v[0])) : 0;
}

// What was stored is named no more: all of it is garbage.
static int do_collect(struct state *st, struct err *e)
{
    drop_(txn_drop) struct txn *t = NULL;
    if (do_tree(st, e) < 0 || txn_begin(st, &t, e) < 0 ||
        txn_name(t, STR("host.example/app:1"), &txn_any, NULL, e) < 0 || txn_commit(t, e) < 0)
        return -1;
    txn_drop(steal_ptr(t));
    return do_gc(st, e);
}

// How not to do it. Each writes a blob and its name past the transaction.
struct bad {
    const char *temp; // NULL: in place
    bool sync, sync_folder;
};

static int write_badly(struct state *st, const struct bad *how, struct err *e)
{
    drop_free uint8_t *p = xmalloc(CONTENT);
    drop_fd int dir = -1;
    drop_fd int fd = -1;
    struct digest d;
    char hex[DIGEST_TEXT], path[200];
    content(p);
    digest_of(HASH_SHA256, p, CONTENT, &d);
    snprintf(path, sizeof path, "blobs/sha256/%s", digest_hex(&d, hex));
    const char *first = how->temp ? how->temp : path;
    if (path_open_host(state_path(st), O_RDONLY | O_DIRECTORY, 0, &dir, e) < 0 ||
        path_open_plain(dir, first, O_WRONLY | O_CREAT | O_TRUNC, 0600, &fd, e) < 0 ||
        file_write_all(fd, p, CONTENT / 2, e) < 0 ||
        file_write_all(fd, p + CONTENT / 2, CONTENT - CONTENT / 2, e) < 0)
        return -1;
    if (how->sync && fsync(fd) < 0)
        return err_sys(e, "sync");
    if (how->temp && renameat(dir, how->temp, dir, path) < 0)
        return err_sys(e, "rename");
    drop_fd int folder = -1;
    if (path_open_plain(dir, "blobs/sha256", O_RDONLY | O_DIRECTORY, 0, &folder, e) < 0)
        return -1;
    if (how->sync_folder && fsync(folder) < 0)
        return err_sys(e, "sync");
    drop_(txn_drop) struct txn *t = NULL;
    const struct blob_got got = {d, CONTENT};
    return txn_begin(st, &t, e) < 0 || name_it(t, &got, "{}", e) < 0 ? -1 : txn_commit(t, e);
}

static int bad_in_place(struct state *st, struct err *e)
{
    return write_badly(st, &(struct bad){NULL, true, true}, e);
}
static int bad_no_sync(struct state *st, struct err *e)
{
    return write_badly(st, &(struct bad){"tmp/x", false, true}, e);
}
static int bad_no_folder_sync(struct state *st, struct err *e)
{
    return write_badly(st, &(struct bad){"tmp/x", true, false}, e);
}

static const struct {
    const char *name;
    int (*run)(struct state *st, struct err *e);
} modes[] = {
    {"blob", do_blob},
    {"tree", do_tree},
    {"collect", do_collect},
    {"verify", do_verify},
    {"gc", do_gc},
    {"bad-in-place", bad_in_place},
    {"bad-no-sync", bad_no_sync},
    {"bad-no-folder-sync", bad_no_folder_sync},
};

static int run(const char *mode, const char *dir, const char *boot, struct err *e)
{
    const struct state_opts opts = {.boot_id = boot};
    drop_(state_close) struct state *st = NULL;
    for (size_t i = 0; i < COUNT(modes); i++)
        if (strcmp(modes[i].name, mode) == 0)
            return state_open(dir, &opts, &st, e) < 0 || modes[i].run(st, e) < 0 ? err_wrap(e, "%s", mode)
                                                                                 : 0;
    return err_set(e, ERR_USAGE, "store: no mode %s", mode);
}

// In order: what is left is valid; the work can be done; garbage goes; what is there then is valid, and kept.
static int run_after(const char *mode, const char *dir, const char *boot, struct err *e)
{
    return run("verify", dir, boot, e) < 0 || run(mode, dir, boot, e) < 0 || run("gc", dir, boot, e) < 0 ||
                   run("verify", dir, boot, e) < 0
               ? -1
               : 0;
}

int main(int argc, char **argv)
{
    struct err e = {0};
    char text[1024];
    int rc = -1;
    if (argc == 3)
        rc = run(argv[1], argv[2], "boot-1", &e);
    else if (argc == 4 && strcmp(argv[1], "after") == 0)
        rc = run_after(argv[2], argv[3], "boot-1", &e);
    else if (argc == 4 && strcmp(argv[1], "after-reboot") == 0)
        rc = run_after(argv[2], argv[3], "boot-2", &e);
    else
        err_set(&e, ERR_USAGE, "usage: store MODE DIR | store after[-reboot] MODE DIR");
    if (rc < 0)
        fprintf(stderr, "store: %s\n", err_text(&e, text, sizeof text));
    return rc < 0 ? 1 : 0;
}
