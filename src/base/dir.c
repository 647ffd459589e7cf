// SPDX-License-Identifier: Apache-2.0
#include "base/dir.h"
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/syscall.h>

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

static enum dir_kind listed_kind(int fd, const struct dirent64 *de)
{
    if (de->d_type == DT_LNK || de->d_type == DT_UNKNOWN)
        return dir_kind(fd, de->d_name);
    return de->d_type == DT_DIR ? DIR_DIR : de->d_type == DT_REG ? DIR_FILE : DIR_OTHER;
}

// One filled buffer of the kernel's. false: more than max entries.
static bool take_entries(struct arena *a, int fd, const char *at, size_t n, size_t max,
                         struct dir_entries *out)
{
    for (size_t i = 0; i < n;) {
        const struct dirent64 *de = (const void *)(at + i);
        i += de->d_reclen;
        if (strcmp(de->d_name, ".") == 0 || strcmp(de->d_name, "..") == 0)
            continue;
        if (out->n == max)
            return false;
        out->v = arena_grow(a, out->v, out->n, &out->cap, sizeof *out->v);
        out->v[out->n++] = (struct dir_entry){
            .name = str_dup(a, str_of(de->d_name)),
            .kind = listed_kind(fd, de),
        };
    }
    return true;
}

static int by_name(const void *x, const void *y)
{
    return str_cmp(((const struct dir_entry *)x)->name, ((const struct dir_entry *)y)->name);
}

int dir_list_fd(struct arena *a, int fd, const char *path, size_t max, struct dir_entries *out, struct err *e)
{
    // Not readdir: it asks four things of every directory that are known here, and the launcher reads many.
    _Alignas(struct dirent64) char entries[8192];
    struct dir_entries found = {0};
    for (;;) {
        long n = syscall(SYS_getdents64, fd, entries, sizeof entries);
        if (n < 0)
            return err_sys(e, "%s", path);
        if (n == 0)
            break;
        if (!take_entries(a, fd, entries, (size_t)n, max, &found))
            return err_set(e, ERR_LIMIT, "%s: more than %zu entries", path, max);
    }
    if (found.n)
        qsort(found.v, found.n, sizeof *found.v, by_name);
    *out = found;
    return 0;
}

int dir_list(struct arena *a, int dirfd, const char *path, size_t max, struct dir_entries *out, struct err *e)
{
    drop_fd int fd = -1;
    return path_open(dirfd, path, O_RDONLY | O_DIRECTORY, 0, &fd, e) < 0
               ? -1
               : dir_list_fd(a, fd, path, max, out, e);
}

int dir_names(struct arena *a, int dirfd, const char *path, size_t max, struct strv *out, struct err *e)
{
    struct dir_entries all;
    if (dir_list(a, dirfd, path, max, &all, e) < 0)
        return -1;
    struct strv names = {0};
    for (size_t i = 0; i < all.n; i++)
        strv_add(a, &names, all.v[i].name);
    *out = names;
    return 0;
}

enum dir_kind dir_entry_kind(const struct dir_entries *in, const char *name)
{
    for (size_t i = 0; i < in->n; i++)
        if (str_is(in->v[i].name, name))
            return in->v[i].kind;
    return DIR_ABSENT;
}
