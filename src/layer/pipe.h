// SPDX-License-Identifier: Apache-2.0
// layer/pipe.h - the way of a layer's bytes: plain digest, encoder, blob digest, sink. For this room.
#pragma once
#include "layer/make.h"

struct layer_pipe;
// `to` is borrowed and not finished; `digests`: it takes the digest of what it gets itself, and layer.blob stays empty.
// An unknown codec is ERR_USAGE.
int nodiscard layer_pipe_new(const char *codec, bool digests, struct pool *p, struct sink *to,
                             struct layer_pipe **out, struct err *e);
struct sink *layer_pipe_in(struct layer_pipe *pipe); // where the tar goes
int nodiscard layer_pipe_finish(struct layer_pipe *pipe, struct layer *out,
                                struct err *e); // all but `entries`
void layer_pipe_free(struct layer_pipe *pipe);
DEFINE_DROP(struct layer_pipe *, layer_pipe_free)
