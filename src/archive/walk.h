// SPDX-License-Identifier: Apache-2.0
// archive/walk.h - a tree beneath a directory, entry by entry, in an order that does not depend on the disk.
//
// No symbolic link is followed. Memory holds one sorted list of names a level, at most WALK_FDS descriptors are open
// whatever the depth. The tree may change underneath: what is seen to change is ERR_IO and transient, never a crash
// or a step outside.
#pragma once
#include "base/path.h"

enum tree_order {
    TREE_WALK,      // a directory, then its children in byte order of names (Go's filepath.Walk): a, a/b, a-b
    TREE_FULL_PATH, // byte order of whole paths: a, a-b, a/b
};
enum { WALK_FDS = 64 };

struct walk_entry {
    struct str path;  // beneath the start, terminated; "" is the start itself, which always comes first
    const char *name; // last component, inside path
    struct stat st;   // of the entry itself (lstat)
    struct str link;  // target of a symbolic link, else empty
    bool socket;      // tar cannot hold it: to be left out
};

enum walk_step { WALK_ERROR = -1, WALK_END, WALK_ENTRY };

struct walk;
// `path` beneath dirfd (borrowed, stays open): a directory, or one file. "." is dirfd itself.
int nodiscard walk_open(int dirfd, const char *path, enum tree_order order, struct walk **out, struct err *e);
// *out is borrowed until the next call. Unreadable directories are errors that name them; more than LIMIT_TAR_ENTRIES
// entries, LIMIT_PATH_DEPTH levels or LIMIT_PATH bytes are ERR_LIMIT.
enum walk_step nodiscard walk_next(struct walk *w, const struct walk_entry **out, struct err *e);
void walk_prune(struct walk *w); // the directory just reported is not entered
// Opens the regular file just reported for reading, and makes sure that it still is the one reported (same inode;
// size and mode are taken over into the entry). *fd is the caller's.
int nodiscard walk_open_file(struct walk *w, int *fd, struct err *e);
void walk_free(struct walk *w);
DEFINE_DROP(struct walk *, walk_free)
