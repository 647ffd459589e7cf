// SPDX-License-Identifier: Apache-2.0
// lifecycle/build.h - running bin/build of the group and collecting what
// it left (spec: buildpack.md "Phase #3: Build").
//
// Nothing outside `layers_dir` is written. A buildpack's own failure, or
// output that breaks the spec, is ERR_BUILDPACK or
// ERR_PARSE naming the buildpack and the file.
#pragma once
#include "cnb/group.h"
#include "cnb/layer.h"
#include "cnb/plan.h"
#include "lifecycle/context.h"

struct built_layer {
    struct str name;
    struct cnb_layer types;
    bool has_dir; // false: reuse what the previous image has
};

struct built_layers { // by name, byte order
    struct built_layer *v;
    size_t n, cap;
};

struct built {
    const struct lc_buildpack *bp;
    const char *dir; // its directory's name in layers_dir
    struct built_layers layers;
    struct cnb_launch_toml launch;
    struct cnb_build_toml build;
};

struct build_in {
    const struct cnb_selected *group;
    const struct plan *plan;
    int out_fd; // where the programs' output goes, both streams
};

// Also writes <layers>/config/metadata.toml and <layers>/sbom/**.
int nodiscard lc_build(struct arena *a, struct lc_context *cx, const struct build_in *in,
                       struct cnb_metadata *out, struct err *e);

// The layers that a buildpack left in `fd`, <layers>/<bp>: only looks.
int nodiscard lc_layers(struct arena *a, int fd, uint16_t api, struct built_layers *out, struct err *e);

// Private to the phase: what one buildpack left behind. `fd` is <layers>/<bp>.
int nodiscard built_read(struct arena *a, struct lc_context *cx, int fd, struct built *b, struct err *e);
// Copies its SBOM files to where they belong.
int nodiscard built_sbom(struct arena *a, const struct lc_context *cx, int layers_fd, int fd,
                         const struct built *b, struct err *e);
void built_metadata(struct arena *a, struct lc_context *cx, const struct cnb_selected *group,
                    const struct built *b, size_t n, struct cnb_metadata *out);
