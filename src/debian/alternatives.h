// SPDX-License-Identifier: Apache-2.0
// debian/alternatives.h - the links that maintainer scripts ask of update-alternatives, from a table.
#pragma once
#include "debian/declare.h"
#include "debian/finish_tree.h"

// For each name of the table the first candidate that the tree has: link -> /etc/alternatives/NAME -> candidate, as
// update-alternatives makes them. What a package put in the place of the link stays. `own`: links of the declaration,
// which go before the table's; one whose target is not there is ERR_NOT_FOUND.
int nodiscard alternatives_link(const struct deb_tree *t, const struct base_alternative *own, size_t n,
                                struct err *e);
