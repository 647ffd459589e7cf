// SPDX-License-Identifier: Apache-2.0
#include "base/glob.h"
#include "debian/unpack_priv.h"

static const struct deb_alias aliases[] = {
    {STR_INIT("bin"), STR_INIT("usr/bin")},       {STR_INIT("sbin"), STR_INIT("usr/sbin")},
    {STR_INIT("lib"), STR_INIT("usr/lib")},       {STR_INIT("lib32"), STR_INIT("usr/lib32")},
    {STR_INIT("lib64"), STR_INIT("usr/lib64")},   {STR_INIT("libo32"), STR_INIT("usr/libo32")},
    {STR_INIT("libx32"), STR_INIT("usr/libx32")}, {STR_INIT("var/lock"), STR_INIT("run/lock")},
    {STR_INIT("var/run"), STR_INIT("run")},
};

const struct deb_alias *deb_aliases(size_t *n)
{
    *n = COUNT(aliases);
    return aliases;
}

struct str deb_merged(struct arena *a, struct str path)
{
    for (size_t i = 0; i < COUNT(aliases); i++)
        if (path_is_within(path, aliases[i].name))
            return str_printf(a, PRI_STR PRI_STR, STR_ARG(aliases[i].target),
                              STR_ARG(str_from(path, aliases[i].name.n)));
    return path;
}

// Bytes at the front of a pattern that mean themselves.
static size_t plain_bytes(struct str pattern)
{
    size_t n = 0;
    while (n < pattern.n && (unsigned char)pattern.p[n] < 0x80 && !memchr("*?[\\", pattern.p[n], 4))
        n++;
    return n;
}

// Most paths differ from most patterns in these, which spares them the rest.
static bool matches(struct str pattern, struct str path)
{
    size_t plain = plain_bytes(pattern);
    if (path.n < plain || memcmp(pattern.p, path.p, plain) != 0)
        return false;
    for (size_t i = plain ? plain : 1; i <= path.n; i++)
        if ((i == path.n || path.p[i] == '/') && glob_match(pattern, str_head(path, i), NULL) == GLOB_YES)
            return true;
    return false;
}

bool deb_excluded(const struct strv *patterns, struct str path)
{
    for (size_t i = patterns ? patterns->n : 0; i-- > 0;) {
        struct str pattern = patterns->v[i];
        bool back = str_has_prefix(pattern, "!");
        if (back)
            pattern = str_from(pattern, 1);
        if (str_has_prefix(pattern, "/"))
            pattern = str_from(pattern, 1);
        if (matches(pattern, path))
            return !back;
    }
    return false;
}
