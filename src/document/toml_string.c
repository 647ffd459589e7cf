// SPDX-License-Identifier: Apache-2.0
// Texts and keys (spec: "String", "Keys").
#include "base/digit.h"
#include "document/toml_priv.h"

// One opening, its content and its end.
struct quoted {
    char quote;
    bool multi;
    const char *open; // for messages
};

static int unicode(struct toml *t, int n_digits, char **out)
{
    const char *from = t->at - 2;
    uint32_t c = 0;
    for (int i = 0; i < n_digits; i++, t->at++) {
        int digit = t->at < t->end ? hex_digit(*t->at) : -1;
        if (digit < 0)
            return toml_fail(t, ERR_PARSE, from, "text: \\%c wants %d hexadecimal digits", from[1], n_digits);
        c = c << 4 | (uint32_t)digit;
    }
    if (c > 0x10ffff || (c >= 0xd800 && c <= 0xdfff))
        return toml_fail(t, ERR_PARSE, from, "text: U+%04X is not a Unicode scalar value", c);
    *out += str_put_utf8(*out, c);
    return 0;
}

// "line ending backslash": up to the next byte that is no blank and no newline.
static int joined_line(struct toml *t)
{
    const char *from = t->at - 1;
    toml_blanks(t);
    if (!toml_newline(t))
        return toml_fail(t, ERR_PARSE, from, "text: a backslash before a blank that does not end its line");
    do
        toml_blanks(t);
    while (toml_newline(t));
    return 0;
}

static int escape(struct toml *t, const struct quoted *q, char **out)
{
    static const char names[] = "btnfr\"\\", bytes[] = "\b\t\n\f\r\"\\";
    const char *from = t->at++;
    int c = toml_peek(t);
    if (c < 0)
        return toml_fail(t, ERR_PARSE, from, "text: it ends in the middle of an escape");
    if (q->multi && (c == ' ' || c == '\t' || c == '\n' || c == '\r'))
        return joined_line(t);
    t->at++;
    const char *name = c ? strchr(names, c) : NULL;
    if (name) {
        *(*out)++ = bytes[name - names];
        return 0;
    }
    if (c == 'u' || c == 'U')
        return unicode(t, c == 'u' ? 4 : 8, out);
    if (c == 'e' || c == 'x')
        return toml_fail(t, ERR_PARSE, from, "text: the escape \\%c is of TOML 1.1, wanted TOML 1.0", c);
    return toml_fail(t, ERR_PARSE, from, "text: \"%s\" is not an escape of TOML",
                     toml_shown(t, (struct str){from, 2}));
}

// How many quotes stand here, looking at most five: two may be content right before the closing three.
static size_t quotes(const struct toml *t, char quote)
{
    size_t n = 0;
    while (n < 5 && t->end - t->at > (ptrdiff_t)n && t->at[n] == quote)
        n++;
    return n;
}

// At a quote: true = the text is closed, else it was content.
static bool closing(struct toml *t, const struct quoted *q, char **out)
{
    if (!q->multi) {
        t->at++;
        return true;
    }
    size_t n = quotes(t, q->quote);
    for (size_t i = n >= 3 ? 3 : 0; i < n; i++)
        *(*out)++ = q->quote;
    t->at += n;
    return n >= 3;
}

// One character that is not the quote.
static int character(struct toml *t, const struct quoted *q, char **out)
{
    unsigned char c = (unsigned char)*t->at;
    if (c == '\\' && q->quote == '"')
        return escape(t, q, out);
    bool newline = c == '\n' || (c == '\r' && t->end - t->at >= 2 && t->at[1] == '\n');
    if (newline && !q->multi)
        return toml_fail(t, ERR_PARSE, q->open, "text: its line ends before its closing %c", q->quote);
    if (((c < 0x20 && c != '\t') || c == 0x7f) && !newline)
        return toml_fail(t, ERR_PARSE, t->at, "text: control byte 0x%02x, wanted an escape", c);
    if (c == '\r')
        *(*out)++ = *t->at++;
    *(*out)++ = *t->at++;
    return 0;
}

// The decoded text is never longer than what stands in the document.
static int content(struct toml *t, const struct quoted *q, char *to, size_t *n)
{
    char *out = to;
    while (t->at < t->end) {
        if (*t->at == q->quote) {
            if (closing(t, q, &out)) {
                *n = (size_t)(out - to);
                return 0;
            }
        } else if (character(t, q, &out) < 0) {
            return -1;
        }
    }
    const char *want = q->quote == '"' ? "\"\"\"" : "'''";
    return toml_fail(t, ERR_PARSE, q->open, "text: the document ends before its closing %s",
                     q->multi ? want : want + 2);
}

// A bound for the content: up to the first quotes that can close it. Escapes hide quotes in basic texts.
static size_t raw_length(const struct toml *t, const struct quoted *q)
{
    const char *p = t->at;
    for (; p < t->end; p++) {
        if (*p == '\\' && q->quote == '"') {
            p++;
            continue;
        }
        if (*p == q->quote && (!q->multi || (t->end - p >= 3 && p[1] == q->quote && p[2] == q->quote)))
            break;
        if (*p == '\n' && !q->multi)
            break;
    }
    return (size_t)((p < t->end ? p : t->end) - t->at) + 2;
}

int toml_string(struct toml *t, struct str *out)
{
    struct quoted q = {.quote = *t->at, .open = t->at};
    size_t n = quotes(t, q.quote);
    q.multi = n >= 3;
    t->at += q.multi ? 3 : 1;
    if (q.multi)
        toml_newline(t);
    char *to = arena_get(t->a, raw_length(t, &q) + 1, 1);
    if (content(t, &q, to, &n) < 0)
        return -1;
    *out = (struct str){to, n};
    return 0;
}

int toml_key(struct toml *t, struct str *out)
{
    const char *from = t->at;
    int c = toml_peek(t);
    if (c == '"' || c == '\'') {
        if (quotes(t, (char)c) >= 3)
            return toml_fail(t, ERR_PARSE, from, "a key cannot be a text of several lines");
        if (toml_string(t, out) < 0)
            return -1;
    } else {
        while (t->at < t->end && toml_bare((struct str){t->at, 1}))
            t->at++;
        *out = (struct str){from, (size_t)(t->at - from)};
        if (!out->n && (c < 0 || c == '\n' || c == '\r'))
            return toml_fail(t, ERR_PARSE, from, "a key is missing");
        if (!out->n)
            return toml_fail(t, ERR_PARSE, from, "\"%s\" cannot stand in a key without quotes", toml_here(t));
    }
    if (out->n > LIMIT_KEY)
        return toml_fail(t, ERR_LIMIT, from, "a key of %zu bytes, at most %d", out->n, LIMIT_KEY);
    return 0;
}
