// SPDX-License-Identifier: Apache-2.0
// The key of a layer: named texts. "Why anew" is the field that differs.
#include "kit/plan_priv.h"

#define SBOM "sbom"                     // a field
enum { SHOWN = 64, KEY_MAX = 1 << 24 }; // more than an environment can hold

static void put(struct facts *f, struct bp_layer *l, struct str field, struct str value)
{
    strmap_set(f->a, &l->key, field, value);
}

// What was cut would not be told from another one.
static int put_hashed(struct facts *f, struct bp_layer *l, struct str field, const struct buf *text,
                      struct err *e)
{
    struct digest d;
    char out[DIGEST_TEXT];
    if (buf_finish(text, "the key of a layer", e) < 0)
        return err_wrap(e, PRI_STR ": " PRI_STR, STR_ARG(l->name), STR_ARG(field));
    digest_of(HASH_SHA256, text->p ? text->p : "", text->n, &d);
    put(f, l, field, str_dup(f->a, str_of(digest_text(&d, out))));
    return 0;
}

static void add_list(struct buf *b, const char *key, const struct strv *v)
{
    for (size_t i = 0; i < v->n; i++)
        buf_printf(b, "%s %zu " PRI_STR "\n", key, v->v[i].n, STR_ARG(v->v[i]));
}

static void add_map(struct buf *b, const char *key, const struct strmap *m)
{
    for (size_t i = 0; i < m->n; i++)
        buf_printf(b, "%s %zu " PRI_STR " %zu " PRI_STR "\n", key, m->v[i].key.n, STR_ARG(m->v[i].key),
                   m->v[i].val.n, STR_ARG(m->v[i].val));
}

// The rows that fill the layer.
static int key_recipe(struct facts *f, struct bp_layer *l, struct err *e)
{
    drop_buf struct buf b = BUF_INIT(KEY_MAX);
    add_list(&b, "only", &l->only);
    add_list(&b, "drop", &l->drop);
    add_list(&b, "helper", &l->helpers);
    add_map(&b, "link", &l->links);
    add_map(&b, "copy", &l->copy);
    add_map(&b, "write", &l->write);
    add_map(&b, "move", &l->move);
    if (l->into.n)
        buf_printf(&b, "into " PRI_STR "\n", STR_ARG(l->into));
    if (l->copy.n)
        buf_printf(&b, "buildpack " PRI_STR "\n", STR_ARG(f->in->version));
    return b.n ? put_hashed(f, l, STR("recipe"), &b, e) : 0;
}

static int key_steps(struct facts *f, struct bp_layer *l, struct err *e)
{
    for (size_t i = 0; i < l->steps.n; i++) {
        const struct bp_step *s = &l->steps.v[i];
        drop_buf struct buf b = BUF_INIT(KEY_MAX);
        add_list(&b, "run", &s->run);
        add_map(&b, "env", &s->env);
        buf_printf(&b, "cwd " PRI_STR "\ncall " PRI_STR "\n", STR_ARG(s->cwd), STR_ARG(s->call));
        struct str field = str_printf(f->a, "step " PRI_STR, STR_ARG(s->name));
        if (map_find(&l->key, field))
            field = str_printf(f->a, "step %zu " PRI_STR, i + 1, STR_ARG(s->name));
        if (put_hashed(f, l, field, &b, e) < 0)
            return -1;
    }
    if (l->steps.n)
        put(f, l, STR("target"),
            str_trim(str_printf(f->a, PRI_STR " " PRI_STR " " PRI_STR " " PRI_STR, STR_ARG(f->in->os),
                                STR_ARG(f->in->arch), STR_ARG(f->in->distro),
                                STR_ARG(f->in->distro_version))));
    return 0;
}

static int key_file(struct facts *f, struct bp_layer *l, struct str path, struct err *e)
{
    struct kit_world *w = f->in->world;
    struct digest d;
    char text[DIGEST_TEXT];
    if (w->ops->digest(w, path, &d, e) < 0)
        return -1;
    put(f, l, str_printf(f->a, "file " PRI_STR, STR_ARG(path)), str_dup(f->a, str_of(digest_text(&d, text))));
    return 0;
}

static int key_files(struct facts *f, struct bp_layer *l, struct err *e)
{
    const struct rc_layer *r = l->row;
    for (size_t i = 0; i < r->files.n; i++) {
        struct str path;
        struct strv files, folders;
        if (facts_path(f, &r->row, "files", r->files.v[i], &path, e) < 0 ||
            facts_match(f, path, DIR_FILE, &files, e) < 0 || facts_match(f, path, DIR_DIR, &folders, e) < 0)
            return -1;
        for (size_t j = 0; j < files.n; j++)
            if (key_file(f, l, files.v[j], e) < 0)
                return -1;
        for (size_t j = 0; j < folders.n; j++)
            if (key_file(f, l, folders.v[j], e) < 0)
                return -1;
    }
    return 0;
}

// Where the content does not come back, neither does an environment that could be written anew.
static int key_environment(struct facts *f, struct bp_layer *l, struct err *e)
{
    drop_buf struct buf b = BUF_INIT(KEY_MAX);
    if (l->cache || !l->env.n)
        return 0;
    for (size_t i = 0; i < l->env.n; i++)
        buf_printf(&b, PRI_STR " %zu " PRI_STR "\n", STR_ARG(l->env.v[i].path), l->env.v[i].content.n,
                   STR_ARG(l->env.v[i].content));
    return put_hashed(f, l, STR("environment"), &b, e);
}

static int make_key(struct facts *f, struct bp_layer *l, struct err *e)
{
    char text[DIGEST_TEXT];
    struct kit_world *w = f->in->world;
    struct digest d;
    if (l->dep) {
        put(f, l, STR("version"), l->dep->version);
        put(f, l, STR("checksum"), str_dup(f->a, str_of(digest_text(&l->dep->sum, text))));
    }
    if (facts_fill_map(f, &l->row->row, "key", &l->row->key, &l->key, e) < 0 || key_files(f, l, e) < 0 ||
        key_recipe(f, l, e) < 0 || key_steps(f, l, e) < 0)
        return -1;
    if (l->helpers.n) {
        if (w->ops->helpers(w, &d, e) < 0)
            return -1;
        put(f, l, STR("helpers"), str_dup(f->a, str_of(digest_text(&d, text))));
    }
    return key_environment(f, l, e);
}

static struct str old_text(const struct val *old, struct str field, bool *there)
{
    const struct val *v = val_get(old, field);
    *there = v && v->kind == VAL_STR;
    return *there ? v->s : STR("");
}

// Only of layers that could have one, and only where none is wanted: `sbom` is no reason to make anything anew before
// it is.
static void put_sbom(struct facts *f, struct bp_layer *l)
{
    bool could = l->dep;
    for (size_t i = 0; i < l->steps.n; i++)
        could |= l->steps.v[i].call.n > 0;
    if (could && !f->in->sbom)
        put(f, l, STR(SBOM), STR("false"));
}

static void compare(struct facts *f, struct bp_layer *l, const struct val *old)
{
    for (size_t i = 0; i < l->key.n; i++) {
        struct str field = l->key.v[i].key, now = l->key.v[i].val;
        bool there;
        struct str was = old_text(old, field, &there);
        if ((there && str_eq(was, now)) || str_is(field, SBOM))
            continue;
        struct str shown = str_printable(f->a, field, SHOWN);
        if (!there)
            strv_add(f->a, &l->why, str_printf(f->a, PRI_STR " is new", STR_ARG(shown)));
        else if (str_has_prefix(now, "sha256:") || str_has_prefix(now, "sha512:"))
            strv_add(f->a, &l->why, str_printf(f->a, PRI_STR " changed", STR_ARG(shown)));
        else
            strv_add(f->a, &l->why,
                     str_printf(f->a, PRI_STR " " PRI_STR ", was " PRI_STR, STR_ARG(shown),
                                STR_ARG(str_printable(f->a, now, SHOWN)),
                                STR_ARG(str_printable(f->a, was, SHOWN))));
    }
    for (size_t i = 0; i < old->c.n; i++) {
        struct str field = old->c.key[i];
        if (map_find(&l->key, field))
            continue;
        strv_add(f->a, &l->why,
                 str_is(field, SBOM)
                     ? STR("an SBOM is wanted now")
                     : str_printf(f->a, PRI_STR " is gone", STR_ARG(str_printable(f->a, field, SHOWN))));
    }
}

// A cache that nothing fills has no key.
static bool is_keyed(const struct bp_layer *l)
{
    return !l->cache || l->dep || l->key.n;
}

int plan_key(struct facts *f, struct bp_layer *l, struct err *e)
{
    struct kit_world *w = f->in->world;
    const struct val *old;
    struct kit_layer last;
    struct str always = {0};
    if (make_key(f, l, e) < 0 || w->ops->layer(w, f->a, STR(""), l->name, &last, e) < 0 ||
        facts_fill(f, &l->row->row, "always", l->row->always, &always, e) < 0)
        return -1;
    if (!is_keyed(l)) {
        l->fate = BP_KEPT;
        return 0;
    }
    put(f, l, STR("build"), l->build ? STR("true") : STR("false"));
    put(f, l, STR("launch"), l->launch ? STR("true") : STR("false"));
    put_sbom(f, l);
    old = val_at(last.doc, "metadata.key");
    if (always.n) {
        l->fate = BP_ALWAYS;
        strv_add(f->a, &l->why, str_printable(f->a, always, 256));
        return 0;
    }
    if (!old || old->kind != VAL_MAP) {
        l->fate = BP_NEW;
        return 0;
    }
    compare(f, l, old);
    // Only an image has the content of a layer that is neither for builds nor kept.
    bool elsewhere = l->launch && !l->build && !l->cache;
    l->fate = l->why.n ? BP_CHANGED : last.content || elsewhere ? BP_REUSED : BP_LOST;
    return 0;
}
