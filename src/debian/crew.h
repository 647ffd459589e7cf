// SPDX-License-Identifier: Apache-2.0
// debian/crew.h - threads that share a list of work; for this room.
#pragma once
#include <stddef.h>

enum { CREW_MAX = 16 }; // an xz decoder each
// Runs work(ctx) in as many threads as `threads` says (0: one for each processor that this process may use), at most
// `most` and CREW_MAX, and ends when all have ended. Where no thread can be had, this one does the work.
void crew_run(unsigned threads, size_t most, void *(*work)(void *ctx), void *ctx);
