// SPDX-License-Identifier: Apache-2.0
// platform/base.h - base images that are in the state: which, and what is in one.
#pragma once
#include "debian/lock.h"
#include "image/image.h"

// Annotations of the name of a base image in the state: what its declaration said of it.
#define BASE_ANNOTATION_KIND "dema.base.kind"       // "run", "build"
#define BASE_ANNOTATION_MIRRORS "dema.base.mirrors" // references, a blank between
// Labels of ours, beside those of the spec.
#define BASE_LABEL_LOCK "dema.base.lock" // digest of the lock
#define BASE_LABEL_SBOM "dema.base.sbom" // digest of the CycloneDX document
// Artifact types of what refers to a base image.
#define BASE_ARTIFACT_LOCK "application/vnd.dema.base.lock.v1+toml"
#define BASE_ARTIFACT_PACKAGES "application/vnd.dema.base.packages.v1"
#define BASE_MEDIA_DEB "application/vnd.debian.binary-package"

struct base_info {
    struct str name; // in the state
    struct digest manifest;
    struct str kind; // "run", "build"; empty: not made by us
    struct strv mirrors;
    struct str distro_name, distro_version, architecture, created, description;
    uint64_t size;                         // of its layers as they are sent
    bool has_lock, has_packages, has_sbom; // artifacts beside it
};

// Images with the spec's label of a distribution's name that are no app images and no builders.
int nodiscard base_list(struct state *st, struct arena *a, struct base_info **out, size_t *n, struct err *e);
// Any image that can be a base. ERR_NOT_FOUND.
int nodiscard base_inspect(struct state *st, struct arena *a, struct str reference, struct base_info *out,
                           struct err *e);
// The lock that is kept beside it. ERR_NOT_FOUND.
int nodiscard base_lock_load(struct state *st, struct arena *a, struct str reference, struct deb_lock *out,
                             struct err *e);
int nodiscard base_sbom_load(struct state *st, struct arena *a, struct str reference, struct str *out,
                             struct err *e);
