// SPDX-License-Identifier: Apache-2.0
#include "sbom/cyclonedx.h"
#include "document/json.h"
#include "sbom/licence.h"
#include <assert.h>

static const char *const versions[] = {
    [CYCLONEDX_1_4] = "1.4",
    [CYCLONEDX_1_5] = "1.5",
    [CYCLONEDX_1_6] = "1.6",
};
static_assert(COUNT(versions) == CYCLONEDX_MAX_, "a name for each version");

static const char *const types[] = {
    [SBOM_LIBRARY] = "library",     [SBOM_APPLICATION] = "application", [SBOM_FRAMEWORK] = "framework",
    [SBOM_OS] = "operating-system", [SBOM_CONTAINER] = "container",     [SBOM_FILE] = "file",
};
static_assert(COUNT(types) == SBOM_TYPE_MAX_, "a name for each type");

static const char *const algorithms[HASH_ALG_MAX_] = {
    [HASH_SHA256] = "SHA-256",
    [HASH_SHA512] = "SHA-512",
    [HASH_SHA1] = "SHA-1",
    [HASH_MD5] = "MD5",
};

static void put(struct arena *a, struct val *map, const char *key, struct str value)
{
    if (value.n)
        val_set_str(val_put(a, map, str_of(key)), value);
}

// JSON holds UTF-8 only; what comes from packages may be anything.
static struct str clean(struct arena *a, struct str s)
{
    size_t bad;
    return str_utf8(s, &bad) ? s : str_printable(a, s, 4096);
}

static struct str ref_of(struct arena *a, const struct sbom_component *c)
{
    if (c->purl.n)
        return c->purl;
    return str_printf(a, "%s:" PRI_STR "@" PRI_STR, types[c->type], STR_ARG(clean(a, c->name)),
                      STR_ARG(clean(a, c->version)));
}

static bool is_expression(struct arena *a, struct str s)
{
    struct str again = licence_expression(a, s);
    return again.n && str_find(s, ' ', &(size_t){0}) && str_eq(again, s);
}

// An expression stands alone: the schema wants it so.
static void put_licences(struct arena *a, struct val *to, const struct strv *licences)
{
    struct val *list = val_put(a, to, STR("licenses"));
    val_set_list(list);
    if (licences->n == 1 && is_expression(a, licences->v[0])) {
        struct val *one = val_add(a, list);
        val_set_map(one);
        put(a, one, "expression", licences->v[0]);
        return;
    }
    for (size_t i = 0; i < licences->n; i++) {
        struct val *one = val_add(a, list), *licence;
        val_set_map(one);
        licence = val_put(a, one, STR("license"));
        val_set_map(licence);
        put(a, licence, licence_is_id(licences->v[i]) ? "id" : "name", clean(a, licences->v[i]));
    }
}

static void put_hash(struct arena *a, struct val *to, const struct digest *d)
{
    char hex[DIGEST_TEXT];
    struct val *list = val_put(a, to, STR("hashes")), *one;
    val_set_list(list);
    one = val_add(a, list);
    val_set_map(one);
    put(a, one, "alg", str_of(algorithms[d->alg]));
    put(a, one, "content", str_dup(a, str_of(digest_hex(d, hex))));
}

static void put_properties(struct arena *a, struct val *to, const struct strmap *properties)
{
    struct strmap sorted = {0};
    struct val *list = val_put(a, to, STR("properties"));
    val_set_list(list);
    for (size_t i = 0; i < properties->n; i++)
        strmap_set(a, &sorted, properties->v[i].key, properties->v[i].val);
    map_sort(&sorted);
    for (size_t i = 0; i < sorted.n; i++) {
        struct val *one = val_add(a, list);
        val_set_map(one);
        put(a, one, "name", clean(a, sorted.v[i].key));
        put(a, one, "value", clean(a, sorted.v[i].val));
    }
}

static void put_component(struct arena *a, struct val *to, const struct sbom_component *c)
{
    val_set_map(to);
    put(a, to, "bom-ref", ref_of(a, c));
    put(a, to, "type", str_of(types[c->type]));
    if (c->supplier.n) {
        struct val *supplier = val_put(a, to, STR("supplier"));
        val_set_map(supplier);
        put(a, supplier, "name", clean(a, c->supplier));
    }
    put(a, to, "author", clean(a, c->author));
    put(a, to, "name", clean(a, c->name));
    put(a, to, "version", clean(a, c->version));
    put(a, to, "description", clean(a, c->description));
    if (c->hash.alg != HASH_NONE && algorithms[c->hash.alg])
        put_hash(a, to, &c->hash);
    if (c->licences.n)
        put_licences(a, to, &c->licences);
    put(a, to, "cpe", c->cpe);
    put(a, to, "purl", c->purl);
    if (c->properties.n)
        put_properties(a, to, &c->properties);
}

static void put_metadata(struct arena *a, struct val *doc, const struct sbom *s)
{
    struct val *meta = val_put(a, doc, STR("metadata"));
    val_set_map(meta);
    put(a, meta, "timestamp", s->timestamp);
    if (s->tool.n) {
        struct val *tools = val_put(a, meta, STR("tools")), *tool;
        val_set_list(tools);
        tool = val_add(a, tools);
        val_set_map(tool);
        put(a, tool, "vendor", s->tool);
        put(a, tool, "name", s->tool);
        put(a, tool, "version", s->tool_version);
    }
    if (s->subject.name.n)
        put_component(a, val_put(a, meta, STR("component")), &s->subject);
}

static int by_identity(const void *x, const void *y)
{
    const struct sbom_component *const *a = x, *const *b = y;
    int c = str_cmp((*a)->purl, (*b)->purl);
    if (!c)
        c = str_cmp((*a)->name, (*b)->name);
    return c ? c : str_cmp((*a)->version, (*b)->version);
}

struct sorted {
    const struct sbom_component **v;
    size_t n;
};

static struct sorted sort_components(struct arena *a, const struct sbom *s)
{
    struct sorted out = {.v = ARENA_ARRAY(a, const struct sbom_component *, s->components.n + 1)};
    const struct sbom_component **all = ARENA_ARRAY(a, const struct sbom_component *, s->components.n + 1);
    for (size_t i = 0; i < s->components.n; i++)
        all[i] = &s->components.v[i];
    qsort(all, s->components.n, sizeof *all, by_identity);
    for (size_t i = 0; i < s->components.n; i++)
        if (!i || by_identity(&all[i - 1], &all[i]) != 0)
            out.v[out.n++] = all[i];
    return out;
}

static void put_edge(struct arena *a, struct val *list, struct str ref, struct strv to)
{
    struct val *edge = val_add(a, list);
    val_set_map(edge);
    put(a, edge, "ref", ref);
    if (!to.n)
        return;
    struct val *needs = val_put(a, edge, STR("dependsOn"));
    val_set_list(needs);
    strv_sort(&to);
    for (size_t i = 0; i < to.n; i++)
        val_set_str(val_add(a, needs), to.v[i]);
}

// The subject needs every component; so everything is reached from it.
static void put_dependencies(struct arena *a, struct val *doc, const struct sbom *s, const struct sorted *all)
{
    struct val *list = val_put(a, doc, STR("dependencies"));
    struct strmap known = {0};
    struct strv roots = {0};
    val_set_list(list);
    for (size_t i = 0; i < all->n; i++)
        map_put(a, &known, ref_of(a, all->v[i]));
    for (size_t i = 0; i < all->n; i++)
        strv_add(a, &roots, ref_of(a, all->v[i]));
    if (s->subject.name.n)
        put_edge(a, list, ref_of(a, &s->subject), roots);
    for (size_t i = 0; i < all->n; i++) {
        struct strv needs = {0};
        for (size_t k = 0; k < all->v[i]->needs.n; k++)
            if (map_find(&known, all->v[i]->needs.v[k]))
                strv_add(a, &needs, all->v[i]->needs.v[k]);
        put_edge(a, list, ref_of(a, all->v[i]), needs);
    }
}

void cyclonedx_write(const struct sbom *s, enum cyclonedx version, struct buf *out)
{
    drop_(arena_free) struct arena *a = arena_new(65536);
    struct val doc = {0}, *list;
    struct sorted all = sort_components(a, s);
    val_set_map(&doc);
    put(a, &doc, "bomFormat", STR("CycloneDX"));
    put(a, &doc, "specVersion", str_of(versions[version]));
    if (s->serial.n)
        put(a, &doc, "serialNumber", str_printf(a, "urn:uuid:" PRI_STR, STR_ARG(s->serial)));
    val_set_int(val_put(a, &doc, STR("version")), 1);
    if (s->timestamp.n || s->tool.n || s->subject.name.n)
        put_metadata(a, &doc, s);
    list = val_put(a, &doc, STR("components")); // always: readers go through it without looking
    val_set_list(list);
    for (size_t i = 0; i < all.n; i++)
        put_component(a, val_add(a, list), all.v[i]);
    put_dependencies(a, &doc, s, &all);
    json_write(&doc, JSON_PLAIN, out);
}
