// SPDX-License-Identifier: Apache-2.0
// lifecycle/detect_run.h - running bin/detect of several buildpacks at once (cnb.md §3.4). Private to detect.
#pragma once
#include "base/buf.h"
#include "cnb/plan.h"
#include "lifecycle/context.h"

enum detect_status { DETECT_PASS, DETECT_FAIL, DETECT_ERR };

struct detect_run {
    const struct lc_buildpack *bp;
    enum detect_status status;
    int code;                      // as the program ended; -1 killed
    struct plan_sections sections; // when it passed
    struct str output;             // both streams, cut at a limit
    struct str problem;            // DETECT_ERR: why
};

// Fills every run (only .bp is set). -1 only when this machine cannot run programs at all.
int nodiscard detect_run_all(struct arena *a, struct lc_context *cx, struct detect_run **runs, size_t n,
                             struct err *e);
