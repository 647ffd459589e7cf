// SPDX-License-Identifier: Apache-2.0
// lifecycle/export_plan.h - the layers of an app image as plain data. Private to export.
#pragma once
#include "archive/tar.h"
#include "cnb/slices.h"
#include "lifecycle/export.h"

enum export_kind {
    EXPORT_LAUNCH,
    EXPORT_SBOM,
    EXPORT_APP,
    EXPORT_LAUNCHER,
    EXPORT_CONFIG,
    EXPORT_PROCESS_TYPES
};

struct export_layer {
    enum export_kind kind;
    struct str id, created_by; // "bench/golden:gold" for people, and the line of history
    struct layer_spec spec;
    const struct tar_entry *entries; // not from a disk: these; n_entries may be 0
    size_t n_entries;
    bool made_up;                   // `entries` count, not `spec`
    struct slices *slices;          // EXPORT_APP with slices: which number
    size_t slice, buildpack, layer; // indexes into md.buildpacks and its layers
    struct str reuse;               // launch layer without a directory: the previous image's diff ID
};

struct export_plan {
    struct export_layer *v;
    size_t n, cap;
    struct lifecycle_metadata md; // all but diff IDs
};

int nodiscard export_plan_make(struct arena *a, const struct export_in *in, struct export_plan *out,
                               struct err *e);
