// SPDX-License-Identifier: Apache-2.0
#include "document/toml_priv.h"

enum { SHOWN_MAX = 48 };

struct writer {
    struct buf *out;
    struct err *e;
    struct str path[LIMIT_DEPTH + 1];
    size_t n_path;
};

static int refuse(struct writer *w, enum err_code code, struct str key, const char *cause)
{
    drop_(arena_free) struct arena *a = arena_new(0);
    struct str shown = str_printable(a, key, SHOWN_MAX);
    return err_set(w->e, code, "write TOML: key \"" PRI_STR "\": %s", STR_ARG(shown), cause);
}

static int write_text(struct writer *w, struct str s, struct str key)
{
    static const char names[] = "btnfr\"\\", bytes[] = "\b\t\n\f\r\"\\";
    size_t bad_at, from = 0;
    if (!str_utf8(s, &bad_at))
        return refuse(w, ERR_USAGE, key, "the text is not UTF-8");
    buf_char(w->out, '"');
    for (size_t i = 0; i < s.n; i++) {
        unsigned char c = (unsigned char)s.p[i];
        if (c >= 0x20 && c != '"' && c != '\\' && c != 0x7f)
            continue;
        buf_add(w->out, s.p + from, i - from);
        const char *byte = c ? strchr(bytes, c) : NULL;
        if (byte)
            buf_printf(w->out, "\\%c", names[byte - bytes]);
        else
            buf_printf(w->out, "\\u%04X", c);
        from = i + 1;
    }
    buf_add(w->out, s.p + from, s.n - from);
    buf_char(w->out, '"');
    return 0;
}

static int write_key(struct writer *w, struct str key)
{
    if (key.n > LIMIT_KEY)
        return refuse(w, ERR_LIMIT, key, "longer than a key may be");
    if (!toml_bare(key))
        return write_text(w, key, key);
    buf_str(w->out, key);
    return 0;
}

// A number of another format may be none here: 1e400 is one, 12345678901234567890 is not.
static int write_as_read(struct writer *w, const struct val *v, struct str key)
{
    struct val again;
    const char *why;
    if (toml_scalar_len(v->s) != v->s.n || toml_scalar(v->s, &again, &why) < 0 || again.kind != v->kind)
        return refuse(w, ERR_USAGE, key, v->kind == VAL_TIME ? "not a time of TOML" : "not a number of TOML");
    buf_str(w->out, v->s);
    return 0;
}

static int write_value(struct writer *w, const struct val *v, struct str key, size_t depth);

static int write_list(struct writer *w, const struct val *v, struct str key, size_t depth)
{
    buf_char(w->out, '[');
    for (size_t i = 0; i < v->c.n; i++) {
        buf_text(w->out, i ? ", " : "");
        if (write_value(w, &v->c.v[i], key, depth) < 0)
            return -1;
    }
    buf_char(w->out, ']');
    return 0;
}

static int write_inline(struct writer *w, const struct val *v, size_t depth)
{
    buf_char(w->out, '{');
    for (size_t i = 0; i < v->c.n; i++) {
        buf_text(w->out, i ? ", " : "");
        if (write_key(w, v->c.key[i]) < 0)
            return -1;
        buf_text(w->out, " = ");
        if (write_value(w, &v->c.v[i], v->c.key[i], depth) < 0)
            return -1;
    }
    buf_char(w->out, '}');
    return 0;
}

// `depth`: of the container that holds the value.
static int write_value(struct writer *w, const struct val *v, struct str key, size_t depth)
{
    if ((v->kind == VAL_LIST || v->kind == VAL_MAP) && depth == LIMIT_DEPTH)
        return refuse(w, ERR_LIMIT, key, "nested too deep");
    switch (v->kind) {
    case VAL_BOOL:
        buf_text(w->out, v->b ? "true" : "false");
        return 0;
    case VAL_INT:
        buf_printf(w->out, "%lld", (long long)v->i);
        return 0;
    case VAL_NUM:
    case VAL_TIME:
        return write_as_read(w, v, key);
    case VAL_STR:
        return write_text(w, v->s, key);
    case VAL_LIST:
        return write_list(w, v, key, depth + 1);
    case VAL_MAP:
        return write_inline(w, v, depth + 1);
    case VAL_NULL:
    case VAL_KIND_MAX_:
        break;
    }
    return refuse(w, ERR_USAGE, key, "null has no form in TOML");
}

// A list that is written as [[key]].
static bool is_tables(const struct val *v)
{
    if (v->kind != VAL_LIST || !v->c.n)
        return false;
    for (size_t i = 0; i < v->c.n; i++)
        if (v->c.v[i].kind != VAL_MAP)
            return false;
    return true;
}

static bool has_section(const struct val *v)
{
    return v->kind == VAL_MAP || is_tables(v);
}

// Two blanks a level and an empty line before top-level tables and list elements, as the reference lifecycle's encoder
// has it: the bytes of metadata.toml decide the diff ID of an app image's config layer.
static void indent(struct writer *w, size_t level)
{
    for (size_t i = 0; i < level; i++)
        buf_text(w->out, "  ");
}

static int write_header(struct writer *w, const char *open, const char *close)
{
    if (w->out->n && (open[1] || w->n_path == 1))
        buf_char(w->out, '\n');
    indent(w, w->n_path - 1);
    buf_text(w->out, open);
    for (size_t i = 0; i < w->n_path; i++) {
        buf_text(w->out, i ? "." : "");
        if (write_key(w, w->path[i]) < 0)
            return -1;
    }
    buf_text(w->out, close);
    return 0;
}

static int write_table(struct writer *w, const struct val *table, size_t depth);

static int write_tables(struct writer *w, const struct val *list, size_t depth)
{
    for (size_t i = 0; i < list->c.n && !w->out->over; i++)
        if (write_header(w, "[[", "]]\n") < 0 || write_table(w, &list->c.v[i], depth) < 0)
            return -1;
    return 0;
}

static int write_section(struct writer *w, const struct val *v, struct str key, size_t depth)
{
    if (depth + (v->kind == VAL_LIST) > LIMIT_DEPTH)
        return refuse(w, ERR_LIMIT, key, "nested too deep");
    w->path[w->n_path++] = key;
    if (v->kind == VAL_LIST) {
        if (write_tables(w, v, depth + 1) < 0)
            return -1;
    } else if (write_header(w, "[", "]\n") < 0 || write_table(w, v, depth) < 0) {
        return -1;
    }
    w->n_path--;
    return 0;
}

// First what belongs to the table itself: behind a header it would belong to that one.
static int write_table(struct writer *w, const struct val *table, size_t depth)
{
    for (size_t i = 0; i < table->c.n; i++) {
        if (has_section(&table->c.v[i]))
            continue;
        indent(w, w->n_path);
        if (write_key(w, table->c.key[i]) < 0)
            return -1;
        buf_text(w->out, " = ");
        if (write_value(w, &table->c.v[i], table->c.key[i], depth) < 0)
            return -1;
        buf_char(w->out, '\n');
    }
    for (size_t i = 0; i < table->c.n && !w->out->over; i++)
        if (has_section(&table->c.v[i]) && write_section(w, &table->c.v[i], table->c.key[i], depth + 1) < 0)
            return -1;
    return 0;
}

int toml_write(const struct val *root, struct buf *out, struct err *e)
{
    struct writer w = {.out = out, .e = e};
    size_t before = out->n;
    if (root->kind != VAL_MAP)
        return err_set(e, ERR_USAGE, "write TOML: the root is a %s, wanted a table",
                       val_kind_name(root->kind));
    if (write_table(&w, root, 0) == 0 && buf_finish(out, "TOML document", e) == 0)
        return 0;
    if (out->p) {
        out->n = before;
        out->p[before] = 0;
    }
    return -1;
}
