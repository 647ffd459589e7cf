// SPDX-License-Identifier: Apache-2.0
// Writing by a table.
#include "document/schema_priv.h"
#include <assert.h>

struct writer {
    const struct doc *doc;
    struct err *e;
};

// Of its own, so that a change of one tree never shows in the other.
static void copy(struct arena *a, const struct val *from, struct val *to)
{
    *to = *from;
    if (from->kind == VAL_LIST) {
        val_set_list(to);
        for (size_t i = 0; i < from->c.n; i++)
            copy(a, &from->c.v[i], val_add(a, to));
    } else if (from->kind == VAL_MAP) {
        val_set_map(to);
        for (size_t i = 0; i < from->c.n; i++)
            copy(a, &from->c.v[i], val_put(a, to, from->c.key[i]));
    }
}

static void write_strv(struct arena *a, const struct strv *list, struct val *out)
{
    val_set_list(out);
    for (size_t i = 0; i < list->n; i++)
        val_set_str(val_add(a, out), list->v[i]);
}

static void write_strmap(struct arena *a, const struct strmap *map, struct val *out)
{
    val_set_map(out);
    for (size_t i = 0; i < map->n; i++)
        val_set_str(val_put(a, out, map->v[i].key), map->v[i].val);
}

// What a row, or the rows of a table, came to.
struct made {
    struct val v;
    bool empty;   // false, 0, "" and so on; a table of nothing else too
    bool nothing; // there is no value to write
    const struct field
        *missing; // a table's REQUIRED value that is not there: an error unless the table is left out
};

static int check_missing(const struct writer *w, const struct made *m)
{
    if (!m->missing)
        return 0;
    return err_set(w->e, ERR_USAGE, "%s: no value, wanted %s", field_name(m->missing, w->doc->names),
                   field_kind_name(m->missing->kind));
}

static int write_table(const struct writer *w, const struct schema *s, const char *at, struct made *out);

static int write_tables(const struct writer *w, const struct field *f, const char *at, struct val *out)
{
    const char *list;
    size_t n;
    memcpy(&list, at, sizeof list); // any T * (TABLES checks that n follows it)
    memcpy(&n, at + sizeof list, sizeof n);
    val_set_list(out);
    for (size_t i = 0; i < n; i++) {
        struct made one = {0};
        if (write_table(w, f->sub, list + i * f->sub->size, &one) < 0 || check_missing(w, &one) < 0)
            return err_wrap(w->e, "[%zu]", i);
        *val_add(w->doc->a, out) = one.v;
    }
    return 0;
}

static void write_val(const struct writer *w, const char *at, struct made *out)
{
    const struct val *v;
    memcpy(&v, at, sizeof v); // members are with and without const
    out->nothing = !v;
    if (v)
        copy(w->doc->a, v, &out->v);
}

static int write_hook(const struct writer *w, const struct field *f, const char *at, struct made *out)
{
    if (f->write(w->doc, at, &out->v, w->e) < 0)
        return -1;
    out->nothing = out->v.kind == VAL_NULL;
    out->empty = val_is_empty(&out->v);
    return 0;
}

static int write_value(const struct writer *w, const struct field *f, const char *at, struct made *out)
{
    int rc = 0;
    if (f->write)
        return write_hook(w, f, at, out);
    switch (f->kind) {
    case F_BOOL:
        val_set_bool(&out->v, *(const bool *)(const void *)at);
        break;
    case F_INT:
        val_set_int(&out->v, *(const int64_t *)(const void *)at);
        break;
    case F_STR:
        val_set_str(&out->v, *(const struct str *)(const void *)at);
        break;
    case F_STRV:
        write_strv(w->doc->a, (const void *)at, &out->v);
        break;
    case F_STRMAP:
        write_strmap(w->doc->a, (const void *)at, &out->v);
        break;
    case F_VAL:
        write_val(w, at, out);
        break;
    case F_STRUCT:
        return write_table(w, f->sub, at, out);
    case F_STRUCTV:
        rc = write_tables(w, f, at, &out->v);
        break;
    case F_HOOK:
    case F_KIND_MAX_:
        BUG("a row without a writer");
    }
    out->empty = val_is_empty(&out->v);
    return rc;
}

// A table that is being written.
struct table {
    const struct schema *s;
    const char *at;
    struct made *out;
};

// `was`: the value under this key in what was read; NULL = none.
static int write_row(const struct writer *w, struct table *t, const struct field *f, const struct val *was)
{
    const char *name = field_name(f, w->doc->names);
    struct made m = {0};
    if (write_value(w, f, t->at + f->off, &m) < 0)
        return err_wrap(w->e, "%s", name);
    t->out->empty &= m.empty;
    if (m.nothing && f->flags & REQUIRED)
        t->out->missing = f;
    if (m.empty && was && val_is_empty(was)) {
        copy(w->doc->a, was, val_put(w->doc->a, &t->out->v, str_of(name)));
        return 0;
    }
    if (m.nothing || (m.empty && f->flags & OMIT_EMPTY && !(f->flags & REQUIRED)))
        return 0;
    if (check_missing(w, &m) < 0)
        return err_wrap(w->e, "%s", name);
    bool container = m.v.kind == VAL_LIST || m.v.kind == VAL_MAP;
    if (f->flags & EMPTY_NULL && w->doc->names == NAMES_JSON && container && !m.v.c.n)
        m.v = (struct val){0};
    if (f->flags & SECRET && w->doc->hide_secrets && !m.empty)
        val_set_str(&m.v, STR(SECRET_SHOWN));
    *val_put(w->doc->a, &t->out->v, str_of(name)) = m.v;
    return 0;
}

// In the order of what was read.
static int write_kept(const struct writer *w, struct table *t, const struct val *kept, bool done[SCHEMA_ROWS])
{
    for (size_t i = 0; i < kept->c.n; i++) {
        const struct val *was = &kept->c.v[i];
        const struct field *f = schema_row_of(w->doc, t->s, kept->c.key[i]);
        if (!f) {
            copy(w->doc->a, was, val_put(w->doc->a, &t->out->v, kept->c.key[i]));
            t->out->empty = false;
            continue;
        }
        struct str name = str_of(field_name(f, w->doc->names));
        if (!str_eq(kept->c.key[i], name) && val_get(kept, name))
            continue; // the alias was not read
        done[f - t->s->field] = true;
        if (write_row(w, t, f, was) < 0)
            return -1;
    }
    return 0;
}

static int write_table(const struct writer *w, const struct schema *s, const char *at, struct made *out)
{
    assert(s->n <= SCHEMA_ROWS);
    bool done[SCHEMA_ROWS] = {0};
    struct table t = {.s = s, .at = at, .out = out};
    const struct field *keep = schema_keep(s);
    const struct val *kept = NULL;
    val_set_map(&out->v);
    out->empty = true;
    if (keep)
        memcpy(&kept, at + keep->off, sizeof kept);
    if (kept && kept->kind == VAL_MAP && write_kept(w, &t, kept, done) < 0)
        return -1;
    for (size_t i = 0; i < s->n; i++) {
        const struct field *f = &s->field[i];
        if (!done[i] && field_name(f, w->doc->names) && field_has_api(f, w->doc->api) &&
            write_row(w, &t, f, NULL) < 0)
            return -1;
    }
    return 0;
}

int doc_write(const struct doc *doc, const struct schema *s, const void *in, struct val **out, struct err *e)
{
    struct made m = {0};
    struct writer w = {doc, e};
    if (write_table(&w, s, in, &m) < 0 || check_missing(&w, &m) < 0)
        return -1;
    struct val *root = ARENA_NEW(doc->a, struct val);
    *root = m.v;
    *out = root;
    return 0;
}
