// SPDX-License-Identifier: Apache-2.0
// base/event.h - what happens while it happens; only `ui/` turns it into text.
//
// A library function returns an error or emits an event, never both. Events are borrowed for the call.
#pragma once
#include "base/err.h"
#include "base/str.h"

enum event_kind {
    EV_PHASE,    // a phase begins (done = total = 0) or ends (done = 1, total = milliseconds)
    EV_STEP,     // one thing inside it: `subject` is what, `text` what happens with it
    EV_PROGRESS, // done of total, bytes or entries
    EV_LINE,     // a line of somebody's output, passed through
    EV_WARN,     // worth knowing, not an error; `at` may say where
    EV_FACT,     // a decision and its reason, for --explain
};

struct event {
    enum event_kind kind;
    struct str phase, subject, text;
    uint64_t done, total;
    const struct err_at *at; // NULL = nowhere
};

struct events {
    void (*emit)(struct events *self, const struct event *ev);
};

void event_emit(struct events *to, const struct event *ev); // `to` NULL: nobody listens
void event_warn(struct events *to, const struct err_at *at, const char *fmt, ...) printf_(3, 4);
