// SPDX-License-Identifier: Apache-2.0
#include "lifecycle/resolve.h"
#include "base/map.h"

enum { TRIALS_MAX = 1000000 }; // a million trials take about a second; real groups need fewer than a hundred

// One element in one trial.
struct part {
    size_t index;
    const struct plan_section *section;
    bool optional;
};

struct trial {
    struct arena *a; // of this trial only
    const struct resolve_element *v;
    struct part *parts;
    size_t n;
};

// What is known of one name while a trial's dependencies are walked in group order.
struct name_state {
    struct plan_entry entry;
    size_t *waiting; // parts whose provides nobody has used yet
    size_t n_waiting, cap_waiting;
};

// What does not fit, and the element behind it.
struct fault {
    size_t part, element;
    struct str name;
    bool unmet_require;
};

static struct name_state *state_of(struct arena *a, struct strmap *names, struct str name)
{
    struct map_entry *m = map_put(a, names, name);
    if (!m->ptr)
        m->ptr = ARENA_NEW(a, struct name_state);
    return m->ptr;
}

static void use_waiting(struct trial *t, struct name_state *s)
{
    struct plan_entry *en = &s->entry;
    for (size_t i = 0; i < s->n_waiting; i++) {
        const struct resolve_element *el = &t->v[t->parts[s->waiting[i]].index];
        en->providers.v =
            arena_grow(t->a, en->providers.v, en->providers.n, &en->providers.cap, sizeof *en->providers.v);
        en->providers.v[en->providers.n++] = (struct plan_provider){el->id, el->version, el->extension};
    }
    s->n_waiting = 0;
}

static void provide(struct trial *t, struct strmap *names, size_t part, struct str name)
{
    struct name_state *s = state_of(t->a, names, name);
    for (size_t i = 0; i < s->n_waiting; i++)
        if (s->waiting[i] == part)
            return;
    s->waiting = arena_grow(t->a, s->waiting, s->n_waiting, &s->cap_waiting, sizeof *s->waiting);
    s->waiting[s->n_waiting++] = part;
}

// Walks the parts; false with *out set at the first thing that does not fit.
static bool fits(struct trial *t, struct strmap *names, struct fault *out)
{
    for (size_t i = 0; i < t->n; i++) {
        const struct plan_section *sec = t->parts[i].section;
        for (size_t j = 0; j < sec->provides.n; j++)
            provide(t, names, i, sec->provides.v[j].name);
        for (size_t j = 0; j < sec->requires.n; j++) {
            const struct plan_require *r = &sec->requires.v[j];
            struct name_state *s = state_of(t->a, names, r->name);
            if (!s->entry.providers.n && !s->n_waiting) {
                *out = (struct fault){i, t->parts[i].index, r->name, true};
                return false;
            }
            use_waiting(t, s);
            struct plan_requires *rs = &s->entry.requires;
            rs->v = arena_grow(t->a, rs->v, rs->n, &rs->cap, sizeof *rs->v);
            rs->v[rs->n++] = *r;
        }
    }
    for (size_t i = 0; i < names->n; i++) {
        const struct name_state *s = names->v[i].ptr;
        if (s->n_waiting) {
            size_t part = s->waiting[0];
            *out = (struct fault){part, t->parts[part].index, names->v[i].key, false};
            return false;
        }
    }
    return true;
}

static struct str fault_text(struct arena *a, const struct resolve_element *v, const struct fault *f)
{
    if (!f->name.n)
        return STR("no buildpack is left");
    const struct resolve_element *el = &v[f->element];
    return str_printf(a, PRI_STR "@" PRI_STR " %s " PRI_STR, STR_ARG(el->id), STR_ARG(el->version),
                      f->unmet_require ? "requires" : "provides unused", STR_ARG(f->name));
}

static void keep(struct arena *a, const struct trial *t, const struct strmap *names, struct resolve_out *out)
{
    out->kept = ARENA_ARRAY(a, size_t, t->n);
    out->n_kept = t->n;
    for (size_t i = 0; i < t->n; i++)
        out->kept[i] = t->parts[i].index;
    out->plan = (struct plan){.v = ARENA_ARRAY(a, struct plan_entry, names->n), .cap = names->n};
    for (size_t i = 0; i < names->n; i++) {
        const struct plan_entry *en = &((const struct name_state *)names->v[i].ptr)->entry;
        out->plan.v[out->plan.n++] = (struct plan_entry){
            .providers = {arena_copy(a, en->providers.v, en->providers.n * sizeof *en->providers.v),
                          en->providers.n, en->providers.n},
            .requires = {arena_copy(a, en->requires.v, en->requires.n * sizeof *en->requires.v),
                         en->requires.n, en->requires.n},
        };
    }
}

static bool has_buildpack(const struct trial *t)
{
    for (size_t i = 0; i < t->n; i++)
        if (!t->v[t->parts[i].index].extension)
            return true;
    return false;
}

// Drops optional parts that do not fit until the rest does, or a required one does not.
static bool try_parts(struct arena *a, struct trial *t, struct resolve_out *out, struct fault *f)
{
    for (;;) {
        struct strmap names = {0};
        *f = (struct fault){0};
        if (!has_buildpack(t))
            return false;
        if (fits(t, &names, f)) {
            keep(a, t, &names, out);
            return true;
        }
        if (!t->parts[f->part].optional)
            return false;
        memmove(&t->parts[f->part], &t->parts[f->part + 1], (t->n - f->part - 1) * sizeof *t->parts);
        t->n--;
    }
}

// Counts up like an odometer whose last wheel turns first; false when all were tried.
static bool next_choice(size_t *choice, const struct resolve_element *v, size_t n)
{
    while (n--) {
        if (++choice[n] < v[n].sections.n)
            return true;
        choice[n] = 0;
    }
    return false;
}

enum resolved resolve_group(struct arena *a, const struct resolve_element *v, size_t n,
                            struct resolve_out *out, struct str *why, struct err *e)
{
    size_t *choice = ARENA_ARRAY(a, size_t, n);
    struct resolve_out found = {0};
    struct fault fault = {0};
    do {
        if (found.trials == TRIALS_MAX)
            return err_set(e, ERR_LIMIT, "build plan: more than %d combinations of \"or\" tables",
                           TRIALS_MAX);
        found.trials++;
        drop_(arena_free) struct arena *own = arena_new(4096);
        struct trial t = {.a = own, .v = v, .parts = ARENA_ARRAY(own, struct part, n), .n = n};
        for (size_t i = 0; i < n; i++)
            t.parts[i] = (struct part){i, &v[i].sections.v[choice[i]],
                                       v[i].optional && choice[i] + 1 == v[i].sections.n};
        if (try_parts(a, &t, &found, &fault)) {
            *out = found;
            return RESOLVE_YES;
        }
    } while (next_choice(choice, v, n));
    *why = fault_text(a, v, &fault);
    return RESOLVE_NO;
}
