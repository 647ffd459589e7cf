// SPDX-License-Identifier: Apache-2.0
// platform/du.h - what takes how much of the disk under the data directory.
#pragma once
#include "image/image.h"

enum du_part { DU_TREES, DU_BLOBS, DU_APPS, DU_DEPS, DU_APT, DU_KNOWN, DU_OTHER, DU_PART_MAX_ };
const char *du_part_name(enum du_part p);  // "trees", …
const char *du_part_about(enum du_part p); // what lies there, for people

struct du_size {
    uint64_t bytes; // blocks of the disk, not lengths of files
    uint64_t entries;
};
struct du_image {
    struct str name;       // in the state
    uint64_t bytes;        // blobs and trees of its layers that are on this disk, manifest and config
    uint64_t own;          // of them those that no other image needs: what rm and gc would free
    uint64_t kept;         // what its builds keep for the next one
    size_t layers, shared; // and how many of them other images have too
};
struct du {
    struct du_size part[DU_PART_MAX_];
    struct {
        struct du_image *v;
        size_t n;
    } images;
};
// What is removed while it is looked at does not count.
int nodiscard du_measure(struct state *st, struct arena *a, struct du *out, struct err *e);
