// SPDX-License-Identifier: Apache-2.0
#include "cnb/labels.h"
#include "cnb/buildpack.h"
#include "cnb/hooks.h"
#include "document/json.h"

// {"sha": "…"}
static int sha_object(struct decode *d, const struct val *v, void *at, struct err *e)
{
    if (v->kind != VAL_MAP)
        return doc_wrong(d, v, "table with sha", e);
    const struct val *sha = val_get(v, STR("sha"));
    return sha ? cnb_digest_read(d, sha, at, e) : 0;
}

static void put_sha(const struct doc *doc, struct val *out, struct str sha)
{
    val_set_map(out);
    val_set_str(val_put(doc->a, out, STR("sha")), sha);
}

static int write_sha(const struct doc *doc, const void *at, struct val *out, struct err *e)
{
    (void)e;
    put_sha(doc, out, *(const struct str *)at);
    return 0;
}

static int write_sha_if(const struct doc *doc, const void *at, struct val *out, struct err *e)
{
    return ((const struct str *)at)->n ? write_sha(doc, at, out, e) : 0;
}

static int app_read(struct decode *d, const struct val *v, void *at, struct err *e)
{
    struct strv list = {0};
    if (v->kind != VAL_LIST)
        return doc_wrong(d, v, "list", e);
    for (size_t i = 0; i < v->c.n; i++) {
        struct str sha = STR("");
        if (sha_object(d, &v->c.v[i], &sha, e) < 0)
            return -1;
        strv_add(doc_of(d)->a, &list, sha);
    }
    *(struct strv *)at = list;
    return 0;
}

static int app_write(const struct doc *doc, const void *at, struct val *out, struct err *e)
{
    const struct strv *list = at;
    (void)e;
    val_set_list(out);
    for (size_t i = 0; i < list->n; i++)
        put_sha(doc, val_add(doc->a, out), list->v[i]);
    return 0;
}

static int data_write(const struct doc *doc, const void *at, struct val *out, struct err *e)
{
    const struct val *v = *(const struct val *const *)at;
    struct val *json;
    if (!v || doc->names == NAMES_TOML) {
        if (v)
            *out = *v;
        return 0;
    }
    if (toml_as_json(doc->a, v, &json, e) < 0)
        return -1;
    *out = *json;
    return 0;
}

static int data_read(struct decode *d, const struct val *v, void *at, struct err *e)
{
    if (v->kind != VAL_MAP && v->kind != VAL_NULL)
        return doc_wrong(d, v, "table", e);
    *(const struct val **)at = v->kind == VAL_MAP ? v : NULL;
    return 0;
}

static int sha_write_text(const struct doc *doc, const void *at, struct val *out, struct err *e)
{
    (void)doc;
    (void)e;
    val_set_str(out, *(const struct str *)at);
    return 0;
}

static const struct field layer_fields[] = {
    HOOK(struct lm_layer, sha, "sha", cnb_digest_read, sha_write_text, .shape = "text", .help = "diff ID"),
    HOOK(struct lm_layer, data, "metadata", data_read, data_write, .json = "data", .shape = "table",
         .help = "what the buildpack noted in <layer>.toml"),
    KEY(struct lm_layer, build, "build", .help = "later buildpacks may use it"),
    KEY(struct lm_layer, launch, "launch", .help = "it is part of the image"),
    KEY(struct lm_layer, cache, "cache", .help = "it is kept for the next build"),
};
static SCHEMA(layer_schema, struct lm_layer, layer_fields, .name = "layers");

struct layers {
    struct lm_layer *v;
    size_t n;
};

static int by_name(const void *x, const void *y)
{
    return str_cmp(((const struct lm_layer *)x)->name, ((const struct lm_layer *)y)->name);
}

static int layers_read(struct decode *d, const struct val *v, void *at, struct err *e)
{
    static const struct field one = {.toml = "layers", .kind = F_STRUCT, .sub = &layer_schema};
    if (v->kind != VAL_MAP)
        return doc_wrong(d, v, "table", e);
    struct layers l = {ARENA_ARRAY(doc_of(d)->a, struct lm_layer, v->c.n), v->c.n};
    for (size_t i = 0; i < v->c.n; i++) {
        if (doc_read_as(d, &one, &v->c.v[i], &l.v[i], e) < 0)
            return -1;
        l.v[i].name = v->c.key[i];
    }
    if (l.n)
        qsort(l.v, l.n, sizeof *l.v, by_name);
    *(struct layers *)at = l;
    return 0;
}

static int layers_write(const struct doc *doc, const void *at, struct val *out, struct err *e)
{
    const struct layers *l = at;
    val_set_map(out);
    for (size_t i = 0; i < l->n; i++) {
        struct val *one;
        if (doc_write(doc, &layer_schema, &l->v[i], &one, e) < 0)
            return -1;
        struct val *data = ARENA_NEW(doc->a, struct val); // "data" is null where there are no notes
        if (doc->names == NAMES_JSON && !l->v[i].data) {
            struct val *ordered = ARENA_NEW(doc->a, struct val);
            val_set_map(ordered);
            *val_put(doc->a, ordered, STR("sha")) = *val_get(one, STR("sha"));
            *val_put(doc->a, ordered, STR("data")) = *data;
            for (size_t k = 1; k < one->c.n; k++)
                *val_put(doc->a, ordered, one->c.key[k]) = one->c.v[k];
            one = ordered;
        }
        *val_put(doc->a, out, l->v[i].name) = *one;
    }
    return 0;
}

static int key_read(struct decode *d, const struct val *v, void *at, struct err *e)
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

static int store_read(struct decode *d, const struct val *v, void *at, struct err *e)
{
    if (v->kind != VAL_MAP)
        return doc_wrong(d, v, "table", e);
    const struct val *metadata = val_get(v, STR("metadata"));
    *(const struct val **)at = metadata && metadata->kind == VAL_MAP ? metadata : NULL;
    return 0;
}

static int store_write(const struct doc *doc, const void *at, struct val *out, struct err *e)
{
    if (!*(const struct val *const *)at)
        return 0;
    val_set_map(out);
    return data_write(doc, at, val_put(doc->a, out, STR("metadata")), e);
}

static const struct field buildpack_fields[] = {
    KEY(struct lm_buildpack, key, "key", .read = key_read, .help = "id of the buildpack"),
    KEY(struct lm_buildpack, version, "version", .help = "its version"),
    HOOK(struct lm_buildpack, layers, "layers", layers_read, layers_write, .flags = NAMED,
         .sub = &layer_schema, .help = "its layers, by name"),
    HOOK(struct lm_buildpack, store, "store", store_read, store_write, .shape = "table",
         .help = "what it keeps from build to build, under the key metadata"),
};
static SCHEMA(lm_buildpack_schema, struct lm_buildpack, buildpack_fields, .name = "buildpacks");

static const struct field run_image_fields[] = {
    KEY(struct lm_run_image, top_layer, "top-layer", .json = "topLayer", .help = "diff ID of its last layer"),
    KEY(struct lm_run_image, reference, "reference", .help = "the run image by digest or id"),
    KEY(struct lm_run_image, image, "image", .flags = OMIT_EMPTY, .help = "its name"),
    KEY(struct lm_run_image, mirrors, "mirrors", .flags = OMIT_EMPTY, .help = "other places that have it"),
};
static SCHEMA(run_image_schema, struct lm_run_image, run_image_fields, .name = "run-image");

// For platforms before 0.12: {"runImage": {image, mirrors}}.
static int stack_write(const struct doc *doc, const void *at, struct val *out, struct err *e)
{
    struct lm_run_image r = *(const struct lm_run_image *)at;
    struct val *whole, *names;
    if (doc_write(doc, &run_image_schema, &r, &whole, e) < 0)
        return -1;
    val_set_map(out);
    names = val_put(doc->a, out, doc->names == NAMES_JSON ? STR("runImage") : STR("run-image"));
    val_set_map(names);
    const struct val *image = val_get(whole, STR("image")), *mirrors = val_get(whole, STR("mirrors"));
    val_set_str(val_put(doc->a, names, STR("image")), r.image);
    if (image && mirrors)
        *val_put(doc->a, names, STR("mirrors")) = *mirrors;
    return 0;
}

static int stack_read(struct decode *d, const struct val *v, void *at, struct err *e)
{
    (void)d;
    (void)v;
    (void)at;
    (void)e;
    return 0; // says nothing that run-image does not
}

static const struct field metadata_fields[] = {
    HOOK(struct lifecycle_metadata, app, "app", app_read, app_write, .shape = "list of tables",
         .help = "diff IDs of the app's slices, each under the key sha"),
    HOOK(struct lifecycle_metadata, sbom, "sbom", sha_object, write_sha_if, .shape = "table",
         .help = "diff ID of the SBOM layer, under the key sha"),
    TABLES(struct lifecycle_metadata, buildpacks, "buildpacks", lm_buildpack_schema,
           .help = "the buildpacks and their layers"),
    HOOK(struct lifecycle_metadata, config, "config", sha_object, write_sha, .shape = "table",
         .help = "diff ID of the layer with metadata.toml, under the key sha"),
    HOOK(struct lifecycle_metadata, launcher, "launcher", sha_object, write_sha, .shape = "table",
         .help = "diff ID of the launcher's layer, under the key sha"),
    HOOK(struct lifecycle_metadata, process_types, "process-types", sha_object, write_sha, .shape = "table",
         .help = "diff ID of the layer with links for process types, under the key sha"),
    TABLE(struct lifecycle_metadata, run_image, "run-image", run_image_schema, .json = "runImage",
          .help = "the run image that it stands on"),
    HOOK(struct lifecycle_metadata, run_image, "stack", stack_read, stack_write, .shape = "table",
         .help = "the run image, for platforms before Platform API 0.12"),
};
SCHEMA(lifecycle_metadata_schema, struct lifecycle_metadata, metadata_fields, .name = LABEL_LIFECYCLE,
       .help = "What an app image is made of (platform.md)");

int lifecycle_metadata_json(struct arena *a, const struct lifecycle_metadata *m, struct buf *out,
                            struct err *e)
{
    const struct doc how = {.names = NAMES_JSON, .a = a};
    struct val *v;
    if (doc_write(&how, &lifecycle_metadata_schema, m, &v, e) < 0)
        return -1;
    json_write(v, JSON_GO, out);
    return buf_finish(out, LABEL_LIFECYCLE, e);
}

int lifecycle_metadata_read(struct arena *a, const struct val *doc, const char *what,
                            struct lifecycle_metadata *out, struct err *e)
{
    const struct doc how = {.names = NAMES_JSON, .file = what, .a = a};
    return doc_read(&how, &lifecycle_metadata_schema, doc, out, e);
}

const struct lm_layer *lm_find(const struct lifecycle_metadata *m, struct str buildpack, struct str layer)
{
    for (size_t i = 0; i < m->buildpacks.n; i++) {
        const struct lm_buildpack *bp = &m->buildpacks.v[i];
        for (size_t j = 0; str_eq(bp->key, buildpack) && j < bp->layers.n; j++)
            if (str_eq(bp->layers.v[j].name, layer))
                return &bp->layers.v[j];
    }
    return NULL;
}
