// SPDX-License-Identifier: Apache-2.0
// oci/manifest.h - an image manifest: one config, layers from the lowest to the topmost.
//
// spec: OCI image-spec manifest.md; Docker image manifest version 2, schema 2. Everything lives in the arena.
#pragma once
#include "oci/descriptor.h"
#include "oci/media_type.h"

struct manifest {
    int64_t schema_version; // 2
    struct str media_type;  // as written; may be empty in OCI manifests
    struct str artifact_type;
    struct descriptor config;
    struct descriptors layers;
    struct strmap annotations;
    struct descriptor subject; // digest.alg HASH_NONE: none
    const struct val *rest;
};

// `want` (or NULL) is the descriptor that named the bytes: media type, size and digest, each
// where it is given, must agree. Refused beside malformed JSON: objects that are manifest and
// index at once, Docker's schema 1, digests that are not sha256 or sha512, negative sizes, `data`
// that is not the blob, a `subject` that is the manifest itself.
int nodiscard manifest_decode(struct arena *a, struct str bytes, const struct descriptor *want,
                              struct manifest *out, struct err *e);
int nodiscard manifest_encode(struct arena *a, const struct manifest *m, enum oci_style style,
                              struct str *out, struct err *e);
struct manifest manifest_new(enum media_family family);
enum media_family manifest_family(const struct manifest *m); // by its media type, else by its config's
bool manifest_is_image(const struct manifest *m); // its config is an image config: else it is an artifact
// What was fetched by a tag may be either: MEDIA_MANIFEST or MEDIA_INDEX. Same refusals of the envelope as decoding.
int nodiscard manifest_or_index(struct str bytes, const struct descriptor *want, enum media_kind *out,
                                struct err *e);
