// SPDX-License-Identifier: Apache-2.0
// platform/words.h - lists of names as messages have them. Private.
#pragma once
#include "base/str.h"

// "a, b and c more": at most `max` bytes, never cut within a name. Empty: "none".
struct str words_list(struct arena *a, const struct strv *v, size_t max);
