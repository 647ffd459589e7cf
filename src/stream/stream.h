// SPDX-License-Identifier: Apache-2.0
// stream/stream.h - sources that are pulled and sinks that are pushed, with windows instead of copies.
//
// A decoder is a source over a source, an encoder a sink before a sink. `finish` is the only success of a sink: a
// sink that is dropped without it leaves nothing behind. A filter owns the stream it was given (`take_`): dropping
// the outermost drops all; a source over a borrowed one says so. Errors are not sticky: after one, only drop.
#pragma once
#include "base/err.h"
#include "base/str.h"

struct span {
    uint8_t *p;
    size_t n;
};
struct view {
    const uint8_t *p;
    size_t n;
};

struct sink;
struct sink_ops {
    // Where the next bytes go: at least `min` (≤ STREAM_WINDOW) bytes of room. Valid until commit.
    int (*room)(struct sink *s, size_t min, struct span *out, struct err *e);
    int (*commit)(struct sink *s, size_t n, struct err *e); // n of them are data now
    int (*finish)(struct sink *s, struct err *e);           // flush, sync, publish: the only success
    void (*drop)(struct sink *s);                           // frees; without finish nothing is left behind
};
struct sink {
    const struct sink_ops *ops;
};

struct source;
struct source_ops {
    // A view of at least `min` (≤ STREAM_WINDOW) bytes; shorter only at the end; 0 bytes = the end.
    int (*peek)(struct source *s, size_t min, struct view *out, struct err *e);
    int (*skip)(struct source *s, uint64_t n,
                struct err *e); // past what was peeked too; past the end: ERR_PARSE
    void (*drop)(struct source *s);
};
struct source {
    const struct source_ops *ops;
};

enum { STREAM_WINDOW = 1 << 16 }; // the largest `min` that every stream can answer

static inline int sink_room(struct sink *s, size_t min, struct span *out, struct err *e)
{
    return s->ops->room(s, min, out, e);
}
static inline int sink_commit(struct sink *s, size_t n, struct err *e)
{
    return s->ops->commit(s, n, e);
}
int nodiscard sink_write(struct sink *s, const void *p, size_t n, struct err *e); // copies in, of any size
int nodiscard sink_zeros(struct sink *s, uint64_t n, struct err *e);
int nodiscard sink_finish(struct sink *s, struct err *e);
void sink_drop(struct sink *s); // NULL is fine
DEFINE_DROP(struct sink *, sink_drop)

int nodiscard source_peek(struct source *s, size_t min, struct view *out, struct err *e);
int nodiscard source_skip(struct source *s, uint64_t n, struct err *e);
int nodiscard source_read(struct source *s, void *out, size_t n,
                          struct err *e); // exactly n, else ERR_PARSE "truncated"
void source_drop(struct source *s);
DEFINE_DROP(struct source *, source_drop)

// Moves all of `from` into `to` (neither finishes nor drops). More than max bytes: ERR_LIMIT.
int nodiscard pump(struct source *from, struct sink *to, uint64_t max, struct err *e);
