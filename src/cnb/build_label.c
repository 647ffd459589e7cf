// SPDX-License-Identifier: Apache-2.0
#include "cnb/api.h"
#include "cnb/labels.h"
#include "document/json.h"

static int bom_metadata_write(const struct doc *doc, const void *at, struct val *out, struct err *e)
{
    const struct val *v = *(const struct val *const *)at;
    struct val *json;
    val_set_map(out); // null where there is none, as Go has it
    if (v && toml_as_json(doc->a, v, &json, e) < 0)
        return -1;
    if (v)
        *out = *json;
    return 0;
}

static const struct field bom_fields[] = {
    KEY(struct cnb_bom_entry, name, "name", .help = "name of what is inside"),
    HOOK(struct cnb_bom_entry, metadata, "metadata", NULL, bom_metadata_write, .flags = EMPTY_NULL,
         .shape = "table", .help = "anything that is known of it"),
    TABLE(struct cnb_bom_entry, buildpack, "buildpack", cnb_bom_source_schema, .help = "who says so"),
};
static SCHEMA(bom_schema, struct cnb_bom_entry, bom_fields, .name = "bom");

static const struct field ref_fields[] = {
    KEY(struct cnb_ref, id, "id", .help = "its id"),
    KEY(struct cnb_ref, version, "version", .help = "its version"),
    KEY(struct cnb_ref, homepage, "homepage", .flags = OMIT_EMPTY, .help = "where to read about it"),
    KEY(struct cnb_ref, optional, "optional", .flags = OMIT_EMPTY, .help = "the group works without it"),
};
static SCHEMA(ref_schema, struct cnb_ref, ref_fields, .name = "buildpacks");

static const struct field git_fields[] = {
    KEY(struct launcher_source, repository, "repository", .help = "where its source is"),
    KEY(struct launcher_source, commit, "commit", .help = "which version of the source it is made of"),
};
static SCHEMA(git_schema, struct launcher_source, git_fields, .name = "git");

// Tables within the label that are one struct in C.
static const struct field source_fields[] = {
    {.toml = "git", .kind = F_STRUCT, .sub = &git_schema, .help = "as a repository"},
};
static SCHEMA(source_schema, struct launcher_source, source_fields, .name = "source");

static const struct field launcher_fields[] = {
    KEY(struct launcher_source, version, "version", .help = "its version"),
    {.toml = "source", .kind = F_STRUCT, .sub = &source_schema, .help = "where it is from"},
};
static SCHEMA(launcher_schema, struct launcher_source, launcher_fields, .name = "launcher");

static const struct field process_fields[] = {
    KEY(struct cnb_process, type, "type", .help = "name of the process"),
    HOOK(struct cnb_process, command, "command", NULL, cnb_command_write, .shape = "list of texts",
         .help = "program and arguments that always stand; one text before Platform API 0.10"),
    KEY(struct cnb_process, args, "args", .flags = EMPTY_NULL,
        .help = "further arguments; those that the user gives replace them"),
    KEY(struct cnb_process, direct, "direct", .help = "started without a shell"),
    KEY(struct cnb_process, buildpack_id, "buildpackID", .help = "id of the buildpack that it is from"),
    KEY(struct cnb_process, working_dir, "working-dir", .flags = OMIT_EMPTY,
        .help = "where it is started; the app directory where it is absent"),
    KEY(struct cnb_process, exec_env, "exec-env", .flags = OMIT_EMPTY,
        .help = "execution environments it is for; all where it is absent"),
};
static SCHEMA(process_schema, struct cnb_process, process_fields, .name = "processes");

struct build_label {
    struct cnb_metadata m;
    struct launcher_source launcher;
};

static const struct field label_fields[] = {
    TABLES(struct build_label, m.bom, "bom", bom_schema, .flags = EMPTY_NULL, .until = API(0, 9),
           .help = "legacy bill of materials"),
    TABLES(struct build_label, m.buildpacks, "buildpacks", ref_schema, .help = "buildpacks that took part"),
    TABLES(struct build_label, m.extensions, "extensions", ref_schema, .flags = OMIT_EMPTY,
           .help = "image extensions that took part"),
    TABLE(struct build_label, launcher, "launcher", launcher_schema, .help = "the launcher in the image"),
    TABLES(struct build_label, m.processes, "processes", process_schema, .flags = EMPTY_NULL,
           .help = "what can be started; null where there is nothing"),
    KEY(struct build_label, m.default_type, "buildpack-default-process-type", .flags = OMIT_EMPTY,
        .help = "process type that is started by default"),
};
SCHEMA_DECLARE(build_metadata_schema, struct build_label);
SCHEMA(build_metadata_schema, struct build_label, label_fields, .name = LABEL_BUILD,
       .help = "Who made an app image and what it can start (platform.md)");

int build_metadata_json(struct arena *a, const struct cnb_metadata *m, const struct launcher_source *launcher,
                        uint16_t platform_api, struct buf *out, struct err *e)
{
    const struct doc how = {.names = NAMES_JSON, .api = platform_api, .a = a};
    const struct build_label label = {*m, *launcher};
    struct val *doc;
    if (doc_write(&how, &build_metadata_schema, &label, &doc, e) < 0)
        return e ? err_wrap(e, LABEL_BUILD) : -1;
    json_write(doc, JSON_GO, out);
    return buf_finish(out, LABEL_BUILD, e);
}

int bom_json(struct arena *a, const struct cnb_bom *bom, struct buf *out, struct err *e)
{
    const struct doc how = {.names = NAMES_JSON, .a = a};
    struct val *list = ARENA_NEW(a, struct val), *one;
    if (bom->n)
        val_set_list(list);
    for (size_t i = 0; i < bom->n; i++) {
        if (doc_write(&how, &bom_schema, &bom->v[i], &one, e) < 0)
            return e ? err_wrap(e, "bill of materials") : -1;
        *val_add(a, list) = *one;
    }
    json_write(list, JSON_GO, out);
    return buf_finish(out, "bill of materials", e);
}

int project_metadata_json(struct arena *a, const struct val *toml, struct buf *out, struct err *e)
{
    static const char *const keys[] = {"type", "version", "metadata"};
    const struct val *source = toml ? val_get(toml, STR("source")) : NULL;
    struct val *doc = ARENA_NEW(a, struct val);
    val_set_map(doc);
    if (source && source->kind == VAL_MAP) {
        struct val *to = val_put(a, doc, STR("source"));
        val_set_map(to);
        for (size_t i = 0; i < COUNT(keys); i++) {
            const struct val *v = val_get(source, str_of(keys[i]));
            struct val *json;
            if (!v)
                continue;
            if (toml_as_json(a, v, &json, e) < 0)
                return err_wrap(e, "project-metadata.toml");
            *val_put(a, to, str_of(keys[i])) = *json;
        }
    }
    json_write(doc, JSON_GO, out);
    return buf_finish(out, LABEL_PROJECT, e);
}
