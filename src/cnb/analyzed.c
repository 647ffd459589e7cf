// SPDX-License-Identifier: Apache-2.0
#include "cnb/analyzed.h"

static const struct field distro_fields[] = {
    KEY(struct cnb_distro, name, "name", .flags = OMIT_EMPTY, .help = "ID of os-release"),
    KEY(struct cnb_distro, version, "version", .flags = OMIT_EMPTY, .help = "VERSION_ID of os-release"),
};
static SCHEMA(distro_schema, struct cnb_distro, distro_fields, .name = "distro");

static const struct field target_fields[] = {
    KEY(struct cnb_analyzed_target, id, "id", .flags = OMIT_EMPTY, .help = "id of the run image"),
    KEY(struct cnb_analyzed_target, os, "os", .flags = OMIT_EMPTY, .help = "operating system"),
    KEY(struct cnb_analyzed_target, arch, "arch", .flags = OMIT_EMPTY, .help = "architecture"),
    // The spec has one spelling, the reference the other: each reads its own.
    KEY(struct cnb_analyzed_target, variant, "arch-variant", .flags = OMIT_EMPTY,
        .help = "variant of the architecture, as the reference spells it"),
    KEY(struct cnb_analyzed_target, variant, "variant", .flags = OMIT_EMPTY,
        .help = "variant of the architecture"),
    TABLE(struct cnb_analyzed_target, distro, "distro", distro_schema, .flags = OMIT_EMPTY,
          .help = "distribution"),
};
static SCHEMA(target_schema, struct cnb_analyzed_target, target_fields, .name = "target");

static const struct field image_fields[] = {
    KEY(struct cnb_analyzed_image, reference, "reference", .help = "the image by digest or id"),
    KEY(struct cnb_analyzed_image, image, "image", .flags = OMIT_EMPTY, .help = "name of the image"),
    KEY(struct cnb_analyzed_image, extend, "extend", .flags = OMIT_EMPTY,
        .help = "image extensions will change it"),
    TABLE(struct cnb_analyzed_image, target, "target", target_schema, .flags = OMIT_EMPTY,
          .help = "what the image is for"),
};
static SCHEMA(image_schema, struct cnb_analyzed_image, image_fields, .name = "run-image");

static int previous_read(struct decode *d, const struct val *v, void *at, struct err *e)
{
    static const struct field whole = {.toml = "image", .kind = F_STRUCT, .sub = &image_schema};
    struct cnb_analyzed_image image = {0};
    if (doc_read_as(d, &whole, v, &image, e) < 0)
        return -1;
    *(struct str *)at = image.reference;
    return 0;
}

// Always there, as the reference has it: an empty reference says that there is no previous image.
static int previous_write(const struct doc *doc, const void *at, struct val *out, struct err *e)
{
    (void)e;
    val_set_map(out);
    val_set_str(val_put(doc->a, out, STR("reference")), *(const struct str *)at);
    return 0;
}

static const struct field analyzed_fields[] = {
    HOOK(struct cnb_analyzed, previous, "image", previous_read, previous_write, .sub = &image_schema,
         .help = "the previous image"),
    TABLE(struct cnb_analyzed, metadata, "metadata", lifecycle_metadata_schema,
          .help = "layers of the previous image"),
    TABLE(struct cnb_analyzed, run_image, "run-image", image_schema, .flags = OMIT_EMPTY,
          .help = "the run image"),
    TABLE(struct cnb_analyzed, build_image, "build-image", image_schema, .flags = OMIT_EMPTY,
          .help = "the build image, where extensions change it"),
};
SCHEMA_DECLARE(analyzed_toml_schema, struct cnb_analyzed);
SCHEMA(analyzed_toml_schema, struct cnb_analyzed, analyzed_fields, .name = "analyzed.toml",
       .help = "What is known of the previous image and the run image (platform.md)");

int analyzed_read(struct arena *a, const struct val *doc, const char *file, struct events *ev,
                  struct cnb_analyzed *out, struct err *e)
{
    const struct doc how = {.names = NAMES_TOML, .file = file, .a = a, .ev = ev};
    struct cnb_analyzed read = {0};
    if (doc_read(&how, &analyzed_toml_schema, doc, &read, e) < 0)
        return -1;
    *out = read;
    return 0;
}

int analyzed_write(struct arena *a, const struct cnb_analyzed *in, struct val **out, struct err *e)
{
    const struct doc how = {.names = NAMES_TOML, .a = a};
    return doc_write(&how, &analyzed_toml_schema, in, out, e);
}

void analyzed_target(struct arena *a, const struct cnb_analyzed_target *t, struct cnb_target *out)
{
    *out = (struct cnb_target){.os = t->os, .arch = t->arch, .variant = t->variant};
    if (!t->distro.name.n && !t->distro.version.n)
        return;
    out->distros.v = ARENA_NEW(a, struct cnb_distro);
    out->distros.v[0] = t->distro;
    out->distros.n = 1;
}
