// SPDX-License-Identifier: Apache-2.0
// archive/tar_data.h - the bytes of one member of an archive as a source, holes as zeros: inside this room only.
#pragma once
#include "archive/tar.h"
#include "stream/stream.h"

// `extent` NULL: all bytes are stored. Reset for every entry; its drop does nothing.
struct member_data {
    struct source base;
    struct source *from;
    struct str name; // for messages; borrowed
    uint64_t size, pos;
    uint64_t stored; // bytes of the archive that were not consumed yet
    const struct tar_extent *extent;
    size_t extent_n, at; // the first extent that does not end before pos
    uint8_t *joined;     // STREAM_WINDOW, for views across the border of an extent; made when needed
};

void member_data_init(struct member_data *d, struct source *borrowed);
// extent NULL: stored is size.
void member_data_set(struct member_data *d, struct str name, uint64_t size, const struct tar_extent *extent,
                     size_t n, uint64_t stored);
int nodiscard member_data_end(struct member_data *d, struct err *e); // past the stored bytes that nobody read
void member_data_done(struct member_data *d);
