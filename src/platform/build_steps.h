// SPDX-License-Identifier: Apache-2.0
// platform/build_steps.h - what a phase in the sandbox tells beside its log (phase/steps.h), as events. Private.
//
// What comes is hostile: who is told of must be among the buildpacks of the build, and a buildpack of the same user can
// open the phase's end of the pipe, and write for as long as it likes.
#pragma once
#include "base/event.h"
#include "platform/build_priv.h"

enum { BUILD_STEPS_MAX = 2000, BUILD_STEPS_BYTES = 8 << 20 };

struct build_said {
    struct str subject, text; // "a/b@1", "fail: no package.json"
};

struct build_steps {
    struct building *b;
    struct str phase;
    int in, out; // what we read; for the program
    size_t n, heard;
    bool broken; // a line that is none, or more than BUILD_STEPS_BYTES: nothing more is read of it
    char line[2048];
    struct str current; // whose bin/build runs; empty: none
    struct str error;   // why the phase failed; empty: it did not say
    struct {
        struct build_said *v;
        size_t n, cap;
    } said; // facts
};

#define BUILD_STEPS_INIT                                                                                     \
    {                                                                                                        \
        .in = -1, .out = -1                                                                                  \
    }
int nodiscard build_steps_open(struct build_steps *s, struct building *b, const char *phase, struct err *e);
// What is there now; false: nothing more will come.
bool build_steps_read(struct build_steps *s);
// Whose failure an end of the phase was, and what to show of its log (build_judge.c). 0: it went well.
int nodiscard build_judge(struct building *b, const struct build_steps *s, struct build_log *log, int status,
                          struct err *e);
void build_steps_close(struct build_steps *s);
#define drop_steps __attribute__((cleanup(build_steps_close)))
