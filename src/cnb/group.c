// SPDX-License-Identifier: Apache-2.0
#include "cnb/group.h"

static const struct field ref_fields[] = {
    KEY(struct cnb_ref, id, "id", .flags = REQUIRED, .help = "id of a buildpack"),
    KEY(struct cnb_ref, version, "version", .flags = REQUIRED, .help = "its version"),
    KEY(struct cnb_ref, api, "api", .flags = REQUIRED, .help = "Buildpack API that it is written for"),
    KEY(struct cnb_ref, homepage, "homepage", .flags = OMIT_EMPTY, .help = "where to read about it"),
};
static SCHEMA(ref_schema, struct cnb_ref, ref_fields, .name = "group");

static const struct field group_fields[] = {
    TABLES(struct cnb_selected, buildpacks, "group", ref_schema,
           .help = "buildpacks that take part, in order"),
    TABLES(struct cnb_selected, extensions, "group-extensions", ref_schema, .flags = OMIT_EMPTY,
           .help = "image extensions that take part"),
};
SCHEMA_DECLARE(group_toml_schema, struct cnb_selected);
SCHEMA(group_toml_schema, struct cnb_selected, group_fields, .name = "group.toml",
       .help = "Who takes part (platform.md)");

int group_read(struct arena *a, const struct val *doc, const char *file, struct events *ev,
               struct cnb_selected *out, struct err *e)
{
    const struct doc how = {.names = NAMES_TOML, .file = file, .a = a, .ev = ev};
    return doc_read(&how, &group_toml_schema, doc, out, e);
}

int group_write(struct arena *a, const struct cnb_selected *g, struct val **out, struct err *e)
{
    const struct doc how = {.names = NAMES_TOML, .a = a};
    return doc_write(&how, &group_toml_schema, g, out, e);
}
