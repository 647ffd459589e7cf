// SPDX-License-Identifier: Apache-2.0
#include "base/path.h"
#include "base/limits.h"
#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <stdio.h>
#include <sys/syscall.h>

static int beneath(int dirfd, const char *path, int flags, mode_t mode, uint64_t resolve)
{
    bool makes = (flags & O_CREAT) || (flags & O_TMPFILE) == O_TMPFILE;
    struct open_how how = {.flags = (uint64_t)(unsigned)flags | O_CLOEXEC,
                           .mode = makes ? mode : 0,
                           .resolve = resolve | RESOLVE_BENEATH | RESOLVE_NO_MAGICLINKS};
    long fd;
    do {
        fd = syscall(SYS_openat2, dirfd, path, &how, sizeof how);
    } while (fd < 0 && (errno == EINTR || errno == EAGAIN));
    return (int)fd;
}

static int open_failed(const char *path, struct err *e)
{
    if (errno == EXDEV)
        return err_set(e, ERR_DENIED, "%s: leads out of its directory", path);
    return err_sys(e, "%s", path);
}

int path_open(int dirfd, const char *path, int flags, mode_t mode, int *fd, struct err *e)
{
    int got = beneath(dirfd, path, flags, mode, 0);
    if (got < 0 && errno == ENOSYS)
        return path_open_walk(dirfd, path, flags, mode, fd, e);
    if (got < 0)
        return open_failed(path, e);
    *fd = got;
    return 0;
}

// The state of a walk: a stack of open directories, so that ".." never asks the kernel.
struct walk {
    int dir[LIMIT_SYMLINKS * 4];
    size_t depth;
    char rest[LIMIT_PATH * 2];
    unsigned links;
};

static void walk_done(struct walk *w)
{
    for (size_t i = 1; i < w->depth; i++)
        (void)close(w->dir[i]);
}

static int walk_link(struct walk *w, const char *name, const char *after, struct err *e)
{
    char target[LIMIT_PATH], joined[sizeof w->rest];
    if (path_readlink(w->dir[w->depth - 1], name, target, e) < 0)
        return -1;
    if (++w->links > LIMIT_SYMLINKS)
        return err_set(e, ERR_DENIED, "%s: too many symbolic links", name);
    if (target[0] == '/')
        return err_set(e, ERR_DENIED, "%s: leads out of its directory", name);
    int n = snprintf(joined, sizeof joined, "%s/%s", target, after);
    if (n < 0 || (size_t)n >= sizeof joined)
        return err_set(e, ERR_LIMIT, "%s: path too long", name);
    memcpy(w->rest, joined, (size_t)n + 1);
    return 0;
}

static int walk_up(struct walk *w, struct err *e)
{
    if (w->depth == 1)
        return err_set(e, ERR_DENIED, "..: leads out of its directory");
    (void)close(w->dir[--w->depth]);
    return 0;
}

static int walk_down(struct walk *w, const char *name, struct err *e)
{
    if (w->depth == COUNT(w->dir))
        return err_set(e, ERR_LIMIT, "%s: more than %zu directories deep", name, COUNT(w->dir));
    int fd = openat(w->dir[w->depth - 1], name, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (fd < 0)
        return err_sys(e, "%s", name);
    w->dir[w->depth++] = fd;
    return 0;
}

static bool is_link(int dirfd, const char *name)
{
    struct stat st;
    return fstatat(dirfd, name, &st, AT_SYMLINK_NOFOLLOW) == 0 && S_ISLNK(st.st_mode);
}

// Takes the first component off w->rest into name; false when none is left.
static bool walk_next(struct walk *w, char *name, const char **after)
{
    char *p = w->rest + strspn(w->rest, "/");
    size_t n = strcspn(p, "/");
    if (!n || n > LIMIT_COMPONENT)
        return false;
    memcpy(name, p, n);
    name[n] = 0;
    *after = p + n + strspn(p + n, "/");
    return true;
}

static int walk_all(struct walk *w, int flags, mode_t mode, int *fd, struct err *e)
{
    char name[LIMIT_COMPONENT + 1];
    const char *after;
    while (walk_next(w, name, &after)) {
        int dir = w->dir[w->depth - 1];
        bool last = !*after;
        if (strcmp(name, ".") == 0 || strcmp(name, "..") == 0) {
            if (name[1] && walk_up(w, e) < 0)
                return -1;
        } else if (is_link(dir, name) && !(last && (flags & (O_NOFOLLOW | O_EXCL)))) {
            if (walk_link(w, name, after, e) < 0)
                return -1;
            continue;
        } else if (last) {
            *fd = openat(dir, name, flags | O_NOFOLLOW | O_CLOEXEC, mode);
            return *fd < 0 ? err_sys(e, "%s", name) : 0;
        } else if (walk_down(w, name, e) < 0) {
            return -1;
        }
        memmove(w->rest, after, strlen(after) + 1);
    }
    if (w->rest[strspn(w->rest, "/")])
        return err_set(e, ERR_LIMIT, "%.64s…: component longer than %d bytes", w->rest, LIMIT_COMPONENT);
    *fd = openat(w->dir[w->depth - 1], ".", flags | O_CLOEXEC, mode);
    return *fd < 0 ? err_sys(e, "directory") : 0;
}

int path_open_walk(int dirfd, const char *path, int flags, mode_t mode, int *fd, struct err *e)
{
    struct walk w = {.dir = {dirfd}, .depth = 1};
    size_t n = strlen(path);
    if (n >= LIMIT_PATH)
        return err_set(e, ERR_LIMIT, "%.64s…: path longer than %d bytes", path, LIMIT_PATH - 1);
    if (n == 0)
        return err_set(e, ERR_NOT_FOUND, "empty path");
    if (path[0] == '/')
        return err_set(e, ERR_DENIED, "%s: leads out of its directory", path);
    memcpy(w.rest, path, n + 1);
    int got = -1, rc = walk_all(&w, flags, mode, &got, e);
    walk_done(&w);
    if (rc == 0)
        *fd = got;
    return rc;
}

static int open_plain_walk(int dirfd, const char *path, int flags, mode_t mode, struct err *e)
{
    drop_fd int here = -1;
    char name[LIMIT_COMPONENT + 1];
    const char *p = path;
    for (;;) {
        size_t n = strcspn(p, "/");
        if (n > LIMIT_COMPONENT || (n == 2 && memcmp(p, "..", 2) == 0) || *path == '/')
            return err_set(e, ERR_DENIED, "%s: leads out of its directory", path);
        memcpy(name, p, n);
        name[n] = 0;
        p += n + strspn(p + n, "/");
        bool last = !*p;
        int at = here >= 0 ? here : dirfd;
        int next = openat(at, n ? name : ".", (last ? flags : O_PATH | O_DIRECTORY) | O_NOFOLLOW | O_CLOEXEC, mode);
        if (next < 0)
            return err_sys(e, "%s", path);
        if (last)
            return next;
        drop_fd_p(&here);
        here = next;
    }
}

int path_open_plain(int dirfd, const char *path, int flags, mode_t mode, int *fd, struct err *e)
{
    int got = beneath(dirfd, path, flags | O_NOFOLLOW, mode, RESOLVE_NO_SYMLINKS);
    if (got < 0 && errno == ENOSYS)
        got = open_plain_walk(dirfd, path, flags, mode, e);
    else if (got < 0)
        return errno == ELOOP ? err_set(e, ERR_DENIED, "%s: goes through a symbolic link", path)
                              : open_failed(path, e);
    if (got < 0)
        return -1;
    *fd = got;
    return 0;
}

int path_open_host(const char *path, int flags, mode_t mode, int *fd, struct err *e)
{
    int got = openat(AT_FDCWD, path, flags | O_CLOEXEC, mode);
    if (got < 0)
        return err_sys(e, "%s", path);
    *fd = got;
    return 0;
}

int path_mkdirs(int dirfd, const char *path, mode_t mode, struct err *e)
{
    char part[LIMIT_PATH];
    size_t n = strlen(path);
    if (n >= sizeof part)
        return err_set(e, ERR_LIMIT, "%.64s…: path longer than %d bytes", path, LIMIT_PATH - 1);
    drop_fd int here = -1;
    if (path_open_plain(dirfd, ".", O_PATH | O_DIRECTORY, 0, &here, e) < 0)
        return -1;
    for (const char *p = path; *p;) {
        size_t len = strcspn(p, "/");
        if (len && !(len == 1 && *p == '.')) {
            memcpy(part, p, len);
            part[len] = 0;
            if (mkdirat(here, part, mode) < 0 && errno != EEXIST)
                return err_sys(e, "%s", path);
            int next;
            if (path_open_plain(here, part, O_PATH | O_DIRECTORY, 0, &next, e) < 0)
                return e ? err_wrap(e, "%s", path) : -1;
            drop_fd_p(&here);
            here = next;
        }
        p += len + strspn(p + len, "/");
    }
    return 0;
}

int path_parent(int dirfd, const char *path, int *parent, const char **base, struct err *e)
{
    const char *slash = strrchr(path, '/');
    char dir[LIMIT_PATH] = ".";
    if (slash) {
        size_t n = (size_t)(slash - path);
        if (n == 0 || n >= sizeof dir)
            return err_set(e, ERR_DENIED, "%.64s: not beneath its directory", path);
        memcpy(dir, path, n);
        dir[n] = 0;
    }
    if (path_open_plain(dirfd, dir, O_PATH | O_DIRECTORY, 0, parent, e) < 0)
        return -1;
    *base = slash ? slash + 1 : path;
    return 0;
}

int path_readlink(int dirfd, const char *name, char *out, struct err *e)
{
    ssize_t n = readlinkat(dirfd, name, out, LIMIT_PATH);
    if (n < 0)
        return err_sys(e, "%s", name);
    if (n >= LIMIT_PATH)
        return err_set(e, ERR_LIMIT, "%s: link target longer than %d bytes", name, LIMIT_PATH - 1);
    out[n] = 0;
    return 0;
}

struct str path_clean(struct arena *a, struct str p)
{
    bool absolute = p.n && p.p[0] == '/';
    char *out = arena_get(a, p.n + 2, 1);
    size_t n = 0, floor = 0; // what stands before floor cannot be taken back by ".."
    if (absolute)
        out[n++] = '/', floor = 1;
    struct str rest = p, part;
    while (str_cut(&rest, '/', &part)) {
        if (!part.n || str_is(part, "."))
            continue;
        if (str_is(part, "..") && n > floor) {
            while (n > floor && out[n - 1] != '/')
                n--;
            if (n > floor)
                n--;
            continue;
        }
        if (str_is(part, "..") && absolute)
            continue;
        if (n && out[n - 1] != '/')
            out[n++] = '/';
        memcpy(out + n, part.p, part.n);
        n += part.n;
        if (str_is(part, ".."))
            floor = n;
    }
    if (!n)
        out[n++] = '.';
    return (struct str){out, n};
}

struct str path_join(struct arena *a, struct str dir, struct str rest)
{
    return path_clean(a, str_printf(a, PRI_STR "/" PRI_STR, STR_ARG(dir), STR_ARG(rest)));
}

struct str path_base(struct str p)
{
    while (p.n > 1 && p.p[p.n - 1] == '/')
        p.n--;
    size_t at;
    return p.n > 1 && str_find_last(p, '/', &at) ? str_from(p, at + 1) : p;
}

struct str path_dir(struct str p)
{
    while (p.n > 1 && p.p[p.n - 1] == '/')
        p.n--;
    size_t at;
    if (!str_find_last(p, '/', &at))
        return STR(".");
    return at ? str_head(p, at) : STR("/");
}

bool path_is_within(struct str p, struct str dir)
{
    if (str_is(dir, "/"))
        return p.n && p.p[0] == '/';
    return p.n >= dir.n && str_eq(str_head(p, dir.n), dir) && (p.n == dir.n || p.p[dir.n] == '/');
}

bool path_is_safe(struct str p)
{
    if (!p.n || p.n >= LIMIT_PATH || p.p[0] == '/' || str_has_nul(p))
        return false;
    struct str rest = p, part;
    while (str_cut(&rest, '/', &part))
        if (!part.n || part.n > LIMIT_COMPONENT || str_is(part, ".") || str_is(part, ".."))
            return false;
    return true;
}
