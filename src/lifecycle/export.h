// SPDX-License-Identifier: Apache-2.0
// lifecycle/export.h - from the directories that a build left to an app
// image (spec: platform.md "exporter"; cnb.md §6).
//
// First the plan: which layers, from where, in which order. Then each is made once, straight into the store.
// The directories were written by buildpacks and are hostile: everything is read beneath their descriptors.
#pragma once
#include "cnb/group.h"
#include "cnb/labels.h"
#include "layer/known.h"
#include "oci/image_config.h"

// Where blobs go. `blob` gives a sink; its finish publishes or prepares, as the store has it.
struct export_store {
    int (*blob)(struct export_store *self, struct sink **out, struct err *e);
};

enum export_kind {
    EXPORT_LAUNCH,
    EXPORT_SBOM,
    EXPORT_APP,
    EXPORT_LAUNCHER,
    EXPORT_CONFIG,
    EXPORT_PROCESS_TYPES
};

// A layer that is to be made from directories.
struct export_piece {
    enum export_kind kind;
    struct str buildpack, layer;     // EXPORT_LAUNCH
    const struct layer_spec *spec;   // of EXPORT_APP with slices: without the choice of entries
    const struct cnb_metadata *meta; // its slices
    size_t slice;                    // of EXPORT_APP with slices: which one, the last one is the rest
};

// What a platform knows of layers without looking into them, so that nothing is read twice.
struct export_known {
    // KNOWN_YES: *out (its diff_id, blob and blob_size) is what would be made, and the store has the blob.
    enum known (*find)(struct export_known *self, const struct export_piece *p, struct layer *out,
                       struct err *e);
    // After one was made; and after it was found.
    int (*made)(struct export_known *self, const struct export_piece *p, const struct layer *l, bool found,
                struct err *e);
};

struct export_base { // the run image; its layers are never read
    const struct image_config *config;
    const struct manifest *manifest;
    struct str reference, image; // exactly what it was, and its name
    struct strv mirrors;
};

struct export_previous { // the image that this one follows; NULL members: there is none
    const struct image_config *config;
    const struct manifest *manifest;
    const struct lifecycle_metadata *md;
};

struct export_in {
    struct events *ev;
    int layers_fd, app_fd;
    int launcher_fd;                // directory that holds a file named `launcher`, mode 0755
    struct str layers_dir, app_dir; // their names in the image
    const struct cnb_selected *group;
    const struct cnb_metadata *meta;
    const struct export_base *base;
    const struct export_previous *previous; // NULL: none
    const struct val *project;              // project-metadata.toml; NULL: none
    uint32_t uid, gid;
    int64_t created_sec;
    uint16_t platform_api;
    struct str exec_env, process_type; // process_type empty: the buildpacks' default
    struct launcher_source launcher;
    const char *codec;
    struct pool *pool;
    struct export_store *store;
    struct export_known *known; // NULL: every layer is made
};

struct export_out {
    struct str config_json, manifest_json;
    struct image_config config;
    struct manifest manifest;
    struct lifecycle_metadata md;
    struct {
        struct layer *v; // one for each layer above the base, lowest first
        size_t n;
    } layers;
    struct strv names; // of each of them, for people: "test/one:jre", "app", "launcher"
};

// Also puts config and manifest into the store.
int nodiscard lc_export(struct arena *a, const struct export_in *in, struct export_out *out, struct err *e);
