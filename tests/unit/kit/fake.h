// SPDX-License-Identifier: Apache-2.0
// tests/unit/kit/fake.h - a world made up for a plan: files of an app, layers of the last build.
#pragma once
#include "kit/plan.h"

struct fake {
    struct kit_world base; // first
    struct arena *a;
    struct strmap files;   // path -> content
    struct strmap layers;  // "name" or "id:name" -> TOML
    struct strv filled;    // layers with content
    struct strmap answers; // of rows with call or run
};
void fake_init(struct fake *f, struct arena *a);
