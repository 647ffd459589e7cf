// SPDX-License-Identifier: Apache-2.0
#include "image/copy.h"
#include "base/limits.h"
#include "stream/memory.h"

void image_from_drop(struct image_from *f)
{
    if (f)
        f->ops->drop(f);
}

void image_to_drop(struct image_to *to)
{
    if (to)
        to->ops->drop(to);
}

int image_copy_blob(struct image_from *from, const struct image_blob *b, struct image_to *to, struct err *e)
{
    drop_(sink_drop) struct sink *s = NULL;
    char text[DIGEST_TEXT];
    if (to->ops->has(to, &b->desc->digest))
        return 0;
    if (to->ops->take(to, b->desc, &s, e) < 0 || from->ops->send(from, b, s, e) < 0 || sink_finish(s, e) < 0)
        return err_wrap(e, "blob %s", digest_text(&b->desc->digest, text));
    return 0;
}

static int put_bytes(struct image_to *to, const struct descriptor *d, struct str bytes, struct err *e)
{
    drop_(sink_drop) struct sink *s = NULL;
    if (to->ops->has(to, &d->digest))
        return 0;
    if (to->ops->take(to, d, &s, e) < 0 || sink_write(s, bytes.p, bytes.n, e) < 0)
        return -1;
    return sink_finish(s, e);
}

static bool is_foreign(const struct descriptor *d)
{
    const struct media_type *m = media_type_find(d->media_type);
    return m && m->foreign;
}

int image_copy(struct image_from *from, const struct image *img, struct image_to *to, struct err *e)
{
    bool has_ids = manifest_is_image(&img->manifest);
    for (size_t i = 0; i < img->manifest.layers.n; i++) {
        struct image_blob b = {.desc = &img->manifest.layers.v[i],
                               .diff_id = has_ids ? &img->config.rootfs.diff_ids.v[i] : NULL,
                               .note = img->note ? &img->note[i] : NULL};
        if (!is_foreign(b.desc) && image_copy_blob(from, &b, to, e) < 0)
            return err_wrap(e, "layer %zu of %zu", i + 1, img->manifest.layers.n);
    }
    if (put_bytes(to, &img->manifest.config, img->config_bytes, e) < 0)
        return err_wrap(e, "config");
    return put_bytes(to, &img->desc, img->manifest_bytes, e) < 0 ? err_wrap(e, "manifest") : 0;
}

// --- The state

struct from_state {
    struct image_from base;
    struct state *st;
    struct pool *pool;
};

static int send_file(struct state *st, const struct descriptor *d, struct sink *to, struct err *e)
{
    drop_fd int fd = -1;
    uint64_t size;
    char text[DIGEST_TEXT];
    if (state_blob_open(st, &d->digest, (uint64_t)d->size, &fd, &size, e) < 0)
        return -1;
    drop_(source_drop) struct source *s = source_fd(fd, digest_text(&d->digest, text));
    return pump(s, to, size, e);
}

static int send_tree(struct from_state *f, const struct image_blob *b, struct sink *to, struct err *e)
{
    struct layer_spec spec = b->note->make;
    struct layer got;
    char is[DIGEST_TEXT], want[DIGEST_TEXT];
    drop_fd int dir = -1;
    if (state_tree_open(f->st, b->diff_id, &dir, e) < 0)
        return -1;
    spec.dirfd = dir;
    if (!str_is(spec.at, "/"))
        spec.sub = str_from(spec.at, 1);
    if (layer_make(&spec, f->pool, to, &got, e) < 0)
        return -1;
    if (!digest_eq(&got.diff_id, b->diff_id))
        return err_set(e, ERR_DIGEST, "its tree is no longer that of diff ID %s, but of %s",
                       digest_text(b->diff_id, want), digest_text(&got.diff_id, is));
    return 0;
}

static int state_send(struct image_from *base, const struct image_blob *b, struct sink *to, struct err *e)
{
    struct from_state *f = CONTAINER(base, struct from_state, base);
    bool blob = state_blob_has(f->st, &b->desc->digest);
    if (!blob && b->diff_id && b->note && b->note->make.codec)
        return send_tree(f, b, to, e);
    if (!blob && b->note && b->note->from.n)
        return err_set(e, ERR_NOT_FOUND, "not in the state, it can be had from " PRI_STR,
                       STR_ARG(b->note->from));
    return send_file(f->st, b->desc, to, e);
}

static void from_state_drop(struct image_from *base)
{
    free(CONTAINER(base, struct from_state, base));
}

struct image_from *image_from_state(struct state *st, struct pool *p)
{
    static const struct image_from_ops ops = {state_send, from_state_drop};
    struct from_state *f = XNEW(struct from_state);
    *f = (struct from_state){.base = {&ops}, .st = st, .pool = p};
    return &f->base;
}

struct to_state {
    struct image_to base;
    struct state *st;
    struct txn *t;
};

static bool state_has(struct image_to *base, const struct digest *d)
{
    return state_blob_has(CONTAINER(base, struct to_state, base)->st, d);
}

static int state_take(struct image_to *base, const struct descriptor *d, struct sink **out, struct err *e)
{
    struct to_state *to = CONTAINER(base, struct to_state, base);
    struct sink *blob;
    if (txn_blob(to->t, &d->digest, NULL, &blob, e) < 0)
        return -1;
    *out = sink_checked(blob, d, false);
    return 0;
}

static void to_state_drop(struct image_to *base)
{
    free(CONTAINER(base, struct to_state, base));
}

struct image_to *image_to_state(struct state *st, struct txn *t)
{
    static const struct image_to_ops ops = {state_has, state_take, to_state_drop};
    struct to_state *to = XNEW(struct to_state);
    *to = (struct to_state){.base = {&ops}, .st = st, .t = t};
    return &to->base;
}

// --- sink_checked

struct checked {
    struct sink base;
    struct sink *to;
    struct span room;
    struct hash *hash; // NULL: whoever is behind it compares the digest
    struct digest want;
    uint64_t size, got;
};

static int checked_room(struct sink *s, size_t min, struct span *out, struct err *e)
{
    struct checked *c = CONTAINER(s, struct checked, base);
    if (sink_room(c->to, min, &c->room, e) < 0)
        return -1;
    *out = c->room;
    return 0;
}

static int wrong_size(const struct checked *c, const char *than, struct err *e)
{
    return err_set(e, ERR_DIGEST, "%s bytes than the %ju of its descriptor", than, (uintmax_t)c->size);
}

static int checked_commit(struct sink *s, size_t n, struct err *e)
{
    struct checked *c = CONTAINER(s, struct checked, base);
    if (n > c->size - c->got)
        return wrong_size(c, "more", e);
    if (c->hash)
        hash_add(c->hash, c->room.p, n);
    c->got += n;
    return sink_commit(c->to, n, e);
}

static int checked_finish(struct sink *s, struct err *e)
{
    struct checked *c = CONTAINER(s, struct checked, base);
    struct digest got;
    char is[DIGEST_TEXT], want[DIGEST_TEXT];
    if (c->got < c->size)
        return wrong_size(c, "fewer", e);
    if (c->hash) {
        hash_end(c->hash, &got);
        if (!digest_eq(&got, &c->want))
            return err_set(e, ERR_DIGEST, "the bytes are %s, want %s", digest_text(&got, is),
                           digest_text(&c->want, want));
    }
    return sink_finish(c->to, e);
}

static void checked_drop(struct sink *s)
{
    struct checked *c = CONTAINER(s, struct checked, base);
    sink_drop(c->to);
    hash_free(c->hash);
    free(c);
}

struct sink *sink_checked(struct sink *take_to, const struct descriptor *d, bool hash)
{
    static const struct sink_ops ops = {checked_room, checked_commit, checked_finish, checked_drop};
    struct checked *c = XNEW(struct checked);
    *c = (struct checked){.base = {&ops},
                          .to = take_to,
                          .want = d->digest,
                          .size = (uint64_t)d->size,
                          .hash = hash ? hash_new(d->digest.alg) : NULL};
    return &c->base;
}
