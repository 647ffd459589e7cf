// SPDX-License-Identifier: Apache-2.0
// debian/alternatives.h - the links that maintainer scripts ask of update-alternatives, from a table.
#pragma once
#include "debian/tree.h"

struct deb_link {
    struct str link, target; // absolute: "/usr/bin/awk", "/usr/bin/gawk"
};

// For each name of the table the best candidate that the tree has: link -> /etc/alternatives/NAME -> candidate. What a
// package put in the place of the link stays. `own`: links of the declaration, which go before the table's and need
// their target (ERR_NOT_FOUND).
int nodiscard alternatives_link(const struct deb_tree *t, const struct deb_link *own, size_t n, struct err *e);
