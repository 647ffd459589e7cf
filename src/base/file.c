// SPDX-License-Identifier: Apache-2.0
#include "base/file.h"
#include "base/limits.h"
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/fs.h>
#include <stdio.h>
#include <sys/ioctl.h>
#include <sys/random.h>

// A file that is as long as it says takes two reads and one allocation.
static int read_all(int fd, const char *name, const struct stat *st, struct buf *out, struct err *e)
{
    size_t said = S_ISREG(st->st_mode) ? (size_t)st->st_size : 0, got = 0;
    if (said > out->max)
        return err_set(e, ERR_LIMIT, "%s: %zu bytes, the limit is %zu", name, said, out->max);
    for (;;) {
        size_t want = said && got <= said ? said + 1 - got : 65536;
        if (want - 1 > out->max - out->n)
            want = out->max - out->n + 1;
        struct buf probe = {.max = SIZE_MAX / 2, .p = out->p, .n = out->n, .cap = out->cap};
        char *room = buf_room(&probe, want); // one byte past the limit, to see that there is more
        out->p = probe.p;
        out->cap = probe.cap;
        ssize_t n = read(fd, room, want);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return err_sys(e, "%s", name);
        if ((size_t)n > out->max - out->n)
            return err_set(e, ERR_LIMIT, "%s: larger than the limit of %zu bytes", name, out->max);
        buf_commit(out, (size_t)n);
        got += (size_t)n;
        if (n == 0)
            return 0;
    }
}

// What was read before an error is taken back.
static int read_whole(int fd, const char *name, bool pipe_too, struct buf *out, struct err *e)
{
    struct stat st;
    size_t before = out->n;
    if (fstat(fd, &st) < 0)
        return err_sys(e, "%s", name);
    if (!S_ISREG(st.st_mode) && !pipe_too)
        return err_set(e, ERR_USAGE, "%s: not a regular file", name);
    if (S_ISDIR(st.st_mode))
        return err_set(e, ERR_USAGE, "%s: is a directory", name);
    if (read_all(fd, name, &st, out, e) == 0)
        return 0;
    out->n = before;
    if (out->p)
        out->p[before] = 0;
    return -1;
}

int file_read_fd(int fd, const char *name, struct buf *out, struct err *e)
{
    return read_whole(fd, name, false, out, e);
}

int file_read(int dirfd, const char *path, struct buf *out, struct err *e)
{
    drop_fd int fd = -1;
    // O_NONBLOCK: a FIFO in somebody's tree must not hang us.
    int flags = O_RDONLY | O_NOCTTY | (dirfd == AT_FDCWD ? 0 : O_NONBLOCK);
    int rc =
        dirfd == AT_FDCWD ? path_open_host(path, flags, 0, &fd, e) : path_open(dirfd, path, flags, 0, &fd, e);
    if (rc < 0)
        return -1;
    return read_whole(fd, path, dirfd == AT_FDCWD, out, e);
}

int file_write_all(int fd, const void *p, size_t n, struct err *e)
{
    const char *at = p;
    while (n) {
        ssize_t done = write(fd, at, n);
        if (done < 0 && errno == EINTR)
            continue;
        if (done < 0)
            return err_sys(e, "write");
        at += done;
        n -= (size_t)done;
    }
    return 0;
}

static int copy_by_hand(int from, int to, struct err *e)
{
    enum { CHUNK = 1 << 18 };
    drop_free char *chunk = xmalloc(CHUNK);
    ssize_t n;
    while ((n = read(from, chunk, CHUNK)) != 0) {
        if (n < 0 && errno != EINTR)
            return err_sys(e, "read");
        if (n > 0 && file_write_all(to, chunk, (size_t)n, e) < 0)
            return -1;
    }
    return 0;
}

int file_copy(int from, int to, struct err *e)
{
    enum { AT_ONCE = 1 << 30 };
    if (ioctl(to, FICLONE, from) == 0)
        return 0;
    for (;;) {
        ssize_t n = copy_file_range(from, NULL, to, NULL, AT_ONCE, 0);
        if (n == 0)
            return 0;
        // Between two filesystems, or not in this kernel or container: both stand behind what was copied.
        if (n < 0 &&
            (errno == EXDEV || errno == EINVAL || errno == EOPNOTSUPP || errno == ENOSYS || errno == EPERM))
            return copy_by_hand(from, to, e);
        if (n < 0 && errno != EINTR)
            return err_sys(e, "copy");
    }
}

static char *temp_name(const char *name)
{
    uint64_t random = 0;
    if (getrandom(&random, sizeof random, 0) != (ssize_t)sizeof random)
        BUG("getrandom");
    char *temp = xmalloc(LIMIT_COMPONENT + 1);
    snprintf(temp, LIMIT_COMPONENT + 1, ".%.200s.%016jx", name, (uintmax_t)random);
    return temp;
}

// Opens the directory that holds `path` into f->dirfd and points *base at its last component.
static int open_holder(struct newfile *f, int dirfd, const char *path, const char **base, struct err *e)
{
    if (dirfd != AT_FDCWD)
        return path_parent(dirfd, path, &f->dirfd, base, e);
    const char *slash = strrchr(path, '/');
    *base = slash ? slash + 1 : path;
    drop_free char *dir = slash ? xmemdup(path, (size_t)(slash - path) + 2) : xstrdup(".");
    if (slash)
        dir[slash - path + 1] = 0;
    return path_open_host(dir, O_RDONLY | O_DIRECTORY, 0, &f->dirfd, e);
}

static const char *self_path(int fd, char out[32])
{
    snprintf(out, 32, "/proc/self/fd/%d", fd);
    return out;
}

// A file without a name, if it can get one later: that takes a filesystem with O_TMPFILE, and /proc.
static int open_nameless(int dirfd, mode_t mode)
{
    char self[32];
    struct stat st;
    drop_fd int fd = openat(dirfd, ".", O_TMPFILE | O_RDWR | O_CLOEXEC, mode);
    if (fd < 0 || fstatat(AT_FDCWD, self_path(fd, self), &st, AT_SYMLINK_NOFOLLOW) < 0)
        return -1;
    return steal_fd(&fd);
}

int newfile_begin(int dirfd, const char *path, mode_t mode, struct newfile **out, struct err *e)
{
    drop_(newfile_drop) struct newfile *f = XNEW(struct newfile);
    f->fd = f->dirfd = -1;
    const char *base;
    if (open_holder(f, dirfd, path, &base, e) < 0)
        return -1;
    if (!*base || strcmp(base, ".") == 0 || strcmp(base, "..") == 0)
        return err_set(e, ERR_USAGE, "%s: names a directory", path);
    f->name = xstrdup(base);
    f->fd = open_nameless(f->dirfd, mode);
    if (f->fd < 0 && (errno == EOPNOTSUPP || errno == EISDIR || errno == ENOENT)) {
        drop_free char *temp = temp_name(base);
        f->fd = openat(f->dirfd, temp, O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, mode);
        if (f->fd >= 0)
            f->temp = steal_ptr(temp);
    }
    if (f->fd < 0)
        return err_sys(e, "%s", path);
    // What goes into layers and sandboxes is the same under every umask; at a path of the operator's, his counts.
    if (dirfd != AT_FDCWD && fchmod(f->fd, mode) < 0)
        return err_sys(e, "%s: mode", path);
    *out = steal_ptr(f);
    return 0;
}

static int link_fd(const struct newfile *f, const char *name)
{
    char self[32];
    return linkat(AT_FDCWD, self_path(f->fd, self), f->dirfd, name, AT_SYMLINK_FOLLOW);
}

// Gives a file without a name its final one, or a temporary one (f->temp) where the final one is taken.
static int name_it(struct newfile *f)
{
    if (link_fd(f, f->name) == 0)
        return 0;
    if (errno != EEXIST)
        return -1;
    drop_free char *temp = temp_name(f->name);
    if (link_fd(f, temp) < 0)
        return -1;
    f->temp = steal_ptr(temp);
    return 0;
}

int newfile_publish(struct newfile *f, bool sync, struct err *e)
{
    if (sync && fsync(f->fd) < 0)
        return err_sys(e, "%s", f->name);
    if (!f->temp && name_it(f) < 0)
        return err_sys(e, "%s", f->name);
    if (f->temp && renameat(f->dirfd, f->temp, f->dirfd, f->name) < 0)
        return err_sys(e, "%s", f->name);
    free(steal_ptr(f->temp));
    if (!sync)
        return 0;
    drop_fd int dir = openat(f->dirfd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (dir < 0 || fsync(dir) < 0)
        return err_sys(e, "%s: directory", f->name);
    return 0;
}

void newfile_drop(struct newfile *f)
{
    if (!f)
        return;
    if (f->temp)
        (void)unlinkat(f->dirfd, f->temp, 0);
    drop_fd_p(&f->fd);
    drop_fd_p(&f->dirfd);
    free(f->temp);
    free(f->name);
    free(f);
}

static int put_file(int dirfd, const char *path, mode_t mode, struct str content, bool sync, struct err *e)
{
    drop_(newfile_drop) struct newfile *f = NULL;
    if (newfile_begin(dirfd, path, mode, &f, e) < 0)
        return -1;
    if (file_write_all(f->fd, content.p, content.n, e) < 0)
        return err_wrap(e, "%s", path);
    return newfile_publish(f, sync, e);
}

int file_replace(int dirfd, const char *path, mode_t mode, struct str content, struct err *e)
{
    return put_file(dirfd, path, mode, content, true, e);
}

int file_place(int dirfd, const char *path, mode_t mode, struct str content, struct err *e)
{
    return put_file(dirfd, path, mode, content, false, e);
}

// Trees are removed by recursion down to this depth, which also bounds the descriptors; below it by remove_deep.
enum { RECURSION = 48 };

// A directory that is being left for one of its own, to be found again by "..".
struct place {
    dev_t dev;
    ino_t ino;
    long at; // where in its listing that one stands
};

enum removed { REMOVED_ERROR = -1, REMOVED, REMOVED_NOT_EMPTY };

// Removes what is no directory, and an empty directory.
static enum removed remove_simple(int dirfd, const char *name, struct err *e)
{
    if (unlinkat(dirfd, name, 0) == 0 || errno == ENOENT)
        return REMOVED;
    if (errno == EISDIR && (unlinkat(dirfd, name, AT_REMOVEDIR) == 0 || errno == ENOENT))
        return REMOVED;
    if (errno == ENOTEMPTY || errno == EEXIST)
        return REMOVED_NOT_EMPTY;
    return (enum removed)err_sys(e, "%s", name);
}

// Opens a directory to empty it, making it readable and writable for us where it is not.
static int open_to_empty(int dirfd, const char *name, int *out, struct err *e)
{
    char self[32];
    struct stat st;
    drop_fd int place = openat(dirfd, name, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (place < 0 || fstat(place, &st) < 0)
        return err_sys(e, "%s", name);
    // Through the descriptor: by name, somebody could put a link in its place.
    bool shut = (st.st_mode & 0700) != 0700;
    if (shut && fchmodat(AT_FDCWD, self_path(place, self), 0700, 0) < 0 && errno != EPERM)
        return err_sys(e, "%s", name);
    int fd = openat(place, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0)
        return err_sys(e, "%s", name);
    *out = fd;
    return 0;
}

static DIR *dir_stream(int dirfd, struct err *e)
{
    int copy = openat(dirfd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    DIR *d = copy < 0 ? NULL : fdopendir(copy);
    if (!d) {
        (void)err_sys(e, "directory");
        drop_fd_p(&copy);
    }
    return d;
}

static struct dirent *next_entry(DIR *d)
{
    struct dirent *de;
    do {
        errno = 0;
        de = readdir(d);
    } while (de && (strcmp(de->d_name, ".") == 0 || strcmp(de->d_name, "..") == 0));
    return de;
}

// Removes entries up to the first directory that is not empty, whose name goes to sub[] and its place in the listing to
// *at; sub[0] = 0: none is left.
static enum removed remove_pass(DIR *d, int dirfd, long *at, char sub[LIMIT_COMPONENT + 1], struct err *e)
{
    for (struct dirent *de;;) {
        long here = telldir(d);
        if (!(de = next_entry(d)))
            return errno ? (enum removed)err_sys(e, "directory") : REMOVED;
        enum removed got = remove_simple(dirfd, de->d_name, e);
        if (got == REMOVED)
            continue;
        snprintf(sub, LIMIT_COMPONENT + 1, "%s", de->d_name);
        *at = here;
        return got;
    }
}

// From *at on, so that a directory of many is not read from its start once for each of them. Where removals move the
// places of a listing, what was passed over is found by the pass from the start.
static int remove_until_sub(int dirfd, long *at, char sub[LIMIT_COMPONENT + 1], struct err *e)
{
    DIR *d = dir_stream(dirfd, e);
    if (!d)
        return -1;
    bool later = *at != 0;
    sub[0] = 0;
    if (later)
        seekdir(d, *at);
    enum removed got = remove_pass(d, dirfd, at, sub, e);
    if (got == REMOVED && later) {
        rewinddir(d);
        got = remove_pass(d, dirfd, at, sub, e);
    }
    closedir(d);
    return got == REMOVED_ERROR ? -1 : 0;
}

static int go_up(int *here, const struct place *want, struct err *e)
{
    struct stat st;
    drop_fd int up = openat(*here, "..", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (up < 0 || fstat(up, &st) < 0)
        return err_sys(e, "..");
    if (st.st_dev != want->dev || st.st_ino != want->ino)
        return err_set(e, ERR_BUSY, "directory: was moved while its tree was being removed");
    drop_fd_p(here);
    *here = steal_fd(&up);
    return 0;
}

// Empties a tree of any depth with one directory open at a time and some bytes a level: down into the first
// directory that is not empty, up again when nothing is left, and on in the listing from there.
static int remove_deep(int dirfd, struct err *e)
{
    char sub[LIMIT_COMPONENT + 1];
    drop_(arena_free) struct arena *a = arena_new(4096);
    struct place *stack = NULL, left = {0};
    size_t depth = 0, cap = 0;
    long at = 0;
    struct stat st;
    drop_fd int here = openat(dirfd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (here < 0)
        return err_sys(e, "directory");
    for (;;) {
        if (remove_until_sub(here, &at, sub, e) < 0)
            return -1;
        if (!sub[0] && !depth)
            return 0;
        if (fstat(here, &st) < 0)
            return err_sys(e, "directory");
        if (!sub[0]) {
            left = (struct place){st.st_dev, st.st_ino, 0};
            if (go_up(&here, &stack[--depth], e) < 0)
                return -1;
            at = stack[depth].at;
            continue;
        }
        int next;
        stack = arena_grow(a, stack, depth, &cap, sizeof *stack);
        stack[depth++] = (struct place){st.st_dev, st.st_ino, at};
        at = 0;
        if (open_to_empty(here, sub, &next, e) < 0)
            return -1;
        drop_fd_p(&here);
        here = next;
        if (fstat(here, &st) == 0 && st.st_dev == left.dev && st.st_ino == left.ino)
            return err_set(e, ERR_BUSY, "%s: is filled while it is being emptied", sub);
    }
}

static int remove_one(int dirfd, const char *name, unsigned depth, struct err *e);

static int remove_entries(int dirfd, unsigned depth, struct err *e)
{
    if (depth == RECURSION)
        return remove_deep(dirfd, e);
    DIR *d = dir_stream(dirfd, e);
    if (!d)
        return -1;
    int rc = 0;
    for (struct dirent *de; rc == 0 && (de = next_entry(d));)
        rc = remove_one(dirfd, de->d_name, depth, e);
    if (rc == 0 && errno)
        rc = err_sys(e, "directory");
    closedir(d);
    return rc;
}

static int remove_one(int dirfd, const char *name, unsigned depth, struct err *e)
{
    enum removed got = remove_simple(dirfd, name, e);
    if (got != REMOVED_NOT_EMPTY)
        return got == REMOVED ? 0 : -1;
    drop_fd int fd = -1;
    if (open_to_empty(dirfd, name, &fd, e) < 0)
        return -1;
    if (remove_entries(fd, depth + 1, e) < 0)
        return e ? err_wrap(e, "%s", name) : -1;
    if (unlinkat(dirfd, name, AT_REMOVEDIR) < 0 && errno != ENOENT)
        return err_sys(e, "%s", name);
    return 0;
}

int tree_remove(int dirfd, const char *name, struct err *e)
{
    if (dirfd == AT_FDCWD)
        return remove_one(dirfd, name, 0, e);
    drop_fd int parent = -1;
    const char *base;
    if (path_parent(dirfd, name, &parent, &base, e) < 0)
        return -1;
    if (!*base || strcmp(base, ".") == 0)
        return err_set(e, ERR_USAGE, "%s: does not name an entry of a directory", name);
    return remove_one(parent, base, 0, e);
}
