// SPDX-License-Identifier: Apache-2.0
#include "kit/extract.h"
#include "archive/ar.h"
#include "archive/tar_read.h"
#include "base/file.h"
#include "base/glob.h"
#include "base/limits.h"
#include "stream/codec.h"
#include "stream/memory.h"
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>

enum { TAR_MAGIC_AT = 257 };

// Where the unpacking stands.
struct unpacking {
    const struct extract *x;
    struct extracted did;
    // The directory of the last entry: most entries lie beside the one before.
    char dir[LIMIT_PATH];
    int dir_fd;
};

static void unpacking_done(struct unpacking *u)
{
    drop_fd_p(&u->dir_fd);
}

bool extract_matches(const struct strv *patterns, struct str path)
{
    struct err ignored = {0};
    for (size_t i = 0; i < patterns->n; i++)
        for (size_t n = 1; n <= path.n; n++) {
            if (n < path.n && path.p[n] != '/')
                continue;
            if (glob_match(patterns->v[i], str_head(path, n), &ignored) == GLOB_YES)
                return true;
        }
    return false;
}

static bool is_wanted(const struct extract *x, struct str path)
{
    return (!x->only || !x->only->n || extract_matches(x->only, path)) &&
           (!x->drop || !extract_matches(x->drop, path));
}

// Cuts the leading components off; NULL: there are not so many.
static const char *stripped(const char *name, uint64_t strip)
{
    for (; strip; strip--) {
        const char *slash = strchr(name, '/');
        if (!slash)
            return NULL;
        name = slash + 1;
    }
    return *name ? name : NULL;
}

// No link is followed, so what is wrong is mostly one.
static int not_a_directory(const char *path, const struct err *why, struct err *e)
{
    if (why->sys == ENOTDIR || why->sys == ELOOP || why->code == ERR_DENIED)
        return err_set(e, ERR_DENIED, "%s: lies behind a symbolic link or a file of the archive", path);
    if (e)
        *e = *why;
    return err_wrap(e, "%s", path);
}

// Opens the directory that `path` lies in, and points *base at its last component.
static int enter(struct unpacking *u, const char *path, int *fd, const char **base, struct err *e)
{
    const char *slash = strrchr(path, '/');
    size_t n = slash ? (size_t)(slash - path) : 0;
    *base = slash ? slash + 1 : path;
    if (u->dir_fd < 0 || strlen(u->dir) != n || memcmp(u->dir, path, n) != 0) {
        drop_fd int next = -1;
        char dir[LIMIT_PATH];
        memcpy(dir, path, n);
        dir[n] = 0;
        struct err why = {0};
        if ((n && path_mkdirs(u->x->dirfd, dir, 0755, &why) < 0) ||
            path_open_plain(u->x->dirfd, n ? dir : ".", O_RDONLY | O_DIRECTORY, 0, &next, &why) < 0)
            return not_a_directory(path, &why, e);
        drop_fd_p(&u->dir_fd);
        memcpy(u->dir, dir, n + 1);
        u->dir_fd = steal_fd(&next);
    }
    *fd = u->dir_fd;
    return 0;
}

// What stood there goes; a directory stays a directory.
static int make_way(int fd, const char *base, const char *path, struct err *e)
{
    struct stat st;
    if (fstatat(fd, base, &st, AT_SYMLINK_NOFOLLOW) < 0)
        return errno == ENOENT ? 0 : err_sys(e, "%s", path);
    if (S_ISDIR(st.st_mode))
        return err_set(e, ERR_PARSE, "%s: stands where a directory is", path);
    return unlinkat(fd, base, 0) < 0 ? err_sys(e, "%s", path) : 0;
}

static int write_file(struct unpacking *u, struct source *data, const char *path, mode_t mode, struct err *e)
{
    const char *base;
    int dir;
    drop_fd int fd = -1;
    if (enter(u, path, &dir, &base, e) < 0 || make_way(dir, base, path, e) < 0 ||
        path_open_plain(dir, base, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW, mode, &fd, e) < 0)
        return -1;
    uint64_t n = 0;
    drop_(sink_drop) struct sink *to = sink_count(sink_fd(fd, path), &n);
    if (pump(data, to, LIMIT_LAYER - u->did.bytes, e) < 0 || sink_finish(to, e) < 0)
        return err_wrap(e, "%s", path);
    u->did.bytes += n;
    return fchmod(fd, mode) < 0 ? err_sys(e, "%s", path) : 0; // whatever the umask
}

static int make_symlink(struct unpacking *u, const struct tar_entry *en, const char *path, struct err *e)
{
    char target[LIMIT_PATH];
    const char *base;
    int dir;
    if (tar_symlink_clean(en->link, target, e) < 0)
        return err_wrap(e, "%s", path);
    if (target[0] != '/' && !tar_symlink_stays(path, target))
        return err_set(e, ERR_DENIED, "%s: a link that leads out: \"%.96s\"", path, target);
    if (enter(u, path, &dir, &base, e) < 0 || make_way(dir, base, path, e) < 0)
        return -1;
    return symlinkat(target, dir, base) < 0 ? err_sys(e, "%s", path) : 0;
}

static int make_hardlink(struct unpacking *u, const struct tar_entry *en, const char *path, struct err *e)
{
    char name[LIMIT_PATH];
    const char *base, *from_base, *target;
    int dir;
    drop_fd int from = -1;
    struct stat st;
    if (tar_name_clean(en->link, name, e) < 0)
        return err_wrap(e, "%s", path);
    target = stripped(name, u->x->strip);
    if (!target || path_parent(u->x->dirfd, target, &from, &from_base, e) < 0 ||
        fstatat(from, from_base, &st, AT_SYMLINK_NOFOLLOW) < 0 || !S_ISREG(st.st_mode)) {
        err_clear(e);
        return err_set(e, ERR_PARSE, "%s: a hard link to \"%.96s\", which is no file that was unpacked", path,
                       name);
    }
    if (enter(u, path, &dir, &base, e) < 0 || make_way(dir, base, path, e) < 0)
        return -1;
    return linkat(from, from_base, dir, base, 0) < 0 ? err_sys(e, "%s", path) : 0;
}

static int make_directory(struct unpacking *u, const char *path, struct err *e)
{
    struct err why = {0};
    return path_mkdirs(u->x->dirfd, path, 0755, &why) < 0 ? not_a_directory(path, &why, e) : 0;
}

static int place(struct unpacking *u, struct tar_reader *r, const struct tar_entry *en, struct err *e)
{
    char name[LIMIT_PATH];
    if (tar_name_clean(en->name, name, e) < 0)
        return -1;
    const char *path = stripped(name, u->x->strip);
    if (!path || !is_wanted(u->x, str_of(path)))
        return 0;
    u->did.entries++;
    switch (en->type) {
    case TAR_FILE:
        return write_file(u, tar_data(r), path, en->mode & 0111 ? 0755 : 0644, e);
    case TAR_DIR:
        return make_directory(u, path, e);
    case TAR_SYMLINK:
        return make_symlink(u, en, path, e);
    case TAR_HARDLINK:
        return make_hardlink(u, en, path, e);
    case TAR_CHAR:
    case TAR_BLOCK:
    case TAR_FIFO:
        break;
    }
    return err_set(e, ERR_DENIED, "%s: a device or pipe", path);
}

static int unpack_tar(struct unpacking *u, struct source *plain, struct err *e)
{
    drop_(tar_reader_free) struct tar_reader *r = tar_reader_new(plain);
    const struct tar_entry *en;
    for (;;) {
        enum tar_step step = tar_next(r, &en, e);
        if (step == TAR_END)
            return 0;
        if (step == TAR_ERROR || place(u, r, en, e) < 0)
            return -1;
    }
}

static int unpack_deb(struct unpacking *u, struct source *from, struct err *e)
{
    drop_(ar_reader_free) struct ar_reader *r = ar_reader_new(from);
    const struct ar_member *m;
    for (;;) {
        enum ar_step step = ar_next(r, &m, e);
        if (step == AR_END)
            return err_set(e, ERR_PARSE, "an ar archive without data.tar: no Debian package");
        if (step == AR_ERROR)
            return -1;
        if (!str_has_prefix(m->name, "data.tar"))
            continue;
        drop_(source_drop) struct source *plain = source_decoded(ar_data(r), NULL);
        return unpack_tar(u, plain, e);
    }
}

static bool starts_with(struct view v, size_t at, const char *magic)
{
    size_t n = strlen(magic);
    return v.n >= at + n && memcmp(v.p + at, magic, n) == 0;
}

// A tar of before POSIX has no magic number: its header's sum tells.
static bool is_tar(struct view v)
{
    unsigned sum = 0, said = 0;
    size_t i = 148;
    if (starts_with(v, TAR_MAGIC_AT, "ustar"))
        return true;
    if (v.n < 512 || !v.p[0])
        return false;
    for (size_t at = 0; at < 512; at++)
        sum += at >= 148 && at < 156 ? ' ' : v.p[at];
    while (i < 156 && v.p[i] == ' ')
        i++;
    for (; i < 156 && v.p[i] >= '0' && v.p[i] <= '7'; i++)
        said = said * 8 + (v.p[i] - '0');
    return sum == said;
}

static int unpack(struct unpacking *u, struct source *plain, struct err *e)
{
    struct view v;
    if (source_peek(plain, 512, &v, e) < 0)
        return -1;
    if (starts_with(v, 0, "PK\003\004"))
        return err_set(e, ERR_PARSE, "a zip archive, wanted tar, .deb or one file");
    if (starts_with(v, 0, "!<arch>\n"))
        return unpack_deb(u, plain, e);
    if (is_tar(v))
        return unpack_tar(u, plain, e);
    if (!u->x->into.n)
        return err_set(e, ERR_PARSE, "neither tar nor .deb; one file wants \"into\" in its [[layer]]");
    u->did.entries = 1;
    char path[LIMIT_PATH];
    snprintf(path, sizeof path, PRI_STR, STR_ARG(u->x->into));
    return write_file(u, plain, path, 0755, e);
}

// The rest, which the archive did not need, is part of the sum.
static int check_sum(const struct extract *x, struct source *raw, const struct digest *got, struct err *e)
{
    drop_(sink_drop) struct sink *rest = sink_null();
    if (pump(raw, rest, LIMIT_LAYER, e) < 0)
        return -1;
    return !x->sum || digest_eq(x->sum, got)
               ? 0
               : err_set(e, ERR_DIGEST, "the bytes changed while they were unpacked");
}

static int unpack_from(struct unpacking *u, struct source *raw, uint64_t size, struct err *e)
{
    drop_(source_drop) struct source *plain = source_decoded(source_part(raw, size), NULL);
    return unpack(u, plain, e);
}

int extract(const struct extract *x, int fd, struct extracted *out, struct err *e)
{
    __attribute__((cleanup(unpacking_done))) struct unpacking u = {.x = x, .dir_fd = -1};
    struct digest got;
    struct stat st;
    off_t at = lseek(fd, 0, SEEK_CUR);
    if (at < 0 || fstat(fd, &st) < 0)
        return err_sys(e, "%s", x->name);
    uint64_t size = st.st_size > at ? (uint64_t)(st.st_size - at) : 0;
    drop_(source_drop) struct source *raw =
        source_hash(source_fd(fd, x->name), x->sum ? x->sum->alg : HASH_SHA256, &got);
    if (unpack_from(&u, raw, size, e) < 0 || check_sum(x, raw, &got, e) < 0)
        return err_wrap(e, "%s", x->name);
    *out = u.did;
    return 0;
}
