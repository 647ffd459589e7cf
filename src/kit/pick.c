// SPDX-License-Identifier: Apache-2.0
// Which version of a dependency: the requirements of the build plan by
// the priority of their sources, then the catalogue.
#include "base/clock.h"
#include "base/glob.h"
#include "kit/facts.h"

enum { SHOWN = 96, CANDIDATES_MAX = 256 };

struct candidate {
    struct str source, version;
    size_t rank; // of its source among the [[version]] rows
};

static struct str text_of(const struct plan_require *r, struct str key)
{
    const struct val *v = val_get(r->metadata, key);
    return v && v->kind == VAL_STR && !str_has_nul(v->s) ? v->s : STR("");
}

static size_t rank_of(const struct facts *f, struct str entry, struct str source)
{
    struct err ignored = {0}; // patterns were checked with the recipe
    for (size_t i = 0; source.n && i < f->r->versions.n; i++) {
        const struct rc_version *v = &f->r->versions.v[i];
        if (str_eq(v->plan, entry) && glob_match(v->source, source, &ignored) == GLOB_YES)
            return i;
    }
    return SIZE_MAX;
}

// Sorted by rank; of one rank as they stand in the plan. `out` has room for CANDIDATES_MAX.
static int candidates(const struct facts *f, struct str entry, struct candidate *out, size_t *count,
                      struct err *e)
{
    size_t n = 0;
    for (size_t i = 0; f->in->plan && i < f->in->plan->n; i++) {
        const struct plan_require *r = &f->in->plan->v[i];
        struct candidate c = {text_of(r, STR("version-source")), text_of(r, STR("version")), 0};
        if (!str_eq(r->name, entry) || !c.version.n)
            continue;
        if (n == CANDIDATES_MAX)
            return err_set(e, ERR_LIMIT,
                           "build plan: more than %d requirements of \"" PRI_STR "\" name a version",
                           CANDIDATES_MAX, STR_ARG(str_printable(f->a, entry, SHOWN)));
        c.rank = rank_of(f, entry, c.source);
        size_t at = n++;
        for (; at && out[at - 1].rank > c.rank; at--)
            out[at] = out[at - 1];
        out[at] = c;
    }
    *count = n;
    return 0;
}

static void log_candidates(struct facts *f, const struct candidate *v, size_t n)
{
    size_t width = 0;
    facts_log(f, 2, "Candidate version sources (in priority order):");
    for (size_t i = 0; i < n; i++) {
        size_t w = v[i].source.n ? v[i].source.n : strlen("<unknown>");
        width = w > width && w < SHOWN ? w : width;
    }
    for (size_t i = 0; i < n; i++) {
        struct str source = v[i].source.n ? str_printable(f->a, v[i].source, SHOWN) : STR("<unknown>");
        facts_log(f, 3, "%-*.*s -> \"" PRI_STR "\"", (int)width, STR_ARG(source),
                  STR_ARG(str_printable(f->a, v[i].version, SHOWN)));
    }
    facts_log(f, 0, "%s", "");
}

static void log_end_of_life(struct facts *f, const struct dep *dep, struct str name)
{
    char when[CLOCK_TEXT];
    enum dep_eol eol = dep_eol(dep, f->in->now_sec);
    if (eol == DEP_EOL_NONE)
        return;
    clock_text(dep->eol_sec, when);
    facts_log(f, 3, "Version " PRI_STR " of " PRI_STR " %s its end of life on %.10s: move to a newer one",
              STR_ARG(dep->version), STR_ARG(name), eol == DEP_EOL_PAST ? "had" : "has", when);
}

static void log_choice(struct facts *f, const struct dep *dep, const struct candidate *v, size_t n)
{
    struct str name = dep->name.n ? dep->name : dep->id;
    facts_log(f, 1, "Resolving " PRI_STR " version", STR_ARG(name));
    if (n)
        log_candidates(f, v, n);
    facts_log(f, 2, "Selected " PRI_STR " version (using " PRI_STR "): " PRI_STR, STR_ARG(name),
              STR_ARG(!n              ? STR("default")
                      : v[0].source.n ? str_printable(f->a, v[0].source, SHOWN)
                                      : STR("<unknown>")),
              STR_ARG(dep->version));
    log_end_of_life(f, dep, name);
    facts_log(f, 0, "%s", "");
}

static int pick(struct facts *f, const struct rc_layer *row, const struct dep **out, struct err *e)
{
    struct dep_want want = {.id = row->dependency, .os = f->in->os, .arch = f->in->arch};
    struct str source = STR("<unknown>"), entry = row->plan.p ? row->plan : row->dependency;
    const struct dep *dep;
    struct candidate *v = ARENA_ARRAY(f->a, struct candidate, CANDIDATES_MAX);
    size_t n;
    if (candidates(f, entry, v, &n, e) < 0)
        return -1;
    if (row->version.p) {
        if (facts_fill(f, &row->row, "version", row->version, &want.version, e) < 0)
            return -1;
        source = STR("recipe.toml");
        n = 0;
    }
    if (n) {
        want.version = v[0].version;
        source = v[0].source.n ? v[0].source : source;
    }
    if (catalogue_pick(f->a, f->in->catalogue, &want, &dep, e) < 0)
        return want.version.n ? err_wrap(e, PRI_STR, STR_ARG(str_printable(f->a, source, SHOWN))) : -1;
    if (!row->version.p) // else the recipe says which one, mostly that of another layer
        log_choice(f, dep, v, n);
    *out = dep;
    return 0;
}

int facts_pick(struct facts *f, const struct rc_layer *row, const struct dep **out, struct err *e)
{
    struct pick *p = &f->picks[row - f->r->layers.v];
    if (p->going_on)
        return facts_wrong(f, &row->row, "version", e,
                           "the version of the layer \"" PRI_STR "\" is made of itself",
                           STR_ARG(str_printable(f->a, row->name, SHOWN)));
    if (!p->done) {
        p->going_on = true;
        p->done = pick(f, row, &p->dep, e) == 0;
        p->going_on = false;
        if (!p->done)
            return -1;
    }
    *out = p->dep;
    return 0;
}
