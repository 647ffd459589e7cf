// SPDX-License-Identifier: Apache-2.0
#include "cli/cli.h"
#include "platform/kept.h"

struct in {
    bool dry_run;
    struct str format;
};

static void print_json(struct app_ctx *app, const struct gc_stats *s, uint64_t apps, bool dry_run)
{
    const struct {
        const char *key;
        uint64_t n;
    } rows[] = {{"blobs", s->blobs}, {"bytes_of_blobs", s->blob_bytes},
                {"trees", s->trees}, {"leftovers", s->leftovers},
                {"apps", apps},      {"busy_trees", s->busy_trees}};
    struct val *doc = ARENA_NEW(app->a, struct val);
    val_set_map(doc);
    val_set_bool(val_put(app->a, doc, STR("dry_run")), dry_run);
    for (size_t i = 0; i < COUNT(rows); i++)
        val_set_int(val_put(app->a, doc, str_of(rows[i].key)), (int64_t)rows[i].n);
    cli_print_json(app, doc);
}

static int run(struct app_ctx *app, void *in_, struct err *e)
{
    const struct in *in = in_;
    drop_(state_close) struct state *st = NULL;
    struct gc_stats s = {0};
    struct gc_opts o = {.refs = image_gc_refs, .wait_ms = 60000, .dry_run = in->dry_run};
    enum cli_how how;
    uint64_t apps;
    if (cli_how(in->format, &how, e) < 0 || cli_state(app, &st, e) < 0 ||
        kept_gc(st, in->dry_run, &apps, e) < 0 || state_gc(st, &o, &s, e) < 0)
        return -1;
    if (how == CLI_JSON) {
        print_json(app, &s, apps, in->dry_run);
        return 0;
    }
    buf_printf(app->out, "%s %llu blobs (" PRI_STR "), %llu trees, %llu leftovers\n",
               in->dry_run ? "would remove" : "removed", (unsigned long long)s.blobs,
               STR_ARG(text_size(app->a, s.blob_bytes)), (unsigned long long)s.trees,
               (unsigned long long)s.leftovers);
    if (apps)
        buf_printf(app->out, "%s the kept layers of %llu %s whose image is gone\n",
                   in->dry_run ? "would remove" : "removed", (unsigned long long)apps,
                   apps == 1 ? "app" : "apps");
    if (s.busy_trees)
        buf_printf(app->out, "%llu trees are in use and stay\n", (unsigned long long)s.busy_trees);
    return 0;
}

static const struct opt opts[] = {
    OPT(struct in, dry_run, "dry-run", .letter = 'n', .help = "remove nothing, say what would be removed"),
    CLI_FORMAT(struct in),
    {0},
};
extern const struct applet applet_gc;
const struct applet applet_gc = {
    .name = "gc",
    .summary = "Remove what no image needs any more",
    .details =
        "Images with a name stay, and so does what a running build or app uses. \"dema du\" says what takes "
        "how much.",
    .examples = "  dema gc -n\n  dema rm shop && dema gc",
    .opts = opts,
    .in_size = sizeof(struct in),
    .run = run,
};
