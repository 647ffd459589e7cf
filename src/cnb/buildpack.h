// SPDX-License-Identifier: Apache-2.0
// cnb/buildpack.h - buildpack.toml of components and composites, and order.toml (spec: buildpack.md, platform.md).
//
// A buildpack in a builder lies at `<buildpacks>/<id with '/' as '_'>/<version>/`.
#pragma once
#include "base/event.h"
#include "cnb/target.h"
#include "document/schema.h"

struct cnb_group_element {
    struct str id, version;
    bool optional;
    struct strv exec_env; // empty: any
    bool extension;
};

struct cnb_group {
    struct cnb_group_element *v;
    size_t n, cap;
};

struct cnb_order {
    struct cnb_group *v;
    size_t n, cap;
};

struct cnb_buildpack {
    uint16_t api;
    struct str api_text;
    struct str id, version, name, homepage;
    bool clear_env;
    struct strv exec_env;     // text list or tables with `name`
    struct strv sbom_formats; // media types, parameters cut off
    struct {
        struct cnb_target *v;
        size_t n;
    } targets;                  // as inferred from stacks where the file has none
    struct cnb_order order;     // not empty: a composite
    const struct val *metadata; // NULL = none
};

// `dirfd` is the buildpack's root (bin/build decides about inferred targets). Errors name file, line and key;
// an unsupported API is ERR_API.
int nodiscard buildpack_read(struct arena *a, int dirfd, const char *file, struct events *ev,
                             struct cnb_buildpack *out, struct err *e);
// order.toml: [[order]] and [[order-extensions]].
// `how` has the file's name, the arena and who listens to warnings.
int nodiscard order_read(const struct doc *how, const struct val *doc, struct cnb_order *order,
                         struct cnb_order *extensions, struct err *e);
// "a/b" → "a_b". ERR_PARSE when it is not fit to be a directory (M29: "..", empty, NUL, control bytes).
int nodiscard buildpack_dir_name(struct arena *a, struct str id, const char **out, struct err *e);
