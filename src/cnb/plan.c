// SPDX-License-Identifier: Apache-2.0
#include "cnb/plan.h"
#include "cnb/hooks.h"

static int name_read(struct decode *d, const struct val *v, void *at, struct err *e)
{
    static const struct field text = {.toml = "name", .kind = F_STR};
    if (v->kind == VAL_STR && !v->s.n)
        return doc_fail(d, v, e, "is empty, a name is wanted");
    return doc_read_as(d, &text, v, at, e);
}

// Up to Buildpack API 0.3 a require had a version of its own; the reference refuses it since, and so do we.
static int version_read(struct decode *d, const struct val *v, void *at, struct err *e)
{
    (void)at;
    return doc_fail(d, v, e, "is not allowed; put it into metadata");
}

static int nothing_write(const struct doc *doc, const void *at, struct val *out, struct err *e)
{
    (void)doc;
    (void)at;
    (void)out;
    (void)e;
    return 0;
}

static const struct field require_fields[] = {
    KEY(struct plan_require, name, "name", .flags = REQUIRED, .read = name_read,
        .help = "name of what is wanted"),
    HOOK(struct plan_require, name, "version", version_read, nothing_write, .shape = "nothing",
         .help = "refused; a version belongs into metadata"),
    KEY(struct plan_require, metadata, "metadata", .read = cnb_table_read, .shape = "table",
        .help = "anything that the provider wants to know"),
};
static SCHEMA(require_schema, struct plan_require, require_fields, .name = "requires");

static const struct field provide_fields[] = {
    KEY(struct plan_provide, name, "name", .flags = REQUIRED, .read = name_read,
        .help = "name of what the buildpack can bring"),
};
static SCHEMA(provide_schema, struct plan_provide, provide_fields, .name = "provides");

static const struct field section_fields[] = {
    TABLES(struct plan_section, provides, "provides", provide_schema, .help = "what the buildpack can bring"),
    TABLES(struct plan_section, requires, "requires", require_schema, .help = "what the buildpack wants"),
};
static SCHEMA(section_schema, struct plan_section, section_fields, .name = "or");

struct build_plan { // what bin/detect writes
    struct plan_section first;
    struct {
        struct plan_section *v;
        size_t n;
    } others;
};

static const struct field build_plan_fields[] = {
    TABLES(struct build_plan, first.provides, "provides", provide_schema,
           .help = "what the buildpack can bring"),
    TABLES(struct build_plan, first.requires, "requires", require_schema, .help = "what the buildpack wants"),
    TABLES(struct build_plan, others, "or", section_schema,
           .help = "another choice, tried when those before do not fit the other buildpacks"),
};
SCHEMA_DECLARE(build_plan_schema, struct build_plan);
SCHEMA(build_plan_schema, struct build_plan, build_plan_fields, .name = "build plan",
       .help = "What bin/detect offers and wants (buildpack.md)");

static const struct field provider_fields[] = {
    KEY(struct plan_provider, id, "id", .flags = REQUIRED, .read = name_read, .help = "id of a buildpack"),
    KEY(struct plan_provider, version, "version", .help = "its version"),
    KEY(struct plan_provider, extension, "extension", .flags = OMIT_EMPTY,
        .help = "it is an image extension"),
};
static SCHEMA(provider_schema, struct plan_provider, provider_fields, .name = "providers");

static const struct field entry_fields[] = {
    TABLES(struct plan_entry, providers, "providers", provider_schema, .help = "who can bring it"),
    TABLES(struct plan_entry, requires, "requires", require_schema, .help = "who wants it, in which way"),
};
static SCHEMA(entry_schema, struct plan_entry, entry_fields, .name = "entries");

static const struct field plan_fields[] = {
    {.toml = "entries",
     .kind = F_STRUCTV,
     .flags = OMIT_EMPTY,
     .sub = &entry_schema,
     .help = "what is wanted, each name once"},
};
SCHEMA_DECLARE(plan_toml_schema, struct plan);
SCHEMA(plan_toml_schema, struct plan, plan_fields, .name = "plan.toml",
       .help = "What the group's buildpacks bring and want (platform.md)");

static const struct field buildpack_plan_fields[] = {
    {.toml = "entries",
     .kind = F_STRUCTV,
     .flags = OMIT_EMPTY,
     .sub = &require_schema,
     .help = "what the buildpack is to bring"},
};
SCHEMA_DECLARE(buildpack_plan_schema, struct plan_requires);
SCHEMA(buildpack_plan_schema, struct plan_requires, buildpack_plan_fields, .name = "buildpack plan",
       .help = "What a bin/build is to bring (buildpack.md)");

static int no_requires(const struct val *section, const char *file, const char *key, struct err *e)
{
    const struct val *requires = val_get(section, STR("requires"));
    struct err_at at;
    if (!requires || !requires->c.n)
        return 0;
    val_where(requires, file, key, &at);
    return err_doc(e, &at, "an extension cannot require anything");
}

int plan_sections_read(struct arena *a, const struct val *doc, const char *file, bool extension,
                       struct plan_sections *out, struct err *e)
{
    const struct doc how = {.names = NAMES_TOML, .file = file, .a = a};
    struct build_plan read = {0};
    if (doc_read(&how, &build_plan_schema, doc, &read, e) < 0)
        return -1;
    const struct val *others = val_get(doc, STR("or"));
    if (extension && no_requires(doc, file, "requires", e) < 0)
        return -1;
    for (size_t i = 0; extension && i < read.others.n; i++)
        if (no_requires(&others->c.v[i], file, "or.requires", e) < 0)
            return -1;
    struct plan_sections s = {.v = ARENA_ARRAY(a, struct plan_section, read.others.n + 1),
                              .n = read.others.n + 1};
    s.v[0] = read.first;
    for (size_t i = 0; i < read.others.n; i++)
        s.v[i + 1] = read.others.v[i];
    *out = s;
    return 0;
}

int plan_read(struct arena *a, const struct val *doc, const char *file, struct plan *out, struct err *e)
{
    const struct doc how = {.names = NAMES_TOML, .file = file, .a = a};
    struct plan read = {0};
    if (doc_read(&how, &plan_toml_schema, doc, &read, e) < 0)
        return -1;
    for (size_t i = 0; i < read.n; i++) {
        read.v[i].providers.cap = read.v[i].providers.n;
        read.v[i].requires.cap = read.v[i].requires.n;
    }
    read.cap = read.n;
    *out = read;
    return 0;
}

int plan_write(struct arena *a, const struct plan *p, struct val **out, struct err *e)
{
    const struct doc how = {.names = NAMES_TOML, .a = a};
    return doc_write(&how, &plan_toml_schema, p, out, e);
}

static bool provides(const struct plan_entry *en, struct str id, struct str version)
{
    for (size_t i = 0; i < en->providers.n; i++)
        if (!en->providers.v[i].extension && str_eq(en->providers.v[i].id, id) &&
            str_eq(en->providers.v[i].version, version))
            return true;
    return false;
}

void plan_for(struct arena *a, const struct plan *p, struct str id, struct str version,
              struct plan_requires *out)
{
    for (size_t i = 0; i < p->n; i++) {
        if (!provides(&p->v[i], id, version))
            continue;
        for (size_t j = 0; j < p->v[i].requires.n; j++) {
            out->v = arena_grow(a, out->v, out->n, &out->cap, sizeof *out->v);
            out->v[out->n++] = p->v[i].requires.v[j];
        }
    }
}

int plan_requires_write(struct arena *a, const struct plan_requires *r, struct val **out, struct err *e)
{
    const struct doc how = {.names = NAMES_TOML, .a = a};
    return doc_write(&how, &buildpack_plan_schema, r, out, e);
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
