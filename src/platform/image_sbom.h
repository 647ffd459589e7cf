// SPDX-License-Identifier: Apache-2.0
// platform/image_sbom.h - the SBOMs that come with an image: of its base, and of what each buildpack put into it.
//
// Buildpacks' are files of one layer (spec: platform.md "Software-Bill-of-Materials"); that of a base image that dema
// made is a document beside it, which its label names (docs/internals/sbom.md).
#pragma once
#include "image/image.h"

#define IMAGE_SBOM_RUN "run"
struct image_sbom {
    struct str of;         // IMAGE_SBOM_RUN, "BUILDPACK" or "BUILDPACK:LAYER"
    struct str format;     // "cyclonedx", "spdx", "syft"
    struct str path;       // in the image; empty: beside it
    struct digest digest;  // of the one beside it
    struct digest diff_id; // of the layer that the others are in
    uint64_t size;
    bool absent; // it is named, but this state does not have it
};

// The run image's first, then by path. None: *n is 0. What the image says of itself is hostile.
int nodiscard image_sboms(struct state *st, struct arena *a, const struct image *img, struct image_sbom **out,
                          size_t *n, struct err *e);
int nodiscard image_sbom_load(struct state *st, struct arena *a, const struct image_sbom *s, struct str *out,
                              struct err *e);
