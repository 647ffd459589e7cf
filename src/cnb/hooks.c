// SPDX-License-Identifier: Apache-2.0
#include "cnb/hooks.h"
#include "stream/hash.h"

int cnb_table_read(struct decode *d, const struct val *v, void *at, struct err *e)
{
    if (v->kind != VAL_MAP)
        return doc_wrong(d, v, "table", e);
    *(const struct val **)at = v;
    return 0;
}

int cnb_digest_read(struct decode *d, const struct val *v, void *at, struct err *e)
{
    struct digest ignored;
    struct err why = {0};
    if (v->kind != VAL_STR)
        return doc_wrong(d, v, "text", e);
    if (v->s.n && digest_parse(v->s, &ignored, &why) < 0)
        return doc_fail(d, v, e, "%s", why.cause);
    *(struct str *)at = v->s;
    return 0;
}
