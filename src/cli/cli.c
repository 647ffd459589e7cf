// SPDX-License-Identifier: Apache-2.0
#include "cli/cli.h"
#include "base/clock.h"
#include "base/file.h"
#include "base/limits.h"
#include "document/json.h"
#include "sandbox/sandbox.h"
#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

static struct str env_text(struct app_ctx *app, struct str name)
{
    const struct str *v = strmap_get(&app->env, name);
    return v ? *v : STR("");
}

int cli_data_dir(struct app_ctx *app, const char **out, struct err *e)
{
    struct str own = env_text(app, STR("DEMA_DATA")), xdg = env_text(app, STR("XDG_DATA_HOME")),
               home = env_text(app, STR("HOME"));
    if (own.n && own.p[0] != '/') { // it is named to programs that stand elsewhere
        drop_free char *here = getcwd(NULL, 0);
        if (!here)
            return err_sys(e, "the current directory");
        own = path_join(app->a, str_of(here), own);
    }
    if (own.n) {
        *out = str_c(app->a, own);
        return 0;
    }
    if (xdg.n && xdg.p[0] == '/') {
        *out = arena_printf(app->a, PRI_STR "/dema", STR_ARG(xdg));
        return 0;
    }
    if (!home.n || home.p[0] != '/')
        return err_set(e, ERR_USAGE,
                       "data directory: neither XDG_DATA_HOME nor HOME names one; set DEMA_DATA");
    *out = arena_printf(app->a, PRI_STR "/.local/share/dema", STR_ARG(home));
    return 0;
}

int cli_state(struct app_ctx *app, struct state **out, struct err *e)
{
    const char *dir;
    return cli_data_dir(app, &dir, e) < 0 ? -1 : state_open(dir, NULL, out, e);
}

const char *cli_temp_dir(struct app_ctx *app)
{
    struct str tmp = env_text(app, STR("TMPDIR"));
    return tmp.n && tmp.p[0] == '/' ? str_c(app->a, tmp) : "/tmp";
}

// Programs and shells of images want names such as these; dots and dashes are in use.
static bool name_ok(struct str name)
{
    for (size_t i = 0; i < name.n; i++)
        if (name.p[i] <= ' ' || name.p[i] == 0x7f)
            return false;
    char c = name.n ? name.p[0] : 0;
    return c == '_' || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

int cli_env(struct app_ctx *app, const struct strv *words, struct strmap *env, struct err *e)
{
    for (size_t i = 0; i < words->n; i++) {
        size_t eq = 0;
        bool pair = str_find(words->v[i], '=', &eq);
        struct str name = pair ? str_head(words->v[i], eq) : words->v[i];
        if (name.n && !name_ok(name))
            return err_set(e, ERR_USAGE,
                           "variable \"" PRI_STR
                           "\": want NAME=VALUE, with a name that begins with a letter or "
                           "_ and has no blanks",
                           STR_ARG(str_printable(app->a, words->v[i], 60)));
        if (pair && eq) {
            strmap_set(app->a, env, str_head(words->v[i], eq), str_from(words->v[i], eq + 1));
            continue;
        }
        const struct str *own = pair ? NULL : strmap_get(&app->env, words->v[i]);
        if (!own)
            return err_set(e, ERR_USAGE,
                           "variable \"" PRI_STR "\": want NAME=VALUE, or the name of one that is set here",
                           STR_ARG(str_printable(app->a, words->v[i], 100)));
        strmap_set(app->a, env, words->v[i], *own);
    }
    return 0;
}

static int env_file(struct app_ctx *app, const char *path, struct strmap *env, struct err *e)
{
    drop_buf struct buf text = BUF_INIT(LIMIT_DOCUMENT);
    if (file_read(AT_FDCWD, path, &text, e) < 0)
        return -1;
    struct str rest = str_dup(app->a, buf_view(&text)), line;
    for (unsigned n = 1; str_next_line(&rest, &line); n++) {
        struct str word = str_trim(line);
        struct strv one = {&word, 1, 1};
        if (!word.n || word.p[0] == '#')
            continue;
        if (str_has_nul(word))
            return err_set(e, ERR_USAGE, "%s:%u: a NUL byte", path, n);
        word = line; // blanks belong to the value
        if (cli_env(app, &one, env, e) < 0)
            return err_wrap(e, "%s:%u", path, n);
    }
    return 0;
}

int cli_env_files(struct app_ctx *app, const struct strv *files, struct strmap *env, struct err *e)
{
    for (size_t i = 0; i < files->n; i++)
        if (env_file(app, str_c(app->a, files->v[i]), env, e) < 0)
            return err_wrap(e, "--env-file");
    return 0;
}

int cli_runner(struct str name, unsigned *out, struct err *e)
{
    if (str_is(name, sbx_runner_name(SBX_IN_PLACE)))
        return err_set(e, ERR_USAGE,
                       "--runner " PRI_STR
                       ": want namespaces or runc: images are mounted, and in place nothing can "
                       "be; where neither works the phase executables do without",
                       STR_ARG(name));
    for (unsigned r = 0; r < SBX_RUNNER_MAX_; r++) {
        if (str_is(name, sbx_runner_name((enum sbx_runner)r))) {
            *out = r;
            return 0;
        }
    }
    return err_set(e, ERR_USAGE, "--runner " PRI_STR ": want namespaces or runc", STR_ARG(name));
}

int cli_how(struct str word, enum cli_how *out, struct err *e)
{
    if (word.n && !str_is(word, "text") && !str_is(word, "json"))
        return err_set(e, ERR_USAGE, "--format " PRI_STR ": want text or json", STR_ARG(word));
    *out = str_is(word, "json") ? CLI_JSON : CLI_TEXT;
    return 0;
}

void cli_print_json(struct app_ctx *app, const struct val *v)
{
    json_write(v, JSON_PRETTY, app->out);
    buf_char(app->out, '\n');
}

void cli_print_table(struct app_ctx *app, enum cli_how how, const struct table *t, const char *none)
{
    if (how == CLI_TEXT) {
        table_text(t, app->out);
        if (none && !table_rows(t))
            fprintf(stderr, "%s\n", none);
        return;
    }
    struct val *list = ARENA_NEW(app->a, struct val);
    val_set_list(list);
    table_json(t, list);
    cli_print_json(app, list);
}

struct str cli_digest(struct arena *a, const struct digest *d)
{
    char text[DIGEST_TEXT];
    return str_dup(a, str_of(digest_text(d, text)));
}

struct cell cli_cell_digest(struct arena *a, const struct digest *d)
{
    char hex[DIGEST_TEXT];
    return cell_both(str_printf(a, "%.12s", digest_hex(d, hex)), cli_digest(a, d));
}

struct cell cli_cell_time(struct arena *a, struct str created)
{
    struct err ignored = {0};
    int64_t sec;
    bool known = clock_parse(created, &sec, &ignored) == 0;
    return cell_both(known ? text_age(a, sec, clock_now_sec()) : STR("-"), created);
}
