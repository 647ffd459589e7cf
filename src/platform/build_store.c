// SPDX-License-Identifier: Apache-2.0
// Blobs of a build on their way into the state. What is small is held until its digest is known: most of it
// is there.
#include "base/limits.h"
#include "lifecycle/export.h"
#include "platform/build_priv.h"
#include "platform/stop.h"

#define HELD_MAX MIB(1)

struct build_store {
    struct export_store store;
    struct state *st;
    struct txn *txn;
    int stop_fd;
    bool wrote;
};

struct held {
    struct sink sink;
    struct build_store *to;
    struct buf bytes;
    struct sink *blob; // once it is large
};

static int spill(struct held *h, struct err *e)
{
    if (h->blob)
        return 0;
    if (stop_check(h->to->stop_fd, e) < 0 || txn_blob(h->to->txn, NULL, NULL, &h->blob, e) < 0)
        return -1;
    h->to->wrote = true;
    int rc = sink_write(h->blob, h->bytes.p ? h->bytes.p : "", h->bytes.n, e);
    buf_free(&h->bytes);
    return rc;
}

static int held_room(struct sink *self, size_t min, struct span *out, struct err *e)
{
    struct held *h = CONTAINER(self, struct held, sink);
    if (!h->blob && h->bytes.n <= HELD_MAX) {
        *out = (struct span){(uint8_t *)buf_room(&h->bytes, STREAM_WINDOW), STREAM_WINDOW};
        return 0;
    }
    return spill(h, e) < 0 ? -1 : sink_room(h->blob, min, out, e);
}

static int held_commit(struct sink *self, size_t n, struct err *e)
{
    struct held *h = CONTAINER(self, struct held, sink);
    if (h->blob)
        return sink_commit(h->blob, n, e);
    buf_commit(&h->bytes, n);
    return 0;
}

static int held_finish(struct sink *self, struct err *e)
{
    struct held *h = CONTAINER(self, struct held, sink);
    struct digest d;
    digest_of(HASH_SHA256, h->bytes.p ? h->bytes.p : "", h->bytes.n, &d);
    if (!h->blob && state_blob_has(h->to->st, &d))
        return 0;
    return spill(h, e) < 0 ? -1 : sink_finish(h->blob, e);
}

static void held_drop(struct sink *self)
{
    struct held *h = CONTAINER(self, struct held, sink);
    sink_drop(h->blob);
    buf_free(&h->bytes);
    free(h);
}

static const struct sink_ops held_ops = {
    .room = held_room, .commit = held_commit, .finish = held_finish, .drop = held_drop};

static int store_blob(struct export_store *self, struct sink **out, struct err *e)
{
    struct build_store *s = CONTAINER(self, struct build_store, store);
    if (stop_check(s->stop_fd, e) < 0)
        return -1;
    struct held *h = XNEW(struct held);
    *h = (struct held){.sink.ops = &held_ops, .to = s, .bytes = BUF_INIT(HELD_MAX + STREAM_WINDOW)};
    *out = &h->sink;
    return 0;
}

struct build_store *build_store_new(struct building *b, struct txn *t)
{
    struct build_store *s = XNEW(struct build_store);
    *s = (struct build_store){.store.blob = store_blob, .st = b->o->st, .txn = t, .stop_fd = b->o->stop_fd};
    return s;
}

struct export_store *build_store_of(struct build_store *s)
{
    return &s->store;
}

bool build_store_wrote(const struct build_store *s)
{
    return s->wrote;
}

void build_store_free(struct build_store *s)
{
    free(s);
}
