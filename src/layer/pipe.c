// SPDX-License-Identifier: Apache-2.0
#include "layer/pipe.h"
#include "stream/codec.h"
#include "stream/memory.h"

struct layer_pipe {
    struct sink *plain;
    struct layer got;
};

int layer_pipe_new(const char *codec, bool digests, struct pool *p, struct sink *to, struct layer_pipe **out,
                   struct err *e)
{
    const struct encoder *enc = encoder_find(str_of(codec));
    if (!enc)
        return err_set(e, ERR_USAGE, "layer: no codec \"%s\"", codec ? codec : "");
    struct layer_pipe *pipe = XNEW(struct layer_pipe);
    struct sink *coded = sink_count(sink_keep(to), &pipe->got.blob_size);
    if (!digests)
        coded = sink_hash(coded, HASH_SHA256, &pipe->got.blob);
    pipe->plain =
        sink_hash(sink_count(sink_encoded(coded, enc, p), &pipe->got.plain), HASH_SHA256, &pipe->got.diff_id);
    *out = pipe;
    return 0;
}

struct sink *layer_pipe_in(struct layer_pipe *pipe)
{
    return pipe->plain;
}

int layer_pipe_finish(struct layer_pipe *pipe, struct layer *out, struct err *e)
{
    if (sink_finish(pipe->plain, e) < 0)
        return -1;
    *out = pipe->got;
    return 0;
}

void layer_pipe_free(struct layer_pipe *pipe)
{
    if (!pipe)
        return;
    sink_drop(pipe->plain);
    free(pipe);
}
