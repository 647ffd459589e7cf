// SPDX-License-Identifier: Apache-2.0
#include "oci/manifest.h"
#include "base/limits.h"
#include "oci/doc.h"

static const struct field manifest_fields[] = {
    KEY(struct manifest, schema_version, "schemaVersion", .flags = REQUIRED, .help = "2"),
    KEY(struct manifest, media_type, "mediaType", .flags = OMIT_EMPTY, .help = "media type of the manifest"),
    KEY(struct manifest, artifact_type, "artifactType", .flags = OMIT_EMPTY,
        .help = "what it is where it is no image"),
    TABLE(struct manifest, config, "config", descriptor_schema, .flags = REQUIRED,
          .help = "the image config"),
    TABLES(struct manifest, layers, "layers", descriptor_schema, .flags = REQUIRED,
           .help = "layers, lowest first"),
    KEY(struct manifest, annotations, "annotations", .flags = OMIT_EMPTY, .help = "notes of anybody"),
    TABLE(struct manifest, subject, "subject", descriptor_schema, .flags = OMIT_EMPTY,
          .help = "manifest that this one says something of"),
    KEEP(struct manifest, rest),
};

SCHEMA_DECLARE(image_manifest_schema, struct manifest);
SCHEMA(image_manifest_schema, struct manifest, manifest_fields, .name = "image manifest",
       .check = oci_check_image, .help = "An image for one platform (OCI image-spec, manifest.md)");

int manifest_decode(struct arena *a, struct str bytes, const struct descriptor *want, struct manifest *out,
                    struct err *e)
{
    struct doc doc = {.names = NAMES_JSON, .a = a};
    struct manifest m = {0};
    enum media_kind kind;
    struct err_at at;
    struct val *v;
    if (oci_read_image(a, bytes, want, &v, &kind, e) < 0)
        return -1;
    val_where(v, NULL, NULL, &at);
    if (kind != MEDIA_MANIFEST)
        return err_doc(e, &at, "an index, want an image manifest");
    const struct val *layers = val_get(v, STR("layers"));
    if (layers && layers->kind == VAL_LIST && layers->c.n > LIMIT_IMAGE_LAYERS)
        return err_set(e, ERR_LIMIT, "image manifest: %zu layers, want at most %d", layers->c.n,
                       LIMIT_IMAGE_LAYERS);
    if (doc_read(&doc, &image_manifest_schema, v, &m, e) < 0)
        return -1;
    m.layers.cap = m.layers.n;
    if (want && m.subject.digest.alg != HASH_NONE && digest_eq(&m.subject.digest, &want->digest))
        return err_doc(e, &at, "the subject is the manifest itself");
    *out = m;
    return 0;
}

int manifest_encode(struct arena *a, const struct manifest *m, enum oci_style style, struct str *out,
                    struct err *e)
{
    return oci_write(a, &image_manifest_schema, m, style, out, e);
}

struct manifest manifest_new(enum media_family family)
{
    struct manifest m = {.schema_version = 2};
    m.media_type = family == MEDIA_OCI ? STR(MEDIA_OCI_MANIFEST) : STR(MEDIA_DOCKER_MANIFEST);
    m.config.media_type = family == MEDIA_OCI ? STR(MEDIA_OCI_CONFIG) : STR(MEDIA_DOCKER_CONFIG);
    return m;
}

enum media_family manifest_family(const struct manifest *m)
{
    const struct media_type *t = media_type_find(m->media_type);
    if (!t)
        t = media_type_find(m->config.media_type);
    return t ? t->family : MEDIA_OCI;
}

bool manifest_is_image(const struct manifest *m)
{
    return media_kind_of(m->config.media_type) == MEDIA_CONFIG;
}

int manifest_or_index(struct str bytes, const struct descriptor *want, enum media_kind *out, struct err *e)
{
    drop_(arena_free) struct arena *a = arena_new(8192);
    struct val *v;
    return oci_read_image(a, bytes, want, &v, out, e);
}
