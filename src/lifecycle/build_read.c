// SPDX-License-Identifier: Apache-2.0
#include "base/dir.h"
#include "base/file.h"
#include "cnb/api.h"
#include "lifecycle/build.h"
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>

enum { ENTRIES_MAX = 100000, LAYERS_MAX = 500, PROCESSES_MAX = 1000 };

static int optional_toml(struct arena *a, int fd, const char *name, struct val **out, struct err *e)
{
    *out = NULL;
    return dir_kind(fd, name) == DIR_ABSENT ? 0 : lc_read_toml(a, fd, name, out, e);
}

static int add_layer(struct arena *a, int fd, uint16_t api, struct str name, struct built_layers *out,
                     struct err *e)
{
    const char *file = arena_printf(a, PRI_STR ".toml", STR_ARG(name));
    struct built_layer l = {.name = name};
    struct val *doc;
    struct stat st;
    if (!layer_name_ok(name))
        return err_set(e, ERR_BUILDPACK, "%s: \"" PRI_STR "\" is not a name for a layer", file,
                       STR_ARG(name));
    if (lc_read_toml(a, fd, file, &doc, e) < 0 || layer_toml_read(a, doc, file, api, &l.types, e) < 0)
        return -1;
    if (fstatat(fd, name.p, &st, AT_SYMLINK_NOFOLLOW) == 0) {
        if (S_ISLNK(st.st_mode))
            return err_set(e, ERR_BUILDPACK, "layer " PRI_STR ": is a symbolic link, want a directory",
                           STR_ARG(name));
        l.has_dir = S_ISDIR(st.st_mode);
    }
    if (out->n == LAYERS_MAX)
        return err_set(e, ERR_LIMIT, "more than %d layers", LAYERS_MAX);
    out->v = arena_grow(a, out->v, out->n, &out->cap, sizeof *out->v);
    out->v[out->n++] = l;
    return 0;
}

static int by_name(const void *x, const void *y)
{
    return str_cmp(((const struct built_layer *)x)->name, ((const struct built_layer *)y)->name);
}

static bool is_spec_file(struct str name)
{
    return str_is(name, "launch.toml") || str_is(name, "build.toml") || str_is(name, "store.toml");
}

int lc_layers(struct arena *a, int fd, uint16_t api, struct built_layers *out, struct err *e)
{
    struct strv names;
    struct built_layers found = {0};
    if (dir_names(a, fd, ".", ENTRIES_MAX, &names, e) < 0)
        return -1;
    for (size_t i = 0; i < names.n; i++) {
        struct str name = names.v[i];
        if (!str_has_suffix(name, ".toml") || is_spec_file(name))
            continue;
        if (add_layer(a, fd, api, str_dup(a, str_head(name, name.n - 5)), &found, e) < 0)
            return -1;
    }
    if (found.n) // "a.toml" sorts after "a-b.toml", "a" before "a-b"
        qsort(found.v, found.n, sizeof *found.v, by_name);
    *out = found;
    return 0;
}

// False/false/false: the directory is put aside, so that later phases do not see it.
static int put_aside(struct arena *a, int fd, struct built *b, struct err *e)
{
    for (size_t i = 0; i < b->layers.n && b->bp->desc.api >= API(0, 6); i++) {
        struct built_layer *l = &b->layers.v[i];
        if (!l->has_dir || l->types.launch || l->types.build || l->types.cache)
            continue;
        const char *aside = arena_printf(a, PRI_STR ".ignore", STR_ARG(l->name));
        if (tree_remove(fd, aside, e) < 0)
            return -1;
        // An overlay does not rename a directory that it has from below; then it goes, which is what aside means.
        if (renameat(fd, l->name.p, fd, aside) < 0 && (errno != EXDEV || tree_remove(fd, l->name.p, e) < 0))
            return err_sys(e, PRI_STR, STR_ARG(l->name));
        l->has_dir = false;
    }
    return 0;
}

static void name_bom(const struct cnb_bom *bom, const struct lc_buildpack *bp)
{
    for (size_t i = 0; i < bom->n; i++)
        bom->v[i].buildpack = (struct cnb_bom_source){bp->desc.id, bp->desc.version};
}

int built_read(struct arena *a, struct lc_context *cx, int fd, struct built *b, struct err *e)
{
    struct val *launch, *build, *store;
    const struct val *kept;
    if (lc_layers(a, fd, b->bp->desc.api, &b->layers, e) < 0 || put_aside(a, fd, b, e) < 0 ||
        optional_toml(a, fd, "launch.toml", &launch, e) < 0 ||
        optional_toml(a, fd, "build.toml", &build, e) < 0 ||
        optional_toml(a, fd, "store.toml", &store, e) < 0)
        return -1;
    const struct doc how = {
        .names = NAMES_TOML, .api = b->bp->desc.api, .file = "launch.toml", .a = a, .ev = cx->ev};
    if ((launch && launch_toml_read(&how, launch, &b->launch, e) < 0) ||
        (store && store_toml_read(a, store, "store.toml", cx->ev, &kept, e) < 0))
        return -1;
    if (b->launch.processes.n > PROCESSES_MAX)
        return err_set(e, ERR_LIMIT, "launch.toml: more than %d processes", PROCESSES_MAX);
    if (build && build_toml_read(a, build, "build.toml", cx->ev, &b->build, e) < 0)
        return -1;
    name_bom(&b->launch.bom, b->bp);
    name_bom(&b->build.bom, b->bp);
    return 0;
}
