// SPDX-License-Identifier: Apache-2.0
#include "archive/walk.h"
#include "archive/tar_block.h"
#include "base/limits.h"
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>

enum {
    LISTING = 1 << 15,
    LEVEL_FDS = WALK_FDS - 4
}; // the start, a file of the caller's, and what path.h needs

// A name of a directory. Its '/' is stored too, so that the order of whole paths is memcmp.
struct node {
    dev_t dev;
    ino_t ino;
    bool placed; // its subtree has a place of its own in the order
    bool enter;  // was a directory when it was reported, and was not pruned
    size_t n;
    char text[]; // name and '/', not terminated
};
struct item {
    struct node *node;
    bool subtree; // what is beneath it; else the entry itself
};

struct level {
    int fd; // -1: closed to keep the number of descriptors low
    dev_t dev;
    ino_t ino;
    size_t path_n; // of the directory within walk.path
    struct arena *arena;
    struct item *items;
    size_t n, at;
};

struct walk {
    int dirfd;   // the caller's
    char *start; // beneath it
    int root;    // O_PATH of the start
    enum tree_order order;
    struct level *levels;
    size_t depth, cap;
    size_t first_open; // levels before it have no descriptor
    uint64_t total;    // names read
    struct node *last; // of the entry just reported; NULL for the start
    bool started, descend;
    struct walk_entry entry;
    char path[LIMIT_PATH], link[LIMIT_PATH];
    char listing[LISTING] __attribute__((aligned(8)));
};

static const char *shown(const struct walk *w, char out[TAR_SHOWN])
{
    return tar_shown(str_of(w->path[0] ? w->path : w->start), out);
}

static int changed(const struct walk *w, struct err *e)
{
    char name[TAR_SHOWN];
    (void)err_set(e, ERR_IO, "%s: has changed while it was read", shown(w, name));
    if (e)
        e->transient = true;
    return -1;
}

// For entries that were seen a moment ago: what is missing or of another type now has changed.
static int refused(const struct walk *w, int sys, struct err *e)
{
    char name[TAR_SHOWN];
    if (sys == ENOENT || sys == ENOTDIR || sys == ELOOP)
        return changed(w, e);
    errno = sys;
    return err_sys(e, "%s", shown(w, name));
}

static int open_seen(const struct walk *w, int dirfd, const char *path, int flags, struct err *e)
{
    int fd = -1;
    struct err inner = {0};
    if (path_open_plain(dirfd, path, flags, 0, &fd, &inner) < 0)
        return refused(w, inner.sys ? inner.sys : ELOOP, e);
    return fd;
}

static bool same_inode(const struct stat *st, dev_t dev, ino_t ino)
{
    return st->st_dev == dev && st->st_ino == ino;
}

// Opens a directory that is known by its inode.
static int open_dir(const struct walk *w, int dirfd, const char *path, dev_t dev, ino_t ino, struct err *e)
{
    drop_fd int fd = open_seen(w, dirfd, path, O_RDONLY | O_DIRECTORY, e);
    struct stat st;
    if (fd < 0)
        return -1;
    if (fstat(fd, &st) < 0)
        return refused(w, errno, e);
    return same_inode(&st, dev, ino) ? steal_fd(&fd) : changed(w, e);
}

static struct level *top(struct walk *w)
{
    return &w->levels[w->depth - 1];
}

// The descriptor of the deepest level, opened again where it was closed.
static int top_fd(struct walk *w, struct err *e)
{
    struct level *l = top(w);
    if (l->fd >= 0)
        return l->fd;
    char path[LIMIT_PATH];
    memcpy(path, w->path, l->path_n);
    path[l->path_n] = 0;
    l->fd = open_dir(w, w->root, l->path_n ? path : ".", l->dev, l->ino, e);
    if (l->fd >= 0)
        w->first_open = w->depth - 1;
    return l->fd;
}

static int by_bytes(const void *left, const void *right)
{
    const struct item *a = left, *b = right;
    size_t an = a->node->n + a->subtree, bn = b->node->n + b->subtree;
    int order = memcmp(a->node->text, b->node->text, an < bn ? an : bn);
    return order ? order : (an > bn) - (an < bn);
}

static void item_add(struct level *l, size_t *cap, struct node *node, bool subtree)
{
    if (l->n == *cap) {
        *cap = *cap ? *cap * 2 : 32;
        l->items = xreallocarray(l->items, *cap, sizeof *l->items);
    }
    l->items[l->n++] = (struct item){node, subtree};
}

static int name_add(struct walk *w, struct level *l, size_t *cap, const struct dirent64 *de, struct err *e)
{
    char name[TAR_SHOWN];
    if (++w->total > LIMIT_TAR_ENTRIES)
        return err_set(e, ERR_LIMIT, "%s: more than %d entries in the tree", shown(w, name),
                       LIMIT_TAR_ENTRIES);
    size_t n = strlen(de->d_name);
    struct node *node = arena_get(l->arena, sizeof *node + n + 1, _Alignof(struct node));
    node->n = n;
    memcpy(node->text, de->d_name, n);
    node->text[n] = '/';
    node->placed = w->order == TREE_FULL_PATH && (de->d_type == DT_DIR || de->d_type == DT_UNKNOWN);
    item_add(l, cap, node, false);
    if (node->placed)
        item_add(l, cap, node, true);
    return 0;
}

static int names_read(struct walk *w, struct level *l, struct err *e)
{
    size_t cap = 0;
    for (;;) {
        ssize_t got = getdents64(l->fd, w->listing, sizeof w->listing);
        if (got < 0)
            return refused(w, errno, e);
        if (got == 0)
            break;
        for (ssize_t at = 0; at < got;) {
            const struct dirent64 *de = (const void *)(w->listing + at);
            at += de->d_reclen;
            if (strcmp(de->d_name, ".") == 0 || strcmp(de->d_name, "..") == 0)
                continue;
            if (name_add(w, l, &cap, de, e) < 0)
                return -1;
        }
    }
    if (l->n)
        qsort(l->items, l->n, sizeof *l->items, by_bytes);
    return 0;
}

static void level_done(struct level *l)
{
    drop_fd_p(&l->fd);
    arena_free(l->arena);
    free(l->items);
}

// Enters the directory at w->path.
static int enter(struct walk *w, const char *name, dev_t dev, ino_t ino, struct err *e)
{
    char text[TAR_SHOWN];
    if (w->depth == LIMIT_PATH_DEPTH)
        return err_set(e, ERR_LIMIT, "%s: more than %d directories deep", shown(w, text), LIMIT_PATH_DEPTH);
    int parent = w->depth ? top_fd(w, e) : w->root;
    if (parent < 0)
        return -1;
    struct level l = {.dev = dev, .ino = ino, .path_n = strlen(w->path)};
    l.fd = open_dir(w, parent, name, dev, ino, e);
    if (l.fd < 0)
        return -1;
    l.arena = arena_new(1024);
    if (names_read(w, &l, e) < 0) {
        level_done(&l);
        return -1;
    }
    if (w->depth - w->first_open >= LEVEL_FDS)
        drop_fd_p(&w->levels[w->first_open++].fd);
    if (w->depth == w->cap) {
        w->cap = w->cap ? w->cap * 2 : 16;
        w->levels = xreallocarray(w->levels, w->cap, sizeof *w->levels);
    }
    w->levels[w->depth++] = l;
    return 0;
}

static void leave(struct walk *w)
{
    level_done(top(w));
    w->depth--;
    if (w->first_open > w->depth)
        w->first_open = w->depth;
}

// w->path becomes the directory's path and the name; returns the name within it, or NULL when it does not fit.
static const char *set_path(struct walk *w, const struct node *node, struct err *e)
{
    size_t at = top(w)->path_n;
    if (at + 1 + node->n >= sizeof w->path) {
        char name[TAR_SHOWN];
        w->path[at] = 0;
        (void)err_set(e, ERR_LIMIT, "%s: a path beneath is longer than %d bytes", shown(w, name),
                      LIMIT_PATH - 1);
        return NULL;
    }
    if (at)
        w->path[at++] = '/';
    memcpy(w->path + at, node->text, node->n);
    w->path[at + node->n] = 0;
    return w->path + at;
}

static int set_entry(struct walk *w, int dirfd, const char *name, const struct stat *st, struct err *e)
{
    w->link[0] = 0;
    if (S_ISLNK(st->st_mode)) {
        struct err inner = {0};
        if (path_readlink(dirfd, name, w->link, &inner) < 0)
            return refused(w, inner.sys ? inner.sys : ENAMETOOLONG, e);
    }
    w->entry = (struct walk_entry){
        .path = str_of(w->path), .st = *st, .link = str_of(w->link), .socket = S_ISSOCK(st->st_mode)};
    w->entry.name = w->path + (w->depth && top(w)->path_n ? top(w)->path_n + 1 : 0);
    w->descend = S_ISDIR(st->st_mode);
    return 0;
}

static int report_start(struct walk *w, struct err *e)
{
    struct stat st;
    w->started = true;
    if (fstat(w->root, &st) < 0)
        return refused(w, errno, e);
    return set_entry(w, w->root, "", &st, e);
}

static int report(struct walk *w, const char *name, struct node *node, struct err *e)
{
    struct stat st;
    int fd = top_fd(w, e);
    if (fd < 0)
        return -1;
    if (fstatat(fd, name, &st, AT_SYMLINK_NOFOLLOW) < 0)
        return refused(w, errno, e);
    node->dev = st.st_dev;
    node->ino = st.st_ino;
    w->last = node;
    return set_entry(w, fd, name, &st, e);
}

// What follows from the entry that was reported last.
static int go_on(struct walk *w, struct err *e)
{
    bool descend = w->descend;
    w->descend = false;
    if (!w->last)
        return descend ? enter(w, ".", w->entry.st.st_dev, w->entry.st.st_ino, e) : 0;
    w->last->enter = descend;
    if (descend && w->order == TREE_WALK)
        return enter(w, w->entry.name, w->last->dev, w->last->ino, e);
    return descend && !w->last->placed ? changed(w, e) : 0; // it was no directory when it was listed
}

enum walk_step walk_next(struct walk *w, const struct walk_entry **out, struct err *e)
{
    if (!w->started) {
        if (report_start(w, e) < 0)
            return WALK_ERROR;
        *out = &w->entry;
        return WALK_ENTRY;
    }
    if (go_on(w, e) < 0)
        return WALK_ERROR;
    while (w->depth) {
        struct level *l = top(w);
        if (l->at == l->n) {
            leave(w);
            continue;
        }
        struct item item = l->items[l->at++];
        const char *name = set_path(w, item.node, e);
        if (!name)
            return WALK_ERROR;
        if (item.subtree) {
            if (item.node->enter && enter(w, name, item.node->dev, item.node->ino, e) < 0)
                return WALK_ERROR;
            continue;
        }
        if (report(w, name, item.node, e) < 0)
            return WALK_ERROR;
        *out = &w->entry;
        return WALK_ENTRY;
    }
    w->last = NULL;
    return WALK_END;
}

void walk_prune(struct walk *w)
{
    w->descend = false;
}

int walk_open_file(struct walk *w, int *fd, struct err *e)
{
    int dirfd = w->last ? top_fd(w, e) : w->dirfd;
    if (dirfd < 0 && w->last)
        return -1;
    // O_NONBLOCK: a FIFO that took the file's place must not make us wait.
    drop_fd int got =
        open_seen(w, dirfd, w->last ? w->entry.name : w->start, O_RDONLY | O_NONBLOCK | O_NOCTTY, e);
    struct stat st;
    if (got < 0)
        return -1;
    if (fstat(got, &st) < 0)
        return refused(w, errno, e);
    if (!S_ISREG(st.st_mode) || !same_inode(&st, w->entry.st.st_dev, w->entry.st.st_ino))
        return changed(w, e);
    w->entry.st = st;
    *fd = steal_fd(&got);
    return 0;
}

int walk_open(int dirfd, const char *path, enum tree_order order, struct walk **out, struct err *e)
{
    int root;
    if (path_open_plain(dirfd, path, O_PATH | O_NOFOLLOW, 0, &root, e) < 0)
        return -1;
    struct walk *w = XNEW(struct walk);
    w->dirfd = dirfd;
    w->start = xstrdup(path);
    w->root = root;
    w->order = order;
    *out = w;
    return 0;
}

void walk_free(struct walk *w)
{
    if (!w)
        return;
    while (w->depth)
        leave(w);
    drop_fd_p(&w->root);
    free(w->levels);
    free(w->start);
    free(w);
}
