// SPDX-License-Identifier: Apache-2.0
// Tables and values (spec: "Table", "Array", "Inline Table", "Array of Tables").
#include "document/toml_priv.h"

// A container and how deep it stands; the root's depth is 0.
struct spot {
    struct val *v;
    size_t depth;
};

static int count(struct toml *t, const char *at)
{
    if (++t->n_values > LIMIT_VALUES)
        return toml_fail(t, ERR_LIMIT, at, "more than %d values", LIMIT_VALUES);
    return 0;
}

static int deeper(struct toml *t, size_t depth, const char *at)
{
    if (depth > LIMIT_DEPTH)
        return toml_fail(t, ERR_LIMIT, at, "nested deeper than %d levels", LIMIT_DEPTH);
    return 0;
}

// Finds or adds; a new child is a VAL_NULL.
static int put(struct toml *t, struct val *map, struct str key, const char *at, struct val **out)
{
    size_t n = map->c.n;
    struct val *child = val_put(t->a, map, key);
    if (map->c.n > n) {
        map->c.key[n] = str_dup(t->a, key); // the document's text may go before the tree
        if (count(t, at) < 0)
            return -1;
        toml_place(t, at, &child->line, &child->col);
    }
    *out = child;
    return 0;
}

static int new_table(struct toml *t, struct val *v, uint32_t mark, size_t depth, const char *at)
{
    val_set_map(v);
    v->mark = mark;
    return deeper(t, depth, at);
}

// The path behind `base`: keys with dots between.
static int dotted_key(struct toml *t, size_t base)
{
    t->n_path = base;
    for (;;) {
        struct str key;
        const char *at = t->at;
        if (toml_key(t, &key) < 0)
            return -1;
        if (t->n_path == COUNT(t->path))
            return deeper(t, LIMIT_DEPTH + 1, at);
        t->path[t->n_path++] = key;
        toml_blanks(t);
        if (toml_peek(t) != '.')
            return 0;
        t->at++;
        toml_blanks(t);
    }
}

static int twice(struct toml *t, const struct val *first, const char *at, const char *what)
{
    return toml_fail(t, ERR_PARSE, at, "%s twice (first at line %u)", what, first->line);
}

// One step of a dotted key that leads to a value: it never reopens a table that a header defined.
static int dotted_step(struct toml *t, struct spot *in, struct str key, const char *at)
{
    struct val *child;
    if (put(t, in->v, key, at, &child) < 0)
        return -1;
    if (child->kind == VAL_NULL) {
        if (new_table(t, child, MARK_DOTTED, in->depth + 1, at) < 0)
            return -1;
    } else if (child->kind != VAL_MAP) {
        return toml_fail(t, ERR_PARSE, at, "the key leads through a %s (of line %u), wanted a table",
                         val_kind_name(child->kind), child->line);
    } else if (child->mark & (MARK_HEADER | MARK_CLOSED)) {
        return toml_fail(t, ERR_PARSE, at, "the key adds to a complete table (of line %u)", child->line);
    }
    child->mark |= MARK_DOTTED;
    *in = (struct spot){child, in->depth + 1};
    return 0;
}

static int value(struct toml *t, struct spot s);

static int key_value(struct toml *t, struct spot in)
{
    const char *at = t->at;
    size_t base = t->n_path;
    if (dotted_key(t, base) < 0)
        return -1;
    for (size_t i = base; i + 1 < t->n_path; i++)
        if (dotted_step(t, &in, t->path[i], at) < 0)
            return -1;
    struct val *child;
    size_t n = in.v->c.n;
    if (put(t, in.v, t->path[t->n_path - 1], at, &child) < 0)
        return -1;
    if (in.v->c.n == n)
        return twice(t, child, at, "the key stands");
    if (toml_peek(t) != '=')
        return toml_fail(t, ERR_PARSE, t->at, "no = behind the key");
    t->at++;
    toml_blanks(t);
    if (value(t, (struct spot){child, in.depth}) < 0)
        return -1;
    t->n_path = base;
    return 0;
}

static int array(struct toml *t, struct spot s)
{
    const char *open = t->at++;
    val_set_list(s.v);
    if (deeper(t, s.depth + 1, open) < 0)
        return -1;
    for (bool comma = true;; comma = false) {
        if (toml_space(t) < 0)
            return -1;
        if (!comma && toml_peek(t) == ',') {
            comma = true;
            t->at++;
            if (toml_space(t) < 0)
                return -1;
        }
        int c = toml_peek(t);
        if (c < 0)
            return toml_fail(t, ERR_PARSE, open, "the document ends before the closing ] of this list");
        if (c == ']') {
            t->at++;
            return 0;
        }
        if (!comma)
            return toml_fail(t, ERR_PARSE, t->at, "no comma and no ] behind a value of a list");
        if (c == ',')
            return toml_fail(t, ERR_PARSE, t->at, "a list's value is missing before the comma");
        if (count(t, t->at) < 0 || value(t, (struct spot){val_add(t->a, s.v), s.depth + 1}) < 0)
            return -1;
    }
}

// What keeps an inline table from going on at this byte.
static int inline_refused(struct toml *t, const char *open, bool behind_value)
{
    int c = toml_peek(t);
    if (c < 0)
        return toml_fail(t, ERR_PARSE, open, "the document ends before the closing } of this inline table");
    if (c == '\n' || c == '\r' || c == '#')
        return toml_fail(t, ERR_PARSE, t->at, "a newline in an inline table is of TOML 1.1, wanted TOML 1.0");
    if (c == '}')
        return toml_fail(t, ERR_PARSE, t->at, "a comma before } is of TOML 1.1, wanted TOML 1.0");
    if (behind_value)
        return toml_fail(t, ERR_PARSE, t->at, "no comma and no } behind a value of an inline table");
    return 0;
}

static int inline_table(struct toml *t, struct spot s)
{
    const char *open = t->at++;
    if (new_table(t, s.v, 0, s.depth + 1, open) < 0)
        return -1;
    toml_blanks(t);
    while (toml_peek(t) != '}' || s.v->c.n) {
        if (inline_refused(t, open, false) < 0 || key_value(t, (struct spot){s.v, s.depth + 1}) < 0)
            return -1;
        toml_blanks(t);
        if (toml_peek(t) == '}')
            break;
        if (toml_peek(t) != ',')
            return inline_refused(t, open, true);
        t->at++;
        toml_blanks(t);
    }
    t->at++;
    s.v->mark = MARK_CLOSED;
    return 0;
}

// Numbers are kept as every other format writes them too: without underscores and without a plus sign.
static struct str plain_number(struct toml *t, struct str text)
{
    char *p = arena_get(t->a, text.n + 1, 1);
    size_t n = 0;
    for (size_t i = text.p[0] == '+'; i < text.n; i++)
        if (text.p[i] != '_')
            p[n++] = text.p[i];
    return (struct str){p, n};
}

static int scalar(struct toml *t, struct val *out)
{
    struct str rest = {t->at, (size_t)(t->end - t->at)}, text = str_head(rest, toml_scalar_len(rest));
    struct val v;
    const char *why;
    if (!rest.n || *t->at == '\n' || *t->at == '\r' || *t->at == '#')
        return toml_fail(t, ERR_PARSE, t->at, "the value is missing");
    if (!text.n)
        return toml_fail(t, ERR_PARSE, t->at, "\"%s\": a value cannot begin so", toml_here(t));
    if (toml_scalar(text, &v, &why) < 0)
        return toml_fail(t, ERR_PARSE, t->at, "\"%s\": %s", toml_shown(t, text), why);
    if (v.kind == VAL_NUM)
        v.s = plain_number(t, text);
    else if (v.kind == VAL_TIME)
        v.s = str_dup(t->a, text);
    v.line = out->line;
    v.col = out->col;
    *out = v;
    t->at += text.n;
    return 0;
}

static int value(struct toml *t, struct spot s)
{
    toml_place(t, t->at, &s.v->line, &s.v->col);
    switch (toml_peek(t)) {
    case '"':
    case '\'': {
        struct str text;
        if (toml_string(t, &text) < 0)
            return -1;
        val_set_str(s.v, text);
        return 0;
    }
    case '[':
        return array(t, s);
    case '{':
        return inline_table(t, s);
    default:
        return scalar(t, s.v);
    }
}

// One step of a header, before its last key.
static int header_step(struct toml *t, struct spot *in, struct str key, const char *at)
{
    struct val *child;
    if (put(t, in->v, key, at, &child) < 0)
        return -1;
    size_t depth = in->depth + 1;
    if (child->kind == VAL_NULL) {
        if (new_table(t, child, MARK_IMPLICIT, depth, at) < 0)
            return -1;
    } else if (child->kind == VAL_LIST && child->mark & MARK_TABLES) {
        child = &child->c.v[child->c.n - 1];
        depth++;
    }
    if (child->kind != VAL_MAP)
        return toml_fail(t, ERR_PARSE, at, "the header leads through a %s (of line %u), wanted a table",
                         val_kind_name(child->kind), child->line);
    if (child->mark & MARK_CLOSED)
        return toml_fail(t, ERR_PARSE, at, "the header adds to an inline table (of line %u)", child->line);
    *in = (struct spot){child, depth};
    return 0;
}

static int header_table(struct toml *t, struct spot *in, struct str key, const char *at)
{
    struct val *child;
    if (put(t, in->v, key, at, &child) < 0)
        return -1;
    if (child->kind == VAL_NULL) {
        if (new_table(t, child, 0, in->depth + 1, at) < 0)
            return -1;
    } else if (child->kind != VAL_MAP || child->mark != MARK_IMPLICIT) {
        return twice(t, child, at, child->kind == VAL_MAP ? "the table is defined" : "the key stands");
    }
    child->mark = MARK_HEADER;
    toml_place(t, at, &child->line, &child->col);
    *in = (struct spot){child, in->depth + 1};
    return 0;
}

static int header_tables(struct toml *t, struct spot *in, struct str key, const char *at)
{
    struct val *list;
    if (put(t, in->v, key, at, &list) < 0)
        return -1;
    if (list->kind == VAL_NULL) {
        val_set_list(list);
        list->mark = MARK_TABLES;
    } else if (!(list->mark & MARK_TABLES)) {
        return twice(t, list, at, "the key stands");
    }
    struct val *child = val_add(t->a, list);
    if (count(t, at) < 0 || new_table(t, child, MARK_HEADER, in->depth + 2, at) < 0)
        return -1;
    toml_place(t, at, &child->line, &child->col);
    *in = (struct spot){child, in->depth + 2};
    return 0;
}

static int header(struct toml *t, struct val *root, struct spot *current)
{
    const char *at = t->at++;
    bool tables = toml_peek(t) == '[';
    t->at += tables;
    toml_blanks(t);
    if (dotted_key(t, 0) < 0)
        return -1;
    bool closed = toml_peek(t) == ']' && (!tables || (t->end - t->at >= 2 && t->at[1] == ']'));
    if (!closed)
        return toml_fail(t, ERR_PARSE, t->at, "no %s behind the table's key", tables ? "]]" : "]");
    t->at += tables ? 2 : 1;
    struct spot in = {root, 0};
    for (size_t i = 0; i + 1 < t->n_path; i++)
        if (header_step(t, &in, t->path[i], at) < 0)
            return -1;
    struct str last = t->path[t->n_path - 1];
    if ((tables ? header_tables(t, &in, last, at) : header_table(t, &in, last, at)) < 0)
        return -1;
    *current = in;
    return 0;
}

static int line_end(struct toml *t)
{
    toml_blanks(t);
    if (toml_comment(t) < 0)
        return -1;
    if (t->at < t->end && !toml_newline(t)) {
        if (*t->at == '\r')
            return toml_fail(t, ERR_PARSE, t->at, "a carriage return without a newline");
        return toml_fail(t, ERR_PARSE, t->at, "\"%s\" where the line should end", toml_here(t));
    }
    return 0;
}

static int document(struct toml *t, struct val *root)
{
    struct spot current = {root, 0};
    for (;;) {
        if (toml_space(t) < 0)
            return -1;
        if (t->at == t->end)
            return 0;
        if (*t->at == '\r')
            return line_end(t);
        if ((*t->at == '[' ? header(t, root, &current) : key_value(t, current)) < 0 || line_end(t) < 0)
            return -1;
    }
}

int toml_read(struct arena *a, struct str text, const char *file, struct val **out, struct err *e)
{
    const char *start = text.n ? text.p : "";
    struct toml t = {.a = a,
                     .file = file,
                     .e = e,
                     .start = start,
                     .at = start,
                     .end = start + text.n,
                     .seen = start,
                     .line_start = start,
                     .line = 1};
    size_t bad_at;
    if (text.n > LIMIT_DOCUMENT)
        return toml_fail(&t, ERR_LIMIT, start, "a document of %zu bytes, at most %llu", text.n,
                         (unsigned long long)LIMIT_DOCUMENT);
    if (!str_utf8(text, &bad_at))
        return toml_fail(&t, ERR_PARSE, start + bad_at, "byte 0x%02x is not UTF-8",
                         (unsigned char)start[bad_at]);
    if (str_has_prefix(text, "\xef\xbb\xbf"))
        t.at += 3;
    struct val *root = ARENA_NEW(a, struct val);
    root->line = root->col = 1;
    val_set_map(root);
    if (document(&t, root) < 0)
        return -1;
    *out = root;
    return 0;
}
