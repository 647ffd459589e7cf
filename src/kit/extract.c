// SPDX-License-Identifier: Apache-2.0
#include "kit/extract.h"
#include "archive/ar.h"
#include "archive/tar_read.h"
#include "base/file.h"
#include "base/glob.h"
#include "base/limits.h"
#include "base/map.h"
#include "stream/codec.h"
#include "stream/memory.h"
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/random.h>

enum { TAR_MAGIC_AT = 257, ASIDE_MAX = 65536 };

// Where the unpacking stands.
struct unpacking {
    const struct extract *x;
    struct extracted did;
    // The directory of the last entry: most entries lie beside the one before.
    char dir[LIMIT_PATH];
    int dir_fd;
    // Files that are left out, but have a hard link that is not: name in the archive -> path of the first such link.
    // Each is an empty file of a directory aside, named by its place here,
    // until the archive is read again; `ptr` is set
    // when it has its content. What replaces a link meanwhile does not touch it.
    struct arena *a;
    struct strmap aside;
    char aside_dir[40]; // empty: there is none
    int aside_fd;
    bool again;
};

static void unpacking_done(struct unpacking *u)
{
    drop_fd_p(&u->dir_fd);
    drop_fd_p(&u->aside_fd);
    arena_free(u->a);
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

static int write_data(struct unpacking *u, struct source *data, int fd, const char *path, mode_t mode,
                      struct err *e)
{
    uint64_t n = 0;
    drop_(sink_drop) struct sink *to = sink_count(sink_fd(fd, path), &n);
    if (pump(data, to, LIMIT_LAYER - u->did.bytes, e) < 0 || sink_finish(to, e) < 0)
        return err_wrap(e, "%s", path);
    u->did.bytes += n;
    return fchmod(fd, mode) < 0 ? err_sys(e, "%s", path) : 0; // whatever the umask
}

static int write_file(struct unpacking *u, struct source *data, const char *path, mode_t mode, struct err *e)
{
    const char *base;
    int dir;
    drop_fd int fd = -1;
    if (enter(u, path, &dir, &base, e) < 0 || make_way(dir, base, path, e) < 0 ||
        path_open_plain(dir, base, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW, mode, &fd, e) < 0)
        return -1;
    return write_data(u, data, fd, path, mode, e);
}

static mode_t mode_of(const struct tar_entry *en)
{
    return en->mode & 0111 ? 0755 : 0644;
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

static int open_aside(struct unpacking *u, struct err *e)
{
    uint64_t random;
    if (u->aside_dir[0])
        return 0;
    if (getrandom(&random, sizeof random, 0) != (ssize_t)sizeof random)
        BUG("getrandom");
    (void)snprintf(u->aside_dir, sizeof u->aside_dir, ".aside-%016jx", (uintmax_t)random);
    if (path_mkdirs(u->x->dirfd, u->aside_dir, 0700, e) < 0)
        return -1;
    return path_open_plain(u->x->dirfd, u->aside_dir, O_RDONLY | O_DIRECTORY, 0, &u->aside_fd, e);
}

// The file aside that stands for `target`, which is left out.
static int aside(struct unpacking *u, const char *target, const char *path, char name[24], struct err *e)
{
    const struct map_entry *known = map_find(&u->aside, str_of(target));
    drop_fd int fd = -1;
    size_t at = known ? (size_t)(known - u->aside.v) : u->aside.n;
    (void)snprintf(name, 24, "%zu", at);
    if (known)
        return 0;
    if (u->aside.n == ASIDE_MAX)
        return err_set(e, ERR_LIMIT, "%s: more than %d files that are left out have hard links that are not",
                       path, ASIDE_MAX);
    if (open_aside(u, e) < 0 ||
        path_open_plain(u->aside_fd, name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW, 0644, &fd, e) < 0)
        return -1;
    strmap_set(u->a, &u->aside, str_dup(u->a, str_of(target)), str_dup(u->a, str_of(path)));
    return 0;
}

static int link_aside(struct unpacking *u, const char *target, const char *path, struct err *e)
{
    const char *base;
    char name[24];
    int dir;
    if (aside(u, target, path, name, e) < 0 || enter(u, path, &dir, &base, e) < 0 ||
        make_way(dir, base, path, e) < 0)
        return -1;
    return linkat(u->aside_fd, name, dir, base, 0) < 0 ? err_sys(e, "%s", path) : 0;
}

// Of the archive, read again: what stands aside gets its content, and by that all links to it.
static int fill_aside(struct unpacking *u, struct tar_reader *r, const struct tar_entry *en, struct err *e)
{
    char name[LIMIT_PATH], file[24];
    drop_fd int fd = -1;
    if (tar_name_clean(en->name, name, e) < 0)
        return -1;
    struct map_entry *known = map_find(&u->aside, str_of(name));
    if (!known || known->ptr || en->type != TAR_FILE)
        return 0;
    (void)snprintf(file, sizeof file, "%zu", (size_t)(known - u->aside.v));
    if (path_open_plain(u->aside_fd, file, O_WRONLY | O_NOFOLLOW, 0, &fd, e) < 0)
        return -1;
    known->ptr = u;
    return write_data(u, tar_data(r), fd, name, mode_of(en), e);
}

static int not_unpacked(const char *path, const char *target, struct err *e)
{
    return err_set(e, ERR_PARSE, "%s: a hard link to \"%.96s\", which is no file that was unpacked", path,
                   target);
}

static int close_aside(struct unpacking *u, struct err *e)
{
    for (size_t i = 0; i < u->aside.n; i++)
        if (!u->aside.v[i].ptr)
            return not_unpacked(str_c(u->a, u->aside.v[i].val), str_c(u->a, u->aside.v[i].key), e);
    return u->aside_dir[0] ? tree_remove(u->x->dirfd, u->aside_dir, e) : 0;
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
    if (!target || !is_wanted(u->x, str_of(target)))
        return link_aside(u, name, path, e);
    if (path_parent(u->x->dirfd, target, &from, &from_base, e) < 0 ||
        fstatat(from, from_base, &st, AT_SYMLINK_NOFOLLOW) < 0 || !S_ISREG(st.st_mode)) {
        err_clear(e);
        return not_unpacked(path, name, e);
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
        return write_file(u, tar_data(r), path, mode_of(en), e);
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
        if (step == TAR_ERROR || (u->again ? fill_aside(u, r, en, e) : place(u, r, en, e)) < 0)
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

static int read_through(struct unpacking *u, int fd, uint64_t size, struct err *e)
{
    const struct extract *x = u->x;
    struct digest got;
    drop_(source_drop) struct source *raw =
        source_hash(source_fd(fd, x->name), x->sum ? x->sum->alg : HASH_SHA256, &got);
    return unpack_from(u, raw, size, e) < 0 ? -1 : check_sum(x, raw, &got, e);
}

int extract(const struct extract *x, int fd, struct extracted *out, struct err *e)
{
    __attribute__((cleanup(unpacking_done))) struct unpacking u = {
        .x = x, .dir_fd = -1, .a = arena_new(0), .aside_fd = -1};
    struct stat st;
    off_t at = lseek(fd, 0, SEEK_CUR);
    if (at < 0 || fstat(fd, &st) < 0)
        return err_sys(e, "%s", x->name);
    uint64_t size = st.st_size > at ? (uint64_t)(st.st_size - at) : 0;
    if (read_through(&u, fd, size, e) < 0)
        return err_wrap(e, "%s", x->name);
    u.again = u.aside.n;
    if (u.again && lseek(fd, at, SEEK_SET) < 0)
        return err_sys(e, "%s", x->name);
    if ((u.again && read_through(&u, fd, size, e) < 0) || close_aside(&u, e) < 0)
        return err_wrap(e, "%s", x->name);
    *out = u.did;
    return 0;
}
