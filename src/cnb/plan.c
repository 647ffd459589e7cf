// SPDX-License-Identifier: Apache-2.0
#include "cnb/plan.h"

static int wants(const struct val *v, enum val_kind kind, const char *file, const char *key, struct err *e)
{
    if (v->kind == kind)
        return 0;
    struct err_at at;
    val_where(v, file, key, &at);
    return err_doc(e, &at, "is a %s, want %s", val_kind_name(v->kind), val_kind_name(kind));
}

// The tables under `key`; n = 0 when it is absent.
static int tables(const struct val *map, const char *key, const char *file, const struct val **out, size_t *n,
                  struct err *e)
{
    const struct val *list = val_get(map, str_of(key));
    *n = 0;
    if (!list)
        return 0;
    if (wants(list, VAL_LIST, file, key, e) < 0)
        return -1;
    for (size_t i = 0; i < list->c.n; i++)
        if (wants(&list->c.v[i], VAL_MAP, file, key, e) < 0)
            return -1;
    *out = list->c.v;
    *n = list->c.n;
    return 0;
}

static int text(const struct val *map, const char *key, const char *file, bool required, struct str *out,
                struct err *e)
{
    const struct val *v = val_get(map, str_of(key));
    struct err_at at;
    val_where(v ? v : map, file, key, &at);
    if (!v || (v->kind == VAL_STR && !v->s.n && required)) {
        *out = STR("");
        return required ? err_doc(e, &at, "is wanted") : 0;
    }
    if (wants(v, VAL_STR, file, key, e) < 0)
        return -1;
    *out = v->s;
    return 0;
}

static struct plan_require *require_add(struct arena *a, struct plan_requires *r)
{
    r->v = arena_grow(a, r->v, r->n, &r->cap, sizeof *r->v);
    r->v[r->n] = (struct plan_require){0};
    return &r->v[r->n++];
}

// Up to Buildpack API 0.3 a require had a version of its own; the reference refuses it since, and so do we.
static int require_read(struct arena *a, const struct val *table, const char *file, struct plan_requires *out,
                        struct err *e)
{
    struct plan_require r = {0};
    if (text(table, "name", file, true, &r.name, e) < 0)
        return -1;
    const struct val *version = val_get(table, STR("version"));
    if (version) {
        struct err_at at;
        val_where(version, file, "requires.version", &at);
        return err_doc(e, &at, "is not allowed; put it into metadata");
    }
    r.metadata = val_get(table, STR("metadata"));
    if (r.metadata && wants(r.metadata, VAL_MAP, file, "metadata", e) < 0)
        return -1;
    *require_add(a, out) = r;
    return 0;
}

static int section_read(struct arena *a, const struct val *map, const char *file, bool extension,
                        struct plan_section *out, struct err *e)
{
    const struct val *v = NULL;
    size_t n;
    if (tables(map, "provides", file, &v, &n, e) < 0)
        return -1;
    for (size_t i = 0; i < n; i++) {
        struct str name;
        if (text(&v[i], "name", file, true, &name, e) < 0)
            return -1;
        strv_add(a, &out->provides, name);
    }
    if (tables(map, "requires", file, &v, &n, e) < 0)
        return -1;
    if (n && extension) {
        struct err_at at;
        val_where(&v[0], file, "requires", &at);
        return err_doc(e, &at, "an extension cannot require anything");
    }
    for (size_t i = 0; i < n; i++)
        if (require_read(a, &v[i], file, &out->requires, e) < 0)
            return -1;
    return 0;
}

int plan_sections_read(struct arena *a, const struct val *doc, const char *file, bool extension,
                       struct plan_sections *out, struct err *e)
{
    const struct val * or = NULL;
    size_t n;
    if (wants(doc, VAL_MAP, file, "", e) < 0 || tables(doc, "or", file, & or, &n, e) < 0)
        return -1;
    struct plan_sections s = {.v = ARENA_ARRAY(a, struct plan_section, n + 1), .n = n + 1};
    if (section_read(a, doc, file, extension, &s.v[0], e) < 0)
        return -1;
    for (size_t i = 0; i < n; i++)
        if (section_read(a, & or [i], file, extension, &s.v[i + 1], e) < 0)
            return -1;
    *out = s;
    return 0;
}

static int provider_read(const struct val *table, const char *file, struct plan_provider *out, struct err *e)
{
    const struct val *ext = val_get(table, STR("extension"));
    if (text(table, "id", file, true, &out->id, e) < 0 ||
        text(table, "version", file, false, &out->version, e) < 0)
        return -1;
    if (ext && wants(ext, VAL_BOOL, file, "extension", e) < 0)
        return -1;
    out->extension = ext && ext->b;
    return 0;
}

int plan_read(struct arena *a, const struct val *doc, const char *file, struct plan *out, struct err *e)
{
    const struct val *entries = NULL, *v = NULL;
    size_t n, m;
    struct plan p = {0};
    if (tables(doc, "entries", file, &entries, &n, e) < 0)
        return -1;
    p.v = ARENA_ARRAY(a, struct plan_entry, n);
    p.n = p.cap = n;
    for (size_t i = 0; i < n; i++) {
        struct plan_entry *en = &p.v[i];
        if (tables(&entries[i], "providers", file, &v, &m, e) < 0)
            return -1;
        en->providers = ARENA_ARRAY(a, struct plan_provider, m);
        for (; en->n_providers < m; en->n_providers++)
            if (provider_read(&v[en->n_providers], file, &en->providers[en->n_providers], e) < 0)
                return -1;
        if (tables(&entries[i], "requires", file, &v, &m, e) < 0)
            return -1;
        for (size_t j = 0; j < m; j++)
            if (require_read(a, &v[j], file, &en->requires, e) < 0)
                return -1;
    }
    *out = p;
    return 0;
}

static void require_write(struct arena *a, struct val *list, const struct plan_require *r)
{
    struct val *t = val_add(a, list);
    val_set_map(t);
    val_set_str(val_put(a, t, STR("name")), r->name);
    if (r->metadata)
        *val_put(a, t, STR("metadata")) = *r->metadata;
}

struct val *plan_write(struct arena *a, const struct plan *p)
{
    struct val *doc = ARENA_NEW(a, struct val);
    val_set_map(doc);
    if (!p->n)
        return doc;
    struct val *entries = val_put(a, doc, STR("entries"));
    val_set_list(entries);
    for (size_t i = 0; i < p->n; i++) {
        const struct plan_entry *en = &p->v[i];
        struct val *t = val_add(a, entries);
        val_set_map(t);
        struct val *list = val_put(a, t, STR("providers"));
        val_set_list(list);
        for (size_t j = 0; j < en->n_providers; j++) {
            struct val *one = val_add(a, list);
            val_set_map(one);
            val_set_str(val_put(a, one, STR("id")), en->providers[j].id);
            val_set_str(val_put(a, one, STR("version")), en->providers[j].version);
            if (en->providers[j].extension)
                val_set_bool(val_put(a, one, STR("extension")), true);
        }
        list = val_put(a, t, STR("requires"));
        val_set_list(list);
        for (size_t j = 0; j < en->requires.n; j++)
            require_write(a, list, &en->requires.v[j]);
    }
    return doc;
}

static bool provides(const struct plan_entry *en, struct str id, struct str version)
{
    for (size_t i = 0; i < en->n_providers; i++)
        if (!en->providers[i].extension && str_eq(en->providers[i].id, id) &&
            str_eq(en->providers[i].version, version))
            return true;
    return false;
}

void plan_for(struct arena *a, const struct plan *p, struct str id, struct str version,
              struct plan_requires *out)
{
    for (size_t i = 0; i < p->n; i++) {
        if (!provides(&p->v[i], id, version))
            continue;
        for (size_t j = 0; j < p->v[i].requires.n; j++)
        *require_add(a, out) = p->v[i].requires.v[j];
    }
}

struct val *plan_requires_write(struct arena *a, const struct plan_requires *r)
{
    struct val *doc = ARENA_NEW(a, struct val);
    val_set_map(doc);
    if (!r->n)
        return doc;
    struct val *entries = val_put(a, doc, STR("entries"));
    val_set_list(entries);
    for (size_t i = 0; i < r->n; i++)
        require_write(a, entries, &r->v[i]);
    return doc;
}

static bool given_name(const struct plan_requires *given, struct str name)
{
    for (size_t i = 0; i < given->n; i++)
        if (str_eq(given->v[i].name, name))
            return true;
    return false;
}

static bool entry_met(const struct plan_entry *en, const struct plan_requires *given,
                      const struct strv *unmet)
{
    for (size_t i = 0; i < en->requires.n; i++) {
        struct str name = en->requires.v[i].name;
        if (given_name(given, name) && !strv_has(unmet, name))
            return true;
    }
    return false;
}

int plan_met(struct arena *a, struct plan *p, const struct plan_requires *given, const struct strv *unmet,
             struct err *e)
{
    for (size_t i = 0; i < unmet->n; i++) {
        if (!unmet->v[i].n)
            return err_set(e, ERR_BUILDPACK, "build.toml: unmet: a name is wanted");
        if (!given_name(given, unmet->v[i]))
            return err_set(e, ERR_BUILDPACK,
                           "build.toml: unmet: \"" PRI_STR "\" was not asked of this buildpack",
                           STR_ARG(unmet->v[i]));
    }
    struct plan_entry *kept = ARENA_ARRAY(a, struct plan_entry, p->n);
    size_t n = 0;
    for (size_t i = 0; i < p->n; i++)
        if (!entry_met(&p->v[i], given, unmet))
            kept[n++] = p->v[i];
    *p = (struct plan){.v = kept, .n = n, .cap = p->n};
    return 0;
}
