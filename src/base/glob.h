// SPDX-License-Identifier: Apache-2.0
// base/glob.h - patterns as Go's filepath.Match reads them, which is what slices and includes of the spec use.
//
// `*` any bytes but '/', `?` one character but '/', `[a-z]` and `[^a-z]` one character of a class,
// `\c` the character c itself. There is no `**`. The whole name must match. Characters are UTF-8.
#pragma once
#include "base/err.h"
#include "base/str.h"

enum glob { GLOB_ERROR = -1, GLOB_NO, GLOB_YES };

// GLOB_ERROR with ERR_USAGE for a malformed pattern, whatever the name is, with ERR_LIMIT for one of LIMIT_PATH bytes.
enum glob nodiscard glob_match(struct str pattern, struct str name, struct err *e);
int nodiscard glob_check(struct str pattern, struct err *e); // is the pattern well formed?
bool glob_is_plain(struct str pattern);                      // no byte of it has a meaning of its own
