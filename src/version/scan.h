// SPDX-License-Identifier: Apache-2.0
// version/scan.h - the grammar of one semantic version, shared by semver.c and constraint.c. Private to this room.
#pragma once
#include "version/semver.h"

struct scan {
    const char *noun; // for errors
    struct str text;
    size_t at;
    unsigned flags;
};
enum scan_flags {
    SCAN_LENIENT = 1u << 0, // partial versions, leading zeros
    SCAN_WILD = 1u << 1,    // x, X, * for a number; parts counts those before the first one
};

static inline char scan_char(const struct scan *s) // 0 at the end
{
    return s->at < s->text.n ? s->text.p[s->at] : 0;
}
int scan_wrong(const struct scan *s, const char *want, struct err *e); // names the byte at s->at
int nodiscard scan_version(struct scan *s, struct semver *out, struct err *e);
