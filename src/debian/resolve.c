// SPDX-License-Identifier: Apache-2.0
#include "debian/resolve.h"
#include "base/map.h"
#include "debian/relation.h"
#include <stdio.h>

// A package under one of the names that it provides.
struct provider {
    const struct deb_package *package;
    const struct deb_relation *as;
    struct provider *next;
};

// "Conflicts: x (<< 2)" of a chosen package, under the name x.
struct refusal {
    const struct deb_package *package;
    const struct deb_relation *of;
    const char *verb;
    struct refusal *next;
};

// A chosen package whose dependencies are being followed.
struct frame {
    const struct deb_package *package;
    struct deb_relations relations[2]; // Pre-Depends, Depends
    unsigned kind;
    size_t at;
};

// Names of the whole index, whose number is known: one hash a name, where a strmap that grows needs four.
struct table {
    struct slot {
        struct str key;
        void *ptr;
    } * v;
    size_t mask;
};

struct resolver {
    struct arena *a;
    const struct deb_index *index;
    struct table newest;   // name → struct deb_package: the only candidate of that name
    struct table provided; // name → struct provider, of candidates; filled when first asked
    bool has_provided;
    struct strmap chosen;          // name → struct deb_selected
    struct strmap chosen_provides; // name → struct provider
    struct strmap refusals;        // name → struct refusal
    struct frame *stack;
    size_t depth, cap;
};

static void *get(const struct strmap *m, struct str key)
{
    const struct map_entry *e = map_find(m, key);
    return e ? e->ptr : NULL;
}

static void table_init(struct arena *a, struct table *t, size_t n)
{
    size_t size = 16;
    while (size < 2 * n)
        size *= 2;
    t->v = ARENA_ARRAY(a, struct slot, size);
    t->mask = size - 1;
}

// The slot of the key, or a free one for it: then its key is empty.
static struct slot *slot_of(const struct table *t, struct str key)
{
    size_t i = (size_t)str_hash(key) & t->mask;
    while (t->v[i].key.n && !str_eq(t->v[i].key, key))
        i = (i + 1) & t->mask;
    return &t->v[i];
}

static void *look_up(const struct table *t, struct str key)
{
    return slot_of(t, key)->ptr;
}

static const struct deb_package *chosen_of(const struct resolver *r, struct str name)
{
    const struct deb_selected *s = get(&r->chosen, name);
    return s ? s->package : NULL;
}

static bool is_qualified(const struct deb_relation *rel, const struct deb_package *p)
{
    if (!rel->qualifier.n || str_eq(rel->qualifier, p->architecture))
        return true;
    return str_is(rel->qualifier, "any") && p->multi_arch == DEB_MULTI_ALLOWED;
}

static bool is_met_by(const struct deb_relation *rel, const struct deb_package *p)
{
    return is_qualified(rel, p) &&
           (!rel->has_version || dpkg_relation_holds(&p->version, rel->relation, &rel->version));
}

// Provides without a version meets only what asks for none (policy 7.5).
static bool is_met_by_provider(const struct deb_relation *rel, const struct provider *p)
{
    if (rel->qualifier.n && !is_qualified(rel, p->package))
        return false;
    return !rel->has_version || (p->as->has_version && p->as->relation == DPKG_EQ &&
                                 dpkg_relation_holds(&p->as->version, rel->relation, &rel->version));
}

static bool is_met(const struct resolver *r, const struct deb_relation *rel)
{
    const struct deb_package *p = chosen_of(r, rel->name);
    if (p && is_met_by(rel, p))
        return true;
    for (const struct provider *v = get(&r->chosen_provides, rel->name); v; v = v->next)
        if (is_met_by_provider(rel, v))
            return true;
    return false;
}

static void find_newest(struct resolver *r)
{
    table_init(r->a, &r->newest, r->index->n);
    for (size_t i = 0; i < r->index->n; i++) {
        struct deb_package *p = &r->index->v[i];
        struct slot *s = slot_of(&r->newest, p->name);
        const struct deb_package *had = s->ptr;
        s->key = p->name;
        if (!had || dpkg_version_cmp(&p->version, &had->version) > 0)
            s->ptr = p;
    }
}

static int field_wrong(const struct deb_package *p, const char *field, struct err *e)
{
    return err_wrap(e, "package " PRI_STR " " PRI_STR ": %s", STR_ARG(p->name), STR_ARG(p->version_text),
                    field);
}

static int read_provides(struct resolver *r, const struct deb_package *p, struct deb_relations *out,
                         struct err *e)
{
    return deb_relations_read(r->a, p->provides, out, e) < 0 ? field_wrong(p, "Provides", e) : 0;
}

static struct provider *new_provider(struct resolver *r, const struct deb_package *p,
                                     const struct deb_relation *as, void *next)
{
    struct provider *v = ARENA_NEW(r->a, struct provider);
    *v = (struct provider){p, as, next};
    return v;
}

static int add_chosen_provides(struct resolver *r, const struct deb_package *p, struct err *e)
{
    struct deb_relations rel;
    if (read_provides(r, p, &rel, e) < 0)
        return -1;
    for (size_t i = 0; i < rel.n; i++) {
        struct map_entry *m = map_put(r->a, &r->chosen_provides, rel.v[i].v[0].name);
        m->ptr = new_provider(r, p, &rel.v[i].v[0], m->ptr);
    }
    return 0;
}

static size_t count_provides(const struct resolver *r)
{
    size_t n = 0;
    for (size_t i = 0; i < r->index->n; i++) {
        struct str rest = r->index->v[i].provides, piece;
        while (rest.n && str_cut(&rest, ',', &piece))
            n++;
    }
    return n;
}

static int find_provided(struct resolver *r, struct err *e)
{
    struct table all;
    if (r->has_provided)
        return 0;
    table_init(r->a, &all, count_provides(r));
    for (size_t i = 0; i < r->index->n; i++) {
        const struct deb_package *p = &r->index->v[i];
        struct deb_relations rel;
        if (!p->provides.n || look_up(&r->newest, p->name) != p)
            continue;
        if (read_provides(r, p, &rel, e) < 0)
            return -1;
        for (size_t k = 0; k < rel.n; k++) {
            struct slot *s = slot_of(&all, rel.v[k].v[0].name);
            s->key = rel.v[k].v[0].name;
            s->ptr = new_provider(r, p, &rel.v[k].v[0], s->ptr);
        }
    }
    r->provided = all;
    r->has_provided = true;
    return 0;
}

// Is p refused by a chosen package? NULL: no.
static const struct refusal *refused_as(const struct resolver *r, const struct deb_package *p,
                                        struct str name, const struct provider *as)
{
    for (const struct refusal *f = get(&r->refusals, name); f; f = f->next)
        if (f->package != p && (as ? is_met_by_provider(f->of, as) : is_met_by(f->of, p)))
            return f;
    return NULL;
}

static const struct refusal *refused(struct resolver *r, const struct deb_package *p)
{
    const struct refusal *f = refused_as(r, p, p->name, NULL);
    struct deb_relations rel;
    if (f || !p->provides.n || deb_relations_read(r->a, p->provides, &rel, NULL) < 0)
        return f;
    for (size_t i = 0; i < rel.n && !f; i++) {
        struct provider as = {.package = p, .as = &rel.v[i].v[0]};
        f = refused_as(r, p, as.as->name, &as);
    }
    return f;
}

// A chosen package that p refuses by this relation; NULL: none.
static const struct deb_package *refuses(const struct resolver *r, const struct deb_package *p,
                                         const struct deb_relation *rel)
{
    const struct deb_package *c = chosen_of(r, rel->name);
    if (c && c != p && is_met_by(rel, c))
        return c;
    for (const struct provider *v = get(&r->chosen_provides, rel->name); v; v = v->next)
        if (v->package != p && is_met_by_provider(rel, v))
            return v->package;
    return NULL;
}

static const struct {
    const char *field, *verb;
    size_t off;
} negatives[] = {
    {"Conflicts", "conflicts with", offsetof(struct deb_package, conflicts)},
    {"Breaks", "breaks", offsetof(struct deb_package, breaks)},
};

static int negative(struct resolver *r, const struct deb_package *p, size_t which, struct deb_relations *out,
                    struct err *e)
{
    struct str field = *(const struct str *)(const void *)((const char *)p + negatives[which].off);
    return deb_relations_read(r->a, field, out, e) < 0 ? field_wrong(p, negatives[which].field, e) : 0;
}

static bool can_join(struct resolver *r, const struct deb_package *p)
{
    struct deb_relations rel;
    if (refused(r, p))
        return false;
    for (size_t k = 0; k < COUNT(negatives); k++) {
        if (negative(r, p, k, &rel, NULL) < 0)
            return false;
        for (size_t i = 0; i < rel.n; i++)
            if (refuses(r, p, &rel.v[i].v[0]))
                return false;
    }
    return true;
}

static int clash(const struct deb_package *a, const char *verb, const struct deb_relation *rel,
                 const struct deb_package *b, struct err *e)
{
    return err_set(e, ERR_USAGE,
                   "package " PRI_STR " " PRI_STR ": %s \"" PRI_STR "\", and " PRI_STR " " PRI_STR
                   " is chosen too",
                   STR_ARG(a->name), STR_ARG(a->version_text), verb, STR_ARG(rel->text), STR_ARG(b->name),
                   STR_ARG(b->version_text));
}

static int add_refusals(struct resolver *r, const struct deb_package *p, struct err *e)
{
    struct deb_relations rel;
    for (size_t k = 0; k < COUNT(negatives); k++) {
        if (negative(r, p, k, &rel, e) < 0)
            return -1;
        for (size_t i = 0; i < rel.n; i++) {
            const struct deb_relation *of = &rel.v[i].v[0];
            const struct deb_package *other = refuses(r, p, of);
            if (other)
                return clash(p, negatives[k].verb, of, other, e);
            struct map_entry *m = map_put(r->a, &r->refusals, of->name);
            struct refusal *f = ARENA_NEW(r->a, struct refusal);
            *f = (struct refusal){p, of, negatives[k].verb, m->ptr};
            m->ptr = f;
        }
    }
    return 0;
}

static int choose(struct resolver *r, const struct deb_package *p, const struct deb_package *because,
                  struct err *e)
{
    const struct refusal *f = refused(r, p);
    if (f)
        return clash(f->package, f->verb, f->of, p, e);
    struct deb_selected *s = ARENA_NEW(r->a, struct deb_selected);
    *s = (struct deb_selected){p, because};
    map_put(r->a, &r->chosen, p->name)->ptr = s;
    return add_chosen_provides(r, p, e) < 0 ? -1 : add_refusals(r, p, e);
}

static int follow(struct resolver *r, const struct deb_package *p, struct err *e)
{
    struct frame f = {.package = p};
    if (deb_relations_read(r->a, p->pre_depends, &f.relations[0], e) < 0)
        return field_wrong(p, "Pre-Depends", e);
    if (deb_relations_read(r->a, p->depends, &f.relations[1], e) < 0)
        return field_wrong(p, "Depends", e);
    r->stack = arena_grow(r->a, r->stack, r->depth, &r->cap, sizeof *r->stack);
    r->stack[r->depth++] = f;
    return 0;
}

// Lower is taken first.
static unsigned rank(const struct deb_package *p)
{
    static const char *const priorities[] = {"required", "important", "standard", "optional"};
    unsigned i = 0;
    while (i < COUNT(priorities) && !str_is(p->priority, priorities[i]))
        i++;
    return p->essential ? 0 : i + 1;
}

static bool is_better(const struct deb_package *p, const struct deb_package *than)
{
    unsigned a = rank(p), b = rank(than);
    return a != b ? a < b : str_cmp(p->name, than->name) < 0;
}

static const struct deb_package *best_for(struct resolver *r, const struct deb_relation *rel, bool free_only)
{
    const struct deb_package *best = look_up(&r->newest, rel->name);
    if (best && is_met_by(rel, best) && !chosen_of(r, best->name) && (!free_only || can_join(r, best)))
        return best;
    best = NULL;
    for (const struct provider *v = look_up(&r->provided, rel->name); v; v = v->next)
        if (is_met_by_provider(rel, v) && !chosen_of(r, v->package->name) &&
            (!best || is_better(v->package, best)) && (!free_only || can_join(r, v->package)))
            best = v->package;
    return best;
}

static int unmet(const struct resolver *r, const struct frame *f, const struct deb_alternatives *alt,
                 struct err *e)
{
    char why[160] = "nothing of that name is there", by[160] = "";
    const struct deb_selected *s = get(&r->chosen, f->package->name);
    const struct deb_package *newest = look_up(&r->newest, alt->v[0].name);
    if (newest)
        (void)snprintf(why, sizeof why, "the newest " PRI_STR " is " PRI_STR, STR_ARG(newest->name),
                       STR_ARG(newest->version_text));
    if (s && s->because)
        (void)snprintf(by, sizeof by, " (needed by " PRI_STR ")", STR_ARG(s->because->name));
    return err_set(e, ERR_NOT_FOUND, "package " PRI_STR "%s: depends on \"" PRI_STR "\": %s",
                   STR_ARG(f->package->name), by, STR_ARG(alt->text), why);
}

// The first alternative that can stand beside what is chosen, else the first that is there.
static int meet(struct resolver *r, const struct frame *f, const struct deb_alternatives *alt, struct err *e)
{
    const struct deb_package *p = NULL;
    for (size_t i = 0; i < alt->n; i++)
        if (is_met(r, &alt->v[i]))
            return 0;
    if (find_provided(r, e) < 0)
        return -1;
    for (unsigned pass = 0; pass < 2 && !p; pass++)
        for (size_t i = 0; i < alt->n && !p; i++)
            p = best_for(r, &alt->v[i], pass == 0);
    if (!p)
        return unmet(r, f, alt, e);
    return choose(r, p, f->package, e) < 0 ? -1 : follow(r, p, e);
}

static int run(struct resolver *r, struct err *e)
{
    while (r->depth) {
        struct frame *f = &r->stack[r->depth - 1];
        if (f->at == f->relations[f->kind].n) {
            f->at = 0;
            if (f->kind++ == 1)
                r->depth--;
            continue;
        }
        struct frame now = *f; // the stack may move
        if (meet(r, &now, &f->relations[f->kind].v[f->at++], e) < 0)
            return -1;
    }
    return 0;
}

// A name that exactly one package provides is that package, as for apt.
static int ask_virtual(struct resolver *r, struct str name, const struct deb_package **out, struct err *e)
{
    const struct deb_package *p = NULL;
    if (find_provided(r, e) < 0)
        return -1;
    for (const struct provider *v = look_up(&r->provided, name); v; v = v->next) {
        if (p && p != v->package)
            return err_set(e, ERR_NOT_FOUND,
                           "package " PRI_STR ": several provide it: say which, as " PRI_STR " or " PRI_STR,
                           STR_ARG(name), STR_ARG(v->package->name), STR_ARG(p->name));
        p = v->package;
    }
    if (!p)
        return err_set(e, ERR_NOT_FOUND, "package " PRI_STR ": not in the index of %zu packages",
                       STR_ARG(name), r->index->n);
    *out = p;
    return 0;
}

// "name=version" makes that version the candidate of its name.
static int pin(struct resolver *r, struct str name, struct str version, struct err *e)
{
    struct dpkg_version v;
    if (dpkg_version_parse(version, &v, e) < 0)
        return err_wrap(e, "package " PRI_STR, STR_ARG(name));
    struct slot *m = slot_of(&r->newest, name);
    if (!m->ptr)
        return err_set(e, ERR_NOT_FOUND, "package " PRI_STR ": not in the index of %zu packages",
                       STR_ARG(name), r->index->n);
    for (size_t i = 0; i < r->index->n; i++) {
        struct deb_package *p = &r->index->v[i];
        if (str_eq(p->name, name) && dpkg_version_cmp(&p->version, &v) == 0) {
            m->ptr = p;
            return 0;
        }
    }
    const struct deb_package *newest = m->ptr;
    return err_set(e, ERR_NOT_FOUND, "package " PRI_STR ": no version " PRI_STR ", the newest is " PRI_STR,
                   STR_ARG(name), STR_ARG(version), STR_ARG(newest->version_text));
}

static struct str name_of(struct str wanted)
{
    size_t at;
    return str_find(wanted, '=', &at) ? str_head(wanted, at) : wanted;
}

// What was asked for is chosen before any dependency is looked at: it is the answer to every alternative it meets.
static int ask(struct resolver *r, const struct strv *wanted, struct err *e)
{
    for (size_t i = 0; i < wanted->n; i++) {
        struct str name = name_of(wanted->v[i]);
        if (name.n < wanted->v[i].n && pin(r, name, str_from(wanted->v[i], name.n + 1), e) < 0)
            return -1;
    }
    const struct deb_package **asked = ARENA_ARRAY(r->a, const struct deb_package *, wanted->n + 1);
    for (size_t i = 0; i < wanted->n; i++) {
        struct str name = name_of(wanted->v[i]);
        asked[i] = look_up(&r->newest, name);
        if (!asked[i] && ask_virtual(r, name, &asked[i], e) < 0)
            return -1;
        if (!chosen_of(r, asked[i]->name) && choose(r, asked[i], NULL, e) < 0)
            return -1;
    }
    for (size_t i = 0; i < wanted->n; i++)
        if (follow(r, asked[i], e) < 0 || run(r, e) < 0)
            return -1;
    return 0;
}

int deb_resolve(struct arena *a, const struct deb_index *index, const struct strv *wanted,
                struct deb_selection *out, struct err *e)
{
    struct resolver r = {.a = a, .index = index};
    find_newest(&r);
    if (ask(&r, wanted, e) < 0)
        return -1;
    map_sort(&r.chosen);
    struct deb_selection all = {.v = ARENA_ARRAY(a, struct deb_selected, r.chosen.n), .n = r.chosen.n};
    for (size_t i = 0; i < all.n; i++)
        all.v[i] = *(const struct deb_selected *)r.chosen.v[i].ptr;
    *out = all;
    return 0;
}
