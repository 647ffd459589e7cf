// SPDX-License-Identifier: Apache-2.0
#include "layer/unpack.h"
#include "archive/tar_read.h"
#include "base/file.h"
#include "base/map.h"
#include "layer/unpack_priv.h"
#include "stream/memory.h"
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/sysmacros.h>
#include <sys/xattr.h>

#define WHITEOUT_HEAD ".wh."
#define WHITEOUT_OPAQUE ".wh..wh..opq"
#define WHITEOUT_OTHER ".wh..wh." // plnk, aufs, orph: aufs' own bookkeeping

// Straight from the window of the source: a buffer for each of many small files would cost more than their bytes.
static int copy_data(struct source *data, int fd, struct err *e)
{
    for (;;) {
        struct view v;
        if (source_peek(data, 1, &v, e) < 0)
            return -1;
        if (!v.n)
            return 0;
        if (file_write_all(fd, v.p, v.n, e) < 0 || source_skip(data, v.n, e) < 0)
            return -1;
    }
}

// Holes stay holes: three kilobytes of archive may tell of gigabytes of zeros.
static int copy_sparse(struct source *data, const struct tar_entry *t, int fd, struct err *e)
{
    uint64_t at = 0;
    for (size_t i = 0; i < t->extent_n; i++) {
        const struct tar_extent *x = &t->extent[i];
        drop_(source_drop) struct source *part = source_part(data, x->n);
        if (source_skip(data, x->at - at, e) < 0)
            return -1;
        if (lseek(fd, (off_t)x->at, SEEK_SET) < 0)
            return err_sys(e, "seek");
        if (copy_data(part, fd, e) < 0)
            return -1;
        at = x->at + x->n;
    }
    return ftruncate(fd, (off_t)t->size) < 0 ? err_sys(e, "size") : source_skip(data, t->size - at, e);
}

static int set_time(int dirfd, const char *name, int64_t sec, uint32_t nsec, struct err *e)
{
    const struct timespec both[2] = {{sec, nsec}, {sec, nsec}};
    return utimensat(dirfd, name, both, AT_SYMLINK_NOFOLLOW) < 0 ? err_sys(e, "%s: time", name) : 0;
}

static uint32_t mode_of(struct unpack *u, const struct tar_entry *t)
{
    uint32_t mode = t->mode & 07777;
    if ((mode & 06000) && !u->opts.keep_setid) {
        u->out.setids++;
        mode &= ~(uint32_t)06000;
    }
    return mode;
}

static int make_file(struct unpack *u, const struct tar_entry *t, int parent, const char *base, struct err *e)
{
    if (t->size > u->opts.max_bytes - u->out.bytes)
        return err_set(e, ERR_LIMIT, "%s: files of more than %ju bytes", u->path,
                       (uintmax_t)u->opts.max_bytes);
    u->out.bytes += t->size;
    if (spot_clear(u, parent, base, e) < 0)
        return -1;
    drop_fd int fd = -1;
    struct source *data = tar_data(u->reader);
    if (path_open_plain(parent, base, O_WRONLY | O_CREAT | O_EXCL, 0600, &fd, e) < 0 ||
        (t->sparse ? copy_sparse(data, t, fd, e) : copy_data(data, fd, e)) < 0)
        return -1;
    const struct timespec both[2] = {{t->mtime_sec, t->mtime_nsec}, {t->mtime_sec, t->mtime_nsec}};
    if (fchmod(fd, mode_of(u, t)) < 0 || futimens(fd, both) < 0) // mode last: a write takes setuid away
        return err_sys(e, "%s", u->path);
    return close(steal_fd(&fd)) < 0 ? err_sys(e, "%s: close", u->path) : 0;
}

static int make_symlink(struct unpack *u, const struct tar_entry *t, int parent, const char *base,
                        struct err *e)
{
    char target[LIMIT_PATH];
    if (tar_symlink_clean(t->link, target, e) < 0 || spot_clear(u, parent, base, e) < 0)
        return -1;
    if (symlinkat(target, parent, base) < 0)
        return err_sys(e, "%s", u->path);
    return set_time(parent, base, t->mtime_sec, t->mtime_nsec, e);
}

// What the link names is looked up before anything is taken away, so a link over itself keeps its file.
static int make_hardlink(struct unpack *u, const struct tar_entry *t, int parent, const char *base,
                         struct err *e)
{
    char target[LIMIT_PATH];
    const char *from_base;
    drop_fd int from = -1;
    struct stat st;
    struct err why = {0};
    if (tar_name_clean(t->link, target, e) < 0)
        return -1;
    if (strcmp(target, u->path) == 0)
        return err_set(e, ERR_PARSE, "a hard link to itself");
    if (!*target || path_parent(u->root, target, &from, &from_base, &why) < 0)
        return why.code == ERR_DENIED
                   ? err_set(e, ERR_DENIED, "hard link to %s: goes through a symbolic link", target)
                   : err_set(e, ERR_PARSE, "hard link to %s: no earlier entry", target);
    if (fstatat(from, from_base, &st, AT_SYMLINK_NOFOLLOW) < 0)
        return err_set(e, ERR_PARSE, "hard link to %s: no earlier entry", target);
    if (S_ISDIR(st.st_mode) || S_ISCHR(st.st_mode))
        return err_set(e, ERR_PARSE, "hard link to %s: neither a file nor a symbolic link", target);
    if (spot_clear(u, parent, base, e) < 0)
        return -1;
    // The name may have gone with what was cleared; linkat follows nothing without AT_SYMLINK_FOLLOW.
    return linkat(from, from_base, parent, base, 0) < 0 ? err_sys(e, "hard link to %s", target) : 0;
}

static int make_fifo(struct unpack *u, const struct tar_entry *t, int parent, const char *base, struct err *e)
{
    if (spot_clear(u, parent, base, e) < 0)
        return -1;
    if (mknodat(parent, base, S_IFIFO | 0600, 0) < 0 || fchmodat(parent, base, mode_of(u, t), 0) < 0)
        return err_sys(e, "%s", u->path);
    return set_time(parent, base, t->mtime_sec, t->mtime_nsec, e);
}

// An earlier entry of this layer is not what a whiteout hides: it hides layers below. A directory stays, alone.
static int make_whiteout(struct unpack *u, int parent, const char *name, struct err *e)
{
    struct stat st;
    if (!*name || strcmp(name, ".") == 0 || strcmp(name, "..") == 0)
        return err_set(e, ERR_PARSE, "a whiteout of nothing");
    u->out.whiteouts++;
    if (fstatat(parent, name, &st, AT_SYMLINK_NOFOLLOW) == 0)
        return S_ISDIR(st.st_mode) ? spot_opaque(u, parent, name, e) : 0;
    if (mknodat(parent, name, S_IFCHR, makedev(0, 0)) < 0)
        return err_sys(e, "whiteout");
    return 0;
}

static int make_dir(struct unpack *u, const struct tar_entry *t, int parent, const char *base, struct err *e)
{
    if (spot_dir(u, parent, base, e) < 0)
        return -1;
    dirs_note(u, str_of(u->path), mode_of(u, t), t->mtime_sec, t->mtime_nsec);
    return 0;
}

static int make_entry(struct unpack *u, const struct tar_entry *t, int parent, const char *base,
                      struct err *e)
{
    switch (t->type) {
    case TAR_FILE:
        return make_file(u, t, parent, base, e);
    case TAR_HARDLINK:
        return make_hardlink(u, t, parent, base, e);
    case TAR_SYMLINK:
        return make_symlink(u, t, parent, base, e);
    case TAR_DIR:
        return make_dir(u, t, parent, base, e);
    case TAR_FIFO:
        return make_fifo(u, t, parent, base, e);
    case TAR_CHAR:
    case TAR_BLOCK:
        u->out.devices++;
        return 0;
    default:
        return err_set(e, ERR_PARSE, "type %d: unknown", (int)t->type);
    }
}

static int place_entry(struct unpack *u, const struct tar_entry *t, struct err *e)
{
    int parent;
    const char *base;
    if (tar_name_clean(t->name, u->path, e) < 0)
        return -1;
    if (!u->path[0]) {
        if (t->type != TAR_DIR)
            return err_set(e, ERR_PARSE, "the root is no directory");
        dirs_note(u, STR(""), mode_of(u, t) | 0700, t->mtime_sec, t->mtime_nsec); // who unpacks must reach it
        return 0;
    }
    if (spot_parent(u, &parent, &base, e) < 0)
        return -1;
    if (strncmp(base, WHITEOUT_HEAD, strlen(WHITEOUT_HEAD)) != 0)
        return make_entry(u, t, parent, base, e);
    if (strcmp(base, WHITEOUT_OPAQUE) == 0) {
        u->out.whiteouts++;
        return spot_opaque(u, parent, ".", e);
    }
    if (strncmp(base, WHITEOUT_OTHER, strlen(WHITEOUT_OTHER)) == 0)
        return 0;
    return make_whiteout(u, parent, base + strlen(WHITEOUT_HEAD), e);
}

static int unpack_entry(struct unpack *u, const struct tar_entry *t, struct err *e)
{
    if (++u->out.entries > u->opts.max_entries)
        return err_set(e, ERR_LIMIT, "layer: more than %ju entries", (uintmax_t)u->opts.max_entries);
    if (u->dirs_bytes > LIMIT_LAYER_DIRS)
        return err_set(e, ERR_LIMIT, "layer: paths of directories of more than %ju bytes",
                       (uintmax_t)LIMIT_LAYER_DIRS);
    u->out.xattrs += t->xattr_n;
    if (place_entry(u, t, e) == 0)
        return 0;
    drop_(arena_free) struct arena *a = arena_new(512);
    return err_wrap(e, PRI_STR, STR_ARG(str_printable(a, t->name, 120)));
}

static int unpack_all(struct unpack *u, struct err *e)
{
    for (;;) {
        const struct tar_entry *t;
        enum tar_step step = tar_next(u->reader, &t, e);
        if (step == TAR_ERROR || (step == TAR_ENTRY && unpack_entry(u, t, e) < 0))
            return -1;
        if (step == TAR_END)
            return dirs_finish(u, e);
    }
}

// The caller's source, lent: its reader drops the loan only.
struct loan {
    struct source base;
    struct source *from;
};

static int loan_peek(struct source *s, size_t min, struct view *out, struct err *e)
{
    return source_peek(CONTAINER(s, struct loan, base)->from, min, out, e);
}

static int loan_skip(struct source *s, uint64_t n, struct err *e)
{
    return source_skip(CONTAINER(s, struct loan, base)->from, n, e);
}

static void loan_drop(struct source *s)
{
    free(CONTAINER(s, struct loan, base));
}

static struct source *lend(struct source *from)
{
    static const struct source_ops ops = {loan_peek, loan_skip, loan_drop};
    struct loan *l = XNEW(struct loan);
    *l = (struct loan){{&ops}, from};
    return &l->base;
}

int layer_unpack(struct source *plain, int dirfd, const struct unpack_opts *opts, struct unpacked *out,
                 struct err *e)
{
    drop_(arena_free) struct arena *a = arena_new(65536);
    struct unpack u = {.root = dirfd, .parent = -1, .a = a};
    if (opts)
        u.opts = *opts;
    if (!u.opts.max_entries)
        u.opts.max_entries = LIMIT_TAR_ENTRIES;
    if (!u.opts.max_bytes)
        u.opts.max_bytes = LIMIT_LAYER;
    struct digest diff_id;
    drop_(source_drop) struct source *hashed =
        source_hash(source_limit(lend(plain), u.opts.max_bytes, "layer"), HASH_SHA256, &diff_id);
    drop_(tar_reader_free) struct tar_reader *reader = tar_reader_new(hashed);
    u.reader = reader;
    int rc = unpack_all(&u, e);
    drop_fd_p(&u.parent);
    if (rc < 0)
        return -1;
    struct view end;
    if (source_peek(hashed, 1, &end, e) < 0) // the digest is made when the end is seen
        return -1;
    u.out.diff_id = diff_id;
    *out = u.out;
    return 0;
}

int layer_unpack_tree(struct txn *t, struct source *plain, const struct digest *diff_id,
                      const struct unpack_opts *opts, struct unpacked *out, struct err *e)
{
    drop_fd int dir = -1;
    struct unpacked got;
    char want[DIGEST_TEXT], is[DIGEST_TEXT];
    if (diff_id->alg != HASH_SHA256)
        return err_set(e, ERR_USAGE, "layer %s: diff IDs are sha256", digest_text(diff_id, want));
    if (txn_tree(t, diff_id, &dir, e) < 0 || layer_unpack(plain, dir, opts, &got, e) < 0)
        return err_wrap(e, "layer %s", digest_text(diff_id, want));
    if (!digest_eq(diff_id, &got.diff_id))
        return err_set(e, ERR_DIGEST, "layer %s: its tar is %s", digest_text(diff_id, want),
                       digest_text(&got.diff_id, is));
    if (txn_tree_done(t, diff_id, e) < 0)
        return -1;
    *out = got;
    return 0;
}
