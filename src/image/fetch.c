// SPDX-License-Identifier: Apache-2.0
#include "image/fetch.h"
#include "oci/index.h"

static int fetch_image(struct image_get *g, struct arena *a, const struct descriptor *at, struct str manifest,
                       struct image *out, struct err *e)
{
    struct manifest m;
    struct str config;
    if (manifest_decode(a, manifest, at, &m, e) < 0 || g->get(g, a, &m.config, &config, e) < 0)
        return -1;
    return image_decode(a, manifest, at, config, out, e);
}

int image_fetch(struct image_get *g, struct arena *a, const struct descriptor *at,
                const struct oci_platform *want, struct image *out, struct err *e)
{
    struct oci_platform host = oci_platform_host();
    struct descriptor d = *at;
    for (int depth = 0; depth <= IMAGE_INDEX_DEPTH; depth++) {
        enum media_kind kind;
        struct str bytes;
        struct image_index x;
        size_t i;
        if (g->get(g, a, &d, &bytes, e) < 0 || manifest_or_index(bytes, &d, &kind, e) < 0)
            return -1;
        if (kind == MEDIA_MANIFEST)
            return fetch_image(g, a, &d, bytes, out, e);
        if (image_index_decode(a, bytes, &d, &x, e) < 0 ||
            image_index_find(&x, want ? want : &host, &i, e) < 0)
            return -1;
        d = x.manifests.v[i];
    }
    return err_set(e, ERR_LIMIT, "more than %d indexes within each other", IMAGE_INDEX_DEPTH);
}
