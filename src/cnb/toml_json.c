// SPDX-License-Identifier: Apache-2.0
#include "cnb/labels.h"
#include <math.h>
#include <stdio.h>

// Go writes a float64 with the fewest digits that read back, with an exponent below 1e-6 and from 1e21 on, "1e-07" as
// "1e-7".
static int number(struct arena *a, struct str text, struct str *out, struct err *e)
{
    char *end;
    const char *c = str_c(a, text);
    double d = strtod(c, &end);
    if (*end || !isfinite(d))
        return err_set(e, ERR_USAGE, "%s: JSON has no such number", c);
    char s[64];
    double magnitude = fabs(d);
    bool exponent = magnitude != 0 && (magnitude < 1e-6 || magnitude >= 1e21);
    for (int digits = 1; digits <= 17; digits++) {
        snprintf(s, sizeof s, "%.*e", digits - 1, d);
        if (strtod(s, NULL) == d)
            break;
    }
    char *at = strchr(s, 'e');
    if (!exponent) {
        char plain[64];
        int power = 0, decimals;
        uint64_t p = 0;
        bool minus = at[1] == '-';
        (void)str_u64(str_of(at + 2), 0, 999, &p);
        power = minus ? -(int)p : (int)p;
        int mantissa = (int)(at - s) - (s[0] == '-') - (strchr(s, '.') ? 1 : 0);
        decimals = mantissa - 1 - power;
        snprintf(plain, sizeof plain, "%.*f", decimals > 0 ? decimals : 0, d);
        *out = str_dup(a, str_of(plain));
        return 0;
    }
    if (at[2] == '0') // two digits at least in C, no leading zero in Go
        memmove(at + 2, at + 3, strlen(at + 3) + 1);
    *out = str_dup(a, str_of(s));
    return 0;
}

static int by_key(const void *x, const void *y)
{
    return str_cmp(((const struct map_entry *)x)->key, ((const struct map_entry *)y)->key);
}

static int map(struct arena *a, const struct val *v, struct val *out, struct err *e)
{
    struct map_entry *entries = ARENA_ARRAY(a, struct map_entry, v->c.n + 1);
    for (size_t i = 0; i < v->c.n; i++) {
        struct val *child;
        if (toml_as_json(a, &v->c.v[i], &child, e) < 0)
            return e ? err_wrap(e, PRI_STR, STR_ARG(str_printable(a, v->c.key[i], 64))) : -1;
        entries[i] = (struct map_entry){.key = v->c.key[i], .ptr = child};
    }
    if (v->c.n)
        qsort(entries, v->c.n, sizeof *entries, by_key);
    val_set_map(out);
    for (size_t i = 0; i < v->c.n; i++)
        *val_put(a, out, entries[i].key) = *(const struct val *)entries[i].ptr;
    return 0;
}

int toml_as_json(struct arena *a, const struct val *v, struct val **out, struct err *e)
{
    struct val *to = ARENA_NEW(a, struct val);
    struct str text;
    *to = *v;
    *out = to;
    switch (v->kind) {
    case VAL_MAP:
        return map(a, v, to, e);
    case VAL_LIST:
        val_set_list(to);
        for (size_t i = 0; i < v->c.n; i++) {
            struct val *child;
            if (toml_as_json(a, &v->c.v[i], &child, e) < 0)
                return -1;
            *val_add(a, to) = *child;
        }
        return 0;
    case VAL_TIME:
        text = str_dup(a, v->s);
        val_set_str(to, text);
        if (text.n > 10 && (text.p[10] == ' ' || text.p[10] == 't'))
            val_set_str(to, str_printf(a, PRI_STR "T" PRI_STR, STR_ARG(str_head(text, 10)), STR_ARG(str_from(text, 11))));
        return 0;
    case VAL_NUM:
        if (number(a, v->s, &text, e) < 0)
            return -1;
        to->s = text;
        return 0;
    case VAL_NULL:
    case VAL_BOOL:
    case VAL_INT:
    case VAL_STR:
    case VAL_KIND_MAX_:
        return 0;
    }
    return 0;
}
