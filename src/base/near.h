// SPDX-License-Identifier: Apache-2.0
// base/near.h - which name was meant, when a word is none.
#pragma once
#include "base/str.h"

// The nearest of the names within two edits, or NULL.
const char *nearest_name(struct str word, const char *const *names, size_t n);
