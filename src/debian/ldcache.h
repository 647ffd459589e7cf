// SPDX-License-Identifier: Apache-2.0
// debian/ldcache.h - /etc/ld.so.cache of a tree, as ldconfig -r would write it, without running anything of the tree.
//
// The format is glibc's "glibc-ld.so.cache1.1": entries in descending order of names with numbers compared as numbers,
// so the same libraries give the same bytes. Libraries of glibc-hwcaps are left out: the loader finds the plain ones.
#pragma once
#include "base/buf.h"

// An architecture without a flag in our table
// gives an empty buffer: the loader then searches its directories.
int nodiscard ldcache_make(int root, struct buf *out, struct err *e);
