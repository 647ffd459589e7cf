// SPDX-License-Identifier: Apache-2.0
// debian/resolve.h - which packages a list of packages needs: a pure function of an index and the list.
//
// The highest version of each name counts. Depends and Pre-Depends are followed in their order; of alternatives the one
// that is already chosen, else the first that can be had; recommendations never. Conflicts and breaks are errors.
#pragma once
#include "base/err.h"
#include "debian/index.h"

struct deb_selected {
    const struct deb_package *package;
    const struct deb_package *because; // who needs it; NULL: it was asked for
};

// Sorted by name.
struct deb_selection {
    struct deb_selected *v;
    size_t n;
};

// `wanted`: "name" or "name=version". ERR_NOT_FOUND names the package that is not there and who needs it, ERR_USAGE two
// packages that cannot stand beside each other, ERR_PARSE a malformed relation.
int nodiscard deb_resolve(struct arena *a, const struct deb_index *index, const struct strv *wanted,
                          struct deb_selection *out, struct err *e);
