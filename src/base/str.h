// SPDX-License-Identifier: Apache-2.0
// base/str.h - borrowed text: a pointer and a length, never freed, not terminated.
//
// Text of documents lives in the arena of its document. Where libc wants a `char *`, str_c() makes one.
#pragma once
#include "base/mem.h"
#include <stdbool.h>
#include <stdint.h>
#include <string.h>

struct str {
    const char *p;
    size_t n;
};

// A list of texts. Grown with strv_add in one arena.
struct strv {
    struct str *v;
    size_t n, cap;
};

#define STR(literal) ((struct str){"" literal, sizeof(literal) - 1})
#define STR_INIT(literal)                                                                                    \
    {                                                                                                        \
        "" literal, sizeof(literal) - 1                                                                      \
    } // in static initialisers
#define PRI_STR "%.*s"
#define STR_ARG(s) (int)(s).n, (s).p // for PRI_STR

static inline struct str str_of(const char *c) // NULL gives the empty text
{
    return c ? (struct str){c, strlen(c)} : (struct str){"", 0};
}
static inline struct str str_from(struct str s, size_t at) // what follows `at` bytes; at ≤ s.n
{
    return (struct str){s.p + at, s.n - at};
}
static inline struct str str_head(struct str s, size_t n) // the first n bytes; n ≤ s.n
{
    return (struct str){s.p, n};
}

bool str_eq(struct str a, struct str b);
bool str_is(struct str a, const char *b);
int str_cmp(struct str a, struct str b); // byte order
bool str_has_prefix(struct str s, const char *prefix);
bool str_has_suffix(struct str s, const char *suffix);
bool str_find(struct str s, char c, size_t *at);      // first; false = absent, *at untouched
bool str_find_last(struct str s, char c, size_t *at); // last
struct str str_trim(struct str s);                    // blanks, tabs, CR and LF at both ends
// Cuts what stands before the first `sep` off *rest; the last piece is all of it. false = nothing left.
// An empty text has one (empty) piece when rest->p is set; after the last piece rest->p is NULL.
bool str_cut(struct str *rest, char sep, struct str *piece);
bool str_next_line(struct str *rest, struct str *line); // without LF or CRLF; false at the end

struct str str_dup(struct arena *a, struct str s);
struct str str_lower(struct arena *a, struct str s); // A to Z, whatever the locale
struct str str_printf(struct arena *a, const char *fmt, ...) printf_(2, 3);
// Pieces one behind the other, terminated: many times cheaper than str_printf. STR_CAT(a, x, STR("/"), y)
struct str str_cat(struct arena *a, const struct str *piece, size_t n);
#define STR_CAT(a, ...)                                                                                      \
    str_cat(a, (const struct str[]){__VA_ARGS__},                                                            \
            sizeof((const struct str[]){__VA_ARGS__}) / sizeof(struct str))
const char *str_c(struct arena *a, struct str s); // terminated copy; a NUL inside ends it: check before
bool str_has_nul(struct str s);
// A whole decimal number, no sign, no blanks, within min..max. *out untouched when false.
bool str_u64(struct str s, uint64_t min, uint64_t max, uint64_t *out);
bool str_i64(struct str s, int64_t min, int64_t max, int64_t *out); // a leading '-' is allowed
// As Go's strconv.ParseBool has it: 1, t, T, TRUE, true, True and their opposites. *out untouched when false.
bool str_bool(struct str s, bool *out);
bool str_octal(struct str s, uint64_t max, uint64_t *out);
bool str_utf8(struct str s, size_t *bad_at);  // strict: no overlong forms, surrogates, or > U+10FFFF
size_t str_put_utf8(char out[4], uint32_t c); // the bytes of one character; how many
// Hostile text made fit for one line of a terminal or a log: control bytes and bad UTF-8 become \xNN.
struct str str_printable(struct arena *a, struct str s, size_t max);

void strv_add(struct arena *a, struct strv *v, struct str s);
bool strv_has(const struct strv *v, struct str s);
void strv_sort(struct strv *v); // byte order
