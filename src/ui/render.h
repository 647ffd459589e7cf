// SPDX-License-Identifier: Apache-2.0
// ui/render.h - events as text: the only place where anything is printed while it happens.
//
// Events may come from any thread. Secrets that it was told about never leave it. Control bytes of other people's
// output reach a terminal only as colours (ESC [ … m); files and pipes get every byte as it came.
#pragma once
#include "base/event.h"

enum render_style {
    RENDER_PLAIN,     // lines
    RENDER_TERMINAL,  // lines, one of them live; colours
    RENDER_JSON,      // one JSON object a line: --events
    RENDER_REFERENCE, // what the reference lifecycle prints, for its users' eyes and scripts
};

struct render_opts {
    enum render_style style;
    int fd; // borrowed
    bool colour;
    bool facts;     // --explain: why something was decided
    bool harmless;  // a terminal reads it all the same: no control bytes but colours, also in plain lines
    unsigned width; // of the terminal in columns; 0: as the terminal says, else 80
};

struct render;
struct render *render_new(const struct render_opts *o);
struct events *render_events(struct render *r); // borrowed
void render_secret(struct render *r,
                   struct str secret);           // shown as "***" from now on; shorter than 4 bytes: ignored
void render_facts(struct render *r, bool shown); // EV_FACT: --explain
void render_settle(struct render *r);            // takes the live line away, before something else is printed
void render_free(struct render *r);
DEFINE_DROP(struct render *, render_free)
