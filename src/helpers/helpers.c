// SPDX-License-Identifier: Apache-2.0
#include "helpers/helpers.h"

static const struct helper helpers[] = {
    {"ca-certificates", helper_certificates, "trust the certificates of bindings"},
    {"inspector", helper_inspector, "BPL_DEBUG_ENABLED: Node.js waits for a debugger"},
    {"optimize-memory", helper_optimize_memory, "the heap of Node.js fits the container"},
    {"setup-symlinks", helper_setup_symlinks, "links that lead out of the image"},
};

// "12-name" → "name"
static struct str without_index(struct str name)
{
    size_t at = 0;
    while (at < name.n && name.p[at] >= '0' && name.p[at] <= '9')
        at++;
    return at && at < name.n && name.p[at] == '-' ? str_from(name, at + 1) : name;
}

int helper_find(const char *self, const struct helper **out, struct err *e)
{
    struct str name = str_of(self);
    size_t at;
    if (str_find_last(name, '/', &at))
        name = str_from(name, at + 1);
    name = without_index(name);
    for (size_t i = 0; i < COUNT(helpers); i++) {
        if (str_is(name, helpers[i].name)) {
            *out = &helpers[i];
            return 0;
        }
    }
    return err_set(e, ERR_USAGE, "%s: not a helper; there are %s, %s, %s, %s", self, helpers[0].name,
                   helpers[1].name, helpers[2].name, helpers[3].name);
}

struct str helper_env(const struct strmap *env, const char *name)
{
    const struct str *set = strmap_get(env, str_of(name));
    return set ? *set : STR("");
}

int helper_flag(const struct strmap *env, const char *name, bool *out, struct err *e)
{
    struct str set = helper_env(env, name);
    bool on = false;
    if (!set.n || str_bool(set, &on)) {
        *out = on;
        return 0;
    }
    return err_set(e, ERR_USAGE, "%s: is \"" PRI_STR "\", want true or false", name, STR_ARG(set));
}

void helper_node_option(struct arena *a, const struct strmap *env, struct str word, struct strmap *out)
{
    struct str now = str_trim(helper_env(env, "NODE_OPTIONS"));
    struct str all = str_printf(a, PRI_STR "%s" PRI_STR, STR_ARG(now), now.n ? " " : "", STR_ARG(word));
    strmap_set(a, out, STR("NODE_OPTIONS"), all);
}
