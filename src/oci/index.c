// SPDX-License-Identifier: Apache-2.0
#include "oci/index.h"
#include "base/limits.h"
#include "oci/doc.h"

static const struct field index_fields[] = {
    KEY(struct image_index, schema_version, "schemaVersion", .flags = REQUIRED, .help = "2"),
    KEY(struct image_index, media_type, "mediaType", .flags = OMIT_EMPTY, .help = "media type of the index"),
    KEY(struct image_index, artifact_type, "artifactType", .flags = OMIT_EMPTY,
        .help = "what it is where it is no image"),
    TABLES(struct image_index, manifests, "manifests", descriptor_schema, .flags = REQUIRED,
           .help = "manifests, one for each platform"),
    KEY(struct image_index, annotations, "annotations", .flags = OMIT_EMPTY, .help = "notes of anybody"),
    TABLE(struct image_index, subject, "subject", descriptor_schema, .flags = OMIT_EMPTY,
          .help = "manifest that this index says something of"),
    KEEP(struct image_index, rest),
};

SCHEMA_DECLARE(image_index_schema, struct image_index);
SCHEMA(image_index_schema, struct image_index, index_fields, .name = "image index", .check = oci_check_image,
       .help = "An image for several platforms (OCI image-spec, image-index.md)");

int image_index_decode(struct arena *a, struct str bytes, const struct descriptor *want,
                       struct image_index *out, struct err *e)
{
    struct doc doc = {.names = NAMES_JSON, .a = a};
    struct image_index x = {0};
    enum media_kind kind;
    struct err_at at;
    struct val *v;
    if (oci_read_image(a, bytes, want, &v, &kind, e) < 0)
        return -1;
    val_where(v, NULL, NULL, &at);
    if (kind != MEDIA_INDEX)
        return err_doc(e, &at, "an image manifest, want an index");
    const struct val *list = val_get(v, STR("manifests"));
    if (list->kind == VAL_LIST && list->c.n > LIMIT_INDEX_MANIFESTS)
        return err_set(e, ERR_LIMIT, "image index: %zu manifests, want at most %d", list->c.n,
                       LIMIT_INDEX_MANIFESTS);
    if (doc_read(&doc, &image_index_schema, v, &x, e) < 0)
        return -1;
    x.manifests.cap = x.manifests.n;
    if (want && want->digest.alg != HASH_NONE)
        for (size_t i = 0; i < x.manifests.n; i++)
            if (digest_eq(&x.manifests.v[i].digest, &want->digest))
                return err_doc(e, &at, "manifests[%zu] is the index itself", i);
    *out = x;
    return 0;
}

int image_index_encode(struct arena *a, const struct image_index *x, enum oci_style style, struct str *out,
                       struct err *e)
{
    return oci_write(a, &image_index_schema, x, style, out, e);
}

struct image_index image_index_new(enum media_family family)
{
    struct image_index x = {.schema_version = 2};
    x.media_type = family == MEDIA_OCI ? STR(MEDIA_OCI_INDEX) : STR(MEDIA_DOCKER_INDEX);
    return x;
}

static int not_found(const struct image_index *x, const struct oci_platform *want, struct err *e)
{
    drop_(arena_free) struct arena *a = arena_new(512);
    struct str have = STR(""), wanted = oci_platform_format(a, want);
    for (size_t i = 0; i < x->manifests.n && have.n < 100; i++) {
        struct str one = oci_platform_format(a, &x->manifests.v[i].platform);
        if (one.n > 1)
            have = str_printf(a, PRI_STR "%s" PRI_STR, STR_ARG(have), have.n ? ", " : "", STR_ARG(one));
    }
    have = str_printable(a, have.n ? have : STR("none"), 110);
    wanted = str_printable(a, wanted, 40);
    return err_set(e, ERR_NOT_FOUND, "no image for " PRI_STR ", platforms of the index: " PRI_STR,
                   STR_ARG(wanted), STR_ARG(have));
}

int image_index_find(const struct image_index *x, const struct oci_platform *want, size_t *at, struct err *e)
{
    unsigned best = OCI_PLATFORM_NEVER;
    size_t found = 0;
    for (size_t i = 0; i < x->manifests.n; i++) {
        unsigned rank = oci_platform_rank(&x->manifests.v[i].platform, want);
        if (rank < best) {
            best = rank;
            found = i;
        }
    }
    if (best == OCI_PLATFORM_NEVER)
        return not_found(x, want, e);
    *at = found;
    return 0;
}
