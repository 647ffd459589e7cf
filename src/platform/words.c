// SPDX-License-Identifier: Apache-2.0
#include "platform/words.h"

enum { MORE_BYTES = 16 }; // " and 1000 more"

struct str words_list(struct arena *a, const struct strv *v, size_t max)
{
    struct str out = v->n ? STR("") : STR("none");
    size_t all = 0;
    for (size_t i = 0; i < v->n; i++)
        all += str_printable(a, v->v[i], max).n + 2;
    for (size_t i = 0; i < v->n; i++) {
        size_t rest = all > max + 2 ? MORE_BYTES : 0;
        struct str name = str_printable(a, v->v[i], max);
        if (i && out.n + 2 + name.n + rest > max)
            return str_printf(a, PRI_STR " and %zu more", STR_ARG(out), v->n - i);
        out = str_printf(a, PRI_STR "%s" PRI_STR, STR_ARG(out), i ? ", " : "", STR_ARG(name));
    }
    return out;
}
