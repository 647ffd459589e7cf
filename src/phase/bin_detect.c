// SPDX-License-Identifier: Apache-2.0
#include "base/file.h"
#include "base/limits.h"
#include "document/toml.h"
#include "kit/log.h"
#include "phase/engine.h"
#include <fcntl.h>

static void put_names(struct arena *a, struct val *table, const struct strv *names)
{
    struct val *list = names->n ? val_put(a, table, STR("provides")) : NULL;
    if (list)
        val_set_list(list);
    for (size_t i = 0; i < names->n; i++) {
        struct val *one = val_add(a, list);
        val_set_map(one);
        val_set_str(val_put(a, one, STR("name")), names->v[i]);
    }
}

static void put_requires(struct arena *a, struct val *table, const struct plan_requires *r)
{
    struct val *list = r->n ? val_put(a, table, STR("requires")) : NULL;
    if (list)
        val_set_list(list);
    for (size_t i = 0; i < r->n; i++) {
        struct val *one = val_add(a, list);
        val_set_map(one);
        val_set_str(val_put(a, one, STR("name")), r->v[i].name);
        if (r->v[i].metadata)
            *val_put(a, one, STR("metadata")) = *r->v[i].metadata;
    }
}

// The first section is the top level, the others are [[or]].
static int write_plan(struct engine *g, const struct bp_plan *p, struct str path, struct err *e)
{
    drop_buf struct buf text = BUF_INIT(LIMIT_DOCUMENT);
    drop_fd int fd = -1;
    struct val doc = {0}, *others = NULL;
    val_set_map(&doc);
    for (size_t i = 0; i < p->sections.n; i++) {
        struct val *table = &doc;
        if (i) {
            if (!others)
                val_set_list(others = val_put(g->a, &doc, STR("or")));
            val_set_map(table = val_add(g->a, others));
        }
        put_names(g->a, table, &p->sections.v[i].provides);
        put_requires(g->a, table, &p->sections.v[i].requires);
    }
    if (toml_write(&doc, &text, e) < 0 || buf_finish(&text, "build plan", e) < 0)
        return -1;
    // The lifecycle made the file: it is written in its place.
    if (path_open_host(str_c(g->a, path), O_WRONLY | O_CREAT | O_TRUNC, 0644, &fd, e) < 0)
        return -1;
    return file_write_all(fd, text.p, text.n, e);
}

static int run(struct engine *g, struct err *e)
{
    struct bp_plan p;
    struct str path;
    if (engine_path(g, "CNB_PLATFORM_DIR", 0, &g->platform, e) < 0 ||
        engine_path(g, "CNB_BUILD_PLAN_PATH", 1, &path, e) < 0 || engine_open(g, KIT_DETECT, e) < 0 ||
        recipe_plan(g->a, &g->recipe, &g->in, &p, e) < 0)
        return -1;
    for (size_t i = 0; i < p.log.n; i++)
        kit_log(g->ev, 0, PRI_STR, STR_ARG(p.log.v[i]));
    if (!p.pass) {
        kit_log(g->ev, 0, "fail: " PRI_STR, STR_ARG(p.reason));
        return ENGINE_FAIL;
    }
    return write_plan(g, &p, path, e) < 0 ? -1 : ENGINE_PASS;
}

const struct engine_program engine_detect = {"detect", run};
