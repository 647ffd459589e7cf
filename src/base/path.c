// SPDX-License-Identifier: Apache-2.0
#include "base/path.h"
#include "base/limits.h"
#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <stdio.h>
#include <sys/syscall.h>

enum { TRIES = 64 }; // openat2 asks to be called again when somebody renames at the same time

static int beneath(int dirfd, const char *path, int flags, mode_t mode, uint64_t resolve)
{
    bool makes = (flags & O_CREAT) || (flags & O_TMPFILE) == O_TMPFILE;
    struct open_how how = {.flags = (uint64_t)(unsigned)flags | O_CLOEXEC,
                           .mode = makes ? mode : 0,
                           .resolve = resolve | RESOLVE_BENEATH | RESOLVE_NO_MAGICLINKS};
    long fd = -1;
    for (int i = 0; i < TRIES; i++) {
        fd = syscall(SYS_openat2, dirfd, path, &how, sizeof how);
        if (fd >= 0 || (errno != EINTR && errno != EAGAIN))
            break;
    }
    return (int)fd;
}

// openat2 is missing, refused by a seccomp profile, or kept from an answer by somebody's renames.
static bool no_answer(void)
{
    return errno == ENOSYS || errno == EPERM || errno == EAGAIN;
}

static int open_failed(const char *path, struct err *e)
{
    switch (errno) {
    case EXDEV:
        return err_set(e, ERR_DENIED, "%s: leads out of its directory", path);
    case ELOOP:
        return err_set(e, ERR_DENIED, "%s: a symbolic link that is not followed, or too many of them", path);
    case ENAMETOOLONG:
        return err_set(e, ERR_LIMIT, "%.64s…: longer than %d bytes, or a component longer than %d", path,
                       LIMIT_PATH - 1, LIMIT_COMPONENT);
    default:
        return err_sys(e, "%s", path);
    }
}

// The same for what a walk finds by itself.
static int walk_failed(const char *path, int sys, struct err *e)
{
    errno = sys;
    return open_failed(path, e);
}

// The state of a walk: a stack of open directories, so that ".." never asks the kernel.
struct walk {
    const char *path;              // all of it, for messages
    bool plain;                    // follow no link at all
    int dir[LIMIT_TREE_DEPTH + 1]; // the start, and those beneath it
    size_t depth;
    char rest[LIMIT_PATH * 2];
    unsigned links;
};

// One component of w->rest, and what follows it.
struct component {
    char name[LIMIT_COMPONENT + 1];
    const char *after;
    bool slash; // it must be a directory: a '/' stands behind it
};

static void walk_done(struct walk *w)
{
    for (size_t i = 1; i < w->depth; i++)
        (void)close(w->dir[i]);
}

static int walk_link(struct walk *w, const struct component *c, struct err *e)
{
    char target[LIMIT_PATH], joined[sizeof w->rest];
    if (w->plain || ++w->links > LIMIT_SYMLINKS)
        return walk_failed(w->path, ELOOP, e);
    if (path_readlink(w->dir[w->depth - 1], c->name, target, e) < 0)
        return -1;
    if (target[0] == '/')
        return walk_failed(w->path, EXDEV, e);
    int n = snprintf(joined, sizeof joined, "%s%s%s", target, c->slash ? "/" : "", c->after);
    if (n < 0 || (size_t)n >= sizeof joined)
        return walk_failed(w->path, ENAMETOOLONG, e);
    memcpy(w->rest, joined, (size_t)n + 1);
    return 0;
}

static int walk_up(struct walk *w, struct err *e)
{
    if (w->depth == 1)
        return walk_failed(w->path, EXDEV, e);
    (void)close(w->dir[--w->depth]);
    return 0;
}

static int walk_down(struct walk *w, const char *name, struct err *e)
{
    if (w->depth > LIMIT_TREE_DEPTH)
        return err_set(e, ERR_LIMIT, "%s: more than %d directories deep", w->path, LIMIT_TREE_DEPTH);
    int fd = openat(w->dir[w->depth - 1], name, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (fd < 0)
        return open_failed(w->path, e);
    w->dir[w->depth++] = fd;
    return 0;
}

static bool is_link(int dirfd, const char *name)
{
    struct stat st;
    return fstatat(dirfd, name, &st, AT_SYMLINK_NOFOLLOW) == 0 && S_ISLNK(st.st_mode);
}

// The first component of w->rest; false when none is left or it is too long.
static bool walk_next(const struct walk *w, struct component *c)
{
    const char *p = w->rest + strspn(w->rest, "/");
    size_t n = strcspn(p, "/");
    if (!n || n > LIMIT_COMPONENT)
        return false;
    memcpy(c->name, p, n);
    c->name[n] = 0;
    c->slash = p[n] == '/';
    c->after = p + n + strspn(p + n, "/");
    return true;
}

static int open_here(const struct walk *w, const char *name, int flags, mode_t mode, int *fd, struct err *e)
{
    *fd = openat(w->dir[w->depth - 1], name, flags | O_CLOEXEC, mode);
    return *fd < 0 ? open_failed(w->path, e) : 0;
}

static int walk_all(struct walk *w, int flags, mode_t mode, int *fd, struct err *e)
{
    struct component c;
    while (walk_next(w, &c)) {
        bool last = !*c.after && !c.slash;
        if (strcmp(c.name, ".") == 0 || strcmp(c.name, "..") == 0) {
            if (c.name[1] && walk_up(w, e) < 0)
                return -1;
        } else if (last && (flags & (O_NOFOLLOW | O_EXCL))) {
            return open_here(w, c.name, flags | O_NOFOLLOW, mode, fd, e);
        } else if (is_link(w->dir[w->depth - 1], c.name)) {
            if (walk_link(w, &c, e) < 0)
                return -1;
            continue;
        } else if (last) {
            return open_here(w, c.name, flags | O_NOFOLLOW, mode, fd, e);
        } else if (walk_down(w, c.name, e) < 0) {
            return -1;
        }
        memmove(w->rest, c.after, strlen(c.after) + 1);
    }
    if (w->rest[strspn(w->rest, "/")])
        return walk_failed(w->path, ENAMETOOLONG, e);
    return open_here(w, ".", flags, mode, fd, e);
}

static int walk(const char *path, struct walk *w, int flags, mode_t mode, int *fd, struct err *e)
{
    size_t n = strlen(path);
    if (n == 0 || n >= LIMIT_PATH || path[0] == '/')
        return walk_failed(path, n == 0 ? ENOENT : path[0] == '/' ? EXDEV : ENAMETOOLONG, e);
    memcpy(w->rest, path, n + 1);
    int got = -1, rc = walk_all(w, flags, mode, &got, e);
    walk_done(w);
    if (rc == 0)
        *fd = got;
    return rc;
}

int path_open_walk(int dirfd, const char *path, int flags, mode_t mode, int *fd, struct err *e)
{
    struct walk w = {.path = path, .dir = {dirfd}, .depth = 1};
    return walk(path, &w, flags, mode, fd, e);
}

int path_open(int dirfd, const char *path, int flags, mode_t mode, int *fd, struct err *e)
{
    int got = beneath(dirfd, path, flags, mode, 0);
    if (got < 0 && no_answer())
        return path_open_walk(dirfd, path, flags, mode, fd, e);
    if (got < 0)
        return open_failed(path, e);
    *fd = got;
    return 0;
}

int path_open_plain(int dirfd, const char *path, int flags, mode_t mode, int *fd, struct err *e)
{
    int got = beneath(dirfd, path, flags | O_NOFOLLOW, mode, RESOLVE_NO_SYMLINKS);
    if (got < 0 && no_answer())
        return path_open_plain_walk(dirfd, path, flags, mode, fd, e);
    if (got < 0)
        return open_failed(path, e);
    *fd = got;
    return 0;
}

int path_open_plain_walk(int dirfd, const char *path, int flags, mode_t mode, int *fd, struct err *e)
{
    struct walk w = {.path = path, .plain = true, .dir = {dirfd}, .depth = 1};
    return walk(path, &w, flags | O_NOFOLLOW, mode, fd, e);
}

int path_open_host(const char *path, int flags, mode_t mode, int *fd, struct err *e)
{
    int got = openat(AT_FDCWD, path, flags | O_CLOEXEC, mode);
    if (got < 0)
        return err_sys(e, "%s", path);
    *fd = got;
    return 0;
}

// One directory of path_mkdirs in *here, which becomes it.
static int mkdir_here(int *here, const char *name, mode_t mode, struct err *e)
{
    bool made = mkdirat(*here, name, mode) == 0;
    if (!made && errno != EEXIST)
        return err_sys(e, "%s", name);
    int next;
    if (path_open_plain(*here, name, (made ? O_RDONLY : O_PATH) | O_DIRECTORY, 0, &next, e) < 0)
        return -1;
    drop_fd_p(here);
    *here = next;
    return made && fchmod(next, mode) < 0 ? err_sys(e, "%s", name) : 0;
}

int path_mkdirs(int dirfd, const char *path, mode_t mode, struct err *e)
{
    char part[LIMIT_PATH];
    size_t n = strlen(path);
    if (n >= sizeof part || path[0] == '/')
        return walk_failed(path, path[0] == '/' ? EXDEV : ENAMETOOLONG, e);
    drop_fd int here = -1;
    if (path_open_plain(dirfd, ".", O_PATH | O_DIRECTORY, 0, &here, e) < 0)
        return -1;
    for (const char *p = path; *p;) {
        size_t len = strcspn(p, "/");
        memcpy(part, p, len);
        part[len] = 0;
        bool names = len && strcmp(part, ".") != 0;
        if (names && mkdir_here(&here, part, mode, e) < 0)
            return e ? err_wrap(e, "%s", path) : -1;
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
    const char *last = slash ? slash + 1 : path;
    if (strcmp(last, "..") == 0)
        return walk_failed(path, EXDEV, e);
    if (path_open_plain(dirfd, dir, O_PATH | O_DIRECTORY, 0, parent, e) < 0)
        return -1;
    *base = last;
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
    while (at && p.p[at - 1] == '/')
        at--;
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
