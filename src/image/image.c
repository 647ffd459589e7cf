// SPDX-License-Identifier: Apache-2.0
#include "image/image.h"
#include "image/note.h"

int image_decode(struct arena *a, struct str manifest, const struct descriptor *want, struct str config,
                 struct image *out, struct err *e)
{
    struct image img = {.manifest_bytes = manifest, .config_bytes = config};
    if (manifest_decode(a, manifest, want, &img.manifest, e) < 0)
        return err_wrap(e, "manifest");
    if (manifest_is_image(&img.manifest)) {
        if (image_config_decode(a, config, &img.manifest.config, &img.config, e) < 0 ||
            image_config_check_layers(&img.config, &img.manifest, e) < 0)
            return err_wrap(e, "config");
    } else if (descriptor_check(&img.manifest.config, config, e) < 0) {
        return err_wrap(e, "config");
    }
    if (want)
        img.desc = *want;
    if (!img.desc.media_type.n)
        img.desc.media_type = img.manifest.media_type.n ? img.manifest.media_type : STR(MEDIA_OCI_MANIFEST);
    img.desc.size = (int64_t)manifest.n;
    if (img.desc.digest.alg == HASH_NONE)
        digest_of(HASH_SHA256, manifest.p, manifest.n, &img.desc.digest);
    *out = img;
    return 0;
}

struct image image_new(const struct oci_platform *p)
{
    return (struct image){.manifest = manifest_new(MEDIA_OCI), .config = image_config_new(p)};
}

void image_add_layer(struct arena *a, struct image *img, const struct descriptor *blob,
                     const struct digest *diff_id, const struct history *h)
{
    size_t n = img->manifest.layers.n;
    descriptors_add(a, &img->manifest.layers, blob);
    image_config_add_layer(a, &img->config, diff_id, h);
    if (img->note) {
        struct image_note *grown = ARENA_ARRAY(a, struct image_note, n + 1);
        memcpy(grown, img->note, n * sizeof *grown);
        img->note = grown;
    }
}

struct image_note *image_note_at(struct arena *a, struct image *img, size_t layer)
{
    if (!img->note)
        img->note = ARENA_ARRAY(a, struct image_note, img->manifest.layers.n);
    return &img->note[layer];
}

struct image image_artifact(struct str type, const struct descriptor *subject)
{
    struct image img = {.manifest = manifest_new(MEDIA_OCI), .config_bytes = STR("{}")};
    img.manifest.artifact_type = type;
    img.manifest.config.media_type = STR(MEDIA_OCI_EMPTY);
    if (subject)
        img.manifest.subject = (struct descriptor){
            .media_type = subject->media_type, .size = subject->size, .digest = subject->digest};
    return img;
}

int image_encode(struct arena *a, struct image *img, struct err *e)
{
    struct image made = *img;
    struct descriptor *config = &made.manifest.config;
    if (manifest_is_image(&made.manifest)) {
        if (image_config_check_layers(&made.config, &made.manifest, e) < 0 ||
            image_config_encode(a, &made.config, OCI_CANONICAL, &made.config_bytes, e) < 0)
            return err_wrap(e, "config");
    }
    *config = (struct descriptor){.media_type = config->media_type, .size = (int64_t)made.config_bytes.n};
    digest_of(HASH_SHA256, made.config_bytes.p, made.config_bytes.n, &config->digest);
    if (manifest_encode(a, &made.manifest, OCI_CANONICAL, &made.manifest_bytes, e) < 0)
        return err_wrap(e, "manifest");
    made.desc = (struct descriptor){.media_type = made.manifest.media_type,
                                    .size = (int64_t)made.manifest_bytes.n,
                                    .annotations = img->desc.annotations};
    digest_of(HASH_SHA256, made.manifest_bytes.p, made.manifest_bytes.n, &made.desc.digest);
    *img = made;
    return 0;
}

int image_name(struct arena *a, struct str text, struct str *out, struct err *e)
{
    struct reference r;
    if (reference_parse(a, text, &r, e) < 0)
        return -1;
    r.digest = (struct digest){0};
    r.tag = reference_tag(&r);
    *out = reference_format(a, &r);
    return 0;
}
