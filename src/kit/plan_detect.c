// SPDX-License-Identifier: Apache-2.0
#include "kit/plan_priv.h"

static int refuse(struct facts *f, const void *row, void *ctx, struct err *e)
{
    const struct rc_detect *r = row;
    struct str say;
    (void)ctx;
    if (facts_fill(f, &r->row, "say", r->row.say, &say, e) < 0)
        return -1;
    return err_set(e, ERR_BUILDPACK, PRI_STR, STR_ARG(str_printable(f->a, say, 512)));
}

int plan_refuse(struct facts *f, struct err *e)
{
    return facts_each(f, FACTS_ROWS(f->r->refuses), refuse, NULL, e);
}

static int hit(struct facts *f, const void *row, void *ctx, struct err *e)
{
    const struct rc_detect *r = row;
    struct str *say = ctx;
    if (say->p || !r->row.say.n)
        return say->p ? 0 : (*say = STR(""), 0);
    return facts_fill(f, &r->row, "say", r->row.say, say, e);
}

// Reasons of the rows that did not hold, each once. That the fact of one has no value may be why it did not: it is left
// out, for an app that is not ours is no error.
static void reasons(struct facts *f, struct str *out)
{
    drop_buf struct buf all = BUF_INIT(4096);
    for (size_t i = 0; i < f->r->detects.n; i++) {
        const struct rc_row *row = &f->r->detects.v[i].row;
        struct err ignored = {0};
        struct str say;
        if (!row->say.n || row->each.p || facts_fill(f, row, "say", row->say, &say, &ignored) < 0)
            continue;
        buf_printf(&all, "%s" PRI_STR, all.n ? "; " : "", STR_ARG(str_printable(f->a, say, 512)));
    }
    *out = all.n && !all.over ? str_dup(f->a, buf_view(&all)) : STR("nothing in the app that it is for");
}

static int passes(struct facts *f, struct bp_plan *out, struct err *e)
{
    struct str said = {0};
    struct strv *aside = ARENA_NEW(f->a, struct strv), *log = f->log;
    f->log = aside; // why others did not hold is no news
    int rc = facts_each(f, FACTS_ROWS(f->r->skips), hit, &said, e);
    bool skipped = said.p;
    if (rc == 0 && !skipped)
        rc = facts_each(f, FACTS_ROWS(f->r->detects), hit, &said, e);
    f->log = log;
    if (rc < 0)
        return -1;
    if (skipped) {
        out->reason = said;
        return 0;
    }
    out->pass = !f->r->detects.n || said.p;
    if (!out->pass)
        reasons(f, &out->reason);
    return 0;
}

static int alternative(struct facts *f, const void *row, void *ctx, struct err *e)
{
    struct bp_plan *out = ctx;
    const struct rc_plan *r = row;
    struct bp_section section = {0};
    if (facts_fill_list(f, &r->row, "provides", &r->provides, &section.provides, e) < 0)
        return -1;
    out->sections.v = arena_grow(f->a, out->sections.v, out->sections.n, &out->sections.cap, sizeof section);
    out->sections.v[out->sections.n++] = section;
    return 0;
}

static void add_require(struct facts *f, struct bp_section *s, struct plan_require one)
{
    s->requires.v = arena_grow(f->a, s->requires.v, s->requires.n, &s->requires.cap, sizeof one);
    s->requires.v[s->requires.n++] = one;
}

static void set_text(struct facts *f, struct val *map, const char *key, struct str text)
{
    if (text.n)
        val_set_str(val_put(f->a, map, str_of(key)), text);
}

// A copy of the recipe's table whose texts have their facts.
static int fill_val(struct facts *f, const struct rc_row *row, const struct val *v, struct val *out,
                    struct err *e)
{
    *out = *v;
    if (v->kind == VAL_STR)
        return facts_fill(f, row, "metadata", v->s, &out->s, e);
    if (v->kind != VAL_MAP && v->kind != VAL_LIST)
        return 0;
    if (v->kind == VAL_MAP)
        val_set_map(out);
    else
        val_set_list(out);
    for (size_t i = 0; i < v->c.n; i++) {
        struct val one;
        if (fill_val(f, row, &v->c.v[i], &one, e) < 0)
            return -1;
        *(v->kind == VAL_MAP ? val_put(f->a, out, v->c.key[i]) : val_add(f->a, out)) = one;
    }
    return 0;
}

static int require(struct facts *f, const void *row, void *ctx, struct err *e)
{
    struct bp_plan *out = ctx;
    const struct rc_require *r = row;
    struct plan_require one = {0};
    struct str version = {0}, source = {0}, with = {0};
    struct val *m = ARENA_NEW(f->a, struct val);
    val_set_map(m);
    if ((r->metadata && fill_val(f, &r->row, r->metadata, m, e) < 0) ||
        facts_fill(f, &r->row, "name", r->name, &one.name, e) < 0 ||
        facts_fill(f, &r->row, "version", r->version, &version, e) < 0 ||
        facts_fill(f, &r->row, "version-source", r->version_source, &source, e) < 0 ||
        facts_fill(f, &r->row, "with", r->with, &with, e) < 0)
        return -1;
    set_text(f, m, "version", version);
    set_text(f, m, "version-source", source);
    if (r->build)
        val_set_bool(val_put(f->a, m, STR("build")), true);
    if (r->launch)
        val_set_bool(val_put(f->a, m, STR("launch")), true);
    one.metadata = m->c.n ? m : NULL;
    for (size_t i = 0; i < out->sections.n; i++)
        if (!with.n || strv_has(&out->sections.v[i].provides, with))
            add_require(f, &out->sections.v[i], one);
    return 0;
}

// Who provides an entry requires it, too, where the user says its version.
static int version(struct facts *f, const void *row, void *ctx, struct err *e)
{
    struct bp_plan *out = ctx;
    const struct rc_version *r = row;
    struct str value;
    if (!r->value.p)
        return 0;
    if (facts_fill(f, &r->row, "value", r->value, &value, e) < 0)
        return -1;
    struct val *m = ARENA_NEW(f->a, struct val);
    val_set_map(m);
    set_text(f, m, "version", value);
    set_text(f, m, "version-source", r->source);
    for (size_t i = 0; value.n && i < out->sections.n; i++)
        if (strv_has(&out->sections.v[i].provides, r->plan))
            add_require(f, &out->sections.v[i], (struct plan_require){r->plan, m});
    return 0;
}

int plan_detect(struct facts *f, struct bp_plan *out, struct err *e)
{
    if (passes(f, out, e) < 0)
        return -1;
    if (!out->pass)
        return 0;
    if (facts_each(f, FACTS_ROWS(f->r->plans), alternative, out, e) < 0)
        return -1;
    if (!out->sections.n && f->r->plans.n) {
        out->pass = false;
        out->reason = STR("no alternative of its build plan fits");
        return 0;
    }
    if (!out->sections.n) {
        out->sections.v = ARENA_NEW(f->a, struct bp_section);
        out->sections.n = out->sections.cap = 1;
    }
    if (facts_each(f, FACTS_ROWS(f->r->versions), version, out, e) < 0)
        return -1;
    return facts_each(f, FACTS_ROWS(f->r->requires), require, out, e);
}
