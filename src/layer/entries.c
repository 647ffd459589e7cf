// SPDX-License-Identifier: Apache-2.0
#include "layer/entries.h"
#include "archive/tar_write.h"
#include "layer/pipe.h"

int layer_make_entries(const struct layer_rows *rows, struct pool *p, struct sink *to, struct layer *out,
                       struct err *e)
{
    drop_(layer_pipe_free) struct layer_pipe *pipe = NULL;
    struct layer l;
    if (layer_pipe_new(rows->codec, false, p, to, &pipe, e) < 0)
        return -1;
    drop_(tar_writer_free) struct tar_writer *tar = tar_writer_new(layer_pipe_in(pipe));
    for (size_t i = 0; i < rows->n; i++)
        if (tar_write_entry(tar, &rows->v[i], e) < 0)
            return -1;
    if (tar_write_end(tar, e) < 0 || layer_pipe_finish(pipe, &l, e) < 0)
        return -1;
    l.entries = rows->n;
    *out = l;
    return 0;
}
