// SPDX-License-Identifier: Apache-2.0
#include "debian/finish_tree.h"
#include "base/file.h"
#include "base/limits.h"
#include "debian/elf.h"
#include <fcntl.h>

static const struct owner plain_dir = {0, 0, 0755};

bool finish_has(const struct deb_tree *t, const char *path)
{
    struct stat st;
    drop_fd int parent = -1;
    const char *base;
    return path_parent(t->root, path, &parent, &base, NULL) == 0 &&
           fstatat(parent, base, &st, AT_SYMLINK_NOFOLLOW) == 0;
}

bool finish_reaches(const struct deb_tree *t, struct str path)
{
    char real[LIMIT_PATH];
    return tree_resolve(t->root, path, real, NULL) == 0;
}

// The mode on disk lets us work whatever the image's is.
static int make_dir(const struct deb_tree *t, const char *path, struct owner is, struct err *e)
{
    drop_fd int fd = -1;
    if (finish_has(t, path))
        return 0;
    if (path_mkdirs(t->root, path, 0755, e) < 0 ||
        path_open_plain(t->root, path, O_RDONLY | O_DIRECTORY, 0, &fd, e) < 0)
        return -1;
    if (fchmod(fd, (is.mode & 0777) | 0700) < 0)
        return err_sys(e, "%s", path);
    owners_set(t->owners, str_of(path), is);
    return 0;
}

static int make_parents(const struct deb_tree *t, const char *path, struct err *e)
{
    drop_free char *part = xstrdup(path);
    for (char *p = part; (p = strchr(p, '/')); *p++ = '/') {
        *p = 0;
        if (make_dir(t, part, plain_dir, e) < 0)
            return -1;
    }
    return 0;
}

int finish_dir(const struct deb_tree *t, const char *path, struct owner is, struct err *e)
{
    return make_parents(t, path, e) < 0 ? -1 : make_dir(t, path, is, e);
}

int finish_file(const struct deb_tree *t, const char *path, struct owner is, struct str content,
                struct err *e)
{
    drop_fd int fd = -1;
    if (finish_has(t, path))
        return 0;
    if (make_parents(t, path, e) < 0 ||
        path_open_plain(t->root, path, O_WRONLY | O_CREAT | O_EXCL, 0600, &fd, e) < 0 ||
        file_write_all(fd, content.p, content.n, e) < 0)
        return -1;
    if (fchmod(fd, (is.mode & 0777) | 0400) < 0)
        return err_sys(e, "%s", path);
    owners_set(t->owners, str_of(path), is);
    return close(steal_fd(&fd)) < 0 ? err_sys(e, "%s: close", path) : 0;
}

int finish_link(const struct deb_tree *t, const char *path, struct str target, struct err *e)
{
    drop_(arena_free) struct arena *a = arena_new(512);
    drop_fd int parent = -1;
    const char *base;
    if (finish_has(t, path))
        return 0;
    if (make_parents(t, path, e) < 0 || path_parent(t->root, path, &parent, &base, e) < 0)
        return -1;
    if (symlinkat(str_c(a, target), parent, base) < 0)
        return err_sys(e, "%s", path);
    owners_set(t->owners, str_of(path), (struct owner){0, 0, 0777});
    return 0;
}
