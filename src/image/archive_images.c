// SPDX-License-Identifier: Apache-2.0
#include "base/limits.h"
#include "document/json.h"
#include "image/archive_priv.h"
#include "image/fetch.h"
#include "image/layout.h"

struct archive_getter {
    struct image_get base;
    struct archive_reading *r;
};

static int get_blob(struct image_get *g, struct arena *a, const struct descriptor *d, struct str *out,
                    struct err *e)
{
    struct archive_reading *r = CONTAINER(g, struct archive_getter, base)->r;
    char text[DIGEST_TEXT];
    struct map_entry *m = map_find(&r->digest, str_of(digest_text(&d->digest, text)));
    struct archive_file *f = m ? m->ptr : NULL;
    if (!f || !f->bytes.p)
        return image_get_blob(r->st, a, d, out, e); // sparse archives: what we have already
    if (descriptor_check(d, f->bytes, e) < 0)
        return err_wrap(e, "blob %s", text);
    *out = f->bytes;
    return 0;
}

static int check_layers(struct archive_reading *r, const struct image *img, struct err *e)
{
    for (size_t i = 0; i < img->manifest.layers.n; i++) {
        const struct descriptor *d = &img->manifest.layers.v[i];
        char text[DIGEST_TEXT];
        struct map_entry *m = map_find(&r->digest, str_of(digest_text(&d->digest, text)));
        struct archive_file *f = m ? m->ptr : NULL;
        if (!f && !state_blob_has(r->st, &d->digest))
            return err_set(e, ERR_NOT_FOUND, "layer %zu: blob %s is not in the archive", i + 1, text);
        if (f && f->size != (uint64_t)d->size)
            return err_set(e, ERR_DIGEST, "layer %zu: blob %s has %ju bytes, want %jd", i + 1, text,
                           (uintmax_t)f->size, (intmax_t)d->size);
    }
    return 0;
}

static int add_image(struct archive_reading *r, const struct descriptor *at, struct str reference,
                     struct archive_images *out, struct err *e)
{
    struct archive_getter g = {.base = {get_blob}, .r = r};
    struct image img;
    if (image_fetch(&g.base, r->a, at, NULL, &img, e) < 0 || check_layers(r, &img, e) < 0)
        return -1;
    img.desc.annotations = (struct strmap){0};
    img.desc.rest = NULL;
    archive_images_add(r->a, out, &img, reference);
    return 0;
}

// An entry of index.json; of an index every manifest.
static int add_entry(struct archive_reading *r, const struct descriptor *at, struct str reference,
                     unsigned depth, struct archive_images *out, struct err *e)
{
    struct archive_getter g = {.base = {get_blob}, .r = r};
    enum media_kind kind;
    struct image_index x;
    struct str bytes;
    if (get_blob(&g.base, r->a, at, &bytes, e) < 0 || manifest_or_index(bytes, at, &kind, e) < 0)
        return -1;
    if (kind == MEDIA_MANIFEST)
        return add_image(r, at, reference, out, e);
    if (depth == IMAGE_INDEX_DEPTH)
        return err_set(e, ERR_LIMIT, "more than %d indexes within each other", IMAGE_INDEX_DEPTH);
    if (image_index_decode(r->a, bytes, at, &x, e) < 0)
        return -1;
    for (size_t i = 0; i < x.manifests.n; i++) {
        if (out->n > LIMIT_INDEX_MANIFESTS)
            return err_set(e, ERR_LIMIT, "more than %d images", LIMIT_INDEX_MANIFESTS);
        if (add_entry(r, &x.manifests.v[i], reference, depth + 1, out, e) < 0)
            return -1;
    }
    return 0;
}

int archive_oci_images(struct archive_reading *r, struct archive_images *out, struct err *e)
{
    struct archive_file *marker, *index;
    struct image_index x;
    if (archive_file_find(r, STR("oci-layout"), &marker, e) < 0 ||
        archive_file_find(r, STR("index.json"), &index, e) < 0 || layout_check_marker(marker->bytes, e) < 0 ||
        layout_check_index(r->a, index->bytes, &x, e) < 0)
        return -1;
    for (size_t i = 0; i < x.manifests.n; i++) {
        const struct str *name = strmap_get(&x.manifests.v[i].annotations, STR(LAYOUT_REF_NAME));
        if (add_entry(r, &x.manifests.v[i], name ? *name : STR(""), 0, out, e) < 0)
            return err_wrap(e, "image %zu", i + 1);
    }
    return 0;
}

// --- Docker

static const struct val *list_at(const struct val *row, const char *key)
{
    const struct val *v = val_get(row, str_of(key));
    return v && v->kind == VAL_LIST ? v : NULL;
}

static int docker_layer(struct archive_reading *r, const struct val *name, const struct digest *diff_id,
                        struct descriptor *out, struct err *e)
{
    struct archive_file *f;
    char is[DIGEST_TEXT], want[DIGEST_TEXT];
    if (name->kind != VAL_STR)
        return err_set(e, ERR_PARSE, "manifest.json: the name of a layer is %s", val_kind_name(name->kind));
    if (archive_file_find(r, name->s, &f, e) < 0)
        return -1;
    struct str type = media_type_layer(MEDIA_DOCKER, f->codec);
    if (!type.n)
        return err_set(e, ERR_PARSE, "a layer compressed with %s", codec_name(f->codec));
    if (f->codec == CODEC_PLAIN && !digest_eq(&f->digest, diff_id) && f->digest.alg == diff_id->alg)
        return err_set(e, ERR_DIGEST, "the layer is %s, want diff ID %s", digest_text(&f->digest, is),
                       digest_text(diff_id, want));
    *out = (struct descriptor){.media_type = type, .size = (int64_t)f->size, .digest = f->digest};
    return 0;
}

static int docker_image(struct archive_reading *r, const struct val *row, struct image *out, struct err *e)
{
    const struct val *config = val_get(row, STR("Config")), *layers = list_at(row, "Layers");
    struct manifest m = manifest_new(MEDIA_DOCKER);
    struct image_config c;
    struct archive_file *f;
    struct str bytes;
    if (!config || config->kind != VAL_STR || !layers)
        return err_set(e, ERR_PARSE, "manifest.json: no Config or no Layers");
    if (archive_file_find(r, config->s, &f, e) < 0)
        return -1;
    if (!f->bytes.p || image_config_decode(r->a, f->bytes, NULL, &c, e) < 0)
        return f->bytes.p ? err_wrap(e, "config") : err_set(e, ERR_PARSE, "the config is no JSON document");
    if (c.rootfs.diff_ids.n != layers->c.n)
        return err_set(e, ERR_PARSE, "manifest.json: %zu layers, the config has %zu diff IDs", layers->c.n,
                       c.rootfs.diff_ids.n);
    m.config.size = (int64_t)f->size;
    m.config.digest = f->digest;
    for (size_t i = 0; i < layers->c.n; i++) {
        struct descriptor d;
        if (docker_layer(r, &layers->c.v[i], &c.rootfs.diff_ids.v[i], &d, e) < 0)
            return err_wrap(e, "layer %zu", i + 1);
        descriptors_add(r->a, &m.layers, &d);
    }
    if (manifest_encode(r->a, &m, OCI_CANONICAL, &bytes, e) < 0)
        return -1;
    return image_decode(r->a, bytes, NULL, f->bytes, out, e);
}

int archive_docker_images(struct archive_reading *r, struct archive_images *out, struct err *e)
{
    struct archive_file *f;
    struct val *v;
    if (archive_file_find(r, STR("manifest.json"), &f, e) < 0 ||
        json_read(r->a, f->bytes, "manifest.json", &v, e) < 0)
        return -1;
    if (v->kind != VAL_LIST || v->c.n > LIMIT_INDEX_MANIFESTS)
        return err_set(e, ERR_PARSE, "manifest.json: not a list of at most %d images", LIMIT_INDEX_MANIFESTS);
    for (size_t i = 0; i < v->c.n; i++) {
        const struct val *tags = list_at(&v->c.v[i], "RepoTags");
        struct image img;
        if (docker_image(r, &v->c.v[i], &img, e) < 0)
            return err_wrap(e, "image %zu", i + 1);
        if (!tags || !tags->c.n)
            archive_images_add(r->a, out, &img, STR(""));
        for (size_t k = 0; tags && k < tags->c.n; k++)
            archive_images_add(r->a, out, &img, tags->c.v[k].kind == VAL_STR ? tags->c.v[k].s : STR(""));
    }
    return 0;
}
