// SPDX-License-Identifier: Apache-2.0
// ui/live.h - the last line of a terminal while something goes on: what, for how long, how far. For render.c.
//
// It is drawn again with every event, and ten times a second by a thread
// of its own, so that a silent program is seen to
// run. Everything but live_new, live_settle and live_free is called with the renderer's lock held.
#pragma once
#include "base/buf.h"
#include "base/event.h"
#include <pthread.h>

struct live;
struct live *live_new(pthread_mutex_t *lock, int fd, unsigned width, bool colour);
void live_note(struct live *l, const struct event *ev); // whose texts are fit for a terminal
// Into *out: the line taken away, `lines`, the line again.
void live_draw(struct live *l, struct str lines, struct buf *out);
void live_settle(struct live *l); // takes it away, until the next phase begins
void live_free(struct live *l);   // NULL is fine
