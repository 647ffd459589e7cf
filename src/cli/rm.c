// SPDX-License-Identifier: Apache-2.0
#include "cli/cli.h"

struct in {
    struct strv names;
};

static int run(struct app_ctx *app, void *in_, struct err *e)
{
    const struct in *in = in_;
    drop_(state_close) struct state *st = NULL;
    drop_(txn_drop) struct txn *t = NULL;
    struct strv done = {0};
    if (cli_state(app, &st, e) < 0)
        return -1;
    if (txn_begin(st, &t, e) < 0)
        return -1;
    for (size_t i = 0; i < in->names.n; i++) {
        struct str name;
        struct state_name now;
        struct err why = {0};
        if (cli_check_name(app, in->names.v[i], e) < 0 || image_name(app->a, in->names.v[i], &name, e) < 0)
            return -1;
        if (strv_has(&done, name))
            return err_set(e, ERR_USAGE, PRI_STR ": is named twice", STR_ARG(in->names.v[i]));
        strv_add(app->a, &done, name);
        const struct digest *old = &now.digest;
        if (state_name_get(st, app->a, name, &now, &why) < 0) {
            if (why.code == ERR_NOT_FOUND)
                return cli_no_image(app, st, in->names.v[i], e);
            if (why.code != ERR_PARSE)
                return *e = why, -1;
            old = &txn_any; // damaged: to remove it is what mends it
        }
        if (txn_name(t, name, old, NULL, e) < 0)
            return -1;
    }
    if (txn_commit(t, e) < 0)
        return -1;
    buf_printf(app->out, "removed %zu %s; \"dema gc\" frees the space\n", in->names.n,
               in->names.n == 1 ? "name" : "names");
    return 0;
}

extern const struct applet applet_rm;
const struct applet applet_rm = {
    .name = "rm",
    .summary = "Remove names of images",
    .args = "IMAGE…",
    .examples = "  dema rm shop\n  dema rm shop team/shop:1 && dema gc",
    .details = "What only these images need stays on disk until \"dema gc\" removes it.",
    .in_size = sizeof(struct in),
    .off_args = offsetof(struct in, names),
    .min_args = 1,
    .max_args = 1000,
    .run = run,
};
