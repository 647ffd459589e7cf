// SPDX-License-Identifier: Apache-2.0
#include "image/referrers.h"

int referrers_name(struct arena *a, struct str reference, const struct digest *subject, struct str *out,
                   struct err *e)
{
    struct reference r;
    char hex[DIGEST_TEXT];
    if (reference_parse(a, reference, &r, e) < 0)
        return -1;
    r.digest = (struct digest){0};
    r.tag = str_printf(a, "%s-%.64s", hash_name(subject->alg), digest_hex(subject, hex));
    *out = reference_format(a, &r);
    return 0;
}

// The index as it is; none: an empty one and no digest.
static int load_index(struct state *st, struct arena *a, struct str name, struct image_index *out,
                      struct digest *old, struct err *e)
{
    struct state_name at;
    struct descriptor d;
    struct str bytes;
    struct err why = {0};
    *out = image_index_new(MEDIA_OCI);
    *old = (struct digest){0};
    if (state_name_get(st, a, name, &at, &why) < 0) {
        if (why.code == ERR_NOT_FOUND)
            return 0;
        if (e)
            *e = why;
        return -1;
    }
    if (descriptor_decode(a, at.json, &d, e) < 0 || image_get_blob(st, a, &d, &bytes, e) < 0 ||
        image_index_decode(a, bytes, &d, out, e) < 0)
        return err_wrap(e, PRI_STR, STR_ARG(name));
    *old = at.digest;
    return 0;
}

static bool same_map(const struct strmap *a, const struct strmap *b)
{
    for (size_t i = 0; i < a->n; i++) {
        const struct str *other = strmap_get(b, a->v[i].key);
        if (!other || !str_eq(*other, a->v[i].val))
            return false;
    }
    return a->n == b->n;
}

static void put_entry(struct arena *a, struct image_index *x, const struct descriptor *d)
{
    for (size_t i = 0; i < x->manifests.n; i++) {
        struct descriptor *old = &x->manifests.v[i];
        if (digest_eq(&old->digest, &d->digest) ||
            (str_eq(old->artifact_type, d->artifact_type) && same_map(&old->annotations, &d->annotations))) {
            *old = *d;
            return;
        }
    }
    descriptors_add(a, &x->manifests, d);
}

static int put_artifact(struct txn *t, struct arena *a, const struct image *artifact, struct image_index *x,
                        struct err *e)
{
    struct descriptor manifest, config;
    if (image_put_blob(t, artifact->manifest.config.media_type, artifact->config_bytes, &config, e) < 0 ||
        image_put_blob(t, artifact->desc.media_type, artifact->manifest_bytes, &manifest, e) < 0)
        return -1;
    manifest.artifact_type = artifact->manifest.artifact_type;
    manifest.annotations = artifact->manifest.annotations;
    put_entry(a, x, &manifest);
    return 0;
}

int referrers_add(struct txn *t, struct state *st, struct str reference, const struct image *artifacts,
                  size_t n, struct err *e)
{
    drop_(arena_free) struct arena *a = arena_new(8192);
    struct image_index x;
    struct descriptor d;
    struct digest old;
    struct str name, bytes, json;
    if (!n)
        return 0;
    if (referrers_name(a, reference, &artifacts[0].manifest.subject.digest, &name, e) < 0 ||
        load_index(st, a, name, &x, &old, e) < 0)
        return -1;
    for (size_t i = 0; i < n; i++) {
        if (!digest_eq(&artifacts[i].manifest.subject.digest, &artifacts[0].manifest.subject.digest))
            return err_set(e, ERR_USAGE, PRI_STR ": artifacts of several subjects", STR_ARG(name));
        if (put_artifact(t, a, &artifacts[i], &x, e) < 0)
            return err_wrap(e, PRI_STR, STR_ARG(name));
    }
    x.rest = NULL;
    if (image_index_encode(a, &x, OCI_CANONICAL, &bytes, e) < 0 ||
        image_put_blob(t, STR(MEDIA_OCI_INDEX), bytes, &d, e) < 0 ||
        descriptor_encode(a, &d, OCI_CANONICAL, &json, e) < 0)
        return err_wrap(e, PRI_STR, STR_ARG(name));
    struct state_name now = {.name = name, .digest = d.digest, .size = (uint64_t)d.size, .json = json};
    return txn_name(t, name, old.alg == HASH_NONE ? NULL : &old, &now, e);
}

int referrers_list(struct state *st, struct arena *a, const struct referrers_query *q,
                   struct descriptors *out, struct err *e)
{
    struct image_index x;
    struct digest old;
    struct str name;
    struct descriptors found = {0};
    if (referrers_name(a, q->reference, q->subject, &name, e) < 0 || load_index(st, a, name, &x, &old, e) < 0)
        return -1;
    for (size_t i = 0; i < x.manifests.n; i++)
        if (!q->type.n || str_eq(q->type, x.manifests.v[i].artifact_type))
            descriptors_add(a, &found, &x.manifests.v[i]);
    *out = found;
    return 0;
}
