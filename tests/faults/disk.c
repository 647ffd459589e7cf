// SPDX-License-Identifier: Apache-2.0
#include "disk.h"
#include "base/file.h"
#include "base/limits.h"
#include "base/path.h"
#include <fcntl.h>
#include <stdio.h>
#include <sys/syscall.h>
#include <sys/uio.h>

enum { DISK_MAX = 4096 };

struct file {
    dev_t dev;
    ino_t ino;
    int fd; // of our own: reaches the file whatever its name has become
};
struct move {
    char to[LIMIT_PATH];
    dev_t dev; // of the directory
    ino_t ino;
};
struct disk {
    struct file file[DISK_MAX];
    size_t file_n;
    struct move *move; // DISK_MAX
    size_t move_n;
};

struct disk *disk_new(void)
{
    struct disk *d = XNEW(struct disk);
    d->move = xcalloc(DISK_MAX, sizeof *d->move);
    return d;
}

void disk_free(struct disk *d)
{
    for (size_t i = 0; i < d->file_n; i++)
        (void)close(d->file[i].fd);
    free(d->move);
    free(d);
}

static void fd_path(pid_t pid, int fd, char out[64])
{
    if (fd == AT_FDCWD)
        snprintf(out, 64, "/proc/%d/cwd", pid);
    else
        snprintf(out, 64, "/proc/%d/fd/%d", pid, fd);
}

static bool fd_stat(pid_t pid, int fd, struct stat *st)
{
    char path[64];
    fd_path(pid, fd, path);
    return fstatat(AT_FDCWD, path, st, 0) == 0;
}

bool disk_is_regular(pid_t pid, int fd)
{
    struct stat st;
    return fd_stat(pid, fd, &st) && S_ISREG(st.st_mode);
}

static void written(struct disk *d, pid_t pid, int fd)
{
    struct stat st;
    char path[64];
    if (!fd_stat(pid, fd, &st) || !S_ISREG(st.st_mode))
        return;
    for (size_t i = 0; i < d->file_n; i++)
        if (d->file[i].ino == st.st_ino && d->file[i].dev == st.st_dev)
            return;
    fd_path(pid, fd, path);
    struct file f = {st.st_dev, st.st_ino, -1};
    if (d->file_n < DISK_MAX && path_open_host(path, O_WRONLY, 0, &f.fd, NULL) == 0)
        d->file[d->file_n++] = f;
}

static void synced(struct disk *d, const struct stat *st)
{
    size_t n = 0;
    for (size_t i = 0; i < d->file_n; i++)
        if (d->file[i].ino == st->st_ino && d->file[i].dev == st->st_dev)
            (void)close(d->file[i].fd);
        else
            d->file[n++] = d->file[i];
    d->file_n = n;
    n = 0;
    for (size_t i = 0; i < d->move_n; i++)
        if (d->move[i].ino != st->st_ino || d->move[i].dev != st->st_dev)
            d->move[n++] = d->move[i];
    d->move_n = n;
}

static void all_synced(struct disk *d)
{
    for (size_t i = 0; i < d->file_n; i++)
        (void)close(d->file[i].fd);
    d->file_n = d->move_n = 0;
}

// The absolute path that the process means; false when it cannot be told.
static bool path_of(pid_t pid, int dirfd, uint64_t address, char out[LIMIT_PATH])
{
    char text[LIMIT_PATH] = {0}, proc[64], dir[LIMIT_PATH];
    struct iovec to = {text, sizeof text - 1}, from = {(void *)(uintptr_t)address, sizeof text - 1};
    // A string near the end of a page: what can be read up to there is enough.
    for (size_t n = sizeof text - 1; n >= 16; n /= 2) {
        to.iov_len = from.iov_len = n;
        if (process_vm_readv(pid, &to, 1, &from, 1, 0) > 0)
            break;
    }
    if (!text[0])
        return false;
    if (text[0] == '/')
        return snprintf(out, LIMIT_PATH, "%s", text) < LIMIT_PATH;
    fd_path(pid, dirfd, proc);
    if (path_readlink(AT_FDCWD, proc, dir, NULL) < 0)
        return false;
    return snprintf(out, LIMIT_PATH, "%s/%s", dir, text) < LIMIT_PATH;
}

static void moved(struct disk *d, pid_t pid, const struct call *c, const uint64_t args[6])
{
    struct move m;
    struct stat st;
    if (!path_of(pid, c->arg ? (int)args[2] : AT_FDCWD, c->arg ? args[3] : args[1], m.to))
        return;
    if (fstatat(AT_FDCWD, m.to, &st, AT_SYMLINK_NOFOLLOW) == 0)
        return; // what is replaced cannot be brought back
    drop_(arena_free) struct arena *a = arena_new(LIMIT_PATH);
    if (fstatat(AT_FDCWD, str_c(a, path_dir(str_of(m.to))), &st, 0) < 0 || d->move_n == DISK_MAX)
        return;
    m.dev = st.st_dev;
    m.ino = st.st_ino;
    d->move[d->move_n++] = m;
}

void disk_note(struct disk *d, pid_t pid, const struct call *c, const uint64_t args[6])
{
    struct stat st;
    if (c->on == ON_MOVE)
        moved(d, pid, c, args);
    else if (c->point == POINT_WRITE || c->nr == SYS_ftruncate)
        written(d, pid, (int)args[c->on == ON_OUT_FD ? c->arg : 0]);
    else if (c->nr == SYS_syncfs || c->nr == SYS_sync)
        all_synced(d);
    else if (c->point == POINT_SYNC && fd_stat(pid, (int)args[0], &st))
        synced(d, &st);
}

void disk_cut(struct disk *d)
{
    for (size_t i = 0; i < d->file_n; i++)
        if (ftruncate(d->file[i].fd, 0) < 0)
            perror("faults: cut");
    if (!d->move_n)
        return;
    struct move last = d->move[d->move_n - 1];
    for (size_t i = d->move_n; i-- > 0;)
        if (d->move[i].ino != last.ino || d->move[i].dev != last.dev) {
            struct err e = {0};
            char text[512];
            if (tree_remove(AT_FDCWD, d->move[i].to, &e) < 0)
                fprintf(stderr, "faults: cut: %s\n", err_text(&e, text, sizeof text));
        }
}
