// SPDX-License-Identifier: Apache-2.0
// kit/extract.h - a dependency's bytes into a layer: tar (plain, gzip, xz, zstd), .deb, or one file.
//
// Nothing outside of the directory is read, made or changed. ".." is refused, as are devices, entries that would go
// through a link, hard links to what the archive does not have as a file before them, and relative links that lead out;
// absolute links are kept as data. A hard link to what `strip`, `only` or `drop` leave out has that file's content: the
// archive is then read twice. Modes are 0644 and 0755, setuid is dropped, a later entry replaces an earlier one. Zip is
// ERR_PARSE.
#pragma once
#include "base/err.h"
#include "base/str.h"
#include "stream/hash.h"

struct extract {
    const char *name; // of the dependency, for errors
    int dirfd;        // a directory that nobody else writes to
    uint64_t strip;   // components that are cut off each name; entries without so many are left out
    const struct strv
        *only; // patterns of what is wanted, behind `strip`; empty: all. A folder: with all below it
    const struct strv *drop; // patterns of what is not
    struct str into;         // path of what is one file
    // What all bytes together must be, hashed as they are unpacked, since others may write to the same file:
    // ERR_DIGEST. NULL: not looked at.
    const struct digest *sum;
};
struct extracted {
    uint64_t entries, bytes;
};
// Reads fd, a regular file, from its position. On failure the directory holds a part: throw it away.
int nodiscard extract(const struct extract *x, int fd, struct extracted *out, struct err *e);
bool extract_matches(const struct strv *patterns,
                     struct str path); // for tests: one of them, or a folder above it
