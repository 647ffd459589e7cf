// SPDX-License-Identifier: Apache-2.0
#include "version/semver.h"
#include "version/scan.h"
#include "version/wrong.h"

int scan_wrong(const struct scan *s, const char *want, struct err *e)
{
    if (s->at >= s->text.n)
        return version_wrong(e, s->noun, s->text, s->at, "ends here, want %s", want);
    unsigned char c = (unsigned char)s->text.p[s->at];
    if (c > ' ' && c < 0x7f)
        return version_wrong(e, s->noun, s->text, s->at, "'%c', want %s", c, want);
    return version_wrong(e, s->noun, s->text, s->at, "byte 0x%02x, want %s", c, want);
}

static bool is_wild(char c)
{
    return c == 'x' || c == 'X' || c == '*';
}

static int scan_number(struct scan *s, uint64_t *out, struct err *e)
{
    size_t start = s->at;
    while (is_digit(scan_char(s)))
        s->at++;
    struct str digits = {s->text.p + start, s->at - start};
    if (!digits.n)
        return scan_wrong(s, s->flags & SCAN_WILD ? "a number, x or *" : "a number", e);
    if (digits.n > 1 && digits.p[0] == '0' && !(s->flags & SCAN_LENIENT))
        return version_wrong(e, s->noun, s->text, start, "a number with leading zeros");
    if (!str_u64(digits, 0, SEMVER_NUMBER_MAX, out))
        return version_wrong(e, s->noun, s->text, start, "a number above %llu", SEMVER_NUMBER_MAX);
    return 0;
}

static int scan_numbers(struct scan *s, struct semver *v, bool *wild, struct err *e)
{
    for (int i = 0; i < 3; i++) {
        if (i && scan_char(s) != '.') {
            if (!(s->flags & SCAN_LENIENT))
                return scan_wrong(s, i == 1 ? "'.' and the minor number" : "'.' and the patch number", e);
            return 0;
        }
        s->at += i > 0;
        uint64_t n = 0;
        if ((s->flags & SCAN_WILD) && is_wild(scan_char(s))) {
            *wild = true;
            s->at++;
        } else if (scan_number(s, &n, e) < 0) {
            return -1;
        }
        if (!*wild) {
            v->num[i] = n;
            v->parts++;
        }
    }
    return 0;
}

static bool is_identifier(char c)
{
    return is_digit(c) || version_is_alpha(c) || c == '-';
}

// Dotted identifiers (section 9 and 10); `numeric` refuses leading zeros where all are digits.
static int scan_identifiers(struct scan *s, bool numeric, struct str *out, struct err *e)
{
    size_t first = s->at;
    do {
        s->at += s->at > first;
        size_t start = s->at;
        bool digits = true;
        for (; is_identifier(scan_char(s)); s->at++)
            digits &= is_digit(scan_char(s));
        if (s->at == start)
            return scan_wrong(s, "an identifier of 0-9 A-Z a-z -", e);
        if (numeric && digits && s->at - start > 1 && s->text.p[start] == '0')
            return version_wrong(e, s->noun, s->text, start, "a number with leading zeros");
    } while (scan_char(s) == '.');
    *out = (struct str){s->text.p + first, s->at - first};
    return 0;
}

int scan_version(struct scan *s, struct semver *out, struct err *e)
{
    struct semver v = {.pre = STR(""), .build = STR("")};
    bool wild = false;
    size_t start = s->at;
    if (scan_numbers(s, &v, &wild, e) < 0)
        return -1;
    if (scan_char(s) == '-') {
        s->at++;
        if (scan_identifiers(s, !(s->flags & SCAN_LENIENT), &v.pre, e) < 0)
            return -1;
    }
    if (scan_char(s) == '+') {
        s->at++;
        if (scan_identifiers(s, false, &v.build, e) < 0)
            return -1;
    }
    if (wild)
        v.pre = STR(""); // of all versions that begin so, a pre-release names none
    if (s->at - start > SEMVER_TEXT_MAX)
        return version_wrong(e, s->noun, s->text, start, "longer than %d bytes", SEMVER_TEXT_MAX);
    *out = v;
    return 0;
}

static int parse(struct scan *s, struct semver *out, struct err *e)
{
    struct semver v;
    if (s->text.n > SEMVER_TEXT_MAX)
        return version_wrong(e, s->noun, s->text, VERSION_WHOLE, "is %zu bytes long, want at most %d",
                             s->text.n, SEMVER_TEXT_MAX);
    if (!s->text.n)
        return version_wrong(e, s->noun, s->text, VERSION_WHOLE, "is empty");
    if (scan_version(s, &v, e) < 0)
        return -1;
    if (s->at < s->text.n)
        return scan_wrong(s, v.build.n ? "its end" : v.pre.n ? "'+' or its end" : "'-', '+' or its end", e);
    *out = v;
    return 0;
}

int semver_parse(struct str s, struct semver *out, struct err *e)
{
    return parse(&(struct scan){.noun = "version", .text = s}, out, e);
}

int semver_parse_lenient(struct str s, struct semver *out, struct err *e)
{
    struct scan scan = {.noun = "version", .text = str_trim(s), .flags = SCAN_LENIENT};
    if (scan_char(&scan) == '=')
        scan.at++;
    if (scan_char(&scan) == 'v' || scan_char(&scan) == 'V')
        scan.at++;
    return parse(&scan, out, e);
}

static bool all_digits(struct str s)
{
    for (size_t i = 0; i < s.n; i++)
        if (!is_digit(s.p[i]))
            return false;
    return true;
}

static int cmp_identifier(struct str a, struct str b)
{
    bool da = all_digits(a), db = all_digits(b);
    if (da && db)
        return version_cmp_digits(a, b);
    return da != db ? (da ? -1 : 1) : str_cmp(a, b);
}

// Section 11.4; both have at least one identifier.
static int cmp_identifiers(struct str a, struct str b)
{
    struct str ia, ib;
    for (;;) {
        bool more_a = str_cut(&a, '.', &ia), more_b = str_cut(&b, '.', &ib);
        if (!more_a || !more_b)
            return more_a - more_b;
        int order = cmp_identifier(ia, ib);
        if (order)
            return order;
    }
}

int semver_cmp(const struct semver *a, const struct semver *b)
{
    for (int i = 0; i < 3; i++)
        if (a->num[i] != b->num[i])
            return a->num[i] < b->num[i] ? -1 : 1;
    if (!a->pre.n || !b->pre.n)
        return (a->pre.n == 0) - (b->pre.n == 0);
    return cmp_identifiers(a->pre, b->pre);
}

int semver_cmp_build(const struct semver *a, const struct semver *b)
{
    int order = semver_cmp(a, b);
    if (order)
        return order;
    if (!a->build.n || !b->build.n)
        return (a->build.n != 0) - (b->build.n != 0);
    order = cmp_identifiers(a->build, b->build);
    return order ? order : str_cmp(a->build, b->build);
}

struct str semver_format(struct arena *a, const struct semver *v)
{
    return str_printf(a, "%llu.%llu.%llu%s" PRI_STR "%s" PRI_STR, (unsigned long long)v->num[0],
                      (unsigned long long)v->num[1], (unsigned long long)v->num[2], v->pre.n ? "-" : "",
                      STR_ARG(v->pre), v->build.n ? "+" : "", STR_ARG(v->build));
}
