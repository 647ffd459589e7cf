// SPDX-License-Identifier: Apache-2.0
#include "cli/cli.h"
#include "platform/base.h"

struct in {
    struct str output;
};

static void print_row(struct app_ctx *app, const struct base_info *b)
{
    char text[DIGEST_TEXT];
    buf_printf(app->out, "%-28.*s %-6.*s %-12.12s %10.*s  " PRI_STR " " PRI_STR " " PRI_STR "\n",
               STR_ARG(b->name), STR_ARG(b->kind.n ? b->kind : STR("-")), digest_hex(&b->manifest, text),
               STR_ARG(cli_size(app->a, b->size)), STR_ARG(b->distro_name), STR_ARG(b->distro_version),
               STR_ARG(b->architecture));
}

static void add_json(struct app_ctx *app, struct val *list, const struct base_info *b)
{
    char text[DIGEST_TEXT];
    struct val *v = val_add(app->a, list);
    val_set_map(v);
    val_set_str(val_put(app->a, v, STR("name")), b->name);
    val_set_str(val_put(app->a, v, STR("kind")), b->kind);
    val_set_str(val_put(app->a, v, STR("digest")), str_dup(app->a, str_of(digest_text(&b->manifest, text))));
    val_set_int(val_put(app->a, v, STR("size")), (int64_t)b->size);
    val_set_str(val_put(app->a, v, STR("distro")),
                str_printf(app->a, PRI_STR " " PRI_STR, STR_ARG(b->distro_name), STR_ARG(b->distro_version)));
    val_set_str(val_put(app->a, v, STR("architecture")), b->architecture);
}

static int run(struct app_ctx *app, void *in_, struct err *e)
{
    const struct in *in = in_;
    drop_(state_close) struct state *st = NULL;
    enum cli_output how;
    struct base_info *v;
    size_t n;
    if (cli_output(in->output, &how, e) < 0 || cli_state(app, &st, e) < 0 ||
        base_list(st, app->a, &v, &n, e) < 0)
        return -1;
    struct val *list = ARENA_NEW(app->a, struct val);
    val_set_list(list);
    if (how == CLI_TEXT && n)
        buf_printf(app->out, "%-28s %-6s %-12s %10s  %s\n", "NAME", "KIND", "DIGEST", "SIZE", "FOR");
    for (size_t i = 0; i < n; i++) {
        if (how == CLI_JSON)
            add_json(app, list, &v[i]);
        else
            print_row(app, &v[i]);
    }
    if (how == CLI_JSON)
        cli_print_json(app, list);
    return 0;
}

static const struct opt opts[] = {
    OPT(struct in, output, "output", .letter = 'o', .arg = "text|json", .dflt = "text",
        .help = "text for people or JSON for programs"),
    {0},
};
extern const struct applet applet_base_list;
const struct applet applet_base_list = {
    .name = "base list",
    .summary = "List the base images on this machine",
    .opts = opts,
    .in_size = sizeof(struct in),
    .run = run,
};
