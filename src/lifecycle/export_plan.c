// SPDX-License-Identifier: Apache-2.0
#include "lifecycle/export_plan.h"
#include "archive/walk.h"
#include "base/dir.h"
#include "cnb/api.h"
#include "cnb/buildpack.h"
#include "lifecycle/build.h"
#include <fcntl.h>

struct planning {
    struct arena *a;
    const struct export_in *in;
    struct export_plan plan;
};

static struct export_layer *add(struct planning *p, enum export_kind kind, struct str id,
                                struct str created_by)
{
    struct export_plan *plan = &p->plan;
    plan->v = arena_grow(p->a, plan->v, plan->n, &plan->cap, sizeof *plan->v);
    struct export_layer *l = &plan->v[plan->n++];
    *l = (struct export_layer){.kind = kind, .id = id, .created_by = created_by};
    l->spec = (struct layer_spec){.uid = p->in->uid,
                                  .gid = p->in->gid,
                                  .parent_uid = p->in->uid,
                                  .parent_gid = p->in->gid,
                                  .mtime_sec = LAYER_MTIME,
                                  .codec = p->in->codec,
                                  .order = TREE_WALK,
                                  .dirfd = p->in->layers_fd};
    return l;
}

static void from_layers(struct planning *p, struct export_layer *l, struct str sub)
{
    l->spec.sub = sub;
    l->spec.at = str_printf(p->a, PRI_STR "/" PRI_STR, STR_ARG(p->in->layers_dir), STR_ARG(sub));
}

static int plan_launch_layer(struct planning *p, const struct cnb_ref *bp, const char *dir,
                             const struct built_layer *l, struct lm_layer *md, struct err *e)
{
    const struct lifecycle_metadata *before = p->in->previous ? p->in->previous->md : NULL;
    struct export_layer *x =
        add(p, EXPORT_LAUNCH, str_printf(p->a, PRI_STR ":" PRI_STR, STR_ARG(bp->id), STR_ARG(l->name)),
            str_printf(p->a, "Layer: '" PRI_STR "', Created by buildpack: " PRI_STR "@" PRI_STR,
                       STR_ARG(l->name), STR_ARG(bp->id), STR_ARG(bp->version)));
    *md = (struct lm_layer){.name = l->name,
                            .data = l->types.metadata,
                            .build = l->types.build,
                            .launch = true,
                            .cache = l->types.cache};
    from_layers(p, x, str_printf(p->a, "%s/" PRI_STR, dir, STR_ARG(l->name)));
    if (l->has_dir)
        return 0;
    if (l->types.cache)
        return err_set(e, ERR_BUILDPACK, "layer " PRI_STR ": is to be cached, but has no directory",
                       STR_ARG(x->id));
    const struct lm_layer *old = before ? lm_find(before, bp->id, l->name) : NULL;
    if (!old || !old->sha.n)
        return err_set(e, ERR_BUILDPACK,
                       "layer " PRI_STR ": has no directory, and the previous image does not have it",
                       STR_ARG(x->id));
    x->reuse = old->sha;
    return 0;
}

static int plan_store(struct planning *p, int fd, struct lm_buildpack *md, struct err *e)
{
    struct val *doc;
    if (dir_kind(fd, "store.toml") == DIR_ABSENT)
        return 0;
    return lc_read_toml(p->a, fd, "store.toml", &doc, e) < 0
               ? -1
               : store_toml_read(p->a, doc, "store.toml", p->in->ev, &md->store, e);
}

static int plan_buildpack(struct planning *p, size_t number, struct err *e)
{
    const struct cnb_ref *bp = &p->in->group->buildpacks.v[number];
    struct lm_buildpack *md = &p->plan.md.buildpacks.v[number];
    struct built_layers layers;
    uint16_t api;
    const char *dir;
    *md = (struct lm_buildpack){.key = bp->id, .version = bp->version};
    if (api_buildpack(bp->api, "group.toml", &api, e) < 0 || buildpack_dir_name(p->a, bp->id, &dir, e) < 0)
        return -1;
    drop_fd int fd = -1;
    if (dir_kind(p->in->layers_fd, dir) == DIR_ABSENT)
        return 0;
    if (path_open_plain(p->in->layers_fd, dir, O_RDONLY | O_DIRECTORY, 0, &fd, e) < 0 ||
        lc_layers(p->a, fd, api, &layers, e) < 0 || plan_store(p, fd, md, e) < 0)
        return -1;
    md->layers.v = ARENA_ARRAY(p->a, struct lm_layer, layers.n);
    for (size_t i = 0; i < layers.n; i++) {
        if (!layers.v[i].types.launch)
            continue;
        if (plan_launch_layer(p, bp, dir, &layers.v[i], &md->layers.v[md->layers.n], e) < 0)
            return -1;
        p->plan.v[p->plan.n - 1].buildpack = number;
        p->plan.v[p->plan.n - 1].layer = md->layers.n++;
    }
    return 0;
}

static enum layer_pick pick_slice(void *ctx, const struct walk_entry *w)
{
    const struct export_layer *l = ctx;
    return slices_has(l->slices, l->slice, w->path) ? LAYER_TAKE : LAYER_LEAVE;
}

static int look_at_app(const struct export_in *in, struct slices *s, struct err *e)
{
    drop_(walk_free) struct walk *w = NULL;
    const struct walk_entry *it;
    enum walk_step step;
    if (walk_open(in->app_fd, ".", TREE_WALK, &w, e) < 0)
        return -1;
    while ((step = walk_next(w, &it, e)) == WALK_ENTRY)
        if (it->path.n && !it->socket)
            slices_add(s, it->path, S_ISDIR(it->st.st_mode));
    slices_settle(s);
    return step == WALK_ERROR ? -1 : 0;
}

int export_plan_fill(const struct export_in *in, struct export_plan *plan, struct err *e)
{
    bool looked = false;
    for (size_t i = 0; i < plan->n; i++) {
        struct export_layer *l = &plan->v[i];
        if (!l->slices || l->spec.pick)
            continue;
        if (!looked && look_at_app(in, l->slices, e) < 0)
            return -1;
        looked = true;
        l->made_up =
            slices_empty(l->slices, l->slice); // two zero blocks: an image has one layer for every slice
        l->spec.pick = pick_slice;
    }
    return 0;
}

static struct export_layer *add_app(struct planning *p, struct str id, struct str created_by)
{
    struct export_layer *l = add(p, EXPORT_APP, id, created_by);
    l->spec.dirfd = p->in->app_fd;
    l->spec.at = p->in->app_dir;
    l->spec.order = TREE_FULL_PATH;
    return l;
}

static int plan_app(struct planning *p, struct err *e)
{
    size_t n = p->in->meta->slices.n;
    struct slices *s;
    if (!n) {
        add_app(p, STR("app"), STR("Application Layer"));
        return 0;
    }
    if (slices_new(p->a, p->in->meta->slices.v, n, &s, e) < 0)
        return -1;
    for (size_t i = 0; i <= n; i++) {
        struct export_layer *l = add_app(p, str_printf(p->a, "slice-%zu", i + 1),
                                         str_printf(p->a, "Application Slice: %zu", i + 1));
        l->slices = s;
        l->slice = i;
    }
    return 0;
}

static void plan_launcher(struct planning *p)
{
    struct export_layer *l = add(p, EXPORT_LAUNCHER, STR("buildpacksio/lifecycle:launcher"),
                                 STR("Buildpacks Application Launcher"));
    l->spec.dirfd = p->in->launcher_fd;
    l->spec.sub = STR("launcher");
    // Not "/cnb/lifecycle/launcher" with its own parents: where this machine keeps it is nobody's business.
    l->spec.at = STR("/cnb/lifecycle/launcher");
    l->spec.uid = l->spec.gid = l->spec.parent_uid = l->spec.parent_gid = 0;
}

static struct tar_entry root_entry(enum tar_type type, struct str name)
{
    return (struct tar_entry){.type = type, .name = name, .mode = 0755, .mtime_sec = LAYER_MTIME};
}

static void plan_process_types(struct planning *p)
{
    size_t n = p->in->meta->processes.n;
    if (!n)
        return;
    struct export_layer *l = add(p, EXPORT_PROCESS_TYPES, STR("buildpacksio/lifecycle:process-types"),
                                 STR("Buildpacks Process Types"));
    struct tar_entry *v = ARENA_ARRAY(p->a, struct tar_entry, n + 2);
    v[0] = root_entry(TAR_DIR, STR("/cnb"));
    v[1] = root_entry(TAR_DIR, STR("/cnb/process"));
    for (size_t i = 0; i < n; i++) {
        v[i + 2] = root_entry(TAR_SYMLINK, str_printf(p->a, "/cnb/process/" PRI_STR,
                                                      STR_ARG(p->in->meta->processes.v[i].type)));
        v[i + 2].link = STR("/cnb/lifecycle/launcher");
    }
    l->made_up = true;
    l->entries = v;
    l->n_entries = n + 2;
}

int export_plan_make(struct arena *a, const struct export_in *in, struct export_plan *out, struct err *e)
{
    struct planning p = {.a = a, .in = in};
    struct lifecycle_metadata *md = &p.plan.md;
    md->buildpacks.n = in->group->buildpacks.n;
    md->buildpacks.v = ARENA_ARRAY(a, struct lm_buildpack, md->buildpacks.n);
    for (size_t i = 0; i < md->buildpacks.n; i++)
        if (plan_buildpack(&p, i, e) < 0)
            return err_wrap(e, "buildpack " PRI_STR, STR_ARG(in->group->buildpacks.v[i].id));
    if (in->platform_api >= API(0, 8) && dir_kind(in->layers_fd, "sbom/launch") == DIR_DIR)
        from_layers(&p,
                    add(&p, EXPORT_SBOM, STR("buildpacksio/lifecycle:launch.sbom"),
                        STR("Software Bill-of-Materials")),
                    STR("sbom/launch"));
    if (plan_app(&p, e) < 0)
        return -1;
    plan_launcher(&p);
    from_layers(
        &p, add(&p, EXPORT_CONFIG, STR("buildpacksio/lifecycle:config"), STR("Buildpacks Launcher Config")),
        STR("config"));
    plan_process_types(&p);
    *out = p.plan;
    return 0;
}
