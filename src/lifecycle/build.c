// SPDX-License-Identifier: Apache-2.0
#include "lifecycle/build.h"
#include "base/clock.h"
#include "base/dir.h"
#include "base/file.h"
#include "base/limits.h"
#include "base/proc.h"
#include "cnb/api.h"
#include "cnb/env.h"
#include "cnb/labels.h"
#include "document/toml.h"
#include <fcntl.h>
#include <sys/wait.h>

// The phase under way: what earlier buildpacks contributed and what is left of the plan.
struct phase {
    struct arena *a;
    struct lc_context *cx;
    int layers_fd, out_fd;
    struct strmap env;
    struct plan plan;
};

static int write_toml(int dirfd, const char *path, const struct val *doc, struct err *e)
{
    drop_buf struct buf text = BUF_INIT(LIMIT_DOCUMENT);
    if (toml_write(doc, &text, e) < 0)
        return -1;
    return file_place(dirfd, path, 0644, buf_view(&text), e);
}

static int run_build(struct phase *ph, const struct lc_buildpack *bp, const char *dir, const char *plan,
                     struct err *e)
{
    struct arena *a = ph->a;
    struct strmap env;
    drop_fd int app = -1;
    const char *layers = arena_printf(a, "%s/%s", ph->cx->layers_dir, dir);
    if (lc_buildpack_env(a, ph->cx, bp, &ph->env, &env, e) < 0 ||
        path_open_host(ph->cx->app_dir, O_RDONLY | O_DIRECTORY, 0, &app, e) < 0)
        return -1;
    if (bp->desc.api >= API(0, 8)) {
        strmap_set(a, &env, STR("CNB_LAYERS_DIR"), str_of(layers));
        strmap_set(a, &env, STR("CNB_BP_PLAN_PATH"), str_of(plan));
    }
    const char *const argv[] = {arena_printf(a, "%s/bin/build", bp->root), layers, ph->cx->platform_dir, plan,
                                NULL};
    struct proc_spec spec = {.argv = argv,
                             .envp = env_vector(a, &env),
                             .cwd_fd = app,
                             .in = -1,
                             .out = ph->out_fd,
                             .err = ph->out_fd};
    drop_proc struct proc p = PROC_INIT;
    int status;
    char text[64];
    if (proc_start(&spec, &p, e) < 0)
        return lc_not_started(argv[0], e);
    if (proc_wait(&p, 0, &status, e) < 0)
        return -1;
    if (!WIFEXITED(status) || WEXITSTATUS(status))
        return err_set(e, ERR_BUILDPACK, "bin/build: %s", proc_status_text(status, text, sizeof text));
    return 0;
}

// Every layer for builds, one at a time: root directories, then its files.
static int contribute(struct phase *ph, int fd, const struct built *b, struct err *e)
{
    for (size_t i = 0; i < b->layers.n; i++) {
        const struct built_layer *l = &b->layers.v[i];
        if (!l->types.build || !l->has_dir)
            continue;
        drop_fd int layer = -1;
        if (path_open(fd, l->name.p, O_RDONLY | O_DIRECTORY, 0, &layer, e) < 0)
            return -1;
        struct str at = str_printf(ph->a, "%s/%s/" PRI_STR, ph->cx->layers_dir, b->dir, STR_ARG(l->name));
        struct env_dir look = {.dirfd = layer, .path = ".", .seen = at};
        if (env_roots(ph->a, &ph->env, ENV_BUILD, &look, e) < 0 ||
            env_layer(ph->a, &ph->env, ENV_BUILD, &look, STR(""), e) < 0)
            return err_wrap(e, "layer " PRI_STR, STR_ARG(l->name));
    }
    return 0;
}

static int build_one(struct phase *ph, const struct cnb_ref *ref, struct built *b, struct err *e)
{
    struct plan_requires given = {0};
    struct val *plan_doc;
    const char *plan = arena_printf(ph->a, "%s/plan.toml", ph->cx->temp_dir);
    drop_fd int fd = -1;
    if (lc_buildpack(ph->a, ph->cx, ref->id, ref->version, &b->bp, e) < 0 ||
        buildpack_dir_name(ph->a, ref->id, &b->dir, e) < 0)
        return -1;
    plan_for(ph->a, &ph->plan, ref->id, ref->version, &given);
    if (mkdirat(ph->layers_fd, b->dir, 0777) < 0 && dir_kind(ph->layers_fd, b->dir) != DIR_DIR)
        return err_sys(e, "%s/%s", ph->cx->layers_dir, b->dir);
    if (plan_requires_write(ph->a, &given, &plan_doc, e) < 0 || write_toml(AT_FDCWD, plan, plan_doc, e) < 0)
        return -1;
    struct event step = {.kind = EV_STEP,
                         .phase = STR("build"),
                         .subject =
                             str_printf(ph->a, PRI_STR "@" PRI_STR, STR_ARG(ref->id), STR_ARG(ref->version))};
    uint64_t start = clock_mono_ms();
    event_emit(ph->cx->ev, &step);
    if (run_build(ph, b->bp, b->dir, plan, e) < 0 ||
        path_open(ph->layers_fd, b->dir, O_RDONLY | O_DIRECTORY, 0, &fd, e) < 0 ||
        built_read(ph->a, ph->cx, fd, b, e) < 0 || built_sbom(ph->a, ph->cx, ph->layers_fd, fd, b, e) < 0 ||
        contribute(ph, fd, b, e) < 0)
        return -1;
    step.done = 1;
    step.total = clock_mono_ms() - start;
    event_emit(ph->cx->ev, &step);
    return plan_met(ph->a, &ph->plan, &given, &b->build.unmet, e);
}

static struct cnb_bom all_bom(struct arena *a, const struct built *b, size_t n, bool launch)
{
    struct cnb_bom all = {0};
    size_t cap = 0;
    for (size_t i = 0; i < n; i++) {
        const struct cnb_bom *bom = launch ? &b[i].launch.bom : &b[i].build.bom;
        for (size_t j = 0; j < bom->n; j++) {
            all.v = arena_grow(a, all.v, all.n, &cap, sizeof *all.v);
            all.v[all.n++] = bom->v[j];
        }
    }
    return all;
}

static int put_bom(const struct phase *ph, const char *dir, const struct cnb_bom *bom, struct err *e)
{
    drop_buf struct buf text = BUF_INIT(LIMIT_DOCUMENT);
    drop_fd int fd = -1;
    if (bom_json(ph->a, bom, &text, e) < 0)
        return -1;
    buf_text(&text, "\n");
    if (buf_finish(&text, "sbom.legacy.json", e) < 0 || path_mkdirs(ph->layers_fd, dir, 0755, e) < 0 ||
        path_open_plain(ph->layers_fd, dir, O_RDONLY | O_DIRECTORY, 0, &fd, e) < 0)
        return -1;
    return file_place(fd, "sbom.legacy.json", 0644, buf_view(&text), e);
}

// The bills of materials of old buildpacks. The reference writes the files always, so that their bytes are part of the
// SBOM layer's diff ID; before Platform API 0.9 they are a part of metadata.toml instead, and of report.toml.
static int put_boms(const struct phase *ph, const struct built *b, size_t n, struct cnb_metadata *md,
                    struct err *e)
{
    const struct cnb_bom launch = all_bom(ph->a, b, n, true), build = all_bom(ph->a, b, n, false);
    if (ph->cx->platform_api < API(0, 9)) {
        md->bom = launch;
        return 0;
    }
    return put_bom(ph, "sbom/launch", &launch, e) < 0 ? -1 : put_bom(ph, "sbom/build", &build, e);
}

static int write_metadata(struct phase *ph, const struct cnb_metadata *md, struct err *e)
{
    struct val *doc;
    if (cnb_metadata_write(ph->a, md, ph->cx->platform_api, &doc, e) < 0 ||
        path_mkdirs(ph->layers_fd, "config", 0755, e) < 0)
        return -1;
    return write_toml(ph->layers_fd, "config/metadata.toml", doc, e);
}

int lc_build(struct arena *a, struct lc_context *cx, const struct build_in *in, struct cnb_metadata *out,
             struct err *e)
{
    drop_fd int layers = -1;
    if (path_open_host(cx->layers_dir, O_RDONLY | O_DIRECTORY, 0, &layers, e) < 0 ||
        tree_remove(layers, "sbom", e) < 0)
        return -1;
    struct phase ph = {.a = a, .cx = cx, .layers_fd = layers, .out_fd = in->out_fd, .plan = *in->plan};
    struct built *b = ARENA_ARRAY(a, struct built, in->group->buildpacks.n);
    lc_base_env(a, cx, &ph.env);
    for (size_t i = 0; i < in->group->buildpacks.n; i++) {
        const struct cnb_ref *ref = &in->group->buildpacks.v[i];
        if (build_one(&ph, ref, &b[i], e) < 0)
            return err_wrap(e, "buildpack " PRI_STR "@" PRI_STR, STR_ARG(ref->id), STR_ARG(ref->version));
    }
    struct cnb_metadata md;
    built_metadata(a, cx, in->group, b, in->group->buildpacks.n, &md);
    if (put_boms(&ph, b, in->group->buildpacks.n, &md, e) < 0 || write_metadata(&ph, &md, e) < 0)
        return -1;
    *out = md;
    return 0;
}
