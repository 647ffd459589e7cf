// SPDX-License-Identifier: Apache-2.0
// The runc runner, for who wants an OCI runtime: a bundle, and `runc run` under the same init as in place.
#include "base/clock.h"
#include "base/file.h"
#include "base/proc.h"
#include "sandbox/bundle.h"
#include "sandbox/child.h"
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>

enum { START_MS = 60000, TICK_MS = 3, OPTIONS_MAX = 4095 };

static int check_overlay(const struct sbx_op *op, struct err *e)
{
    size_t n = op->scratch ? 2 * strlen(op->scratch) : 0;
    for (size_t i = 0; i < op->lower.n; i++) {
        size_t at;
        if (str_find(op->lower.v[i], ':', &at) || str_find(op->lower.v[i], ',', &at))
            return err_set(e, ERR_DENIED,
                           "runc: overlay at %s: \"" PRI_STR
                           "\" has a ':' or ',', which mount options cannot "
                           "say",
                           op->dst, STR_ARG(op->lower.v[i]));
        n += op->lower.v[i].n + 1;
    }
    // Options are one page; ours and the bundle's paths take less than half a kilobyte.
    return n + 512 > OPTIONS_MAX
               ? err_set(e, ERR_DENIED,
                         "runc: overlay at %s: %zu bytes of lower directories, mount options "
                         "hold %d",
                         op->dst, n, OPTIONS_MAX - 512)
               : 0;
}

static int check_own(const struct sbx_plan *p, const struct sbx_op *op, const char *path, struct err *e)
{
    struct stat st;
    uint32_t uid = 0;
    (void)sbx_outside(p->uid, p->run_uid, &uid);
    if (fstatat(AT_FDCWD, path, &st, 0) < 0)
        return err_sys(e, "runc: %s at %s: %s", kind_name(op->kind), op->dst, path);
    // What everybody may read needs no owner.
    if (st.st_uid == uid || (st.st_mode & 05) == 05)
        return 0;
    return err_set(
        e, ERR_DENIED,
        "runc: %s at %s: %s belongs to uid %u and is closed to others, and we may not map ids of a "
        "mount",
        kind_name(op->kind), op->dst, path, st.st_uid);
}

static const struct sbx_op *op_at(const struct sbx_plan *p, const char *dst, size_t before)
{
    const struct sbx_op *found = NULL;
    for (size_t i = 0; i < before; i++)
        if (p->op[i].kind != SBX_HAND_OUT && strcmp(p->op[i].dst, dst) == 0)
            found = &p->op[i];
    return found;
}

// A link is made in the root's own directory, so nothing may be mounted between.
static int check_link(const struct sbx_plan *p, const struct sbx_op *op, struct err *e)
{
    for (size_t i = 1; i < p->n_op; i++)
        if (&p->op[i] != op && p->op[i].kind != SBX_HAND_OUT &&
            path_is_within(str_of(op->dst), str_of(p->op[i].dst)))
            return err_set(e, ERR_DENIED, "runc: link at %s: it would lie in the %s at %s", op->dst,
                           kind_name(p->op[i].kind), p->op[i].dst);
    return 0;
}

static int check_op(const struct sbx_plan *p, size_t i, struct err *e)
{
    drop_(arena_free) struct arena *a = arena_new(LIMIT_PATH);
    const struct sbx_op *op = &p->op[i];
    if (op->kind == SBX_OVERLAY && check_overlay(op, e) < 0)
        return -1;
    if (op->kind == SBX_LINK)
        return check_link(p, op, e);
    if (op->kind == SBX_HAND_OUT) {
        const struct sbx_op *mounted = op_at(p, op->dst, i);
        if (!mounted || mounted->kind != SBX_BIND)
            return err_set(e, ERR_DENIED, "runc: hand out %s: only a writable bind can be handed out",
                           op->dst);
    }
    // With the right to it, root makes mounts with mapped ids for runc.
    if (idmap_root())
        return 0;
    if (op->own && op->kind == SBX_BIND_RO)
        return check_own(p, op, op->src, e);
    for (size_t k = 0; op->own && k < op->lower.n; k++)
        if (check_own(p, op, str_c(a, op->lower.v[k]), e) < 0)
            return -1;
    return 0;
}

int runc_check(const struct sbx_plan *p, struct err *e)
{
    uint32_t uid, gid;
    if (!sbx_outside(p->uid, 0, &uid) || !sbx_outside(p->gid, 0, &gid))
        return err_set(
            e, ERR_DENIED,
            "runc: run as %u:%u with a single id: runc starts every container as its id 0, which is "
            "not mapped (a subuid and subgid range would do)",
            p->run_uid, p->run_gid);
    if (geteuid() != 0 && (uid != geteuid() || gid != getegid()))
        return err_set(e, ERR_DENIED,
                       "runc: run as %u:%u by an ordinary user: what it makes for the container's id 0, here "
                       "%u:%u, is not this user's own",
                       p->run_uid, p->run_gid, uid, gid);
    if (p->filter)
        return err_set(e, ERR_DENIED, "runc: a seccomp filter of the plan's own cannot be given to it");
    if (p->op[0].kind == SBX_BIND_RO)
        return err_set(e, ERR_DENIED,
                       "runc: the root is a bind of %s, and runc would make its mount points there",
                       p->op[0].src);
    for (size_t i = 0; i < p->n_op; i++)
        if (check_op(p, i, e) < 0)
            return -1;
    return 0;
}

static int make_bundle(const struct sbx_plan *p, struct arena *a, struct sbx *s, struct err *e)
{
    const char *base = p->tmp ? p->tmp : "/tmp";
    s->bundle = xstrdup(arena_printf(a, "%s/sandbox.XXXXXX", base));
    if (!mkdtemp(s->bundle)) {
        err_sys(e, "bundle in %s", base);
        free(steal_ptr(s->bundle));
        return -1;
    }
    // The id that root's containers start with must walk in, and nobody else: the group is of the sandbox's range.
    uint32_t gid = 0;
    if (!sbx_outside(p->gid, 0, &gid))
        BUG("runc: id 0, which runc_check asks for, is not mapped");
    return geteuid() == 0 && (chown(s->bundle, 0, gid) < 0 || chmod(s->bundle, 0710) < 0)
               ? err_sys(e, "bundle %s", s->bundle)
               : 0;
}

static int hand_out(const struct sbx_plan *p, struct sbx *s, struct err *e)
{
    for (size_t i = 0; i < p->n_op; i++)
        if (p->op[i].kind == SBX_HAND_OUT) {
            const struct sbx_op *op = op_at(p, p->op[i].dst, i);
            if (!op)
                return err_set(e, ERR_USAGE, "sandbox: hand out %s: nothing is mounted there", p->op[i].dst);
            if (path_open_host(op->src, O_PATH | O_DIRECTORY, 0, &s->out_fd[s->n_out], e) < 0)
                return err_wrap(e, "sandbox: hand out");
            s->n_out++;
        }
    return 0;
}

// What runc wrote into its log, its last line.
static int runc_said(const struct sbx *s, struct arena *a, struct err *e)
{
    drop_buf struct buf log = BUF_INIT(1 << 20);
    struct err unread = {0};
    struct str text, line, last = STR("no reason given");
    if (file_read(AT_FDCWD, arena_printf(a, "%s/log", s->bundle), &log, &unread) < 0)
        return err_set(e, ERR_DENIED, "runc: ended before the program ran");
    for (text = str_trim(buf_view(&log)); str_next_line(&text, &line);)
        last = line.n ? line : last;
    last = str_printable(a, last, 512);
    return err_set(e, ERR_DENIED, "runc: " PRI_STR, STR_ARG(last));
}

// runc writes the pid file once the container is made, before its program runs.
static int wait_container(struct sbx *s, struct arena *a, struct err *e)
{
    const char *pid_file = arena_printf(a, "%s/pid", s->bundle);
    uint64_t end = clock_mono_ms() + START_MS;
    struct pollfd link = {.fd = s->link, .events = POLLIN};
    while (faccessat(AT_FDCWD, pid_file, F_OK, 0) < 0) {
        int ready = poll(&link, 1, TICK_MS);
        if (ready == 1 && faccessat(AT_FDCWD, pid_file, F_OK, 0) < 0)
            return runc_said(s, a, e);
        if (clock_mono_ms() > end)
            return err_set(e, ERR_CANCELLED, "runc: no container after %d ms", START_MS);
    }
    return 0;
}

void runc_missing(const struct sbx_plan *p, struct arena *a, struct strv *out)
{
    strv_add(a, out, STR("landlock: runc does not know it; the mounts alone keep the build in its places"));
    strv_add(a, out,
             STR("system calls: those newer than our list are not refused: runc knows calls by name"));
    if (p->net)
        strv_add(a, out, STR("abstract sockets: the host's can be reached with the host's network"));
}

// runc itself is under nothing but a session: it sets the program's walls up. Detached it hands our streams on as they
// are and leaves the container's first process to our init.
static int start_runc(const struct sbx_plan *p, struct arena *a, struct sbx *s, struct err *e)
{
    __attribute__((cleanup(box_done))) struct box b = BOX_INIT;
    char program[LIMIT_PATH];
    if (!find_in_path("runc", program))
        return err_set(e, ERR_NOT_FOUND, "runc: not installed");
    const char *state = arena_printf(a, "%s/state", s->bundle), *id = path_base(str_of(s->bundle)).p;
    const char *log = arena_printf(a, "%s/log", s->bundle), *pid = arena_printf(a, "%s/pid", s->bundle);
    const char *keep = arena_printf(a, "%zu", p->n_keep);
    const char *const argv[] = {program, "--log",    log,          "--root", state,
                                "run",   "--detach", "--pid-file", pid,      "--preserve-fds",
                                keep,    "--bundle", s->bundle,    id,       NULL};
    const char *const after[] = {program, "--root", state, "delete", "--force", id, NULL};
    static const char *const env[] = {"PATH=/usr/sbin:/usr/bin:/sbin:/bin", NULL};
    if (box_compile(p, SBX_RUNC, a, &b, e) < 0 || bundle_write(&b, a, s->bundle, e) < 0)
        return -1;
    b.confine.argv = argv;
    b.confine.after = after;
    b.confine.envp = env;
    b.confine.cwd = "/";
    b.confine.trusted = true;
    b.confine.pid_file = pid;
    return inplace_fork(&b, s, e) < 0 ? -1 : start_finish(&b, s, e);
}

int runc_start(const struct sbx_plan *p, struct arena *a, struct sbx *out, struct err *e)
{
    drop_sbx struct sbx s = SBX_INIT;
    s.runner = SBX_RUNC;
    if (make_bundle(p, a, &s, e) < 0 || hand_out(p, &s, e) < 0 || start_runc(p, a, &s, e) < 0 ||
        wait_container(&s, a, e) < 0)
        return -1;
    runc_missing(p, a, &s.missing);
    *out = s;
    s = (struct sbx)SBX_INIT;
    return 0;
}

void runc_remove(const char *bundle)
{
    drop_(arena_free) struct arena *a = arena_new(512);
    char program[LIMIT_PATH];
    const char *const argv[] = {program,  "--root",  arena_printf(a, "%s/state", bundle),
                                "delete", "--force", path_base(str_of(bundle)).p,
                                NULL};
    struct proc_spec spec = {PROC_QUIET, .argv = argv, .timeout_ms = 10000};
    struct err e = {0};
    int status;
    // Its processes are gone already; this is for the cgroup, if there is one.
    if (find_in_path("runc", program) && proc_run(&spec, STR(""), NULL, NULL, &status, &e) < 0)
        err_clear(&e);
}
