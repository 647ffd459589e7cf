// SPDX-License-Identifier: Apache-2.0
// kit/act.h - carries a plan of bin/build out: layers, steps, environment, launch.toml, build.toml, SBOMs.
//
// Writes into the layers directory and, where a row says so, the app; nowhere else. What it does is told as lines of a
// log (kit/log.h). When it fails, the layer that it was at is gone, without its <layer>.toml.
#pragma once
#include "deps/deps.h"
#include "kit/plan.h"
#include "kit/world.h"

struct act {
    const struct bp_plan *plan;
    const struct bp_input *in;
    struct world *world;
    const char *socket;      // of the broker; NULL or absent: downloads are direct
    const char *const *envp; // the environment, for curl
};
int nodiscard recipe_act(const struct act *act, struct err *e);
