// SPDX-License-Identifier: Apache-2.0
#include "base/limits.h"
#include "image/image.h"
#include "image/note.h"
#include "image/referrers.h"
#include "oci/index.h"

int image_put_blob(struct txn *t, struct str media_type, struct str bytes, struct descriptor *out,
                   struct err *e)
{
    drop_(sink_drop) struct sink *s = NULL;
    struct blob_got got;
    if (txn_blob(t, NULL, &got, &s, e) < 0 || sink_write(s, bytes.p, bytes.n, e) < 0 || sink_finish(s, e) < 0)
        return -1;
    *out = (struct descriptor){.media_type = media_type, .size = (int64_t)got.size, .digest = got.digest};
    return 0;
}

// Exact bytes under the digest that they are named by, which may not be sha256.
static int put_exact(struct txn *t, const struct descriptor *d, struct str bytes, struct err *e)
{
    drop_(sink_drop) struct sink *s = NULL;
    if (txn_blob(t, &d->digest, NULL, &s, e) < 0 || sink_write(s, bytes.p, bytes.n, e) < 0)
        return -1;
    return sink_finish(s, e);
}

// Another name of the same repository that stands for `d`, beside `name`?
static bool is_named(struct arena *a, const struct state_name *v, size_t n, struct str name,
                     const struct digest *d)
{
    struct reference mine, its;
    struct err why = {0};
    if (reference_parse(a, name, &mine, &why) < 0)
        return true;
    for (size_t i = 0; i < n; i++)
        if (!str_eq(v[i].name, name) && digest_eq(&v[i].digest, d) &&
            reference_parse(a, v[i].name, &its, &why) == 0 && reference_same_name(&mine, &its))
            return true;
    return false;
}

// What `name` stood for until now: if nothing else of its repository does, nobody finds its referrers any more.
static int forget_referrers(struct txn *t, struct state *st, struct arena *a, struct str name,
                            const struct digest *now, struct err *e)
{
    struct state_name old, index, *v;
    struct err why = {0};
    struct str referrers;
    struct strv damaged;
    size_t n;
    if (state_name_get(st, a, name, &old, &why) < 0 || digest_eq(&old.digest, now))
        return 0;
    if (state_names_found(st, a, &v, &n, &damaged, e) < 0 ||
        referrers_name(a, name, &old.digest, &referrers, e) < 0)
        return -1;
    // A damaged name may have been the other one.
    if (damaged.n || is_named(a, v, n, name, &old.digest) ||
        state_name_get(st, a, referrers, &index, &why) < 0)
        return 0;
    return txn_name(t, referrers, &txn_any, NULL, e);
}

static int save_notes(struct txn *t, struct arena *a, const struct image *img, struct descriptor *desc,
                      struct err *e)
{
    struct descriptor d;
    struct str bytes;
    char text[DIGEST_TEXT];
    map_del(&desc->annotations, STR(IMAGE_ANNOTATION_NOTES));
    if (!img->note)
        return 0;
    if (notes_encode(a, img, &bytes, e) < 0 || image_put_blob(t, STR("application/json"), bytes, &d, e) < 0)
        return -1;
    strmap_set(a, &desc->annotations, STR(IMAGE_ANNOTATION_NOTES),
               str_dup(a, str_of(digest_text(&d.digest, text))));
    return 0;
}

static struct strmap copy_map(struct arena *a, const struct strmap *m)
{
    struct strmap out = {0};
    for (size_t i = 0; i < m->n; i++)
        strmap_set(a, &out, m->v[i].key, m->v[i].val);
    return out;
}

int image_save(struct txn *t, struct state *st, struct str reference, const struct digest *old,
               const struct image *img, struct err *e)
{
    drop_(arena_free) struct arena *a = arena_new(8192);
    struct descriptor desc = img->desc;
    struct str name, json;
    if (image_name(a, reference, &name, e) < 0)
        return -1;
    desc.annotations = copy_map(a, &img->desc.annotations);
    desc.rest = NULL;
    if (put_exact(t, &img->manifest.config, img->config_bytes, e) < 0 ||
        put_exact(t, &img->desc, img->manifest_bytes, e) < 0 || save_notes(t, a, img, &desc, e) < 0 ||
        forget_referrers(t, st, a, name, &desc.digest, e) < 0 ||
        descriptor_encode(a, &desc, OCI_CANONICAL, &json, e) < 0)
        return err_wrap(e, PRI_STR, STR_ARG(name));
    struct state_name now = {.name = name, .digest = desc.digest, .size = (uint64_t)desc.size, .json = json};
    return txn_name(t, name, old, &now, e);
}

// --- gc

static void mark_notes(struct gc *g, const struct descriptor *d)
{
    const struct str *text = strmap_get(&d->annotations, STR(IMAGE_ANNOTATION_NOTES));
    struct digest notes;
    struct err why = {0};
    if (text && digest_parse(*text, &notes, &why) == 0)
        gc_mark_blob(g, &notes);
}

static int mark_manifest(struct state *st, struct arena *a, struct gc *g, struct str bytes,
                         const struct descriptor *d, struct err *e)
{
    struct manifest m;
    struct image_config c;
    struct str config;
    if (manifest_decode(a, bytes, d, &m, e) < 0)
        return -1;
    gc_mark_blob(g, &m.config.digest);
    for (size_t i = 0; i < m.layers.n; i++)
        gc_mark_blob(g, &m.layers.v[i].digest);
    if (!manifest_is_image(&m) || !state_blob_has(st, &m.config.digest))
        return 0;
    if (image_get_blob(st, a, &m.config, &config, e) < 0 || image_config_decode(a, config, NULL, &c, e) < 0)
        return err_wrap(e, "config");
    for (size_t i = 0; i < c.rootfs.diff_ids.n; i++)
        gc_mark_tree(g, &c.rootfs.diff_ids.v[i]);
    return 0;
}

static int mark_one(struct state *st, struct arena *a, struct gc *g, const struct descriptor *d,
                    struct descriptors *more, struct err *e)
{
    enum media_kind kind;
    struct image_index x;
    struct str bytes;
    gc_mark_blob(g, &d->digest);
    if (!state_blob_has(st, &d->digest))
        return 0;
    if (image_get_blob(st, a, d, &bytes, e) < 0 || manifest_or_index(bytes, d, &kind, e) < 0)
        return -1;
    if (kind == MEDIA_MANIFEST)
        return mark_manifest(st, a, g, bytes, d, e);
    if (image_index_decode(a, bytes, d, &x, e) < 0)
        return -1;
    for (size_t i = 0; i < x.manifests.n; i++)
        descriptors_add(a, more, &x.manifests.v[i]);
    return 0;
}

int image_gc_refs(void *ctx, struct state *st, const struct state_name *name, struct gc *g, struct err *e)
{
    (void)ctx;
    if (!name)
        return 0;
    drop_(arena_free) struct arena *a = arena_new(16384);
    struct descriptors level = {0};
    struct descriptor root;
    if (descriptor_decode(a, name->json, &root, e) < 0)
        return -1;
    mark_notes(g, &root);
    descriptors_add(a, &level, &root);
    for (int depth = 0; level.n; depth++) {
        struct descriptors next = {0};
        if (depth > IMAGE_INDEX_DEPTH)
            return err_set(e, ERR_LIMIT, "more than %d indexes within each other", IMAGE_INDEX_DEPTH);
        for (size_t i = 0; i < level.n; i++)
            if (mark_one(st, a, g, &level.v[i], &next, e) < 0)
                return -1;
        level = next;
    }
    return 0;
}
