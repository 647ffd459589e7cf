// SPDX-License-Identifier: Apache-2.0
#include "cnb/buildpack.h"
#include "base/dir.h"
#include "base/file.h"
#include "base/limits.h"
#include "cnb/api.h"
#include "document/toml.h"

struct stack {
    struct str id;
};

// The file as it is spelled; struct cnb_buildpack is what it means.
struct file {
    struct str api;
    struct {
        struct str id, version, name, homepage, description;
        bool clear_env;
        struct strv exec_env, sbom_formats, keywords;
        const struct val *licenses;
    } buildpack; // description, keywords and licenses are for people
    struct {
        struct cnb_target *v;
        size_t n;
    } targets;
    struct {
        struct stack *v;
        size_t n;
    } stacks;
    struct cnb_order order;
    const struct val *metadata, *rest;
};

// The spec has tables with `name`, the reference a list of text: both are read.
static int exec_env_read(struct decode *d, const struct val *v, void *at, struct err *e)
{
    struct strv names = {0};
    if (v->kind != VAL_LIST)
        return doc_wrong(d, v, "list of text", e);
    for (size_t i = 0; i < v->c.n; i++) {
        const struct val *one = &v->c.v[i];
        if (one->kind == VAL_MAP)
            one = val_get(one, STR("name"));
        if (!one || one->kind != VAL_STR || !one->s.n)
            return doc_wrong(d, &v->c.v[i], "name of an execution environment", e);
        strv_add(doc_of(d)->a, &names, one->s);
    }
    *(struct strv *)at = names;
    return 0;
}

static int id_check(struct decode *d, const struct val *v, struct str id, struct err *e)
{
    const char *dir;
    struct err why = {0};
    return buildpack_dir_name(doc_of(d)->a, id, &dir, &why) == 0 ? 0 : doc_fail(d, v, e, "%s", why.cause);
}

static int id_read(struct decode *d, const struct val *v, void *at, struct err *e)
{
    if (v->kind != VAL_STR)
        return doc_wrong(d, v, "text", e);
    *(struct str *)at = v->s;
    return id_check(d, v, v->s, e);
}

static const struct field distro_fields[] = {
    KEY(struct cnb_distro, name, "name", .help = "ID of os-release"),
    KEY(struct cnb_distro, version, "version", .help = "VERSION_ID of os-release"),
};
static SCHEMA(distro_schema, struct cnb_distro, distro_fields, .name = "targets.distros");

static const struct field target_fields[] = {
    KEY(struct cnb_target, os, "os", .help = "operating system; any where it is absent"),
    KEY(struct cnb_target, arch, "arch", .help = "architecture; any where it is absent"),
    KEY(struct cnb_target, variant, "variant", .alias = "arch-variant",
        .help = "variant of the architecture"),
    TABLES(struct cnb_target, distros, "distros", distro_schema, .help = "one of these distributions"),
};
static SCHEMA(target_schema, struct cnb_target, target_fields, .name = "targets");

static const struct field stack_fields[] = {
    KEY(struct stack, id, "id", .help = "stack that it was made for (before targets)"),
};
static SCHEMA(stack_schema, struct stack, stack_fields, .name = "stacks");

static const struct field element_fields[] = {
    KEY(struct cnb_group_element, id, "id", .flags = REQUIRED, .read = id_read, .help = "id of a buildpack"),
    KEY(struct cnb_group_element, version, "version", .help = "its version"),
    KEY(struct cnb_group_element, optional, "optional", .flags = OMIT_EMPTY,
        .help = "the group works without it"),
    HOOK(struct cnb_group_element, exec_env, "exec-env", exec_env_read, NULL, .shape = "list of texts",
         .help = "execution environments in which it takes part; all where it is absent"),
};
static SCHEMA(element_schema, struct cnb_group_element, element_fields, .name = "order.group");

static int group_check(struct decode *d, const struct val *table, void *at, struct err *e)
{
    const struct cnb_group *g = at;
    return g->n ? 0 : doc_fail(d, table, e, "a group without buildpacks");
}

static const struct field group_fields[] = {
    {.toml = "group",
     .kind = F_STRUCTV,
     .sub = &element_schema,
     .help = "buildpacks that are tried together"},
};
static SCHEMA(group_schema, struct cnb_group, group_fields, .name = "order", .check = group_check);

static const struct field buildpack_fields[] = {
    KEY(struct file, buildpack.id, "id", .flags = REQUIRED, .read = id_read,
        .help = "unique id, such as org/name"),
    KEY(struct file, buildpack.version, "version", .flags = REQUIRED, .help = "its version"),
    KEY(struct file, buildpack.name, "name", .help = "what people call it"),
    KEY(struct file, buildpack.homepage, "homepage", .help = "where to read about it"),
    KEY(struct file, buildpack.description, "description", .help = "what it does"),
    KEY(struct file, buildpack.keywords, "keywords", .help = "words to find it by"),
    KEY(struct file, buildpack.licenses, "licenses", .help = "its licences: tables with type and uri"),
    KEY(struct file, buildpack.clear_env, "clear-env",
        .help = "variables of the user do not reach its programs"),
    HOOK(struct file, buildpack.exec_env, "exec-env", exec_env_read, NULL, .shape = "list of texts",
         .help = "execution environments it is for; all where it is absent"),
    KEY(struct file, buildpack.sbom_formats, "sbom-formats", .help = "media types of the SBOMs it writes"),
};
static SCHEMA(buildpack_schema, struct file, buildpack_fields, .name = "buildpack");

// The nested table's members are counted from the same struct, so that it is read into the file itself.
static int buildpack_table_read(struct decode *d, const struct val *v, void *at, struct err *e)
{
    struct file f = {0};
    static const struct field whole = {.toml = "buildpack", .kind = F_STRUCT, .sub = &buildpack_schema};
    if (doc_read_as(d, &whole, v, &f, e) < 0)
        return -1;
    memcpy(at, &f.buildpack, sizeof f.buildpack);
    return 0;
}

static const struct field file_fields[] = {
    KEY(struct file, api, "api", .flags = REQUIRED,
        .help = "Buildpack API that it is written for, such as \"0.10\""),
    HOOK(struct file, buildpack, "buildpack", buildpack_table_read, NULL, .flags = REQUIRED,
         .sub = &buildpack_schema, .help = "what it is"),
    TABLES(struct file, targets, "targets", target_schema, .help = "what it is made for"),
    TABLES(struct file, stacks, "stacks", stack_schema, .help = "what it was made for before targets"),
    TABLES(struct file, order, "order", group_schema,
           .help = "groups of a composite buildpack, tried in turn"),
    KEY(struct file, metadata, "metadata", .help = "anything: the buildpack's own"),
    KEEP(struct file, rest), // keys of tools other than ours are no reason for warnings
};
SCHEMA_DECLARE(buildpack_toml_schema, struct file);
SCHEMA(buildpack_toml_schema, struct file, file_fields, .name = "buildpack.toml",
       .help = "A buildpack: what it is and what it is made for (buildpack.md)");

int buildpack_dir_name(struct arena *a, struct str id, const char **out, struct err *e)
{
    // Names of our own beneath the layers directory (spec: buildpack.md "buildpack.toml").
    static const char *const reserved[] = {"app", "config", "generated", "sbom"};
    bool bad = !id.n || id.n > LIMIT_COMPONENT || !path_is_safe(id);
    for (size_t i = 0; i < COUNT(reserved); i++)
        bad |= str_is(id, reserved[i]);
    for (size_t i = 0; i < id.n; i++)
        bad |= (unsigned char)id.p[i] <= ' ' || id.p[i] == 0x7f || id.p[i] == '\\' || id.p[i] == ':' ||
               id.p[i] == ',';
    if (bad)
        return err_set(e, ERR_PARSE, "\"" PRI_STR "\" is not an id for a buildpack",
                       STR_ARG(str_printable(a, id, 80)));
    char *name = arena_copy(a, id.p, id.n + 1);
    name[id.n] = 0;
    for (char *c = name; *c; c++)
        if (*c == '/')
            *c = '_';
    *out = name;
    return 0;
}

static void add_target(struct arena *a, struct cnb_buildpack *bp, struct cnb_target t)
{
    struct cnb_target *v = ARENA_ARRAY(a, struct cnb_target, bp->targets.n + 1);
    if (bp->targets.n)
        memcpy(v, bp->targets.v, bp->targets.n * sizeof *v);
    v[bp->targets.n++] = t;
    bp->targets.v = v;
}

// cnb.md §3.3: a buildpack without targets is for what its stacks were.
static void infer_targets(struct arena *a, int dirfd, const struct file *f, struct cnb_buildpack *bp)
{
    if (bp->targets.n || bp->order.n)
        return;
    for (size_t i = 0; i < f->stacks.n; i++) {
        struct str id = f->stacks.v[i].id;
        if (str_is(id, "*")) {
            add_target(a, bp, (struct cnb_target){0});
        } else if (str_is(id, "io.buildpacks.stacks.bionic") && (bp->api >= API(0, 10) || f->stacks.n == 1)) {
            struct cnb_target t = {.os = STR("linux"), .arch = STR("amd64")};
            t.distros.v = ARENA_NEW(a, struct cnb_distro);
            t.distros.v[0] = (struct cnb_distro){STR("ubuntu"), STR("18.04")};
            t.distros.n = 1;
            add_target(a, bp, t);
        }
    }
    if (!bp->targets.n && dir_kind(dirfd, "bin/build") == DIR_FILE)
        add_target(a, bp, (struct cnb_target){.os = STR("linux")});
}

static void cut_parameters(struct strv *types)
{
    size_t at;
    for (size_t i = 0; i < types->n; i++)
        if (str_find(types->v[i], ';', &at))
            types->v[i] = str_trim(str_head(types->v[i], at));
}

static int read_file(struct arena *a, int dirfd, const char *file, struct events *ev, struct file *out,
                     struct err *e)
{
    drop_buf struct buf text = BUF_INIT(LIMIT_DOCUMENT);
    struct val *doc;
    const struct doc how = {.names = NAMES_TOML, .file = file, .a = a, .ev = ev};
    if (file_read(dirfd, file, &text, e) < 0 || toml_read(a, str_dup(a, buf_view(&text)), file, &doc, e) < 0)
        return -1;
    return doc_read(&how, &buildpack_toml_schema, doc, out, e);
}

int buildpack_read(struct arena *a, int dirfd, const char *file, struct events *ev, struct cnb_buildpack *out,
                   struct err *e)
{
    struct file f = {0};
    if (read_file(a, dirfd, file, ev, &f, e) < 0)
        return -1;
    struct cnb_buildpack bp = {
        .api_text = f.api,
        .id = f.buildpack.id,
        .version = f.buildpack.version,
        .name = f.buildpack.name,
        .homepage = f.buildpack.homepage,
        .clear_env = f.buildpack.clear_env,
        .exec_env = f.buildpack.exec_env,
        .sbom_formats = f.buildpack.sbom_formats,
        .order = f.order,
        .metadata = f.metadata,
    };
    bp.targets.v = f.targets.v;
    bp.targets.n = f.targets.n;
    if (api_buildpack(f.api, file, &bp.api, e) < 0)
        return -1;
    if (bp.order.n && (bp.targets.n || f.stacks.n))
        event_warn(ev, NULL, "%s: a composite's own targets and stacks do not count", file);
    cut_parameters(&bp.sbom_formats);
    infer_targets(a, dirfd, &f, &bp);
    *out = bp;
    return 0;
}

struct orders {
    struct cnb_order order, extensions;
};

static const struct field orders_fields[] = {
    TABLES(struct orders, order, "order", group_schema, .help = "groups, tried in turn"),
    TABLES(struct orders, extensions, "order-extensions", group_schema, .help = "groups of image extensions"),
};
SCHEMA_DECLARE(order_toml_schema, struct orders);
SCHEMA(order_toml_schema, struct orders, orders_fields, .name = "order.toml",
       .help = "Which buildpacks are tried, in which order (platform.md)");

int order_read(const struct doc *how, const struct val *doc, struct cnb_order *order,
               struct cnb_order *extensions, struct err *e)
{
    struct orders o = {0};
    if (doc_read(how, &order_toml_schema, doc, &o, e) < 0)
        return -1;
    if (!o.order.n) {
        struct err_at at;
        val_where(doc, how->file, "order", &at);
        return err_doc(e, &at, "no group at all");
    }
    for (size_t i = 0; i < o.extensions.n; i++)
        for (size_t j = 0; j < o.extensions.v[i].n; j++)
            o.extensions.v[i].v[j].optional = o.extensions.v[i].v[j].extension = true;
    *order = o.order;
    *extensions = o.extensions;
    return 0;
}
