// SPDX-License-Identifier: Apache-2.0
// kit/world.h - the real world of a plan: the app, the layers and the programs of a build.
#pragma once
#include "kit/call.h"
#include "kit/plan.h"

struct world {
    struct kit_world base;               // first
    int app_fd, layers_fd, buildpack_fd; // borrowed; -1 layers: there are none (bin/detect)
    const struct bp_input *in;
    const struct call_row *const *calls; // tables, ended by NULL; may be NULL
    const char *helpers;                 // path of the program
    struct events *ev;
};
void world_init(struct world *w); // sets base
// The callback of a name. ERR_PARSE at the row.
int nodiscard world_call(const struct world *w, struct facts *f, const struct rc_row *row, struct str name,
                         call_fn **out, struct err *e);
