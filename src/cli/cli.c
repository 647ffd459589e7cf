// SPDX-License-Identifier: Apache-2.0
#include "cli/cli.h"
#include "document/json.h"
#include "sandbox/sandbox.h"

static struct str env_text(struct app_ctx *app, struct str name)
{
    const struct str *v = strmap_get(&app->env, name);
    return v ? *v : STR("");
}

int cli_data_dir(struct app_ctx *app, const char **out, struct err *e)
{
    struct str own = env_text(app, STR("DEMA_DATA")), xdg = env_text(app, STR("XDG_DATA_HOME")),
               home = env_text(app, STR("HOME"));
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

int cli_env(struct app_ctx *app, const struct strv *words, struct strmap *env, struct err *e)
{
    for (size_t i = 0; i < words->n; i++) {
        size_t eq = 0;
        bool pair = str_find(words->v[i], '=', &eq);
        if (pair && eq) {
            strmap_set(app->a, env, str_head(words->v[i], eq), str_from(words->v[i], eq + 1));
            continue;
        }
        const struct str *own = pair ? NULL : strmap_get(&app->env, words->v[i]);
        if (!own)
            return err_set(e, ERR_USAGE,
                           "--env " PRI_STR ": want NAME=VALUE, or the name of a variable that is set",
                           STR_ARG(words->v[i]));
        strmap_set(app->a, env, words->v[i], *own);
    }
    return 0;
}

int cli_runner(struct str name, unsigned *out, struct err *e)
{
    for (unsigned r = 0; r < SBX_RUNNER_MAX_; r++) {
        if (str_is(name, sbx_runner_name((enum sbx_runner)r))) {
            *out = r;
            return 0;
        }
    }
    return err_set(e, ERR_USAGE, "--runner " PRI_STR ": want namespaces, in-place or runc", STR_ARG(name));
}

struct str cli_size(struct arena *a, uint64_t bytes)
{
    static const char *const units[] = {"B", "kB", "MB", "GB", "TB"};
    double size = (double)bytes;
    size_t unit = 0;
    for (; size >= 1000 && unit + 1 < COUNT(units); unit++)
        size /= 1000;
    return str_printf(a, unit ? "%.1f %s" : "%.0f %s", size, units[unit]);
}

int cli_output(struct str word, enum cli_output *out, struct err *e)
{
    if (word.n && !str_is(word, "text") && !str_is(word, "json"))
        return err_set(e, ERR_USAGE, "--output " PRI_STR ": want text or json", STR_ARG(word));
    *out = str_is(word, "json") ? CLI_JSON : CLI_TEXT;
    return 0;
}

void cli_print_json(struct app_ctx *app, const struct val *v)
{
    json_write(v, JSON_PRETTY, app->out);
    buf_char(app->out, '\n');
}
