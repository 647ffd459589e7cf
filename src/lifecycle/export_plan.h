// SPDX-License-Identifier: Apache-2.0
// lifecycle/export_plan.h - the layers of an app image as plain data. Private to export.
#pragma once
#include "archive/tar.h"
#include "cnb/slices.h"
#include "lifecycle/export.h"

struct export_layer {
    enum export_kind kind;
    struct str id, created_by; // "bench/golden:gold" for people, and the line of history
    struct layer_spec spec;
    const struct tar_entry *entries; // not from a disk: these; n_entries may be 0
    size_t n_entries;
    bool made_up;                   // `entries` count, not `spec`
    struct slices *slices;          // EXPORT_APP with slices: which number; filled by export_plan_fill
    size_t slice, buildpack, layer; // indexes into md.buildpacks and its layers
    struct str reuse;               // launch layer without a directory: the previous image's diff ID
};

struct export_plan {
    struct export_layer *v;
    size_t n, cap;
    struct lifecycle_metadata md; // all but diff IDs
};

// Looks at the app's tree and says which entries are in which slice: `pick` of the spec and `made_up` are set
// then.
int nodiscard export_plan_fill(const struct export_in *in, struct export_plan *plan, struct err *e);
int nodiscard export_plan_make(struct arena *a, const struct export_in *in, struct export_plan *out,
                               struct err *e);
