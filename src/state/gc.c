// SPDX-License-Identifier: Apache-2.0
#include "base/dir.h"
#include "base/map.h"
#include "state/state_priv.h"
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/file.h>

struct gc {
    struct state *st;
    const struct gc_opts *opts;
    struct gc_stats stats;
    struct arena *a;
    struct strmap blobs, trees; // "ALG/HEX"
    int tmp;
};

static void mark(struct gc *g, struct strmap *in, const struct digest *d)
{
    char hex[DIGEST_TEXT];
    struct str key = str_printf(g->a, "%s/%s", hash_name(d->alg), digest_hex(d, hex));
    map_put(g->a, in, key);
}

void gc_mark_blob(struct gc *g, const struct digest *d)
{
    mark(g, &g->blobs, d);
}

void gc_mark_tree(struct gc *g, const struct digest *diff_id)
{
    mark(g, &g->trees, diff_id);
}

static int sweep_tmp(struct gc *g, struct err *e)
{
    struct strv names;
    if (dir_names(g->a, g->st->dir, "tmp", STATE_DIR_ENTRIES, &names, e) < 0)
        return -1;
    for (size_t i = 0; i < names.n; i++) {
        if (!g->opts->dry_run && tree_remove(g->tmp, str_c(g->a, names.v[i]), e) < 0)
            return -1;
        g->stats.leftovers++;
    }
    return 0;
}

static int mark_names(struct gc *g, struct err *e)
{
    struct state_name *v;
    size_t n;
    if (state_names(g->st, g->a, &v, &n, e) < 0)
        return e ? err_wrap(e, "gc") : -1;
    for (size_t i = 0; i < n; i++) {
        gc_mark_blob(g, &v[i].digest);
        if (g->opts->refs && g->opts->refs(g->opts->ctx, g->st, &v[i], g, e) < 0)
            return err_wrap(e, "gc: " PRI_STR, STR_ARG(v[i].name));
    }
    return g->opts->refs ? g->opts->refs(g->opts->ctx, g->st, NULL, g, e) : 0;
}

// Files of one folder: `drop` says which go.
struct sweep {
    const char *folder;
    bool (*drop)(struct gc *g, const char *key, const struct stat *info);
    uint64_t *count, *bytes; // bytes may be NULL
};

static bool is_unmarked(struct gc *g, const char *key, const struct stat *info)
{
    (void)info;
    return !map_find(&g->blobs, str_of(key));
}

static bool is_unused(struct gc *g, const char *key, const struct stat *info)
{
    (void)key;
    return info->st_mtim.tv_sec < g->opts->unused_before_sec;
}

// `key_at`: where the mark's key begins in "blobs/sha256/HEX".
static int sweep_files(struct gc *g, const struct sweep *s, size_t key_at, struct err *e)
{
    drop_(arena_free) struct arena *a = arena_new(65536);
    struct strv names;
    drop_fd int dir = -1;
    if (path_open_plain(g->st->dir, s->folder, O_RDONLY | O_DIRECTORY, 0, &dir, e) < 0 ||
        dir_names(a, dir, ".", STATE_DIR_ENTRIES, &names, e) < 0)
        return -1;
    for (size_t i = 0; i < names.n; i++) {
        struct stat info;
        const char *path = arena_printf(a, "%s/" PRI_STR, s->folder, STR_ARG(names.v[i]));
        const char *name = path + strlen(s->folder) + 1;
        if (fstatat(dir, name, &info, AT_SYMLINK_NOFOLLOW) < 0 || !s->drop(g, path + key_at, &info))
            continue;
        if (!g->opts->dry_run && tree_remove(dir, name, e) < 0)
            return -1;
        ++*s->count;
        if (s->bytes)
            *s->bytes += (uint64_t)info.st_size;
    }
    return 0;
}

// In use: somebody holds the lock that state_tree_open gave.
enum use { USE_ERROR = -1, USE_NONE, USE_BUSY };

static enum use take_tree(struct gc *g, const char *entry, int *held, struct err *e)
{
    struct err why = {0};
    const char *root = arena_printf(g->a, "%s/root", entry);
    if (path_open_plain(g->st->dir, root, O_RDONLY | O_DIRECTORY, 0, held, &why) < 0) {
        if (why.code == ERR_NOT_FOUND || why.code == ERR_DENIED)
            return USE_NONE; // half a tree, or one that nobody could have opened
        if (e)
            *e = why;
        return USE_ERROR;
    }
    if (flock(*held, LOCK_EX | LOCK_NB) == 0)
        return USE_NONE;
    if (errno == EWOULDBLOCK)
        return USE_BUSY;
    err_sys(e, "%s: lock", root);
    return USE_ERROR;
}

// Away from its name in one step, then removed at leisure: a kill leaves the rest in tmp/.
static int drop_tree(struct gc *g, const char *entry, struct err *e)
{
    drop_fd int held = -1;
    enum use use = take_tree(g, entry, &held, e);
    if (use == USE_ERROR)
        return -1;
    if (use == USE_BUSY) {
        g->stats.busy_trees++;
        return 0;
    }
    g->stats.trees++;
    if (g->opts->dry_run)
        return 0;
    if (renameat(g->st->dir, entry, g->tmp, "tree") < 0)
        return err_sys(e, "%s", entry);
    return tree_remove(g->tmp, "tree", e);
}

static int sweep_trees(struct gc *g, const char *folder, struct err *e)
{
    struct strv names;
    if (dir_names(g->a, g->st->dir, folder, STATE_DIR_ENTRIES, &names, e) < 0)
        return -1;
    for (size_t i = 0; i < names.n; i++) {
        const char *entry = arena_printf(g->a, "%s/" PRI_STR, folder, STR_ARG(names.v[i]));
        enum trust trust = tree_trust(g->st, entry, e);
        if (trust == TRUST_ERROR)
            return -1;
        bool kept = trust == TRUST_GOOD && map_find(&g->trees, str_of(entry + strlen("trees/")));
        if (!kept && drop_tree(g, entry, e) < 0)
            return -1;
    }
    return 0;
}

static int sweep_all(struct gc *g, struct err *e)
{
    struct gc_stats *n = &g->stats;
    const struct sweep blobs[] = {{"blobs/sha256", is_unmarked, &n->blobs, &n->blob_bytes},
                                  {"blobs/sha512", is_unmarked, &n->blobs, &n->blob_bytes}};
    const struct sweep old[] = {{"deps/sha256", is_unused, &n->deps, &n->dep_bytes},
                                {"deps/sha512", is_unused, &n->deps, &n->dep_bytes},
                                {"known", is_unused, &n->known, NULL}};
    for (size_t i = 0; i < COUNT(blobs); i++)
        if (sweep_files(g, &blobs[i], strlen("blobs/"), e) < 0)
            return -1;
    for (size_t i = 0; i < COUNT(old) && g->opts->unused_before_sec; i++)
        if (sweep_files(g, &old[i], 0, e) < 0)
            return -1;
    return sweep_trees(g, "trees/sha256", e) < 0 ? -1 : sweep_trees(g, "trees/sha512", e);
}

int state_gc(struct state *st, const struct gc_opts *opts, struct gc_stats *out, struct err *e)
{
    static const struct gc_opts none = {0};
    drop_fd int lock = -1;
    drop_fd int tmp = -1;
    drop_(arena_free) struct arena *a = arena_new(65536);
    struct gc g = {.st = st, .opts = opts ? opts : &none, .a = a};
    if (state_lock(st, LOCK_EX, g.opts->wait_ms, &lock, e) < 0 ||
        path_open_plain(st->dir, "tmp", O_RDONLY | O_DIRECTORY, 0, &tmp, e) < 0)
        return -1;
    g.tmp = tmp;
    if (sweep_tmp(&g, e) < 0 || mark_names(&g, e) < 0 || sweep_all(&g, e) < 0)
        return -1;
    if (out)
        *out = g.stats;
    return 0;
}
