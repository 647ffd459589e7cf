// SPDX-License-Identifier: Apache-2.0
#include "document/toml.h"
#include "kit/plan_priv.h"

static int nothing(struct facts *f, const void *row, void *ctx, struct err *e)
{
    (void)f;
    (void)row;
    (void)ctx;
    (void)e;
    return 0;
}

static int plan_build(struct facts *f, struct bp_plan *out, struct err *e)
{
    if (facts_each(f, FACTS_ROWS(f->r->notes), nothing, NULL, e) < 0 || plan_layers(f, out, e) < 0 ||
        plan_steps(f, out, e) < 0 || plan_environment(f, out, e) < 0 || plan_starts(f, out, e) < 0)
        return -1;
    for (size_t i = 0; i < out->layers.n; i++)
        if (plan_key(f, &out->layers.v[i], e) < 0)
            return -1;
    return 0;
}

int recipe_plan(struct arena *a, const struct recipe *r, const struct bp_input *in, struct bp_plan *out,
                struct err *e)
{
    struct facts *f = ARENA_NEW(a, struct facts);
    struct bp_plan *p = ARENA_NEW(a, struct bp_plan);
    *f = (struct facts){.a = a, .r = r, .in = in, .log = &p->log};
    f->picks = ARENA_ARRAY(a, struct pick, r->layers.n + 1);
    p->phase = in->phase;
    p->facts = f;
    if (facts_read(f, e) < 0 || plan_refuse(f, e) < 0)
        return -1;
    if ((in->phase == KIT_DETECT ? plan_detect(f, p, e) : plan_build(f, p, e)) < 0)
        return -1;
    *out = *p;
    return 0;
}

// --- As text

static const char *const fates[] = {
    [BP_NEW] = "new",       [BP_CHANGED] = "changed", [BP_LOST] = "lost",
    [BP_ALWAYS] = "always", [BP_REUSED] = "reused",   [BP_KEPT] = "kept",
};

static void text_list(struct buf *out, const char *key, const struct strv *v)
{
    if (!v->n)
        return;
    buf_printf(out, "  %s", key);
    for (size_t i = 0; i < v->n; i++)
        buf_printf(out, " [" PRI_STR "]", STR_ARG(v->v[i]));
    buf_char(out, '\n');
}

static void text_map(struct buf *out, const char *key, const struct strmap *m)
{
    for (size_t i = 0; i < m->n; i++)
        buf_printf(out, "  %s " PRI_STR " = " PRI_STR "\n", key, STR_ARG(m->v[i].key), STR_ARG(m->v[i].val));
}

static void text_step(struct buf *out, const struct bp_step *s)
{
    buf_printf(out, "step " PRI_STR "\n", STR_ARG(s->name));
    text_list(out, "run", &s->run);
    if (s->call.n)
        buf_printf(out, "  call " PRI_STR "\n", STR_ARG(s->call));
    if (!str_is(s->cwd, "."))
        buf_printf(out, "  cwd " PRI_STR "\n", STR_ARG(s->cwd));
    text_map(out, "env", &s->env);
}

static void text_layer(struct buf *out, const struct bp_layer *l)
{
    buf_printf(out, "layer " PRI_STR " %s:%s%s%s\n", STR_ARG(l->name), fates[l->fate],
               l->build ? " build" : "", l->launch ? " launch" : "", l->cache ? " cache" : "");
    text_list(out, "why", &l->why);
    text_map(out, "key", &l->key);
    text_list(out, "only", &l->only);
    text_list(out, "drop", &l->drop);
    text_map(out, "link", &l->links);
    text_map(out, "copy", &l->copy);
    text_map(out, "write", &l->write);
    text_map(out, "move", &l->move);
    text_list(out, "helpers", &l->helpers);
    for (size_t i = 0; i < l->env.n; i++)
        buf_printf(out, "  " PRI_STR " = " PRI_STR "\n", STR_ARG(l->env.v[i].path),
                   STR_ARG(l->env.v[i].content));
    for (size_t i = 0; i < l->steps.n; i++)
        text_step(out, &l->steps.v[i]);
}

static void text_sections(struct buf *out, const struct bp_plan *p)
{
    for (size_t i = 0; i < p->sections.n; i++) {
        const struct bp_section *s = &p->sections.v[i];
        buf_text(out, i ? "or\n" : "plan\n");
        text_list(out, "provides", &s->provides);
        for (size_t j = 0; j < s->requires.n; j++) {
            drop_buf struct buf m = BUF_INIT(1 << 16);
            struct err ignored = {0};
            const struct val *v = s->requires.v[j].metadata;
            buf_printf(out, "  requires " PRI_STR, STR_ARG(s->requires.v[j].name));
            if (v && toml_write(v, &m, &ignored) == 0)
                for (struct str rest = buf_view(&m), line; str_next_line(&rest, &line);)
                    buf_printf(out, "; " PRI_STR, STR_ARG(line));
            buf_char(out, '\n');
        }
    }
}

void bp_plan_text(const struct bp_plan *p, struct buf *out)
{
    for (size_t i = 0; i < p->log.n; i++)
        buf_printf(out, "| " PRI_STR "\n", STR_ARG(p->log.v[i]));
    if (p->phase == KIT_DETECT && !p->pass)
        buf_printf(out, "fail: " PRI_STR "\n", STR_ARG(p->reason));
    text_sections(out, p);
    for (size_t i = 0; i < p->layers.n; i++)
        text_layer(out, &p->layers.v[i]);
    for (size_t i = 0; i < p->steps.n; i++)
        text_step(out, &p->steps.v[i]);
    for (size_t i = 0; i < p->processes.n; i++) {
        const struct cnb_process *one = &p->processes.v[i];
        buf_printf(out, "start " PRI_STR "%s\n", STR_ARG(one->type), one->is_default ? " (default)" : "");
        text_list(out, "command", &one->command);
        text_list(out, "args", &one->args);
        if (one->working_dir.n)
            buf_printf(out, "  in " PRI_STR "\n", STR_ARG(one->working_dir));
    }
    text_map(out, "label", &p->labels);
    for (size_t i = 0; i < p->slices.n; i++)
        text_list(out, "slice", &p->slices.v[i].paths);
    text_list(out, "unmet", &p->unmet);
}
