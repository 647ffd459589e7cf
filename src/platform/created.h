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

// `source` is an absolute path without links; `env` this process's environment. Only a malformed SOURCE_DATE_EPOCH is
// an error: what git cannot say makes the fixed date, and `why` says so.
int nodiscard created_time(struct arena *a, const char *source, const struct strmap *env, struct created *out,
                           struct err *e);

// The same in a thread of its own, since git takes as long as the preparation of a build. What is given is borrowed
// until created_free, which waits too; NULL is fine.
struct created_ask;
int nodiscard created_begin(const char *source, const struct strmap *env, struct created_ask **out,
                            struct err *e);
const struct created *created_answer(struct created_ask *q); // waits; in the ask's own memory
void created_free(struct created_ask *q);
DEFINE_DROP(struct created_ask *, created_free)
