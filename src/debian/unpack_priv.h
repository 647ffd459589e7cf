// SPDX-License-Identifier: Apache-2.0
// debian/unpack_priv.h - one run of deb_unpack: the tree that several packages are put into, and one package of it.
#pragma once
#include "archive/ar.h"
#include "archive/tar_read.h"
#include "debian/relation.h"
#include "debian/unpack.h"
#include <pthread.h>

// Who holds a path. A directory stays one, whoever comes: so an open directory is never taken away.
struct claim {
    size_t package;
    enum tar_type type;
};

struct conflict {
    struct str path;
    size_t a, b; // a < b
};

struct package {
    struct site *site;
    size_t number;
    const struct deb_input *in;
    struct arena *a; // of `out`
    struct deb_unpacked out;
    size_t entry_cap;
    struct deb_relations replaces;
    struct err e; // set: it failed
    // The directory of the last entry: entries come together.
    int parent;
    char parent_path[LIMIT_PATH];
};

struct site {
    const struct deb_unpack_spec *spec;
    struct package *package;
    pthread_mutex_t lock; // of all below, and of every change to a directory of the tree
    struct arena *a;
    struct strmap claims; // path -> struct claim *
    size_t *order, next;  // packages, the largest first
    bool clash;
    struct conflict conflict; // the first one in the order of paths and packages
    uint64_t bytes;
};

// The two parts of a package; the archive stands before control.tar.
int nodiscard deb_open(struct ar_reader *ar, struct err *e); // past debian-binary
int nodiscard deb_control_member(struct ar_reader *ar, struct arena *a, struct deb_control *out,
                                 struct err *e);
int nodiscard deb_member(struct ar_reader *ar, const char *stem, struct source **out, struct err *e);
// Puts one entry of data.tar into the tree.
int nodiscard place_entry(struct package *p, const struct tar_entry *t, struct tar_reader *from,
                          struct err *e);
bool deb_excluded(const struct strv *patterns, struct str path);
