// SPDX-License-Identifier: Apache-2.0
// base/dir.h - what is in one directory, in byte order.
#pragma once
#include "base/path.h"

// Names without "." and "..", sorted, of the directory `path` beneath dirfd.
// More than `max`: ERR_LIMIT. Absent: ERR_NOT_FOUND.
int nodiscard dir_names(struct arena *a, int dirfd, const char *path, size_t max, struct strv *out,
                        struct err *e);
enum dir_kind { DIR_ABSENT, DIR_FILE, DIR_DIR, DIR_OTHER };
// The same with what each one is, as dir_kind says it; the listing tells, so that only links are asked after.
struct dir_entry {
    struct str name;
    enum dir_kind kind;
};
struct dir_entries {
    struct dir_entry *v;
    size_t n, cap;
};
int nodiscard dir_list(struct arena *a, int dirfd, const char *path, size_t max, struct dir_entries *out,
                       struct err *e);
// Of a directory that was just opened; `path` is its name in errors.
int nodiscard dir_list_fd(struct arena *a, int fd, const char *path, size_t max, struct dir_entries *out,
                          struct err *e);
enum dir_kind dir_entry_kind(const struct dir_entries *in, const char *name); // DIR_ABSENT: none of that name
// What `path` is beneath dirfd; links are followed beneath it only, a dangling or escaping one is DIR_OTHER.
enum dir_kind dir_kind(int dirfd, const char *path);
