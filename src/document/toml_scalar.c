// SPDX-License-Identifier: Apache-2.0
// Booleans, numbers and times (spec: "Integer" to "Local Time").
#include "base/digit.h"
#include "document/toml_priv.h"

static bool is_digit_of(char c, int base)
{
    int v = hex_digit(c);
    return v >= 0 && v < base;
}

static int wrong(const char **why, const char *text)
{
    *why = text;
    return -1;
}

// Cuts digits off *s, with underscores between digits only.
static int digits(struct str *s, int base, struct str *out, const char **why)
{
    size_t n = 0;
    while (n < s->n && (s->p[n] == '_' || is_digit_of(s->p[n], base)))
        n++;
    if (n == 0)
        return wrong(why, "a digit is missing");
    for (size_t i = 0; i < n; i++)
        if (s->p[i] == '_' && (i == 0 || i + 1 == n || s->p[i - 1] == '_'))
            return wrong(why, "an underscore stands between digits only");
    *out = str_head(*s, n);
    *s = str_from(*s, n);
    return 0;
}

static int integer(struct str run, int base, bool minus, struct val *out, const char **why)
{
    int64_t v = 0; // negative, whose range is the larger one
    for (size_t i = 0; i < run.n; i++) {
        if (run.p[i] == '_')
            continue;
        if (__builtin_mul_overflow(v, base, &v) || __builtin_sub_overflow(v, hex_digit(run.p[i]), &v))
            return wrong(why, "a whole number has at most 64 bits");
    }
    if (!minus && v == INT64_MIN)
        return wrong(why, "a whole number has at most 64 bits");
    *out = (struct val){.kind = VAL_INT, .i = minus ? v : -v};
    return 0;
}

static bool take(struct str *s, const char *any)
{
    if (!s->n || !s->p[0] || !strchr(any, s->p[0]))
        return false;
    *s = str_from(*s, 1);
    return true;
}

// Of "0x…", "0o…", "0b…"; 0: none of them.
static int prefixed_base(struct str s)
{
    if (s.n < 2 || s.p[0] != '0')
        return 0;
    return s.p[1] == 'x' ? 16 : s.p[1] == 'o' ? 8 : s.p[1] == 'b' ? 2 : 0;
}

static int prefixed(struct str s, int base, struct val *out, const char **why)
{
    struct str whole;
    if (digits(&s, base, &whole, why) < 0)
        return -1;
    return s.n ? wrong(why, "a byte is no digit of its base") : integer(whole, base, false, out, why);
}

// What follows the digits of a float.
static int fraction(struct str s, const char **why)
{
    struct str part;
    if (take(&s, ".") && digits(&s, 10, &part, why) < 0)
        return -1;
    if (take(&s, "eE")) {
        take(&s, "+-");
        if (digits(&s, 10, &part, why) < 0)
            return -1;
    }
    return s.n ? wrong(why, "not a number") : 0;
}

static int number(struct str text, struct val *out, const char **why)
{
    struct str s = text, whole;
    bool minus = s.n && s.p[0] == '-', sign = take(&s, "+-");
    int base = prefixed_base(s);
    *out = (struct val){.kind = VAL_NUM};
    if (str_is(s, "inf") || str_is(s, "nan"))
        return 0;
    if (base)
        return sign ? wrong(why, "a hexadecimal, octal or binary number has no sign")
                    : prefixed(str_from(s, 2), base, out, why);
    if (digits(&s, 10, &whole, why) < 0)
        return -1;
    if (whole.n > 1 && whole.p[0] == '0')
        return wrong(why, "a number has no leading zeros");
    return s.n ? fraction(s, why) : integer(whole, 10, minus, out, why);
}

// `n` digits, within min..max.
static bool field(struct str *s, size_t n, unsigned min, unsigned max, unsigned *out)
{
    uint64_t v;
    if (s->n < n || !str_u64(str_head(*s, n), min, max, &v))
        return false;
    *out = (unsigned)v;
    *s = str_from(*s, n);
    return true;
}

static int date(struct str *s, const char **why)
{
    static const unsigned char days[] = {31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    unsigned year, month, day;
    if (!field(s, 4, 0, 9999, &year) || !take(s, "-"))
        return wrong(why, "a date is written YYYY-MM-DD");
    if (!field(s, 2, 1, 12, &month) || !take(s, "-"))
        return wrong(why, "a date is written YYYY-MM-DD, with a month of 01 to 12");
    bool leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
    if (!field(s, 2, 1, month == 2 && !leap ? 28 : days[month - 1], &day))
        return wrong(why, "a date is written YYYY-MM-DD, with a day that the month has");
    return 0;
}

static int time_of_day(struct str *s, const char **why)
{
    unsigned hour, minute, second;
    if (!field(s, 2, 0, 23, &hour) || !take(s, ":") || !field(s, 2, 0, 59, &minute))
        return wrong(why, "a time is written HH:MM:SS, with hours to 23 and minutes to 59");
    if (!take(s, ":"))
        return wrong(why, "a time without seconds is of TOML 1.1, wanted TOML 1.0");
    if (!field(s, 2, 0, 60, &second)) // 60: a leap second (RFC 3339, section 5.6)
        return wrong(why, "a time is written HH:MM:SS, with seconds to 60");
    if (!take(s, "."))
        return 0;
    size_t n = 0;
    while (n < s->n && is_digit(s->p[n]))
        n++;
    if (n == 0)
        return wrong(why, "a fraction of a second has digits");
    *s = str_from(*s, n);
    return 0;
}

static int time_offset(struct str *s, const char **why)
{
    unsigned hour, minute;
    if (take(s, "Zz"))
        return 0;
    if (take(s, "+-") && (!field(s, 2, 0, 23, &hour) || !take(s, ":") || !field(s, 2, 0, 59, &minute)))
        return wrong(why, "an offset is Z or written +HH:MM");
    return 0;
}

static bool begins_date(struct str s)
{
    uint64_t year;
    return s.n > 4 && str_u64(str_head(s, 4), 0, 9999, &year) && s.p[4] == '-';
}

static bool begins_number(struct str s)
{
    return s.n && (is_digit(s.p[0]) || strchr("+-.", s.p[0]) || str_is(s, "inf") || str_is(s, "nan"));
}

static bool begins_time(struct str s)
{
    return s.n > 2 && is_digit(s.p[0]) && is_digit(s.p[1]) && s.p[2] == ':';
}

static int date_time(struct str s, struct val *out, const char **why)
{
    bool dated = begins_date(s);
    if (dated && date(&s, why) < 0)
        return -1;
    if (!dated || take(&s, "Tt ")) {
        if (time_of_day(&s, why) < 0 || (dated && time_offset(&s, why) < 0))
            return -1;
    }
    if (s.n)
        return wrong(why, dated ? "a byte behind the date" : "a byte behind the time");
    *out = (struct val){.kind = VAL_TIME};
    return 0;
}

int toml_scalar(struct str text, struct val *out, const char **why)
{
    struct val v;
    if (str_is(text, "true") || str_is(text, "false")) {
        *out = (struct val){.kind = VAL_BOOL, .b = text.p[0] == 't'};
        return 0;
    }
    if (begins_date(text) || begins_time(text)) {
        if (date_time(text, &v, why) < 0)
            return -1;
    } else if (begins_number(text)) {
        if (number(text, &v, why) < 0)
            return -1;
    } else {
        return wrong(why, "not a value of TOML: text has quotes");
    }
    *out = v;
    return 0;
}

static size_t run(struct str s)
{
    size_t n = 0;
    while (n < s.n && s.p[n] && (toml_bare((struct str){s.p + n, 1}) || strchr("+.:", s.p[n])))
        n++;
    return n;
}

size_t toml_scalar_len(struct str text)
{
    size_t n = run(text);
    // A blank may stand between date and time.
    if (n == 10 && begins_date(text) && text.n > 11 && text.p[n] == ' ' && is_digit(text.p[n + 1]))
        n += 1 + run(str_from(text, n + 1));
    return n;
}
