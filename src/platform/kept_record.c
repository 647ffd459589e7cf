// SPDX-License-Identifier: Apache-2.0
#include "base/limits.h"
#include "cnb/buildpack.h"
#include "cnb/layer.h"
#include "document/toml.h"
#include "platform/kept_priv.h"
#include <stdlib.h>

enum { MODE_MAX = 07777 };

static const struct field part_fields[] = {
    KEY(struct kept_part, name, "name", .flags = REQUIRED,
        .help = "the directory of a layer, or a file such as jre.sbom.cdx.json"),
    KEY(struct kept_part, from, "from", .flags = REQUIRED,
        .help = "generations that it is made of, topmost first"),
};
static SCHEMA(part_schema, struct kept_part, part_fields, .name = "part");

static const struct field layer_fields[] = {
    KEY(struct kept_layer, name, "name", .flags = REQUIRED, .help = "name of the layer"),
    KEY(struct kept_layer, build, "build", .flags = OMIT_EMPTY, .help = "later buildpacks may use it"),
    KEY(struct kept_layer, launch, "launch", .flags = OMIT_EMPTY, .help = "part of the app image"),
    KEY(struct kept_layer, cache, "cache", .flags = OMIT_EMPTY, .help = "kept for the next build"),
    KEY(struct kept_layer, diff_id, "diff-id", .flags = OMIT_EMPTY, .help = "diff ID, where it is known"),
    KEY(struct kept_layer, blob, "blob", .flags = OMIT_EMPTY, .help = "digest of its blob"),
    KEY(struct kept_layer, codec, "codec", .flags = OMIT_EMPTY, .help = "compressor and its settings"),
    KEY(struct kept_layer, blob_size, "blob-size", .flags = OMIT_EMPTY, .help = "bytes of its blob"),
    KEY(struct kept_layer, layers_mode, "layers-mode", .flags = OMIT_EMPTY,
        .help = "mode of the layers directory, which is part of it"),
    KEY(struct kept_layer, dir_mode, "dir-mode", .flags = OMIT_EMPTY,
        .help = "mode of the buildpack's directory, which is part of it"),
    KEY(struct kept_layer, metadata, "metadata", .flags = OMIT_EMPTY,
        .help = "the buildpack's notes on the layer"),
    TABLES(struct kept_layer, parts, "parts", part_schema, .flags = OMIT_EMPTY,
           .help = "what belongs to it on disk"),
};
static SCHEMA(layer_schema, struct kept_layer, layer_fields, .name = "layer");

static const struct field buildpack_fields[] = {
    KEY(struct kept_buildpack, id, "id", .flags = REQUIRED, .help = "id of the buildpack"),
    TABLES(struct kept_buildpack, layers, "layers", layer_schema, .flags = OMIT_EMPTY,
           .help = "layers that are kept"),
};
static SCHEMA(buildpack_schema, struct kept_buildpack, buildpack_fields, .name = "buildpack");

static const struct field record_fields[] = {
    KEY(struct kept_record, format, "format", .flags = REQUIRED, .help = "version of this format"),
    KEY(struct kept_record, uid, "uid", .flags = REQUIRED, .help = "build user, inside"),
    KEY(struct kept_record, gid, "gid", .flags = REQUIRED, .help = "group of the build user, inside"),
    KEY(struct kept_record, out_uid, "outside-uid", .flags = REQUIRED,
        .help = "build user, as the machine sees it"),
    KEY(struct kept_record, out_gid, "outside-gid", .flags = REQUIRED,
        .help = "group of the build user, as the machine sees it"),
    KEY(struct kept_record, image, "image", .flags = REQUIRED,
        .help = "digest of the image that was made with it"),
    KEY(struct kept_record, source, "source", .flags = OMIT_EMPTY,
        .help = "folder that the image was built from"),
    TABLES(struct kept_record, buildpacks, "buildpacks", buildpack_schema, .flags = OMIT_EMPTY,
           .help = "buildpacks that took part"),
};
SCHEMA_DECLARE(kept_record_schema, struct kept_record);
SCHEMA(kept_record_schema, struct kept_record, record_fields, .name = KEPT_RECORD,
       .help = "What dema keeps of the build of an app for the next one");

uint64_t kept_number(struct str generation)
{
    uint64_t n = 0;
    if (!str_has_prefix(generation, "gen-") ||
        !str_u64(str_from(generation, strlen("gen-")), 1, INT64_MAX, &n))
        return 0;
    return n;
}

static int check_part(const struct kept_part *p, struct err *e)
{
    size_t slash;
    if (!path_is_safe(p->name) || str_find(p->name, '/', &slash) || !p->from.n)
        return err_set(e, ERR_PARSE, "part \"" PRI_STR "\"", STR_ARG(p->name));
    for (size_t i = 0; i < p->from.n; i++)
        if (!kept_number(p->from.v[i]))
            return err_set(e, ERR_PARSE, "part " PRI_STR ": \"" PRI_STR "\" is not a generation",
                           STR_ARG(p->name), STR_ARG(p->from.v[i]));
    return 0;
}

static int check_layer(const struct kept_layer *l, struct err *e)
{
    struct digest d;
    if (!layer_name_ok(l->name))
        return err_set(e, ERR_PARSE, "\"" PRI_STR "\" is not a name for a layer", STR_ARG(l->name));
    if (l->diff_id.n && (digest_parse(l->diff_id, &d, e) < 0 || digest_parse(l->blob, &d, e) < 0))
        return -1;
    if (l->blob_size < 0 || l->layers_mode < 0 || l->layers_mode > MODE_MAX || l->dir_mode < 0 ||
        l->dir_mode > MODE_MAX)
        return err_set(e, ERR_PARSE, "layer " PRI_STR ": a size or mode that cannot be", STR_ARG(l->name));
    for (size_t i = 0; i < l->parts.n; i++)
        if (check_part(&l->parts.v[i], e) < 0)
            return err_wrap(e, "layer " PRI_STR, STR_ARG(l->name));
    return 0;
}

static int check(struct arena *a, const struct kept_record *r, struct err *e)
{
    const char *dir;
    if (r->format != KEPT_FORMAT)
        return err_set(e, ERR_API, "format %jd, this dema reads %d", (intmax_t)r->format, KEPT_FORMAT);
    for (size_t i = 0; i < r->buildpacks.n; i++) {
        const struct kept_buildpack *bp = &r->buildpacks.v[i];
        if (buildpack_dir_name(a, bp->id, &dir, e) < 0)
            return -1;
        for (size_t j = 0; j < bp->layers.n; j++)
            if (check_layer(&bp->layers.v[j], e) < 0)
                return err_wrap(e, "buildpack " PRI_STR, STR_ARG(bp->id));
    }
    return 0;
}

int kept_record_read(struct arena *a, struct str text, struct kept_record *out, struct err *e)
{
    const struct doc how = {.names = NAMES_TOML, .file = KEPT_RECORD, .a = a};
    struct kept_record r = {0};
    struct val *doc;
    if (toml_read(a, text, KEPT_RECORD, &doc, e) < 0 || doc_read(&how, &kept_record_schema, doc, &r, e) < 0)
        return -1;
    if (check(a, &r, e) < 0)
        return err_wrap(e, KEPT_RECORD);
    *out = r;
    return 0;
}

int kept_record_write(struct arena *a, const struct kept_record *r, struct str *out, struct err *e)
{
    const struct doc how = {.names = NAMES_TOML, .file = KEPT_RECORD, .a = a};
    drop_buf struct buf text = BUF_INIT(LIMIT_DOCUMENT);
    struct val *doc;
    if (doc_write(&how, &kept_record_schema, r, &doc, e) < 0 || toml_write(doc, &text, e) < 0)
        return err_wrap(e, KEPT_RECORD);
    *out = str_dup(a, buf_view(&text));
    return 0;
}

const struct kept_buildpack *kept_buildpack_find(const struct kept_record *r, struct str id)
{
    for (size_t i = 0; i < r->buildpacks.n; i++)
        if (str_eq(r->buildpacks.v[i].id, id))
            return &r->buildpacks.v[i];
    return NULL;
}

const struct kept_layer *kept_layer_find(const struct kept_record *r, struct str id, struct str layer)
{
    const struct kept_buildpack *bp = kept_buildpack_find(r, id);
    for (size_t i = 0; bp && i < bp->layers.n; i++)
        if (str_eq(bp->layers.v[i].name, layer))
            return &bp->layers.v[i];
    return NULL;
}

const struct kept_part *kept_part_find(const struct kept_layer *l, struct str name)
{
    for (size_t i = 0; i < l->parts.n; i++)
        if (str_eq(l->parts.v[i].name, name))
            return &l->parts.v[i];
    return NULL;
}

bool kept_part_is_dir(const struct kept_layer *l, const struct kept_part *p)
{
    return str_eq(l->name, p->name);
}

static int newest_first(const void *x, const void *y)
{
    uint64_t a = kept_number(*(const struct str *)x), b = kept_number(*(const struct str *)y);
    return a < b ? 1 : a > b ? -1 : 0;
}

void kept_generations(struct arena *a, const struct kept_record *r, struct strv *out)
{
    for (size_t i = 0; i < r->buildpacks.n; i++)
        for (size_t j = 0; j < r->buildpacks.v[i].layers.n; j++) {
            const struct kept_layer *l = &r->buildpacks.v[i].layers.v[j];
            for (size_t k = 0; k < l->parts.n; k++)
                for (size_t g = 0; g < l->parts.v[k].from.n; g++)
                    if (!strv_has(out, l->parts.v[k].from.v[g]))
                        strv_add(a, out, l->parts.v[k].from.v[g]);
        }
    if (out->n)
        qsort(out->v, out->n, sizeof *out->v, newest_first);
}
