// SPDX-License-Identifier: Apache-2.0
// cnb/run_toml.h - run.toml (Platform API ≥ 0.12) and stack.toml before it: names of the run images of a builder.
//
// spec: platform.md "run.toml (TOML)", "stack.toml (TOML)"; cnb.md §2.5, §6.7.
#pragma once
#include "base/event.h"
#include "document/val.h"

struct cnb_run_image {
    struct str image;
    struct strv mirrors;
};

struct cnb_run {
    struct {
        struct cnb_run_image *v;
        size_t n;
    } images;
};

int nodiscard run_toml_read(struct arena *a, const struct val *doc, const char *file, struct events *ev,
                            struct cnb_run *out, struct err *e);
int nodiscard run_toml_write(struct arena *a, const struct cnb_run *in, struct val **out, struct err *e);
// stack.toml names one run image, or none.
int nodiscard stack_toml_read(struct arena *a, const struct val *doc, const char *file, struct events *ev,
                              struct cnb_run *out, struct err *e);
// The entry whose image or mirror has this name, whatever its spelling; a digest does not count. NULL: none.
const struct cnb_run_image *run_toml_find(const struct cnb_run *run, struct str image);
