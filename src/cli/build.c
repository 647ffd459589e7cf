// SPDX-License-Identifier: Apache-2.0
#include "platform/build.h"
#include "base/clock.h"
#include "cli/cli.h"
#include "platform/stop.h"
#include <fcntl.h>
#include <unistd.h>

struct in {
    struct strv args, env, buildpacks;
    struct str tag, build_image, run_image, process, runner, layers;
    bool offline;
    int64_t threads;
};

// Where distributions keep the bundle of trusted certificates.
static const char *const bundles[] = {"/etc/ssl/certs/ca-certificates.crt",
                                      "/etc/pki/tls/certs/ca-bundle.crt", "/etc/ssl/ca-bundle.pem",
                                      "/etc/ssl/cert.pem"};

static const char *ca_bundle(struct app_ctx *app)
{
    const struct str *own = strmap_get(&app->env, STR("SSL_CERT_FILE"));
    if (own && own->n)
        return str_c(app->a, *own);
    for (size_t i = 0; i < COUNT(bundles); i++)
        if (faccessat(AT_FDCWD, bundles[i], R_OK, 0) == 0)
            return bundles[i];
    return NULL;
}

static int absolute(struct app_ctx *app, struct str path, const char **out, struct err *e)
{
    char *real = realpath(str_c(app->a, path), NULL);
    if (!real)
        return err_sys(e, PRI_STR, STR_ARG(path));
    *out = str_c(app->a, str_of(real));
    free(real);
    return 0;
}

static int created(struct app_ctx *app, int64_t *out, struct err *e)
{
    const struct str *epoch = strmap_get(&app->env, STR("SOURCE_DATE_EPOCH"));
    *out = LAYER_MTIME;
    if (!epoch || !epoch->n)
        return 0;
    return clock_source_date(*epoch, out, e) < 0 ? err_wrap(e, "SOURCE_DATE_EPOCH") : 0;
}

static int take_paths(struct app_ctx *app, const struct in *in, struct build_opts *o, struct err *e)
{
    if (absolute(app, in->args.n ? in->args.v[0] : STR("."), &o->source, e) < 0)
        return -1;
    for (size_t i = 0; i < in->buildpacks.n; i++) {
        const char *dir;
        if (absolute(app, in->buildpacks.v[i], &dir, e) < 0)
            return err_wrap(e, "--buildpack");
        strv_add(app->a, &o->buildpacks, str_of(dir));
    }
    return 0;
}

static void report(struct app_ctx *app, const struct in *in, const struct build_result *r)
{
    char text[DIGEST_TEXT];
    buf_printf(app->out,
               "built " PRI_STR "\n  digest   %s\n  size     " PRI_STR
               " in %zu layers above the run image, %zu of them unchanged\n",
               STR_ARG(in->tag), digest_text(&r->manifest, text), STR_ARG(cli_size(app->a, r->size)),
               r->layers, r->reused);
    if (r->process_type.n)
        buf_printf(app->out, "  starts   " PRI_STR "\n", STR_ARG(r->process_type));
    buf_printf(app->out, "\nstart it with: dema run " PRI_STR "\n", STR_ARG(in->tag));
}

static int layers(struct str word, bool *copies, struct err *e)
{
    if (!str_is(word, "overlay") && !str_is(word, "copy"))
        return err_set(e, ERR_USAGE, "--layers: \"" PRI_STR "\" is neither overlay nor copy", STR_ARG(word));
    *copies = str_is(word, "copy");
    return 0;
}

static int run(struct app_ctx *app, void *in_, struct err *e)
{
    const struct in *in = in_;
    drop_(state_close) struct state *st = NULL;
    struct strmap env = {0};
    struct programs programs;
    struct build_result result;
    unsigned runner;
    drop_fd int stop = -1;
    struct build_opts o = {.ev = app->ev,
                           .name = in->tag,
                           .build_image = in->build_image,
                           .run_image = in->run_image,
                           .env = &env,
                           .host_env = &app->env,
                           .ca_bundle = ca_bundle(app),
                           .process_type = in->process,
                           .offline = in->offline,
                           .threads = (unsigned)(in->threads > 0 ? in->threads : 0),
                           .temp_dir = cli_temp_dir(app),
                           .programs = &programs};
    if (!in->tag.n)
        return err_set(e, ERR_USAGE, "the image needs a name: --tag NAME");
    if (layers(in->layers, &o.copies, e) < 0 || cli_runner(in->runner, &runner, e) < 0 ||
        cli_env(app, &in->env, &env, e) < 0 || created(app, &o.created_sec, e) < 0 ||
        take_paths(app, in, &o, e) < 0 || programs_find(app->a, &programs, e) < 0 ||
        cli_state(app, &st, e) < 0 || stop_open(&stop, e) < 0)
        return -1;
    o.st = st;
    o.stop_fd = stop;
    o.runner = (enum sbx_runner)runner;
    if (build_app(app->a, &o, &result, e) < 0)
        return -1;
    report(app, in, &result);
    return 0;
}

static const struct opt opts[] = {
    OPT(struct in, tag, "tag", .letter = 't', .arg = "NAME",
        .help = "name of the image, such as shop or team/shop:1; must be given"),
    OPT(struct in, buildpacks, "buildpack", .letter = 'b', .arg = "DIR",
        .help = "folder of a buildpack; all of them take part, in the order given"),
    OPT(struct in, env, "env", .letter = 'e', .arg = "NAME=VALUE",
        .help = "variable for the buildpacks; NAME alone passes on the value that it has here"),
    OPT(struct in, build_image, "build-image", .arg = "IMAGE", .dflt = "dema/build-base",
        .help = "image that the buildpacks run in"),
    OPT(struct in, run_image, "run-image", .arg = "IMAGE", .dflt = "dema/run-base",
        .help = "image that the app image stands on"),
    OPT(struct in, process, "process", .arg = "TYPE",
        .help = "process type that the image starts when nothing else is named"),
    OPT(struct in, offline, "offline", .help = "the build gets no network"),
    OPT(struct in, runner, "runner", .arg = "namespaces|runc", .dflt = "namespaces", .env = "DEMA_RUNNER",
        .help = "what makes the sandbox; \"dema doctor\" says what works here"),
    OPT(struct in, layers, "layers", .arg = "overlay|copy", .dflt = "overlay",
        .help = "how the buildpacks see the app and their layers of the build before: as overlays, or as "
                "plain copies"),
    OPT(struct in, threads, "threads", .arg = "N", .dflt = "0",
        .help = "threads that make layers; 0 is one for each processor"),
    {0},
};
extern const struct applet applet_build;
const struct applet applet_build = {
    .name = "build",
    .summary = "Make an app image from a source folder",
    .args = "[FOLDER]",
    .details =
        "FOLDER holds the source of the app; without it, the current one does. Its files are never changed. "
        "The same source, buildpacks and images give the same digest, whoever builds, wherever.",
    .examples = "  dema build . -t shop --buildpack ./buildpacks/hello",
    .opts = opts,
    .in_size = sizeof(struct in),
    .off_args = offsetof(struct in, args),
    .max_args = 1,
    .run = run,
};
