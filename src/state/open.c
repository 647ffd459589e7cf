// SPDX-License-Identifier: Apache-2.0
#include "base/dir.h"
#include "base/limits.h"
#include "state/state_priv.h"
#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <stdio.h>
#include <sys/statvfs.h>
#include <sys/vfs.h>

#define FORMAT_HEAD "dema-state "
static const char *const folders[] = {"blobs", "deps", "trees", "names", "known", "apps", "tmp"};

// Filesystems without flock, rename over an open file, whiteouts or user.* attributes. An overlay is fine.
static const struct {
    long magic;
    const char *name;
} unfit[] = {
    {MSDOS_SUPER_MAGIC, "vfat"},    {0x2011BAB0, "exfat"},    {0x7366746E, "ntfs3"},
    {0x5346544E, "ntfs"},           {NFS_SUPER_MAGIC, "nfs"}, {0x517B, "smb"},
    {0xFF534D42, "cifs"},           {0xFE534D42, "smb2"},     {V9FS_MAGIC, "9p"},
    {ISOFS_SUPER_MAGIC, "iso9660"},
};

// The operator's path: links in it are followed, what is missing is made.
static int make_dirs(const char *path, struct err *e)
{
    size_t n = strlen(path);
    if (!n || n >= LIMIT_PATH)
        return err_set(e, ERR_USAGE, "state: a path of %zu bytes, 1 to %d are possible", n, LIMIT_PATH - 1);
    char part[LIMIT_PATH];
    for (size_t i = 1; i <= n; i++) {
        if (path[i] != '/' && path[i])
            continue;
        memcpy(part, path, i);
        part[i] = 0;
        struct stat st;
        if (mkdirat(AT_FDCWD, part, 0700) < 0 && fstatat(AT_FDCWD, part, &st, 0) < 0) {
            // What mkdir said is the reason, unless all it said is that a dangling link is in the way.
            (void)mkdirat(AT_FDCWD, part, 0700);
            return errno == EROFS ? err_set(e, ERR_DENIED, "%s: on a read-only filesystem", part)
                                  : err_sys(e, "%s", part);
        }
    }
    return 0;
}

static int check_filesystem(int dir, const char *path, struct err *e)
{
    struct statfs fs;
    if (fstatfs(dir, &fs) < 0)
        return err_sys(e, "%s", path);
    if (fs.f_flags & ST_RDONLY)
        return err_set(e, ERR_DENIED, "%s: on a read-only filesystem", path);
    for (size_t i = 0; i < COUNT(unfit); i++)
        if ((long)fs.f_type == unfit[i].magic)
            return err_set(e, ERR_DENIED,
                           "%s: on %s, which cannot hold a state (it needs locks, links and attributes)",
                           path, unfit[i].name);
    return 0;
}

static int check_owner(int dir, const char *path, struct err *e)
{
    struct stat st;
    if (fstat(dir, &st) < 0)
        return err_sys(e, "%s", path);
    if (st.st_uid != geteuid())
        return err_set(e, ERR_DENIED, "%s: belongs to user id %u, this is %u", path, (unsigned)st.st_uid,
                       (unsigned)geteuid());
    if (st.st_mode & 0022)
        return err_set(e, ERR_DENIED, "%s: mode %04o, others than its owner may write", path,
                       (unsigned)(st.st_mode & 07777));
    if (faccessat(dir, ".", W_OK | X_OK, AT_EACCESS) < 0)
        return errno == EROFS ? err_set(e, ERR_DENIED, "%s: on a read-only filesystem", path)
                              : err_set(e, ERR_DENIED, "%s: not writable", path);
    return 0;
}

enum format { FORMAT_ERROR = -1, FORMAT_NEW, FORMAT_OURS };

static enum format check_format(int dir, const char *path, struct err *e)
{
    drop_buf struct buf b = BUF_INIT(256);
    struct err absent = {0};
    if (file_read(dir, "format", &b, &absent) < 0) {
        if (absent.code == ERR_NOT_FOUND)
            return FORMAT_NEW;
        *e = absent;
        err_wrap(e, "%s", path);
        return FORMAT_ERROR;
    }
    struct str text = str_trim(buf_view(&b));
    uint64_t number;
    if (!str_has_prefix(text, FORMAT_HEAD) ||
        !str_u64(str_from(text, strlen(FORMAT_HEAD)), 1, UINT32_MAX, &number)) {
        err_set(e, ERR_PARSE, "%s/format: not \"" FORMAT_HEAD "NUMBER\"", path);
        return FORMAT_ERROR;
    }
    if (number != STATE_FORMAT) {
        err_set(e, ERR_API, "%s: state format %ju, made by a newer dema; this one reads %d", path,
                (uintmax_t)number, STATE_FORMAT);
        return FORMAT_ERROR;
    }
    return FORMAT_OURS;
}

// Somebody's home, given by mistake, is not littered. Files with a dot are those of a format that was never published.
static int check_foreign(int dir, const char *path, struct err *e)
{
    drop_(arena_free) struct arena *a = arena_new(1024);
    struct strv names;
    if (dir_names(a, dir, ".", 10000, &names, e) < 0)
        return err_wrap(e, "%s", path);
    for (size_t i = 0; i < names.n; i++) {
        bool ours = str_is(names.v[i], "lock") || str_is(names.v[i], "format") ||
                    str_has_prefix(names.v[i], ".format.");
        for (size_t k = 0; k < COUNT(folders) && !ours; k++)
            ours = str_is(names.v[i], folders[k]);
        if (!ours)
            return err_set(e, ERR_DENIED, "%s: not a state of dema: it holds \"" PRI_STR "\"", path,
                           STR_ARG(str_printable(a, names.v[i], 64)));
    }
    return 0;
}

static int make_folder(int dir, const char *name, struct err *e)
{
    if (mkdirat(dir, name, 0700) < 0 && errno != EEXIST)
        return err_sys(e, "%s", name);
    return 0;
}

// `format` comes last: where it is, the rest is.
static int make_layout(int dir, struct err *e)
{
    for (size_t i = 0; i < COUNT(folders); i++)
        if (make_folder(dir, folders[i], e) < 0)
            return -1;
    for (enum shelf s = 0; s < SHELF_MAX_; s++)
        for (enum hash_alg alg = HASH_SHA256; alg <= HASH_SHA512; alg++) {
            char name[SHELF_PATH];
            snprintf(name, sizeof name, "%s/%s", shelf_name(s), hash_name(alg));
            if (make_folder(dir, name, e) < 0 || (alg == HASH_SHA512 && dir_sync(dir, shelf_name(s), e) < 0))
                return -1;
        }
    char text[32];
    int n = snprintf(text, sizeof text, FORMAT_HEAD "%d\n", STATE_FORMAT);
    return file_replace(dir, "format", 0600, (struct str){text, (size_t)n}, e);
}

static int read_boot(struct state *st, const struct state_opts *opts, struct err *e)
{
    drop_buf struct buf b = BUF_INIT(BOOT_MAX - 1);
    struct str id = str_of(opts ? opts->boot_id : NULL);
    if (!id.n) {
        if (file_read(AT_FDCWD, "/proc/sys/kernel/random/boot_id", &b, e) < 0)
            return -1;
        id = str_trim(buf_view(&b));
    }
    if (!id.n || id.n >= BOOT_MAX)
        return err_set(e, ERR_USAGE, "boot id: %zu bytes, 1 to %d are possible", id.n, BOOT_MAX - 1);
    memcpy(st->boot, id.p, id.n);
    return 0;
}

int state_open(const char *path, const struct state_opts *opts, struct state **out, struct err *e)
{
    drop_(state_close) struct state *st = XNEW(struct state);
    st->dir = -1;
    st->path = xstrdup(path);
    struct err local = {0};
    if (!e)
        e = &local;
    if (make_dirs(path, e) < 0 || path_open_host(path, O_RDONLY | O_DIRECTORY, 0, &st->dir, e) < 0)
        return -1;
    if (check_filesystem(st->dir, path, e) < 0 || check_owner(st->dir, path, e) < 0)
        return -1;
    enum format f = check_format(st->dir, path, e);
    if (f == FORMAT_ERROR || read_boot(st, opts, e) < 0)
        return -1;
    if (f == FORMAT_NEW && check_foreign(st->dir, path, e) < 0)
        return -1;
    if (f == FORMAT_NEW && make_layout(st->dir, e) < 0)
        return err_wrap(e, "%s", path);
    *out = steal_ptr(st);
    return 0;
}

void state_close(struct state *st)
{
    if (!st)
        return;
    drop_fd_p(&st->dir);
    free(st->path);
    free(st);
}

const char *state_path(const struct state *st)
{
    return st->path;
}

int dir_sync(int dirfd, const char *path, struct err *e)
{
    drop_fd int fd = -1;
    if (path_open_plain(dirfd, path, O_RDONLY | O_DIRECTORY, 0, &fd, e) < 0)
        return -1;
    return fsync(fd) < 0 ? err_sys(e, "%s: sync", path) : 0;
}

int file_make(int dirfd, const char *name, struct str content, struct err *e)
{
    drop_fd int fd = -1;
    if (path_open_plain(dirfd, name, O_WRONLY | O_CREAT | O_EXCL, 0600, &fd, e) < 0)
        return -1;
    if (file_write_all(fd, content.p, content.n, e) < 0)
        return err_wrap(e, "%s", name);
    return fsync(fd) < 0 ? err_sys(e, "%s: sync", name) : 0;
}
