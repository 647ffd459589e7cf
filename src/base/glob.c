// SPDX-License-Identifier: Apache-2.0
#include "base/glob.h"
#include "base/limits.h"

enum { BAD_BYTE = 0xfffd }; // what a byte that is no UTF-8 counts as, one byte long

enum step { STEP_BAD, STEP_MISS, STEP_HIT };

// Takes one character off a text that is not empty. *whole says whether it was well-formed UTF-8.
static uint32_t take(struct str *s, bool *whole)
{
    unsigned char first = (unsigned char)s->p[0];
    size_t len = first < 0x80 ? 1 : first >= 0xf0 ? 4 : first >= 0xe0 ? 3 : 2, bad;
    *whole = len <= s->n && str_utf8(str_head(*s, len), &bad);
    if (!*whole)
        len = 1;
    uint32_t c = len == 1 ? first : first & (0x7fu >> len);
    for (size_t i = 1; i < len; i++)
        c = c << 6 | ((unsigned char)s->p[i] & 0x3fu);
    *s = str_from(*s, len);
    return *whole ? c : BAD_BYTE;
}

// One end of a range inside a class; something must follow it, at least the ']'.
static bool class_char(struct str *p, uint32_t *c)
{
    bool whole;
    if (!p->n || p->p[0] == '-' || p->p[0] == ']')
        return false;
    if (p->p[0] == '\\')
        *p = str_from(*p, 1);
    if (!p->n)
        return false;
    *c = take(p, &whole);
    return whole && p->n;
}

// *p stands behind the '['.
static enum step class_step(struct str *p, uint32_t c)
{
    bool negated = p->n && p->p[0] == '^', in = false;
    if (negated)
        *p = str_from(*p, 1);
    for (bool first = true; first || !p->n || p->p[0] != ']'; first = false) {
        uint32_t low, high;
        if (!class_char(p, &low))
            return STEP_BAD;
        high = low;
        if (p->p[0] == '-') {
            *p = str_from(*p, 1);
            if (!class_char(p, &high))
                return STEP_BAD;
        }
        in = in || (low <= c && c <= high);
    }
    *p = str_from(*p, 1);
    return in != negated ? STEP_HIT : STEP_MISS;
}

// Holds what stands first in the pattern, which is no star, against the first character of the name; takes both.
static enum step step(struct str *p, struct str *name)
{
    bool whole, end = name->n == 0;
    char c = p->p[0];
    *p = str_from(*p, 1);
    if (c == '[') {
        enum step got = class_step(p, end ? BAD_BYTE : take(name, &whole));
        return end && got == STEP_HIT ? STEP_MISS : got;
    }
    if (c == '\\') {
        if (!p->n)
            return STEP_BAD;
        c = p->p[0];
        *p = str_from(*p, 1);
    } else if (c == '?') {
        if (end || name->p[0] == '/')
            return STEP_MISS;
        (void)take(name, &whole);
        return STEP_HIT;
    }
    if (end || name->p[0] != c)
        return STEP_MISS;
    *name = str_from(*name, 1);
    return STEP_HIT;
}

int glob_check(struct str pattern, struct err *e)
{
    struct str p = pattern;
    // A class is read again for each character behind a star, so the time is the product of both lengths.
    if (pattern.n >= LIMIT_PATH)
        return err_set(e, ERR_LIMIT, "pattern of %zu bytes, at most %d", pattern.n, LIMIT_PATH - 1);
    while (p.n) {
        struct str nothing = {"", 0};
        if (p.p[0] == '*')
            p = str_from(p, 1);
        else if (step(&p, &nothing) == STEP_BAD)
            return err_set(e, ERR_USAGE, "\"%.*s\": malformed pattern: want [class] or \\ and a character",
                           pattern.n > 100 ? 100 : (int)pattern.n, pattern.p);
    }
    return 0;
}

// A star only ever has to give way for the last one before it: an earlier one could not help where that one cannot.
static bool match(struct str p, struct str name)
{
    struct str star_p = {0}, star_name = {0}; // where to go on when what follows the last star does not fit
    for (;;) {
        if (p.n && p.p[0] == '*') {
            p = str_from(p, 1);
            star_p = p;
            star_name = name;
            continue;
        }
        if (p.n ? step(&p, &name) == STEP_HIT : name.n == 0) {
            if (!p.n && !name.n)
                return true;
            continue;
        }
        if (!star_p.p || !star_name.n || star_name.p[0] == '/')
            return false;
        star_name = str_from(star_name, 1);
        p = star_p;
        name = star_name;
    }
}

enum glob glob_match(struct str pattern, struct str name, struct err *e)
{
    if (glob_check(pattern, e) < 0)
        return GLOB_ERROR;
    return match(pattern, name) ? GLOB_YES : GLOB_NO;
}

bool glob_is_plain(struct str pattern)
{
    for (size_t i = 0; i < pattern.n; i++)
        if (strchr("*?[\\", pattern.p[i]) && pattern.p[i])
            return false;
    return true;
}
