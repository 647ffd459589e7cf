// SPDX-License-Identifier: Apache-2.0
#include "ui/table.h"
#include "base/clock.h"

struct table {
    struct arena *a;
    const struct column *columns;
    size_t n_columns, n_rows, cap;
    struct cell *v; // row after row
};

enum { CELL_MAX = 400, GAP = 2 };

struct cell cell_text(struct str s)
{
    struct cell c = {.text = s};
    val_set_str(&c.json, s);
    return c;
}

struct cell cell_number(struct arena *a, uint64_t n)
{
    struct cell c = {.text = str_printf(a, "%llu", (unsigned long long)n)};
    val_set_int(&c.json, (int64_t)n);
    return c;
}

struct cell cell_both(struct str text, struct str json)
{
    struct cell c = {.text = text};
    val_set_str(&c.json, json);
    return c;
}

struct cell cell_size(struct arena *a, uint64_t bytes)
{
    struct cell c = {.text = text_size(a, bytes)};
    val_set_int(&c.json, (int64_t)bytes);
    return c;
}

struct table *table_new(struct arena *a, const struct column *columns)
{
    struct table *t = ARENA_NEW(a, struct table);
    t->a = a;
    t->columns = columns;
    while (columns[t->n_columns].head || columns[t->n_columns].key)
        t->n_columns++;
    return t;
}

void table_add(struct table *t, const struct cell *cells)
{
    for (size_t i = 0; i < t->n_columns; i++) {
        t->v = arena_grow(t->a, t->v, t->n_rows * t->n_columns + i, &t->cap, sizeof *t->v);
        t->v[t->n_rows * t->n_columns + i] = cells[i];
    }
    t->n_rows++;
}

size_t table_rows(const struct table *t)
{
    return t->n_rows;
}

// Columns that a terminal takes: continuation bytes of UTF-8 take none.
static size_t width(struct str s)
{
    size_t n = 0;
    for (size_t i = 0; i < s.n; i++)
        n += ((unsigned char)s.p[i] & 0xc0) != 0x80;
    return n;
}

static struct str shown(const struct table *t, size_t row, size_t column)
{
    return str_printable(t->a, t->v[row * t->n_columns + column].text, CELL_MAX);
}

static void pad(struct buf *out, size_t n)
{
    for (size_t i = 0; i < n; i++)
        buf_char(out, ' ');
}

// The last column is not filled up: no line ends with blanks.
static void put(const struct table *t, size_t column, size_t wide, struct str text, struct buf *out)
{
    bool right = t->columns[column].right;
    size_t rest = wide - width(text);
    if (right)
        pad(out, rest);
    buf_str(out, text);
    for (size_t next = column + 1; next < t->n_columns; next++) {
        if (!t->columns[next].head)
            continue;
        pad(out, (right ? 0 : rest) + GAP);
        return;
    }
    buf_char(out, '\n');
}

void table_text(const struct table *t, struct buf *out)
{
    size_t *wide = ARENA_ARRAY(t->a, size_t, t->n_columns);
    if (!t->n_rows)
        return;
    for (size_t c = 0; c < t->n_columns; c++) {
        wide[c] = t->columns[c].head ? width(str_of(t->columns[c].head)) : 0;
        for (size_t r = 0; r < t->n_rows; r++) {
            size_t w = width(shown(t, r, c));
            wide[c] = w > wide[c] ? w : wide[c];
        }
    }
    for (size_t c = 0; c < t->n_columns; c++)
        if (t->columns[c].head)
            put(t, c, wide[c], str_of(t->columns[c].head), out);
    for (size_t r = 0; r < t->n_rows; r++)
        for (size_t c = 0; c < t->n_columns; c++)
            if (t->columns[c].head)
                put(t, c, wide[c], shown(t, r, c), out);
}

void table_json(const struct table *t, struct val *list)
{
    for (size_t r = 0; r < t->n_rows; r++) {
        struct val *row = val_add(t->a, list);
        val_set_map(row);
        for (size_t c = 0; c < t->n_columns; c++)
            if (t->columns[c].key)
                *val_put(t->a, row, str_of(t->columns[c].key)) = t->v[r * t->n_columns + c].json;
    }
}

struct str text_size(struct arena *a, uint64_t bytes)
{
    static const char *const units[] = {"B", "kB", "MB", "GB", "TB"};
    double size = (double)bytes;
    size_t unit = 0;
    for (; size >= 999.95 && unit + 1 < COUNT(units); unit++)
        size /= 1000;
    return str_printf(a, unit ? "%.1f %s" : "%.0f %s", size, units[unit]);
}

struct str text_seconds(struct arena *a, uint64_t ms)
{
    return ms < 1000 ? str_printf(a, "%.2f s", (double)ms / 1000)
                     : str_printf(a, "%.1f s", (double)ms / 1000);
}

struct str text_age(struct arena *a, int64_t then, int64_t now)
{
    static const struct {
        int64_t from, unit;
        const char *name;
    } steps[] = {{2 * 365 * 86400, 365 * 86400, "years"},
                 {60 * 86400, 30 * 86400, "months"},
                 {2 * 86400, 86400, "days"},
                 {2 * 3600, 3600, "hours"},
                 {120, 60, "minutes"},
                 {0, 1, "seconds"}};
    char text[CLOCK_TEXT];
    // The fixed dates of reproducible images, and clocks that differ.
    if (then < 1000000000 || then > now)
        return str_dup(a, str_head(str_of(clock_text(then, text)), 10));
    for (size_t i = 0; i < COUNT(steps); i++)
        if (now - then >= steps[i].from)
            return str_printf(a, "%lld %s ago", (long long)((now - then) / steps[i].unit), steps[i].name);
    return STR("");
}
