// SPDX-License-Identifier: Apache-2.0
// cnb/plan.h - the build plan: what buildpacks provide and require (spec: buildpack.md "Build Plan (TOML)").
#pragma once
#include "base/event.h"
#include "document/val.h"

struct plan_require {
    struct str name;
    const struct val *metadata; // NULL = none; borrowed from its document
};

struct plan_requires {
    struct plan_require *v;
    size_t n, cap;
};

struct plan_provide {
    struct str name;
};

// One way in which an element can take part: the top level of its plan.toml, or one of its [[or]] tables.
struct plan_section {
    struct {
        struct plan_provide *v;
        size_t n, cap;
    } provides;
    struct plan_requires requires;
};

struct plan_sections {
    struct plan_section *v;
    size_t n; // at least 1: an empty file is one empty section
};

struct plan_provider {
    struct str id, version;
    bool extension;
};

struct plan_entry { // of plan.toml and, without providers, of a Buildpack Plan
    struct {
        struct plan_provider *v;
        size_t n, cap;
    } providers;
    struct plan_requires requires;
};

struct plan {
    struct plan_entry *v;
    size_t n, cap;
};

// What bin/detect wrote. `whose` begins messages ("a/b@1"). Breaking the spec is ERR_PARSE with the line.
int nodiscard plan_sections_read(struct arena *a, const struct val *doc, const char *file, bool extension,
                                 struct plan_sections *out, struct err *e);
// plan.toml of the Platform API, both ways.
int nodiscard plan_read(struct arena *a, const struct val *doc, const char *file, struct plan *out,
                        struct err *e);
int nodiscard plan_write(struct arena *a, const struct plan *p, struct val **out, struct err *e);

// The Buildpack Plan for one buildpack: the requires of every entry that it provides.
void plan_for(struct arena *a, const struct plan *p, struct str id, struct str version,
              struct plan_requires *out);
// [[entries]] name, metadata
int nodiscard plan_requires_write(struct arena *a, const struct plan_requires *r, struct val **out,
                                  struct err *e);
// Takes out the entries that hold a require of `id` whose name is not in `unmet`. ERR_BUILDPACK if a name in `unmet`
// is empty or was not among what the buildpack was given.
int nodiscard plan_met(struct arena *a, struct plan *p, const struct plan_requires *given,
                       const struct strv *unmet, struct err *e);
