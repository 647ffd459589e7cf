// SPDX-License-Identifier: Apache-2.0
// oci/index.h - an image index (Docker: manifest list): manifests for several platforms.
//
// spec: OCI image-spec image-index.md. Everything lives in the arena.
#pragma once
#include "oci/descriptor.h"
#include "oci/media_type.h"

enum { IMAGE_INDEX_DEPTH = 4 }; // indexes within indexes that whoever fetches follows; real ones stay at 2

struct image_index {
    int64_t schema_version; // 2
    struct str media_type;
    struct str artifact_type;
    struct descriptors manifests;
    struct strmap annotations;
    struct descriptor subject; // digest.alg HASH_NONE: none
    const struct val *rest;
};

int nodiscard image_index_decode(struct arena *a, struct str bytes, const struct descriptor *want,
                                 struct image_index *out, struct err *e); // as manifest_decode
int nodiscard image_index_encode(struct arena *a, const struct image_index *x, enum oci_style style,
                                 struct str *out, struct err *e);
struct image_index image_index_new(enum media_family family);
// The manifest that fits best (oci_platform_rank), the first of equals. ERR_NOT_FOUND lists what is there.
int nodiscard image_index_find(const struct image_index *x, const struct oci_platform *want, size_t *at,
                               struct err *e);
