// SPDX-License-Identifier: Apache-2.0
#include "cnb/labels.h"
#include <math.h>
#include <stdio.h>

// The shortest digits that read back, as "d.ddde±xx"; returns how many digits.
static int shortest(double d, char *out, size_t size)
{
    for (int digits = 1; digits < 17; digits++) {
        snprintf(out, size, "%.*e", digits - 1, d);
        if (strtod(out, NULL) == d)
            return digits;
    }
    snprintf(out, size, "%.16e", d);
    return 17;
}

// Go writes a float64 with the fewest digits that read back, with an exponent below 1e-6 and from 1e21 on, and that
// without a leading zero: "1e-7".
static int number(struct arena *a, struct str text, struct str *out, struct err *e)
{
    char *end, s[64];
    const char *c = str_c(a, text);
    double d = strtod(c, &end), magnitude = fabs(d);
    if (*end || !isfinite(d))
        return err_set(e, ERR_USAGE, "%s: JSON has no such number", c);
    int digits = shortest(d, s, sizeof s);
    struct str rest = str_of(s), mantissa, exponent = STR("+00");
    uint64_t power = 0;
    if (str_cut(&rest, 'e', &mantissa) && rest.n > 1)
        exponent = rest;
    (void)str_u64(str_from(exponent, 1), 0, 999, &power);
    if (magnitude != 0 && (magnitude < 1e-6 || magnitude >= 1e21)) {
        *out = str_printf(a, PRI_STR "e%c%d", STR_ARG(mantissa), exponent.p[0], (int)power);
        return 0;
    }
    int decimals = digits - 1 - (exponent.p[0] == '-' ? -(int)power : (int)power);
    *out = str_printf(a, "%.*f", decimals > 0 ? decimals : 0, d);
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
            val_set_str(to, str_printf(a, PRI_STR "T" PRI_STR, STR_ARG(str_head(text, 10)),
                                       STR_ARG(str_from(text, 11))));
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
