// SPDX-License-Identifier: Apache-2.0
#include "base/str.h"
#include "base/err.h"
#include <stdarg.h>
#include <stdio.h>

bool str_eq(struct str a, struct str b)
{
    return a.n == b.n && (a.n == 0 || memcmp(a.p, b.p, a.n) == 0);
}

bool str_is(struct str a, const char *b)
{
    return str_eq(a, str_of(b));
}

int str_cmp(struct str a, struct str b)
{
    size_t n = a.n < b.n ? a.n : b.n;
    int order = n ? memcmp(a.p, b.p, n) : 0;
    return order ? order : (a.n > b.n) - (a.n < b.n);
}

bool str_has_prefix(struct str s, const char *prefix)
{
    size_t n = strlen(prefix);
    return s.n >= n && (n == 0 || memcmp(s.p, prefix, n) == 0);
}

bool str_has_suffix(struct str s, const char *suffix)
{
    size_t n = strlen(suffix);
    return s.n >= n && (n == 0 || memcmp(s.p + s.n - n, suffix, n) == 0);
}

bool str_find(struct str s, char c, size_t *at)
{
    const char *hit = s.n ? memchr(s.p, c, s.n) : NULL;
    if (hit)
        *at = (size_t)(hit - s.p);
    return hit != NULL;
}

bool str_find_last(struct str s, char c, size_t *at)
{
    const char *hit = s.n ? memrchr(s.p, c, s.n) : NULL;
    if (hit)
        *at = (size_t)(hit - s.p);
    return hit != NULL;
}

static bool is_blank(char c)
{
    return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

struct str str_trim(struct str s)
{
    while (s.n && is_blank(s.p[0]))
        s = str_from(s, 1);
    while (s.n && is_blank(s.p[s.n - 1]))
        s.n--;
    return s;
}

bool str_cut(struct str *rest, char sep, struct str *piece)
{
    if (!rest->p)
        return false;
    size_t at;
    if (str_find(*rest, sep, &at)) {
        *piece = str_head(*rest, at);
        *rest = str_from(*rest, at + 1);
    } else {
        *piece = *rest;
        *rest = (struct str){0};
    }
    return true;
}

bool str_next_line(struct str *rest, struct str *line)
{
    if (!rest->n || !str_cut(rest, '\n', line))
        return false;
    if (line->n && line->p[line->n - 1] == '\r')
        line->n--;
    return true;
}

struct str str_dup(struct arena *a, struct str s)
{
    char *p = arena_get(a, s.n + 1, 1);
    if (s.n)
        memcpy(p, s.p, s.n);
    return (struct str){p, s.n};
}

struct str str_lower(struct arena *a, struct str s)
{
    char *p = arena_copy(a, s.p, s.n);
    for (size_t i = 0; i < s.n; i++)
        if (p[i] >= 'A' && p[i] <= 'Z')
            p[i] = (char)(p[i] | 0x20);
    return (struct str){p, s.n};
}

struct str str_printf(struct arena *a, const char *fmt, ...)
{
    va_list ap;
    struct str s;
    va_start(ap, fmt);
    s.p = arena_vprintf(a, &s.n, fmt, ap);
    va_end(ap);
    return s;
}

struct str str_cat(struct arena *a, const struct str *piece, size_t n)
{
    size_t size = 0;
    for (size_t i = 0; i < n; i++)
        size += piece[i].n;
    char *out = arena_get(a, size + 1, 1), *p = out;
    for (size_t i = 0; i < n; i++)
        if (piece[i].n)
            p = mempcpy(p, piece[i].p, piece[i].n);
    return (struct str){out, size};
}

const char *str_c(struct arena *a, struct str s)
{
    return str_dup(a, s).p;
}

bool str_has_nul(struct str s)
{
    return s.n && memchr(s.p, 0, s.n) != NULL;
}

static bool number(struct str s, unsigned base, uint64_t max, uint64_t *out)
{
    uint64_t v = 0;
    if (!s.n)
        return false;
    for (size_t i = 0; i < s.n; i++) {
        unsigned digit = (unsigned char)s.p[i] - (unsigned)'0';
        if (digit >= base || __builtin_mul_overflow(v, base, &v) || __builtin_add_overflow(v, digit, &v))
            return false;
    }
    if (v > max)
        return false;
    *out = v;
    return true;
}

bool str_u64(struct str s, uint64_t min, uint64_t max, uint64_t *out)
{
    uint64_t v;
    if (!number(s, 10, max, &v) || v < min)
        return false;
    *out = v;
    return true;
}

bool str_i64(struct str s, int64_t min, int64_t max, int64_t *out)
{
    bool minus = s.n && s.p[0] == '-';
    uint64_t v;
    if (!number(minus ? str_from(s, 1) : s, 10, (uint64_t)INT64_MAX + minus, &v))
        return false;
    int64_t i = minus ? (int64_t)(0 - v) : (int64_t)v;
    if (i < min || i > max)
        return false;
    *out = i;
    return true;
}

bool str_bool(struct str s, bool *out)
{
    static const char *const yes[] = {"1", "t", "T", "TRUE", "true", "True"};
    static const char *const no[] = {"0", "f", "F", "FALSE", "false", "False"};
    for (size_t i = 0; i < COUNT(yes); i++) {
        if (str_is(s, yes[i]) || str_is(s, no[i])) {
            *out = str_is(s, yes[i]);
            return true;
        }
    }
    return false;
}

bool str_octal(struct str s, uint64_t max, uint64_t *out)
{
    return number(s, 8, max, out);
}

// Length of the well-formed sequence at p, 0 if it is none.
static size_t utf8_one(const unsigned char *p, size_t n)
{
    if (p[0] < 0x80)
        return 1;
    size_t len = p[0] >= 0xf0 ? 4 : p[0] >= 0xe0 ? 3 : 2;
    if (p[0] < 0xc2 || p[0] > 0xf4 || n < len)
        return 0;
    for (size_t i = 1; i < len; i++)
        if ((p[i] & 0xc0) != 0x80)
            return 0;
    if ((p[0] == 0xe0 && p[1] < 0xa0) || (p[0] == 0xed && p[1] > 0x9f) || (p[0] == 0xf0 && p[1] < 0x90) ||
        (p[0] == 0xf4 && p[1] > 0x8f))
        return 0;
    return len;
}

bool str_utf8(struct str s, size_t *bad_at)
{
    const unsigned char *p = (const unsigned char *)s.p;
    for (size_t i = 0; i < s.n;) {
        size_t len = utf8_one(p + i, s.n - i);
        if (!len) {
            *bad_at = i;
            return false;
        }
        i += len;
    }
    return true;
}

struct str str_printable(struct arena *a, struct str s, size_t max)
{
    char *out = arena_get(a, (s.n < max ? s.n : max) * 4 + 16, 1);
    size_t n = 0;
    const unsigned char *p = (const unsigned char *)s.p;
    for (size_t i = 0; i < s.n && i < max;) {
        size_t len = utf8_one(p + i, s.n - i);
        bool c1 = len == 2 && p[i] == 0xc2 && p[i + 1] < 0xa0; // C1 controls: terminals obey them too
        if (!len || c1 || p[i] < 0x20 || p[i] == 0x7f) {
            for (size_t end = i + (len ? len : 1); i < end; i++)
                n += (size_t)snprintf(out + n, 5, "\\x%02x", p[i]);
            continue;
        }
        memcpy(out + n, p + i, len);
        n += len;
        i += len;
    }
    if (s.n > max) {
        memcpy(out + n, "...", 3);
        n += 3;
    }
    return (struct str){out, n};
}

size_t str_put_utf8(char out[4], uint32_t c)
{
    static const unsigned char lead[] = {[2] = 0xc0, [3] = 0xe0, [4] = 0xf0};
    if (c < 0x80) {
        out[0] = (char)c;
        return 1;
    }
    size_t n = c < 0x800 ? 2 : c < 0x10000 ? 3 : 4;
    for (size_t i = n; i-- > 1; c >>= 6)
        out[i] = (char)(0x80 | (c & 0x3f));
    out[0] = (char)(lead[n] | c);
    return n;
}

void strv_add(struct arena *a, struct strv *v, struct str s)
{
    v->v = arena_grow(a, v->v, v->n, &v->cap, sizeof *v->v);
    v->v[v->n++] = s;
}

bool strv_has(const struct strv *v, struct str s)
{
    for (size_t i = 0; i < v->n; i++)
        if (str_eq(v->v[i], s))
            return true;
    return false;
}

static int by_bytes(const void *a, const void *b)
{
    return str_cmp(*(const struct str *)a, *(const struct str *)b);
}

void strv_sort(struct strv *v)
{
    if (v->n)
        qsort(v->v, v->n, sizeof *v->v, by_bytes);
}
