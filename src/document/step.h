// SPDX-License-Identifier: Apache-2.0
// document/step.h - for this room only: the way into a document, for errors ("layers[3].digest").
#pragma once
#include "base/str.h"

// Below a key, or (key.p NULL) below an element of a list.
struct step {
    struct str key;
    size_t index; // NO_INDEX with key.p NULL: nowhere yet
};
#define NO_INDEX SIZE_MAX

// Dotted; keys that would be misread stand in quotes. In the arena, terminated.
const char *steps_text(struct arena *a, const struct step *steps, size_t n);
