// SPDX-License-Identifier: Apache-2.0
#include "base/file.h"
#include "cli/cli.h"
#include "platform/image_sbom.h"
#include <fcntl.h>
#include <unistd.h>

struct in {
    struct strv args;
    struct str layer, kind, save, format;
};

static void list(struct app_ctx *app, enum cli_how how, const struct image_sbom *v, size_t n)
{
    static const struct column columns[] = {{"LAYER", "layer", false}, {"KIND", "kind", false},
                                            {"SIZE", "size", true},    {"WHERE", "path", false},
                                            {NULL, "here", false},     {NULL, NULL, false}};
    struct table *t = table_new(app->a, columns);
    for (size_t i = 0; i < n; i++) {
        struct cell row[] = {cell_text(v[i].of),
                             cell_text(v[i].format),
                             cell_size(app->a, v[i].size),
                             cell_both(v[i].absent   ? STR("beside the image, but not on this machine")
                                       : v[i].path.n ? v[i].path
                                                     : STR("beside the image"),
                                       v[i].path),
                             {.text = STR("")}};
        val_set_bool(&row[4].json, !v[i].absent);
        table_add(t, row);
    }
    cli_print_table(app, how, t, "the image has no SBOM");
}

static int none(const struct in *in, const struct image_sbom *v, size_t n, struct arena *a, struct err *e)
{
    struct str all = STR("");
    for (size_t i = 0; i < n; i++)
        all = str_printf(a, PRI_STR "%s" PRI_STR, STR_ARG(all), i ? ", " : "", STR_ARG(v[i].of));
    return err_set(e, ERR_NOT_FOUND, PRI_STR ": no " PRI_STR " SBOM of " PRI_STR "; there are: " PRI_STR,
                   STR_ARG(in->args.v[0]), STR_ARG(in->kind), STR_ARG(in->layer),
                   STR_ARG(n ? all : STR("none")));
}

// Of a hostile image: a terminal gets its lines without control bytes, a file or pipe every byte.
static void print_text(struct app_ctx *app, struct str text)
{
    struct str line;
    if (!isatty(STDOUT_FILENO)) {
        buf_str(app->out, text);
        return;
    }
    while (str_cut(&text, '\n', &line)) {
        buf_str(app->out, str_printable(app->a, line, line.n));
        if (text.p)
            buf_char(app->out, '\n');
    }
}

static int print_one(struct app_ctx *app, struct state *st, const struct in *in, const struct image_sbom *v,
                     size_t n, struct err *e)
{
    struct str text;
    for (size_t i = 0; i < n; i++) {
        if (!str_eq(v[i].of, in->layer) || !str_eq(v[i].format, in->kind))
            continue;
        if (image_sbom_load(st, app->a, &v[i], &text, e) < 0)
            return -1;
        print_text(app, text);
        return 0;
    }
    return none(in, v, n, app->a, e);
}

// As files in a new folder: run.cdx.json, and the others with their paths in the image.
static int save(struct app_ctx *app, struct state *st, struct str folder, const struct image_sbom *v,
                size_t n, struct err *e)
{
    const char *path = str_c(app->a, folder);
    drop_fd int dir = -1;
    if (mkdirat(AT_FDCWD, path, 0777) < 0)
        return err_sys(e, "--save %s", path);
    if (path_open_host(path, O_RDONLY | O_DIRECTORY, 0, &dir, e) < 0)
        return err_wrap(e, "--save");
    for (size_t i = 0; i < n; i++) {
        struct str text;
        const char *name = v[i].path.n ? str_c(app->a, v[i].path) : "run.cdx.json";
        if (v[i].absent)
            continue;
        if (image_sbom_load(st, app->a, &v[i], &text, e) < 0 ||
            path_mkdirs(dir, str_c(app->a, path_dir(str_of(name))), 0755, e) < 0 ||
            file_place(dir, name, 0644, text, e) < 0)
            return err_wrap(e, "--save");
    }
    return 0;
}

static int run(struct app_ctx *app, void *in_, struct err *e)
{
    const struct in *in = in_;
    drop_(state_close) struct state *st = NULL;
    enum cli_how how;
    struct image_sbom *v;
    struct image img;
    struct str name;
    drop_fd int lease = -1;
    size_t n;
    if (!str_is(in->kind, "cyclonedx") && !str_is(in->kind, "spdx") && !str_is(in->kind, "syft"))
        return err_set(e, ERR_USAGE, "--kind " PRI_STR ": want cyclonedx, spdx or syft", STR_ARG(in->kind));
    if (cli_how(in->format, &how, e) < 0 || cli_state(app, &st, e) < 0 ||
        cli_lease(st, in->args.v[0], &lease, e) < 0 ||
        cli_image(app, st, in->args.v[0], CLI_UNNAMED, &name, e) < 0 ||
        image_load(st, app->a, name, NULL, &img, e) < 0 || image_sboms(st, app->a, &img, &v, &n, e) < 0)
        return -1;
    if (in->save.n)
        return save(app, st, in->save, v, n, e);
    if (in->layer.n)
        return print_one(app, st, in, v, n, e);
    list(app, how, v, n);
    return 0;
}

static const struct opt opts[] = {
    OPT(struct in, layer, "layer", .letter = 'l', .arg = "LAYER",
        .help = "print the SBOM of this layer, as the list calls it; run is the run image's"),
    OPT(struct in, kind, "kind", .letter = 'k', .arg = "cyclonedx|spdx|syft", .dflt = "cyclonedx",
        .help = "which one, where a layer has several"),
    OPT(struct in, save, "save", .arg = "DIR", .help = "write all of them into a new folder"),
    CLI_FORMAT(struct in),
    {0},
};
extern const struct applet applet_sbom;
const struct applet applet_sbom = {
    .name = "sbom",
    .summary = "List, print or save the SBOMs of an image",
    .args = "IMAGE",
    .details =
        "An SBOM says what something is made of. That of the run image lists its packages; each buildpack "
        "says what it put into its layers.",
    .examples = "  dema sbom shop\n"
                "  dema sbom shop --layer run > run.cdx.json\n"
                "  dema sbom shop --save shop-sboms",
    .opts = opts,
    .in_size = sizeof(struct in),
    .off_args = offsetof(struct in, args),
    .min_args = 1,
    .max_args = 1,
    .run = run,
};
