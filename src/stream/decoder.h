// SPDX-License-Identifier: Apache-2.0
// stream/decoder.h - the frame of all decoders, private to this room: windows out of units (members, frames, streams).
//
// A codec says how a unit begins and ends and turns bytes into bytes; the window, end of input and truncation are here.
#pragma once
#include "stream/stream.h"

struct decoder;
struct step {
    size_t used, made;
    bool over;
};
struct decoder_ops {
    const char *name;
    size_t room; // a step gets at least this much to fill
    // At a boundary: passes what stands before the next unit's data, or says that the input has ended there.
    int (*begin)(struct decoder *d, bool first, bool *ended, struct err *e);
    // Decodes; *used of `in` and *made of `out`; *over: the unit's data end here. An empty `in` is the end of input.
    int (*step)(struct decoder *d, struct view in, struct span out, struct step *did, struct err *e);
    int (*end)(struct decoder *d, struct err *e); // the trailer; may be NULL
    void (*drop)(struct decoder *d);              // frees the codec's own state and `d`'s container
};
struct decoder {
    struct source base;
    struct source *from;
    const struct decoder_ops *ops;
    uint8_t *buf; // cap
    size_t at, n, cap;
    bool begun, inside, ended;
};

struct source *decoder_init(struct decoder *d, const struct decoder_ops *ops, struct source *take_from);
int decoder_bad(const struct decoder *d, const char *what, struct err *e); // ERR_PARSE "codec: what"

static inline uint32_t le32(const uint8_t *p)
{
    return p[0] | (uint32_t)p[1] << 8 | (uint32_t)p[2] << 16 | (uint32_t)p[3] << 24;
}
