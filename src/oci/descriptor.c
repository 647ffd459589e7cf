// SPDX-License-Identifier: Apache-2.0
#include "oci/descriptor.h"
#include "base/buf.h"
#include "base/digit.h"
#include "base/limits.h"
#include "oci/doc.h"

int descriptor_check(const struct descriptor *want, struct str bytes, struct err *e)
{
    char got_text[DIGEST_TEXT], want_text[DIGEST_TEXT];
    struct digest got;
    bool sized = want->digest.alg == HASH_NONE ? want->size > 0 : want->size != DESCRIPTOR_ANY_SIZE;
    if (sized && (want->size < 0 || (uint64_t)want->size != bytes.n))
        return err_set(e, ERR_DIGEST, "%zu bytes, want %lld", bytes.n, (long long)want->size);
    if (want->digest.alg == HASH_NONE)
        return 0;
    digest_of(want->digest.alg, bytes.p, bytes.n, &got);
    if (!digest_eq(&got, &want->digest))
        return err_set(e, ERR_DIGEST, "the bytes are %s, want %s", digest_text(&got, got_text),
                       digest_text(&want->digest, want_text));
    return 0;
}

void descriptors_add(struct arena *a, struct descriptors *list, const struct descriptor *d)
{
    list->v = arena_grow(a, list->v, list->n, &list->cap, sizeof *list->v);
    list->v[list->n++] = *d;
}

// RFC 4648 4, padded. false: is none.
static bool base64(struct str s, struct buf *out)
{
    if (s.n % 4)
        return false;
    size_t pad = s.n && s.p[s.n - 1] == '=' ? (s.p[s.n - 2] == '=' ? 2 : 1) : 0;
    for (size_t i = 0; i < s.n; i += 4) {
        uint32_t bits = 0;
        size_t last = i + 4 == s.n ? pad : 0;
        for (size_t k = 0; k < 4; k++) {
            int v = k >= 4 - last ? 0 : base64_digit(s.p[i + k]);
            if (v < 0)
                return false;
            bits = bits << 6 | (uint32_t)v;
        }
        for (size_t k = 0; k < 3 - last; k++)
            buf_char(out, (char)(bits >> (16 - 8 * k)));
    }
    return true;
}

static int check_data(struct decode *d, const struct val *table, const struct descriptor *desc, struct err *e)
{
    const struct val *at = val_get(table, STR("data"));
    drop_buf struct buf b = BUF_INIT(LIMIT_DOCUMENT);
    struct err why = {0};
    if (!desc->data.n)
        return 0;
    if (!base64(desc->data, &b))
        return doc_fail(d, at, e, "data is not base64");
    if ((uint64_t)desc->size != b.n)
        return doc_fail(d, at, e, "data has %zu bytes, size says %lld", b.n, (long long)desc->size);
    if (descriptor_check(desc, buf_view(&b), &why) < 0)
        return doc_fail(d, at, e, "data is not what the digest names: %s", why.cause);
    return 0;
}

static int check_descriptor(struct decode *d, const struct val *table, void *at, struct err *e)
{
    const struct descriptor *desc = at;
    if (desc->size < 0)
        return doc_fail(d, val_get(table, STR("size")), e, "size %lld, want 0 or more",
                        (long long)desc->size);
    if (oci_check_media_type(d, table, "mediaType", e) < 0 ||
        oci_check_media_type(d, table, "artifactType", e) < 0)
        return -1;
    return check_data(d, table, desc, e);
}

static const struct field platform_fields[] = {
    KEY(struct oci_platform, architecture, "architecture", .flags = REQUIRED,
        .help = "architecture, as GOARCH"),
    KEY(struct oci_platform, os, "os", .flags = REQUIRED, .help = "operating system, as GOOS"),
    KEY(struct oci_platform, os_version, "os.version", .flags = OMIT_EMPTY, .help = "its version"),
    KEY(struct oci_platform, os_features, "os.features", .flags = OMIT_EMPTY,
        .help = "what it must be able to do"),
    KEY(struct oci_platform, variant, "variant", .flags = OMIT_EMPTY, .help = "variant of the architecture"),
    KEEP(struct oci_platform, rest),
};
SCHEMA(oci_platform_schema, struct oci_platform, platform_fields, .name = "platform");

static const struct field descriptor_fields[] = {
    KEY(struct descriptor, media_type, "mediaType", .flags = REQUIRED, .help = "what it is"),
    KEY(struct descriptor, size, "size", .flags = REQUIRED, .help = "its bytes"),
    HOOK(struct descriptor, digest, "digest", oci_read_digest, oci_write_digest, .flags = REQUIRED,
         .shape = "text", .help = "its digest, such as sha256:…"),
    KEY(struct descriptor, data, "data", .flags = OMIT_EMPTY, .help = "the blob itself, base64"),
    KEY(struct descriptor, urls, "urls", .flags = OMIT_EMPTY, .help = "where else it may be fetched"),
    KEY(struct descriptor, annotations, "annotations", .flags = OMIT_EMPTY, .help = "notes of anybody"),
    TABLE(struct descriptor, platform, "platform", oci_platform_schema, .flags = OMIT_EMPTY,
          .help = "what it runs on"),
    KEY(struct descriptor, artifact_type, "artifactType", .flags = OMIT_EMPTY,
        .help = "what it is where it is no image"),
    KEEP(struct descriptor, rest),
};
SCHEMA(descriptor_schema, struct descriptor, descriptor_fields, .name = "descriptor",
       .check = check_descriptor);

int descriptor_decode(struct arena *a, struct str bytes, struct descriptor *out, struct err *e)
{
    struct doc doc = {.names = NAMES_JSON, .a = a};
    struct descriptor d = {0};
    struct val *v;
    if (oci_read(a, bytes, NULL, &v, e) < 0 || doc_read(&doc, &descriptor_schema, v, &d, e) < 0)
        return -1;
    *out = d;
    return 0;
}

int descriptor_encode(struct arena *a, const struct descriptor *d, enum oci_style style, struct str *out,
                      struct err *e)
{
    return oci_write(a, &descriptor_schema, d, style, out, e);
}
