// SPDX-License-Identifier: Apache-2.0
#include "base/limits.h"
#include "document/json.h"
#include "image/layout.h"

#define LAYOUT_VERSION "1.0.0"

struct str layout_marker(void)
{
    return STR("{\"imageLayoutVersion\":\"" LAYOUT_VERSION "\"}");
}

int layout_check_marker(struct str bytes, struct err *e)
{
    drop_(arena_free) struct arena *a = arena_new(512);
    struct val *v;
    if (json_read(a, bytes, "oci-layout", &v, e) < 0)
        return -1;
    const struct val *version = val_get(v, STR("imageLayoutVersion"));
    if (!version || version->kind != VAL_STR)
        return err_set(e, ERR_PARSE, "oci-layout: no imageLayoutVersion");
    if (!str_has_prefix(version->s, "1."))
        return err_set(e, ERR_PARSE, "oci-layout: version \"" PRI_STR "\", want " LAYOUT_VERSION,
                       STR_ARG(str_printable(a, version->s, 40)));
    return 0;
}

int layout_check_index(struct arena *a, struct str bytes, struct image_index *out, struct err *e)
{
    return image_index_decode(a, bytes, NULL, out, e) < 0 ? err_wrap(e, "index.json") : 0;
}

static const struct str *ref_name_of(const struct descriptor *d)
{
    return strmap_get(&d->annotations, STR(LAYOUT_REF_NAME));
}

static int list_names(const struct image_index *x, struct str wanted, struct err *e)
{
    drop_(arena_free) struct arena *a = arena_new(1024);
    drop_buf struct buf b = BUF_INIT(1024);
    for (size_t i = 0; i < x->manifests.n && b.n < 120; i++) {
        const struct str *name = ref_name_of(&x->manifests.v[i]);
        if (name)
            buf_printf(&b, "%s" PRI_STR, b.n ? ", " : "", STR_ARG(str_printable(a, *name, 80)));
    }
    if (!wanted.n && x->manifests.n > 1)
        return err_set(e, ERR_USAGE, "index.json: %zu images, name one: " PRI_STR, x->manifests.n,
                       STR_ARG(buf_view(&b)));
    return err_set(e, ERR_NOT_FOUND, "index.json: no image \"" PRI_STR "\"%s" PRI_STR, STR_ARG(wanted),
                   b.n ? ", there are: " : "", STR_ARG(buf_view(&b)));
}

int layout_pick(const struct image_index *x, struct str ref_name, size_t *at, struct err *e)
{
    if (!ref_name.n && x->manifests.n == 1) {
        *at = 0;
        return 0;
    }
    for (size_t i = 0; i < x->manifests.n; i++) {
        const struct str *name = ref_name_of(&x->manifests.v[i]);
        if (ref_name.n && name && str_eq(*name, ref_name)) {
            *at = i;
            return 0;
        }
    }
    return list_names(x, ref_name, e);
}

static bool is_same_entry(const struct descriptor *old, const struct descriptor *new)
{
    const struct str *was = ref_name_of(old), *is = ref_name_of(new);
    if (was && is)
        return str_eq(*was, *is);
    return !was && !is && digest_eq(&old->digest, &new->digest);
}

void layout_entry(struct arena *a, struct image_index *x, const struct image *img, struct str ref_name)
{
    struct descriptor d = {
        .media_type = img->desc.media_type, .size = img->desc.size, .digest = img->desc.digest};
    if (manifest_is_image(&img->manifest))
        d.platform = image_config_platform(&img->config);
    else
        d.artifact_type = img->manifest.artifact_type;
    if (ref_name.n)
        strmap_set(a, &d.annotations, STR(LAYOUT_REF_NAME), ref_name);
    for (size_t i = 0; i < x->manifests.n; i++)
        if (is_same_entry(&x->manifests.v[i], &d)) {
            x->manifests.v[i] = d;
            return;
        }
    descriptors_add(a, &x->manifests, &d);
}
