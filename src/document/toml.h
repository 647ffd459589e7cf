// SPDX-License-Identifier: Apache-2.0
// document/toml.h - TOML 1.0.0, read with positions and written back.
//
// spec: toml.io v1.0.0. What only 1.1 allows is refused with its line. Limits: base/limits.h.
#pragma once
#include "base/buf.h"
#include "document/val.h"

// `file` names the document in errors. The root is a VAL_MAP. Errors are ERR_PARSE (or ERR_LIMIT) with line, column and key.
int nodiscard toml_read(struct arena *a, struct str text, const char *file, struct val **out, struct err *e);
// Tables as [a.b] and [[a.b]], everything else inline, in the map's order; root must be a VAL_MAP, without VAL_NULL.
int nodiscard toml_write(const struct val *root, struct buf *out, struct err *e);
