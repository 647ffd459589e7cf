// SPDX-License-Identifier: Apache-2.0
// kit/plan.h - what a recipe comes to for one app: plain data, made without writing anything.
//
// bin/detect and bin/build both make a plan first. It can be printed (bp_plan_text) and is carried out by kit/act.h.
// What it looks at comes through struct kit_world, so that a test can make one up. Everything lives in the arena.
#pragma once
#include "base/buf.h"
#include "base/dir.h"
#include "cnb/binding.h"
#include "cnb/layer.h"
#include "cnb/plan.h"
#include "deps/catalogue.h"
#include "kit/recipe.h"

enum kit_phase { KIT_DETECT, KIT_BUILD };

struct facts;
struct kit_world;
struct kit_layer {
    const struct val *doc; // its <layer>.toml; NULL: there is none
    bool content;          // its directory is there and not empty
};
// Paths are clean and relative to the app.
struct kit_world_ops {
    enum dir_kind (*kind)(struct kit_world *w, struct str path);
    // A whole file; `out` has its limit. ERR_NOT_FOUND where there is none.
    int (*read)(struct kit_world *w, struct str path, struct buf *out, struct err *e);
    // Names in a folder, sorted; an absent one has none.
    int (*names)(struct kit_world *w, struct arena *a, struct str path, struct strv *out, struct err *e);
    // Of a file's content, or of a folder's names, kinds, links, modes and contents.
    int (*digest)(struct kit_world *w, struct str path, struct digest *out, struct err *e);
    // Of this buildpack (`id` empty) or another one.
    int (*layer)(struct kit_world *w, struct arena *a, struct str id, struct str name, struct kit_layer *out,
                 struct err *e);
    // The facts of a row with `call` or `run`.
    int (*ask)(struct kit_world *w, struct facts *f, const struct rc_fact *row, struct strmap *out,
               struct err *e);
    // Of the program that exec.d links lead to.
    int (*helpers)(struct kit_world *w, struct digest *out, struct err *e);
};
struct kit_world {
    const struct kit_world_ops *ops;
};

struct bp_input {
    enum kit_phase phase;
    struct str app, layers, buildpack; // directories
    struct str version;                // of the buildpack
    struct str os, arch, distro, distro_version;
    const struct strmap *env;
    const struct cnb_bindings *bindings;
    const struct plan_requires *plan; // of bin/build
    const struct catalogue *catalogue;
    int64_t now_sec; // for notices of deprecation
    bool sbom;       // of bin/build: CycloneDX files are wanted
    struct kit_world *world;
};

// --- What bin/detect answers
struct bp_section {
    struct strv provides;
    struct plan_requires requires;
};

// --- What bin/build does
enum bp_fate {
    BP_NEW,     // nothing is known of it
    BP_CHANGED, // `why` says in what
    BP_LOST,    // the same, but its content is not there
    BP_ALWAYS,  // `why` says why
    BP_REUSED,
    BP_KEPT, // no key: whatever is in it stays
    BP_FATE_MAX_,
};

struct bp_env_file {
    struct str path, content; // "env.launch/web/PATH.append"
    bool hidden;              // a value of the user's, which is no text for a log
};

struct bp_step {
    const struct rc_step *row;
    struct str name, cwd, call; // cwd: relative to the app
    struct strv run;
    struct strmap env;
};

struct bp_layer {
    const struct rc_layer *row;
    struct str name;
    bool build, launch, cache;
    const struct dep *dep; // NULL: none
    struct str into;
    struct strv only, drop, helpers;
    struct strmap links, copy, write, move;
    struct strmap key; // field -> value
    enum bp_fate fate;
    struct strv why;
    struct {
        struct bp_env_file *v;
        size_t n, cap;
    } env;
    struct {
        struct bp_step *v;
        size_t n, cap;
    } steps;
};

struct bp_plan {
    enum kit_phase phase;
    bool pass;         // bin/detect
    struct str reason; // why not
    struct {
        struct bp_section *v;
        size_t n, cap;
    } sections;
    struct {
        struct bp_layer *v;
        size_t n, cap;
    } layers;
    struct {
        struct bp_step *v;
        size_t n, cap;
    } steps; // that belong to no layer
    struct {
        struct cnb_process *v;
        size_t n, cap;
    } processes;
    struct strmap labels;
    struct {
        struct cnb_slice *v;
        size_t n, cap;
    } slices;
    struct strv unmet;
    struct strv log; // lines, with their indentation
    struct facts *facts;
};

// Errors: ERR_BUILDPACK for a [[refuse]] row, ERR_PARSE with the place for what the app or the recipe has wrong,
// ERR_NOT_FOUND for a version that the catalogue does not have.
int nodiscard recipe_plan(struct arena *a, const struct recipe *r, const struct bp_input *in,
                          struct bp_plan *out, struct err *e);
void bp_plan_text(const struct bp_plan *p, struct buf *out); // for tests and --explain
