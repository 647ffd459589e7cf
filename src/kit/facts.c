// SPDX-License-Identifier: Apache-2.0
#include "kit/facts.h"
#include "kit/text.h"
#include <stdarg.h>
#include <stdio.h>

enum { SHOWN = 64 };

int facts_wrong(const struct facts *f, const struct rc_row *row, const char *key, struct err *e,
                const char *fmt, ...)
{
    struct err_at at = {.line = row->line};
    char text[256];
    va_list ap;
    va_start(ap, fmt);
    vsnprintf(text, sizeof text, fmt, ap);
    va_end(ap);
    err_at_file(&at, f->r->file);
    snprintf(at.key, sizeof at.key, "%s", key);
    return err_doc(e, &at, "%s", text);
}

void facts_log(struct facts *f, int level, const char *fmt, ...)
{
    char text[2560]; // what a row says is at most 512 bytes, escaped
    va_list ap;
    va_start(ap, fmt);
    vsnprintf(text, sizeof text, fmt, ap);
    va_end(ap);
    strv_add(f->a, f->log, str_printf(f->a, "%*s%s", 2 * level, "", text));
}

// Of a layer row by its name: "node.version".
static int find_version(struct facts *f, struct str name, bool *found, struct str *out, struct err *e)
{
    size_t dot;
    if (f->in->phase != KIT_BUILD || !str_find_last(name, '.', &dot) ||
        !str_is(str_from(name, dot), ".version"))
        return 0;
    for (size_t i = 0; i < f->r->layers.n; i++) {
        const struct rc_layer *l = &f->r->layers.v[i];
        const struct dep *dep;
        if (!l->dependency.p || !str_eq(l->name, str_head(name, dot)))
            continue;
        if (facts_pick(f, l, &dep, e) < 0)
            return -1;
        *found = true;
        *out = dep->version;
        return 0;
    }
    return 0;
}

int fact_find(struct facts *f, struct str name, bool *found, struct str *out, struct err *e)
{
    const struct bp_input *in = f->in;
    const struct {
        const char *name;
        struct str value;
    } own[] = {
        {"app", in->app},
        {"layers", in->layers},
        {"buildpack", in->buildpack},
        {"os", in->os},
        {"arch", in->arch},
        {"distro", in->distro},
        {"distro-version", in->distro_version},
        {"phase", in->phase == KIT_DETECT ? STR("detect") : STR("build")},
    };
    *found = true;
    if (str_is(name, "each") && f->each.p) {
        *out = f->each;
        return 0;
    }
    for (size_t i = 0; i < COUNT(own); i++)
        if (str_is(name, own[i].name)) {
            *out = own[i].value;
            return 0;
        }
    const struct str *value = strmap_get(&f->values, name);
    if (value) {
        *out = *value;
        return 0;
    }
    *found = false;
    return find_version(f, name, found, out, e);
}

int facts_fill(struct facts *f, const struct rc_row *row, const char *key, struct str text, struct str *out,
               struct err *e)
{
    drop_buf struct buf filled = BUF_INIT(FACT_MAX);
    struct str rest = text, plain, name, value;
    for (;;) {
        enum text_part part = text_next(&rest, &plain, &name);
        bool found;
        if (part == TEXT_BAD)
            return facts_wrong(f, row, key, e, "\"${\" without \"}\"");
        buf_str(&filled, text_plain(f->a, plain));
        if (part == TEXT_END)
            break;
        if (fact_find(f, name, &found, &value, e) < 0)
            return -1;
        if (!found)
            return facts_wrong(f, row, key, e,
                               "the fact \"" PRI_STR
                               "\" has no value here; ask for it in when, or give it a default",
                               STR_ARG(name));
        buf_str(&filled, value);
    }
    if (filled.over)
        return facts_wrong(f, row, key, e, "the text with its facts is longer than %d bytes", FACT_MAX);
    *out = str_dup(f->a, buf_view(&filled));
    return 0;
}

int facts_known(struct facts *f, struct str text, bool *known, struct err *e)
{
    struct str rest = text, plain, name, value;
    *known = true;
    while (*known && text_next(&rest, &plain, &name) == TEXT_FACT) {
        if (fact_find(f, name, known, &value, e) < 0)
            return -1;
        *known = *known && value.n;
    }
    return 0;
}

int facts_fill_list(struct facts *f, const struct rc_row *row, const char *key, const struct strv *texts,
                    struct strv *out, struct err *e)
{
    struct strv filled = {0};
    for (size_t i = 0; i < texts->n; i++) {
        struct str one;
        if (facts_fill(f, row, key, texts->v[i], &one, e) < 0)
            return -1;
        strv_add(f->a, &filled, one);
    }
    *out = filled;
    return 0;
}

int facts_fill_map(struct facts *f, const struct rc_row *row, const char *key, const struct strmap *texts,
                   struct strmap *out, struct err *e)
{
    for (size_t i = 0; i < texts->n; i++) {
        struct str name, value;
        if (facts_fill(f, row, key, texts->v[i].key, &name, e) < 0 ||
            facts_fill(f, row, key, texts->v[i].val, &value, e) < 0)
            return -1;
        strmap_set(f->a, out, name, value);
    }
    return 0;
}

int facts_path(struct facts *f, const struct rc_row *row, const char *key, struct str text, struct str *out,
               struct err *e)
{
    struct str path, app = f->in->app;
    if (facts_fill(f, row, key, text, &path, e) < 0)
        return -1;
    struct str shown = str_printable(f->a, path, SHOWN);
    if (!path.n || str_has_nul(path))
        return facts_wrong(f, row, key, e, "the path is empty");
    path = path_clean(f->a, path);
    if (path.p[0] == '/' && path_is_within(path, app))
        path = path.n == app.n ? STR(".") : str_from(path, app.n + (app.n > 1));
    if (path.p[0] == '/' || (!str_is(path, ".") && !path_is_safe(path)))
        return facts_wrong(f, row, key, e, "\"" PRI_STR "\" leads out of the app", STR_ARG(shown));
    *out = path;
    return 0;
}

bool facts_planned(const struct facts *f, struct str name, bool *build, bool *launch)
{
    bool there = false;
    *build = *launch = false;
    for (size_t i = 0; f->in->plan && i < f->in->plan->n; i++) {
        const struct plan_require *r = &f->in->plan->v[i];
        if (!str_eq(r->name, name))
            continue;
        const struct val *b = val_get(r->metadata, STR("build")), *l = val_get(r->metadata, STR("launch"));
        there = true;
        *build |= b && b->kind == VAL_BOOL && b->b;
        *launch |= l && l->kind == VAL_BOOL && l->b;
    }
    return there;
}

// The items of a row with `each`: parted by commas, trimmed, the empty ones left out.
static int items_of(struct facts *f, const struct rc_row *row, struct strv *out, struct err *e)
{
    struct str list, piece;
    bool found;
    if (fact_find(f, row->each, &found, &list, e) < 0)
        return -1;
    while (found && str_cut(&list, ',', &piece)) {
        piece = str_trim(piece);
        if (out->n == ITEMS_MAX)
            return facts_wrong(f, row, "each", e, "more than %d items", ITEMS_MAX);
        if (piece.n)
            strv_add(f->a, out, piece);
    }
    return 0;
}

static int one_row(struct facts *f, const struct rc_row *row,
                   int (*fn)(struct facts *f, const void *row, void *ctx, struct err *e), void *ctx,
                   struct err *e)
{
    bool holds;
    struct str say;
    if (facts_when(f, row, &holds, e) < 0)
        return -1;
    if (!holds)
        return 0;
    if (row->say.n) {
        if (facts_fill(f, row, "say", row->say, &say, e) < 0)
            return -1;
        facts_log(f, 1, PRI_STR, STR_ARG(str_printable(f->a, say, 512)));
    }
    return fn(f, row, ctx, e);
}

int facts_each(struct facts *f, struct facts_rows rows,
               int (*fn)(struct facts *f, const void *row, void *ctx, struct err *e), void *ctx,
               struct err *e)
{
    for (size_t i = 0; i < rows.n; i++) {
        const struct rc_row *row = (const void *)((const char *)rows.v + i * rows.size);
        struct strv items = {0};
        if (!row->each.p) {
            if (one_row(f, row, fn, ctx, e) < 0)
                return -1;
            continue;
        }
        if (items_of(f, row, &items, e) < 0)
            return -1;
        for (size_t j = 0; j < items.n; j++) {
            f->each = items.v[j];
            int rc = one_row(f, row, fn, ctx, e);
            f->each = (struct str){0};
            if (rc < 0)
                return -1;
        }
    }
    return 0;
}
