// SPDX-License-Identifier: Apache-2.0
// The documents that a buildpack leaves: <layer>.toml, launch.toml, build.toml, SBOMs.
#include "base/file.h"
#include "base/limits.h"
#include "document/toml.h"
#include "kit/act_priv.h"
#include "sbom/cyclonedx.h"
#include "sbom/licence.h"

enum { SBOM_BYTES_MAX = 1 << 26 };

static int place(struct acting *t, const char *name, const struct val *doc, struct err *e)
{
    drop_buf struct buf text = BUF_INIT(LIMIT_DOCUMENT);
    if (toml_write(doc, &text, e) < 0 || buf_finish(&text, name, e) < 0)
        return err_wrap(e, "%s", name);
    return file_place(t->layers_fd, name, 0644, buf_view(&text), e);
}

static void put_text(struct acting *t, struct val *map, const char *key, struct str text)
{
    val_set_str(val_put(t->a, map, str_of(key)), text);
}

static void put_list(struct acting *t, struct val *map, const char *key, const struct strv *list)
{
    struct val *v = val_put(t->a, map, str_of(key));
    val_set_list(v);
    for (size_t i = 0; i < list->n; i++)
        val_set_str(val_add(t->a, v), list->v[i]);
}

int write_layer_toml(struct acting *t, const struct bp_layer *l, struct err *e)
{
    struct cnb_layer layer = {.launch = l->launch, .build = l->build, .cache = l->cache};
    struct val *doc, *metadata = ARENA_NEW(t->a, struct val);
    val_set_map(metadata);
    if (l->fate != BP_KEPT) {
        struct val *key = val_put(t->a, metadata, STR("key"));
        val_set_map(key);
        for (size_t i = 0; i < l->key.n; i++)
            val_set_str(val_put(t->a, key, l->key.v[i].key), l->key.v[i].val);
        layer.metadata = metadata;
    }
    if (layer_toml_write(t->a, &layer, true, &doc, e) < 0)
        return -1;
    return place(t, arena_printf(t->a, PRI_STR ".toml", STR_ARG(l->name)), doc, e);
}

static struct val *table_in(struct acting *t, struct val *doc, const char *key)
{
    struct val *list = val_put(t->a, doc, str_of(key));
    if (list->kind == VAL_NULL)
        val_set_list(list);
    struct val *one = val_add(t->a, list);
    val_set_map(one);
    return one;
}

int write_launch_toml(struct acting *t, struct err *e)
{
    const struct bp_plan *p = t->act->plan;
    struct val doc = {0};
    val_set_map(&doc);
    for (size_t i = 0; i < p->processes.n; i++) {
        const struct cnb_process *one = &p->processes.v[i];
        struct val *v = table_in(t, &doc, "processes");
        put_text(t, v, "type", one->type);
        put_list(t, v, "command", &one->command);
        if (one->args.n)
            put_list(t, v, "args", &one->args);
        if (one->is_default)
            val_set_bool(val_put(t->a, v, STR("default")), true);
        if (one->working_dir.n)
            put_text(t, v, "working-dir", one->working_dir);
    }
    for (size_t i = 0; i < p->labels.n; i++) {
        struct val *v = table_in(t, &doc, "labels");
        put_text(t, v, "key", p->labels.v[i].key);
        put_text(t, v, "value", p->labels.v[i].val);
    }
    for (size_t i = 0; i < p->slices.n; i++)
        put_list(t, table_in(t, &doc, "slices"), "paths", &p->slices.v[i].paths);
    return doc.c.n ? place(t, "launch.toml", &doc, e) : 0;
}

int write_build_toml(struct acting *t, struct err *e)
{
    const struct bp_plan *p = t->act->plan;
    struct val doc = {0};
    val_set_map(&doc);
    for (size_t i = 0; i < p->unmet.n; i++)
        put_text(t, table_in(t, &doc, "unmet"), "name", p->unmet.v[i]);
    return doc.c.n ? place(t, "build.toml", &doc, e) : 0;
}

void sbom_of_dep(struct acting *t, const struct dep *d, struct sbom *sbom)
{
    struct sbom_component *c = sbom_add(t->a, sbom, SBOM_APPLICATION);
    c->name = d->name.n ? d->name : d->id;
    c->version = d->version;
    c->purl = d->purl;
    c->cpe = d->cpes.n ? d->cpes.v[0] : (struct str){0};
    c->hash = d->sum;
    for (size_t i = 0; i < d->licences.n; i++) {
        struct str known = licence_expression(t->a, d->licences.v[i].type);
        strv_add(t->a, &c->licences, known.n ? known : d->licences.v[i].type);
    }
}

int write_layer_sbom(struct acting *t, const struct bp_layer *l, struct sbom *sbom, struct err *e)
{
    drop_buf struct buf text = BUF_INIT(SBOM_BYTES_MAX);
    const char *name = arena_printf(t->a, PRI_STR ".sbom.cdx.json", STR_ARG(l->name));
    if (!t->act->in->sbom || !sbom->components.n)
        return 0;
    sbom->tool = STR("dema");
    sbom->tool_version = STR(DEMA_VERSION);
    cyclonedx_write(sbom, CYCLONEDX_1_5, &text);
    if (buf_finish(&text, name, e) < 0)
        return -1;
    return file_place(t->layers_fd, name, 0644, buf_view(&text), e);
}
