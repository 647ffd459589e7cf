// SPDX-License-Identifier: Apache-2.0
// archive/tar_pax.h - the records of pax headers: inside this room only. spec: POSIX pax, GNU's sparse keys.
#pragma once
#include "archive/tar_sparse.h"

enum tar_pax_keys {
    PAX_PATH = 1u << 0,
    PAX_LINKPATH = 1u << 1,
    PAX_SIZE = 1u << 2,
    PAX_UID = 1u << 3,
    PAX_GID = 1u << 4,
    PAX_UNAME = 1u << 5,
    PAX_GNAME = 1u << 6,
    PAX_MTIME = 1u << 7,
    PAX_SPARSE_MAJOR = 1u << 8,
    PAX_SPARSE_MINOR = 1u << 9,
    PAX_SPARSE_NAME = 1u << 10,
    PAX_SPARSE_REALSIZE = 1u << 11, // also GNU.sparse.size, its older name
    PAX_SPARSE_NUMBLOCKS = 1u << 12,
    PAX_SPARSE_MAP = 1u << 13,
    PAX_SPARSE_OFFSET = 1u << 14, // 0.0: pairs of records, kept in `map`
    PAX_SPARSE = PAX_SPARSE_MAJOR | PAX_SPARSE_MINOR | PAX_SPARSE_NAME | PAX_SPARSE_REALSIZE |
                 PAX_SPARSE_NUMBLOCKS | PAX_SPARSE_MAP | PAX_SPARSE_OFFSET,
};

struct tar_pax {
    unsigned has;   // keys with a value
    unsigned unset; // keys with an empty value: the header counts, not the global record
    struct str path, linkpath, uname, gname, sparse_name, sparse_list; // within the body that was read
    uint64_t size, uid, gid, major, minor, realsize, numblocks;
    int64_t mtime_sec;
    uint32_t mtime_nsec;
    bool half; // an offset without its numbytes
    uint64_t offset;
    struct tar_map *map; // of the reader: where 0.0 puts its extents
    struct tar_xattr *xattr;
    size_t xattr_n, xattr_cap;
};

void tar_pax_clear(struct tar_pax *p); // keeps memory and map
void tar_pax_free(struct tar_pax *p);
// Adds the records of one header; `body` must outlive p's texts. Within one header the last of equal keys counts. In a
// global one only owners and times count; names, sizes and sparse maps in it are refused.
int nodiscard tar_pax_read(struct tar_pax *p, struct str body, bool global, struct err *e);
