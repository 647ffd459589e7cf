// SPDX-License-Identifier: Apache-2.0
#include "cnb/launch.h"
#include "cnb/api.h"

bool cnb_exec_env_fits(const struct strv *list, struct str current)
{
    return !list->n || strv_has(list, STR("*")) || strv_has(list, current);
}

// A list, or (Platform API < 0.10) one text.
static int command_read(struct decode *d, const struct val *v, void *at, struct err *e)
{
    struct strv *out = at;
    if (v->kind == VAL_STR) {
        *out = (struct strv){0};
        strv_add(doc_of(d)->a, out, v->s);
        return 0;
    }
    if (v->kind != VAL_LIST)
        return doc_wrong(d, v, "list of text or text", e);
    static const struct field list = {.toml = "command", .kind = F_STRV};
    return doc_read_as(d, &list, v, at, e);
}

int cnb_command_write(const struct doc *doc, const void *at, struct val *out, struct err *e)
{
    const struct strv *v = at;
    (void)e;
    if (doc->api && doc->api < API(0, 10)) {
        val_set_str(out, v->n ? v->v[0] : STR(""));
        return 0;
    }
    val_set_list(out);
    for (size_t i = 0; i < v->n; i++)
        val_set_str(val_add(doc->a, out), v->v[i]);
    return 0;
}

static const struct field bom_source_fields[] = {
    KEY(struct cnb_bom_source, id, "id", .help = "id of the buildpack that says so"),
    KEY(struct cnb_bom_source, version, "version", .help = "its version"),
};
SCHEMA(cnb_bom_source_schema, struct cnb_bom_source, bom_source_fields, .name = "buildpack");

static const struct field bom_fields[] = {
    KEY(struct cnb_bom_entry, name, "name", .help = "name of what is inside"),
    KEY(struct cnb_bom_entry, metadata, "metadata", .help = "anything that is known of it"),
    TABLE(struct cnb_bom_entry, buildpack, "buildpack", cnb_bom_source_schema, .help = "who says so"),
};
SCHEMA(cnb_bom_schema, struct cnb_bom_entry, bom_fields, .name = "bom");

static const struct field label_fields[] = {
    KEY(struct cnb_label, key, "key", .flags = REQUIRED, .help = "name of the label"),
    KEY(struct cnb_label, value, "value", .help = "its value"),
};
SCHEMA(cnb_label_schema, struct cnb_label, label_fields, .name = "labels");

static const struct field process_fields[] = {
    KEY(struct cnb_process, type, "type", .flags = REQUIRED, .help = "name of the process"),
    HOOK(struct cnb_process, command, "command", command_read, cnb_command_write, .flags = REQUIRED,
         .shape = "list of texts", .help = "program and arguments that always stand"),
    KEY(struct cnb_process, args, "args", .flags = OMIT_EMPTY,
        .help = "further arguments; those that the user gives replace them"),
    KEY(struct cnb_process, direct, "direct", .help = "started without a shell"),
    KEY(struct cnb_process, is_default, "default", .flags = OMIT_EMPTY,
        .help = "started when nothing is named"),
    KEY(struct cnb_process, buildpack_id, "buildpack-id", .help = "id of the buildpack that it is from"),
    KEY(struct cnb_process, working_dir, "working-dir", .flags = OMIT_EMPTY,
        .help = "where it is started; the app directory where it is absent"),
    KEY(struct cnb_process, exec_env, "exec-env", .flags = OMIT_EMPTY,
        .help = "execution environments it is for; all where it is absent"),
};
static SCHEMA(process_schema, struct cnb_process, process_fields, .name = "processes");

static const struct field slice_fields[] = {
    KEY(struct cnb_slice, paths, "paths", .help = "patterns of what belongs to the slice"),
};
static SCHEMA(slice_schema, struct cnb_slice, slice_fields, .name = "slices");

static const struct field ref_fields[] = {
    KEY(struct cnb_ref, id, "id", .flags = REQUIRED, .help = "id of a buildpack"),
    KEY(struct cnb_ref, version, "version", .flags = REQUIRED, .help = "its version"),
    KEY(struct cnb_ref, api, "api", .flags = REQUIRED, .help = "Buildpack API that it is written for"),
    KEY(struct cnb_ref, homepage, "homepage", .flags = OMIT_EMPTY, .help = "where to read about it"),
    KEY(struct cnb_ref, optional, "optional", .flags = OMIT_EMPTY, .help = "the group works without it"),
};
static SCHEMA(ref_schema, struct cnb_ref, ref_fields, .name = "buildpacks");

static const struct field metadata_fields[] = {
    TABLES(struct cnb_metadata, bom, "bom", cnb_bom_schema, .flags = OMIT_EMPTY, .until = API(0, 9),
           .help = "legacy bill of materials"),
    KEY(struct cnb_metadata, default_type, "buildpack-default-process-type", .flags = OMIT_EMPTY,
        .help = "process type that is started by default"),
    TABLES(struct cnb_metadata, buildpacks, "buildpacks", ref_schema, .help = "buildpacks that took part"),
    TABLES(struct cnb_metadata, extensions, "extensions", ref_schema, .flags = OMIT_EMPTY,
           .help = "image extensions that took part"),
    TABLES(struct cnb_metadata, labels, "labels", cnb_label_schema, .flags = OMIT_EMPTY,
           .help = "labels of the image"),
    TABLES(struct cnb_metadata, processes, "processes", process_schema, .help = "what can be started"),
    TABLES(struct cnb_metadata, slices, "slices", slice_schema, .flags = OMIT_EMPTY,
           .help = "parts of the app"),
};
SCHEMA(cnb_metadata_schema, struct cnb_metadata, metadata_fields, .name = "metadata.toml",
       .help = "What an app image can start (platform.md)");

int cnb_metadata_read(struct arena *a, const struct val *doc, const char *file, struct events *ev,
                      struct cnb_metadata *out, struct err *e)
{
    const struct doc how = {.names = NAMES_TOML, .file = file, .a = a, .ev = ev};
    return doc_read(&how, &cnb_metadata_schema, doc, out, e);
}

int cnb_metadata_write(struct arena *a, const struct cnb_metadata *m, uint16_t platform_api, struct val **out,
                       struct err *e)
{
    const struct doc how = {.names = NAMES_TOML, .api = platform_api, .a = a};
    return doc_write(&how, &cnb_metadata_schema, m, out, e);
}
