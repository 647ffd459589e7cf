// SPDX-License-Identifier: Apache-2.0
#include "base/dir.h"
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>

int dir_names(struct arena *a, int dirfd, const char *path, size_t max, struct strv *out, struct err *e)
{
    int fd;
    if (path_open(dirfd, path, O_RDONLY | O_DIRECTORY, 0, &fd, e) < 0)
        return -1;
    DIR *d = fdopendir(fd);
    if (!d) {
        (void)close(fd);
        return err_sys(e, "%s", path);
    }
    struct strv names = {0};
    errno = 0;
    for (struct dirent *de; (de = readdir(d)); errno = 0) {
        if (strcmp(de->d_name, ".") == 0 || strcmp(de->d_name, "..") == 0)
            continue;
        if (names.n == max) {
            closedir(d);
            return err_set(e, ERR_LIMIT, "%s: more than %zu entries", path, max);
        }
        strv_add(a, &names, str_dup(a, str_of(de->d_name)));
    }
    int failed = errno;
    closedir(d);
    if (failed) {
        errno = failed;
        return err_sys(e, "%s", path);
    }
    strv_sort(&names);
    *out = names;
    return 0;
}

enum dir_kind dir_kind(int dirfd, const char *path)
{
    drop_fd int fd = -1;
    struct err e = {0};
    struct stat st;
    if (path_open(dirfd, path, O_PATH, 0, &fd, &e) < 0)
        return fstatat(dirfd, path, &st, AT_SYMLINK_NOFOLLOW) < 0 ? DIR_ABSENT : DIR_OTHER;
    if (fstat(fd, &st) < 0)
        return DIR_OTHER;
    return S_ISDIR(st.st_mode) ? DIR_DIR : S_ISREG(st.st_mode) ? DIR_FILE : DIR_OTHER;
}
