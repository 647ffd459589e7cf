// SPDX-License-Identifier: Apache-2.0
#include "platform/run.h"
#include "cnb/env.h"
#include "platform/rootfs.h"
#include "platform/stop.h"
#include "platform/workdir.h"
#include <fcntl.h>

// What the sandbox is made of; texts live in the arena.
struct running {
    struct arena *a;
    const struct run_in *in;
    struct image img;
    struct rootfs_tree root;
    struct workdir work;
    struct sbx_op op[16];
    size_t n_op;
};

static struct sbx_op *add(struct running *r, enum sbx_kind kind, const char *dst)
{
    struct sbx_op *op = &r->op[r->n_op++];
    *op = (struct sbx_op){.kind = kind, .dst = dst};
    return op;
}

// The host's name resolution, when the sandbox has its network.
static void add_resolver(struct running *r)
{
    static const char *const files[] = {"/etc/resolv.conf", "/etc/hosts"};
    for (size_t i = 0; i < COUNT(files); i++)
        if (!r->in->offline && faccessat(AT_FDCWD, files[i], R_OK, 0) == 0)
            add(r, SBX_BIND_RO, files[i])->src = files[i];
}

static int make_root(struct running *r, const struct sbx_plan *p, struct err *e)
{
    uint32_t uid = 0, gid = 0;
    (void)sbx_outside(p->uid, r->root.user.uid, &uid);
    (void)sbx_outside(p->gid, r->root.user.gid, &gid);
    bool root = geteuid() == 0;
    if (workdir_scratch(&r->work, "root", 0755, root ? (int64_t)uid : -1, gid, e) < 0)
        return -1;
    struct sbx_op *op = add(r, SBX_OVERLAY, "/");
    op->lower = r->root.lower;
    op->scratch = arena_printf(r->a, "%s/root", r->work.path);
    op->own = true;
    add(r, SBX_PROC, "/proc");
    add(r, SBX_DEV, "/dev");
    add(r, SBX_TMPFS, "/tmp")->mode = 01777;
    add_resolver(r);
    return 0;
}

static void words(struct running *r, struct strv *out)
{
    const struct container_config *c = &r->img.config.config;
    size_t slash;
    if (!r->in->entrypoint.n) {
        for (size_t i = 0; i < c->entrypoint.n; i++)
            strv_add(r->a, out, c->entrypoint.v[i]);
    } else if (str_find(r->in->entrypoint, '/', &slash)) {
        strv_add(r->a, out, r->in->entrypoint);
    } else {
        strv_add(r->a, out, str_printf(r->a, "/cnb/process/" PRI_STR, STR_ARG(r->in->entrypoint)));
    }
    const struct strv *rest = r->in->args.n ? &r->in->args : &c->cmd;
    for (size_t i = 0; i < rest->n; i++)
        strv_add(r->a, out, rest->v[i]);
}

static const char *const *vector(struct arena *a, const struct strv *v)
{
    const char **out = ARENA_ARRAY(a, const char *, v->n + 1);
    for (size_t i = 0; i < v->n; i++)
        out[i] = str_c(a, v->v[i]);
    return out;
}

static const char *const *environment(struct running *r)
{
    struct strmap env = {0};
    const struct container_config *c = &r->img.config.config;
    strmap_set(r->a, &env, STR("PATH"), STR("/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"));
    strmap_set(r->a, &env, STR("HOME"), r->root.user.home.n ? r->root.user.home : STR("/"));
    for (size_t i = 0; i < c->env.n; i++) {
        size_t eq;
        if (str_find(c->env.v[i], '=', &eq))
            strmap_set(r->a, &env, str_head(c->env.v[i], eq), str_from(c->env.v[i], eq + 1));
    }
    for (size_t i = 0; i < r->in->env->n; i++)
        strmap_set(r->a, &env, r->in->env->v[i].key, r->in->env->v[i].val);
    return env_vector(r->a, &env);
}

static int start(struct running *r, struct run_out *out, struct err *e)
{
    struct strv argv = {0};
    struct sbx_plan p = {.run_uid = r->root.user.uid,
                         .run_gid = r->root.user.gid,
                         .net = !r->in->offline,
                         .log_fd = r->in->log_fd,
                         .tmp = r->in->temp_dir};
    struct str cwd = r->img.config.config.working_dir;
    words(r, &argv);
    if (!argv.n)
        return err_set(e, ERR_USAGE, PRI_STR ": the image has no entrypoint; say what to start",
                       STR_ARG(r->in->image));
    if (argv.v[0].p[0] != '/')
        return err_set(e, ERR_USAGE, PRI_STR ": \"" PRI_STR "\" is not an absolute path in the image",
                       STR_ARG(r->in->image), STR_ARG(argv.v[0]));
    if (sbx_ids(p.run_uid, p.run_gid, &p, e) < 0 || make_root(r, &p, e) < 0)
        return -1;
    p.op = r->op;
    p.n_op = r->n_op;
    p.argv = vector(r->a, &argv);
    p.envp = environment(r);
    p.cwd = cwd.n ? str_c(r->a, cwd) : "/";
    drop_sbx struct sbx s = SBX_INIT;
    if (sbx_start(&p, r->in->runner, r->a, &s, e) < 0)
        return -1;
    out->missing = s.missing;
    for (size_t i = 0; i < s.missing.n; i++)
        event_warn(r->in->ev, NULL, "not enforced here: " PRI_STR, STR_ARG(s.missing.v[i]));
    return stop_wait(r->in->stop_fd, &s, &out->status, e);
}

int run_image(struct arena *a, const struct run_in *in, struct run_out *out, struct err *e)
{
    struct running r = {.a = a, .in = in, .work = WORKDIR_INIT};
    if (image_load(in->st, a, in->image, NULL, &r.img, e) < 0)
        return -1;
    if (!manifest_is_image(&r.img.manifest))
        return err_set(e, ERR_USAGE, PRI_STR ": is an artifact, not an image that can be started",
                       STR_ARG(in->image));
    if (rootfs_open(in->st, a, &r.img, &r.root, e) < 0)
        return -1;
    struct run_out got = {0};
    int rc = workdir_make(in->temp_dir, &r.work, e) < 0 ? -1 : start(&r, &got, e);
    workdir_done(&r.work);
    rootfs_done(&r.root);
    if (rc == 0)
        *out = got;
    return rc;
}
