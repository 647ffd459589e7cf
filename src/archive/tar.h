// SPDX-License-Identifier: Apache-2.0
// archive/tar.h - one entry of a tar archive, as the writer takes it and the reader gives it.
#pragma once
#include "base/str.h"
#include <sys/stat.h>

// The numbers are POSIX' typeflags.
enum tar_type {
    TAR_FILE = '0',
    TAR_HARDLINK = '1', // `link` is the name of an earlier entry
    TAR_SYMLINK = '2',
    TAR_CHAR = '3',
    TAR_BLOCK = '4',
    TAR_DIR = '5',
    TAR_FIFO = '6',
};

struct tar_xattr {
    struct str name, value; // "security.capability", raw bytes
};
struct tar_extent {
    uint64_t at, n; // where data is in a sparse file; the rest is zeros
};

struct tar_entry {
    enum tar_type type;
    struct str name; // raw bytes, no NUL
    struct str link; // of a hard link or a symbolic link, raw bytes
    struct str uname, gname;
    uint32_t mode;     // permissions with setuid, setgid and sticky: at most 07777
    uint32_t uid, gid; // never 4294967295, which is no id
    uint64_t size;     // bytes of a file, of a sparse one with its holes; 0 for every other type
    int64_t mtime_sec;
    uint32_t mtime_nsec; // only the reader sets it; the writer knows whole seconds
    uint32_t devmajor, devminor;
    // Only the reader sets these; the writer stores no extended attributes and no holes (cnb.md §6.2).
    const struct tar_xattr *xattr;
    size_t xattr_n;
    bool sparse;
    const struct tar_extent *extent; // of a sparse file: ascending, never touching, never empty
    size_t extent_n;
};

// Type, permissions, owner, size, time and device as lstat told them; name and link stay. false: a socket, which tar
// cannot hold; *out is untouched then.
bool tar_entry_from_stat(const struct stat *st, struct tar_entry *out);
