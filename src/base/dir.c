// SPDX-License-Identifier: Apache-2.0
#include "base/dir.h"
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <sys/syscall.h>

// One filled buffer of the kernel's. false: more than max names.
static bool take_names(struct arena *a, const char *at, size_t n, size_t max, struct strv *names)
{
    for (size_t i = 0; i < n;) {
        const struct dirent64 *de = (const void *)(at + i);
        i += de->d_reclen;
        if (strcmp(de->d_name, ".") == 0 || strcmp(de->d_name, "..") == 0)
            continue;
        if (names->n == max)
            return false;
        strv_add(a, names, str_dup(a, str_of(de->d_name)));
    }
    return true;
}

int dir_names(struct arena *a, int dirfd, const char *path, size_t max, struct strv *out, struct err *e)
{
    // Not readdir: it asks four things of every directory that are known here, and the launcher reads many.
    _Alignas(struct dirent64) char entries[8192];
    drop_fd int fd = -1;
    if (path_open(dirfd, path, O_RDONLY | O_DIRECTORY, 0, &fd, e) < 0)
        return -1;
    struct strv names = {0};
    for (;;) {
        long n = syscall(SYS_getdents64, fd, entries, sizeof entries);
        if (n < 0)
            return err_sys(e, "%s", path);
        if (n == 0)
            break;
        if (!take_names(a, entries, (size_t)n, max, &names))
            return err_set(e, ERR_LIMIT, "%s: more than %zu entries", path, max);
    }
    strv_sort(&names);
    *out = names;
    return 0;
}

static enum dir_kind kind_of(const struct stat *st)
{
    return S_ISDIR(st->st_mode) ? DIR_DIR : S_ISREG(st->st_mode) ? DIR_FILE : DIR_OTHER;
}

enum dir_kind dir_kind(int dirfd, const char *path)
{
    drop_fd int fd = -1;
    struct err e = {0};
    struct stat st;
    // A name without '/' that is no link leads nowhere else: one question is enough.
    if (!strchr(path, '/') && strcmp(path, "..") != 0) {
        if (fstatat(dirfd, path, &st, AT_SYMLINK_NOFOLLOW) < 0)
            return DIR_ABSENT;
        if (!S_ISLNK(st.st_mode))
            return kind_of(&st);
    }
    if (path_open(dirfd, path, O_PATH, 0, &fd, &e) < 0)
        return fstatat(dirfd, path, &st, AT_SYMLINK_NOFOLLOW) < 0 ? DIR_ABSENT : DIR_OTHER;
    return fstat(fd, &st) < 0 ? DIR_OTHER : kind_of(&st);
}
