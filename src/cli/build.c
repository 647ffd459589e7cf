// SPDX-License-Identifier: Apache-2.0
#include "platform/build.h"
#include "base/clock.h"
#include "base/dir.h"
#include "cli/build_report.h"
#include "cnb/labels.h"
#include "cnb/layer.h"
#include "platform/buildpacks.h"
#include "platform/kept.h"
#include "platform/stop.h"
#include "platform/words.h"
#include <fcntl.h>
#include <stdio.h>

struct in {
    struct strv args, env, env_files, buildpacks;
    struct str tag, build_image, run_image, process, runner, layers, network, output, format, events;
    bool check, explain;
    int64_t threads, check_timeout;
};

// One build under way.
struct build_job {
    struct app_ctx *app;
    const struct in *in;
    enum cli_how how;
    struct output output;
    struct state *st;
    struct watch *watch;
    struct strmap env;
    struct programs programs;
    struct build_opts o;
    struct image previous;
    struct check_out check;
    struct build_result result;
    struct built built;
    uint64_t began;
    int stop;
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
        return err_sys(e, PRI_STR, STR_ARG(str_printable(app->a, path, 200)));
    *out = str_c(app->a, str_of(real));
    free(real);
    return 0;
}

// The folder must be one that can be read, and have something in it.
static int take_source(struct build_job *j, struct err *e)
{
    struct str word = j->in->args.n ? j->in->args.v[0] : STR(".");
    struct strv names;
    struct stat st;
    drop_fd int fd = -1;
    if (!word.n)
        return err_set(e, ERR_USAGE, "the folder of the app is named by an empty word");
    if (absolute(j->app, word, &j->o.source, e) < 0)
        return -1;
    if (fstatat(AT_FDCWD, j->o.source, &st, 0) == 0 && !S_ISDIR(st.st_mode))
        return err_set(e, ERR_USAGE, PRI_STR ": is a file; dema builds the folder that holds the source",
                       STR_ARG(str_printable(j->app->a, word, 200)));
    if (path_open_host(j->o.source, O_RDONLY | O_DIRECTORY, 0, &fd, e) < 0 ||
        dir_names(j->app->a, fd, ".", 1000000, &names, e) < 0)
        return err_wrap(e, "app");
    if (!names.n)
        return err_set(e, ERR_USAGE, "%s: the folder is empty; there is nothing to build", j->o.source);
    return 0;
}

// Each is the id of a built-in one, or else a folder: one that an app brings takes the place of nothing built in.
static int take_buildpacks(struct build_job *j, struct err *e)
{
    for (size_t i = 0; i < j->in->buildpacks.n; i++) {
        const char *dir;
        struct str bp = j->in->buildpacks.v[i];
        struct stat st;
        bool path = bp.n && (bp.p[0] == '/' || bp.p[0] == '.');
        if (!path && (buildpacks_is_builtin(j->app->a, &j->programs, bp) ||
                      fstatat(AT_FDCWD, str_c(j->app->a, bp), &st, 0) < 0 || !S_ISDIR(st.st_mode))) {
            strv_add(j->app->a, &j->o.buildpacks, bp);
            continue;
        }
        if (absolute(j->app, bp, &dir, e) < 0)
            return err_wrap(e, "--buildpack");
        strv_add(j->app->a, &j->o.buildpacks, str_of(dir));
    }
    return 0;
}

// Without --tag the folder's name is the image's, where it can be one.
static int take_name(struct build_job *j, struct err *e)
{
    struct err why = {0};
    struct reference r;
    char text[512];
    struct str name = j->in->tag.n ? j->in->tag : path_base(str_of(j->o.source));
    if (!j->in->tag.n && image_name(j->app->a, name, &j->built.name, &why) < 0)
        return err_set(e, ERR_USAGE, "the image needs a name, --tag NAME: the folder's is none: %s",
                       err_text(&why, text, sizeof text));
    if (image_name(j->app->a, name, &j->built.name, e) < 0) {
        e->code = ERR_USAGE; // it is a word of the command line, not of a document
        return err_wrap(e, "--tag");
    }
    if (reference_parse(j->app->a, name, &r, e) < 0)
        return -1;
    if (reference_has_digest(&r))
        return err_set(e, ERR_USAGE, "--tag " PRI_STR ": a name with a digest cannot be given to a new image",
                       STR_ARG(name));
    j->o.name = name;
    return 0;
}

static int take_words(struct build_job *j, struct err *e)
{
    static const char *const networks[] = {
        [BUILD_NET_AUTO] = "auto", [BUILD_NET_HOST] = "host", [BUILD_NET_NONE] = "none"};
    const struct in *in = j->in;
    unsigned runner, network = 0;
    while (network < COUNT(networks) && !str_is(in->network, networks[network]))
        network++;
    if (network == COUNT(networks))
        return err_set(e, ERR_USAGE, "--network " PRI_STR ": want auto, host or none", STR_ARG(in->network));
    if (!str_is(in->layers, "overlay") && !str_is(in->layers, "copy"))
        return err_set(e, ERR_USAGE, "--layers: \"" PRI_STR "\" is neither overlay nor copy",
                       STR_ARG(in->layers));
    if (in->threads < 0 || in->threads > 1024)
        return err_set(e, ERR_USAGE, "--threads %lld: want 0 to 1024", (long long)in->threads);
    if (in->check_timeout < 1 || in->check_timeout > 3600)
        return err_set(e, ERR_USAGE, "--check-timeout %lld: want 1 to 3600 seconds",
                       (long long)in->check_timeout);
    if (in->process.n && !process_type_ok(in->process))
        return err_set(e, ERR_USAGE,
                       "--process " PRI_STR ": a process type has letters, digits, '.', '_' and '-'",
                       STR_ARG(str_printable(j->app->a, in->process, 60)));
    if (cli_how(in->format, &j->how, e) < 0 || cli_runner(in->runner, &runner, e) < 0)
        return -1;
    if (in->check && runner != SBX_NAMESPACES)
        return err_set(e, ERR_USAGE, "--check: only the namespaces runner can look into its network");
    if (str_is(in->events, "-") && j->how == CLI_JSON)
        return err_set(e, ERR_USAGE,
                       "--events - and --format json: both want standard output; the last "
                       "event is the result");
    if (in->output.n && output_parse(j->app->a, in->output, &j->output, e) < 0)
        return -1;
    j->o.network = (enum build_network)network;
    j->o.runner = (enum sbx_runner)runner;
    j->o.copies = str_is(in->layers, "copy");
    return 0;
}

// It would be taken for one, and the app in it stay below.
static int check_run_image(struct build_job *j, struct err *e)
{
    struct image img;
    if (image_load(j->st, j->app->a, j->o.run_image, NULL, &img, e) < 0)
        return err_wrap(e, "run image");
    if (!image_config_label_get(&img.config, STR(LABEL_LIFECYCLE)))
        return 0;
    return err_set(e, ERR_USAGE,
                   "run image " PRI_STR ": is the image of an app, nothing to stand on; \"dema base "
                   "list\" has those",
                   STR_ARG(str_printable(j->app->a, j->in->run_image, 60)));
}

static int take_images(struct build_job *j, struct err *e)
{
    const struct {
        const char *kind;
        struct str word, *out;
    } images[] = {{"build image", j->in->build_image, &j->o.build_image},
                  {"run image", j->in->run_image, &j->o.run_image}};
    for (size_t i = 0; i < COUNT(images); i++)
        if (cli_image(j->app, j->st, images[i].word, CLI_NAMED, images[i].out, e) < 0)
            return e->code == ERR_NOT_FOUND
                       ? err_wrap(e, "%s (\"dema base create\" makes one)", images[i].kind)
                       : err_wrap(e, "%s", images[i].kind);
    return check_run_image(j, e);
}

// A folder gets its own name, not that of another one: whoever chooses what a folder is called does not choose which
// image it replaces, nor whose kept layers it gets.
static int check_folder(struct build_job *j, struct err *e)
{
    struct str was = kept_source(j->st, j->app->a, j->built.name);
    if (j->in->tag.n || str_eq(was, kept_folder(j->app->a, j->o.source)) || (!was.n && !j->built.previous))
        return 0;
    return err_set(e, ERR_USAGE,
                   "-t NAME is needed: " PRI_STR ", the name of this folder, is that of an image %s" PRI_STR,
                   STR_ARG(cli_short_name(j->app->a, j->built.name)),
                   was.n ? "built from " : "that was not built from it", STR_ARG(was));
}

// What the name stands for now: tells afterwards what was reused.
static int take_previous(struct build_job *j, struct err *e)
{
    struct err why = {0};
    if (image_load(j->st, j->app->a, j->built.name, NULL, &j->previous, &why) == 0) {
        j->built.previous = &j->previous;
        return 0;
    }
    if (why.code == ERR_NOT_FOUND)
        return 0;
    *e = why;
    return err_wrap(e, "the image that has the name now");
}

// A path that need not be there yet, without links: NULL if not even its folder is.
static const char *real_path(struct app_ctx *app, const char *path)
{
    struct err none = {0};
    const char *real;
    struct str clean = path_clean(app->a, str_of(path));
    if (absolute(app, clean, &real, &none) == 0)
        return real;
    return absolute(app, path_dir(clean), &real, &none) == 0
               ? str_c(app->a, path_join(app->a, str_of(real), path_base(clean)))
               : NULL;
}

static bool in_source(struct build_job *j, const char *path)
{
    const char *real = real_path(j->app, path);
    return real && path_is_within(str_of(real), str_of(j->o.source));
}

// All of the folder goes into the image: dema's own data would, as they change.
static int check_places(struct build_job *j, struct err *e)
{
    const char *out = j->output.kind == OUTPUT_NONE ? NULL : real_path(j->app, j->output.path);
    if (out && strcmp(out, j->o.source) == 0)
        return err_set(e, ERR_USAGE,
                       "--output " PRI_STR ": that is the folder of the app; name another place",
                       STR_ARG(j->in->output));
    if (in_source(j, state_path(j->st)))
        return err_set(
            e, ERR_USAGE,
            "%s: holds dema's own data, and all of it would go into the image: name a folder within, "
            "or another place for the data with DEMA_DATA",
            j->o.source);
    if (in_source(j, cli_temp_dir(j->app)))
        return err_set(
            e, ERR_USAGE,
            "%s: holds the folder for temporary files, and all of it would go into the image: name "
            "another one with TMPDIR",
            j->o.source);
    return 0;
}

static void warn_of_place(struct build_job *j, const char *option, struct str word, const char *path)
{
    if (in_source(j, path))
        event_warn(&j->watch->ev, NULL,
                   "%s " PRI_STR
                   ": lies in the folder of the app, so the next build takes it into the image; "
                   "name a place outside",
                   option, STR_ARG(str_printable(j->app->a, word, 200)));
}

// Only bin/build says which types there are, but those of the image before are mostly those of the next one.
static void warn_of_process(struct build_job *j)
{
    struct about about;
    struct strv types = {0};
    if (!j->in->process.n || !j->built.previous)
        return;
    about_image(j->app->a, &j->previous, &about);
    for (size_t i = 0; i < about.processes.n; i++)
        strv_add(j->app->a, &types, about.processes.v[i].type);
    if (types.n && !strv_has(&types, j->in->process))
        event_warn(&j->watch->ev, NULL,
                   "--process " PRI_STR
                   ": the image of the last build has no such process type; it has: " PRI_STR,
                   STR_ARG(j->in->process), STR_ARG(words_list(j->app->a, &types, 200)));
}

static void warn(struct build_job *j)
{
    if (j->output.kind != OUTPUT_NONE)
        warn_of_place(j, "--output", j->in->output, j->output.path);
    if (j->in->events.n && !str_is(j->in->events, "-"))
        warn_of_place(j, "--events", j->in->events, str_c(j->app->a, j->in->events));
    warn_of_process(j);
}

static int take(struct build_job *j, struct err *e)
{
    struct app_ctx *app = j->app;
    if (take_words(j, e) < 0 || take_source(j, e) < 0 || take_name(j, e) < 0 ||
        programs_find(app->a, &j->programs, e) < 0 || take_buildpacks(j, e) < 0 ||
        cli_env_files(app, &j->in->env_files, &j->env, e) < 0 || cli_env(app, &j->in->env, &j->env, e) < 0 ||
        stop_open(&j->stop, e) < 0 || // its signals are not for the thread either
        created_begin(j->o.source, &app->env, &j->o.created, e) < 0 || cli_state(app, &j->st, e) < 0 ||
        check_places(j, e) < 0 || take_images(j, e) < 0 || take_previous(j, e) < 0 ||
        check_folder(j, e) < 0 || watch_open(app, j->in->events, &j->watch, e) < 0)
        return -1;
    j->o.st = j->st;
    j->o.ev = &j->watch->ev;
    j->o.env = &j->env;
    j->o.host_env = &app->env;
    j->o.ca_bundle = ca_bundle(app);
    j->o.process_type = j->in->process;
    j->o.explain = true; // the report at the end has the reasons too
    j->o.threads = (unsigned)j->in->threads;
    j->o.stop_fd = j->stop;
    j->o.temp_dir = cli_temp_dir(app);
    j->o.programs = &j->programs;
    return 0;
}

static void fact(struct build_job *j, const char *subject, struct str text)
{
    event_emit(&j->watch->ev, &(struct event){.kind = EV_FACT, .subject = str_of(subject), .text = text});
}

static int check(struct build_job *j, struct err *e)
{
    const struct check_in in = {.st = j->st,
                                .ev = &j->watch->ev,
                                .image = j->built.name,
                                .timeout_ms = (unsigned)j->in->check_timeout * 1000,
                                .stop_fd = j->stop,
                                .temp_dir = j->o.temp_dir};
    uint64_t start = clock_mono_ms();
    event_emit(&j->watch->ev, &(struct event){.kind = EV_PHASE, .phase = STR("check")});
    if (check_image(j->app->a, &in, &j->check, e) < 0)
        return err_wrap(e, "the image is made, but");
    event_emit(&j->watch->ev,
               &(struct event){
                   .kind = EV_PHASE, .phase = STR("check"), .done = 1, .total = clock_mono_ms() - start});
    j->built.check = &j->check;
    return 0;
}

static int write_output(struct build_job *j, struct err *e)
{
    if (output_write(j->st, j->built.name, &j->output, j->o.threads, e) < 0)
        return err_wrap(e, "the image is made, but not written");
    j->built.output = j->in->output;
    return 0;
}

static int report(struct build_job *j, struct err *e)
{
    struct built *b = &j->built;
    if (image_load(j->st, j->app->a, b->name, NULL, &b->image, e) < 0)
        return -1;
    about_image(j->app->a, &b->image, &b->about);
    b->watch = j->watch;
    b->result = &j->result;
    b->ms = clock_mono_ms() - j->began;
    struct val *result = build_report_json(j->app, b);
    watch_result(j->watch, result);
    if (j->how == CLI_JSON)
        cli_print_json(j->app, result);
    else if (!str_is(j->in->events, "-"))
        build_report_text(j->app, b);
    return 0;
}

static int build(struct build_job *j, struct err *e)
{
    struct err late = {0}, more = {0};
    if (!j->in->tag.n)
        event_emit(&j->watch->ev,
                   &(struct event){.kind = EV_STEP,
                                   .text = str_printf(j->app->a,
                                                      "the image is called " PRI_STR
                                                      ", after the folder; --tag gives another name",
                                                      STR_ARG(cli_short_name(j->app->a, j->built.name)))});
    warn(j);
    if (build_app(j->app->a, &j->o, &j->result, e) < 0)
        return -1;
    j->built.created = *created_answer(j->o.created);
    fact(j, "created", j->built.created.why);
    // The image is there: its report is given, whatever comes after.
    int rc = write_output(j, &late);
    if (rc == 0 && j->in->check)
        rc = check(j, &late);
    if (report(j, &more) < 0 && rc == 0) {
        *e = more;
        return -1;
    }
    if (rc < 0)
        *e = late;
    return rc;
}

static int run(struct app_ctx *app, void *in_, struct err *e)
{
    struct build_job j = {.app = app, .in = in_, .stop = -1, .began = clock_mono_ms()};
    render_facts(app->render, j.in->explain);
    int rc = take(&j, e) < 0 ? -1 : build(&j, e);
    created_free(j.o.created);
    watch_close(j.watch);
    state_close(j.st);
    drop_fd_p(&j.stop);
    return rc;
}

static const struct opt opts[] = {
    OPT(struct in, tag, "tag", .letter = 't', .arg = "NAME",
        .help = "name of the image, such as shop or team/shop:1; without it the folder's name"),
    OPT(struct in, env, "env", .letter = 'e', .arg = "NAME=VALUE",
        .help = "variable for the buildpacks; NAME alone passes on the value that it has here"),
    OPT(struct in, env_files, "env-file", .arg = "FILE", .help = "file with such variables, one a line"),
    OPT(struct in, buildpacks, "buildpack", .letter = 'b', .arg = "DIR|ID",
        .help =
            "folder of a buildpack, or ID of a built-in one; those named take part in the order given, and "
            "no others"),
    OPT(struct in, run_image, "run-image", .arg = "IMAGE", .dflt = "dema/run-base",
        .help = "image that the app image stands on"),
    OPT(struct in, build_image, "build-image", .arg = "IMAGE", .dflt = "dema/build-base",
        .help = "image that the buildpacks run in"),
    OPT(struct in, process, "process", .arg = "TYPE",
        .help = "process type that the image starts when nothing else is named"),
    OPT(struct in, check, "check", .help = "start the image without network and ask it over HTTP on $PORT"),
    OPT(struct in, check_timeout, "check-timeout", .arg = "SECONDS", .dflt = "30",
        .help = "how long --check waits for an answer"),
    OPT(struct in, network, "network", .arg = "auto|host|none", .dflt = "auto",
        .help = "network of the buildpacks: auto gives it to those that ask for it and to foreign ones"),
    OPT(struct in, output, "output", .arg = "layout:DIR|archive:FILE",
        .help = "also write the image: into an OCI layout, or as a file for docker load and podman load"),
    OPT(struct in, explain, "explain", .help = "say why things are decided and done as they are"),
    CLI_FORMAT(struct in),
    OPT(struct in, events, "events", .arg = "FILE",
        .help = "write what happens as JSON, one object a line; - is standard output"),
    OPT(struct in, layers, "layers", .arg = "overlay|copy", .dflt = "overlay",
        .help = "how the buildpacks see the app and their layers of the build before: as overlays, or as "
                "plain copies"),
    OPT(struct in, runner, "runner", .arg = "namespaces|runc", .dflt = "namespaces", .env = "DEMA_RUNNER",
        .help = "what makes the sandbox; \"dema doctor\" says what works here"),
    OPT(struct in, threads, "threads", .arg = "N", .dflt = "0",
        .help = "threads that make layers; 0 is one for each processor"),
    {0},
};
static const struct opt_instead instead[] = {
    {"path", 'p', "the folder of the app is an argument: dema build DIR"},
    {"builder", 'B', "--build-image and --run-image name what a builder has in one"},
    {"default-process", 'D', "--process TYPE"},
    {"name", 'n', "--tag NAME"},
    {"build-arg", 0, "-e NAME=VALUE is a setting for the buildpacks"},
    {"file", 'f', "buildpacks take the place of a Dockerfile; --buildpack names your own"},
    {"publish", 0,
     "this version writes to no registry; --output archive:FILE or layout:DIR is for other tools"},
    {"push", 0, "this version writes to no registry; --output archive:FILE or layout:DIR is for other tools"},
    {"volume", 'v', "builds get no folders of this machine"},
    {"clear-cache", 0, "\"dema rm NAME\" and \"dema gc\" forget what is kept of the builds before"},
    {"no-cache", 0, "\"dema rm NAME\" and \"dema gc\" forget what is kept of the builds before"},
    {0},
};
extern const struct applet applet_build;
const struct applet applet_build = {
    .name = "build",
    .summary = "Make an app image from a source folder",
    .args = "[PATH]",
    .details =
        "PATH is the folder with the source of the app; without it, the current one. Its files are never "
        "changed, and all of them go into the image, .git and .env too. Without --buildpack the built-in "
        "buildpacks look at the source, and those that fit take part.\n"
        "\n"
        "The same source, buildpacks and images give the same digest, whoever builds, wherever. What a build "
        "before has done is not done again.\n"
        "\n"
        "IMAGE is a name as \"dema images\" lists them, or layout:FOLDER[:NAME] for one of an OCI layout.",
    .examples = "  dema build . -t shop                        build the current folder\n"
                "  dema build . -t shop --check                and see whether it answers\n"
                "  dema build . -t shop -e BP_NODE_VERSION=22  with a setting for the buildpacks\n"
                "  dema build . -t shop --output archive:shop.tar && docker load -i shop.tar\n"
                "  dema build . -t hello -b ./buildpacks/hello with a buildpack of your own",
    .opts = opts,
    .instead = instead,
    .in_size = sizeof(struct in),
    .off_args = offsetof(struct in, args),
    .max_args = 1,
    .run = run,
};
