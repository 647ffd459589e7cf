// SPDX-License-Identifier: Apache-2.0
#include "cnb/layer.h"
#include "base/path.h"
#include "cnb/api.h"
#include "cnb/hooks.h"

bool layer_name_ok(struct str name)
{
    size_t at;
    return path_is_safe(name) && !str_find(name, '/', &at) && !str_is(name, "build") &&
           !str_is(name, "launch") && !str_is(name, "store");
}

// The two shapes of <layer>.toml: types at the top (Buildpack API < 0.6) or in a table of their own.
struct layer_file {
    bool launch, build, cache;
    struct cnb_layer types;
    const struct val *metadata;
};

static const struct field types_fields[] = {
    KEY(struct cnb_layer, launch, "launch", .help = "part of the app image"),
    KEY(struct cnb_layer, build, "build", .help = "later buildpacks may use it"),
    KEY(struct cnb_layer, cache, "cache", .help = "kept for the next build"),
};
static SCHEMA(types_schema, struct cnb_layer, types_fields, .name = "types");

static int moved(struct decode *d, const struct val *v, void *at, struct err *e)
{
    if (doc_of(d)->api >= API(0, 6))
        return doc_fail(d, v, e, "belongs into [types] since Buildpack API 0.6");
    if (v->kind != VAL_BOOL)
        return doc_wrong(d, v, "true or false", e);
    *(bool *)at = v->b;
    return 0;
}

static const struct field layer_fields[] = {
    KEY(struct layer_file, launch, "launch", .flags = OMIT_EMPTY, .read = moved,
        .help = "as types.launch, before Buildpack API 0.6"),
    KEY(struct layer_file, build, "build", .flags = OMIT_EMPTY, .read = moved,
        .help = "as types.build, before Buildpack API 0.6"),
    KEY(struct layer_file, cache, "cache", .flags = OMIT_EMPTY, .read = moved,
        .help = "as types.cache, before Buildpack API 0.6"),
    TABLE(struct layer_file, types, "types", types_schema, .flags = OMIT_EMPTY, .since = API(0, 6),
          .help = "what becomes of the layer"),
    KEY(struct layer_file, metadata, "metadata",
        .help = "anything: what the buildpack wants to find next time"),
};
SCHEMA_DECLARE(layer_toml_schema, struct layer_file);
SCHEMA(layer_toml_schema, struct layer_file, layer_fields, .name = "<layer>.toml",
       .help = "What becomes of a layer (buildpack.md)");

int layer_toml_read(struct arena *a, const struct val *doc, const char *file, uint16_t api,
                    struct cnb_layer *out, struct err *e)
{
    const struct doc how = {.names = NAMES_TOML, .api = api, .file = file, .a = a};
    struct layer_file f = {0};
    if (doc_read(&how, &layer_toml_schema, doc, &f, e) < 0)
        return -1;
    *out = (struct cnb_layer){f.launch || f.types.launch, f.build || f.types.build, f.cache || f.types.cache,
                              f.metadata};
    return 0;
}

int layer_toml_write(struct arena *a, const struct cnb_layer *l, bool types, struct val **out, struct err *e)
{
    const struct doc how = {.names = NAMES_TOML, .a = a};
    struct layer_file f = {.metadata = l->metadata};
    if (types)
        f.types = (struct cnb_layer){l->launch, l->build, l->cache, NULL};
    return doc_write(&how, &layer_toml_schema, &f, out, e);
}

bool process_type_ok(struct str type)
{
    for (size_t i = 0; i < type.n; i++) {
        char c = type.p[i];
        bool word = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
        if (!word && c != '.' && c != '_' && c != '-')
            return false;
    }
    return type.n && !str_is(type, ".") && !str_is(type, "..");
}

static int type_read(struct decode *d, const struct val *v, void *at, struct err *e)
{
    if (v->kind != VAL_STR)
        return doc_wrong(d, v, "text", e);
    if (!process_type_ok(v->s))
        return doc_fail(d, v, e,
                        "\"" PRI_STR "\" is not a process type: letters, digits, '.', '_' and '-' are",
                        STR_ARG(str_printable(doc_of(d)->a, v->s, 64)));
    *(struct str *)at = v->s;
    return 0;
}

// Text before Buildpack API 0.9, a list since.
static int command_read(struct decode *d, const struct val *v, void *at, struct err *e)
{
    static const struct field list = {.toml = "command", .kind = F_STRV};
    struct strv *out = at;
    if (doc_of(d)->api >= API(0, 9)) {
        if (v->kind == VAL_LIST && !v->c.n)
            return doc_fail(d, v, e, "is empty");
        return v->kind == VAL_LIST ? doc_read_as(d, &list, v, at, e)
                                   : doc_wrong(d, v, "list of text (Buildpack API 0.9)", e);
    }
    if (v->kind != VAL_STR)
        return doc_wrong(d, v, "text (lists came with Buildpack API 0.9)", e);
    *out = (struct strv){0};
    strv_add(doc_of(d)->a, out, v->s);
    return 0;
}

static int direct_read(struct decode *d, const struct val *v, void *at, struct err *e)
{
    if (doc_of(d)->api >= API(0, 9))
        return doc_fail(d, v, e, "is gone since Buildpack API 0.9: every process is direct");
    if (v->kind != VAL_BOOL)
        return doc_wrong(d, v, "true or false", e);
    *(bool *)at = v->b;
    return 0;
}

static int working_dir_read(struct decode *d, const struct val *v, void *at, struct err *e)
{
    if (v->kind != VAL_STR)
        return doc_wrong(d, v, "text", e);
    struct str clean = path_clean(doc_of(d)->a, v->s);
    if (str_is(clean, "..") || str_has_prefix(clean, "../"))
        return doc_fail(d, v, e, "\"" PRI_STR "\" leads out of the app directory", STR_ARG(v->s));
    *(struct str *)at = v->s;
    return 0;
}

static const struct field process_fields[] = {
    KEY(struct cnb_process, type, "type", .flags = REQUIRED, .read = type_read,
        .help = "name of the process"),
    HOOK(struct cnb_process, command, "command", command_read, NULL, .flags = REQUIRED,
         .shape = "list of texts",
         .help = "program and its fixed arguments; one text before Buildpack API 0.9"),
    KEY(struct cnb_process, args, "args",
        .help = "further arguments; since Buildpack API 0.9 those that the user gives replace them"),
    KEY(struct cnb_process, direct, "direct", .read = direct_read,
        .help = "started without a shell; before Buildpack API 0.9 only"),
    KEY(struct cnb_process, is_default, "default", .since = API(0, 6),
        .help = "started when nothing is named"),
    KEY(struct cnb_process, working_dir, "working-dir", .read = working_dir_read, .since = API(0, 8),
        .alias = "working-directory", .help = "where it is started; the app directory where it is absent"),
    KEY(struct cnb_process, exec_env, "exec-env",
        .help = "execution environments it is for; all where it is absent"),
};
static SCHEMA(process_schema, struct cnb_process, process_fields, .name = "processes");

static const struct field slice_fields[] = {
    KEY(struct cnb_slice, paths, "paths", .help = "patterns of paths that belong to the slice"),
};
static SCHEMA(slice_schema, struct cnb_slice, slice_fields, .name = "slices");

static int bom_version_read(struct decode *d, const struct val *v, void *at, struct err *e)
{
    (void)at;
    return v->kind == VAL_STR && !v->s.n ? 0 : doc_fail(d, v, e, "is not allowed; put it into metadata");
}

static const struct field bom_fields[] = {
    KEY(struct cnb_bom_entry, name, "name", .help = "name of what is inside"),
    HOOK(struct cnb_bom_entry, name, "version", bom_version_read, NULL, .shape = "nothing",
         .help = "refused; a version belongs into metadata"),
    KEY(struct cnb_bom_entry, metadata, "metadata", .read = cnb_table_read, .shape = "table",
        .help = "anything that is known of it"),
};
static SCHEMA(bom_schema, struct cnb_bom_entry, bom_fields, .name = "bom");

static int launch_check(struct decode *d, const struct val *table, void *at, struct err *e)
{
    const struct cnb_launch_toml *l = at;
    size_t defaults = 0;
    for (size_t i = 0; i < l->processes.n; i++)
        defaults += l->processes.v[i].is_default;
    return defaults > 1 ? doc_fail(d, table, e, "more than one process is the default") : 0;
}

static const struct field launch_fields[] = {
    TABLES(struct cnb_launch_toml, processes, "processes", process_schema, .help = "what can be started"),
    TABLES(struct cnb_launch_toml, labels, "labels", cnb_label_schema, .help = "labels of the app image"),
    TABLES(struct cnb_launch_toml, slices, "slices", slice_schema,
           .help = "parts of the app in layers of their own"),
    TABLES(struct cnb_launch_toml, bom, "bom", bom_schema,
           .help =
               "legacy bill of materials of the image; SBOM files take its place since Buildpack API 0.7"),
};
SCHEMA_DECLARE(launch_toml_schema, struct cnb_launch_toml);
SCHEMA(launch_toml_schema, struct cnb_launch_toml, launch_fields, .name = "launch.toml",
       .check = launch_check, .help = "What an app image gets besides layers (buildpack.md)");

int launch_toml_read(const struct doc *how, const struct val *doc, struct cnb_launch_toml *out, struct err *e)
{
    struct cnb_launch_toml l = {0};
    if (doc_read(how, &launch_toml_schema, doc, &l, e) < 0)
        return -1;
    if (how->api >= API(0, 9))
        for (size_t i = 0; i < l.processes.n; i++)
            l.processes.v[i].direct = true;
    *out = l;
    return 0;
}

struct unmet {
    struct str name;
};

struct build_file {
    struct {
        struct unmet *v;
        size_t n;
    } unmet;
    struct cnb_bom bom;
};

static const struct field unmet_fields[] = {
    KEY(struct unmet, name, "name", .flags = REQUIRED,
        .help = "name of a plan entry that is left to later buildpacks"),
};
static SCHEMA(unmet_schema, struct unmet, unmet_fields, .name = "unmet");

static const struct field build_fields[] = {
    TABLES(struct build_file, unmet, "unmet", unmet_schema,
           .help = "what this buildpack did not provide after all"),
    TABLES(struct build_file, bom, "bom", bom_schema,
           .help =
               "legacy bill of materials of the build; SBOM files take its place since Buildpack API 0.7"),
};
SCHEMA_DECLARE(build_toml_schema, struct build_file);
SCHEMA(build_toml_schema, struct build_file, build_fields, .name = "build.toml",
       .help = "What the build left open (buildpack.md)");

int build_toml_read(struct arena *a, const struct val *doc, const char *file, struct events *ev,
                    struct cnb_build_toml *out, struct err *e)
{
    const struct doc how = {.names = NAMES_TOML, .file = file, .a = a, .ev = ev};
    struct build_file f = {0};
    struct cnb_build_toml b = {{0}, {0}};
    if (doc_read(&how, &build_toml_schema, doc, &f, e) < 0)
        return -1;
    for (size_t i = 0; i < f.unmet.n; i++)
        strv_add(a, &b.unmet, f.unmet.v[i].name);
    b.bom = f.bom;
    *out = b;
    return 0;
}

struct store_file {
    const struct val *metadata;
};

static const struct field store_fields[] = {
    KEY(struct store_file, metadata, "metadata", .read = cnb_table_read, .shape = "table",
        .help = "anything: what the buildpack wants to find at every build"),
};
SCHEMA_DECLARE(store_toml_schema, struct store_file);
SCHEMA(store_toml_schema, struct store_file, store_fields, .name = "store.toml",
       .help = "What a buildpack keeps from build to build (buildpack.md)");

int store_toml_read(struct arena *a, const struct val *doc, const char *file, struct events *ev,
                    const struct val **out, struct err *e)
{
    const struct doc how = {.names = NAMES_TOML, .file = file, .a = a, .ev = ev};
    struct store_file f = {0};
    if (doc_read(&how, &store_toml_schema, doc, &f, e) < 0)
        return -1;
    *out = f.metadata;
    return 0;
}
