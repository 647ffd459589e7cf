// SPDX-License-Identifier: Apache-2.0
#include "platform/run.h"
#include "base/clock.h"
#include "cnb/env.h"
#include "platform/stop.h"
#include <errno.h>
#include <fcntl.h>
#include <poll.h>

enum { RUN_GRACE_MS = 10000 };

// What the sandbox is made of; texts live in the arena.
struct running {
    struct arena *a;
    const struct run_in *in;
    struct run *run;
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
    (void)sbx_outside(p->uid, r->run->root.user.uid, &uid);
    (void)sbx_outside(p->gid, r->run->root.user.gid, &gid);
    bool root = geteuid() == 0;
    if (workdir_scratch(&r->run->work, "root", 0755, root ? (int64_t)uid : -1, gid, e) < 0)
        return -1;
    struct sbx_op *op = add(r, SBX_OVERLAY, "/");
    op->lower = r->run->root.lower;
    op->scratch = arena_printf(r->a, "%s/root", r->run->work.path);
    op->own = true;
    add(r, SBX_PROC, "/proc");
    add(r, SBX_DEV, "/dev");
    add(r, SBX_TMPFS, "/tmp")->mode = 01777;
    add_resolver(r);
    return 0;
}

static void words(struct running *r, struct strv *out)
{
    const struct container_config *c = &r->run->img.config.config;
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
    const struct container_config *c = &r->run->img.config.config;
    strmap_set(r->a, &env, STR("PATH"), STR("/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"));
    strmap_set(r->a, &env, STR("HOME"), r->run->root.user.home.n ? r->run->root.user.home : STR("/"));
    for (size_t i = 0; i < c->env.n; i++) {
        size_t eq;
        if (str_find(c->env.v[i], '=', &eq))
            strmap_set(r->a, &env, str_head(c->env.v[i], eq), str_from(c->env.v[i], eq + 1));
    }
    for (size_t i = 0; i < r->in->env->n; i++)
        strmap_set(r->a, &env, r->in->env->v[i].key, r->in->env->v[i].val);
    return env_vector(r->a, &env);
}

static int start(struct running *r, struct err *e)
{
    struct strv argv = {0};
    struct sbx_plan p = {.run_uid = r->run->root.user.uid,
                         .run_gid = r->run->root.user.gid,
                         .net = !r->in->offline,
                         .log_fd = r->in->log_fd,
                         .tmp = r->in->temp_dir};
    struct str cwd = r->run->img.config.config.working_dir;
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
    return sbx_start(&p, r->in->runner, r->a, &r->run->sbx, e);
}

static int open_image(struct arena *a, const struct run_in *in, struct run *run, struct err *e)
{
    struct running r = {.a = a, .in = in, .run = run};
    if (image_load(in->st, a, in->image, NULL, &run->img, e) < 0)
        return -1;
    if (!manifest_is_image(&run->img.manifest))
        return err_set(e, ERR_USAGE, PRI_STR ": is an artifact, not an image that can be started",
                       STR_ARG(in->image));
    if (rootfs_open(in->st, a, &run->img, &run->root, e) < 0 || workdir_make(in->temp_dir, &run->work, e) < 0)
        return -1;
    return start(&r, e);
}

// The file of a process type that the image does not have is not there.
static int no_such_process(const struct run_in *in, struct err *e)
{
    size_t slash;
    if (e->sys != ENOENT || !in->entrypoint.n || str_find(in->entrypoint, '/', &slash))
        return -1;
    *e = (struct err){0};
    return err_set(e, ERR_NOT_FOUND, PRI_STR ": no process type \"" PRI_STR "\"; \"dema inspect\" lists them",
                   STR_ARG(in->image), STR_ARG(in->entrypoint));
}

int run_start(struct arena *a, const struct run_in *in, struct run *out, struct err *e)
{
    drop_run struct run r = RUN_INIT;
    if (open_image(a, in, &r, e) < 0)
        return no_such_process(in, e);
    for (size_t i = 0; i < r.sbx.missing.n; i++)
        event_warn(in->ev, NULL, "not enforced here: " PRI_STR, STR_ARG(r.sbx.missing.v[i]));
    *out = r;
    r = (struct run)RUN_INIT;
    return 0;
}

void run_done(struct run *r)
{
    sbx_done(&r->sbx);
    workdir_done(&r->work);
    rootfs_done(&r->root);
}

static int end_it(struct sbx *s, int *status, struct err *e)
{
    struct err ignored = {0};
    sbx_kill(s);
    (void)!sbx_wait(s, 0, status, &ignored);
    return err_set(e, ERR_CANCELLED, "stopped");
}

// A signal to us is one to the app, which ends as it likes. A second one, or RUN_GRACE_MS, end it.
static int wait_for(int stop_fd, struct sbx *s, int *status, struct err *e)
{
    struct pollfd p[2] = {{.fd = s->pidfd, .events = POLLIN}, {.fd = stop_fd, .events = POLLIN}};
    uint64_t end = 0;
    for (;;) {
        uint64_t now = clock_mono_ms();
        if (poll(p, 2, !end ? -1 : now < end ? (int)(end - now) : 0) < 0 && errno != EINTR)
            return err_sys(e, "sandbox");
        if (p[0].revents)
            return sbx_wait(s, 0, status, e);
        int sig = p[1].revents ? stop_take(stop_fd) : 0;
        if (end && (sig || clock_mono_ms() >= end))
            return end_it(s, status, e);
        if (!sig)
            continue;
        end = clock_mono_ms() + RUN_GRACE_MS;
        sbx_signal(s, sig);
    }
}

int run_image(struct arena *a, const struct run_in *in, struct run_out *out, struct err *e)
{
    drop_run struct run r = RUN_INIT;
    struct run_out got = {0};
    if (run_start(a, in, &r, e) < 0)
        return -1;
    got.missing = r.sbx.missing;
    if (wait_for(in->stop_fd, &r.sbx, &got.status, e) < 0)
        return no_such_process(in, e);
    *out = got;
    return 0;
}
