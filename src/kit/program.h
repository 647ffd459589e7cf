// SPDX-License-Identifier: Apache-2.0
// kit/program.h - a program of a build: its output becomes lines of the log.
#pragma once
#include "base/buf.h"
#include "base/event.h"
#include "base/map.h"

struct program {
    const char *const *argv;
    const struct strmap *env, *more; // `more` wins; NULL: none
    int cwd_fd;
    struct buf *out;   // standard output; NULL: into the log
    struct buf *third; // what it writes to descriptor 3; NULL: it has none
    struct events *ev; // for the log, at level 3
};
// Runs to its end. What it left running is killed. *status as of waitpid(2).
int nodiscard program_run(const struct program *p, int *status, struct err *e);
