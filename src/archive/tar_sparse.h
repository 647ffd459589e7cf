// SPDX-License-Identifier: Apache-2.0
// archive/tar_sparse.h - where the data of a sparse file is: inside this room only.
#pragma once
#include "archive/tar_block.h"
#include "base/err.h"

struct tar_map {
    struct tar_extent *v; // merged: ascending, never touching, never empty
    size_t n, cap;
    size_t told;   // extents as the archive told them
    uint64_t end;  // of the last one told
    uint64_t data; // sum of their lengths
};

void tar_map_clear(struct tar_map *m); // keeps the memory
void tar_map_free(struct tar_map *m);
// Extents that go backwards or overlap are ERR_PARSE, more than LIMIT_TAR_SPARSE are ERR_LIMIT.
int nodiscard tar_map_add(struct tar_map *m, uint64_t at, uint64_t n, struct err *e);
// All extents lie within `size`, and hold exactly the `stored` bytes of the archive.
int nodiscard tar_map_check(const struct tar_map *m, uint64_t size, uint64_t stored, struct err *e);

// Old GNU: four extents within the header, 21 in each block that follows while *more.
int nodiscard tar_map_header(struct tar_map *m, const struct tar_block *b, uint64_t *size, bool *more,
                             struct err *e);
int nodiscard tar_map_block(struct tar_map *m, const char block[TAR_BLOCK_SIZE], bool *more, struct err *e);
// pax 0.1: "at,n,at,n".
int nodiscard tar_map_list(struct tar_map *m, struct str list, struct err *e);

// pax 1.0: decimal lines before the data, the first says how many extents follow.
struct tar_map_lines {
    uint64_t number; // being read
    bool digits;
    bool counted, half, done;
    uint64_t left, at; // extents to come; start of the one being read
};
int nodiscard tar_map_lines(struct tar_map *m, struct tar_map_lines *l, const char block[TAR_BLOCK_SIZE],
                            struct err *e);
