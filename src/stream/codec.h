// SPDX-License-Identifier: Apache-2.0
// stream/codec.h - decoders as sources over sources, encoders as sinks before sinks.
//
// Decoders are strict: the whole input is one or more complete members (gzip, RFC 1952), frames (zstd, RFC 8878) or
// streams (xz), every check is checked, and anything behind the last is refused. Malformed input is ERR_PARSE, what
// goes past base/limits.h is ERR_LIMIT; both name the codec. How much comes out is limited by who takes it (`pump`).
// Encoders give the same bytes for the same plain bytes, whatever the windows, the pool and its number of workers.
#pragma once
#include "stream/pool.h"
#include "stream/stream.h"

enum codec { CODEC_PLAIN, CODEC_GZIP, CODEC_ZSTD, CODEC_XZ, CODEC_MAX_ };
const char *codec_name(enum codec c); // "plain", "gzip", "zstd", "xz"
// By the magic number of what comes next, which stays unread; what has none (nothing, too) is plain.
int nodiscard codec_sniff(struct source *from, enum codec *out, struct err *e);

struct source *source_gzip(struct source *take_from);
struct source *source_zstd(struct source *take_from); // a frame that wants a dictionary is refused
struct source *source_xz(struct source *take_from);
// By its magic number, at the first peek; *found (or NULL) says which from then on.
struct source *source_decoded(struct source *take_from, enum codec *found);
// As it was named (by a media type, an index): other bytes are refused at the first peek, with both names.
struct source *source_decoded_as(struct source *take_from, enum codec named);

// Members of 1 MiB of plain bytes each, compressed by libdeflate in the pool (or here: NULL) and written in order;
// their headers hold no time, no name and the unknown system (255). Nothing in gives one empty member.
struct sink *sink_gzip(struct sink *take_to, struct pool *p, int level); // level 1 … 12
// One frame with a checksum and no content size.
struct sink *sink_zstd(struct sink *take_to, int level); // level 1 … 19

// An encoder with its settings. The name is recorded with what it wrote: its meaning never changes.
struct encoder {
    const char *name; // "gzip-libdeflate-1-1m"
    enum codec codec;
    int level;
};
const struct encoder *encoder_list(size_t *n);
const struct encoder *encoder_find(struct str name); // NULL: no such
struct sink *sink_encoded(struct sink *take_to, const struct encoder *enc, struct pool *p);
