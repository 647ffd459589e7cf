// SPDX-License-Identifier: Apache-2.0
// phase/staged.h - the blobs of an export, held in files without names until every destination has them.
//
// A store of the exporter first, then the place that the finished image is copied from; what it does not hold itself it
// takes from the layouts of the run image and the previous image. Nothing is left on disk when it is done.
#pragma once
#include "image/layout.h"
#include "lifecycle/export.h"

struct staged {
    struct export_store store;
    struct image_from from;
    struct arena *a; // borrowed
    const char *dir; // where the files are made: the filesystem of the destinations
    struct staged_blob **v;
    size_t n, cap;
    struct image_from *others[2]; // borrowed; NULL: none
};

void staged_init(struct staged *s, struct arena *a, const char *dir);
// After the export: which blob is which.
void staged_name(struct staged *s, const struct export_out *out);
void staged_done(struct staged *s);
#define drop_staged __attribute__((cleanup(staged_done)))
