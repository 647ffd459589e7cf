// SPDX-License-Identifier: Apache-2.0
#include "phase/tree.h"

// The reference spells the default registry so in paths.
#define DEFAULT_REGISTRY_DIR "index." REFERENCE_DEFAULT_REGISTRY

int layout_tree_path(struct arena *a, struct str name, struct str *beneath, struct err *e)
{
    struct reference r;
    if (reference_parse(a, name, &r, e) < 0)
        return -1;
    struct str registry =
        str_is(r.registry, REFERENCE_DEFAULT_REGISTRY) ? STR(DEFAULT_REGISTRY_DIR) : r.registry;
    char hex[DIGEST_TEXT];
    struct str path =
        reference_has_digest(&r)
            ? str_printf(a, PRI_STR "/" PRI_STR "/%s/%s", STR_ARG(registry), STR_ARG(r.repository),
                         hash_name(r.digest.alg), digest_hex(&r.digest, hex))
            : str_printf(a, PRI_STR "/" PRI_STR "/" PRI_STR, STR_ARG(registry), STR_ARG(r.repository),
                         STR_ARG(reference_tag(&r)));
    if (!path_is_safe(path))
        return err_set(e, ERR_PARSE, "image " PRI_STR ": has no place in a tree of layouts",
                       STR_ARG(str_printable(a, name, 200)));
    *beneath = path;
    return 0;
}

// "path@digest" beneath the tree, or the name of an image.
static int find(const struct layout_tree *t, struct arena *a, struct str reference, struct str *path,
                struct digest *digest, struct err *e)
{
    size_t at;
    *digest = (struct digest){0};
    if (!reference.n || reference.p[0] != '/') {
        struct str beneath;
        struct reference named;
        if (layout_tree_path(a, reference, &beneath, e) < 0 || reference_parse(a, reference, &named, e) < 0)
            return -1;
        *digest = named.digest;
        *path = path_join(a, t->dir, beneath);
        return 0;
    }
    if (!str_find_last(reference, '@', &at))
        return err_set(e, ERR_PARSE, PRI_STR ": no digest, want PATH@DIGEST", STR_ARG(reference));
    if (digest_parse(str_from(reference, at + 1), digest, e) < 0)
        return err_wrap(e, PRI_STR, STR_ARG(reference));
    *path = path_clean(a, str_head(reference, at));
    if (!path_is_within(*path, t->dir) || path->n == t->dir.n)
        return err_set(e, ERR_DENIED, PRI_STR ": not in the tree of layouts " PRI_STR, STR_ARG(*path),
                       STR_ARG(t->dir));
    return 0;
}

// The entry of index.json to take: that of the digest, else the only one.
static struct str ref_name(const struct layout *l, const struct digest *digest)
{
    const struct descriptors *v = &layout_index(l)->manifests;
    for (size_t i = 0; i < v->n; i++) {
        const struct str *name = strmap_get(&v->v[i].annotations, STR(LAYOUT_REF_NAME));
        if (digest_eq(&v->v[i].digest, digest))
            return name ? *name : STR("");
    }
    return STR("");
}

// The digest may be that of an index that the image is in. Of entries with one name the first is taken, whatever it is.
static int check(const struct layout_found *f, const struct digest *entry, const struct digest *want,
                 struct err *e)
{
    char is[DIGEST_TEXT], wanted[DIGEST_TEXT];
    const struct digest *got = &f->image.desc.digest;
    if (want->alg != HASH_NONE && !digest_eq(got, want) && !digest_eq(entry, want))
        return err_set(e, ERR_DIGEST, PRI_STR ": holds %s, want %s", STR_ARG(f->path), digest_text(got, is),
                       digest_text(want, wanted));
    return 0;
}

int layout_tree_image(const struct layout_tree *t, struct arena *a, struct str reference,
                      struct layout_found *out, struct err *e)
{
    struct layout_found f = {0};
    struct digest want;
    size_t at;
    drop_(layout_close) struct layout *l = NULL;
    if (find(t, a, reference, &f.path, &want, e) < 0 || layout_open(str_c(a, f.path), &l, e) < 0)
        return -1;
    struct str name = ref_name(l, &want);
    if (layout_pick(layout_index(l), name, &at, e) < 0 || layout_image(l, a, name, NULL, &f.image, e) < 0)
        return err_wrap(e, PRI_STR, STR_ARG(f.path));
    if (check(&f, &layout_index(l)->manifests.v[at].digest, &want, e) < 0)
        return -1;
    if (!manifest_is_image(&f.image.manifest))
        return err_set(e, ERR_PARSE, PRI_STR ": an artifact, want an image", STR_ARG(f.path));
    f.layout = steal_ptr(l);
    *out = f;
    return 0;
}
