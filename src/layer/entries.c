// SPDX-License-Identifier: Apache-2.0
#include "layer/entries.h"
#include "archive/tar_write.h"
#include "layer/pipe.h"

int layer_make_entries(const struct tar_entry *v, size_t n, const char *codec, struct pool *p,
                       struct sink *to, struct layer *out, struct err *e)
{
    drop_(layer_pipe_free) struct layer_pipe *pipe = NULL;
    if (layer_pipe_new(codec, p, to, &pipe, e) < 0)
        return -1;
    drop_(tar_writer_free) struct tar_writer *tar = tar_writer_new(layer_pipe_in(pipe));
    for (size_t i = 0; i < n; i++)
        if (tar_write_entry(tar, &v[i], e) < 0)
            return -1;
    if (tar_write_end(tar, e) < 0)
        return -1;
    return layer_pipe_finish(pipe, out, e) < 0 ? -1 : (out->entries = n, 0);
}
