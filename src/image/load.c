// SPDX-License-Identifier: Apache-2.0
#include "base/file.h"
#include "base/limits.h"
#include "image/fetch.h"
#include "image/note.h"
#include "layer/unpack.h"
#include "stream/memory.h"

int image_get_blob(struct state *st, struct arena *a, const struct descriptor *d, struct str *out,
                   struct err *e)
{
    drop_buf struct buf b = BUF_INIT(LIMIT_DOCUMENT);
    drop_fd int fd = -1;
    uint64_t size;
    char text[DIGEST_TEXT];
    if (state_blob_open(st, &d->digest, d->size == DESCRIPTOR_ANY_SIZE ? STATE_ANY_SIZE : (uint64_t)d->size,
                        &fd, &size, e) < 0)
        return -1;
    if (file_read_fd(fd, digest_text(&d->digest, text), &b, e) < 0 ||
        descriptor_check(d, buf_view(&b), e) < 0)
        return err_wrap(e, "blob %s", digest_text(&d->digest, text));
    *out = str_dup(a, buf_view(&b));
    return 0;
}

struct state_get {
    struct image_get base;
    struct state *st;
};

static int get_blob(struct image_get *g, struct arena *a, const struct descriptor *d, struct str *out,
                    struct err *e)
{
    return image_get_blob(CONTAINER(g, struct state_get, base)->st, a, d, out, e);
}

static int fetch(struct state *st, struct arena *a, const struct descriptor *at,
                 const struct oci_platform *want, struct image *out, struct err *e)
{
    struct state_get g = {.base = {get_blob}, .st = st};
    return image_fetch(&g.base, a, at, want, out, e);
}

int image_load_desc(struct state *st, struct arena *a, const struct descriptor *desc, struct image *out,
                    struct err *e)
{
    return fetch(st, a, desc, NULL, out, e);
}

static int find_digest(struct state *st, struct arena *a, const struct reference *r, struct descriptor *out,
                       struct err *e)
{
    struct state_name *v;
    struct strv damaged; // what stands there is not what was asked for
    size_t n;
    if (state_names_found(st, a, &v, &n, &damaged, e) < 0)
        return -1;
    for (size_t i = 0; i < n; i++) {
        struct reference named;
        struct err why = {0};
        if (digest_eq(&v[i].digest, &r->digest) && reference_parse(a, v[i].name, &named, &why) == 0 &&
            reference_same_name(&named, r))
            return descriptor_decode(a, v[i].json, out, e);
    }
    // No name any more, or one of an index: the bytes say what they are.
    *out = (struct descriptor){.digest = r->digest, .size = DESCRIPTOR_ANY_SIZE};
    return state_blob_has(st, &r->digest) ? 0 : err_set(e, ERR_NOT_FOUND, "no image of this digest");
}

static int find_name(struct state *st, struct arena *a, struct reference *r, struct descriptor *out,
                     struct err *e)
{
    struct state_name name;
    r->tag = reference_tag(r);
    if (state_name_get(st, a, reference_format(a, r), &name, e) < 0)
        return -1;
    if (descriptor_decode(a, name.json, out, e) < 0)
        return -1;
    if (!digest_eq(&out->digest, &name.digest))
        return err_set(e, ERR_PARSE, "damaged: the name's descriptor has another digest");
    return 0;
}

static int load_notes(struct state *st, struct arena *a, struct image *img, struct err *e)
{
    const struct str *text = strmap_get(&img->desc.annotations, STR(IMAGE_ANNOTATION_NOTES));
    struct descriptor d = {.size = DESCRIPTOR_ANY_SIZE};
    struct str bytes;
    if (!text)
        return 0;
    if (digest_parse(*text, &d.digest, e) < 0 || image_get_blob(st, a, &d, &bytes, e) < 0)
        return err_wrap(e, "notes of layers");
    return notes_decode(a, bytes, img, e);
}

int image_load(struct state *st, struct arena *a, struct str reference, const struct oci_platform *want,
               struct image *out, struct err *e)
{
    struct reference r;
    struct descriptor d;
    struct image img;
    if (reference_parse(a, reference, &r, e) < 0)
        return -1;
    if ((reference_has_digest(&r) ? find_digest(st, a, &r, &d, e) : find_name(st, a, &r, &d, e)) < 0 ||
        fetch(st, a, &d, want, &img, e) < 0 || load_notes(st, a, &img, e) < 0)
        return err_wrap(e, PRI_STR, STR_ARG(reference));
    *out = img;
    return 0;
}

unsigned image_layer_where(struct state *st, const struct image *img, size_t layer)
{
    unsigned where = IMAGE_NOWHERE;
    if (state_blob_has(st, &img->manifest.layers.v[layer].digest))
        where |= IMAGE_BLOB;
    if (layer < img->config.rootfs.diff_ids.n && state_tree_has(st, &img->config.rootfs.diff_ids.v[layer]))
        where |= IMAGE_TREE;
    return where;
}

static int make_tree(struct state *st, struct txn *t, const struct descriptor *d,
                     const struct digest *diff_id, struct err *e)
{
    drop_fd int fd = -1;
    uint64_t size;
    char text[DIGEST_TEXT];
    enum codec codec;
    struct unpacked got;
    if (media_type_codec(d->media_type, &codec, e) < 0 ||
        state_blob_open(st, &d->digest, (uint64_t)d->size, &fd, &size, e) < 0)
        return -1;
    drop_(source_drop) struct source *s =
        source_decoded_as(source_fd(fd, digest_text(&d->digest, text)), codec);
    return layer_unpack_tree(t, s, diff_id, NULL, &got, e);
}

int image_make_trees(struct state *st, const struct image *img, struct err *e)
{
    drop_(txn_drop) struct txn *t = NULL;
    for (size_t i = 0; i < img->config.rootfs.diff_ids.n; i++) {
        const struct digest *diff_id = &img->config.rootfs.diff_ids.v[i];
        if (state_tree_has(st, diff_id))
            continue;
        if ((!t && txn_begin(st, &t, e) < 0) || make_tree(st, t, &img->manifest.layers.v[i], diff_id, e) < 0)
            return err_wrap(e, "layer %zu", i + 1);
    }
    return t ? txn_commit(t, e) : 0;
}
