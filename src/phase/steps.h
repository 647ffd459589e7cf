// SPDX-License-Identifier: Apache-2.0
// phase/steps.h - what a phase tells a platform that wants to know more than its log says.
//
// Not of the spec: where DEMA_STEPS names an open descriptor, events with a subject are written to it, one a line,
// beside the log: KIND, SUBJECT, DONE, TOTAL, TEXT with a tab between them. KIND is step or fact (base/event.h), or
// error, once, at the end of a phase that failed. Buildpacks do not get the descriptor.
#pragma once
#include "phase/phase.h"

#define STEPS_ENV "DEMA_STEPS"
enum { STEPS_LINE_MAX = 1024 };

struct steps {
    struct events ev;
    struct events *to;
    int fd; // -1: nobody asked
};
// From here on app->ev is `s`.
void steps_begin(struct steps *s, struct app_ctx *app);
void steps_error(struct steps *s, const struct err *e);
