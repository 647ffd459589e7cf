// SPDX-License-Identifier: Apache-2.0
// kit/recipe.h - recipe.toml: what a buildpack does, as rows of a closed list.
//
// The language is described in docs/internals/kit.md. A recipe is data: reading it looks at nothing else. Texts hold
// `${fact}` as they were written; kit/plan.h puts the facts in. Everything lives in the arena of the document.
#pragma once
#include "document/schema.h"

enum { RECIPE_ROWS_MAX = 1024, RECIPE_CONDITIONS_MAX = 32, RECIPE_MAX = 1 << 20 };

// One condition: exactly one of the first seven is set.
struct rc_cond {
    struct str file, folder, env, json, toml, fact, plan, binding;
    struct str path;         // of json and toml: a dotted key
    struct str is, contains; // .p NULL: not said
    bool plain;              // of fact: needs no shell
    bool absent;             // must not hold
    bool build, launch;      // of plan
    uint32_t line;
};
struct rc_when { // all must hold
    struct rc_cond *v;
    size_t n;
};

// What every row begins with.
struct rc_row {
    struct rc_when when;
    struct str say;  // for the log, when the row takes effect
    struct str each; // name of a fact; empty: the row stands once
    uint32_t line;
    const char *kind; // "layer"
};

struct rc_fact {
    struct rc_row row;
    struct str name;
    // Exactly one source.
    struct str env, value, file, json, toml, plan, binding, layer, call;
    struct strv exists, run;
    struct str path; // of json, toml, plan, binding and layer
    struct str dflt; // .p NULL: none
    struct str kind; // "bool", …; empty: any text
    struct strmap words;
    struct strv transform;
    struct str prefix, until; // what is cut off
};

struct rc_detect { // also skip, refuse and note
    struct rc_row row;
};

struct rc_plan {
    struct rc_row row;
    struct strv provides;
};
struct rc_require {
    struct rc_row row;
    struct str name, version, version_source, with;
    bool build, launch;
    const struct val *metadata; // a table; NULL: none
};
struct rc_version {
    struct rc_row row;
    struct str plan, source, value;
};
struct rc_unmet {
    struct rc_row row;
    struct str name;
};

struct rc_layer {
    struct rc_row row;
    struct str name, plan, dependency, version, into, always;
    bool build, launch, keep;
    struct {
        bool said, on;
    } cache;
    struct strv only, drop, helpers, files;
    struct strmap links, copy, write, key, move;
};

struct rc_env {
    struct rc_row row;
    struct str layer, phase, process, prefix;
    struct str delim; // .p NULL: ":"
    struct strmap override, dflt, append, prepend;
};

struct rc_step {
    struct rc_row row;
    struct str name, layer, cwd, call;
    struct strv run;
    struct strmap env;
};

struct rc_command { // one of both
    struct strv list;
    struct str text;
};
struct rc_start {
    struct rc_row row;
    struct str type, cwd, shell;
    struct rc_command command;
    struct strv args;
    bool is_default;
};
struct rc_procfile {
    struct rc_row row;
    struct str value, file, binding, direct, shell;
};

struct rc_label {
    struct rc_row row;
    struct str key, value, words;
};
struct rc_slice {
    struct rc_row row;
    struct strv paths;
};

struct recipe {
    const char *file; // for errors
    bool network;
    struct {
        struct rc_fact *v;
        size_t n;
    } facts;
    struct {
        struct rc_detect *v;
        size_t n;
    } detects, skips, refuses, notes;
    struct {
        struct rc_plan *v;
        size_t n;
    } plans;
    struct {
        struct rc_require *v;
        size_t n;
    } requires;
    struct {
        struct rc_version *v;
        size_t n;
    } versions;
    struct {
        struct rc_unmet *v;
        size_t n;
    } unmets;
    struct {
        struct rc_layer *v;
        size_t n;
    } layers;
    struct {
        struct rc_env *v;
        size_t n;
    } envs;
    struct {
        struct rc_step *v;
        size_t n;
    } steps;
    struct {
        struct rc_start *v;
        size_t n;
    } starts;
    struct {
        struct rc_procfile *v;
        size_t n;
    } procfiles;
    struct {
        struct rc_label *v;
        size_t n;
    } labels;
    struct {
        struct rc_slice *v;
        size_t n;
    } slices;
};

// `file` names the document and outlives *out. ERR_PARSE with line and key: an unknown key (with the nearest one),
// a row without its source, a fact that no row names, a layer that no row makes, …
int nodiscard recipe_read(struct arena *a, const struct val *doc, const char *file, struct recipe *out,
                          struct err *e);
SCHEMA_DECLARE(recipe_toml_schema, struct recipe);

// Facts that no row has to name.
extern const char *const recipe_own_facts[]; // ends with NULL
