// SPDX-License-Identifier: Apache-2.0
#include "platform/run.h"
#include "cli/about.h"
#include "cli/cli.h"
#include "platform/stop.h"
#include "platform/words.h"
#include <sys/wait.h>
#include <unistd.h>

struct in {
    struct strv args, env, env_files;
    struct str entrypoint, runner;
    bool offline;
};

// A process type that the image does not have, before anything is started.
static int check_entrypoint(struct app_ctx *app, struct state *st, struct str name, struct str type,
                            struct err *e)
{
    struct image img;
    struct about about;
    struct strv types = {0};
    size_t slash;
    if (!type.n || str_find(type, '/', &slash))
        return 0;
    if (image_load(st, app->a, name, NULL, &img, e) < 0)
        return -1;
    about_image(app->a, &img, &about);
    for (size_t i = 0; i < about.processes.n; i++)
        strv_add(app->a, &types, about.processes.v[i].type);
    if (strv_has(&types, type) || !manifest_is_image(&img.manifest))
        return 0;
    return err_set(e, ERR_NOT_FOUND,
                   PRI_STR ": no process type \"" PRI_STR "\"; it has: " PRI_STR
                           "; programs are named by a path",
                   STR_ARG(cli_short_name(app->a, name)), STR_ARG(str_printable(app->a, type, 60)),
                   STR_ARG(words_list(app->a, &types, 80)));
}

// "dema run shop --entrypoint web" starts the app with these two words.
static void warn_of_options(struct app_ctx *app, const struct in *in)
{
    static const char *const own[] = {"--entrypoint", "--env", "--env-file", "--offline", "--runner", "-e"};
    for (size_t i = 0; in->args.n > 1 && i < COUNT(own); i++)
        if (str_is(in->args.v[1], own[i]))
            event_warn(app->ev, NULL,
                       "%s stands behind the image and goes to the app; dema's own options stand "
                       "before the image",
                       own[i]);
}

static int run(struct app_ctx *app, void *in_, struct err *e)
{
    const struct in *in = in_;
    drop_(state_close) struct state *st = NULL;
    struct strmap env = {0};
    unsigned runner;
    struct run_out out;
    struct str image;
    const struct str *bindings = strmap_get(&app->env, STR(BINDING_ROOT));
    drop_fd int stop = -1, lease = -1;
    if (cli_runner(in->runner, &runner, e) < 0 || cli_env_files(app, &in->env_files, &env, e) < 0 ||
        cli_env(app, &in->env, &env, e) < 0 || cli_state(app, &st, e) < 0 ||
        cli_lease(st, in->args.v[0], &lease, e) < 0 ||
        cli_image(app, st, in->args.v[0], CLI_UNNAMED, &image, e) < 0 ||
        check_entrypoint(app, st, image, in->entrypoint, e) < 0 || stop_open(&stop, e) < 0)
        return -1;
    warn_of_options(app, in);
    struct run_in how = {.st = st,
                         .ev = app->ev,
                         .image = image,
                         .args = {in->args.v + 1, in->args.n - 1, 0},
                         .entrypoint = in->entrypoint,
                         .env = &env,
                         .runner = (enum sbx_runner)runner,
                         .bindings = bindings ? *bindings : STR(""),
                         .offline = in->offline,
                         .log_fd = STDOUT_FILENO,
                         .stop_fd = stop,
                         .temp_dir = cli_temp_dir(app),
                         .lease = &lease};
    if (run_image(app->a, &how, &out, e) < 0)
        return -1;
    app->exit_code = WIFEXITED(out.status) ? WEXITSTATUS(out.status) : 128 + WTERMSIG(out.status);
    return 0;
}

static const struct opt opts[] = {
    OPT(struct in, env, "env", .letter = 'e', .arg = "NAME=VALUE",
        .help = "variable for the app; NAME alone passes on the value that it has here"),
    OPT(struct in, env_files, "env-file", .arg = "FILE", .help = "file with such variables, one a line"),
    OPT(struct in, entrypoint, "entrypoint", .arg = "TYPE|PATH",
        .help = "process type of the image, or program in it, to start instead"),
    OPT(struct in, offline, "offline", .help = "the app gets no network but a loopback of its own"),
    OPT(struct in, runner, "runner", .arg = "namespaces|runc", .dflt = "namespaces", .env = "DEMA_RUNNER",
        .help = "what makes the sandbox; \"dema doctor\" says what works here"),
    {0},
};
static const struct opt_instead instead[] = {
    {"publish", 'p', "the app has the network of this machine; say where it listens with -e PORT=8080"},
    {"process", 0, "--entrypoint TYPE starts another process type"},
    {"volume", 'v', "an image gets no folders of this machine"},
    {"detach", 'd', "it runs until it ends; your shell can put it behind, with & at the end"},
    {"rm", 0, "nothing of a run is left anyway"},
    {"interactive", 'i', "an app gets no input"},
    {"tty", 't', "an app gets no terminal"},
    {"network", 0, "--offline is without network, else it is this machine's"},
    {0},
};
extern const struct applet applet_run;
const struct applet applet_run = {
    .name = "run",
    .summary = "Start an image in a sandbox",
    .args = "IMAGE [ARGUMENT…]",
    .details =
        "IMAGE is a name as \"dema images\" lists them. Arguments go to what the image starts, in place of "
        "the arguments it would get otherwise; another program is started by --entrypoint. Options of dema "
        "stand before IMAGE. The exit code is the app's.\n"
        "\n"
        "The app uses the network of this machine: a port that it listens on is a port of this machine, and "
        "none is mapped to another. Most apps take theirs from PORT, as in the second example.",
    .examples = "  dema run shop\n  dema run -e PORT=8081 shop\n  dema run --entrypoint worker shop",
    .opts = opts,
    .instead = instead,
    .in_size = sizeof(struct in),
    .off_args = offsetof(struct in, args),
    .min_args = 1,
    .max_args = 10000,
    .rest = true,
    .run = run,
};
