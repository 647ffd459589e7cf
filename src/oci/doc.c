// SPDX-License-Identifier: Apache-2.0
#include "oci/doc.h"
#include "base/limits.h"
#include "document/json.h"

int oci_read(struct arena *a, struct str bytes, const struct descriptor *want, struct val **out,
             struct err *e)
{
    struct val *v;
    struct err_at at;
    if (bytes.n > LIMIT_DOCUMENT)
        return err_set(e, ERR_LIMIT, "document of %zu bytes, want at most %llu", bytes.n,
                       (unsigned long long)LIMIT_DOCUMENT);
    if ((want && descriptor_check(want, bytes, e) < 0) ||
        json_read_few(a, bytes, NULL, LIMIT_IMAGE_VALUES, &v, e) < 0)
        return -1;
    val_where(v, NULL, NULL, &at);
    if (v->kind != VAL_MAP)
        return err_doc(e, &at, "found %s, wanted an object", val_kind_name(v->kind));
    *out = v;
    return 0;
}

static struct str text_at(const struct val *map, const char *key)
{
    const struct val *v = val_get(map, str_of(key));
    return v && v->kind == VAL_STR ? v->s : STR("");
}

static bool same_media_type(struct str a, struct str b)
{
    const struct media_type *ta = media_type_find(a), *tb = media_type_find(b);
    return ta && tb ? ta == tb : str_eq(a, b);
}

static int refuse_at(struct arena *a, const struct val *v, const char *key, struct str got, const char *why,
                     struct err *e)
{
    struct err_at at;
    struct str shown = str_printable(a, got, 80);
    val_where(v, NULL, key, &at);
    return err_doc(e, &at, "\"" PRI_STR "\": %s", STR_ARG(shown), why);
}

static int check_envelope(struct arena *a, const struct val *v, const struct descriptor *want,
                          enum media_kind shape, struct err *e)
{
    struct str written = text_at(v, "mediaType"), said = want ? want->media_type : STR("");
    const struct val *at = val_get(v, STR("mediaType"));
    if (written.n && said.n && !same_media_type(written, said)) {
        struct str shown = str_printable(a, said, 80);
        return refuse_at(a, at, "mediaType", written,
                         arena_printf(a, "is contradicted by the \"" PRI_STR "\" it came as", STR_ARG(shown)),
                         e);
    }
    if (written.n && media_kind_of(written) != shape)
        return refuse_at(a, at, "mediaType", written,
                         shape == MEDIA_INDEX ? "is not that of an index, which has \"manifests\""
                                              : "is not that of an image manifest, which has \"layers\"",
                         e);
    if (said.n && media_kind_of(said) != shape)
        return refuse_at(a, v, "mediaType", said,
                         shape == MEDIA_INDEX ? "was announced, but this is an index"
                                              : "was announced, but this is an image manifest",
                         e);
    return 0;
}

int oci_read_image(struct arena *a, struct str bytes, const struct descriptor *want, struct val **out,
                   enum media_kind *kind, struct err *e)
{
    struct val *v;
    struct err_at at;
    if (oci_read(a, bytes, want, &v, e) < 0)
        return -1;
    val_where(v, NULL, NULL, &at);
    const struct val *version = val_get(v, STR("schemaVersion"));
    if (val_get(v, STR("fsLayers")) || media_kind_of(text_at(v, "mediaType")) == MEDIA_SCHEMA1 ||
        (version && version->kind == VAL_INT && version->i == 1))
        return err_doc(e, &at, "a manifest of Docker's schema 1, want schema 2 or OCI");
    bool manifest = val_get(v, STR("layers")) || val_get(v, STR("config")),
         index = val_get(v, STR("manifests"));
    if (manifest && index)
        return err_doc(e, &at, "an object with \"manifests\" and with \"layers\" or \"config\", want either");
    if (!manifest && !index)
        return err_doc(e, &at, "neither an image manifest nor an index: no \"layers\", no \"manifests\"");
    enum media_kind shape = index ? MEDIA_INDEX : MEDIA_MANIFEST;
    if (check_envelope(a, v, want, shape, e) < 0)
        return -1;
    *out = v;
    *kind = shape;
    return 0;
}

int oci_read_digest(struct decode *d, const struct val *v, void *at, struct err *e)
{
    struct err why = {0};
    if (v->kind != VAL_STR)
        return doc_wrong(d, v, "text", e);
    return digest_parse(v->s, at, &why) < 0 ? doc_fail(d, v, e, "%s", why.cause) : 0;
}

int oci_write_digest(const struct doc *doc, const void *at, struct val *out, struct err *e)
{
    const struct digest *digest = at;
    char text[DIGEST_TEXT];
    (void)e;
    if (digest->alg != HASH_NONE)
        val_set_str(out, str_dup(doc->a, str_of(digest_text(digest, text))));
    return 0;
}

int oci_check_media_type(struct decode *d, const struct val *table, const char *key, struct err *e)
{
    const struct val *v = val_get(table, str_of(key));
    if (!v || v->kind != VAL_STR || !v->s.n || media_type_is_valid(v->s))
        return 0;
    struct str shown = str_printable(doc_of(d)->a, v->s, 80);
    return doc_fail(d, v, e, "%s \"" PRI_STR "\" is not a media type, want type/subtype", key,
                    STR_ARG(shown));
}

int oci_check_image(struct decode *d, const struct val *table, void *at, struct err *e)
{
    (void)at;
    const struct val *v = val_get(table, STR("schemaVersion"));
    if (oci_check_media_type(d, table, "artifactType", e) < 0)
        return -1;
    if (v->i != 2)
        return doc_fail(d, v, e, "schemaVersion %lld, want 2", (long long)v->i);
    return 0;
}

static bool is_set(const struct val *map) // {"a": {}, "b": {}}, as Go writes its sets
{
    for (size_t i = 0; i < map->c.n; i++)
        if (map->c.v[i].kind != VAL_MAP || map->c.v[i].c.n)
            return false;
    return true;
}

static void sort_keys(struct arena *a, struct val *map)
{
    struct strv keys = {0};
    struct val sorted = {0};
    for (size_t i = 0; i < map->c.n; i++)
        strv_add(a, &keys, map->c.key[i]);
    strv_sort(&keys);
    val_set_map(&sorted);
    for (size_t i = 0; i < keys.n; i++)
        *val_put(a, &sorted, keys.v[i]) = *val_get(map, keys.v[i]);
    *map = sorted;
}

static struct val canonical(struct arena *a, const struct schema *s, const struct val *v);

static struct val canonical_value(struct arena *a, const struct field *f, const struct val *v)
{
    struct val out = *v;
    if (f->kind == F_STRUCT && v->kind == VAL_MAP)
        return canonical(a, f->sub, v);
    if (f->kind == F_STRUCTV && v->kind == VAL_LIST)
        for (size_t i = 0; i < out.c.n; i++)
            out.c.v[i] = canonical(a, f->sub, &v->c.v[i]);
    if (v->kind == VAL_MAP && (f->kind == F_STRMAP || is_set(v)))
        sort_keys(a, &out);
    return out;
}

// The schema's rows in their order, then the keys that it does not know. `v` is ours alone.
static struct val canonical(struct arena *a, const struct schema *s, const struct val *v)
{
    struct val out = {0};
    val_set_map(&out);
    for (size_t i = 0; i < s->n; i++) {
        const struct field *f = &s->field[i];
        const char *name = field_name(f, NAMES_JSON);
        const struct val *one = name ? val_get(v, str_of(name)) : NULL;
        if (!one || (val_is_empty(one) && (f->flags & OMIT_EMPTY || one->kind == VAL_NULL)))
            continue;
        *val_put(a, &out, str_of(name)) = canonical_value(a, f, one);
    }
    for (size_t i = 0; i < v->c.n; i++) {
        bool known = false;
        for (size_t k = 0; k < s->n && !known; k++)
            known = field_name(&s->field[k], NAMES_JSON) &&
                    str_is(v->c.key[i], field_name(&s->field[k], NAMES_JSON));
        if (!known)
            *val_put(a, &out, v->c.key[i]) = v->c.v[i];
    }
    return out;
}

int oci_write(struct arena *a, const struct schema *s, const void *in, enum oci_style style, struct str *out,
              struct err *e)
{
    struct doc doc = {.names = NAMES_JSON, .a = a};
    struct val *v;
    drop_buf struct buf b = BUF_INIT(LIMIT_DOCUMENT);
    if (doc_write(&doc, s, in, &v, e) < 0)
        return -1;
    if (style == OCI_CANONICAL)
        *v = canonical(a, s, v);
    json_write(v, JSON_GO, &b);
    if (buf_finish(&b, s->name, e) < 0)
        return -1;
    *out = str_dup(a, buf_view(&b));
    return 0;
}
