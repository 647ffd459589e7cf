// SPDX-License-Identifier: Apache-2.0
// Paths of the app whose content lies in a layer, with a link in their place.
#include "archive/walk.h"
#include "base/file.h"
#include "base/limits.h"
#include "kit/act_priv.h"
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>

// One entry of the tree into `to`, at the same path.
static int copy_entry(struct walk *w, const struct walk_entry *en, int to, struct err *e)
{
    drop_fd int in = -1, out = -1, dir = -1;
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
    if (walk_open_file(w, &in, e) < 0 ||
        path_open_plain(dir, base, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW, mode, &out, e) < 0 ||
        copy_bytes(in, out, path, e) < 0)
        return -1;
    return fchmod(out, mode) < 0 ? err_sys(e, "%s", path) : 0; // as a rename keeps it, whatever the umask
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
};

static int into_layer(struct acting *t, const struct move *m, int app_dir, const char *base, int layer_fd,
                      struct err *e)
{
    struct str above = path_dir(str_of(m->layer));
    drop_fd int to = -1, inside = -1;
    const char *to_base;
    if (!str_is(above, ".") && path_mkdirs(layer_fd, str_c(t->a, above), 0755, e) < 0)
        return -1;
    if (path_parent(layer_fd, m->layer, &to, &to_base, e) < 0 || tree_remove(to, to_base, e) < 0)
        return -1;
    if (renameat(app_dir, base, to, to_base) == 0)
        return 0;
    if (errno != EXDEV)
        return err_sys(e, "%s", m->app);
    if (path_mkdirs(to, to_base, 0755, e) < 0 ||
        path_open_plain(to, to_base, O_RDONLY | O_DIRECTORY, 0, &inside, e) < 0 ||
        copy_tree(app_dir, base, inside, e) < 0)
        return -1;
    return tree_remove(app_dir, base, e);
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
    bool folder = there && S_ISDIR(st.st_mode);
    if (filled && folder && into_layer(t, m, dir, base, layer_fd, e) < 0)
        return -1;
    // The steps made no folder, or left the app's own link: ours leads to an empty one, not to nothing.
    if (filled && !folder && path_mkdirs(layer_fd, m->layer, 0755, e) < 0)
        return -1;
    if (tree_remove(dir, base, e) < 0)
        return -1;
    return symlinkat(str_c(t->a, m->target), dir, base) < 0 ? err_sys(e, "%s", m->app) : 0;
}

int move_paths(struct acting *t, const struct bp_layer *l, int fd, bool filled, struct err *e)
{
    struct str layer = path_join(t->a, t->act->in->layers, l->name);
    for (size_t i = 0; i < l->move.n; i++) {
        const struct move m = {str_c(t->a, l->move.v[i].key), str_c(t->a, l->move.v[i].val),
                               path_join(t->a, layer, l->move.v[i].val)};
        if (move_path(t, &m, fd, filled, e) < 0)
            return err_wrap(e, "move");
    }
    return 0;
}
