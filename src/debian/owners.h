// SPDX-License-Identifier: Apache-2.0
// debian/owners.h - who owns what in a tree whose files all belong to who unpacked it.
//
// An unprivileged user can give no file away, and setuid on a file of the wrong owner is worse than none. So a tree
// holds plain files, and this manifest holds the ids and the mode that each path has in the image.
#pragma once
#include "archive/tar.h"
#include "archive/walk.h"
#include "base/map.h"

struct owner {
    uint32_t uid, gid;
    uint32_t mode; // at most 07777, with setuid, setgid and sticky
};

struct owners {
    struct arena *a;
    struct strmap map; // path beneath the tree, clean -> struct owner *
};

struct owners *owners_new(void);
void owners_free(struct owners *o);
DEFINE_DROP(struct owners *, owners_free)

void owners_set(struct owners *o, struct str path, struct owner is); // copies the path; the last one counts
const struct owner *owners_find(const struct owners *o, struct str path); // NULL: not known
// The `owner` of a struct layer_spec, its ctx a struct owners: what is not known is root's, with its mode on disk.
void owners_entry(void *ctx, const struct walk_entry *w, struct tar_entry *t);
