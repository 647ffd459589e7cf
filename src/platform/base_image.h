// SPDX-License-Identifier: Apache-2.0
// platform/base_image.h - what of a base image is not its layer: its config, its SBOM. For base_create.
#pragma once
#include "debian/declare.h"
#include "debian/lock.h"
#include "debian/unpack.h"
#include "image/image.h"
#include "sbom/sbom.h"

// ID and VERSION_ID of the tree's os-release; without: the lock's origin in lower case, and its suite.
struct sbom_distro base_distro(struct arena *a, int root, const struct deb_lock *lock);

struct base_config_spec {
    const struct base_declaration *declaration;
    const struct deb_lock *lock;
    struct sbom_distro distro;
    struct digest lock_digest, sbom_digest;
};
// User, environment, labels, times; the declaration's own labels and variables last. Adds the one layer.
void base_config(struct arena *a, const struct base_config_spec *s, const struct descriptor *blob,
                 const struct digest *diff_id, struct image *img);
struct oci_platform base_platform(struct str debian_architecture); // "armhf" is linux/arm/v7

// The packages with their licences and what they depend on among each other.
struct base_sbom_spec {
    int root; // of the finished tree
    const struct deb_set *set;
    const struct deb_lock *lock;
    struct sbom_distro distro;
    struct str name, serial_of; // of the declaration; what its serial number is made of
};
int nodiscard base_sbom(const struct base_sbom_spec *s, struct buf *out, struct err *e);
