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
// The words of a row's `run`, whose program may be one of the buildpack's ("bin/…"). There is one word at least.
const char *const *program_words(struct arena *a, struct str buildpack, const struct strv *run);
// Runs to its end. What it left running is killed. *status as of waitpid(2).
int nodiscard program_run(const struct program *p, int *status, struct err *e);
// ERR_BUILDPACK with how it ended when that is not exit code 0.
int nodiscard program_must(const struct program *p, struct err *e);
