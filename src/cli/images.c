// SPDX-License-Identifier: Apache-2.0
#include "cli/cli.h"

struct in {
    struct str format;
};

static int run(struct app_ctx *app, void *in_, struct err *e)
{
    static const struct column columns[] = {{"NAME", NULL, false},         {NULL, "name", false},
                                            {"DIGEST", "digest", false},   {"SIZE", "size", true},
                                            {"CREATED", "created", false}, {NULL, NULL, false}};
    const struct in *in = in_;
    drop_(state_close) struct state *st = NULL;
    struct table *t = table_new(app->a, columns);
    enum cli_how how;
    struct cli_named *v;
    size_t n;
    if (cli_how(in->format, &how, e) < 0 || cli_state(app, &st, e) < 0 || cli_images(app, st, &v, &n, e) < 0)
        return -1;
    for (size_t i = 0; i < n; i++) {
        const struct cell row[] = {cell_text(cli_short_name(app->a, v[i].name)), cell_text(v[i].name),
                                   cli_cell_digest(app->a, &v[i].img.desc.digest),
                                   cell_size(app->a, cli_layers_size(&v[i].img)),
                                   cli_cell_time(app->a, v[i].img.config.created)};
        table_add(t, row);
    }
    cli_print_table(app, how, t, "no images yet; \"dema build\" makes one");
    return 0;
}

static const struct opt opts[] = {CLI_FORMAT(struct in), {0}};
extern const struct applet applet_images;
const struct applet applet_images = {
    .name = "images",
    .summary = "List the images on this machine",
    .details =
        "SIZE is that of the layers as they are sent. Images that dema builds have the date of their commit, "
        "or a fixed one, so that the same source gives the same image.",
    .examples = "  dema images\n  dema images -o json",
    .opts = opts,
    .in_size = sizeof(struct in),
    .run = run,
};
