// SPDX-License-Identifier: Apache-2.0
// phase/tree.h - a tree of OCI layouts: <layout-dir>/<registry>/<repository>/<tag>, or …/<algorithm>/<hex>.
//
// spec: platform.md "OCI Layout"; cnb.md §6.10. What a phase says of such an image is its path and digest.
#pragma once
#include "image/layout.h"

struct layout_tree {
    struct str dir; // absolute, clean
};

// Where an image of that name lies, beneath the tree. ERR_PARSE: no name of an image.
int nodiscard layout_tree_path(struct arena *a, struct str name, struct str *beneath, struct err *e);
// An image by "path@digest", as analyzed.toml says, or by its name.
// analyzed.toml may be a buildpack's work: the path must
// lie in the tree (ERR_DENIED), the image must be the one of the digest (ERR_DIGEST). out->layout is the caller's to
// close.
struct layout_found {
    struct layout *layout; // NULL: none
    struct str path;
    struct image image;
};
int nodiscard layout_tree_image(const struct layout_tree *t, struct arena *a, struct str reference,
                                struct layout_found *out, struct err *e);
