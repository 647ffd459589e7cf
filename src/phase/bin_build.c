// SPDX-License-Identifier: Apache-2.0
#include "base/clock.h"
#include "kit/log.h"
#include "phase/engine.h"
#include "sbom/cyclonedx.h"
#include <fcntl.h>

static int read_plan(struct engine *g, struct str path, struct err *e)
{
    const struct val *doc, *entries;
    if (engine_read_toml(g, AT_FDCWD, str_c(g->a, path), &doc, e) < 0)
        return -1;
    entries = val_get(doc, STR("entries"));
    for (size_t i = 0; entries && entries->kind == VAL_LIST && i < entries->c.n; i++) {
        const struct val *name = val_get(&entries->c.v[i], STR("name"));
        const struct val *metadata = val_get(&entries->c.v[i], STR("metadata"));
        struct err_at at;
        val_where(&entries->c.v[i], str_c(g->a, path), "entries", &at);
        if (!name || name->kind != VAL_STR)
            return err_doc(e, &at, "an entry without name");
        g->plan.v = arena_grow(g->a, g->plan.v, g->plan.n, &g->plan.cap, sizeof *g->plan.v);
        g->plan.v[g->plan.n++] = (struct plan_require){name->s, metadata};
    }
    return 0;
}

static int run(struct engine *g, struct err *e)
{
    struct bp_plan p;
    struct str path;
    drop_fd int layers = -1;
    if (engine_path(g, "CNB_LAYERS_DIR", 0, &g->in.layers, e) < 0 ||
        engine_path(g, "CNB_PLATFORM_DIR", 1, &g->platform, e) < 0 ||
        engine_path(g, "CNB_BP_PLAN_PATH", 2, &path, e) < 0 || engine_open(g, KIT_BUILD, e) < 0 ||
        read_plan(g, path, e) < 0 ||
        path_open_host(str_c(g->a, g->in.layers), O_RDONLY | O_DIRECTORY, 0, &layers, e) < 0)
        return -1;
    g->world.layers_fd = layers;
    g->in.plan = &g->plan;
    g->in.now_sec = clock_now_sec();
    kit_log(g->ev, 0, PRI_STR " " PRI_STR, STR_ARG(g->name), STR_ARG(g->version));
    if (recipe_plan(g->a, &g->recipe, &g->in, &p, e) < 0)
        return -1;
    const struct act act = {.plan = &p,
                            .in = &g->in,
                            .world = &g->world,
                            .socket = str_c(g->a, path_join(g->a, g->platform, STR(DEPS_SOCKET))),
                            .envp = g->envp};
    return recipe_act(&act, e) < 0 ? -1 : ENGINE_PASS;
}

const struct engine_program engine_build = {"build", run};
