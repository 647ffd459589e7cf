// SPDX-License-Identifier: Apache-2.0
#include "base/file.h"
#include "base/limits.h"
#include "cnb/api.h"
#include "cnb/env.h"
#include "lifecycle/context.h"
#include "platform/broker.h"
#include "platform/build_steps.h"
#include <fcntl.h>
#include <sys/stat.h>

#define INSIDE_HOME "/home/cnb"

struct plan_ops {
    struct sbx_op *v;
    size_t n;
};

static struct sbx_op *add(struct plan_ops *ops, enum sbx_kind kind, const char *dst, const char *src)
{
    struct sbx_op *op = &ops->v[ops->n++];
    *op = (struct sbx_op){.kind = kind, .dst = dst, .src = src};
    return op;
}

static const char *in_work(struct building *b, const char *name)
{
    return arena_printf(b->a, "%s/%s", b->work.path, name);
}

static bool takes_part(const struct building *b, const struct build_buildpack *bp)
{
    for (size_t i = 0; i < b->group.buildpacks.n; i++)
        if (str_eq(b->group.buildpacks.v[i].id, bp->desc.id) &&
            str_eq(b->group.buildpacks.v[i].version, bp->desc.version))
            return true;
    return false;
}

// The detector sees what the order may come to, the builder those that take part.
static void add_buildpacks(struct building *b, bool detects, struct plan_ops *ops)
{
    bool recipe = false;
    for (size_t i = 0; i < b->buildpacks.n; i++) {
        const struct build_buildpack *bp = &b->buildpacks.v[i];
        if (!detects && !takes_part(b, bp))
            continue;
        recipe |= bp->recipe;
        if (!bp->bare) {
            add(ops, SBX_BIND_RO, bp->inside, bp->dir)->own = !bp->builtin;
            continue;
        }
        struct sbx_op *op = add(ops, SBX_OVERLAY, bp->inside, NULL);
        strv_add(b->a, &op->lower, str_of(in_work(b, "cnb/links")));
        strv_add(b->a, &op->lower, str_of(bp->dir));
        op->own = true;
    }
    if (recipe)
        add(ops, SBX_BIND_RO, INSIDE_CNB "/engine", b->o->programs->engine);
    if (recipe && b->o->programs->helpers)
        add(ops, SBX_BIND_RO, INSIDE_CNB "/helpers", b->o->programs->helpers);
}

static void add_tmpfs(struct plan_ops *ops, const char *dst, mode_t mode, uint64_t size)
{
    struct sbx_op *op = add(ops, SBX_TMPFS, dst, NULL);
    op->mode = mode;
    op->size = size;
}

// What bin/detect writes does not reach the builder: not even of one that takes part, much less of one that does not.
static void add_app(struct building *b, bool detects, struct plan_ops *ops)
{
    if (detects)
        add_tmpfs(ops, INSIDE_HOME, 0755, LIMIT_DETECT_TMPFS);
    else
        add(ops, SBX_BIND, INSIDE_HOME, in_work(b, "home"));
    if (b->copies) {
        add(ops, detects ? SBX_BIND_RO : SBX_BIND, INSIDE_APP, in_work(b, "app/upper"));
        return;
    }
    struct sbx_op *app = add(ops, SBX_OVERLAY, INSIDE_APP, NULL);
    strv_add(b->a, &app->lower, str_of(b->o->source));
    app->scratch = detects ? NULL : in_work(b, "app");
    app->own = true;
}

// The detector's is a directory of its own: bin/detect leaves nothing for the builder but what the phase
// wrote.
static void add_layers(struct building *b, bool detects, struct plan_ops *ops)
{
    if (detects) {
        add(ops, SBX_BIND, INSIDE_LAYERS, in_work(b, "layers"));
        return;
    }
    if (!kept_lower(b->kept)->n) {
        add(ops, SBX_BIND, INSIDE_LAYERS, kept_upper(b->kept));
        return;
    }
    struct sbx_op *layers = add(ops, SBX_OVERLAY, INSIDE_LAYERS, NULL);
    layers->lower = *kept_lower(b->kept);
    layers->scratch = kept_scratch(b->kept);
}

static void make_ops(struct building *b, bool detects, struct plan_ops *ops)
{
    static const char *const phases[] = {"detector", "builder"};
    ops->v = ARENA_ARRAY(b->a, struct sbx_op, b->buildpacks.n + 32);
    struct sbx_op *root = add(ops, SBX_OVERLAY, "/", NULL);
    root->lower = b->root.lower;
    root->own = true; // mount points are made in it; it is read-only once the phase runs
    add(ops, SBX_PROC, "/proc", NULL);
    add(ops, SBX_DEV, "/dev", NULL)->size = detects ? 0 : LIMIT_BUILD_SHM;
    add_tmpfs(ops, "/tmp", 01777,
              detects ? LIMIT_DETECT_TMPFS : 0); // 0: half of the memory, which compilers may want
    add_app(b, detects, ops);
    add_layers(b, detects, ops);
    add(ops, SBX_BIND_RO, INSIDE_PLATFORM, in_work(b, "platform"));
    if (b->bundle_mounted)
        add(ops, SBX_BIND_RO, INSIDE_PLATFORM "/ca-certificates.crt", b->o->ca_bundle);
    for (size_t i = 0; i < b->defaults.n; i++) {
        const char *name = str_c(b->a, path_join(b->a, STR("build-config/env"), b->defaults.v[i])),
                   *file = arena_printf(b->a, "cnb/build-config/" PRI_STR, STR_ARG(b->defaults.v[i]));
        add(ops, SBX_BIND_RO, arena_printf(b->a, INSIDE_CNB "/%s", name), in_work(b, file));
    }
    add(ops, SBX_BIND_RO, INSIDE_CNB "/order.toml", in_work(b, "cnb/order.toml"));
    add(ops, SBX_BIND_RO, INSIDE_CNB "/lifecycle/lifecycle", b->o->programs->lifecycle);
    for (size_t i = 0; i < COUNT(phases); i++)
        add(ops, SBX_LINK, arena_printf(b->a, INSIDE_CNB "/lifecycle/%s", phases[i]), "lifecycle");
    if (!detects && b->network && faccessat(AT_FDCWD, "/etc/resolv.conf", R_OK, 0) == 0)
        add(ops, SBX_BIND_RO, "/etc/resolv.conf", "/etc/resolv.conf");
    add_buildpacks(b, detects, ops);
    if (!detects) {
        add(ops, SBX_HAND_OUT, INSIDE_LAYERS, NULL);
        add(ops, SBX_HAND_OUT, INSIDE_APP, NULL);
    }
}

static const char *const *environment(struct building *b)
{
    struct strmap env = {0};
    const struct container_config *c = &b->build_image.config.config;
    char api[API_TEXT];
    strmap_set(b->a, &env, STR("PATH"), STR("/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"));
    for (size_t i = 0; i < c->env.n; i++) {
        size_t eq;
        if (str_find(c->env.v[i], '=', &eq))
            strmap_set(b->a, &env, str_head(c->env.v[i], eq), str_from(c->env.v[i], eq + 1));
    }
    strmap_set(b->a, &env, STR("HOME"), STR(INSIDE_HOME));
    strmap_set(b->a, &env, STR("DEMA_STEPS"), STR("3")); // phase/steps.h
    strmap_set(b->a, &env, STR("CNB_PLATFORM_API"),
               str_dup(b->a, str_of(api_text(API_PLATFORM_NEWEST, api))));
    return env_vector(b->a, &env);
}

static struct sbx_plan plan(struct building *b, bool detects, const struct plan_ops *ops, int log_fd)
{
    struct sbx_plan p = {.op = ops->v,
                         .n_op = ops->n,
                         .run_uid = b->uid,
                         .run_gid = b->gid,
                         .envp = environment(b),
                         .cwd = INSIDE_APP,
                         .log_fd = log_fd,
                         .tmp = b->o->temp_dir,
                         .net = !detects && b->network,
                         .max_files = LIMIT_BUILD_FILES,
                         .max_procs = LIMIT_BUILD_PROCS,
                         .max_file_size = LIMIT_BUILD_FILE};
    memcpy(p.uid, b->uid_map, sizeof p.uid);
    memcpy(p.gid, b->gid_map, sizeof p.gid);
    return p;
}

static int run_phase(struct building *b, const char *phase, bool detects, struct sbx *s, struct err *e)
{
    const char *const argv[] = {arena_printf(b->a, INSIDE_CNB "/lifecycle/%s", phase),
                                "-app",
                                INSIDE_APP,
                                "-layers",
                                INSIDE_LAYERS,
                                "-platform",
                                INSIDE_PLATFORM,
                                NULL};
    struct plan_ops ops = {0};
    drop_(build_log_free) struct build_log *log = NULL;
    drop_steps struct build_steps steps = BUILD_STEPS_INIT;
    make_ops(b, detects, &ops);
    if (build_log_open(b, phase, &log, e) < 0 || build_steps_open(&steps, b, phase, e) < 0)
        return -1;
    struct sbx_plan p = plan(b, detects, &ops, build_log_fd(log));
    int status;
    p.argv = argv;
    p.keep_fd = &steps.out;
    p.n_keep = 1;
    if (detects)
        build_log_hold(log);
    if (sbx_start(&p, b->o->runner, b->a, s, e) < 0)
        return err_wrap(e, "%s", phase);
    for (size_t i = 0; !detects && i < s->missing.n; i++)
        event_warn(b->o->ev, NULL, "not enforced here: " PRI_STR, STR_ARG(s->missing.v[i]));
    if (build_log_wait(log, &steps, b->o->stop_fd, s, &status, e) < 0) {
        build_log_show(log, EV_LINE);
        return -1;
    }
    return build_judge(b, &steps, log, status, e);
}

// What the detector wrote goes on to the builder; the exporter takes the group from here, whatever is written
// there later.
static int take_over(struct building *b, struct err *e)
{
    static const char *const files[] = {"analyzed.toml", "group.toml", "plan.toml"};
    for (size_t i = 0; i < COUNT(files); i++) {
        drop_buf struct buf text = BUF_INIT(LIMIT_DOCUMENT);
        drop_fd int fd = -1;
        if (file_read(b->work.fd, arena_printf(b->a, "layers/%s", files[i]), &text, e) < 0 ||
            path_open_plain(kept_upper_fd(b->kept), files[i], O_WRONLY | O_CREAT | O_EXCL, 0644, &fd, e) <
                0 ||
            file_write_all(fd, text.p ? text.p : "", text.n, e) < 0)
            return -1;
        if (fchmod(fd, 0644) < 0)
            return err_sys(e, "%s", files[i]);
    }
    return 0;
}

int build_detect(struct building *b, struct err *e)
{
    struct val *group;
    drop_sbx struct sbx s = SBX_INIT;
    if (run_phase(b, "detector", true, &s, e) < 0)
        return -1;
    if (lc_read_toml(b->a, b->work.fd, "layers/group.toml", &group, e) < 0 ||
        group_read(b->a, group, "group.toml", b->o->ev, &b->group, e) < 0)
        return err_wrap(e, "detector");
    return 0;
}

int build_build(struct building *b, struct err *e)
{
    drop_sbx struct sbx s = SBX_INIT;
    drop_(build_broker_stop) struct build_broker *broker = NULL;
    if (take_over(b, e) < 0 || build_npmrc(b, e) < 0 || build_broker_start(b, &broker, e) < 0 ||
        run_phase(b, "builder", false, &s, e) < 0)
        return -1;
    if (s.n_out != 2)
        return err_set(e, ERR_PROTOCOL, "builder: the sandbox did not hand out its directories");
    return path_open_plain(s.out_fd[0], ".", O_RDONLY | O_DIRECTORY, 0, &b->layers_fd, e) < 0
               ? -1
               : path_open_plain(s.out_fd[1], ".", O_RDONLY | O_DIRECTORY, 0, &b->app_fd, e);
}
