// SPDX-License-Identifier: Apache-2.0
// cnb/layer.h - what a buildpack leaves in its layers directory (spec: buildpack.md "Layer Types", "launch.toml",
// "build.toml", "store.toml"; cnb.md §4.5–§4.7).
#pragma once
#include "cnb/launch.h"

struct cnb_layer { // <layer>.toml
    bool launch, build, cache;
    const struct val *metadata; // NULL = none
};

struct cnb_launch_toml {
    struct cnb_bom bom; // without `buildpack`
    struct {
        struct cnb_process *v;
        size_t n;
    } processes;
    struct {
        struct cnb_label *v;
        size_t n;
    } labels;
    struct {
        struct cnb_slice *v;
        size_t n;
    } slices;
};

struct cnb_build_toml {
    struct strv unmet;  // names
    struct cnb_bom bom; // without `buildpack`
};

// Top-level launch/build/cache are an error from Buildpack API 0.6 on, `launch = "true"` always (O10).
int nodiscard layer_toml_read(struct arena *a, const struct val *doc, const char *file, uint16_t api,
                              struct cnb_layer *out, struct err *e);
// With types: as a buildpack writes it; without: as it is restored (API ≥ 0.6: types away).
int nodiscard layer_toml_write(struct arena *a, const struct cnb_layer *l, bool types, struct val **out,
                               struct err *e);
// Rules per API of cnb.md §4.6: command text or list, `direct`, `args`,
// at most one default, working-dir since 0.8 (else
// warned of). Process types: letters, digits, '.', '_', '-' (O11);
// working-dir may not leave the app unless absolute (O12).
// `how` has the Buildpack API, the file's name, the arena and who listens to warnings.
int nodiscard launch_toml_read(const struct doc *how, const struct val *doc, struct cnb_launch_toml *out,
                               struct err *e);
int nodiscard build_toml_read(struct arena *a, const struct val *doc, const char *file, struct events *ev,
                              struct cnb_build_toml *out, struct err *e);
// store.toml: its metadata; *out is NULL where it has none. ERR_PARSE.
int nodiscard store_toml_read(struct arena *a, const struct val *doc, const char *file, struct events *ev,
                              const struct val **out, struct err *e);
bool process_type_ok(
    struct str type); // not empty; letters, digits, '.', '_' and '-'; neither "." nor ".." (O11)
bool layer_name_ok(struct str name); // not reserved (build, launch, store), one safe path component (B5)
