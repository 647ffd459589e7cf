// SPDX-License-Identifier: Apache-2.0
// kit/call_priv.h - for this room only: what is behind a callback's context.
#pragma once
#include "kit/call.h"
#include "kit/facts.h"
#include "kit/world.h"

struct call_inside {
    struct facts *facts;
    struct strmap *answer; // of a [[fact]]; NULL: none is wanted
};
// Fills everything but layer and sbom.
void call_init(struct call *c, struct call_inside *inside, const struct world *w, struct facts *f);
