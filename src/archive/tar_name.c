// SPDX-License-Identifier: Apache-2.0
#include "archive/tar_block.h"
#include "archive/tar_read.h"

static int text_check(struct str raw, const char *what, struct err *e)
{
    char name[TAR_SHOWN];
    if (raw.n == 0)
        return err_set(e, ERR_PARSE, "empty %s", what);
    if (str_has_nul(raw))
        return err_set(e, ERR_PARSE, "%s: NUL in a %s", tar_shown(raw, name), what);
    if (raw.n >= LIMIT_PATH)
        return err_set(e, ERR_LIMIT, "%s: %s of %zu bytes, at most %d", tar_shown(raw, name), what, raw.n,
                       LIMIT_PATH - 1);
    return 0;
}

int tar_name_clean(struct str raw, char out[LIMIT_PATH], struct err *e)
{
    char clean[LIMIT_PATH], name[TAR_SHOWN];
    size_t n = 0;
    if (text_check(raw, "name", e) < 0)
        return -1;
    struct str rest = raw, part;
    while (str_cut(&rest, '/', &part)) {
        if (part.n == 0 || str_is(part, "."))
            continue;
        if (str_is(part, ".."))
            return err_set(e, ERR_DENIED, "%s: \"..\" in a name", tar_shown(raw, name));
        if (part.n > LIMIT_COMPONENT)
            return err_set(e, ERR_LIMIT, "%s: component of %zu bytes, at most %d", tar_shown(raw, name),
                           part.n, LIMIT_COMPONENT);
        if (n)
            clean[n++] = '/';
        memcpy(clean + n, part.p, part.n);
        n += part.n;
    }
    memcpy(out, clean, n);
    out[n] = 0;
    return 0;
}

int tar_symlink_clean(struct str raw, char out[LIMIT_PATH], struct err *e)
{
    if (text_check(raw, "link target", e) < 0)
        return -1;
    memcpy(out, raw.p, raw.n);
    out[raw.n] = 0;
    return 0;
}

bool tar_symlink_stays(const char *name, const char *target)
{
    if (target[0] == '/')
        return false;
    size_t depth = 0;
    for (const char *p = name; *p; p++)
        depth += *p == '/';
    struct str rest = str_of(target), part;
    while (str_cut(&rest, '/', &part)) {
        if (part.n == 0 || str_is(part, "."))
            continue;
        if (!str_is(part, ".."))
            depth++;
        else if (depth-- == 0)
            return false;
    }
    return true;
}
