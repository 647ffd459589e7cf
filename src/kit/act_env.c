// SPDX-License-Identifier: Apache-2.0
// The environment of a layer. It is compared before it is written: what is the same stays untouched, so that the
// layer is not read again by those who look for changes.
#include "base/dir.h"
#include "base/file.h"
#include "base/limits.h"
#include "kit/act_priv.h"
#include "kit/log.h"

enum { FILES_MAX = 1 << 16, SHOWN = 256 };
static const char *const places[] = {"env", "env.build", "env.launch"};

static const struct bp_env_file *find(const struct bp_layer *l, struct str path)
{
    for (size_t i = 0; i < l->env.n; i++)
        if (str_eq(l->env.v[i].path, path))
            return &l->env.v[i];
    return NULL;
}

// Counts the files below `dir` that are as the plan wants them; false: something is not. Folders are `deep` levels in
// each other at most: one for each process type.
static bool same_below(struct acting *t, const struct bp_layer *l, int fd, struct str dir, int deep,
                       size_t *n)
{
    struct strv names = {0};
    struct err ignored = {0};
    if (dir_kind(fd, str_c(t->a, dir)) == DIR_ABSENT)
        return true;
    if (dir_names(t->a, fd, str_c(t->a, dir), FILES_MAX, &names, &ignored) < 0)
        return false;
    for (size_t i = 0; i < names.n; i++) {
        struct str path = path_join(t->a, dir, names.v[i]);
        const struct bp_env_file *want = find(l, path);
        drop_buf struct buf have = BUF_INIT(LIMIT_DOCUMENT);
        if (!want && deep && dir_kind(fd, str_c(t->a, path)) == DIR_DIR) {
            if (!same_below(t, l, fd, path, deep - 1, n))
                return false;
            continue;
        }
        if (!want || file_read(fd, str_c(t->a, path), &have, &ignored) < 0 ||
            !str_eq(buf_view(&have), want->content))
            return false;
        ++*n;
    }
    return true;
}

static bool is_same(struct acting *t, const struct bp_layer *l, int fd)
{
    size_t n = 0;
    for (size_t i = 0; i < COUNT(places); i++)
        if (!same_below(t, l, fd, str_of(places[i]), 1, &n))
            return false;
    return n == l->env.n;
}

int write_env(struct acting *t, const struct bp_layer *l, int fd, bool *changed, struct err *e)
{
    *changed = false;
    if (is_same(t, l, fd))
        return 0;
    for (size_t i = 0; i < COUNT(places); i++)
        if (tree_remove(fd, places[i], e) < 0)
            return -1;
    for (size_t i = 0; i < l->env.n; i++) {
        struct str path = l->env.v[i].path;
        if (path_mkdirs(fd, str_c(t->a, path_dir(path)), 0755, e) < 0 ||
            file_place(fd, str_c(t->a, path), 0644, l->env.v[i].content, e) < 0)
            return -1;
    }
    *changed = true;
    return 0;
}

static void log_place(struct acting *t, const struct bp_layer *l, const char *place, const char *title)
{
    bool begun = false;
    for (size_t i = 0; i < l->env.n; i++) {
        const struct bp_env_file *f = &l->env.v[i];
        struct str name = path_base(f->path), value = str_printable(t->a, f->content, SHOWN);
        bool both = str_has_prefix(f->path, "env/");
        size_t dot;
        if (f->hidden || str_has_suffix(name, ".delim") || !(both || str_has_prefix(f->path, place)))
            continue;
        if (!begun)
            kit_log(t->ev, 1, "Configuring %s environment", title);
        begun = true;
        struct str variable = str_find(name, '.', &dot) ? str_head(name, dot) : name;
        bool append = str_has_suffix(name, ".append"), prepend = str_has_suffix(name, ".prepend");
        kit_log(t->ev, 2, PRI_STR " -> \"" PRI_STR "\"%s", STR_ARG(variable), STR_ARG(value),
                append    ? ", behind what it has"
                : prepend ? ", before what it has"
                          : "");
    }
    if (begun)
        kit_log(t->ev, 0, "%s", "");
}

void log_env(struct acting *t, const struct bp_layer *l)
{
    if (l->build)
        log_place(t, l, "env.build/", "build");
    if (l->launch)
        log_place(t, l, "env.launch/", "launch");
}
