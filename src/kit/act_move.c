// SPDX-License-Identifier: Apache-2.0
// Paths of the app whose content lies in a layer, with a link in their place.
#include "archive/walk.h"
#include "base/file.h"
#include "base/limits.h"
#include "kit/act_priv.h"
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/random.h>

// A file into a place where nothing is, with its mode whatever the umask, as a rename keeps it.
static int copy_file(int in, int dir, const char *base, mode_t mode, const char *name, struct err *e)
{
    drop_fd int out = -1;
    if (path_open_plain(dir, base, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW, mode, &out, e) < 0)
        return -1;
    if (file_copy(in, out, e) < 0)
        return err_wrap(e, "%s", name);
    return fchmod(out, mode) < 0 ? err_sys(e, "%s", name) : 0;
}

// One entry of the tree into `to`, at the same path.
static int copy_entry(struct walk *w, const struct walk_entry *en, int to, struct err *e)
{
    drop_fd int in = -1, dir = -1;
    const char *base, *path = en->path.n ? en->path.p : ".";
    mode_t mode = en->st.st_mode & 07777;
    if (S_ISDIR(en->st.st_mode))
        return path_mkdirs(to, path, mode | 0700, e);
    if (path_parent(to, path, &dir, &base, e) < 0)
        return -1;
    if (S_ISLNK(en->st.st_mode))
        return symlinkat(en->link.p, dir, base) < 0 ? err_sys(e, "%s", path) : 0;
    if (!S_ISREG(en->st.st_mode))
        return err_set(e, ERR_DENIED, "%s: neither file, folder nor link", path);
    return walk_open_file(w, &in, e) < 0 ? -1 : copy_file(in, dir, base, mode, path, e);
}

// A rename does not lead from one file system to another, and workspace and layers may be two.
static int copy_tree(int from, const char *name, int to, struct err *e)
{
    drop_(walk_free) struct walk *w = NULL;
    const struct walk_entry *en;
    if (walk_open(from, name, TREE_WALK, &w, e) < 0)
        return -1;
    for (;;) {
        enum walk_step step = walk_next(w, &en, e);
        if (step == WALK_END)
            return 0;
        if (step == WALK_ERROR || copy_entry(w, en, to, e) < 0)
            return -1;
    }
}

struct move {
    const char *app, *layer; // paths
    struct str target;       // of the link
    bool *carried;           // what lay in the app is in the layer
};

static struct move move_at(struct acting *t, const struct bp_layer *l, size_t i)
{
    struct str layer = path_join(t->a, t->act->in->layers, l->name);
    return (struct move){str_c(t->a, l->move.v[i].key), str_c(t->a, l->move.v[i].val),
                         path_join(t->a, layer, l->move.v[i].val), &t->carried[i]};
}

static int copy_folder(int from, const char *name, int to, const char *as, mode_t mode, struct err *e)
{
    drop_fd int inside = -1;
    if (path_mkdirs(to, as, mode | 0700, e) < 0 ||
        path_open_plain(to, as, O_RDONLY | O_DIRECTORY, 0, &inside, e) < 0)
        return -1;
    return copy_tree(from, name, inside, e);
}

static int copy_one(int from, const char *name, int to, const char *as, mode_t mode, struct err *e)
{
    drop_fd int in = -1;
    if (path_open_plain(from, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK, 0, &in, e) < 0)
        return -1;
    return copy_file(in, to, as, mode, name, e);
}

// A folder or a file, all of it in its new place before anything goes from the old one. *carried: it is there.
static int carry(int from, const char *name, int to, const char *as, bool *carried, struct err *e)
{
    struct stat st;
    *carried = renameat(from, name, to, as) == 0;
    if (*carried)
        return 0;
    if (errno != EXDEV || fstatat(from, name, &st, AT_SYMLINK_NOFOLLOW) < 0)
        return err_sys(e, "%s", name);
    mode_t mode = st.st_mode & 07777;
    if ((S_ISDIR(st.st_mode) ? copy_folder(from, name, to, as, mode, e)
                             : copy_one(from, name, to, as, mode, e)) < 0)
        return -1;
    *carried = true;
    return tree_remove(from, name, e);
}

static int into_layer(struct acting *t, const struct move *m, int app_dir, const char *base, int layer_fd,
                      struct err *e)
{
    struct str above = path_dir(str_of(m->layer));
    drop_fd int to = -1;
    const char *to_base;
    if (!str_is(above, ".") && path_mkdirs(layer_fd, str_c(t->a, above), 0755, e) < 0)
        return -1;
    if (path_parent(layer_fd, m->layer, &to, &to_base, e) < 0 || tree_remove(to, to_base, e) < 0)
        return -1;
    return carry(app_dir, base, to, to_base, m->carried, e) < 0 ? err_wrap(e, "%s", m->app) : 0;
}

// Beside its place: what stands there goes when the link needs only its name.
struct link {
    int dir;
    char name[32]; // empty: it has its own
};

static void link_done(struct link *l)
{
    if (l->name[0])
        (void)unlinkat(l->dir, l->name, 0);
}

static int link_make(struct acting *t, const struct move *m, int dir, struct link *l, struct err *e)
{
    uint64_t random;
    if (getrandom(&random, sizeof random, 0) != (ssize_t)sizeof random)
        BUG("getrandom");
    (void)snprintf(l->name, sizeof l->name, ".link-%016jx", (uintmax_t)random);
    l->dir = dir;
    if (symlinkat(str_c(t->a, m->target), dir, l->name) == 0)
        return 0;
    l->name[0] = 0;
    return err_sys(e, "%s", m->app);
}

static int link_place(const struct move *m, struct link *l, const char *base, struct err *e)
{
    if (tree_remove(l->dir, base, e) < 0)
        return -1;
    if (renameat(l->dir, l->name, l->dir, base) < 0)
        return err_sys(e, "%s", m->app);
    l->name[0] = 0;
    return 0;
}

static int move_path(struct acting *t, const struct move *m, int layer_fd, bool filled, struct err *e)
{
    drop_fd int dir = -1;
    const char *base;
    struct stat st;
    char target[LIMIT_PATH];
    if (path_parent(t->app_fd, m->app, &dir, &base, e) < 0)
        return -1;
    bool there = fstatat(dir, base, &st, AT_SYMLINK_NOFOLLOW) == 0, link = there && S_ISLNK(st.st_mode);
    if (link && path_readlink(dir, base, target, e) < 0)
        return -1;
    if (link && str_is(m->target, target))
        return 0;
    bool content = there && !link;
    if (content && !S_ISDIR(st.st_mode) && !S_ISREG(st.st_mode))
        return err_set(e, ERR_DENIED, "%s: neither file, folder nor link", m->app);
    __attribute__((cleanup(link_done))) struct link ours = {0};
    if (link_make(t, m, dir, &ours, e) < 0)
        return -1;
    if (filled && content && into_layer(t, m, dir, base, layer_fd, e) < 0)
        return -1;
    // The steps made nothing, or left the app's own link: ours leads to an empty folder, not to nothing.
    if (filled && !content && path_mkdirs(layer_fd, m->layer, 0755, e) < 0)
        return -1;
    return link_place(m, &ours, base, e);
}

int move_paths(struct acting *t, const struct bp_layer *l, int fd, bool filled, struct err *e)
{
    t->carried = ARENA_ARRAY(t->a, bool, l->move.n + 1);
    for (size_t i = 0; i < l->move.n; i++) {
        const struct move m = move_at(t, l, i);
        if (move_path(t, &m, fd, filled, e) < 0)
            return err_wrap(e, "move");
    }
    return 0;
}

static int move_path_back(struct acting *t, const struct move *m, int layer_fd, struct err *e)
{
    drop_fd int dir = -1, from = -1;
    const char *base, *from_base;
    bool carried;
    if (path_parent(t->app_fd, m->app, &dir, &base, e) < 0 ||
        path_parent(layer_fd, m->layer, &from, &from_base, e) < 0 || tree_remove(dir, base, e) < 0)
        return -1;
    return carry(from, from_base, dir, base, &carried, e);
}

int move_back(struct acting *t, const struct bp_layer *l, struct err *e)
{
    for (size_t i = l->move.n; t->carried && i-- > 0;) {
        drop_fd int fd = -1;
        const struct move m = move_at(t, l, i);
        if (*m.carried &&
            (path_open_plain(t->layers_fd, str_c(t->a, l->name), O_RDONLY | O_DIRECTORY, 0, &fd, e) < 0 ||
             move_path_back(t, &m, fd, e) < 0))
            return err_wrap(e, "%s", m.app);
    }
    return 0;
}
