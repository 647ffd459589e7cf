// SPDX-License-Identifier: Apache-2.0
#include "cli/cli.h"
#include "document/val.h"
#include "sandbox/sandbox.h"

struct in {
    struct str format;
};

static void print_text(struct app_ctx *app, const struct sbx_state *s)
{
    buf_printf(app->out, "%-11s %s\n", sbx_runner_name(s->runner), s->works ? "works" : "does not work");
    if (!s->works)
        buf_printf(app->out, "            why: " PRI_STR "\n", STR_ARG(s->why));
    if (s->enable.n)
        buf_printf(app->out, "            to enable it: " PRI_STR "\n", STR_ARG(s->enable));
    for (size_t i = 0; i < s->missing.n; i++)
        buf_printf(app->out, "            not enforced: " PRI_STR "\n", STR_ARG(s->missing.v[i]));
}

static void add_json(struct app_ctx *app, struct val *list, const struct sbx_state *s)
{
    struct val *v = val_add(app->a, list), *missing;
    val_set_map(v);
    val_set_str(val_put(app->a, v, STR("runner")), str_of(sbx_runner_name(s->runner)));
    val_set_bool(val_put(app->a, v, STR("works")), s->works);
    if (s->why.n)
        val_set_str(val_put(app->a, v, STR("why")), s->why);
    if (s->enable.n)
        val_set_str(val_put(app->a, v, STR("enable")), s->enable);
    missing = val_put(app->a, v, STR("missing"));
    val_set_list(missing);
    for (size_t i = 0; i < s->missing.n; i++)
        val_set_str(val_add(app->a, missing), s->missing.v[i]);
}

static int run(struct app_ctx *app, void *in_, struct err *e)
{
    const struct in *in = in_;
    enum cli_how how;
    struct sbx_state states[SBX_RUNNER_MAX_];
    if (cli_how(in->format, &how, e) < 0)
        return -1;
    sbx_doctor(app->a, states);
    struct val *list = ARENA_NEW(app->a, struct val);
    val_set_list(list);
    bool any = false;
    for (size_t i = 0; i < SBX_RUNNER_MAX_; i++) {
        any |= states[i].works;
        if (how == CLI_JSON)
            add_json(app, list, &states[i]);
        else
            print_text(app, &states[i]);
    }
    if (how == CLI_JSON)
        cli_print_json(app, list);
    app->exit_code = any ? 0 : 1;
    return 0;
}

static const struct opt opts[] = {
    CLI_FORMAT(struct in),
    {0},
};
extern const struct applet applet_doctor;
const struct applet applet_doctor = {
    .name = "doctor",
    .summary = "Say which sandboxes work on this machine",
    .details =
        "Each way to make a sandbox is tried. Where one does not work, the reason is told and what would "
        "enable it. The exit code is 1 when none works.",
    .examples = "  dema doctor\n  dema doctor -o json",
    .opts = opts,
    .in_size = sizeof(struct in),
    .run = run,
};
