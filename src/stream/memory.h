// SPDX-License-Identifier: Apache-2.0
// stream/memory.h - the ends of a pipeline that are memory or a descriptor, and the taps between.
#pragma once
#include "base/buf.h"
#include "stream/hash.h"
#include "stream/stream.h"

struct source *source_memory(const void *p, size_t n);   // borrows the bytes
struct source *source_fd(int fd, const char *name);      // borrows fd; reads from its position
struct source *source_take_fd(int fd, const char *name); // closes it on drop
struct sink *sink_buffer(struct buf *to);                // appends; past its max: ERR_LIMIT. Borrows
struct sink *sink_fd(int fd, const char *name);          // borrows fd; finish does not sync
struct sink *sink_null(void);                            // counts on

// Taps: they pass windows through and keep a total. The last argument stays valid until drop.
struct sink *sink_count(struct sink *take_to, uint64_t *total);
struct sink *sink_limit(struct sink *take_to, uint64_t max, const char *what);       // past max: ERR_LIMIT
struct sink *sink_hash(struct sink *take_to, enum hash_alg alg, struct digest *out); // *out is set by finish
struct sink *sink_tee(struct sink *take_a, struct sink *take_b); // b gets a copy; finish finishes a, then b
struct sink *
sink_keep(struct sink *borrowed); // a handle whose drop leaves `borrowed` alone; finish is a no-op
struct source *source_hash(struct source *take_from, enum hash_alg alg, struct digest *out); // set at the end
struct source *source_limit(struct source *take_from, uint64_t max, const char *what);
struct source *source_part(struct source *borrowed, uint64_t n); // the next n bytes; shorter is ERR_PARSE
