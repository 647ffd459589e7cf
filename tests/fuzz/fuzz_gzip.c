// SPDX-License-Identifier: Apache-2.0
// The decoders over arbitrary bytes: the first byte chooses gzip, zstd, xz or the sniffing one. What comes out, and
// whether it is refused, must not depend on how the input is windowed.
#include "stream/codec.h"
#include "stream/memory.h"

enum { OUTPUT_MAX = 1 << 20 };
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct source *decoder(int which, struct source *from)
{
    switch (which & 3) {
    case 0:
        return source_gzip(from);
    case 1:
        return source_zstd(from);
    case 2:
        return source_xz(from);
    default:
        return source_decoded(from, NULL);
    }
}

// Shows one byte more than is asked for, at most.
struct narrow {
    struct source base;
    struct source *from;
};

static int narrow_peek(struct source *s, size_t min, struct view *out, struct err *e)
{
    if (source_peek(CONTAINER(s, struct narrow, base)->from, min, out, e) < 0)
        return -1;
    out->n = out->n > min ? min + 1 : out->n;
    return 0;
}

static int narrow_skip(struct source *s, uint64_t n, struct err *e)
{
    return source_skip(CONTAINER(s, struct narrow, base)->from, n, e);
}

static void narrow_drop(struct source *s)
{
    source_drop(CONTAINER(s, struct narrow, base)->from);
    free(CONTAINER(s, struct narrow, base));
}

static struct source *source_narrow(struct source *from)
{
    static const struct source_ops ops = {narrow_peek, narrow_skip, narrow_drop};
    struct narrow *n = XNEW(struct narrow);
    *n = (struct narrow){{&ops}, from};
    return &n->base;
}

static enum err_code run(int which, struct source *from, struct buf *out)
{
    struct err e = {0};
    drop_(source_drop) struct source *s = decoder(which, from);
    drop_(sink_drop) struct sink *to = sink_buffer(out);
    if (pump(s, to, OUTPUT_MAX, &e) < 0 && e.code != ERR_PARSE && e.code != ERR_LIMIT)
        BUG("a code that is neither parse nor limit");
    return e.code;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (!size)
        return 0;
    drop_buf struct buf a = BUF_INIT(OUTPUT_MAX);
    drop_buf struct buf b = BUF_INIT(OUTPUT_MAX);
    enum err_code whole = run(data[0], source_memory(data + 1, size - 1), &a);
    enum err_code narrow = run(data[0], source_narrow(source_memory(data + 1, size - 1)), &b);
    if ((whole == ERR_NONE) != (narrow == ERR_NONE))
        BUG("the windows decide what is valid");
    if (whole == ERR_NONE && !str_eq(buf_view(&a), buf_view(&b)))
        BUG("the windows decide what comes out");
    return 0;
}
