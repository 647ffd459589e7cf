// SPDX-License-Identifier: Apache-2.0
#include "lifecycle/resolve.h"
#include "test.h"

static void add_provide(struct arena *a, struct plan_section *sec, struct str name)
{
    sec->provides.v =
        arena_grow(a, sec->provides.v, sec->provides.n, &sec->provides.cap, sizeof *sec->provides.v);
    sec->provides.v[sec->provides.n++].name = name;
}

// "node? +node -x | +node": an optional element with two sections that provide (+) and require (-).
static struct resolve_element element(struct arena *a, struct str line)
{
    struct resolve_element el = {.version = STR("1"),
                                 .sections = {ARENA_ARRAY(a, struct plan_section, 16), 1}};
    struct str rest = line, word;
    while (str_cut(&rest, ' ', &word)) {
        struct plan_section *sec = &el.sections.v[el.sections.n - 1];
        if (!word.n)
            continue;
        if (str_is(word, "|")) {
            el.sections.n++;
        } else if (word.p[0] == '+') {
            add_provide(a, sec, str_from(word, 1));
        } else if (word.p[0] == '-') {
            struct plan_requires *r = &sec->requires;
            r->v = arena_grow(a, r->v, r->n, &r->cap, sizeof *r->v);
            r->v[r->n++].name = str_from(word, 1);
            r->v[r->n - 1].metadata = NULL;
        } else {
            el.extension = word.p[0] == '!';
            el.optional = word.p[word.n - 1] == '?';
            el.id = (struct str){word.p + el.extension, word.n - el.extension - el.optional};
        }
    }
    return el;
}

static struct str outcome(struct arena *a, const char *group)
{
    struct resolve_element v[32];
    size_t n = 0;
    struct str rest = str_of(group), line, why, s = STR("");
    while (str_cut(&rest, ';', &line))
        v[n++] = element(a, line);
    struct resolve_out out;
    struct err e = {0};
    enum resolved got = resolve_group(a, v, n, &out, &why, &e);
    if (got != RESOLVE_YES)
        return got == RESOLVE_NO ? str_printf(a, "no: " PRI_STR, STR_ARG(why)) : STR("error");
    for (size_t i = 0; i < out.n_kept; i++)
        s = str_printf(a, PRI_STR "%s" PRI_STR, STR_ARG(s), i ? " " : "", STR_ARG(v[out.kept[i]].id));
    for (size_t i = 0; i < out.plan.n; i++) {
        const struct plan_entry *en = &out.plan.v[i];
        s = str_printf(a, PRI_STR " [", STR_ARG(s));
        for (size_t j = 0; j < en->providers.n; j++)
            s = str_printf(a, PRI_STR "%s" PRI_STR, STR_ARG(s), j ? "," : "", STR_ARG(en->providers.v[j].id));
        s = str_printf(a, PRI_STR ": " PRI_STR "*%zu]", STR_ARG(s), STR_ARG(en->requires.v[0].name),
                       en->requires.n);
    }
    return s;
}

TEST(plan_resolution)
{
    static const struct {
        const char *group, *want;
    } rows[] = {
        {"a", "a"},
        {"a +x -x", "a [a: x*1]"},
        {"a +x;b -x", "a b [a: x*1]"},
        {"a -x;b +x", "no: a@1 requires x"},
        {"a +x", "no: a@1 provides unused x"},
        {"a +x;b +x;c -x", "a b c [a,b: x*1]"},
        {"a +x;b -x;c -x", "a b c [a: x*2]"},
        {"a +x;b -x;c +x", "no: c@1 provides unused x"},
        {"a? +x;b", "b"},
        {"a? -x;b", "b"},
        {"a +x;b? -x", "a b [a: x*1]"},
        {"a +x;b? -x -y", "no: a@1 provides unused x"},
        {"a? +x;b? -x +y;c -y", "a b c [a: x*1] [b: y*1]"},
        {"a? +x;b? -x -z +y;c? -y;d", "d"},
        {"a?", "a"},
        {"a +x | ;b", "a b"},
        {"a +x | +y;b -y", "a b [a: y*1]"},
        {"a? +x | ;b", "a b"},
        {"a? -x | -y;b +z | ;c", "b c"},
        {"a +x | +y;b -x | -y", "a b [a: x*1]"},
        {"a;b +x | -y", "no: b@1 requires y"},
        {"!e? +x;b -x", "e b [e: x*1]"},
        {"!e? +x", "no: no buildpack is left"},
        {"!e? +x;b", "b"},
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        drop_(arena_free) struct arena *a = arena_new(0);
        struct str got = outcome(a, rows[i].group);
        CHECK_MSG(str_is(got, rows[i].want), "%s: got \"" PRI_STR "\", want \"%s\"", rows[i].group,
                  STR_ARG(got), rows[i].want);
    }
}

TEST(plan_resolution_stops_at_a_million_trials)
{
    drop_(arena_free) struct arena *a = arena_new(0);
    struct str one = STR("a +x | +x | +x | +x | +x | +x | +x | +x | +x | +x"), all = one;
    for (int i = 0; i < 6; i++)
        all = str_printf(a, PRI_STR ";" PRI_STR, STR_ARG(all), STR_ARG(one));
    EQ_STR(outcome(a, str_c(a, all)), "error");
}
