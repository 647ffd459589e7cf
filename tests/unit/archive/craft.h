// SPDX-License-Identifier: Apache-2.0
// craft.h - tar archives of any kind, good and bad, header by header.
#pragma once
#include "archive/tar_read.h"
#include "base/buf.h"

enum { CRAFT_MAX = 1 << 26 };

// What is not set gets a good value: a name "f", type '0', ustar, mode 644, owner 1000:1000, time 1.
struct craft {
    const char *name, *link, *prefix;
    char type;
    const char *magic;       // 8 bytes with the version
    struct str body;         // after the header, padded
    const char *size_field;  // all 12 bytes; else the size of the body
    const char *uid_field;   // 8 bytes
    const char *mtime_field; // 12 bytes
    const char *dev_field;   // 8 bytes, for both
    const char *raw;         // what stands at raw_at instead, last of all
    size_t raw_at, raw_n;
    bool bad_sum;
    bool no_type; // typeflag NUL
};
void craft_entry(struct buf *b, const struct craft *c);
// One pax record with its right length.
void craft_record(struct buf *b, const char *key, struct str value);
// An x or g header with these records, "key", "value", …, NULL.
void craft_pax(struct buf *b, char type, ...) __attribute__((sentinel));
void craft_long(struct buf *b, char type, struct str name); // L or K with the bytes as they are
void craft_end(struct buf *b);                              // two zero blocks

// Reads all entries and all their data through windows of `min` bytes, and adds a line for each to *list (or NULL).
int nodiscard craft_read(struct str tar, size_t min, struct buf *list, struct err *e);

// In tests: an archive to be crafted, and one header of it.
#define TAR(name) drop_buf struct buf name = BUF_INIT(CRAFT_MAX)
#define C(...)                                                                                               \
    &(struct craft)                                                                                          \
    {                                                                                                        \
        __VA_ARGS__                                                                                          \
    }
void craft_one(struct buf *tar, const struct craft *c); // an entry, and the end behind it
int nodiscard craft_try(const struct buf *tar, struct err *e);
void craft_gives(const struct buf *tar,
                 const char *want); // the list of craft_read, through windows of many sizes
