// SPDX-License-Identifier: Apache-2.0
// version/wrong.h - one shape for all refusals of this room: what, which text, where in it, why.
#pragma once
#include "base/digit.h"
#include "base/err.h"
#include "base/str.h"

// `dpkg version "1:2 3": character 4: …`; at counts bytes from 0, VERSION_WHOLE names no place. The text is made
// printable and cut. Returns -1 with ERR_PARSE.
#define VERSION_WHOLE ((size_t)-1)
int version_wrong(struct err *e, const char *noun, struct str text, size_t at, const char *fmt, ...)
    printf_(5, 6);
static inline bool version_is_alpha(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}
// Digit runs of any length as numbers: leading zeros do not count.
int version_cmp_digits(struct str a, struct str b);
