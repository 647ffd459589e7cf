// SPDX-License-Identifier: Apache-2.0
// platform/programs.h - where dema's own programs for the inside of images are on this machine.
#pragma once
#include "base/path.h"

struct programs {
    const char *lifecycle, *launcher; // absolute paths
    const char *dir;                  // that holds both
};
// Beside the running program (a build tree), else in ../libexec/dema (an
// installation). ERR_NOT_FOUND says where it looked.
int nodiscard programs_find(struct arena *a, struct programs *out, struct err *e);
