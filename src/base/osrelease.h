// SPDX-License-Identifier: Apache-2.0
// base/osrelease.h - what a system says it is.
//
// spec: os-release(5): lines KEY=value, the value perhaps in quotes; of two lines of a key the later one counts, as in
// a shell. Escapes are not undone: nothing that we ask for has any.
#pragma once
#include "base/str.h"

#define OS_RELEASE_MAX 65536 // bytes; real ones stay below 1000

// The value of `key` ("VERSION_ID") without its quotes, borrowed from `text`; empty where there is none.
struct str os_release_value(struct str text, const char *key);
