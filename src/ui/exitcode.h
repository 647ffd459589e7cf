// SPDX-License-Identifier: Apache-2.0
// ui/exitcode.h - what a program answers to its caller, once, as a table.
//
// spec: platform.md, "Exit codes" (Platform API ≥ 0.6). `dema` itself: 0 fine, 1 failed, 2 wrong usage,
// 130 stopped by the user.
#pragma once
#include "base/err.h"
#include <stddef.h>

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
    PHASE_MAX_, // in a row: every phase
};

int exit_code(enum phase phase, enum err_code code);

// The table, for the reference.
struct exit_row {
    enum phase phase;
    int code; // an enum err_code or one of enum exit_when
    int exit;
    const char *meaning; // no full stop
};
enum exit_when {
    EXIT_ELSE = -1, // every code without a row of its own
    EXIT_SAID = -2, // the program says so itself, before the phase begins
};
const struct exit_row *exit_rows(size_t *n);
const char *phase_name(enum phase phase); // "detect"; PHASE_NONE: "dema"
