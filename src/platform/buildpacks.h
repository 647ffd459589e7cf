// SPDX-License-Identifier: Apache-2.0
// platform/buildpacks.h - the buildpacks of one build, as they lie on this machine: the named folders, built-in
// ones, and the components that composites of them ask for.
//
// Inside, each lies at /cnb/buildpacks/ID/VERSION (ID with '_' for '/'). spec: platform.md "Build Image".
#pragma once
#include "base/event.h"
#include "cnb/buildpack.h"
#include "platform/programs.h"

#define INSIDE_CNB "/cnb"

struct build_buildpack {
    const char *dir;    // absolute, on this machine
    const char *inside; // absolute
    bool builtin;
    bool recipe; // has recipe.toml, so that dema's engine is what runs; one without is foreign
    bool bare;   // a recipe without bin/build: the platform gives it links to the engine
    struct cnb_buildpack desc;
};

struct build_buildpacks {
    struct build_buildpack *v; // what the detector may come to; groups of composites too
    size_t n, cap;
    struct cnb_order order; // what it tries; every version is set
};

struct buildpacks_in {
    const struct programs *programs;
    struct strv named; // as struct build_opts has them; empty: the built-in order
    struct events *ev;
};
// A folder that is a component of a named composite is there for it, and not tried by itself. ERR_USAGE: one named
// twice, nothing named and nothing built in; ERR_NOT_FOUND: a name that is nothing here (says what is built in), a
// component that is nowhere; ERR_PARSE: its buildpack.toml.
int nodiscard buildpacks_find(struct arena *a, const struct buildpacks_in *in, struct build_buildpacks *out,
                              struct err *e);
// "ID" or "ID@VERSION" of which some version is built in.
bool buildpacks_is_builtin(struct arena *a, const struct programs *p, struct str word);
const struct build_buildpack *buildpacks_get(const struct build_buildpacks *b, struct str id,
                                             struct str version); // NULL if absent
// Text of order.toml for the detector.
int nodiscard buildpacks_order(struct arena *a, const struct build_buildpacks *b, struct str *out,
                               struct err *e);
// Does its recipe say `network = true`? A foreign one has none: false.
int nodiscard buildpacks_network(struct arena *a, const struct build_buildpack *bp, bool *out, struct err *e);
