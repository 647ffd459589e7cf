// SPDX-License-Identifier: Apache-2.0
// tests/faults/calls.h - the system calls that are points, as data.
#pragma once
#include "trace.h"
#include <stdint.h>

// What a call's argument names: how the tracer finds the file.
enum call_on {
    ON_PATH,   // nothing that is tracked
    ON_FD,     // args[0] is a descriptor
    ON_OUT_FD, // args[arg] is the descriptor written to
    ON_MOVE,   // a rename or link: `arg` says where the pairs of directory and path are
};

struct call {
    int nr;
    const char *name;
    enum point point;
    enum call_on on;
    uint8_t arg;    // ON_OUT_FD: index; ON_MOVE: 1 when directories are given (renameat), 0 when not (rename)
    bool full;      // may answer ENOSPC
    bool regular;   // a point only on regular files
    int8_t flags;   // index of the open flags that must hold O_CREAT or O_TMPFILE; -1: always a point
    bool flags_ptr; // that argument points to a struct open_how
};

const struct call *call_list(size_t *n);
const struct call *call_find(int nr);
