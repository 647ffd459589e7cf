// SPDX-License-Identifier: Apache-2.0
// platform/builtin.h - what is built in, for messages: who was meant, who would help. Private.
#pragma once
#include "platform/programs.h"

// Of a name that is nothing here: which one was meant, or all there are, in at most 180 bytes.
struct str builtin_instead(struct arena *a, const struct programs *p, struct str word);
// The first whose recipe provides this entry of the build plan; empty: none.
struct str builtin_provider(struct arena *a, const struct programs *p, struct str entry);
