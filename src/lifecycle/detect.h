// SPDX-License-Identifier: Apache-2.0
// lifecycle/detect.h - which buildpacks take part in this build (spec: buildpack.md "Phase #1: Detection").
//
// The order is resolved depth first, left to right; every bin/detect runs at most once, those of a group at the same
// time. No group passed: ERR_NOT_FOUND; and some buildpack failed: ERR_BUILDPACK; else what went wrong.
#pragma once
#include "cnb/group.h"
#include "cnb/plan.h"
#include "lifecycle/context.h"

struct detect_out {
    struct cnb_selected group;
    struct plan plan;
};

int nodiscard lc_detect(struct arena *a, struct lc_context *cx, const struct cnb_order *order,
                        struct detect_out *out, struct err *e);
