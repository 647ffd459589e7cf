// SPDX-License-Identifier: Apache-2.0
// platform/programs.h - where dema's own programs for the inside of images are on this machine, and its buildpacks.
#pragma once
#include "base/path.h"

struct programs {
    const char *lifecycle, *launcher; // absolute paths
    const char *dir;                  // that holds all of them
    // NULL where they are not there: needed only for buildpacks that are made of recipes.
    const char *engine, *helpers;
    const char *buildpacks; // folder of the built-in ones: ID with '_' for '/', then VERSION
    const char *order;      // their order.toml
};
// Beside the running program (a build tree), else in ../libexec/dema (an
// installation). ERR_NOT_FOUND says where it looked.
int nodiscard programs_find(struct arena *a, struct programs *out, struct err *e);
// The same in one folder; false: lifecycle or launcher is not there.
bool programs_in(struct arena *a, const char *dir, struct programs *out);
