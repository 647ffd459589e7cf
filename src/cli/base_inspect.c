// SPDX-License-Identifier: Apache-2.0
#include "cli/cli.h"
#include "cnb/labels.h"
#include "platform/base.h"

struct in {
    struct strv args;
    struct str format;
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
               STR_ARG(b->distro_version), STR_ARG(b->architecture), STR_ARG(text_size(app->a, b->size)),
               STR_ARG(b->created));
    if (b->description.n)
        buf_printf(app->out, "description   " PRI_STR "\n",
                   STR_ARG(str_printable(app->a, b->description, 200)));
    for (size_t i = 0; i < b->mirrors.n; i++)
        buf_printf(app->out, "mirror        " PRI_STR "\n", STR_ARG(b->mirrors.v[i]));
    buf_printf(app->out, "beside it     %s%s%s\n", b->has_lock ? "lock " : "", b->has_sbom ? "sbom " : "",
               b->has_packages ? "packages" : "");
}

static void print_json(struct app_ctx *app, const struct base_info *b)
{
    const struct {
        const char *key;
        struct str text;
    } texts[] = {{"name", b->name},
                 {"digest", cli_digest(app->a, &b->manifest)},
                 {"kind", b->kind},
                 {"distro", b->distro_name},
                 {"distro_version", b->distro_version},
                 {"architecture", b->architecture},
                 {"created", b->created},
                 {"description", b->description}};
    struct val *doc = ARENA_NEW(app->a, struct val), *mirrors;
    val_set_map(doc);
    for (size_t i = 0; i < COUNT(texts); i++)
        val_set_str(val_put(app->a, doc, str_of(texts[i].key)), texts[i].text);
    val_set_int(val_put(app->a, doc, STR("size")), (int64_t)b->size);
    val_set_bool(val_put(app->a, doc, STR("has_lock")), b->has_lock);
    val_set_bool(val_put(app->a, doc, STR("has_sbom")), b->has_sbom);
    val_set_bool(val_put(app->a, doc, STR("has_packages")), b->has_packages);
    mirrors = val_put(app->a, doc, STR("mirrors"));
    val_set_list(mirrors);
    for (size_t i = 0; i < b->mirrors.n; i++)
        val_set_str(val_add(app->a, mirrors), b->mirrors.v[i]);
    cli_print_json(app, doc);
}

static int check_base(struct app_ctx *app, struct state *st, struct str word, struct err *e)
{
    struct image img;
    struct str name;
    if (cli_image_look(app, st, word, &name, &img, e) < 0)
        return -1;
    if (!image_config_label_get(&img.config, STR(LABEL_LIFECYCLE)))
        return 0;
    return err_set(e, ERR_USAGE, PRI_STR ": is the image of an app, not a base image: dema inspect " PRI_STR,
                   STR_ARG(str_printable(app->a, word, 60)), STR_ARG(str_printable(app->a, word, 60)));
}

static int run(struct app_ctx *app, void *in_, struct err *e)
{
    const struct in *in = in_;
    drop_(state_close) struct state *st = NULL;
    struct base_info info;
    struct str text;
    enum cli_how how;
    if (in->lock && in->sbom)
        return err_set(e, ERR_USAGE, "--lock and --sbom: one at a time");
    if (cli_how(in->format, &how, e) < 0 || cli_state(app, &st, e) < 0 ||
        check_base(app, st, in->args.v[0], e) < 0)
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
    if (how == CLI_JSON)
        print_json(app, &info);
    else
        print_info(app, &info);
    return 0;
}

static const struct opt opts[] = {
    OPT(struct in, lock, "lock", .help = "print its lock: every package with version and checksum"),
    OPT(struct in, sbom, "sbom", .help = "print its CycloneDX SBOM"),
    CLI_FORMAT(struct in),
    {0},
};
extern const struct applet applet_base_inspect;
const struct applet applet_base_inspect = {
    .name = "base inspect",
    .summary = "Show what a base image is and what is known of it",
    .args = "IMAGE",
    .examples = "  dema base inspect dema/run-base\n  dema base inspect dema/run-base --lock > run-base.lock",
    .opts = opts,
    .in_size = sizeof(struct in),
    .off_args = offsetof(struct in, args),
    .min_args = 1,
    .max_args = 1,
    .run = run,
};
