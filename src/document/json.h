// SPDX-License-Identifier: Apache-2.0
// document/json.h - JSON (RFC 8259), strict: no duplicate keys, no lone surrogates, no trailing bytes, UTF-8 only.
//
// Whole numbers that fit int64 become VAL_INT, all others VAL_NUM with their text.
#pragma once
#include "base/buf.h"
#include "document/val.h"

enum json_style {
    JSON_GO, // compact, escapes < > & U+2028 U+2029 as \uXXXX: byte for byte what Go's encoding/json writes
    JSON_PLAIN,  // compact, escapes what RFC 8259 asks for, and U+007F to U+009F, which terminals may obey
    JSON_PRETTY, // the same, with lines and two spaces
};

int nodiscard json_read(struct arena *a, struct str text, const char *file, struct val **out, struct err *e);
// The same with a limit of its own on the number of values, which is what memory follows: ERR_LIMIT.
int nodiscard json_read_few(struct arena *a, struct str text, const char *file, size_t max_values,
                            struct val **out, struct err *e);
void json_write(const struct val *v, enum json_style style,
                struct buf *out); // the buffer remembers an overflow
