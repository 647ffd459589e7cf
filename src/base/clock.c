// SPDX-License-Identifier: Apache-2.0
#include "base/clock.h"
#include <stdio.h>
#include <time.h>

enum { DAY = 86400 };

struct civil {
    int64_t year;
    unsigned month, day; // from 1
};

uint64_t clock_mono_ms(void)
{
    struct timespec t;
    if (clock_gettime(CLOCK_MONOTONIC, &t) < 0)
        BUG("clock_gettime");
    return (uint64_t)t.tv_sec * 1000 + (uint64_t)t.tv_nsec / 1000000;
}

int64_t clock_now_sec(void)
{
    struct timespec t;
    if (clock_gettime(CLOCK_REALTIME, &t) < 0)
        BUG("clock_gettime");
    return t.tv_sec;
}

static bool is_leap(int64_t year)
{
    return (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
}

static unsigned month_days(int64_t year, unsigned month)
{
    static const unsigned char days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    return days[month - 1] + (month == 2 && is_leap(year));
}

// Days from 0000-01-01 to the first of January of a year ≥ 0.
static int64_t days_before(int64_t year)
{
    int64_t y = year - 1;
    return year == 0 ? 0 : 366 + y * 365 + y / 4 - y / 100 + y / 400;
}

static int64_t days_of(struct civil c)
{
    int64_t days = days_before(c.year) + c.day - 1;
    for (unsigned m = 1; m < c.month; m++)
        days += month_days(c.year, m);
    return days;
}

static struct civil civil_of(int64_t days)
{
    struct civil c = {.year = days / 366, .month = 1};
    while (days_before(c.year + 1) <= days)
        c.year++;
    days -= days_before(c.year);
    while (days >= month_days(c.year, c.month))
        days -= month_days(c.year, c.month++);
    c.day = (unsigned)days + 1;
    return c;
}

const char *clock_text(int64_t sec, char out[CLOCK_TEXT])
{
    if (sec < CLOCK_SEC_MIN)
        sec = CLOCK_SEC_MIN;
    if (sec > CLOCK_SEC_MAX)
        sec = CLOCK_SEC_MAX;
    int64_t since = sec - CLOCK_SEC_MIN;
    struct civil c = civil_of(since / DAY);
    unsigned rest = (unsigned)(since % DAY);
    snprintf(out, CLOCK_TEXT, "%04u-%02u-%02uT%02u:%02u:%02uZ", (unsigned)c.year % 10000, c.month % 100,
             c.day % 100, rest / 3600 % 24, rest / 60 % 60, rest % 60);
    return out;
}

// Takes n digits off the front of *s, then the byte `end` (0: none).
static bool take(struct str *s, size_t n, char end, unsigned *out)
{
    uint64_t v;
    if (s->n < n + (end != 0) || !str_u64(str_head(*s, n), 0, 9999, &v) || (end && s->p[n] != end))
        return false;
    *out = (unsigned)v;
    *s = str_from(*s, n + (end != 0));
    return true;
}

static bool take_fraction(struct str *s)
{
    if (!s->n || s->p[0] != '.')
        return true;
    size_t n = 1;
    while (n < s->n && s->p[n] >= '0' && s->p[n] <= '9')
        n++;
    *s = str_from(*s, n);
    return n > 1;
}

static bool take_offset(struct str s, int64_t *offset)
{
    *offset = 0;
    if (s.n == 1 && (s.p[0] == 'Z' || s.p[0] == 'z'))
        return true;
    unsigned hour, minute;
    if (!s.n || (s.p[0] != '+' && s.p[0] != '-'))
        return false;
    bool minus = s.p[0] == '-';
    s = str_from(s, 1);
    if (!take(&s, 2, ':', &hour) || !take(&s, 2, 0, &minute) || s.n || hour > 23 || minute > 59)
        return false;
    *offset = (int64_t)(hour * 60 + minute) * (minus ? -60 : 60);
    return true;
}

static bool parse(struct str s, int64_t *sec)
{
    unsigned year, month, day, hour, minute, second;
    int64_t offset;
    if (!take(&s, 4, '-', &year) || !take(&s, 2, '-', &month) || !take(&s, 2, 0, &day))
        return false;
    if (!s.n || (s.p[0] != 'T' && s.p[0] != 't' && s.p[0] != ' '))
        return false;
    s = str_from(s, 1);
    if (!take(&s, 2, ':', &hour) || !take(&s, 2, ':', &minute) || !take(&s, 2, 0, &second))
        return false;
    if (!take_fraction(&s) || !take_offset(s, &offset))
        return false;
    if (month < 1 || month > 12 || day < 1 || day > month_days(year, month))
        return false;
    if (hour > 23 || minute > 59 || second > 60)
        return false;
    int64_t days = days_of((struct civil){year, month, day});
    second = second == 60 ? 59 : second;
    *sec = CLOCK_SEC_MIN + days * DAY + (int64_t)(hour * 3600 + minute * 60 + second) - offset;
    return true;
}

int clock_parse(struct str text, int64_t *sec, struct err *e)
{
    int64_t got;
    if (!parse(text, &got) || got < CLOCK_SEC_MIN || got > CLOCK_SEC_MAX)
        return err_set(e, ERR_PARSE, "\"%.*s\": is no time of RFC 3339, want 2006-01-02T15:04:05Z",
                       text.n > 64 ? 64 : (int)text.n, text.p);
    *sec = got;
    return 0;
}

int clock_source_date(struct str value, int64_t *sec, struct err *e)
{
    if (!str_i64(value, 0, CLOCK_SEC_MAX, sec))
        return err_set(e, ERR_USAGE, "SOURCE_DATE_EPOCH: \"%.*s\" is no number of seconds from 0 to %jd",
                       value.n > 64 ? 64 : (int)value.n, value.p, (intmax_t)CLOCK_SEC_MAX);
    return 0;
}
