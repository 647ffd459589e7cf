// SPDX-License-Identifier: Apache-2.0
#include "base/clock.h"
#include "base/limits.h"
#include "cli/cli.h"
#include "debian/decoded.h"
#include "platform/kept.h"

struct in {
    bool dry_run;
    struct str format;
};

enum { DAY_SEC = 24 * 60 * 60 };

struct removed {
    struct gc_stats state;
    struct deb_swept debian;
    uint64_t apps;
};

static void print_json(struct app_ctx *app, const struct removed *r, bool dry_run)
{
    const struct gc_stats *s = &r->state;
    const struct {
        const char *key;
        uint64_t n;
    } rows[] = {{"blobs", s->blobs},
                {"bytes_of_blobs", s->blob_bytes},
                {"trees", s->trees},
                {"leftovers", s->leftovers},
                {"apps", r->apps},
                {"busy_trees", s->busy_trees},
                {"deps", s->deps},
                {"bytes_of_deps", s->dep_bytes},
                {"known", s->known},
                {"packages", r->debian.packages},
                {"copies_of_packages", r->debian.copies},
                {"bytes_of_packages", r->debian.bytes}};
    struct val *doc = ARENA_NEW(app->a, struct val);
    val_set_map(doc);
    val_set_bool(val_put(app->a, doc, STR("dry_run")), dry_run);
    for (size_t i = 0; i < COUNT(rows); i++)
        val_set_int(val_put(app->a, doc, str_of(rows[i].key)), (int64_t)rows[i].n);
    cli_print_json(app, doc);
}

// What an image or app does not need, and what nothing used for long.
static int remove_all(struct app_ctx *app, struct state *st, bool dry_run, struct removed *r, struct err *e)
{
    int64_t before = clock_now_sec() - (int64_t)LIMIT_UNUSED_DAYS * DAY_SEC;
    const struct gc_opts o = {
        .refs = image_gc_refs, .wait_ms = 60000, .dry_run = dry_run, .unused_before_sec = before};
    const char *apt = arena_printf(app->a, "%s/apt", state_path(st));
    return kept_gc(st, dry_run, &r->apps, e) < 0 || state_gc(st, &o, &r->state, e) < 0 ||
                   deb_cache_sweep(apt, before, dry_run, &r->debian, e) < 0
               ? -1
               : 0;
}

static void print_text(struct app_ctx *app, const struct removed *r, bool dry_run)
{
    const struct gc_stats *s = &r->state;
    const char *what = dry_run ? "would remove" : "removed";
    uint64_t packages = r->debian.packages + r->debian.copies;
    buf_printf(app->out, "%s %llu blobs (" PRI_STR "), %llu trees, %llu leftovers\n", what,
               (unsigned long long)s->blobs, STR_ARG(text_size(app->a, s->blob_bytes)),
               (unsigned long long)s->trees, (unsigned long long)s->leftovers);
    if (r->apps)
        buf_printf(app->out, "%s the kept layers of %llu %s whose image is gone\n", what,
                   (unsigned long long)r->apps, r->apps == 1 ? "app" : "apps");
    if (s->deps || packages)
        buf_printf(app->out,
                   "%s %llu downloads (" PRI_STR ") and %llu packages or copies of them (" PRI_STR
                   ") that nothing used for %d days\n",
                   what, (unsigned long long)s->deps, STR_ARG(text_size(app->a, s->dep_bytes)),
                   (unsigned long long)packages, STR_ARG(text_size(app->a, r->debian.bytes)),
                   LIMIT_UNUSED_DAYS);
    if (s->busy_trees)
        buf_printf(app->out, "%llu trees are in use and stay\n", (unsigned long long)s->busy_trees);
}

static int run(struct app_ctx *app, void *in_, struct err *e)
{
    const struct in *in = in_;
    drop_(state_close) struct state *st = NULL;
    struct removed r = {0};
    enum cli_how how;
    if (cli_how(in->format, &how, e) < 0 || cli_state(app, &st, e) < 0 ||
        remove_all(app, st, in->dry_run, &r, e) < 0)
        return -1;
    if (how == CLI_JSON)
        print_json(app, &r, in->dry_run);
    else
        print_text(app, &r, in->dry_run);
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
        "Images with a name stay, and so does what a running build or app uses. Downloads of buildpacks and "
        "packages of Debian go when nothing has used them for 90 days. \"dema du\" says what takes how much.",
    .examples = "  dema gc -n\n  dema rm shop && dema gc",
    .opts = opts,
    .in_size = sizeof(struct in),
    .run = run,
};
