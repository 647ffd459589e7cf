// SPDX-License-Identifier: Apache-2.0
// Reading by a table, and what reading, writing and the reference share.
#include "base/buf.h"
#include "base/limits.h"
#include "base/near.h"
#include "document/schema_priv.h"
#include "document/step.h"
#include <assert.h>
#include <stdarg.h>
#include <stdio.h>

enum { NOTES_MAX = 64 }; // warnings of one document; more are only counted

struct note {
    struct err_at at;
    char text[160];
};

struct decode {
    const struct doc *doc;
    struct step path[LIMIT_DEPTH];
    size_t depth;
    bool strict;
    // Warnings wait until all was read: a document is refused or warned about, never both.
    struct note *notes;
    size_t n_notes, cap_notes, more_notes;
};

static const char *const kind_names[] = {
    [F_BOOL] = "true or false",     [F_INT] = "whole number", [F_STR] = "text",
    [F_STRV] = "list of texts",     [F_VAL] = "any value",    [F_STRMAP] = "table of texts",
    [F_STRUCTV] = "list of tables", [F_STRUCT] = "table",     [F_HOOK] = "value",
};
static_assert(COUNT(kind_names) == F_KIND_MAX_, "one name per kind");

const char *field_kind_name(enum field_kind kind)
{
    return (unsigned)kind < F_KIND_MAX_ ? kind_names[kind] : "unknown";
}

const char *field_shape(const struct field *f)
{
    if (f->shape)
        return f->shape;
    if (f->kind == F_HOOK && f->sub)
        return f->flags & NAMED ? "table of tables" : field_kind_name(F_STRUCT);
    return field_kind_name(f->kind);
}

const char *field_name(const struct field *f, enum doc_names names)
{
    return names == NAMES_JSON && f->json ? f->json : f->toml;
}

bool field_has_api(const struct field *f, uint16_t api)
{
    return !api || ((!f->since || api >= f->since) && (!f->until || api < f->until));
}

const struct doc *doc_of(const struct decode *d)
{
    return d->doc;
}

static void where(const struct decode *d, const struct val *v, struct err_at *at)
{
    val_where(v, d->doc->file, steps_text(d->doc->a, d->path, d->depth), at);
}

int doc_fail(const struct decode *d, const struct val *v, struct err *e, const char *fmt, ...)
{
    struct err_at at;
    char text[512];
    va_list ap;
    va_start(ap, fmt);
    vsnprintf(text, sizeof text, fmt, ap);
    va_end(ap);
    where(d, v, &at);
    return err_doc(e, &at, "%s", text);
}

int doc_wrong(const struct decode *d, const struct val *v, const char *wanted, struct err *e)
{
    return doc_fail(d, v, e, "found %s, wanted %s", val_kind_name(v->kind), wanted);
}

static void note(struct decode *d, const struct val *v, const char *fmt, ...) printf_(3, 4);
static void note(struct decode *d, const struct val *v, const char *fmt, ...)
{
    if (!d->doc->ev)
        return;
    if (d->n_notes == NOTES_MAX) {
        d->more_notes++;
        return;
    }
    d->notes = arena_grow(d->doc->a, d->notes, d->n_notes, &d->cap_notes, sizeof *d->notes);
    struct note *n = &d->notes[d->n_notes++];
    va_list ap;
    va_start(ap, fmt);
    vsnprintf(n->text, sizeof n->text, fmt, ap);
    va_end(ap);
    where(d, v, &n->at);
}

static void give_notes(const struct decode *d)
{
    for (size_t i = 0; i < d->n_notes; i++)
        event_warn(d->doc->ev, &d->notes[i].at, "%s", d->notes[i].text);
    if (!d->more_notes)
        return;
    struct err_at at;
    val_where(NULL, d->doc->file, NULL, &at);
    event_warn(d->doc->ev, &at, "%zu more keys are unknown or ignored", d->more_notes);
}

static int push(struct decode *d, struct step step, const struct val *v, struct err *e)
{
    if (d->depth < COUNT(d->path)) {
        d->path[d->depth++] = step;
        return 0;
    }
    if (e && e->code == ERR_NONE)
        where(d, v, &e->at);
    return err_set(e, ERR_LIMIT, "nested deeper than %d levels", LIMIT_DEPTH);
}

static void pop(struct decode *d)
{
    d->depth--;
}

static int read_str(struct decode *d, const struct field *f, const struct val *v, struct str *out,
                    struct err *e)
{
    if (v->kind != VAL_STR && !(v->kind == VAL_TIME && f->flags & TIME_TOO))
        return doc_wrong(d, v, "text", e);
    if (str_has_nul(v->s))
        return doc_fail(d, v, e, "a NUL byte in the text");
    *out = v->s;
    return 0;
}

static int read_strv(struct decode *d, const struct field *f, const struct val *v, struct strv *out,
                     struct err *e)
{
    if (v->kind != VAL_LIST)
        return doc_wrong(d, v, "list of texts", e);
    struct strv list = {0};
    if (v->c.n)
        list = (struct strv){ARENA_ARRAY(d->doc->a, struct str, v->c.n), v->c.n, v->c.n};
    for (size_t i = 0; i < v->c.n; i++) {
        const struct val *one = &v->c.v[i];
        if (push(d, (struct step){.index = i}, one, e) < 0 || read_str(d, f, one, &list.v[i], e) < 0)
            return -1;
        pop(d);
    }
    *out = list;
    return 0;
}

static int read_strmap(struct decode *d, const struct field *f, const struct val *v, struct strmap *out,
                       struct err *e)
{
    if (v->kind != VAL_MAP)
        return doc_wrong(d, v, "table of texts", e);
    struct strmap map = {0};
    for (size_t i = 0; i < v->c.n; i++) {
        const struct val *one = &v->c.v[i];
        struct str text;
        if (push(d, (struct step){.key = v->c.key[i]}, one, e) < 0)
            return -1;
        if (str_has_nul(v->c.key[i]))
            return doc_fail(d, one, e, "a NUL byte in the key");
        if (read_str(d, f, one, &text, e) < 0)
            return -1;
        strmap_set(d->doc->a, &map, v->c.key[i], text);
        pop(d);
    }
    *out = map;
    return 0;
}

static int read_table(struct decode *d, const struct schema *s, const struct val *v, char *at, struct err *e);

static int read_tables(struct decode *d, const struct field *f, const struct val *v, void *at, struct err *e)
{
    if (v->kind != VAL_LIST)
        return doc_wrong(d, v, "list of tables", e);
    size_t n = v->c.n, size = f->sub->size;
    char *list = n ? arena_array(d->doc->a, n, size, _Alignof(max_align_t)) : NULL;
    for (size_t i = 0; i < n; i++) {
        if (f->sub->init)
            memcpy(list + i * size, f->sub->init, size);
        if (push(d, (struct step){.index = i}, &v->c.v[i], e) < 0 ||
            read_table(d, f->sub, &v->c.v[i], list + i * size, e) < 0)
            return -1;
        pop(d);
    }
    memcpy(at, &list, sizeof list); // any T * (TABLES checks that n follows it)
    memcpy((char *)at + sizeof list, &n, sizeof n);
    return 0;
}

int doc_read_as(struct decode *d, const struct field *f, const struct val *v, void *at, struct err *e)
{
    switch (f->kind) {
    case F_BOOL:
        if (v->kind != VAL_BOOL)
            return doc_wrong(d, v, "true or false", e);
        *(bool *)at = v->b;
        return 0;
    case F_INT:
        if (v->kind != VAL_INT)
            return doc_wrong(d, v, "whole number", e);
        *(int64_t *)at = v->i;
        return 0;
    case F_STR:
        return read_str(d, f, v, at, e);
    case F_STRV:
        return read_strv(d, f, v, at, e);
    case F_STRMAP:
        return read_strmap(d, f, v, at, e);
    case F_VAL:
        memcpy(at, &v, sizeof v); // members are with and without const
        return 0;
    case F_STRUCT:
        return read_table(d, f->sub, v, at, e);
    case F_STRUCTV:
        return read_tables(d, f, v, at, e);
    case F_HOOK:
    case F_KIND_MAX_:
        break;
    }
    BUG("a row without a reader");
}

// The row of this key; NULL = unknown. *gated is then a row of the same name of other API versions.
static const struct field *row_of(const struct doc *doc, const struct schema *s, struct str key,
                                  const struct field **gated)
{
    const struct field *by_alias = NULL;
    *gated = NULL;
    for (size_t i = 0; i < s->n; i++) {
        const struct field *f = &s->field[i];
        const char *name = field_name(f, doc->names);
        bool named = name && str_is(key, name), aliased = name && f->alias && str_is(key, f->alias);
        if (!named && !aliased)
            continue;
        if (!field_has_api(f, doc->api))
            *gated = f;
        else if (named)
            return f;
        else
            by_alias = f;
    }
    return by_alias;
}

const struct field *schema_row_of(const struct doc *doc, const struct schema *s, struct str key)
{
    const struct field *gated;
    return row_of(doc, s, key, &gated);
}

const struct field *schema_keep(const struct schema *s)
{
    for (size_t i = 0; i < s->n; i++)
        if (s->field[i].flags & KEEP_UNKNOWN)
            return &s->field[i];
    return NULL;
}

static void note_ignored(struct decode *d, const struct val *v, const struct field *gated)
{
    unsigned api = d->doc->api, since = gated ? gated->since : 0, until = gated ? gated->until : 0;
    if (!gated)
        note(d, v, "unknown key, ignored");
    else if (since && api < since)
        note(d, v, "ignored: a key since API %u.%u, the document is of API %u.%u", since >> 8, since & 0xff,
             api >> 8, api & 0xff);
    else
        note(d, v, "ignored: a key before API %u.%u, the document is of API %u.%u", until >> 8, until & 0xff,
             api >> 8, api & 0xff);
}

static int unknown_key(const struct decode *d, const struct schema *s, const struct val *v, struct str key,
                       struct err *e)
{
    const char *names[SCHEMA_ROWS];
    size_t n = 0;
    for (size_t i = 0; i < s->n; i++)
        if (field_name(&s->field[i], d->doc->names))
            names[n++] = field_name(&s->field[i], d->doc->names);
    const char *near = nearest_name(key, names, n);
    return doc_fail(d, v, e, "unknown key%s%s%s", near ? ", did you mean \"" : "", near ? near : "",
                    near ? "\"?" : "");
}

// A table that is being read.
struct table {
    const struct schema *s;
    const struct val *v;
    char *at;
    const struct field *keep;
    bool seen[SCHEMA_ROWS];
};

// One key, which is the last step of the path.
static int read_key(struct decode *d, struct table *t, size_t i, struct err *e)
{
    struct str key = t->v->c.key[i];
    const struct val *v = &t->v->c.v[i];
    const struct field *gated, *f = row_of(d->doc, t->s, key, &gated);
    if (!f) {
        if (d->strict && !gated && !t->keep)
            return unknown_key(d, t->s, v, key, e);
        if (!t->keep)
            note_ignored(d, v, gated);
        return 0;
    }
    const char *name = field_name(f, d->doc->names);
    if (!str_is(key, name) && val_get(t->v, str_of(name))) {
        note(d, v, "ignored: another name of \"%s\", which is there too", name);
        return 0;
    }
    if (v->kind == VAL_NULL && (f->kind != F_VAL || f->flags & REQUIRED))
        return 0;
    t->seen[f - t->s->field] = true;
    return f->read ? f->read(d, v, t->at + f->off, e) : doc_read_as(d, f, v, t->at + f->off, e);
}

static int check_required(struct decode *d, const struct table *t, struct err *e)
{
    for (size_t i = 0; i < t->s->n; i++) {
        const struct field *f = &t->s->field[i];
        const char *name = field_name(f, d->doc->names);
        if (!(f->flags & REQUIRED) || t->seen[i] || !name || !field_has_api(f, d->doc->api))
            continue;
        if (push(d, (struct step){.key = str_of(name)}, t->v, e) < 0)
            return -1;
        return doc_fail(d, t->v, e, "the key is missing, wanted %s", field_shape(f));
    }
    return 0;
}

static int read_table(struct decode *d, const struct schema *s, const struct val *v, char *at, struct err *e)
{
    assert(s->n <= SCHEMA_ROWS);
    if (v->kind != VAL_MAP)
        return doc_wrong(d, v, "table", e);
    struct table t = {.s = s, .v = v, .at = at, .keep = schema_keep(s)};
    for (size_t i = 0; i < v->c.n; i++) {
        if (push(d, (struct step){.key = v->c.key[i]}, &v->c.v[i], e) < 0 || read_key(d, &t, i, e) < 0)
            return -1;
        pop(d);
    }
    if (check_required(d, &t, e) < 0)
        return -1;
    if (t.keep)
        memcpy(at + t.keep->off, &v, sizeof v);
    return s->check ? s->check(d, v, at, e) : 0;
}

int doc_read(const struct doc *doc, const struct schema *s, const struct val *v, void *out, struct err *e)
{
    struct decode d = {.doc = doc, .strict = s->strict};
    char *own = arena_get(doc->a, s->size, _Alignof(max_align_t));
    memcpy(own, out, s->size);
    if (read_table(&d, s, v, own, e) < 0)
        return -1;
    memcpy(out, own, s->size);
    give_notes(&d);
    return 0;
}

struct walk {
    enum doc_names names;
    void (*row)(void *ctx, const struct schema_row *r);
    void *ctx;
    const struct schema *open[LIMIT_DEPTH]; // the tables around
    size_t depth;
    struct buf key;
};

static bool is_open(const struct walk *w, const struct schema *s)
{
    for (size_t i = 0; i < w->depth; i++)
        if (w->open[i] == s)
            return true;
    return w->depth == COUNT(w->open);
}

static void walk_table(struct walk *w, const struct schema *s)
{
    w->open[w->depth++] = s;
    for (size_t i = 0; i < s->n; i++) {
        const struct field *f = &s->field[i];
        const char *name = field_name(f, w->names);
        size_t before = w->key.n;
        if (!name)
            continue;
        buf_printf(&w->key, "%s%s", before ? "." : "", name);
        w->row(w->ctx, &(struct schema_row){.field = f, .in = s, .key = buf_view(&w->key)});
        if (f->kind == F_STRUCTV)
            buf_text(&w->key, "[]");
        if (f->flags & NAMED)
            buf_text(&w->key, ".<name>");
        if (f->sub && !is_open(w, f->sub))
            walk_table(w, f->sub);
        w->key.n = before;
    }
    w->depth--;
}

void schema_each(const struct schema *s, enum doc_names names,
                 void (*row)(void *ctx, const struct schema_row *r), void *ctx)
{
    struct walk w = {.names = names, .row = row, .ctx = ctx, .key = BUF_INIT(MIB(1))};
    walk_table(&w, s);
    buf_free(&w.key);
}
