// SPDX-License-Identifier: Apache-2.0
// image/fetch.h - from a descriptor to an image, whatever place the documents are in. Private to the room.
#pragma once
#include "image/image.h"

struct image_get {
    // The bytes that `d` names, checked, at most LIMIT_DOCUMENT.
    int (*get)(struct image_get *g, struct arena *a, const struct descriptor *d, struct str *out,
               struct err *e);
};
// Through indexes (at most IMAGE_INDEX_DEPTH) to the manifest that fits `want` (NULL: this machine) best; its config.
int nodiscard image_fetch(struct image_get *g, struct arena *a, const struct descriptor *at,
                          const struct oci_platform *want, struct image *out, struct err *e);
