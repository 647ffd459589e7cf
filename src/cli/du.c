// SPDX-License-Identifier: Apache-2.0
#include "platform/du.h"
#include "cli/cli.h"
#include "document/json.h"
#include "platform/kept.h"

struct in {
    struct str format;
};

static struct table *parts(struct arena *a, const struct du *d)
{
    static const struct column columns[] = {{"WHAT", "what", false},
                                            {"SIZE", "size", true},
                                            {"ENTRIES", "entries", true},
                                            {"ABOUT", NULL, false},
                                            {NULL, NULL, false}};
    struct table *t = table_new(a, columns);
    for (enum du_part p = 0; p < DU_PART_MAX_; p++) {
        const struct cell row[] = {cell_text(str_of(du_part_name(p))), cell_size(a, d->part[p].bytes),
                                   cell_number(a, d->part[p].entries), cell_text(str_of(du_part_about(p)))};
        table_add(t, row);
    }
    return t;
}

static struct table *images(struct arena *a, const struct du *d)
{
    static const struct column columns[] = {{"IMAGE", NULL, false},
                                            {NULL, "name", false},
                                            {"SIZE", "size", true},
                                            {"ONLY ITS OWN", "own", true},
                                            {"KEPT FOR BUILDS", "kept", true},
                                            {"LAYERS", "layers", true},
                                            {"SHARED", "shared", true},
                                            {NULL, NULL, false}};
    struct table *t = table_new(a, columns);
    for (size_t i = 0; i < d->images.n; i++) {
        const struct du_image *x = &d->images.v[i];
        const struct cell row[] = {cell_text(cli_short_name(a, x->name)),
                                   cell_text(x->name),
                                   cell_size(a, x->bytes),
                                   cell_size(a, x->own),
                                   cell_size(a, x->kept),
                                   cell_number(a, x->layers),
                                   cell_number(a, x->shared)};
        table_add(t, row);
    }
    return t;
}

// What gc would free now.
static int unneeded(struct state *st, struct gc_stats *s, uint64_t *apps, struct err *e)
{
    const struct gc_opts o = {.refs = image_gc_refs, .wait_ms = 1000, .dry_run = true};
    return kept_gc(st, true, apps, e) < 0 ? -1 : state_gc(st, &o, s, e);
}

static void print_json(struct app_ctx *app, const struct du *d, const struct gc_stats *s)
{
    struct val *doc = ARENA_NEW(app->a, struct val), *list;
    val_set_map(doc);
    list = val_put(app->a, doc, STR("parts"));
    val_set_list(list);
    table_json(parts(app->a, d), list);
    list = val_put(app->a, doc, STR("images"));
    val_set_list(list);
    table_json(images(app->a, d), list);
    val_set_int(val_put(app->a, doc, STR("unneeded_blobs")), (int64_t)s->blobs);
    val_set_int(val_put(app->a, doc, STR("unneeded_trees")), (int64_t)s->trees);
    val_set_int(val_put(app->a, doc, STR("unneeded_bytes_of_blobs")), (int64_t)s->blob_bytes);
    cli_print_json(app, doc);
}

static int run(struct app_ctx *app, void *in_, struct err *e)
{
    const struct in *in = in_;
    drop_(state_close) struct state *st = NULL;
    struct gc_stats s = {0};
    struct err busy = {0};
    enum cli_how how;
    struct du d;
    uint64_t apps, all = 0;
    if (cli_how(in->format, &how, e) < 0 || cli_state(app, &st, e) < 0 || du_measure(st, app->a, &d, e) < 0)
        return -1;
    (void)!unneeded(st, &s, &apps, &busy); // while somebody builds it is not known
    if (how == CLI_JSON) {
        print_json(app, &d, &s);
        return 0;
    }
    for (enum du_part p = 0; p < DU_PART_MAX_; p++)
        all += d.part[p].bytes;
    buf_printf(app->out, "%s: " PRI_STR "\n\n", state_path(st), STR_ARG(text_size(app->a, all)));
    table_text(parts(app->a, &d), app->out);
    if (d.images.n) {
        buf_char(app->out, '\n');
        table_text(images(app->a, &d), app->out);
    }
    if (s.blobs || s.trees)
        buf_printf(app->out,
                   "\nno image needs %llu blobs (" PRI_STR ") and %llu trees: \"dema gc\" removes them\n",
                   (unsigned long long)s.blobs, STR_ARG(text_size(app->a, s.blob_bytes)),
                   (unsigned long long)s.trees);
    return 0;
}

static const struct opt opts[] = {CLI_FORMAT(struct in), {0}};
extern const struct applet applet_du;
const struct applet applet_du = {
    .name = "du",
    .summary = "Say what takes how much of the disk",
    .details = "ONLY ITS OWN is what \"dema rm\" and \"dema gc\" would free: layers that other images have "
               "too stay. "
               "A layer may take its place twice, as a directory that is mounted and as it is sent.",
    .examples = "  dema du\n  dema du -o json",
    .opts = opts,
    .in_size = sizeof(struct in),
    .run = run,
};
