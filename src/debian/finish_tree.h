// SPDX-License-Identifier: Apache-2.0
// debian/finish_tree.h - files, links and directories that the finisher adds to a tree, with their owners.
//
// Paths are relative and in the form of a merged /usr. Missing parents are made, root's and 0755. Nothing that is there
// is ever replaced: what a package brought stays, and that is success. The tree must be at rest.
#pragma once
#include "base/buf.h"
#include "debian/owners.h"

struct deb_tree {
    int root; // borrowed
    struct owners *owners;
};

bool finish_has(const struct deb_tree *t, const char *path);    // an entry, a dangling link too
bool finish_reaches(const struct deb_tree *t, struct str path); // something, links of the tree followed
int nodiscard finish_dir(const struct deb_tree *t, const char *path, struct owner is, struct err *e);
int nodiscard finish_file(const struct deb_tree *t, const char *path, struct owner is, struct str content,
                          struct err *e);
int nodiscard finish_link(const struct deb_tree *t, const char *path, struct str target, struct err *e);
