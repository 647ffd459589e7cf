// SPDX-License-Identifier: Apache-2.0
// layer/unpack_priv.h - one run of layer_unpack, and the places in the tree that it makes.
#pragma once
#include "archive/tar_read.h"
#include "base/map.h"
#include "layer/unpack.h"

struct unpack {
    int root; // borrowed
    struct unpack_opts opts;
    struct unpacked out;
    struct tar_reader *reader;
    struct arena *a;
    char path[LIMIT_PATH]; // of this entry, clean; empty: the root
    // The directory of the last entry: entries come together. It is never removed while it is kept here, because an
    // entry takes away only what has its own path, and the directory of that one is another.
    int parent;
    char parent_path[LIMIT_PATH];
    struct strmap dirs;  // path -> struct dir_note *, a directory before what lies in it
    uint64_t dirs_bytes; // of those paths
};

// The directory that holds u->path, made with its parents where missing (*parent is kept by u), and the last component.
int nodiscard spot_parent(struct unpack *u, int *parent, const char **base, struct err *e);
// Takes away what stands there, a tree too.
int nodiscard spot_clear(struct unpack *u, int parent, const char *base, struct err *e);
// A directory, new or the one that is there; anything else that is there goes. One over a whiteout is opaque.
int nodiscard spot_dir(struct unpack *u, int parent, const char *base, struct err *e);
int nodiscard spot_opaque(struct unpack *u, int parent, const char *name, struct err *e);

// What a directory shall be in the end; the last note of a path wins.
void dirs_note(struct unpack *u, struct str path, uint32_t mode, int64_t sec, uint32_t nsec);
int nodiscard dirs_finish(struct unpack *u, struct err *e);
