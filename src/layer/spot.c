// SPDX-License-Identifier: Apache-2.0
#include "base/file.h"
#include "layer/make_priv.h"
#include "layer/unpack_priv.h"
#include <errno.h>
#include <fcntl.h>
#include <sys/sysmacros.h>
#include <sys/xattr.h>

enum { MODE_IMPLICIT = 0755 }; // of a parent that has no entry of its own

struct dir_note {
    int64_t sec;
    uint32_t nsec, mode;
};

void dirs_note(struct unpack *u, struct str path, uint32_t mode, int64_t sec, uint32_t nsec)
{
    struct map_entry *at = map_find(&u->dirs, path);
    if (!at) {
        at = map_put(u->a, &u->dirs, str_dup(u->a, path));
        at->ptr = ARENA_NEW(u->a, struct dir_note);
        u->dirs_bytes += path.n;
    }
    *(struct dir_note *)at->ptr = (struct dir_note){.sec = sec, .nsec = nsec, .mode = mode};
}

int dirs_finish(struct unpack *u, struct err *e)
{
    for (size_t i = u->dirs.n; i-- > 0;) {
        const struct dir_note *n = u->dirs.v[i].ptr;
        drop_(arena_free) struct arena *a = arena_new(LIMIT_PATH);
        drop_fd int fd = -1;
        struct err why = {0};
        const char *path = u->dirs.v[i].key.n ? str_c(a, u->dirs.v[i].key) : ".";
        if (path_open_plain(u->root, path, O_RDONLY | O_DIRECTORY, 0, &fd, &why) < 0) {
            if (why.code == ERR_NOT_FOUND || why.code == ERR_DENIED)
                continue; // a later entry took its place
            if (e)
                *e = why;
            return -1;
        }
        const struct timespec both[2] = {{n->sec, n->nsec}, {n->sec, n->nsec}};
        if (fchmod(fd, n->mode) < 0 || futimens(fd, both) < 0)
            return err_sys(e, "%s", path);
    }
    return 0;
}

static bool is_whiteout(const struct stat *st)
{
    return S_ISCHR(st->st_mode) && st->st_rdev == makedev(0, 0);
}

int spot_clear(struct unpack *u, int parent, const char *base, struct err *e)
{
    (void)u;
    if (unlinkat(parent, base, 0) == 0 || errno == ENOENT)
        return 0;
    return tree_remove(parent, base, e);
}

int spot_opaque(struct unpack *u, int parent, const char *name, struct err *e)
{
    drop_fd int fd = -1;
    (void)u;
    if (path_open_plain(parent, name, O_RDONLY | O_DIRECTORY, 0, &fd, e) < 0)
        return -1;
    return fsetxattr(fd, OVERLAY_OPAQUE, "y", 1, 0) < 0 ? err_sys(e, "opaque whiteout") : 0;
}

static int make_dir(struct unpack *u, int parent, const char *base, bool opaque, struct err *e)
{
    if (mkdirat(parent, base, 0700) < 0)
        return err_sys(e, "directory %s", base);
    return opaque ? spot_opaque(u, parent, base, e) : 0;
}

int spot_dir(struct unpack *u, int parent, const char *base, struct err *e)
{
    struct stat st;
    if (fstatat(parent, base, &st, AT_SYMLINK_NOFOLLOW) < 0)
        return errno == ENOENT ? make_dir(u, parent, base, false, e) : err_sys(e, "%s", base);
    if (S_ISDIR(st.st_mode))
        return 0;
    return spot_clear(u, parent, base, e) < 0 ? -1 : make_dir(u, parent, base, is_whiteout(&st), e);
}

// One component on the way to an entry: only directories and whiteouts may stand there.
static int step_down(struct unpack *u, int here, const char *name, struct str path, struct err *e)
{
    struct stat st;
    bool absent = fstatat(here, name, &st, AT_SYMLINK_NOFOLLOW) < 0;
    if (absent && errno != ENOENT)
        return err_sys(e, "%s", name);
    if (!absent && S_ISDIR(st.st_mode))
        return 0;
    if (!absent && S_ISLNK(st.st_mode))
        return err_set(e, ERR_DENIED, "\"" PRI_STR "\" is a symbolic link of this layer", STR_ARG(path));
    if (!absent && !is_whiteout(&st))
        return err_set(e, ERR_PARSE, "\"" PRI_STR "\" is no directory in this layer", STR_ARG(path));
    if (spot_dir(u, here, name, e) < 0)
        return -1;
    dirs_note(u, path, MODE_IMPLICIT, 0, 0);
    return 0;
}

// `dir` is u->path without its last component.
static int make_parents(struct unpack *u, const char *dir, int *out, struct err *e)
{
    drop_fd int here = -1;
    char name[LIMIT_COMPONENT + 1];
    if (path_open_plain(u->root, ".", O_RDONLY | O_DIRECTORY, 0, &here, e) < 0)
        return -1;
    for (const char *p = dir; *p;) {
        size_t n = strcspn(p, "/");
        memcpy(name, p, n);
        name[n] = 0;
        p += n;
        if (step_down(u, here, name, (struct str){dir, (size_t)(p - dir)}, e) < 0)
            return -1;
        int next = -1;
        if (path_open_plain(here, name, O_RDONLY | O_DIRECTORY, 0, &next, e) < 0)
            return -1;
        drop_fd_p(&here);
        here = next;
        p += *p == '/';
    }
    *out = steal_fd(&here);
    return 0;
}

static int check_depth(const char *path, struct err *e)
{
    size_t depth = 1;
    for (const char *p = path; *p; p++)
        depth += *p == '/';
    if (depth > LIMIT_TREE_DEPTH)
        return err_set(e, ERR_LIMIT, "%zu directories deep, the limit is %d", depth, LIMIT_TREE_DEPTH);
    return 0;
}

int spot_parent(struct unpack *u, int *parent, const char **base, struct err *e)
{
    char dir[LIMIT_PATH];
    const char *slash = strrchr(u->path, '/');
    size_t n = slash ? (size_t)(slash - u->path) : 0;
    memcpy(dir, u->path, n);
    dir[n] = 0;
    if (check_depth(u->path, e) < 0)
        return -1;
    if (u->parent < 0 || strcmp(dir, u->parent_path) != 0) {
        int fd = -1;
        struct err missing = {0};
        if (path_open_plain(u->root, n ? dir : ".", O_RDONLY | O_DIRECTORY, 0, &fd, &missing) < 0 &&
            make_parents(u, dir, &fd, e) < 0)
            return -1;
        drop_fd_p(&u->parent);
        u->parent = fd;
        memcpy(u->parent_path, dir, n + 1);
    }
    *parent = u->parent;
    *base = slash ? slash + 1 : u->path;
    return 0;
}
