// SPDX-License-Identifier: Apache-2.0
// kit/recipe_priv.h - for this room only: what no single row can say.
#pragma once
#include "kit/recipe.h"

bool recipe_name_ok(struct str name); // letters, digits, '-', '_', not empty, at most 64
// Every `${…}` of the document names a fact, every layer and entry that is named is there.
int nodiscard recipe_check(struct arena *a, const struct val *doc, const struct recipe *r, struct err *e);
