// SPDX-License-Identifier: Apache-2.0
// image/archive.h - images in one tar file.
//
// What is written is an OCI layout and a `docker save` file at once: oci-layout, index.json and Docker's manifest.json
// over the same blobs/ALG/HEX. So `docker load`, `podman load`, skopeo and
// containerd all take it. Same images, same bytes.
#pragma once
#include "image/copy.h"

struct archive_image {
    const struct image *img;
    struct str reference; // with registry and tag; empty: without a name
};

// Neither finishes nor drops `to`. Blobs that images share are written once. Artifacts (SBOMs) are in index.json only.
int nodiscard archive_write(const struct archive_image *v, size_t n, struct image_from *from, struct sink *to,
                            struct err *e);

// Reads such a file, any OCI layout in a tar (a `.cnb` too) or a `docker
// save` file, plain or compressed, in one pass (a
// pipe will do). Blobs become blobs of the transaction, checked against their names; nothing is named. The images, of
// indexes all platforms, are in the order of index.json; their descriptors have the index' platforms. Refused: what is
// missing (ERR_NOT_FOUND) or not as it is named (ERR_DIGEST), links that lead out (ERR_DENIED), a name twice.
struct archive_images {
    struct archive_image *v;
    size_t n, cap;
    bool docker; // it had only Docker's manifest.json: manifests were made for it
};
int nodiscard archive_read(struct state *st, struct txn *t, struct source *take_from, struct arena *a,
                           struct archive_images *out, struct err *e);
