// SPDX-License-Identifier: Apache-2.0
#include "cnb/target.h"

static bool same_or_any(struct str a, struct str b)
{
    return !a.n || !b.n || str_eq(a, b);
}

static bool distro_fits(const struct cnb_target *wanted, const struct cnb_target *base)
{
    if (!wanted->distros.n)
        return true;
    if (!base->distros.n)
        return false;
    for (size_t i = 0; i < wanted->distros.n; i++)
        if (same_or_any(wanted->distros.v[i].name, base->distros.v[0].name) &&
            same_or_any(wanted->distros.v[i].version, base->distros.v[0].version))
            return true;
    return false;
}

bool target_fits(const struct cnb_target *wanted, const struct cnb_target *base)
{
    return same_or_any(wanted->os, base->os) && same_or_any(wanted->arch, base->arch) &&
           same_or_any(wanted->variant, base->variant) && distro_fits(wanted, base);
}
