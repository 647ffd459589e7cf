// SPDX-License-Identifier: Apache-2.0
#include "version/wrong.h"
#include <stdarg.h>
#include <stdio.h>

int version_wrong(struct err *e, const char *noun, struct str text, size_t at, const char *fmt, ...)
{
    char why[128];
    va_list ap;
    va_start(ap, fmt);
    vsnprintf(why, sizeof why, fmt, ap);
    va_end(ap);
    drop_(arena_free) struct arena *a = arena_new(512);
    struct str shown = str_printable(a, text, 48);
    if (at == VERSION_WHOLE)
        return err_set(e, ERR_PARSE, "%s \"" PRI_STR "\": %s", noun, STR_ARG(shown), why);
    return err_set(e, ERR_PARSE, "%s \"" PRI_STR "\": character %zu: %s", noun, STR_ARG(shown), at + 1, why);
}

static struct str without_zeros(struct str s)
{
    while (s.n && s.p[0] == '0')
        s = str_from(s, 1);
    return s;
}

int version_cmp_digits(struct str a, struct str b)
{
    a = without_zeros(a);
    b = without_zeros(b);
    return a.n != b.n ? (a.n > b.n) - (a.n < b.n) : str_cmp(a, b);
}
