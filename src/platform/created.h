// SPDX-License-Identifier: Apache-2.0
// platform/created.h - when an image is said to be made: a time that the same source always has.
//
// SOURCE_DATE_EPOCH; else the time of the commit that the source is, when a git work tree holds it and nothing beneath
// it differs from that commit; else LAYER_MTIME. A repository is hostile input: git is asked in ways that run no
// program that the repository names, and not at all where that cannot be said.
#pragma once
#include "base/err.h"
#include "base/map.h"

struct created {
    int64_t sec;
    struct str why; // "commit 0123456789ab"; in the arena
};

// `source` is an absolute path without links; `env` this process's
// environment. Only a malformed SOURCE_DATE_EPOCH is an
// error: what git cannot say makes the fixed date, and `why` says so.
int nodiscard created_time(struct arena *a, const char *source, const struct strmap *env, struct created *out,
                           struct err *e);
