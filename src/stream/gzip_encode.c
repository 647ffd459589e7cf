// SPDX-License-Identifier: Apache-2.0
#include "stream/codec.h"
#include <libdeflate.h>

enum { BLOCK = 1 << 20, OWN_BLOCKS = 2 };

// `in` has room for one window behind the block: a writer may ask for more than what is left of it.
struct block {
    struct job job;
    struct block *next;
    struct libdeflate_compressor *with;
    size_t n, made, bound;
    uint8_t *in, *out;
    bool slot; // of the pool
};

struct gzip_sink {
    struct sink base;
    struct sink *to;
    struct pool *pool;
    int level;
    struct block *cur;          // being filled
    struct block *first, *last; // pushed, in order
    struct block *spare;
    unsigned n_blocks;
    bool any; // a member was pushed
};

static void compress_block(struct job *j)
{
    struct block *b = CONTAINER(j, struct block, job);
    b->made = libdeflate_gzip_compress(b->with, b->in, b->n, b->out, b->bound);
}

static struct block *block_new(int level, bool slot)
{
    struct block *b = XNEW(struct block);
    b->job.run = compress_block;
    b->with = libdeflate_alloc_compressor(level);
    if (!b->with)
        BUG("libdeflate_alloc_compressor");
    b->bound = libdeflate_gzip_compress_bound(b->with, BLOCK);
    b->in = xmalloc(BLOCK + STREAM_WINDOW);
    b->out = xmalloc(b->bound);
    b->slot = slot;
    return b;
}

static void free_blocks(struct gzip_sink *g, struct block *b)
{
    while (b) {
        struct block *next = b->next;
        pool_cancel(g->pool, &b->job);
        if (b->slot)
            pool_slot_back(g->pool);
        libdeflate_free_compressor(b->with);
        free(b->in);
        free(b->out);
        free(b);
        b = next;
    }
}

// The oldest block in flight goes out and becomes spare.
static int write_first(struct gzip_sink *g, struct err *e)
{
    struct block *b = g->first;
    pool_wait(g->pool, &b->job);
    if (!b->made)
        BUG("gzip: a block larger than its bound");
    if (sink_write(g->to, b->out, b->made, e) < 0)
        return -1;
    g->first = b->next;
    b->next = g->spare;
    g->spare = b;
    return 0;
}

// A block to fill: a spare one, one more where the pool has a slot, else the oldest in flight once it is written.
static int next_block(struct gzip_sink *g, struct err *e)
{
    while (g->first && pool_done(g->pool, &g->first->job))
        if (write_first(g, e) < 0)
            return -1;
    unsigned own = g->pool ? OWN_BLOCKS : 1, most = own + pool_workers(g->pool);
    if (!g->spare) {
        bool is_own = g->n_blocks < own;
        if (is_own || (g->n_blocks < most && pool_slot(g->pool))) {
            g->spare = block_new(g->level, !is_own);
            g->n_blocks++;
        } else if (write_first(g, e) < 0) {
            return -1;
        }
    }
    g->cur = g->spare;
    g->spare = g->cur->next;
    g->cur->next = NULL;
    g->cur->n = 0;
    return 0;
}

static void push_block(struct gzip_sink *g)
{
    struct block *b = steal_ptr(g->cur);
    *(g->first ? &g->last->next : &g->first) = b;
    g->last = b;
    g->any = true;
    pool_push(g->pool, &b->job);
}

static int gzip_room(struct sink *s, size_t min, struct span *out, struct err *e)
{
    struct gzip_sink *g = CONTAINER(s, struct gzip_sink, base);
    if (!g->cur && next_block(g, e) < 0)
        return -1;
    size_t left = BLOCK - g->cur->n;
    *out = (struct span){g->cur->in + g->cur->n, left > min ? left : min};
    return 0;
}

static int gzip_commit(struct sink *s, size_t n, struct err *e)
{
    struct gzip_sink *g = CONTAINER(s, struct gzip_sink, base);
    struct block *b = g->cur;
    if (!b || n < BLOCK - b->n) {
        if (b)
            b->n += n;
        return 0;
    }
    // Blocks end at fixed places, whatever was asked for: what stands behind the end begins the next one.
    size_t behind = b->n + n - BLOCK;
    b->n = BLOCK;
    push_block(g);
    if (!behind)
        return 0;
    if (next_block(g, e) < 0)
        return -1;
    memmove(g->cur->in, b->in + BLOCK, behind);
    g->cur->n = behind;
    return 0;
}

static int gzip_finish(struct sink *s, struct err *e)
{
    struct gzip_sink *g = CONTAINER(s, struct gzip_sink, base);
    if (!g->any && !g->cur && next_block(g, e) < 0)
        return -1;
    if (g->cur && (g->cur->n || !g->any))
        push_block(g);
    while (g->first)
        if (write_first(g, e) < 0)
            return -1;
    return sink_finish(g->to, e);
}

static void gzip_drop(struct sink *s)
{
    struct gzip_sink *g = CONTAINER(s, struct gzip_sink, base);
    free_blocks(g, g->first);
    free_blocks(g, g->cur);
    free_blocks(g, g->spare);
    sink_drop(g->to);
    free(g);
}

struct sink *sink_gzip(struct sink *take_to, struct pool *p, int level)
{
    static const struct sink_ops ops = {gzip_room, gzip_commit, gzip_finish, gzip_drop};
    if (level < 1 || level > 12)
        BUG("sink_gzip: no such level");
    struct gzip_sink *g = XNEW(struct gzip_sink);
    *g = (struct gzip_sink){.base = {&ops}, .to = take_to, .pool = p, .level = level};
    return &g->base;
}
