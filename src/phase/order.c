// SPDX-License-Identifier: Apache-2.0
#include "phase/order.h"
#include "cnb/api.h"
#include "document/schema.h"
#include <fcntl.h>

struct ref {
    struct str id, version;
    bool optional;
};

struct list {
    struct {
        struct ref *v;
        size_t n;
    } buildpacks;
};

struct both {
    struct list pre, post;
};

struct system_file {
    struct both system;
};

static int id_read(struct decode *d, const struct val *v, void *at, struct err *e)
{
    const char *dir;
    struct err why = {0};
    if (v->kind != VAL_STR)
        return doc_wrong(d, v, "text", e);
    if (buildpack_dir_name(doc_of(d)->a, v->s, &dir, &why) < 0)
        return doc_fail(d, v, e, "%s", why.cause);
    *(struct str *)at = v->s;
    return 0;
}

static const struct field ref_fields[] = {
    KEY(struct ref, id, "id", .flags = REQUIRED, .read = id_read, .help = "id of a buildpack"),
    KEY(struct ref, version, "version", .help = "its version"),
    KEY(struct ref, optional, "optional", .help = "the group works without it"),
};
static SCHEMA(ref_schema, struct ref, ref_fields, .name = "buildpacks");

static const struct field list_fields[] = {
    TABLES(struct list, buildpacks, "buildpacks", ref_schema, .help = "buildpacks"),
};
static SCHEMA(list_schema, struct list, list_fields, .name = "buildpacks");

static const struct field both_fields[] = {
    TABLE(struct both, pre, "pre", list_schema, .help = "in front of every group"),
    TABLE(struct both, post, "post", list_schema, .help = "behind every group"),
};
static SCHEMA(both_schema, struct both, both_fields, .name = "system");

static const struct field system_fields[] = {
    TABLE(struct system_file, system, "system", both_schema, .help = "buildpacks of every group"),
};
SCHEMA_DECLARE(system_toml_schema, struct system_file);
SCHEMA(system_toml_schema, struct system_file, system_fields, .name = "system.toml",
       .help = "Buildpacks that the operator adds to every group (platform.md)");

static bool has_id(const struct cnb_group *g, struct str id)
{
    for (size_t i = 0; i < g->n; i++)
        if (str_eq(g->v[i].id, id))
            return true;
    return false;
}

static void add(struct arena *a, const struct cnb_group *old, const struct list *more, struct cnb_group *g)
{
    for (size_t i = 0; i < more->buildpacks.n; i++) {
        const struct ref *r = &more->buildpacks.v[i];
        if (has_id(old, r->id))
            continue;
        g->v = arena_grow(a, g->v, g->n, &g->cap, sizeof *g->v);
        g->v[g->n++] =
            (struct cnb_group_element){.id = r->id, .version = r->version, .optional = r->optional};
    }
}

int order_merge_system(struct arena *a, const struct val *doc, const char *file, struct events *ev,
                       struct cnb_order *order, struct err *e)
{
    struct system_file s = {0};
    const struct doc how = {.names = NAMES_TOML, .file = file, .a = a, .ev = ev};
    if (doc_read(&how, &system_toml_schema, doc, &s, e) < 0)
        return -1;
    for (size_t i = 0; i < order->n; i++) {
        const struct cnb_group old = order->v[i];
        struct cnb_group g = {0};
        add(a, &old, &s.system.pre, &g);
        for (size_t j = 0; j < old.n; j++) {
            g.v = arena_grow(a, g.v, g.n, &g.cap, sizeof *g.v);
            g.v[g.n++] = old.v[j];
        }
        add(a, &old, &s.system.post, &g);
        order->v[i] = g;
    }
    return 0;
}

static struct str order_path(struct app_ctx *app, const struct phase_in *in)
{
    struct str beside = str_printf(app->a, PRI_STR "/order.toml", STR_ARG(in->layers));
    if (in->order.n)
        return in->order;
    return faccessat(AT_FDCWD, beside.p, F_OK, 0) == 0 ? beside : STR("/cnb/order.toml");
}

int order_load(struct app_ctx *app, const struct phase_in *in, struct cnb_order *out, struct err *e)
{
    struct str path = order_path(app, in);
    const struct doc how = {.names = NAMES_TOML, .file = str_c(app->a, path), .a = app->a, .ev = app->ev};
    struct cnb_order order, extensions;
    struct val *doc, *system = NULL;
    if (phase_read(app, path, PHASE_WANTED, &doc, e) < 0 || order_read(&how, doc, &order, &extensions, e) < 0)
        return -1;
    if (extensions.n)
        event_warn(app->ev, NULL, PRI_STR ": image extensions are not run by this version", STR_ARG(path));
    if (in->platform_api >= API(0, 15) && phase_read(app, in->system, PHASE_QUIET, &system, e) < 0)
        return -1;
    if (system && order_merge_system(app->a, system, str_c(app->a, in->system), app->ev, &order, e) < 0)
        return -1;
    *out = order;
    return 0;
}

int order_check(struct app_ctx *app, struct lc_context *cx, const struct cnb_order *order, struct err *e)
{
    const struct lc_buildpack *bp;
    for (size_t i = 0; i < order->n; i++)
        for (size_t j = 0; j < order->v[i].n; j++)
            if (lc_buildpack(app->a, cx, order->v[i].v[j].id, order->v[i].v[j].version, &bp, e) < 0)
                return -1;
    return 0;
}
