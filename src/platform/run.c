// SPDX-License-Identifier: Apache-2.0
#include "platform/run.h"
#include "base/clock.h"
#include "base/file.h"
#include "base/limits.h"
#include "cnb/env.h"
#include "platform/stop.h"
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <unistd.h>

#define INSIDE_BINDINGS "/bindings"
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

// The app's own variable, or the user's, stays: then the bindings are somewhere else.
static int add_bindings(struct running *r, struct strmap *env, struct err *e)
{
    struct cnb_bindings found;
    if (!r->in->bindings.n || map_find(env, STR(BINDING_ROOT)))
        return 0;
    if (workdir_bindings(&r->run->work, r->a, r->in->bindings, "bindings", &found, e) < 0)
        return -1;
    add(r, SBX_BIND_RO, INSIDE_BINDINGS)->src = arena_printf(r->a, "%s/bindings", r->run->work.path);
    strmap_set(r->a, env, STR(BINDING_ROOT), STR(INSIDE_BINDINGS));
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
    // The image's Cmd are arguments for its own entrypoint.
    static const struct strv none = {0};
    const struct strv *rest = r->in->args.n ? &r->in->args : r->in->entrypoint.n ? &none : &c->cmd;
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

static void environment(struct running *r, struct strmap *out)
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
    *out = env;
}

// A terminal stays ours: who has it open may read what is typed and change how it works.
static int log_pipe(struct running *r, struct sbx_plan *p, int *log, struct err *e)
{
    int ends[2];
    uint32_t uid = 0, gid = 0;
    if (!isatty(p->log_fd))
        return 0;
    if (pipe2(ends, O_CLOEXEC) < 0)
        return err_sys(e, "pipe");
    r->run->out = ends[0];
    *log = p->log_fd = ends[1];
    // /dev/stdout is opened with the rights of the id inside.
    bool given = geteuid() != 0 || (sbx_outside(p->uid, p->run_uid, &uid) &&
                                    sbx_outside(p->gid, p->run_gid, &gid) && fchown(ends[1], uid, gid) == 0);
    return !given || fcntl(ends[0], F_SETFL, O_NONBLOCK) < 0 ? err_sys(e, "pipe") : 0;
}

static int start(struct running *r, struct err *e)
{
    struct strv argv = {0};
    struct strmap env;
    struct sbx_plan p = {.run_uid = r->run->root.user.uid,
                         .run_gid = r->run->root.user.gid,
                         .net = !r->in->offline,
                         .max_files = LIMIT_BUILD_FILES,
                         .max_procs = LIMIT_BUILD_PROCS,
                         .log_fd = r->in->log_fd,
                         .tmp = r->in->temp_dir};
    struct str cwd = r->run->img.config.config.working_dir;
    drop_fd int log = -1;
    words(r, &argv);
    if (!argv.n)
        return err_set(e, ERR_USAGE, PRI_STR ": the image has no entrypoint; say what to start",
                       STR_ARG(r->in->image));
    if (argv.v[0].p[0] != '/')
        return err_set(e, ERR_USAGE, PRI_STR ": \"" PRI_STR "\" is not an absolute path in the image",
                       STR_ARG(r->in->image), STR_ARG(argv.v[0]));
    environment(r, &env);
    if (sbx_ids(p.run_uid, p.run_gid, &p, e) < 0 || make_root(r, &p, e) < 0 || add_bindings(r, &env, e) < 0)
        return -1;
    p.op = r->op;
    p.n_op = r->n_op;
    p.argv = vector(r->a, &argv);
    p.envp = env_vector(r->a, &env);
    p.cwd = cwd.n ? str_c(r->a, path_clean(r->a, cwd)) : "/";
    if (log_pipe(r, &p, &log, e) < 0)
        return -1;
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
    if (rootfs_open(in->st, a, &run->img, &run->root, e) < 0)
        return -1;
    if (in->lease)
        drop_fd_p(in->lease);
    if (workdir_make(in->temp_dir, &run->work, e) < 0)
        return -1;
    return start(&r, e);
}

// A process type or program that the image does not have.
static int no_such_process(const struct run_in *in, struct err *e)
{
    size_t slash;
    if (e->sys != ENOENT || !in->entrypoint.n)
        return -1;
    *e = (struct err){0};
    if (str_find(in->entrypoint, '/', &slash))
        return err_set(e, ERR_NOT_FOUND,
                       PRI_STR ": it has no program \"" PRI_STR "\", or not what that needs",
                       STR_ARG(in->image), STR_ARG(in->entrypoint));
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
    drop_fd_p(&r->out);
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

// What the app printed so far, on to where ours goes. False: no more will come, or nobody takes it.
static bool pass_on(int from, int to)
{
    char chunk[4096];
    ssize_t n = read(from, chunk, sizeof chunk);
    if (n < 0)
        return errno == EAGAIN || errno == EINTR;
    return n > 0 && file_write_all(to, chunk, (size_t)n, NULL) == 0;
}

static int ended(struct run *r, int log_fd, int *status, struct err *e)
{
    int rc = sbx_wait(&r->sbx, 0, status, e);
    struct pollfd out = {.fd = r->out, .events = POLLIN};
    while (out.fd >= 0 && poll(&out, 1, 0) == 1 && pass_on(r->out, log_fd))
        ;
    return rc;
}

// A signal to us is one to the app, which ends as it likes. A second one, or RUN_GRACE_MS, end it.
static int wait_for(const struct run_in *in, struct run *r, int *status, struct err *e)
{
    struct sbx *s = &r->sbx;
    // The word on its link comes at once; its process ends when the kernel has put its mounts away.
    struct pollfd p[3] = {{.fd = s->link, .events = POLLIN},
                          {.fd = in->stop_fd, .events = POLLIN},
                          {.fd = r->out, .events = POLLIN}};
    uint64_t end = 0;
    for (;;) {
        uint64_t now = clock_mono_ms();
        if (poll(p, COUNT(p), !end ? -1 : now < end ? (int)(end - now) : 0) < 0 && errno != EINTR)
            return err_sys(e, "sandbox");
        if (p[2].revents && !pass_on(r->out, in->log_fd))
            p[2].fd = -1;
        if (p[0].revents)
            return ended(r, in->log_fd, status, e);
        int sig = p[1].revents ? stop_take(in->stop_fd) : 0;
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
    if (wait_for(in, &r, &got.status, e) < 0)
        return no_such_process(in, e);
    *out = got;
    return 0;
}
