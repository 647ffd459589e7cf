// SPDX-License-Identifier: Apache-2.0
// layer/make_priv.h - which parents of a layer are on disk, for make and known.
#pragma once
#include "layer/make.h"

// What overlay mounts with `userxattr` read: "y" on a directory that hides those below it.
#define OVERLAY_OPAQUE "user.overlay.opaque"

// How many of the parents have their modes from disk: number 0 is dirfd itself, the last one holds what is read.
size_t layer_parents_on_disk(const struct layer_spec *s);
struct str layer_parent_path(const struct layer_spec *s, size_t number); // beneath dirfd
int nodiscard layer_parent_stat(const struct layer_spec *s, size_t number, struct stat *st, struct err *e);
