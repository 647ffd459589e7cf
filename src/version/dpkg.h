// SPDX-License-Identifier: Apache-2.0
// version/dpkg.h - versions of Debian packages, [epoch:]upstream[-revision], in dpkg's order.
//
// spec: Debian policy 5.6.12 (versions) and 7.1 (relations). Texts are borrowed from what was parsed.
// The order is total: `~` before the end, the end before letters, letters before all else, digit runs as numbers
// of any length; no revision is the same as revision 0.
#pragma once
#include "base/err.h"
#include "base/str.h"

struct dpkg_version {
    uint32_t epoch; // 0 if none is written
    struct str upstream;
    struct str revision; // empty if none is written
};

// Strict: no blanks, epoch within 0..2^31-1, upstream begins with a digit and holds only A-Za-z0-9.+-~:, the
// revision only A-Za-z0-9+.~. ERR_PARSE names the character.
int nodiscard dpkg_version_parse(struct str s, struct dpkg_version *out, struct err *e);
int dpkg_version_cmp(const struct dpkg_version *a, const struct dpkg_version *b); // <0, 0, >0
// The two texts, parsed and compared; *order as above.
int nodiscard dpkg_version_order(struct str a, struct str b, int *order, struct err *e);

enum dpkg_relation { DPKG_LT, DPKG_LE, DPKG_EQ, DPKG_GE, DPKG_GT, DPKG_RELATION_MAX_ };
// "<<", "<=", "=", ">=", ">>"; the obsolete "<" and ">" mean "<=" and ">=", as for dpkg.
int nodiscard dpkg_relation_parse(struct str s, enum dpkg_relation *out, struct err *e);
const char *dpkg_relation_text(enum dpkg_relation r);
bool dpkg_relation_holds(const struct dpkg_version *a, enum dpkg_relation r, const struct dpkg_version *b);
