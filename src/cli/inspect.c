// SPDX-License-Identifier: Apache-2.0
#include "cli/cli.h"
#include "cnb/labels.h"
#include "document/json.h"

struct in {
    struct strv args;
    struct str output;
};

static void print_processes(struct app_ctx *app, const struct image *img)
{
    const struct str *label = image_config_label_get(&img->config, STR(LABEL_BUILD));
    struct err ignored = {0};
    struct val *doc;
    if (!label || json_read(app->a, *label, LABEL_BUILD, &doc, &ignored) < 0)
        return;
    const struct val *list = val_get(doc, STR("processes"));
    for (size_t i = 0; list && list->kind == VAL_LIST && i < list->c.n; i++) {
        const struct val *type = val_get(&list->c.v[i], STR("type")),
                         *command = val_get(&list->c.v[i], STR("command"));
        if (!type || type->kind != VAL_STR || !command || command->kind != VAL_LIST)
            continue;
        buf_printf(app->out, "process      " PRI_STR ":", STR_ARG(type->s));
        for (size_t j = 0; j < command->c.n; j++)
            if (command->c.v[j].kind == VAL_STR)
                buf_printf(app->out, " " PRI_STR, STR_ARG(command->c.v[j].s));
        buf_char(app->out, '\n');
    }
}

static void print_layers(struct app_ctx *app, const struct image *img)
{
    const struct image_config *c = &img->config;
    for (size_t i = 0; i < img->manifest.layers.n; i++) {
        struct str by = i < c->history.n ? c->history.v[i].created_by : STR("");
        buf_printf(app->out, "layer        %10.*s  " PRI_STR "\n",
                   STR_ARG(cli_size(app->a, (uint64_t)img->manifest.layers.v[i].size)),
                   STR_ARG(str_printable(app->a, by, 80)));
    }
}

static void print_text(struct app_ctx *app, const struct image *img)
{
    const struct image_config *c = &img->config;
    char text[DIGEST_TEXT];
    buf_printf(app->out,
               "digest       %s\nplatform     " PRI_STR "/" PRI_STR "\ncreated      " PRI_STR
               "\nuser         " PRI_STR "\nfolder       " PRI_STR "\n",
               digest_text(&img->desc.digest, text), STR_ARG(c->os), STR_ARG(c->architecture),
               STR_ARG(c->created), STR_ARG(c->config.user), STR_ARG(c->config.working_dir));
    for (size_t i = 0; i < c->config.entrypoint.n; i++)
        buf_printf(app->out, "%s" PRI_STR "%s", i ? " " : "entrypoint   ", STR_ARG(c->config.entrypoint.v[i]),
                   i + 1 == c->config.entrypoint.n ? "\n" : "");
    print_processes(app, img);
    print_layers(app, img);
}

static int print_json(struct app_ctx *app, const struct image *img, struct err *e)
{
    struct val *doc = ARENA_NEW(app->a, struct val), *manifest, *config;
    char text[DIGEST_TEXT];
    if (json_read(app->a, img->manifest_bytes, "manifest", &manifest, e) < 0 ||
        json_read(app->a, img->config_bytes, "config", &config, e) < 0)
        return -1;
    val_set_map(doc);
    val_set_str(val_put(app->a, doc, STR("digest")),
                str_dup(app->a, str_of(digest_text(&img->desc.digest, text))));
    *val_put(app->a, doc, STR("manifest")) = *manifest;
    *val_put(app->a, doc, STR("config")) = *config;
    cli_print_json(app, doc);
    return 0;
}

static int run(struct app_ctx *app, void *in_, struct err *e)
{
    const struct in *in = in_;
    drop_(state_close) struct state *st = NULL;
    enum cli_output how;
    struct image img;
    if (cli_output(in->output, &how, e) < 0 || cli_state(app, &st, e) < 0 ||
        image_load(st, app->a, in->args.v[0], NULL, &img, e) < 0)
        return -1;
    if (how == CLI_JSON)
        return print_json(app, &img, e);
    print_text(app, &img);
    return 0;
}

static const struct opt opts[] = {
    OPT(struct in, output, "output", .letter = 'o', .arg = "text|json", .dflt = "text",
        .help = "text for people or JSON for programs"),
    {0},
};
extern const struct applet applet_inspect;
const struct applet applet_inspect = {
    .name = "inspect",
    .summary = "Show what an image is made of and what it starts",
    .args = "IMAGE",
    .opts = opts,
    .in_size = sizeof(struct in),
    .off_args = offsetof(struct in, args),
    .min_args = 1,
    .max_args = 1,
    .run = run,
};
