// SPDX-License-Identifier: Apache-2.0
#include "base/buf.h"
#include "base/near.h"
#include "kit/recipe_priv.h"
#include "kit/text.h"

enum { NAMES_MAX = 256, NAME_MAX_BYTES = 64 };

bool recipe_name_ok(struct str name)
{
    for (size_t i = 0; i < name.n; i++) {
        char c = name.p[i];
        bool word = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
        if (!word && c != '-' && c != '_')
            return false;
    }
    return name.n && name.n <= NAME_MAX_BYTES;
}

// The way into the document, made text only where something is wrong.
struct spot {
    const struct spot *up;
    struct str key; // .p NULL: an element of a list
    size_t index;
};

static void spot_text(const struct spot *s, struct buf *out)
{
    if (!s)
        return;
    spot_text(s->up, out);
    if (s->key.p)
        buf_printf(out, "%s" PRI_STR, out->n ? "." : "", STR_ARG(s->key));
    else
        buf_printf(out, "[%zu]", s->index);
}

static int refuse_at(const struct val *v, const char *file, const struct spot *spot, struct err *e,
                     const char *what)
{
    drop_buf struct buf key = BUF_INIT(4096);
    struct err_at at;
    spot_text(spot, &key);
    val_where(v, file, key.p ? key.p : "", &at);
    return err_doc(e, &at, "%s", what);
}

// Where a walk over the document stands.
struct walk {
    struct arena *a;
    const struct recipe *r;
    struct strv names;  // facts
    struct strv groups; // facts whose names have a KEY behind a dot
    bool each;          // inside a row with `each`
};

static int check_name(const struct walk *w, const struct val *v, const struct spot *spot, struct str name,
                      struct err *e)
{
    size_t dot;
    if ((w->each && str_is(name, "each")) || strv_has(&w->names, name))
        return 0;
    if (str_find(name, '.', &dot) && strv_has(&w->groups, str_head(name, dot)) &&
        recipe_name_ok(str_from(name, dot + 1)))
        return 0;
    const char *names[NAMES_MAX];
    size_t n = 0;
    for (; n < w->names.n && n < NAMES_MAX; n++)
        names[n] = str_c(w->a, w->names.v[n]);
    const char *near = nearest_name(name, names, n);
    struct str shown = str_printable(w->a, name, NAME_MAX_BYTES);
    return refuse_at(v, w->r->file, spot, e,
                     arena_printf(w->a, "no row names the fact \"" PRI_STR "\"%s%s%s", STR_ARG(shown),
                                  near ? ", did you mean \"" : "", near ? near : "", near ? "\"?" : ""));
}

static int check_text(const struct walk *w, const struct val *v, struct str text, const struct spot *spot,
                      struct err *e)
{
    struct str rest = text, plain, name;
    for (;;) {
        switch (text_next(&rest, &plain, &name)) {
        case TEXT_END:
            return 0;
        case TEXT_BAD:
            return refuse_at(v, w->r->file, spot, e,
                             "\"${\" without \"}\"; a plain \"${\" is written \"$${\"");
        case TEXT_FACT:
            if (check_name(w, v, spot, name, e) < 0)
                return -1;
        }
    }
}

static int check_val(const struct walk *w, const struct val *v, const struct spot *spot, struct err *e)
{
    if (v->kind == VAL_STR)
        return check_text(w, v, v->s, spot, e);
    if (v->kind != VAL_MAP && v->kind != VAL_LIST)
        return 0;
    for (size_t i = 0; i < v->c.n; i++) {
        const struct spot below = {spot, v->kind == VAL_MAP ? v->c.key[i] : (struct str){0}, i};
        if (v->kind == VAL_MAP && check_text(w, &v->c.v[i], v->c.key[i], &below, e) < 0)
            return -1;
        if (check_val(w, &v->c.v[i], &below, e) < 0)
            return -1;
    }
    return 0;
}

static int check_facts(const struct walk *w, const struct val *row, const struct spot *spot, struct err *e)
{
    const struct val *when = val_get(row, STR("when"));
    const struct spot list = {.up = spot, .key = STR("when")};
    for (size_t i = 0; when && i < when->c.n; i++) {
        const struct val *fact = val_get(&when->c.v[i], STR("fact"));
        const struct spot element = {.up = &list, .index = i}, key = {.up = &element, .key = STR("fact")};
        if (fact && check_name(w, fact, &key, fact->s, e) < 0)
            return -1;
    }
    return 0;
}

static int check_row(struct walk *w, const struct val *row, const struct spot *spot, struct err *e)
{
    const struct val *each = val_get(row, STR("each"));
    const struct spot key = {.up = spot, .key = STR("each")};
    w->each = false;
    if (each && check_name(w, each, &key, each->s, e) < 0)
        return -1;
    w->each = each != NULL;
    return check_val(w, row, spot, e) < 0 ? -1 : check_facts(w, row, spot, e);
}

// Row by row, so that `${each}` is known where it stands.
static int check_rows(struct walk *w, const struct val *doc, struct err *e)
{
    for (size_t i = 0; i < doc->c.n; i++) {
        const struct val *rows = &doc->c.v[i];
        const struct spot list = {.key = doc->c.key[i]};
        for (size_t j = 0; rows->kind == VAL_LIST && j < rows->c.n; j++) {
            const struct spot element = {.up = &list, .index = j};
            if (check_row(w, &rows->c.v[j], &element, e) < 0)
                return -1;
        }
    }
    return 0;
}

// The error of one key of one row.
static int refuse(const struct walk *w, const struct val *v, const char *key, struct err *e, const char *what)
{
    const struct spot spot = {.key = str_of(key)};
    return refuse_at(v, w->r->file, &spot, e, what);
}

static const struct val *row_val(const struct val *doc, const char *kind, size_t i)
{
    const struct val *rows = val_get(doc, str_of(kind));
    return rows && rows->kind == VAL_LIST && i < rows->c.n ? &rows->c.v[i] : NULL;
}

static bool has_layer(const struct recipe *r, struct str name)
{
    for (size_t i = 0; i < r->layers.n; i++)
        if (str_eq(r->layers.v[i].name, name))
            return true;
    return false;
}

static int check_layer(const struct walk *w, const struct val *doc, const char *kind, size_t i,
                       struct str name, struct err *e)
{
    if (!name.p || has_layer(w->r, name))
        return 0;
    const struct val *row = row_val(doc, kind, i);
    const struct val *v = val_get(row, STR("layer"));
    return refuse(w, v ? v : row, arena_printf(w->a, "%s[%zu].layer", kind, i), e,
                  arena_printf(w->a, "no row makes the layer \"" PRI_STR "\"",
                               STR_ARG(str_printable(w->a, name, NAME_MAX_BYTES))));
}

static bool provides(const struct recipe *r, struct str name)
{
    for (size_t i = 0; i < r->plans.n; i++)
        if (strv_has(&r->plans.v[i].provides, name))
            return true;
    return false;
}

// The plan exists at bin/build only.
static int check_when(const struct walk *w, const struct val *doc, const char *kind, size_t i,
                      const struct rc_when *when, struct err *e)
{
    for (size_t j = 0; j < when->n; j++)
        if (when->v[j].plan.p)
            return refuse(w, row_val(doc, kind, i), arena_printf(w->a, "%s[%zu].when[%zu].plan", kind, i, j),
                          e, "bin/detect makes the plan, so that it cannot ask for it");
    return 0;
}

static int check_names(const struct walk *w, const struct val *doc, struct err *e)
{
    const struct recipe *r = w->r;
    for (size_t i = 0; i < r->envs.n; i++)
        if (check_layer(w, doc, "env", i, r->envs.v[i].layer, e) < 0)
            return -1;
    for (size_t i = 0; i < r->steps.n; i++)
        if (check_layer(w, doc, "step", i, r->steps.v[i].layer, e) < 0)
            return -1;
    for (size_t i = 0; i < r->versions.n; i++)
        if (!provides(r, r->versions.v[i].plan))
            return refuse(w, row_val(doc, "version", i), arena_printf(w->a, "version[%zu].plan", i), e,
                          arena_printf(w->a, "no [[plan]] row provides \"" PRI_STR "\"",
                                       STR_ARG(str_printable(w->a, r->versions.v[i].plan, NAME_MAX_BYTES))));
    for (size_t i = 0; i < r->layers.n; i++)
        for (size_t j = 0; j < i; j++)
            if (str_eq(r->layers.v[i].name, r->layers.v[j].name) && !r->layers.v[j].row.when.n)
                return refuse(w, row_val(doc, "layer", i), arena_printf(w->a, "layer[%zu].name", i), e,
                              "an earlier row makes this layer, and always");
    return 0;
}

static int check_whens(const struct walk *w, const struct val *doc, struct err *e)
{
    const struct recipe *r = w->r;
    for (size_t i = 0; i < r->detects.n; i++)
        if (check_when(w, doc, "detect", i, &r->detects.v[i].row.when, e) < 0)
            return -1;
    for (size_t i = 0; i < r->skips.n; i++)
        if (check_when(w, doc, "skip", i, &r->skips.v[i].row.when, e) < 0)
            return -1;
    for (size_t i = 0; i < r->plans.n; i++)
        if (check_when(w, doc, "plan", i, &r->plans.v[i].row.when, e) < 0)
            return -1;
    for (size_t i = 0; i < r->requires.n; i++)
        if (check_when(w, doc, "require", i, &r->requires.v[i].row.when, e) < 0)
            return -1;
    return 0;
}

int recipe_check(struct arena *a, const struct val *doc, const struct recipe *r, struct err *e)
{
    struct walk w = {.a = a, .r = r};
    size_t rows = 0;
    for (const char *const *own = recipe_own_facts; *own; own++)
        strv_add(a, &w.names, str_of(*own));
    for (size_t i = 0; i < r->facts.n; i++) {
        const struct rc_fact *f = &r->facts.v[i];
        strv_add(a, f->call.p || f->run.n ? &w.groups : &w.names, f->name);
    }
    for (size_t i = 0; i < r->layers.n; i++)
        if (r->layers.v[i].dependency.p)
            strv_add(a, &w.names, str_printf(a, PRI_STR ".version", STR_ARG(r->layers.v[i].name)));
    for (size_t i = 0; i < doc->c.n; i++)
        rows += doc->c.v[i].kind == VAL_LIST ? doc->c.v[i].c.n : 0;
    if (rows > RECIPE_ROWS_MAX)
        return refuse(&w, doc, NULL, e, arena_printf(a, "more than %d rows", RECIPE_ROWS_MAX));
    if (check_rows(&w, doc, e) < 0 || check_names(&w, doc, e) < 0)
        return -1;
    return check_whens(&w, doc, e);
}
