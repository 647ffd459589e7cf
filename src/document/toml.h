// SPDX-License-Identifier: Apache-2.0
// document/toml.h - TOML 1.0.0, read with positions and written back.
//
// spec: toml.io v1.0.0. What only 1.1 allows is refused with its line. Limits: base/limits.h; a list and its
// tables count as two levels of depth. Floats are VAL_NUM with their text, without underscores and plus sign
// (so all but inf and nan are numbers of JSON too); whole numbers that need more than 64 bits are refused.
// Texts and keys may hold U+0000.
#pragma once
#include "base/buf.h"
#include "document/val.h"

// `file` names the document in errors. The root is a VAL_MAP; the tree does not borrow from `text`. A table's
// position is its header's. Errors are ERR_PARSE (or ERR_LIMIT) with line, column and key.
int nodiscard toml_read(struct arena *a, struct str text, const char *file, struct val **out, struct err *e);
// Appends: tables as [a.b] and [[a.b]], everything else inline, in the map's order but tables last. What TOML
// cannot say (a root that is no table, null, a foreign number, text that is not UTF-8) is ERR_USAGE, what is
// longer or deeper than the buffer or the reader allows ERR_LIMIT. The output is read as an equal tree.
int nodiscard toml_write(const struct val *root, struct buf *out, struct err *e);
