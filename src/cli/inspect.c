// SPDX-License-Identifier: Apache-2.0
#include "cli/about.h"
#include "document/json.h"

struct in {
    struct strv args;
    struct str format;
};

static void line(struct app_ctx *app, const char *name, struct str text)
{
    buf_printf(app->out, "%-11s " PRI_STR "\n", name, STR_ARG(str_printable(app->a, text, 400)));
}

static void print_processes(struct app_ctx *app, const struct about *about)
{
    for (size_t i = 0; i < about->buildpacks.n; i++)
        line(app, i ? "" : "buildpacks", about->buildpacks.v[i]);
    for (size_t i = 0; i < about->processes.n; i++) {
        const struct about_process *p = &about->processes.v[i];
        line(app, i ? "" : "processes",
             str_printf(app->a, PRI_STR "%s: " PRI_STR, STR_ARG(p->type), p->dflt ? " (default)" : "",
                        STR_ARG(about_words(app->a, p))));
    }
}

// Those of the spec are shown as what they mean, ours are for ourselves.
static void print_labels(struct app_ctx *app, const struct strmap *labels)
{
    bool first = true;
    for (size_t i = 0; i < labels->n; i++) {
        const struct map_entry *l = &labels->v[i];
        if (str_has_prefix(l->key, "io.buildpacks.") || str_has_prefix(l->key, "dema."))
            continue;
        line(app, first ? "labels" : "",
             str_printf(app->a, PRI_STR " = " PRI_STR, STR_ARG(l->key), STR_ARG(l->val)));
        first = false;
    }
}

static void print_text(struct app_ctx *app, const struct image *img, const struct about *about)
{
    const struct image_config *c = &img->config;
    struct oci_platform platform = image_config_platform(c);
    struct about_process entry = {.words = c->config.entrypoint};
    struct cell created = cli_cell_time(app->a, c->created);
    line(app, "digest", cli_digest(app->a, &img->desc.digest));
    line(app, "size",
         about->base_layers
             ? str_printf(app->a, PRI_STR ", " PRI_STR " of them in %zu layers above the run image",
                          STR_ARG(text_size(app->a, about_size(img, 0))),
                          STR_ARG(text_size(app->a, about_size(img, about->base_layers))),
                          img->manifest.layers.n - about->base_layers)
             : text_size(app->a, about_size(img, 0)));
    line(app, "platform", oci_platform_format(app->a, &platform));
    bool real = str_has_suffix(created.text, "ago");
    line(app, "created",
         real ? str_printf(app->a, PRI_STR ", " PRI_STR, STR_ARG(c->created), STR_ARG(created.text))
              : c->created);
    line(app, "user", c->config.user.n ? c->config.user : STR("0 (root)"));
    if (c->config.working_dir.n)
        line(app, "folder", c->config.working_dir);
    if (entry.words.n)
        line(app, "entrypoint", about_words(app->a, &entry));
    if (about->run_image.n)
        line(app, "run image", cli_short_name(app->a, about->run_image));
    print_processes(app, about);
    print_labels(app, &c->config.labels);
    buf_char(app->out, '\n');
    table_text(about_layers(app->a, img, about, NULL), app->out);
}

static int print_json(struct app_ctx *app, struct str name, const struct image *img,
                      const struct about *about, struct err *e)
{
    struct val *doc = ARENA_NEW(app->a, struct val), *manifest, *config;
    if (json_read(app->a, img->manifest_bytes, "manifest", &manifest, e) < 0 ||
        json_read(app->a, img->config_bytes, "config", &config, e) < 0)
        return -1;
    val_set_map(doc);
    val_set_str(val_put(app->a, doc, STR("name")), name);
    about_json(app->a, img, about, doc);
    struct val *layers = val_put(app->a, doc, STR("layers"));
    val_set_list(layers);
    table_json(about_layers(app->a, img, about, NULL), layers);
    *val_put(app->a, doc, STR("manifest")) = *manifest;
    *val_put(app->a, doc, STR("config")) = *config;
    cli_print_json(app, doc);
    return 0;
}

static int run(struct app_ctx *app, void *in_, struct err *e)
{
    const struct in *in = in_;
    drop_(state_close) struct state *st = NULL;
    enum cli_how how;
    struct image img;
    struct about about;
    struct str name, full;
    if (cli_how(in->format, &how, e) < 0 || cli_state(app, &st, e) < 0 ||
        cli_image_look(app, st, in->args.v[0], &name, &img, e) < 0 || image_name(app->a, name, &full, e) < 0)
        return -1;
    if (!manifest_is_image(&img.manifest))
        return err_set(e, ERR_USAGE, PRI_STR ": is an artifact, not an image", STR_ARG(name));
    about_image(app->a, &img, &about);
    if (how == CLI_JSON)
        return print_json(app, full, &img, &about, e);
    print_text(app, &img, &about);
    return 0;
}

static const struct opt opts[] = {CLI_FORMAT(struct in), {0}};
extern const struct applet applet_inspect;
const struct applet applet_inspect = {
    .name = "inspect",
    .summary = "Show what an image is made of and what it starts",
    .args = "IMAGE",
    .details =
        "IMAGE is a name as \"dema images\" lists them, or layout:FOLDER[:NAME] for one of an OCI layout.",
    .examples = "  dema inspect shop\n  dema inspect shop -o json",
    .opts = opts,
    .in_size = sizeof(struct in),
    .off_args = offsetof(struct in, args),
    .min_args = 1,
    .max_args = 1,
    .run = run,
};
