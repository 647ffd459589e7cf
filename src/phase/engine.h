// SPDX-License-Identifier: Apache-2.0
// phase/engine.h - bin/detect and bin/build of every buildpack that has a recipe: one program, `engine`.
//
// The base name of argv[0] says which of both; the buildpack is $CNB_BUILDPACK_DIR, else the folder above that of
// argv[0]. spec: buildpack.md "Detection", "Build" (Buildpack API ≥ 0.10; arguments where the variables are not set).
#pragma once
#include "kit/act.h"
#include "kit/recipe.h"

enum { ENGINE_PASS = 0, ENGINE_ERROR = 1, ENGINE_FAIL = 100 };

struct engine {
    struct arena *a;
    struct strmap env;
    const char *const *envp;
    struct strv args; // behind argv[0]
    struct events *ev;
    struct str name, version; // of the buildpack
    struct recipe recipe;
    struct catalogue catalogue; // of bin/build
    struct cnb_bindings bindings;
    struct plan_requires plan; // of bin/build
    struct str platform;
    struct bp_input in;
    struct world world;
};

struct engine_program {
    const char *name;
    // Returns the exit code, or -1 with an error.
    int (*run)(struct engine *g, struct err *e);
};

// The value of a variable that the lifecycle sets, else of the argument; ERR_USAGE when there is neither.
int nodiscard engine_path(struct engine *g, const char *variable, size_t argument, struct str *out,
                          struct err *e);
// Reads the buildpack, the environment and the app's folder, which is the current one.
int nodiscard engine_open(struct engine *g, enum kit_phase phase, struct err *e);
int nodiscard engine_read_toml(struct engine *g, int dirfd, const char *path, const struct val **out,
                               struct err *e);
