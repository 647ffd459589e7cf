// SPDX-License-Identifier: Apache-2.0
// base/dir.h - what is in one directory, in byte order.
#pragma once
#include "base/path.h"

// Names without "." and "..", sorted, of the directory `path` beneath dirfd.
// More than `max`: ERR_LIMIT. Absent: ERR_NOT_FOUND.
int nodiscard dir_names(struct arena *a, int dirfd, const char *path, size_t max, struct strv *out,
                        struct err *e);
enum dir_kind { DIR_ABSENT, DIR_FILE, DIR_DIR, DIR_OTHER };
// What `path` is beneath dirfd; links are followed beneath it only, a dangling or escaping one is DIR_OTHER.
enum dir_kind dir_kind(int dirfd, const char *path);
