// SPDX-License-Identifier: Apache-2.0
#include "cli/cli.h"
#include "document/json.h"

struct in {
    struct str output;
};

static uint64_t size_of(const struct image *img)
{
    uint64_t sum = 0;
    for (size_t i = 0; i < img->manifest.layers.n; i++)
        sum += (uint64_t)img->manifest.layers.v[i].size;
    return sum;
}

static struct str short_name(struct arena *a, struct str name)
{
    struct reference r;
    struct err ignored = {0};
    return reference_parse(a, name, &r, &ignored) == 0 ? reference_familiar(a, &r) : name;
}

// What refers to an image (SBOMs, locks) is listed by an index of its own, which is no image.
static bool is_index(struct app_ctx *app, const struct state_name *n)
{
    struct val *doc;
    struct err ignored = {0};
    const struct val *type =
        json_read(app->a, n->json, "name", &doc, &ignored) == 0 ? val_get(doc, STR("mediaType")) : NULL;
    return type && type->kind == VAL_STR && media_kind_of(type->s) == MEDIA_INDEX;
}

static void print_row(struct app_ctx *app, const struct state_name *n, const struct image *img)
{
    char text[DIGEST_TEXT];
    buf_printf(app->out, "%-40.*s %-14.12s %10.*s  %.*s\n", STR_ARG(short_name(app->a, n->name)),
               digest_hex(&n->digest, text), STR_ARG(cli_size(app->a, size_of(img))),
               STR_ARG(img->config.created));
}

static void add_json(struct app_ctx *app, struct val *list, const struct state_name *n,
                     const struct image *img)
{
    char text[DIGEST_TEXT];
    struct val *v = val_add(app->a, list);
    val_set_map(v);
    val_set_str(val_put(app->a, v, STR("name")), n->name);
    val_set_str(val_put(app->a, v, STR("digest")), str_dup(app->a, str_of(digest_text(&n->digest, text))));
    val_set_int(val_put(app->a, v, STR("size")), (int64_t)size_of(img));
    val_set_str(val_put(app->a, v, STR("created")), img->config.created);
}

static int run(struct app_ctx *app, void *in_, struct err *e)
{
    const struct in *in = in_;
    drop_(state_close) struct state *st = NULL;
    enum cli_output how;
    struct state_name *names;
    size_t n;
    if (cli_output(in->output, &how, e) < 0 || cli_state(app, &st, e) < 0 ||
        state_names(st, app->a, &names, &n, e) < 0)
        return -1;
    struct val *list = ARENA_NEW(app->a, struct val);
    val_set_list(list);
    if (how == CLI_TEXT && n)
        buf_printf(app->out, "%-40s %-14s %10s  %s\n", "NAME", "DIGEST", "SIZE", "CREATED");
    for (size_t i = 0; i < n; i++) {
        struct image img;
        if (is_index(app, &names[i]))
            continue;
        if (image_load(st, app->a, names[i].name, NULL, &img, e) < 0)
            return -1;
        if (!manifest_is_image(&img.manifest))
            continue;
        if (how == CLI_JSON)
            add_json(app, list, &names[i], &img);
        else
            print_row(app, &names[i], &img);
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
extern const struct applet applet_images;
const struct applet applet_images = {
    .name = "images",
    .summary = "List the images on this machine",
    .opts = opts,
    .in_size = sizeof(struct in),
    .run = run,
};
