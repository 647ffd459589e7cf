// SPDX-License-Identifier: Apache-2.0
// lifecycle/export.h - from the directories that a build left to an app
// image (spec: platform.md "exporter"; cnb.md §6).
//
// First the plan: which layers, from where, in which order. Then each is made once, straight into the store. The
// directories were written by buildpacks and are hostile: everything is read beneath their descriptors.
#pragma once
#include "cnb/group.h"
#include "cnb/labels.h"
#include "layer/make.h"
#include "oci/image_config.h"

// Where blobs go. `blob` gives a sink; its finish publishes or prepares, as the store has it.
struct export_store {
    int (*blob)(struct export_store *self, struct sink **out, struct err *e);
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
};

// Also puts config and manifest into the store.
int nodiscard lc_export(struct arena *a, const struct export_in *in, struct export_out *out, struct err *e);
