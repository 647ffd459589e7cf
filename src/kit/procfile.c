// SPDX-License-Identifier: Apache-2.0
// Procfile: `type: command` lines; empty lines and comments (#) between them.
#include "kit/plan_priv.h"

enum { TYPES_MAX = 256 };

static bool type_char(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == '-';
}

int procfile_read(struct arena *a, struct str text, const char *file, struct strmap *types, struct err *e)
{
    struct str line;
    struct err_at at = {0};
    size_t bad;
    err_at_file(&at, file);
    while (str_next_line(&text, &line)) {
        size_t n = 0;
        at.line++;
        if (str_has_nul(line) || !str_utf8(line, &bad))
            return err_doc(e, &at, "the line is no text");
        line = str_trim(line);
        if (!line.n || line.p[0] == '#')
            continue;
        while (n < line.n && type_char(line.p[n]))
            n++;
        struct str command = n < line.n ? str_trim(str_from(line, n + 1)) : STR("");
        if (!n || n == line.n || line.p[n] != ':' || !command.n)
            return err_doc(e, &at, "found \"" PRI_STR "\", wanted \"type: command\"",
                           STR_ARG(str_printable(a, line, 64)));
        if (types->n == TYPES_MAX && !map_find(types, str_head(line, n)))
            return err_doc(e, &at, "more than %d process types", TYPES_MAX);
        strmap_set(a, types, str_dup(a, str_head(line, n)), str_dup(a, command));
    }
    return 0;
}
