// SPDX-License-Identifier: Apache-2.0
#include "platform/run.h"
#include "cli/cli.h"
#include "platform/stop.h"
#include <sys/wait.h>
#include <unistd.h>

struct in {
    struct strv args, env, env_files;
    struct str entrypoint, runner;
    bool offline;
};

static int run(struct app_ctx *app, void *in_, struct err *e)
{
    const struct in *in = in_;
    drop_(state_close) struct state *st = NULL;
    struct strmap env = {0};
    unsigned runner;
    struct run_out out;
    struct str image;
    drop_fd int stop = -1;
    if (cli_runner(in->runner, &runner, e) < 0 || cli_env_files(app, &in->env_files, &env, e) < 0 ||
        cli_env(app, &in->env, &env, e) < 0 || cli_state(app, &st, e) < 0 ||
        cli_image(app, st, in->args.v[0], CLI_UNNAMED, &image, e) < 0 || stop_open(&stop, e) < 0)
        return -1;
    struct run_in how = {.st = st,
                         .ev = app->ev,
                         .image = image,
                         .args = {in->args.v + 1, in->args.n - 1, 0},
                         .entrypoint = in->entrypoint,
                         .env = &env,
                         .runner = (enum sbx_runner)runner,
                         .offline = in->offline,
                         .log_fd = STDOUT_FILENO,
                         .stop_fd = stop,
                         .temp_dir = cli_temp_dir(app)};
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
    .in_size = sizeof(struct in),
    .off_args = offsetof(struct in, args),
    .min_args = 1,
    .max_args = 10000,
    .rest = true,
    .run = run,
};
