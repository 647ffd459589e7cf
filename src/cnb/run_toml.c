// SPDX-License-Identifier: Apache-2.0
#include "cnb/run_toml.h"
#include "document/schema.h"
#include "oci/reference.h"

struct stack_file {
    struct cnb_run_image run_image;
};

static const struct field image_fields[] = {
    KEY(struct cnb_run_image, image, "image", .flags = REQUIRED, .help = "name of a run image"),
    KEY(struct cnb_run_image, mirrors, "mirrors", .flags = OMIT_EMPTY, .help = "other places that have it"),
};
static SCHEMA(image_schema, struct cnb_run_image, image_fields, .name = "images");

static const struct field run_fields[] = {
    TABLES(struct cnb_run, images, "images", image_schema, .help = "run images; the first is the default"),
};
SCHEMA_DECLARE(run_toml_schema, struct cnb_run);
SCHEMA(run_toml_schema, struct cnb_run, run_fields, .name = "run.toml",
       .help = "Run images of a builder (platform.md)");

static const struct field stack_fields[] = {
    TABLE(struct stack_file, run_image, "run-image", image_schema, .help = "the run image"),
};
SCHEMA_DECLARE(stack_toml_schema, struct stack_file);
SCHEMA(stack_toml_schema, struct stack_file, stack_fields, .name = "stack.toml",
       .help = "The run image of a builder, Platform API < 0.12 (platform.md)");

int run_toml_read(struct arena *a, const struct val *doc, const char *file, struct events *ev,
                  struct cnb_run *out, struct err *e)
{
    const struct doc how = {.names = NAMES_TOML, .file = file, .a = a, .ev = ev};
    struct cnb_run read = {0};
    if (doc_read(&how, &run_toml_schema, doc, &read, e) < 0)
        return -1;
    *out = read;
    return 0;
}

int run_toml_write(struct arena *a, const struct cnb_run *in, struct val **out, struct err *e)
{
    const struct doc how = {.names = NAMES_TOML, .a = a};
    return doc_write(&how, &run_toml_schema, in, out, e);
}

int stack_toml_read(struct arena *a, const struct val *doc, const char *file, struct events *ev,
                    struct cnb_run *out, struct err *e)
{
    const struct doc how = {.names = NAMES_TOML, .file = file, .a = a, .ev = ev};
    struct stack_file *read = ARENA_NEW(a, struct stack_file);
    if (doc_read(&how, &stack_toml_schema, doc, read, e) < 0)
        return -1;
    *out = (struct cnb_run){0};
    out->images.v = &read->run_image;
    out->images.n = read->run_image.image.n ? 1 : 0;
    return 0;
}

static bool is_same(struct arena *a, const struct reference *wanted, struct str image)
{
    struct reference r;
    struct err ignored = {0}; // a name that is none is nobody's
    if (reference_parse(a, image, &r, &ignored) < 0)
        return false;
    return reference_same_name(wanted, &r) && str_eq(reference_tag(wanted), reference_tag(&r));
}

static bool names_it(struct arena *a, const struct cnb_run_image *entry, const struct reference *wanted)
{
    if (is_same(a, wanted, entry->image))
        return true;
    for (size_t i = 0; i < entry->mirrors.n; i++)
        if (is_same(a, wanted, entry->mirrors.v[i]))
            return true;
    return false;
}

const struct cnb_run_image *run_toml_find(const struct cnb_run *run, struct str image)
{
    drop_(arena_free) struct arena *a = arena_new(1024);
    struct reference wanted;
    struct err ignored = {0};
    size_t at;
    if (str_find(image, '@', &at))
        image = str_head(image, at);
    if (reference_parse(a, image, &wanted, &ignored) < 0)
        return NULL;
    for (size_t i = 0; i < run->images.n; i++)
        if (names_it(a, &run->images.v[i], &wanted))
            return &run->images.v[i];
    return NULL;
}
