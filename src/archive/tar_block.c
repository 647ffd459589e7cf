// SPDX-License-Identifier: Apache-2.0
#include "archive/tar_block.h"
#include <stdio.h>
#include <sys/sysmacros.h>

// The bytes of p, and how many of them have their high bit set.
static uint32_t bytes_sum(const uint8_t *p, size_t n, uint32_t *high)
{
    uint32_t sum = 0, bits = 0;
    for (size_t i = 0; i < n; i++)
        sum += p[i];
    for (size_t i = 0; i < n; i++)
        bits += p[i] >> 7;
    *high = bits;
    return sum;
}

uint32_t tar_block_sum(const struct tar_block *b, int32_t *as_signed)
{
    uint32_t high, own_high;
    uint32_t sum = bytes_sum((const uint8_t *)b, sizeof *b, &high);
    uint32_t own = bytes_sum((const uint8_t *)b->sum, sizeof b->sum, &own_high);
    sum = sum - own + ' ' * sizeof b->sum;
    if (as_signed)
        *as_signed = (int32_t)sum - 256 * (int32_t)(high - own_high);
    return sum;
}

bool tar_octal_fits(size_t n, uint64_t v)
{
    return v >> (3 * (n - 1)) == 0;
}

void tar_octal_put(char *field, size_t n, uint64_t v)
{
    if (!tar_octal_fits(n, v))
        v = 0;
    field[n - 1] = 0;
    for (size_t i = n - 1; i--; v >>= 3)
        field[i] = (char)('0' + (v & 7));
}

// Two's complement, big-endian; the first bit only says that it is not octal.
static bool base256(const uint8_t *p, size_t n, int64_t *out)
{
    bool minus = p[0] & 0x40;
    uint8_t flip = minus ? 0xff : 0;
    uint64_t v = (p[0] ^ flip) & 0x3f;
    for (size_t i = 1; i < n; i++) {
        if (v >> 55)
            return false;
        v = v << 8 | (p[i] ^ flip);
    }
    if (v > INT64_MAX)
        return false;
    *out = minus ? -(int64_t)v - 1 : (int64_t)v;
    return true;
}

bool tar_number_get(const char *field, size_t n, int64_t *out)
{
    if ((uint8_t)field[0] & 0x80)
        return base256((const uint8_t *)field, n, out);
    size_t at = 0, end;
    while (at < n && field[at] == ' ')
        at++;
    for (end = at; end < n && field[end] >= '0' && field[end] <= '7';)
        end++;
    for (size_t i = end; i < n; i++)
        if (field[i] != ' ' && field[i] != 0)
            return false;
    uint64_t v = 0;
    if (end > at && !str_octal((struct str){field + at, end - at}, INT64_MAX, &v))
        return false;
    *out = (int64_t)v;
    return true;
}

struct str tar_text_get(const char *field, size_t n)
{
    return (struct str){field, strnlen(field, n)};
}

const char *tar_shown(struct str name, char out[TAR_SHOWN])
{
    drop_(arena_free) struct arena *a = arena_new(1024);
    struct str s = str_printable(a, name, TAR_SHOWN - 8);
    bool cut = s.n >= TAR_SHOWN;
    (void)snprintf(out, TAR_SHOWN, "%.*s%s", cut ? TAR_SHOWN - 4 : (int)s.n, s.p, cut ? "..." : "");
    return out;
}

static bool type_of(mode_t mode, enum tar_type *out)
{
    switch (mode & S_IFMT) {
    case S_IFREG:
        *out = TAR_FILE;
        return true;
    case S_IFDIR:
        *out = TAR_DIR;
        return true;
    case S_IFLNK:
        *out = TAR_SYMLINK;
        return true;
    case S_IFIFO:
        *out = TAR_FIFO;
        return true;
    case S_IFCHR:
        *out = TAR_CHAR;
        return true;
    case S_IFBLK:
        *out = TAR_BLOCK;
        return true;
    default:
        return false;
    }
}

bool tar_entry_from_stat(const struct stat *st, struct tar_entry *out)
{
    enum tar_type type;
    if (!type_of(st->st_mode, &type))
        return false;
    bool device = type == TAR_CHAR || type == TAR_BLOCK;
    out->type = type;
    out->mode = st->st_mode & 07777;
    out->uid = st->st_uid;
    out->gid = st->st_gid;
    out->size = type == TAR_FILE ? (uint64_t)st->st_size : 0;
    out->mtime_sec = st->st_mtim.tv_sec;
    out->mtime_nsec = (uint32_t)st->st_mtim.tv_nsec;
    out->devmajor = device ? major(st->st_rdev) : 0;
    out->devminor = device ? minor(st->st_rdev) : 0;
    return true;
}
