// SPDX-License-Identifier: Apache-2.0
// ui/exitcode.h - what a program answers to its caller, once, as a table.
//
// spec: platform.md, "Exit codes" (Platform API ≥ 0.6). `dema` itself: 0 fine, 1 failed, 2 wrong usage,
// 130 stopped by the user.
#pragma once
#include "base/err.h"

enum phase {
    PHASE_NONE, // a command of `dema`
    PHASE_ANALYZE,
    PHASE_DETECT,
    PHASE_RESTORE,
    PHASE_BUILD,
    PHASE_EXPORT,
    PHASE_REBASE,
    PHASE_LAUNCH,
    PHASE_GENERATE,
    PHASE_EXTEND,
    PHASE_MAX_,
};

int exit_code(enum phase phase, enum err_code code);
