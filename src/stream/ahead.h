// SPDX-License-Identifier: Apache-2.0
// stream/ahead.h - a source that can show more than STREAM_WINDOW, private to this room.
#pragma once
#include "stream/stream.h"

enum { AHEAD_MAX = (1 << 20) + STREAM_WINDOW };

struct source *source_ahead(struct source *take_from); // passes windows through while nobody asks for more
// As source_peek, with min up to AHEAD_MAX. Only for what source_ahead returned.
int nodiscard ahead_peek(struct source *s, size_t min, struct view *out, struct err *e);
