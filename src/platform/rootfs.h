// SPDX-License-Identifier: Apache-2.0
// platform/rootfs.h - an image of the state as the root of a sandbox.
#pragma once
#include "image/image.h"
#include "oci/users.h"
#include "sandbox/sandbox.h"

struct rootfs_tree {
    struct strv lower;      // directories of the host, topmost first
    struct image_user user; // of the image's config
    struct {
        int *v;
        size_t n;
    } held; // descriptors that keep gc away; rootfs_done closes them
};

// Every layer becomes a tree of the state first. ERR_NOT_FOUND when one is nowhere.
int nodiscard rootfs_open(struct state *st, struct arena *a, const struct image *img, struct rootfs_tree *out,
                          struct err *e);
void rootfs_done(struct rootfs_tree *r);
#define drop_rootfs __attribute__((cleanup(rootfs_done)))
// A file of the image, from the topmost layer that has it; at most `max` bytes. Absent: *out is empty.
int nodiscard rootfs_file(struct arena *a, const struct rootfs_tree *r, const char *path, size_t max,
                          struct str *out, struct err *e);
