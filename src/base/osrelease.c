// SPDX-License-Identifier: Apache-2.0
#include "base/osrelease.h"

struct str os_release_value(struct str text, const char *key)
{
    struct str line, out = STR("");
    size_t eq;
    while (str_next_line(&text, &line)) {
        line = str_trim(line);
        if (!str_find(line, '=', &eq) || !str_is(str_head(line, eq), key))
            continue;
        out = str_trim(str_from(line, eq + 1));
        if (out.n >= 2 && (out.p[0] == '"' || out.p[0] == '\'') && out.p[out.n - 1] == out.p[0])
            out = str_from(str_head(out, out.n - 1), 1);
    }
    return out;
}
