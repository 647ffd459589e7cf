// SPDX-License-Identifier: Apache-2.0
// spec: RFC 8259. What it leaves to implementations is refused where readers differ (section 4 "unpredictable",
// 8.1 byte order mark, 8.2 lone surrogates) and kept as text where it can be kept (section 6).
#include "document/json.h"
#include "base/digit.h"
#include "base/limits.h"
#include "document/step.h"
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>

enum { SHOWN_MAX = 32 }; // bytes of the document in a message

struct json {
    struct arena *a;
    const char *start, *at, *end;
    const char *line_start;
    uint32_t line;
    const char *file;
    struct err *e;
    size_t n_values, max_values;
    size_t depth;                  // open containers
    struct step path[LIMIT_DEPTH]; // one for each open container
};

static int peek(const struct json *j) // the next byte; -1 at the end
{
    return j->at < j->end ? (unsigned char)*j->at : -1;
}

static int fail(struct json *j, enum err_code code, const char *at, const char *fmt, ...) printf_(4, 5);
static int fail(struct json *j, enum err_code code, const char *at, const char *fmt, ...)
{
    if (!j->e || j->e->code != ERR_NONE)
        return -1;
    struct val place = {.line = 1};
    const char *line_start = j->start;
    for (const char *p = j->start; p < at; p++)
        if (*p == '\n') {
            place.line++;
            line_start = p + 1;
        }
    place.col = (uint32_t)(at - line_start) + 1;
    val_where(&place, j->file, steps_text(j->a, j->path, j->depth), &j->e->at);
    char text[512];
    va_list ap;
    va_start(ap, fmt);
    vsnprintf(text, sizeof text, fmt, ap);
    va_end(ap);
    return err_set(j->e, code, "%s", text);
}

static int unexpected(struct json *j, const char *wanted)
{
    if (j->at == j->end)
        return fail(j, ERR_PARSE, j->at, "the document ends, wanted %s", wanted);
    size_t n = 1;
    while (n < SHOWN_MAX && j->at + n < j->end && (*j->at | 0x20) >= 'a' && (*j->at | 0x20) <= 'z' &&
           (j->at[n] | 0x20) >= 'a' && (j->at[n] | 0x20) <= 'z')
        n++; // a word is shown whole
    struct str shown = str_printable(j->a, (struct str){j->at, n}, SHOWN_MAX);
    return fail(j, ERR_PARSE, j->at, "'" PRI_STR "', wanted %s", STR_ARG(shown), wanted);
}

// Line feeds stand only between tokens: inside strings they are refused. So lines are counted here alone.
static void space(struct json *j)
{
    for (; j->at < j->end; j->at++) {
        if (*j->at == '\n') {
            j->line++;
            j->line_start = j->at + 1;
        } else if (*j->at != ' ' && *j->at != '\t' && *j->at != '\r') {
            return;
        }
    }
}

// Four hex digits at p, inside the string.
static bool hex4(const char *p, const char *end, uint32_t *out)
{
    uint32_t v = 0;
    if (end - p < 4)
        return false;
    for (int i = 0; i < 4; i++) {
        int digit = hex_digit(p[i]);
        if (digit < 0)
            return false;
        v = v * 16 + (uint32_t)digit;
    }
    *out = v;
    return true;
}

// At the backslash of \uXXXX; *p ends behind the escape (or the pair of escapes).
static int unicode_escape(struct json *j, const char **p, const char *end, uint32_t *out)
{
    uint32_t high, low;
    if (!hex4(*p + 2, end, &high))
        return fail(j, ERR_PARSE, *p, "an escape \\u without four hex digits");
    if (high >= 0xdc00 && high <= 0xdfff)
        return fail(j, ERR_PARSE, *p, "a low surrogate without a high one before it");
    if (high < 0xd800 || high > 0xdbff) {
        *p += 6;
        *out = high;
        return 0;
    }
    const char *next = *p + 6;
    if (end - next < 6 || next[0] != '\\' || next[1] != 'u' || !hex4(next + 2, end, &low) || low < 0xdc00 ||
        low > 0xdfff)
        return fail(j, ERR_PARSE, *p, "a high surrogate without a low one behind it");
    *p += 12;
    *out = 0x10000 + ((high - 0xd800) << 10) + (low - 0xdc00);
    return 0;
}

// The raw text between the quotes has escapes; each is longer than what it stands for.
static int unescape(struct json *j, struct str raw, struct str *out)
{
    char *text = arena_get(j->a, raw.n + 1, 1);
    size_t n = 0;
    const char *end = raw.p + raw.n;
    for (const char *p = raw.p; p < end;) {
        if (*p != '\\') {
            text[n++] = *p++;
            continue;
        }
        static const char from[] = "\"\\/bfnrt", to[] = "\"\\/\b\f\n\r\t";
        const char *known = p[1] ? strchr(from, p[1]) : NULL;
        uint32_t u;
        if (known) {
            text[n++] = to[known - from];
            p += 2;
        } else if (p[1] != 'u') {
            return fail(j, ERR_PARSE, p, "an escape that JSON does not have");
        } else if (unicode_escape(j, &p, end, &u) < 0) {
            return -1;
        } else {
            n += str_put_utf8(text + n, u);
        }
    }
    *out = (struct str){text, n};
    return 0;
}

// At the opening quote.
static int string(struct json *j, struct str *out)
{
    const char *open = j->at, *p = open + 1;
    bool escaped = false, wide = false;
    for (; p < j->end && *p != '"'; p++) {
        unsigned char c = (unsigned char)*p;
        if (c < 0x20)
            return fail(j, ERR_PARSE, p, "control byte 0x%02x in a string, wanted an escape", c);
        wide |= c >= 0x80;
        escaped |= c == '\\';
        if (c == '\\' && p + 1 < j->end)
            p++; // the byte behind it is no end of the string; unescape looks at it
    }
    if (p >= j->end)
        return fail(j, ERR_PARSE, open, "the document ends before the closing quote of this string");
    struct str raw = {open + 1, (size_t)(p - open - 1)};
    size_t bad;
    if (wide && !str_utf8(raw, &bad))
        return fail(j, ERR_PARSE, raw.p + bad, "byte 0x%02x is not UTF-8", (unsigned char)raw.p[bad]);
    if (escaped && unescape(j, raw, out) < 0)
        return -1;
    if (!escaped)
        *out = str_dup(j->a, raw);
    j->at = p + 1;
    return 0;
}

static int digits(struct json *j, const char *what)
{
    if (!is_digit(peek(j)))
        return unexpected(j, what);
    while (is_digit(peek(j)))
        j->at++;
    return 0;
}

static int number(struct json *j, struct val *out)
{
    const char *first = j->at;
    bool whole = true;
    if (peek(j) == '-')
        j->at++;
    const char *lead = j->at;
    if (digits(j, "a digit") < 0)
        return -1;
    if (*lead == '0' && j->at > lead + 1)
        return fail(j, ERR_PARSE, lead, "a number with a zero before its first digit");
    if (peek(j) == '.') {
        whole = false;
        j->at++;
        if (digits(j, "a digit behind the point") < 0)
            return -1;
    }
    if (peek(j) == 'e' || peek(j) == 'E') {
        whole = false;
        j->at++;
        if (peek(j) == '+' || peek(j) == '-')
            j->at++;
        if (digits(j, "a digit of the exponent") < 0)
            return -1;
    }
    struct str text = {first, (size_t)(j->at - first)};
    if (whole && !str_is(text, "-0") && str_i64(text, INT64_MIN, INT64_MAX, &out->i)) {
        out->kind = VAL_INT;
        return 0;
    }
    out->kind = VAL_NUM;
    out->s = str_dup(j->a, text);
    return 0;
}

static bool word(struct json *j, const char *w)
{
    size_t n = strlen(w);
    if ((size_t)(j->end - j->at) < n || memcmp(j->at, w, n) != 0)
        return false;
    j->at += n;
    return true;
}

static int value(struct json *j, struct val *out);

static int open_container(struct json *j, struct step **step)
{
    if (j->depth == LIMIT_DEPTH)
        return fail(j, ERR_LIMIT, j->at, "nested deeper than %d levels", LIMIT_DEPTH);
    *step = &j->path[j->depth++];
    **step = (struct step){0};
    j->at++;
    space(j);
    return 0;
}

// Behind a value: passes the comma. *last is set at the container's end.
static int comma(struct json *j, char close, bool *last)
{
    space(j);
    int c = peek(j);
    if (c != ',' && c != close)
        return unexpected(j, close == ']' ? "',' or ']' behind the value" : "',' or '}' behind the value");
    j->at++;
    *last = c == close;
    if (*last)
        j->depth--;
    else
        space(j);
    return 0;
}

static int list(struct json *j, struct val *out)
{
    struct step *step;
    val_set_list(out);
    if (open_container(j, &step) < 0)
        return -1;
    bool last = peek(j) == ']';
    if (last) {
        j->at++;
        j->depth--;
    }
    while (!last) {
        step->index = out->c.n;
        if (value(j, val_add(j->a, out)) < 0 || comma(j, ']', &last) < 0)
            return -1;
    }
    return 0;
}

static int member(struct json *j, struct val *map, struct step *step)
{
    *step = (struct step){.index = NO_INDEX};
    const char *at = j->at;
    if (peek(j) != '"')
        return unexpected(j, map->c.n ? "a key in quotes" : "a key in quotes or '}'");
    if (string(j, &step->key) < 0)
        return -1;
    if (step->key.n > LIMIT_KEY)
        return fail(j, ERR_LIMIT, at, "a key of %zu bytes, at most %d are read", step->key.n, LIMIT_KEY);
    size_t n = map->c.n;
    struct val *child = val_put(j->a, map, step->key);
    if (map->c.n == n)
        return fail(j, ERR_PARSE, at, "the key stands twice (first at line %u)", child->line);
    space(j);
    if (peek(j) != ':')
        return unexpected(j, "':' behind the key");
    j->at++;
    space(j);
    return value(j, child);
}

static int map(struct json *j, struct val *out)
{
    struct step *step;
    val_set_map(out);
    if (open_container(j, &step) < 0)
        return -1;
    bool last = peek(j) == '}';
    if (last) {
        j->at++;
        j->depth--;
    }
    while (!last)
        if (member(j, out, step) < 0 || comma(j, '}', &last) < 0)
            return -1;
    return 0;
}

static int value(struct json *j, struct val *out)
{
    if (++j->n_values > j->max_values)
        return fail(j, ERR_LIMIT, j->at, "more than %zu values", j->max_values);
    out->line = j->line;
    out->col = (uint32_t)(j->at - j->line_start) + 1;
    switch (peek(j)) {
    case '{':
        return map(j, out);
    case '[':
        return list(j, out);
    case '"':
        if (string(j, &out->s) < 0)
            return -1;
        out->kind = VAL_STR;
        return 0;
    case '-':
        return number(j, out);
    default:
        break;
    }
    if (is_digit(peek(j)))
        return number(j, out);
    if (word(j, "true"))
        val_set_bool(out, true);
    else if (word(j, "false"))
        val_set_bool(out, false);
    else if (!word(j, "null"))
        return unexpected(j, "a value");
    return 0;
}

int json_read(struct arena *a, struct str text, const char *file, struct val **out, struct err *e)
{
    return json_read_few(a, text, file, LIMIT_VALUES, out, e);
}

int json_read_few(struct arena *a, struct str text, const char *file, size_t max_values, struct val **out,
                  struct err *e)
{
    struct json j = {.a = a, .line = 1, .file = file, .e = e, .max_values = max_values};
    j.start = j.at = j.line_start = text.p ? text.p : "";
    j.end = j.start + text.n;
    if (text.n > LIMIT_DOCUMENT)
        return fail(&j, ERR_LIMIT, j.start, "a document of %zu bytes, at most %" PRIu64 " are read", text.n,
                    LIMIT_DOCUMENT);
    if (str_has_prefix(text, "\xef\xbb\xbf"))
        return fail(&j, ERR_PARSE, j.start, "a byte order mark, wanted a value");
    struct val *root = ARENA_NEW(a, struct val);
    space(&j);
    if (value(&j, root) < 0)
        return -1;
    space(&j);
    if (j.at < j.end)
        return unexpected(&j, "the end of the document");
    *out = root;
    return 0;
}

// How many bytes at p are one character; 0 = not UTF-8.
static size_t character(struct str rest)
{
    unsigned char c = (unsigned char)rest.p[0];
    size_t len = c < 0x80 ? 1 : c < 0xe0 ? 2 : c < 0xf0 ? 3 : 4, bad;
    return len <= rest.n && str_utf8(str_head(rest, len), &bad) ? len : 0;
}

// What the character is written as; NULL = itself. `hex` has room for one \uXXXX.
static const char *escape(struct str one, enum json_style style, char hex[8])
{
    static const char *const names[0x20] = {
        ['\b'] = "\\b", ['\f'] = "\\f", ['\n'] = "\\n", ['\r'] = "\\r", ['\t'] = "\\t"};
    unsigned char c = (unsigned char)one.p[0];
    if (c == '"')
        return "\\\"";
    if (c == '\\')
        return "\\\\";
    if (c < 0x20 && names[c])
        return names[c];
    if (c < 0x20 || (style == JSON_GO && (c == '<' || c == '>' || c == '&'))) {
        snprintf(hex, 8, "\\u%04x", c);
        return hex;
    }
    // DEL and the C1 controls, which some terminals obey. Go leaves them.
    bool c1 = c == 0xc2 && (unsigned char)one.p[1] < 0xa0;
    if (style != JSON_GO && (c == 0x7f || c1)) {
        snprintf(hex, 8, "\\u%04x", c1 ? (unsigned char)one.p[1] : c);
        return hex;
    }
    if (style == JSON_GO && str_is(one, "\xe2\x80\xa8"))
        return "\\u2028";
    if (style == JSON_GO && str_is(one, "\xe2\x80\xa9"))
        return "\\u2029";
    return NULL;
}

// Itself in every style.
static bool is_plain(char c)
{
    return c >= ' ' && c != 0x7f && c != '"' && c != '\\' && c != '<' && c != '>' && c != '&' &&
           !((unsigned char)c & 0x80);
}

static void write_string(struct str s, enum json_style style, struct buf *out)
{
    size_t done = 0;
    buf_char(out, '"');
    for (size_t i = 0; i < s.n;) {
        char hex[8];
        if (is_plain(s.p[i])) {
            i++;
            continue;
        }
        size_t len = character(str_from(s, i));
        const char *as = len ? escape((struct str){s.p + i, len}, style, hex) : "\\ufffd"; // as Go does
        i += len ? len : 1;
        if (as) {
            size_t from = i - (len ? len : 1);
            buf_add(out, s.p + done, from - done);
            buf_text(out, as);
            done = i;
        }
    }
    buf_add(out, s.p + done, s.n - done);
    buf_char(out, '"');
}

static void new_line(enum json_style style, size_t depth, struct buf *out)
{
    if (style != JSON_PRETTY)
        return;
    buf_char(out, '\n');
    for (size_t i = 0; i < depth && !out->over; i++)
        buf_text(out, "  ");
}

static void write_value(const struct val *v, enum json_style style, size_t depth, struct buf *out);

static void write_container(const struct val *v, enum json_style style, size_t depth, struct buf *out)
{
    bool is_map = v->kind == VAL_MAP;
    buf_char(out, is_map ? '{' : '[');
    for (size_t i = 0; i < v->c.n && !out->over; i++) {
        if (i)
            buf_char(out, ',');
        new_line(style, depth + 1, out);
        if (is_map) {
            write_string(v->c.key[i], style, out);
            buf_text(out, style == JSON_PRETTY ? ": " : ":");
        }
        write_value(&v->c.v[i], style, depth + 1, out);
    }
    if (v->c.n)
        new_line(style, depth, out);
    buf_char(out, is_map ? '}' : ']');
}

// TOML has numbers that JSON has not (inf, nan): those are written as text.
static void write_number(struct str s, enum json_style style, struct buf *out)
{
    if (s.n && is_digit((unsigned char)s.p[s.n - 1]))
        buf_str(out, s);
    else
        write_string(s, style, out);
}

static void write_value(const struct val *v, enum json_style style, size_t depth, struct buf *out)
{
    switch (v->kind) {
    case VAL_BOOL:
        buf_text(out, v->b ? "true" : "false");
        return;
    case VAL_INT:
        buf_printf(out, "%" PRId64, v->i);
        return;
    case VAL_NUM:
        write_number(v->s, style, out);
        return;
    case VAL_STR:
    case VAL_TIME:
        write_string(v->s, style, out);
        return;
    case VAL_LIST:
    case VAL_MAP:
        write_container(v, style, depth, out);
        return;
    case VAL_NULL:
    case VAL_KIND_MAX_:
        break;
    }
    buf_text(out, "null");
}

void json_write(const struct val *v, enum json_style style, struct buf *out)
{
    write_value(v, style, 0, out);
}
