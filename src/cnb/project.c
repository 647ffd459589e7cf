// SPDX-License-Identifier: Apache-2.0
#include "cnb/project.h"
#include "cnb/hooks.h"

struct file {
    struct cnb_project source;
};

static const struct field source_fields[] = {
    KEY(struct cnb_project, type, "type", .flags = OMIT_EMPTY,
        .help = "kind of place that the source is from, such as git"),
    KEY(struct cnb_project, version, "version", .flags = OMIT_EMPTY, .read = cnb_table_read, .shape = "table",
        .help = "which version of the source it is, such as a commit"),
    KEY(struct cnb_project, metadata, "metadata", .flags = OMIT_EMPTY, .read = cnb_table_read,
        .shape = "table", .help = "where it was found"),
};
static SCHEMA(source_schema, struct cnb_project, source_fields, .name = "source");

static const struct field file_fields[] = {
    TABLE(struct file, source, "source", source_schema, .flags = OMIT_EMPTY, .help = "the source"),
};
SCHEMA_DECLARE(project_metadata_schema, struct file);
SCHEMA(project_metadata_schema, struct file, file_fields, .name = "project-metadata.toml",
       .help = "Where the app's source is from (platform.md)");

int project_read(struct arena *a, const struct val *doc, const char *file, struct events *ev,
                 struct cnb_project *out, struct err *e)
{
    const struct doc how = {.names = NAMES_TOML, .file = file, .a = a, .ev = ev};
    struct file read = {0};
    if (doc_read(&how, &project_metadata_schema, doc, &read, e) < 0)
        return -1;
    *out = read.source;
    return 0;
}

int project_write(struct arena *a, const struct cnb_project *in, struct val **out, struct err *e)
{
    const struct doc how = {.names = NAMES_TOML, .a = a};
    const struct file file = {.source = *in};
    return doc_write(&how, &project_metadata_schema, &file, out, e);
}
