// SPDX-License-Identifier: Apache-2.0
#include "cnb/report.h"
#include "cnb/hooks.h"

struct build {
    struct cnb_bom bom;
};

struct file {
    struct cnb_report image;
    struct build build;
};

static int size_read(struct decode *d, const struct val *v, void *at, struct err *e)
{
    if (v->kind != VAL_INT)
        return doc_wrong(d, v, "whole number", e);
    if (v->i < 0)
        return doc_fail(d, v, e, "%jd bytes, want 0 or more", (intmax_t)v->i);
    *(int64_t *)at = v->i;
    return 0;
}

static const struct field image_fields[] = {
    KEY(struct cnb_report, tags, "tags", .help = "names that the image has got"),
    KEY(struct cnb_report, image_id, "image-id", .flags = OMIT_EMPTY, .help = "its id in a daemon"),
    KEY(struct cnb_report, digest, "digest", .flags = OMIT_EMPTY, .read = cnb_digest_read,
        .help = "digest of its manifest"),
    KEY(struct cnb_report, manifest_size, "manifest-size", .flags = OMIT_EMPTY, .read = size_read,
        .help = "bytes of its manifest"),
};
static SCHEMA(image_schema, struct cnb_report, image_fields, .name = "image");

static const struct field build_fields[] = {
    TABLES(struct build, bom, "bom", cnb_bom_schema, .flags = OMIT_EMPTY,
           .help = "legacy bill of materials of the build, before Platform API 0.9"),
};
static SCHEMA(build_schema, struct build, build_fields, .name = "build");

static const struct field file_fields[] = {
    TABLE(struct file, image, "image", image_schema, .help = "the image"),
    TABLE(struct file, build, "build", build_schema, .flags = OMIT_EMPTY, .help = "the build"),
};
SCHEMA_DECLARE(report_toml_schema, struct file);
SCHEMA(report_toml_schema, struct file, file_fields, .name = "report.toml",
       .help = "The image that was made (platform.md)");

int report_read(struct arena *a, const struct val *doc, const char *file, struct events *ev,
                struct cnb_report *out, struct err *e)
{
    const struct doc how = {.names = NAMES_TOML, .file = file, .a = a, .ev = ev};
    struct file read = {0};
    if (doc_read(&how, &report_toml_schema, doc, &read, e) < 0)
        return -1;
    *out = read.image;
    out->build_bom = read.build.bom;
    return 0;
}

int report_write(struct arena *a, const struct cnb_report *in, struct val **out, struct err *e)
{
    const struct doc how = {.names = NAMES_TOML, .a = a};
    const struct file file = {.image = *in, .build = {in->build_bom}};
    return doc_write(&how, &report_toml_schema, &file, out, e);
}
