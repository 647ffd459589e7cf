// SPDX-License-Identifier: Apache-2.0
// Layers from short rows, trees from short rows, and a sentinel directory that nothing may touch.
#pragma once
#include "archive/tar_write.h"
#include "base/file.h"
#include "layer/known.h"
#include "layer/unpack.h"
#include "stream/memory.h"
#include "test.h"
#include <fcntl.h>
#include <stdio.h>
#include <sys/sysmacros.h>
#include <sys/xattr.h>

// One entry of a tar; `data` is the content of a file or the target of a link.
struct row {
    enum tar_type type;
    const char *name, *data;
    uint32_t mode;
};
#define ROW_FILE(n, d)                                                                                       \
    {                                                                                                        \
        TAR_FILE, n, d, 0644                                                                                 \
    }
#define ROW_DIR(n, m)                                                                                        \
    {                                                                                                        \
        TAR_DIR, n, NULL, m                                                                                  \
    }
#define ROW_LINK(n, to)                                                                                      \
    {                                                                                                        \
        TAR_SYMLINK, n, to, 0777                                                                             \
    }
#define ROW_HARD(n, to)                                                                                      \
    {                                                                                                        \
        TAR_HARDLINK, n, to, 0644                                                                            \
    }

static inline void rig_row(struct tar_writer *w, const struct row *r)
{
    bool file = r->type == TAR_FILE;
    struct tar_entry t = {.type = r->type,
                          .name = str_of(r->name),
                          .link = file ? STR("") : str_of(r->data),
                          .mode = r->mode,
                          .uid = 12,
                          .gid = 34,
                          .mtime_sec = 1000,
                          .size = file && r->data ? strlen(r->data) : 0};
    MUST(tar_write_entry(w, &t, &e));
    if (t.size)
        MUST(tar_write_data(w, r->data, t.size, &e));
}

static inline void rig_tar(struct buf *to, const struct row *r, size_t n)
{
    drop_(sink_drop) struct sink *s = sink_buffer(to);
    drop_(tar_writer_free) struct tar_writer *w = tar_writer_new(s);
    for (size_t i = 0; i < n; i++)
        rig_row(w, &r[i]);
    MUST(tar_write_end(w, &e));
    MUST(sink_finish(s, &e));
}

// `out/` is the sentinel, `tree/` the place to unpack into.
static inline int rig_place(struct test *t, struct tree_print *before)
{
    struct layer_spec s = {.dirfd = t->dir, .sub = STR("out"), .at = STR("/out")};
    int dir = -1;
    test_write(t->dir, "out/secret", "secret", 6);
    test_write(t->dir, "out/dir/file", "file", 4);
    MUST(tree_print(&s, before, &e));
    CHECK(mkdirat(t->dir, "tree", 0755) == 0);
    MUST(path_open_plain(t->dir, "tree", O_RDONLY | O_DIRECTORY, 0, &dir, &e));
    return dir;
}

static inline void rig_untouched(struct test *t, const struct tree_print *before)
{
    struct layer_spec s = {.dirfd = t->dir, .sub = STR("out"), .at = STR("/out")};
    struct tree_print after;
    MUST(tree_print(&s, &after, &e));
    CHECK_MSG(tree_print_eq(before, &after), "the sentinel was touched");
}

// What shall be in the tree: 'f' a file with this content, 'l' a link with this target, 'd' a directory that is not
// opaque, 'o' one that is, 'w' a whiteout, 'p' a FIFO, '-' nothing.
struct want {
    char kind;
    const char *path, *data;
};

static inline char kind_of(int dir, const char *path, struct stat *st)
{
    char value[8];
    drop_fd int fd = -1;
    if (fstatat(dir, path, st, AT_SYMLINK_NOFOLLOW) < 0)
        return '-';
    if (S_ISREG(st->st_mode))
        return 'f';
    if (S_ISLNK(st->st_mode))
        return 'l';
    if (S_ISFIFO(st->st_mode))
        return 'p';
    if (S_ISCHR(st->st_mode))
        return st->st_rdev == makedev(0, 0) ? 'w' : 'c';
    if (path_open_plain(dir, path, O_RDONLY | O_DIRECTORY, 0, &fd, NULL) < 0)
        return '?';
    return fgetxattr(fd, "user.overlay.opaque", value, sizeof value) == 1 && value[0] == 'y' ? 'o' : 'd';
}

static inline void check_want(int dir, const struct want *w)
{
    struct stat st;
    drop_(arena_free) struct arena *a = arena_new(LIMIT_PATH);
    char kind = kind_of(dir, w->path, &st), target[LIMIT_PATH];
    CHECK_MSG(kind == w->kind, "%s: is '%c', want '%c'", w->path, kind, w->kind);
    if (kind == 'f') {
        EQ_STR(test_read(a, dir, w->path), w->data);
    } else if (kind == 'l') {
        MUST(path_readlink(dir, w->path, target, &e));
        EQ_TEXT(target, w->data);
    }
}
