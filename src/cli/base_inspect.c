// SPDX-License-Identifier: Apache-2.0
#include "cli/cli.h"
#include "platform/base.h"

struct in {
    struct strv args;
    bool lock, sbom;
};

static void print_info(struct app_ctx *app, const struct base_info *b)
{
    char text[DIGEST_TEXT];
    buf_printf(app->out,
               "name          " PRI_STR "\ndigest        %s\nkind          " PRI_STR
               "\nfor           " PRI_STR " " PRI_STR " " PRI_STR "\nsize          " PRI_STR
               "\ncreated       " PRI_STR "\n",
               STR_ARG(b->name), digest_text(&b->manifest, text),
               STR_ARG(b->kind.n ? b->kind : STR("not made by dema")), STR_ARG(b->distro_name),
               STR_ARG(b->distro_version), STR_ARG(b->architecture), STR_ARG(cli_size(app->a, b->size)),
               STR_ARG(b->created));
    if (b->description.n)
        buf_printf(app->out, "description   " PRI_STR "\n",
                   STR_ARG(str_printable(app->a, b->description, 200)));
    for (size_t i = 0; i < b->mirrors.n; i++)
        buf_printf(app->out, "mirror        " PRI_STR "\n", STR_ARG(b->mirrors.v[i]));
    buf_printf(app->out, "beside it     %s%s%s\n", b->has_lock ? "lock " : "", b->has_sbom ? "sbom " : "",
               b->has_packages ? "packages" : "");
}

static int run(struct app_ctx *app, void *in_, struct err *e)
{
    const struct in *in = in_;
    drop_(state_close) struct state *st = NULL;
    struct base_info info;
    struct str text;
    if (in->lock && in->sbom)
        return err_set(e, ERR_USAGE, "--lock and --sbom: one at a time");
    if (cli_state(app, &st, e) < 0)
        return -1;
    if (in->sbom) {
        if (base_sbom_load(st, app->a, in->args.v[0], &text, e) < 0)
            return -1;
        buf_str(app->out, text);
        return 0;
    }
    if (in->lock) {
        struct deb_lock lock;
        return base_lock_load(st, app->a, in->args.v[0], &lock, e) < 0 ? -1
                                                                       : deb_lock_write(&lock, app->out, e);
    }
    if (base_inspect(st, app->a, in->args.v[0], &info, e) < 0)
        return -1;
    print_info(app, &info);
    return 0;
}

static const struct opt opts[] = {
    OPT(struct in, lock, "lock", .help = "print its lock: every package with version and checksum"),
    OPT(struct in, sbom, "sbom", .help = "print its CycloneDX SBOM"),
    {0},
};
extern const struct applet applet_base_inspect;
const struct applet applet_base_inspect = {
    .name = "base inspect",
    .summary = "Show what a base image is and what is known of it",
    .args = "IMAGE",
    .opts = opts,
    .in_size = sizeof(struct in),
    .off_args = offsetof(struct in, args),
    .min_args = 1,
    .max_args = 1,
    .run = run,
};
