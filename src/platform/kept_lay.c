// SPDX-License-Identifier: Apache-2.0
// Trees laid over each other by copying, where no overlay does it.
#include "archive/walk.h"
#include "base/dir.h"
#include "base/file.h"
#include "base/limits.h"
#include "platform/kept_priv.h"
#include <errno.h>
#include <fcntl.h>
#include <sys/xattr.h>

enum { PARENT_MODE = 0700, XATTRS = 65536 };

// Modes and times of directories come last: what is made in them changes both.
struct laid_dir {
    const char *path;
    mode_t mode;
    struct timespec mtime;
};

struct laying {
    const struct kept_copy *c;
    struct arena *a;
    int to; // the copy's own parent
    const char *base;
    struct laid_dir *dir;
    size_t n, cap;
};

bool kept_is_opaque(int dirfd, const char *path)
{
    char value[2];
    drop_fd int fd = -1;
    return path_open_plain(dirfd, path, O_RDONLY | O_DIRECTORY, 0, &fd, NULL) == 0 &&
           fgetxattr(fd, KEPT_OPAQUE, value, sizeof value) == 1 && value[0] == 'y';
}

// Attributes that an overlay would obey, of a file. Directories have only those that mean what the record says.
static int strip(int fd, const char *path, struct err *e)
{
    static const char prefix[] = "user.overlay.";
    char names[XATTRS];
    ssize_t n = flistxattr(fd, names, sizeof names);
    if (n < 0 && (errno == EOPNOTSUPP || errno == ENOSYS))
        return 0;
    if (n < 0)
        return err_sys(e, "%s: attributes", path);
    for (const char *name = names; name < names + n; name += strlen(name) + 1)
        if (strncmp(name, prefix, sizeof prefix - 1) == 0 && fremovexattr(fd, name) < 0)
            return err_sys(e, "%s: attribute %s", path, name);
    return 0;
}

int kept_plain(int dirfd, struct err *e)
{
    drop_(walk_free) struct walk *w = NULL;
    const struct walk_entry *it;
    enum walk_step step;
    if (walk_open(dirfd, ".", TREE_WALK, &w, e) < 0)
        return -1;
    while ((step = walk_next(w, &it, e)) == WALK_ENTRY) {
        drop_fd int fd = -1;
        if (S_ISREG(it->st.st_mode) && (walk_open_file(w, &fd, e) < 0 || strip(fd, it->path.p, e) < 0))
            return -1;
    }
    return step == WALK_END ? 0 : -1;
}

static int give(const struct laying *l, int fd, const char *path, struct err *e)
{
    if (l->c->uid >= 0 && fchownat(fd, path, (uid_t)l->c->uid, (gid_t)l->c->gid, AT_SYMLINK_NOFOLLOW) < 0)
        return err_sys(e, "%s", path);
    return 0;
}

static int lay_file(struct laying *l, struct walk *w, const struct walk_entry *it, int parent,
                    const char *name, struct err *e)
{
    drop_fd int from = -1;
    drop_fd int to = -1;
    if (walk_open_file(w, &from, e) < 0 ||
        path_open_plain(parent, name, O_WRONLY | O_CREAT | O_EXCL, 0600, &to, e) < 0 ||
        give(l, parent, name, e) < 0)
        return -1;
    if (file_copy(from, to, e) < 0)
        return err_wrap(e, "%s", name);
    const struct timespec times[2] = {it->st.st_mtim, it->st.st_mtim};
    if (fchmod(to, it->st.st_mode & 07777) < 0 || futimens(to, times) < 0)
        return err_sys(e, "%s", name);
    return 0;
}

static int lay_dir(struct laying *l, const struct walk_entry *it, const char *path, int parent,
                   const char *name, struct err *e)
{
    const char *source =
        it->path.n ? arena_printf(l->a, "%s/" PRI_STR, l->c->path, STR_ARG(it->path)) : l->c->path;
    bool there = dir_kind(parent, name) == DIR_DIR;
    if ((!there || kept_is_opaque(l->c->from, source)) && tree_remove(parent, name, e) < 0)
        return -1;
    if (mkdirat(parent, name, PARENT_MODE) < 0 && errno != EEXIST)
        return err_sys(e, "%s", path);
    if (give(l, parent, name, e) < 0)
        return -1;
    l->dir = arena_grow(l->a, l->dir, l->n, &l->cap, sizeof *l->dir);
    l->dir[l->n++] = (struct laid_dir){path, it->st.st_mode & 07777, it->st.st_mtim};
    return 0;
}

static int lay_other(struct laying *l, const struct walk_entry *it, int parent, const char *name,
                     struct err *e)
{
    const struct timespec times[2] = {it->st.st_mtim, it->st.st_mtim};
    if (S_ISLNK(it->st.st_mode)) {
        if (symlinkat(str_c(l->a, it->link), parent, name) < 0)
            return err_sys(e, "%s", name);
    } else if (S_ISFIFO(it->st.st_mode)) {
        if (mkfifoat(parent, name, 0600) < 0 || fchmodat(parent, name, it->st.st_mode & 07777, 0) < 0)
            return err_sys(e, "%s", name); // fchmodat: whatever our umask is
    } else {
        return 0; // a whiteout, and it is gone; a device or a socket
    }
    if (give(l, parent, name, e) < 0)
        return -1;
    return utimensat(parent, name, times, AT_SYMLINK_NOFOLLOW) < 0 ? err_sys(e, "%s", name) : 0;
}

static int lay_one(struct laying *l, struct walk *w, const struct walk_entry *it, struct err *e)
{
    const char *path = it->path.n ? arena_printf(l->a, "%s/" PRI_STR, l->base, STR_ARG(it->path)) : l->base,
               *name;
    drop_fd int parent = -1;
    if (path_parent(l->to, path, &parent, &name, e) < 0)
        return -1;
    if (S_ISDIR(it->st.st_mode))
        return lay_dir(l, it, path, parent, name, e);
    if (tree_remove(parent, name, e) < 0)
        return -1;
    return S_ISREG(it->st.st_mode) ? lay_file(l, w, it, parent, name, e) : lay_other(l, it, parent, name, e);
}

static int finish_dirs(const struct laying *l, struct err *e)
{
    for (size_t i = l->n; i-- > 0;) { // children before their parents, which may forbid the way to them
        drop_fd int fd = -1;
        const struct laid_dir *d = &l->dir[i];
        const struct timespec times[2] = {d->mtime, d->mtime};
        if (path_open_plain(l->to, d->path, O_RDONLY | O_DIRECTORY, 0, &fd, e) < 0)
            return -1;
        if (fchmod(fd, d->mode) < 0 || futimens(fd, times) < 0)
            return err_sys(e, "%s", d->path);
    }
    return 0;
}

int kept_lay(const struct kept_copy *c, struct err *e)
{
    drop_(arena_free) struct arena *a = arena_new(65536);
    drop_(walk_free) struct walk *w = NULL;
    drop_fd int to = -1;
    struct laying l = {.c = c, .a = a};
    const struct walk_entry *it;
    enum walk_step step;
    if (path_parent(c->to, c->to_path, &to, &l.base, e) < 0 ||
        walk_open(c->from, c->path, TREE_WALK, &w, e) < 0)
        return -1;
    l.to = to;
    while ((step = walk_next(w, &it, e)) == WALK_ENTRY)
        if (lay_one(&l, w, it, e) < 0)
            return err_wrap(e, "%s", c->path);
    return step == WALK_ERROR ? -1 : finish_dirs(&l, e);
}
