// SPDX-License-Identifier: Apache-2.0
// archive/tar_block.h - the 512 bytes of a tar header and its numbers: inside this room only.
#pragma once
#include "archive/tar.h"
#include <assert.h>

enum { TAR_BLOCK_SIZE = 512, TAR_NAME = 100, TAR_PREFIX = 155 };

// POSIX' ustar header; V7 ends before `magic`, GNU's differs from `prefix` on.
struct tar_block {
    char name[TAR_NAME], mode[8], uid[8], gid[8], size[12], mtime[12], sum[8], type, link[TAR_NAME];
    char magic[6], version[2], uname[32], gname[32], devmajor[8], devminor[8], prefix[TAR_PREFIX], pad[12];
};
static_assert(sizeof(struct tar_block) == TAR_BLOCK_SIZE, "a header is one block");

// The sum of all bytes with `sum` taken as blanks; *as_signed as old Sun tars counted it.
uint32_t tar_block_sum(const struct tar_block *b, int32_t *as_signed);

// Octal digits with leading zeros, then NUL; what does not fit is written as zero.
void tar_octal_put(char *field, size_t n, uint64_t v);
bool tar_octal_fits(size_t n, uint64_t v);
// Leading blanks, octal digits, then only blanks and NULs; nothing at all is 0. Or GNU's base-256, which may be
// negative. false: neither, or beyond 63 bits.
bool tar_number_get(const char *field, size_t n, int64_t *out);
struct str tar_text_get(const char *field, size_t n); // up to the first NUL

static inline uint64_t tar_padding(uint64_t size) // from size to the next block
{
    return (TAR_BLOCK_SIZE - size % TAR_BLOCK_SIZE) % TAR_BLOCK_SIZE;
}

// "name" as messages show it: printable and not endless, cut off with "...".
#define TAR_SHOWN 176
const char *tar_shown(struct str name, char out[TAR_SHOWN]);
