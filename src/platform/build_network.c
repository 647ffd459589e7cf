// SPDX-License-Identifier: Apache-2.0
// Which network bin/build gets (architecture.md §5): none, unless one of those that take part has a reason.
#include "platform/build_priv.h"

static void tell(struct building *b, struct str text)
{
    event_emit(
        b->o->ev,
        &(struct event){.kind = EV_FACT, .phase = STR("build"), .subject = STR("network"), .text = text});
}

// *why stays empty where nobody needs one.
static int look_for_reason(struct building *b, struct str *why, struct err *e)
{
    for (size_t i = 0; i < b->group.buildpacks.n && !why->n; i++) {
        const struct cnb_ref *ref = &b->group.buildpacks.v[i];
        const struct build_buildpack *bp = buildpacks_get(&b->buildpacks, ref->id, ref->version);
        bool asks;
        if (!bp)
            return err_set(e, ERR_PROTOCOL,
                           "detector: group.toml: " PRI_STR "@" PRI_STR " was not to be tried",
                           STR_ARG(ref->id), STR_ARG(ref->version));
        if (buildpacks_network(b->a, bp, &asks, e) < 0)
            return err_wrap(e, "buildpack %s", bp->dir);
        if (asks)
            *why = str_printf(b->a, PRI_STR " asks for it: its recipe.toml says `network = true`",
                              STR_ARG(ref->id));
        else if (!bp->recipe)
            *why = str_printf(b->a, PRI_STR " is not made of a recipe, so it may need it", STR_ARG(ref->id));
    }
    return 0;
}

int build_choose_network(struct building *b, struct err *e)
{
    struct str why = STR("");
    if (look_for_reason(b, &why, e) < 0)
        return -1;
    b->network = b->o->network == BUILD_NET_HOST || (b->o->network == BUILD_NET_AUTO && why.n);
    switch (b->o->network) {
    case BUILD_NET_AUTO:
        tell(b, why.n ? str_printf(b->a, "the host's: " PRI_STR, STR_ARG(why))
                      : STR("none: no buildpack that takes part asks for it; what their catalogues list is "
                            "downloaded outside"));
        break;
    case BUILD_NET_HOST:
        tell(b, STR("the host's: that is what was asked for"));
        break;
    case BUILD_NET_NONE:
        tell(b, why.n ? str_printf(b->a, "none: that is what was asked for, but " PRI_STR, STR_ARG(why))
                      : STR("none: that is what was asked for"));
        break;
    }
    return 0;
}
