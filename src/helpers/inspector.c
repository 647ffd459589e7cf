// SPDX-License-Identifier: Apache-2.0
#include "helpers/helpers.h"

static bool has_inspect(struct str options)
{
    struct str word;
    while (str_cut(&options, ' ', &word))
        if (str_has_prefix(word, "--inspect"))
            return true;
    return false;
}

int helper_inspector(struct arena *a, const struct helper_in *in, struct strmap *out, struct err *e)
{
    struct str set = helper_env(in->env, "BPL_DEBUG_PORT"), word = STR("--inspect");
    uint64_t port = 0;
    bool enabled;
    if (helper_flag(in->env, "BPL_DEBUG_ENABLED", &enabled, e) < 0)
        return -1;
    if (!enabled || has_inspect(helper_env(in->env, "NODE_OPTIONS")))
        return 0;
    if (set.n && !str_u64(set, 1, 65535, &port))
        return err_set(e, ERR_USAGE, "BPL_DEBUG_PORT: is \"" PRI_STR "\", want 1 to 65535", STR_ARG(set));
    if (set.n)
        word = str_printf(a, "--inspect=127.0.0.1:%ju", (uintmax_t)port);
    helper_node_option(a, in->env, word, out);
    return 0;
}
