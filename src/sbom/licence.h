// SPDX-License-Identifier: Apache-2.0
// sbom/licence.h - names of licences as others write them, as SPDX expressions.
//
// Only names that say which licence is meant are translated; anything else stays text, never an id.
#pragma once
#include "base/str.h"

// "GPL-2+" (debian/copyright) is GPL-2.0-or-later, "Expat" MIT; "GPL-2+
// or MIT" is an expression. Empty: not known, or a
// part of it is not.
struct str licence_expression(struct arena *a, struct str text);
bool licence_is_id(struct str s); // an id of the SPDX list, of those that are known here
