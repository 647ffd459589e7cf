// SPDX-License-Identifier: Apache-2.0
#include "base/file.h"
#include "base/limits.h"
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/random.h>

int file_read_fd(int fd, const char *name, struct buf *out, struct err *e)
{
    struct stat st;
    if (fstat(fd, &st) < 0)
        return err_sys(e, "%s", name);
    if (S_ISDIR(st.st_mode))
        return err_set(e, ERR_USAGE, "%s: is a directory", name);
    if (S_ISREG(st.st_mode) && (uint64_t)st.st_size > out->max)
        return err_set(e, ERR_LIMIT, "%s: %jd bytes, the limit is %zu", name, (intmax_t)st.st_size, out->max);
    for (;;) {
        size_t want = S_ISREG(st.st_mode) && out->n == 0 && st.st_size > 0 ? (size_t)st.st_size + 1 : 65536;
        if (want > out->max - out->n + 1)
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
        if (n == 0)
            return 0;
    }
}

int file_read(int dirfd, const char *path, struct buf *out, struct err *e)
{
    drop_fd int fd = -1;
    // O_NONBLOCK: a FIFO in somebody's tree must not hang us.
    int flags = O_RDONLY | O_NOCTTY | (dirfd == AT_FDCWD ? 0 : O_NONBLOCK);
    int rc = dirfd == AT_FDCWD ? path_open_host(path, flags, 0, &fd, e) : path_open(dirfd, path, flags, 0, &fd, e);
    if (rc < 0)
        return -1;
    struct stat st;
    if (fstat(fd, &st) < 0)
        return err_sys(e, "%s", path);
    if (dirfd != AT_FDCWD && !S_ISREG(st.st_mode))
        return err_set(e, ERR_USAGE, "%s: not a regular file", path);
    return file_read_fd(fd, path, out, e);
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

static char *temp_name(const char *name)
{
    uint64_t random = 0;
    if (getrandom(&random, sizeof random, 0) != (ssize_t)sizeof random)
        BUG("getrandom");
    char *temp = xmalloc(LIMIT_COMPONENT + 1);
    snprintf(temp, LIMIT_COMPONENT + 1, ".%.200s.%016jx", name, (uintmax_t)random);
    return temp;
}

int newfile_begin(int dirfd, const char *path, mode_t mode, struct newfile **out, struct err *e)
{
    drop_(newfile_drop) struct newfile *f = XNEW(struct newfile);
    f->fd = f->dirfd = -1;
    const char *base;
    int holder = -1;
    if (dirfd == AT_FDCWD) {
        const char *slash = strrchr(path, '/');
        drop_free char *dir = slash ? xmemdup(path, (size_t)(slash - path) + 2) : xstrdup(".");
        if (slash)
            dir[slash - path + 1] = 0;
        base = slash ? slash + 1 : path;
        if (path_open_host(dir, O_RDONLY | O_DIRECTORY, 0, &f->dirfd, e) < 0)
            return -1;
    } else {
        if (path_parent(dirfd, path, &holder, &base, e) < 0)
            return -1;
        f->dirfd = holder;
    }
    if (!*base)
        return err_set(e, ERR_USAGE, "%s: names a directory", path);
    f->name = xstrdup(base);
    f->fd = openat(f->dirfd, ".", O_TMPFILE | O_RDWR | O_CLOEXEC, mode);
    if (f->fd < 0 && (errno == EOPNOTSUPP || errno == EISDIR || errno == ENOENT)) {
        f->temp = temp_name(base);
        f->fd = openat(f->dirfd, f->temp, O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, mode);
    }
    if (f->fd < 0)
        return err_sys(e, "%s", path);
    *out = steal_ptr(f);
    return 0;
}

static int link_fd(const struct newfile *f, const char *name)
{
    char self[64];
    snprintf(self, sizeof self, "/proc/self/fd/%d", f->fd);
    return linkat(AT_FDCWD, self, f->dirfd, name, AT_SYMLINK_FOLLOW);
}

int newfile_publish(struct newfile *f, bool sync, struct err *e)
{
    if (sync && fsync(f->fd) < 0)
        return err_sys(e, "%s", f->name);
    if (!f->temp) {
        if (link_fd(f, f->name) == 0)
            goto published;
        if (errno != EEXIST)
            return err_sys(e, "%s", f->name);
        char *temp = temp_name(f->name);
        if (link_fd(f, temp) < 0) {
            free(temp);
            return err_sys(e, "%s", f->name);
        }
        f->temp = temp;
    }
    if (renameat(f->dirfd, f->temp, f->dirfd, f->name) < 0)
        return err_sys(e, "%s", f->name);
    free(steal_ptr(f->temp));
published:
    if (sync) {
        drop_fd int dir = openat(f->dirfd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        if (dir < 0 || fsync(dir) < 0)
            return err_sys(e, "%s: directory", f->name);
    }
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

int file_replace(int dirfd, const char *path, mode_t mode, struct str content, struct err *e)
{
    drop_(newfile_drop) struct newfile *f = NULL;
    if (newfile_begin(dirfd, path, mode, &f, e) < 0)
        return -1;
    if (file_write_all(f->fd, content.p, content.n, e) < 0)
        return err_wrap(e, "%s", path);
    return newfile_publish(f, true, e);
}

static int remove_entries(int dirfd, struct err *e);

// Directories are opened one at a time by their parent's descriptor and renamed upwards where the tree is too deep
// for the stack, so depth costs neither descriptors nor recursion beyond this bound.
static int remove_one(int dirfd, const char *name, struct err *e)
{
    if (unlinkat(dirfd, name, 0) == 0 || errno == ENOENT)
        return 0;
    if (errno != EISDIR && errno != EPERM && errno != EACCES)
        return err_sys(e, "%s", name);
    int first = errno;
    drop_fd int fd = openat(dirfd, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (fd < 0 && errno == EACCES && fchmodat(dirfd, name, 0700, 0) == 0)
        fd = openat(dirfd, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (fd < 0) {
        errno = errno == ENOTDIR ? first : errno;
        return err_sys(e, "%s", name);
    }
    (void)fchmod(fd, 0700);
    if (remove_entries(fd, e) < 0)
        return err_wrap(e, "%s", name);
    if (unlinkat(dirfd, name, AT_REMOVEDIR) < 0 && errno != ENOENT)
        return err_sys(e, "%s", name);
    return 0;
}

static int remove_entries(int dirfd, struct err *e)
{
    int copy = openat(dirfd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    DIR *d = copy < 0 ? NULL : fdopendir(copy);
    if (!d) {
        if (copy >= 0)
            (void)close(copy);
        return err_sys(e, "directory");
    }
    int rc = 0;
    for (struct dirent *de; rc == 0 && (de = readdir(d));)
        if (strcmp(de->d_name, ".") != 0 && strcmp(de->d_name, "..") != 0)
            rc = remove_one(dirfd, de->d_name, e);
    closedir(d);
    return rc;
}

int tree_remove(int dirfd, const char *name, struct err *e)
{
    return remove_one(dirfd, name, e);
}
