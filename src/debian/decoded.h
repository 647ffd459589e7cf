// SPDX-License-Identifier: Apache-2.0
// debian/decoded.h - data.tar of packages kept beside them as zstd: xz is ten times slower, bases share packages.
//
// "HEX.tar.zst" by the sha256 of the package: a frame of zstd, then a skippable frame (RFC 8878, 3.1.2) with the sha256
// of all bytes before it. A copy is used only when that is right; one
// that is not goes away. None of that fails: without
// a copy the package itself is decoded, and a copy that cannot be written is not kept.
#pragma once
#include "stream/hash.h"
#include "stream/stream.h"

// "decoded" beneath a folder of ours, made if missing; the caller's. -1: there can be none.
int deb_decoded_dir(const char *parent);
// The plain bytes of the copy of that package; NULL: there is none.
struct source *deb_decoded_open(int dir, const struct digest *package);
// Passes the plain bytes of `take_from` on and copies what is skipped of them.
struct source *deb_decoded_keep(struct source *take_from, int dir, const struct digest *package);
// Reads to the end, which checks the source too, and publishes the copy. An error is the source's.
int nodiscard deb_decoded_end(struct source *kept, struct err *e);

// Beneath `parent`, the folder of apt's packages (debian/apt.h): packages and copies that were last used, and answers
// (debian/answer.h) that were made, before that time (0: whenever that was) go, and so do copies whose package is not
// there. An absent folder is an empty one.
struct deb_swept {
    uint64_t packages, copies, bytes; // removed
};
int nodiscard deb_cache_sweep(const char *parent, int64_t unused_before_sec, bool dry_run,
                              struct deb_swept *out, struct err *e);
