// SPDX-License-Identifier: Apache-2.0
// Which layers of an image are new, and why.
#include "lifecycle/export.h"
#include "platform/build_priv.h"

enum { VALUE_SHOWN = 48, DEPTH_MAX = 8 };

static struct str text_of(struct arena *a, const struct val *v)
{
    switch (v->kind) {
    case VAL_STR:
        return v->s.n > VALUE_SHOWN
                   ? str_printf(a, PRI_STR "…",
                                STR_ARG(str_printable(a, str_head(v->s, VALUE_SHOWN / 2), VALUE_SHOWN)))
                   : str_printable(a, v->s, VALUE_SHOWN);
    case VAL_NUM:
    case VAL_TIME:
        return str_printable(a, v->s, VALUE_SHOWN);
    case VAL_INT:
        return str_printf(a, "%lld", (long long)v->i);
    case VAL_BOOL:
        return v->b ? STR("true") : STR("false");
    case VAL_NULL:
    case VAL_LIST:
    case VAL_MAP:
    case VAL_KIND_MAX_:
        break;
    }
    return STR("");
}

// Says nothing to people: that it is another one is all there is to say.
static bool is_sum(const struct val *v)
{
    return v->kind == VAL_STR && digest_parse(v->s, &(struct digest){0}, NULL) == 0;
}

// The first value of metadata that differs, as "version 24.20.0, was 24.19.0". false: none does.
static bool differs(struct arena *a, const struct val *is, const struct val *was, unsigned depth,
                    struct str *out)
{
    if (depth > DEPTH_MAX || !is || is->kind != VAL_MAP)
        return false;
    for (size_t i = 0; i < is->c.n; i++) {
        const struct val *v = &is->c.v[i], *old = was ? val_get(was, is->c.key[i]) : NULL;
        struct str key = str_printable(a, is->c.key[i], VALUE_SHOWN);
        if (old && val_eq(v, old))
            continue;
        if (old && v->kind == VAL_MAP && old->kind == VAL_MAP && differs(a, v, old, depth + 1, out))
            return true;
        struct str now = text_of(a, v), before = old ? text_of(a, old) : STR("");
        if (is_sum(v))
            *out = str_printf(a, PRI_STR " %s", STR_ARG(key), old ? "changed" : "is new");
        else if (!old)
            *out = str_printf(a, PRI_STR " " PRI_STR ", was not there", STR_ARG(key), STR_ARG(now));
        else if (now.n && before.n)
            *out = str_printf(a, PRI_STR " " PRI_STR ", was " PRI_STR, STR_ARG(key), STR_ARG(now),
                              STR_ARG(before));
        else
            *out = str_printf(a, PRI_STR " is another one", STR_ARG(key));
        return true;
    }
    return false;
}

static struct str gone_key(struct arena *a, const struct val *is, const struct val *was)
{
    for (size_t i = 0; was && was->kind == VAL_MAP && i < was->c.n; i++)
        if (!is || !val_get(is, was->c.key[i]))
            return str_printf(a, PRI_STR " is gone", STR_ARG(str_printable(a, was->c.key[i], VALUE_SHOWN)));
    return STR("");
}

static struct str what_differs(struct arena *a, const struct val *is, const struct val *was)
{
    struct str why = STR("");
    return differs(a, is, was, 0, &why) ? why : gone_key(a, is, was);
}

static struct str why_of_buildpack(struct arena *a, const struct lm_layer *is, const struct lm_layer *was)
{
    if (!was)
        return STR("new");
    struct str why = is ? what_differs(a, is->data, was->data) : STR("");
    return why.n ? why : STR("files changed");
}

// The layers that are no buildpack's.
static bool had_before(const struct lifecycle_metadata *was, struct str name)
{
    return str_has_suffix(name, ":launcher")        ? was->launcher.n > 0
           : str_has_suffix(name, ":config")        ? was->config.n > 0
           : str_has_suffix(name, ":process-types") ? was->process_types.n > 0
           : str_has_suffix(name, ":launch.sbom")   ? was->sbom.n > 0
                                                    : was->app.n > 0;
}

struct str build_why(struct arena *a, const struct lifecycle_metadata *is,
                     const struct lifecycle_metadata *was, struct str name)
{
    size_t colon;
    if (!was)
        return STR("new");
    if (!str_find_last(name, ':', &colon) || str_has_prefix(name, "buildpacksio/lifecycle:"))
        return had_before(was, name) ? STR("files changed") : STR("new");
    struct str bp = str_head(name, colon), layer = str_from(name, colon + 1);
    return why_of_buildpack(a, lm_find(is, bp, layer), lm_find(was, bp, layer));
}

struct str build_why_same(struct arena *a, const struct lifecycle_metadata *is,
                          const struct lifecycle_metadata *was, struct str name)
{
    size_t colon;
    if (!was || !str_find_last(name, ':', &colon))
        return STR("");
    const struct lm_layer *now = lm_find(is, str_head(name, colon), str_from(name, colon + 1));
    const struct lm_layer *before = lm_find(was, str_head(name, colon), str_from(name, colon + 1));
    return now && before ? what_differs(a, now->data, before->data) : STR("");
}
