// SPDX-License-Identifier: Apache-2.0
#include "base/map.h"
#include "cnb/api.h"
#include "lifecycle/build.h"

// Processes of all buildpacks by type: a later one replaces an earlier one of the same type.
struct merge {
    struct arena *a;
    struct lc_context *cx;
    struct strmap types; // struct cnb_process by type
    struct str default_type;
};

static bool makes_default(const struct cnb_process *p, uint16_t api)
{
    return api < API(0, 6) ? str_is(p->type, "web") : p->is_default;
}

// Before Platform API 0.10 a command is one text: what follows it goes in front of the arguments.
static void one_command(struct arena *a, struct cnb_process *p)
{
    struct strv args = {0};
    for (size_t i = 1; i < p->command.n; i++)
        strv_add(a, &args, p->command.v[i]);
    for (size_t i = 0; i < p->args.n; i++)
        strv_add(a, &args, p->args.v[i]);
    p->args = args;
    p->command.n = 1;
}

static void merge_processes(struct merge *m, const struct built *b)
{
    struct str fresh = STR("");
    for (size_t i = 0; i < b->launch.processes.n; i++) {
        struct cnb_process *p = arena_copy(m->a, &b->launch.processes.v[i], sizeof *p);
        if (makes_default(p, b->bp->desc.api))
            fresh = p->type;
        else if (str_eq(p->type, m->default_type) && m->default_type.n) {
            event_warn(m->cx->ev, NULL,
                       "buildpack " PRI_STR " defines the default process " PRI_STR
                       " again without default = true: there is no default process now",
                       STR_ARG(b->bp->desc.id), STR_ARG(p->type));
            m->default_type = STR("");
        }
        p->is_default = false;
        p->buildpack_id = b->bp->desc.id;
        if (m->cx->platform_api < API(0, 10))
            one_command(m->a, p);
        map_put(m->a, &m->types, p->type)->ptr = p;
    }
    if (fresh.n)
        m->default_type = fresh;
}

static size_t count_of(const struct built *b, size_t n, bool labels)
{
    size_t sum = 0;
    for (size_t i = 0; i < n; i++)
        sum += labels ? b[i].launch.labels.n : b[i].launch.slices.n;
    return sum;
}

void built_metadata(struct arena *a, struct lc_context *cx, const struct cnb_selected *group,
                    const struct built *b, size_t n, struct cnb_metadata *out)
{
    struct merge m = {.a = a, .cx = cx, .default_type = STR("")};
    struct cnb_metadata md = {0};
    md.labels.v = ARENA_ARRAY(a, struct cnb_label, count_of(b, n, true));
    md.slices.v = ARENA_ARRAY(a, struct cnb_slice, count_of(b, n, false));
    for (size_t i = 0; i < n; i++) {
        merge_processes(&m, &b[i]);
        for (size_t j = 0; j < b[i].launch.labels.n; j++)
            md.labels.v[md.labels.n++] = b[i].launch.labels.v[j];
        for (size_t j = 0; j < b[i].launch.slices.n; j++)
            md.slices.v[md.slices.n++] = b[i].launch.slices.v[j];
    }
    map_sort(&m.types);
    md.processes.v = ARENA_ARRAY(a, struct cnb_process, m.types.n);
    for (; md.processes.n < m.types.n; md.processes.n++)
        md.processes.v[md.processes.n] = *(const struct cnb_process *)m.types.v[md.processes.n].ptr;
    md.default_type = m.default_type;
    md.buildpacks.v = group->buildpacks.v;
    md.buildpacks.n = group->buildpacks.n;
    md.extensions.v = group->extensions.v;
    md.extensions.n = group->extensions.n;
    *out = md;
}
