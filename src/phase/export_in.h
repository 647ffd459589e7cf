// SPDX-License-Identifier: Apache-2.0
// phase/export_in.h - what the exporter reads before it begins.
#pragma once
#include "cnb/analyzed.h"
#include "cnb/run_toml.h"
#include "lifecycle/export.h"
#include "phase/phase.h"
#include "phase/tree.h"

struct export_inputs {
    struct cnb_analyzed analyzed;
    struct cnb_selected group;
    struct cnb_metadata meta;
    const struct val *project; // NULL: none
    struct cnb_run run;        // of run.toml or stack.toml
    int64_t created_sec;
    struct layout_tree tree;
    // Borrowed by the export; export_inputs_done closes them.
    struct layout_found run_image, previous;
};

int nodiscard export_inputs_check(struct app_ctx *app, const struct phase_in *in,
                                  struct err *e); // flags and names
int nodiscard export_inputs_read(struct app_ctx *app, const struct phase_in *in, struct export_inputs *out,
                                 struct err *e);
// The images that they name.
int nodiscard export_inputs_images(struct app_ctx *app, const struct phase_in *in, struct export_inputs *x,
                                   struct err *e);
void export_inputs_done(struct export_inputs *x);
#define drop_export_inputs __attribute__((cleanup(export_inputs_done)))
// What the label says of the run image (cnb.md §6.7).
void export_inputs_base(struct arena *a, const struct export_inputs *x, struct export_base *out);
