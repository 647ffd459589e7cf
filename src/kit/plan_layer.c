// SPDX-License-Identifier: Apache-2.0
// Layers, their steps and their environment.
#include "cnb/env.h"
#include "kit/plan_priv.h"

static struct bp_layer *find_layer(struct bp_plan *out, struct str name)
{
    for (size_t i = 0; i < out->layers.n; i++)
        if (str_eq(out->layers.v[i].name, name))
            return &out->layers.v[i];
    return NULL;
}

// Paths within a layer: nothing may lead out of it.
static int inside(struct facts *f, const struct rc_row *row, const char *key, struct str path, struct err *e)
{
    return path_is_safe(path) ? 0
                              : facts_wrong(f, row, key, e, "\"" PRI_STR "\" is no path within the layer",
                                            STR_ARG(str_printable(f->a, path, 96)));
}

static int fill_files(struct facts *f, const struct rc_layer *r, struct bp_layer *l, struct err *e)
{
    const struct rc_row *row = &r->row;
    if (facts_fill_map(f, row, "links", &r->links, &l->links, e) < 0 ||
        facts_fill_map(f, row, "copy", &r->copy, &l->copy, e) < 0 ||
        facts_fill_map(f, row, "write", &r->write, &l->write, e) < 0)
        return -1;
    const struct strmap *maps[] = {&l->links, &l->copy, &l->write};
    static const char *const keys[] = {"links", "copy", "write"};
    for (size_t m = 0; m < COUNT(maps); m++)
        for (size_t i = 0; i < maps[m]->n; i++)
            if (inside(f, row, keys[m], maps[m]->v[i].key, e) < 0)
                return -1;
    for (size_t i = 0; i < l->copy.n; i++)
        if (!path_is_safe(l->copy.v[i].val))
            return facts_wrong(f, row, "copy", e, "\"" PRI_STR "\" is no path within the buildpack",
                               STR_ARG(str_printable(f->a, l->copy.v[i].val, 96)));
    for (size_t i = 0; i < r->move.n; i++) {
        struct str from, to;
        if (facts_path(f, row, "move", r->move.v[i].key, &from, e) < 0 ||
            facts_fill(f, row, "move", r->move.v[i].val, &to, e) < 0 || inside(f, row, "move", to, e) < 0)
            return -1;
        if (str_is(from, "."))
            return facts_wrong(f, row, "move", e, "the app itself cannot be moved");
        strmap_set(f->a, &l->move, from, to);
    }
    return 0;
}

static int fill_content(struct facts *f, const struct rc_layer *r, struct bp_layer *l, struct err *e)
{
    const struct rc_row *row = &r->row;
    if (r->dependency.p && facts_pick(f, r, &l->dep, e) < 0)
        return -1;
    if (facts_fill_list(f, row, "only", &r->only, &l->only, e) < 0 ||
        facts_fill_list(f, row, "drop", &r->drop, &l->drop, e) < 0 ||
        facts_fill_list(f, row, "helpers", &r->helpers, &l->helpers, e) < 0 ||
        facts_fill(f, row, "into", r->into, &l->into, e) < 0)
        return -1;
    for (size_t i = 0; i < l->helpers.n; i++)
        if (!layer_name_ok(l->helpers.v[i]))
            return facts_wrong(f, row, "helpers", e, "\"" PRI_STR "\" is no name of a helper",
                               STR_ARG(str_printable(f->a, l->helpers.v[i], 96)));
    if (r->into.p && inside(f, row, "into", l->into, e) < 0)
        return -1;
    return fill_files(f, r, l, e);
}

static int layer(struct facts *f, const void *row, void *ctx, struct err *e)
{
    struct bp_plan *out = ctx;
    const struct rc_layer *r = row;
    struct bp_layer l = {.row = r, .name = r->name, .build = r->build, .launch = r->launch};
    if (find_layer(out, r->name))
        return 0; // a row before it
    if (r->plan.p) {
        bool build, launch;
        if (!facts_planned(f, r->plan, &build, &launch))
            return 0;
        l.build |= build;
        l.launch |= launch;
    }
    l.cache = r->cache.said ? r->cache.on : l.build;
    if (fill_content(f, r, &l, e) < 0)
        return -1;
    out->layers.v = arena_grow(f->a, out->layers.v, out->layers.n, &out->layers.cap, sizeof l);
    out->layers.v[out->layers.n++] = l;
    return 0;
}

int plan_layers(struct facts *f, struct bp_plan *out, struct err *e)
{
    return facts_each(f, FACTS_ROWS(f->r->layers), layer, out, e);
}

// --- Steps

static int step(struct facts *f, const void *row, void *ctx, struct err *e)
{
    struct bp_plan *out = ctx;
    const struct rc_step *r = row;
    struct bp_step s = {.row = r, .cwd = STR("."), .call = r->call};
    struct bp_layer *l = r->layer.p ? find_layer(out, r->layer) : NULL;
    if (r->layer.p && !l)
        return 0; // the layer is not made
    if (facts_fill_list(f, &r->row, "run", &r->run, &s.run, e) < 0 ||
        facts_fill_map(f, &r->row, "env", &r->env, &s.env, e) < 0 ||
        facts_fill(f, &r->row, "name", r->name, &s.name, e) < 0 ||
        (r->cwd.p && facts_path(f, &r->row, "cwd", r->cwd, &s.cwd, e) < 0))
        return -1;
    for (size_t i = 0; i < s.env.n; i++)
        if (!env_name_ok(s.env.v[i].key))
            return facts_wrong(f, &r->row, "env", e, "a name of a variable is malformed");
    if (s.run.n && !s.run.v[0].n)
        return facts_wrong(f, &r->row, "run", e, "the program has no name");
    if (!s.name.n)
        s.name = s.run.n ? path_base(s.run.v[0]) : s.call;
    if (l) {
        l->steps.v = arena_grow(f->a, l->steps.v, l->steps.n, &l->steps.cap, sizeof s);
        l->steps.v[l->steps.n++] = s;
    } else {
        out->steps.v = arena_grow(f->a, out->steps.v, out->steps.n, &out->steps.cap, sizeof s);
        out->steps.v[out->steps.n++] = s;
    }
    return 0;
}

int plan_steps(struct facts *f, struct bp_plan *out, struct err *e)
{
    return facts_each(f, FACTS_ROWS(f->r->steps), step, out, e);
}

// --- Environment

struct env_place {
    struct bp_layer *layer;
    struct str dir;
};

struct variable {
    struct str name;
    const char *suffix;
    struct str content;
};

static int env_file(struct facts *f, const struct rc_env *r, const struct env_place *to,
                    const struct variable *v, struct err *e)
{
    struct bp_layer *l = to->layer;
    struct str name = v->name;
    size_t at;
    if (!env_name_ok(name) || !path_is_safe(name) || str_find(name, '/', &at) || str_find(name, '.', &at))
        return facts_wrong(f, &r->row, "env", e, "\"" PRI_STR "\" is no variable that a layer can set",
                           STR_ARG(str_printable(f->a, name, 96)));
    struct str path = str_printf(f->a, PRI_STR "/" PRI_STR "%s", STR_ARG(to->dir), STR_ARG(name), v->suffix);
    struct bp_env_file file = {path, v->content, r->prefix.p != NULL};
    for (size_t i = 0; i < l->env.n; i++)
        if (str_eq(l->env.v[i].path, path)) {
            l->env.v[i] = file;
            return 0;
        }
    l->env.v = arena_grow(f->a, l->env.v, l->env.n, &l->env.cap, sizeof file);
    l->env.v[l->env.n++] = file;
    return 0;
}
#define ENV_FILE(suffix, content) env_file(f, r, to, &(struct variable){name, suffix, content}, e)

static int env_by_prefix(struct facts *f, const struct rc_env *r, const struct env_place *to, struct err *e)
{
    static const struct {
        const char *word, *suffix;
    } kinds[] = {{"OVERRIDE_", ".override"},
                 {"DEFAULT_", ".default"},
                 {"APPEND_", ".append"},
                 {"PREPEND_", ".prepend"},
                 {"DELIM_", ".delim"}};
    struct strmap sorted = {0};
    struct str prefix;
    if (facts_fill(f, &r->row, "prefix", r->prefix, &prefix, e) < 0)
        return -1;
    for (size_t i = 0; i < f->in->env->n; i++) {
        const struct map_entry *v = &f->in->env->v[i];
        if (v->key.n > prefix.n && memcmp(v->key.p, prefix.p, prefix.n) == 0)
            strmap_set(f->a, &sorted, str_from(v->key, prefix.n), v->val);
    }
    map_sort(&sorted);
    for (size_t i = 0; i < sorted.n; i++) {
        struct str name = sorted.v[i].key;
        const char *suffix = "";
        for (size_t k = 0; k < COUNT(kinds) && !*suffix; k++)
            if (str_has_prefix(name, kinds[k].word)) {
                name = str_from(name, strlen(kinds[k].word));
                suffix = kinds[k].suffix;
            }
        if (ENV_FILE(suffix, sorted.v[i].val) < 0)
            return -1;
    }
    return 0;
}

static int env_by_kind(struct facts *f, const struct rc_env *r, const struct env_place *to, struct err *e)
{
    const struct {
        const struct strmap *map;
        const char *key, *suffix;
        bool delim;
    } kinds[] = {{&r->override, "override", ".override", false},
                 {&r->dflt, "default", ".default", false},
                 {&r->append, "append", ".append", true},
                 {&r->prepend, "prepend", ".prepend", true}};
    struct str delim = STR(":");
    if (r->delim.p && facts_fill(f, &r->row, "delim", r->delim, &delim, e) < 0)
        return -1;
    for (size_t k = 0; k < COUNT(kinds); k++) {
        struct strmap filled = {0};
        if (facts_fill_map(f, &r->row, kinds[k].key, kinds[k].map, &filled, e) < 0)
            return -1;
        for (size_t i = 0; i < filled.n; i++) {
            struct str name = filled.v[i].key;
            if (ENV_FILE(kinds[k].suffix, filled.v[i].val) < 0 ||
                (kinds[k].delim && ENV_FILE(".delim", delim) < 0))
                return -1;
        }
    }
    return 0;
}

static int environment(struct facts *f, const void *row, void *ctx, struct err *e)
{
    const struct rc_env *r = row;
    struct env_place to = {find_layer(ctx, r->layer), STR("env")};
    struct str process;
    if (!to.layer)
        return 0;
    if (str_is(r->phase, "build"))
        to.dir = STR("env.build");
    if (str_is(r->phase, "launch"))
        to.dir = STR("env.launch");
    if (r->process.p) {
        if (facts_fill(f, &r->row, "process", r->process, &process, e) < 0)
            return -1;
        if (!process_type_ok(process))
            return facts_wrong(f, &r->row, "process", e, "\"" PRI_STR "\" is no process type",
                               STR_ARG(str_printable(f->a, process, 96)));
        to.dir = str_printf(f->a, "env.launch/" PRI_STR, STR_ARG(process));
    }
    return r->prefix.p ? env_by_prefix(f, r, &to, e) : env_by_kind(f, r, &to, e);
}

int plan_environment(struct facts *f, struct bp_plan *out, struct err *e)
{
    return facts_each(f, FACTS_ROWS(f->r->envs), environment, out, e);
}
