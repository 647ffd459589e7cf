// SPDX-License-Identifier: Apache-2.0
// kit/log.h - the log of a buildpack: a title, then lines indented by level, as Paketo's buildpacks write it.
#pragma once
#include "base/event.h"

enum { KIT_LINE_MAX = 8192 }; // bytes of a line; a longer one is cut and ends with "..."

// An EV_LINE whose text is indented by 2 × level.
void kit_log(struct events *ev, int level, const char *fmt, ...) printf_(3, 4);
void kit_debug(struct events *ev, int level, const char *fmt, ...)
    printf_(3, 4); // an EV_FACT: told when asked for
