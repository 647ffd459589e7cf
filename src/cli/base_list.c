// SPDX-License-Identifier: Apache-2.0
#include "cli/cli.h"
#include "platform/base.h"

struct in {
    struct str format;
};

static int run(struct app_ctx *app, void *in_, struct err *e)
{
    static const struct column columns[] = {{"NAME", NULL, false},
                                            {NULL, "name", false},
                                            {"KIND", "kind", false},
                                            {"DIGEST", "digest", false},
                                            {"SIZE", "size", true},
                                            {"FOR", "distro", false},
                                            {"ARCHITECTURE", "architecture", false},
                                            {"CREATED", "created", false},
                                            {NULL, NULL, false}};
    const struct in *in = in_;
    drop_(state_close) struct state *st = NULL;
    struct table *t = table_new(app->a, columns);
    enum cli_how how;
    struct base_info *v;
    size_t n;
    if (cli_how(in->format, &how, e) < 0 || cli_state(app, &st, e) < 0 ||
        base_list(st, app->a, &v, &n, e) < 0)
        return -1;
    for (size_t i = 0; i < n; i++) {
        const struct cell row[] = {
            cell_text(cli_short_name(app->a, v[i].name)),
            cell_text(v[i].name),
            cell_both(v[i].kind.n ? v[i].kind : STR("-"), v[i].kind),
            cli_cell_digest(app->a, &v[i].manifest),
            cell_size(app->a, v[i].size),
            cell_text(str_printf(app->a, PRI_STR " " PRI_STR, STR_ARG(v[i].distro_name),
                                 STR_ARG(v[i].distro_version))),
            cell_text(v[i].architecture),
            cli_cell_time(app->a, v[i].created)};
        table_add(t, row);
    }
    cli_print_table(app, how, t, "no base images yet; \"dema base create bases/run-base.toml\" makes one");
    return 0;
}

static const struct opt opts[] = {CLI_FORMAT(struct in), {0}};
extern const struct applet applet_base_list;
const struct applet applet_base_list = {
    .name = "base list",
    .summary = "List the base images on this machine",
    .examples = "  dema base list\n  dema base list -o json",
    .opts = opts,
    .in_size = sizeof(struct in),
    .run = run,
};
