// SPDX-License-Identifier: Apache-2.0
// layer/entries.h - a layer that is not on any disk: entries without content (directories, links) as given.
#pragma once
#include "archive/tar.h"
#include "layer/make.h"

struct layer_rows {
    const struct tar_entry *v; // in this order; names, modes, ids and times as they are
    size_t n;
    const char *codec; // as in layer_spec
};
// Like layer_make otherwise.
int nodiscard layer_make_entries(const struct layer_rows *rows, struct pool *p, struct sink *to,
                                 struct layer *out, struct err *e);
