// SPDX-License-Identifier: Apache-2.0
// lifecycle/context.h - what every phase that runs buildpacks is told, and the environment that they see.
//
// spec: platform.md "Inputs", buildpack.md "Environment"; cnb.md §3.4 and §4.1. Paths are absolute and borrowed.
#pragma once
#include "base/map.h"
#include "cnb/buildpack.h"

struct lc_context {
    struct events *ev;
    uint16_t platform_api;
    const char *app_dir, *platform_dir, *buildpacks_dir, *build_config_dir, *layers_dir, *temp_dir;
    struct strmap env;         // of the phase itself; only an allow-list of it reaches a buildpack
    struct cnb_target target;  // of the run image; empty texts are unknown
    struct str exec_env;       // "production" unless the platform says otherwise
    struct strmap *buildpacks; // descriptors read so far, by "id@version"; made by lc_buildpack
};

// One buildpack as it lies in the builder.
struct lc_buildpack {
    struct cnb_buildpack desc;
    const char *root; // absolute
};

// ERR_NOT_FOUND when the builder does not have it.
int nodiscard lc_buildpack(struct arena *a, struct lc_context *cx, struct str id, struct str version,
                           const struct lc_buildpack **out, struct err *e);
// The allow-listed part of the phase's own environment, to begin with.
// A program of a buildpack was not started: says so where not the program is missing but what its first line names.
int lc_not_started(const char *program, struct err *e);
void lc_base_env(struct arena *a, const struct lc_context *cx, struct strmap *env);
// Adds to a copy of `base` what the user and the operator set and what the spec promises; `base` holds what earlier
// buildpacks contributed.
int nodiscard lc_buildpack_env(struct arena *a, const struct lc_context *cx, const struct lc_buildpack *bp,
                               const struct strmap *base, struct strmap *out, struct err *e);
int nodiscard lc_read_toml(struct arena *a, int dirfd, const char *path, struct val **out, struct err *e);
