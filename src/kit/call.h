// SPDX-License-Identifier: Apache-2.0
// kit/call.h - callbacks: what a recipe cannot say, in C. A buildpack of ours has them in one file, calls.c.
//
//     static int decide(struct call *c, struct err *e)          // [[fact]] name = "npm", call = "npm.decide"
//     {
//         call_answer(c, "process", STR("ci"));                 // ${npm.process}
//         return 0;
//     }
//     const struct call_row npm_calls[] = {{"npm.decide", decide}, {NULL, NULL}};
//
// A callback of a [[fact]] only looks; one of a [[step]] may write into
// its layer and the app. Errors are as everywhere:
// -1 with `e` set.
#pragma once
#include "base/event.h"
#include "base/map.h"
#include "cnb/binding.h"
#include "sbom/sbom.h"

struct call {
    struct arena *a;
    struct str app, layers, buildpack; // directories
    struct str layer;                  // of a [[step]] with `layer`: its directory; else empty
    int app_fd, layers_fd, layer_fd;   // the same; -1: none
    const struct strmap *env;          // of bin/build or bin/detect
    const struct cnb_bindings *bindings;
    // What is in the layer: sbom_add puts more in. NULL: none is wanted (no layer, BP_DISABLE_SBOM, no such format).
    struct sbom *sbom;
    struct events *ev;
    struct call_inside *inside;
};
typedef int call_fn(struct call *c, struct err *e);
struct call_row {
    const char *name; // NULL ends the table
    call_fn *fn;
};

// false: it has no value. *out is untouched then.
bool call_fact(const struct call *c, const char *name, struct str *out);
// Of a [[fact]] row: gives ${ROW.KEY}.
void call_answer(struct call *c, const char *key, struct str value);
// Whether the build plan has the entry, and asks for it at build, at launch.
bool call_planned(const struct call *c, const char *name, bool *build, bool *launch);
// A line of the log, indented by 2 × level: 1 what is done, 2 how, 3 details.
void call_log(const struct call *c, int level, const char *fmt, ...) printf_(3, 4);

// A program: looked up in PATH of its environment, which is `env` with `more` in it. Its output goes into the log.
struct call_command {
    const char *const *argv;
    const char *cwd;           // relative to the app; NULL: the app
    const struct strmap *more; // NULL: none
    struct buf *out;           // standard output goes here instead; NULL: into the log
};
// ERR_BUILDPACK with the exit code when it is not 0.
int nodiscard call_run(const struct call *c, const struct call_command *what, struct err *e);
