// SPDX-License-Identifier: Apache-2.0
#include "base/file.h"
#include "cli/cli.h"
#include "ui/exitcode.h"
#include "ui/render.h"
#include <errno.h>
#include <stdio.h>
#include <unistd.h>

enum { OUTPUT_MAX = 64 << 20 };

static bool begins(const char *text, const char *word)
{
    return strncmp(text, word, strlen(word)) == 0;
}

// Of the app's folder, whose files all go into the image.
static bool is_of_app(const struct err *e)
{
    return begins(e->chain, "app: ") || begins(e->cause, "app: ");
}

static const char *io_hint(const struct err *e)
{
    switch (e->sys) {
    case ENOSPC:
    case EDQUOT:
        return "the disk is full: \"dema du\" says what takes how much, \"dema gc\" removes what no image "
               "needs, "
               "DEMA_DATA and TMPDIR name other places";
    case EACCES:
    case EPERM:
        return is_of_app(e)
                   ? "all files of the folder go into the image: make it readable (chmod u+r, for folders "
                     "u+rx), or move it out of the folder"
                   : "this user may not do that; \"dema doctor\" says what this machine lets us do";
    case EROFS:
        return "DEMA_DATA names another place for what dema keeps, TMPDIR for what is temporary";
    case EMFILE:
    case ENFILE:
        return "too many files are open: ulimit -n raises the limit";
    default:
        return NULL;
    }
}

static const char *hint(const struct err *e)
{
    switch (e->code) {
    case ERR_USAGE:
        return "\"dema --help\" lists the commands, \"dema COMMAND --help\" tells all about one";
    case ERR_BUSY:
        return "somebody else is at it; try again when they are done";
    case ERR_NETWORK:
        return "is the network there? proxies are taken from HTTPS_PROXY and friends";
    case ERR_DENIED:
        if (e->sys && is_of_app(e))
            return io_hint(e);
        return strstr(e->cause, "read-only") || strstr(e->cause, "cannot hold a state")
                   ? "DEMA_DATA names another place for what dema keeps"
                   : "\"dema doctor\" says what this machine lets us do";
    case ERR_DIGEST:
        return "what came is not what was named: try again, and if it stays so, do not trust the source";
    case ERR_API:
        return strstr(e->cause, "newer dema") ? "use that dema, or another folder: DEMA_DATA=DIR" : NULL;
    case ERR_BUILDPACK:
        return "what it said itself stands above; \"dema build --explain\" says why a buildpack takes "
               "part, \"dema build --help\" how to choose others";
    case ERR_IO:
        return io_hint(e);
    case ERR_NONE:
    case ERR_PARSE:
    case ERR_NOT_FOUND:
    case ERR_PROTOCOL:
    case ERR_LIMIT:
    case ERR_CANCELLED:
    case ERR_CODE_MAX_:
        return NULL;
    }
    return NULL;
}

static int report(const struct err *e)
{
    char text[640];
    fprintf(stderr, "dema: %s\n", err_text(e, text, sizeof text));
    if (hint(e))
        fprintf(stderr, "      %s\n", hint(e));
    return exit_code(PHASE_NONE, e->code);
}

static int print(const struct buf *out)
{
    struct err e = {0};
    if (buf_finish(out, "output", &e) < 0 ||
        file_write_all(STDOUT_FILENO, out->p ? out->p : "", out->n, &e) < 0)
        return report(&e);
    return 0;
}

static int run(struct app_ctx *app, int argc, char **argv)
{
    const struct applet *ap;
    struct err e = {0};
    enum opt_result what;
    int used;
    if (argc > 1 && strcmp(argv[0], "help") == 0) {
        argc--;
        argv++;
        if (applet_pick(cli_manual.applets, argc, argv, &ap, &used, &e) < 0)
            return report(&e);
        applet_help(ap, cli_manual.program, app->out);
        return 0;
    }
    if (applet_pick(cli_manual.applets, argc, argv, &ap, &used, &e) < 0)
        return report(&e);
    void *in = arena_get(app->a, ap->in_size ? ap->in_size : 1, _Alignof(max_align_t));
    struct strv words = {0};
    for (int i = used; i < argc; i++)
        strv_add(app->a, &words, str_of(argv[i]));
    if (opt_parse(ap, app, words, in, &what, &e) < 0)
        return report(&e);
    if (what == OPT_HELP) {
        applet_help(ap, cli_manual.program, app->out);
        return 0;
    }
    if (what == OPT_VERSION)
        return applet_version.run(app, in, &e);
    int rc = ap->run(app, in, &e);
    if (app->render)
        render_settle(app->render);
    if (rc == 0)
        return app->exit_code;
    // What was done comes before what was not.
    int printed = print(app->out);
    buf_clear(app->out);
    return printed ? printed : report(&e);
}

static void print_more_help(struct buf *out)
{
    size_t n;
    const struct exit_row *rows = exit_rows(&n);
    buf_text(out, "\nFirst steps:\n"
                  "  dema doctor                              can this machine make sandboxes?\n"
                  "  dema base create bases/run-base.toml     what app images stand on\n"
                  "  dema base create bases/build-base.toml   what buildpacks run in\n"
                  "  dema build . -t shop                     an image of the source in this folder\n"
                  "  dema run shop                            starts it\n"
                  "\nExit codes:\n");
    for (size_t i = 0; i < n; i++)
        if (rows[i].phase == PHASE_NONE)
            buf_printf(out, "  %-3d  %s\n", rows[i].exit, rows[i].meaning);
    buf_text(
        out,
        "\nEnvironment variables that count: man dema, or docs/reference/environment.md in its sources.\n");
}

static int start(struct app_ctx *app, int argc, char **argv)
{
    bool none = argc < 2 || strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0 ||
                (argc == 2 && strcmp(argv[1], "help") == 0);
    if (none) {
        applet_list(cli_manual.applets, cli_manual.program,
                    arena_printf(app->a, "%s: %s.", cli_manual.program, cli_manual.summary), app->out);
        print_more_help(app->out);
        return argc < 2 ? 2 : 0;
    }
    if (strcmp(argv[1], "--man") == 0) {
        manual_man(&cli_manual, app->out);
        return 0;
    }
    if (strcmp(argv[1], "--version") == 0) {
        struct err e = {0};
        return applet_version.run(app, NULL, &e);
    }
    return run(app, argc - 1, argv + 1);
}

int main(int argc, char **argv, char **envp)
{
    drop_(arena_free) struct arena *a = arena_new(1 << 16);
    drop_buf struct buf out = BUF_INIT(OUTPUT_MAX);
    struct app_ctx app = {.a = a, .out = &out, .argv0 = str_of(argv[0]), .terminal = isatty(STDERR_FILENO)};
    for (; *envp; envp++) {
        struct str pair = str_of(*envp);
        size_t eq;
        if (str_find(pair, '=', &eq) && eq)
            strmap_set(a, &app.env, str_head(pair, eq), str_from(pair, eq + 1));
    }
    const struct str *term = strmap_get(&app.env, STR("TERM"));
    bool lines = !app.terminal || !term || !term->n || str_is(*term, "dumb");
    struct render_opts how = {.style = lines ? RENDER_PLAIN : RENDER_TERMINAL,
                              .fd = STDERR_FILENO,
                              .harmless = app.terminal,
                              .colour = !lines && !strmap_get(&app.env, STR("NO_COLOR"))};
    drop_(render_free) struct render *r = render_new(&how);
    app.ev = render_events(r);
    app.render = r;
    int code = start(&app, argc, argv), printed = print(&out);
    return code ? code : printed;
}
