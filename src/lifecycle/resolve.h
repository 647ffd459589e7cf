// SPDX-License-Identifier: Apache-2.0
// lifecycle/resolve.h - which elements of a group take part, and who gives what to whom.
//
// spec: buildpack.md "Phase #1: Detection"; cnb.md §3.5. Pure: bin/detect
// has run already. Every passing element offers its
// sections; trials try them depth first, the first element's choice
// outermost. An optional element may only be dropped once
// all its sections were tried.
#pragma once
#include "cnb/plan.h"

struct resolve_element {
    struct str id, version;
    bool optional, extension;
    struct plan_sections sections;
};

struct resolve_out {
    size_t *kept; // indexes into the elements, in order
    size_t n_kept;
    struct plan plan;
    uint64_t trials;
};

enum resolved { RESOLVE_ERROR = -1, RESOLVE_NO, RESOLVE_YES };
// RESOLVE_NO: *why says what stood in the way of the last trial. RESOLVE_ERROR only past the limit of trials.
enum resolved resolve_group(struct arena *a, const struct resolve_element *v, size_t n,
                            struct resolve_out *out, struct str *why, struct err *e);
