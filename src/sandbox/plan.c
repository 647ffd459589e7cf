// SPDX-License-Identifier: Apache-2.0
#include "base/limits.h"
#include "sandbox/priv.h"
#include "sandbox/sandbox.h"
#include <assert.h>

static const char *const runner_names[] = {
    [SBX_NAMESPACES] = "namespaces", [SBX_IN_PLACE] = "in-place", [SBX_RUNC] = "runc"};
static_assert(COUNT(runner_names) == SBX_RUNNER_MAX_, "one name per runner");
static const char *const kind_names[] = {
    [SBX_OVERLAY] = "overlay",  [SBX_BIND] = "bind", [SBX_BIND_RO] = "read-only bind",
    [SBX_TMPFS] = "tmpfs",      [SBX_PROC] = "proc", [SBX_DEV] = "dev",
    [SBX_FILE] = "file",        [SBX_LINK] = "link", [SBX_HIDE] = "hide",
    [SBX_HAND_OUT] = "hand out"};
static_assert(COUNT(kind_names) == SBX_KIND_MAX_, "one name per kind");

const char *sbx_runner_name(enum sbx_runner r)
{
    return (unsigned)r < SBX_RUNNER_MAX_ ? runner_names[r] : "unknown";
}

const char *kind_name(enum sbx_kind k)
{
    return (unsigned)k < SBX_KIND_MAX_ ? kind_names[k] : "unknown";
}

size_t map_count(const struct sbx_map m[SBX_MAPS])
{
    size_t n = 0;
    while (n < SBX_MAPS && m[n].count)
        n++;
    return n;
}

bool sbx_outside(const struct sbx_map m[SBX_MAPS], uint32_t inside, uint32_t *out)
{
    for (size_t i = 0; i < map_count(m); i++)
        if (inside >= m[i].inside && inside - m[i].inside < m[i].count) {
            *out = m[i].outside + (inside - m[i].inside);
            return true;
        }
    return false;
}

bool sbx_inside(const struct sbx_map m[SBX_MAPS], uint32_t outside, uint32_t *in)
{
    for (size_t i = 0; i < map_count(m); i++)
        if (outside >= m[i].outside && outside - m[i].outside < m[i].count) {
            *in = m[i].inside + (outside - m[i].outside);
            return true;
        }
    return false;
}

// An empty file takes no page but memory all the same.
uint64_t tmpfs_inodes(uint64_t size)
{
    enum { FEW = 1024 };
    return size / PAGE > FEW ? size / PAGE : FEW;
}

uint64_t shm_size(const struct sbx_op *dev)
{
    return dev->size ? dev->size : SBX_SHM;
}

bool is_root_op(const struct sbx_op *op)
{
    return strcmp(op->dst, "/") == 0;
}

bool is_bind(const struct sbx_op *op)
{
    return op->kind == SBX_BIND || op->kind == SBX_BIND_RO;
}

static int check_clean(const char *what, const char *path, struct err *e)
{
    drop_(arena_free) struct arena *a = arena_new(LIMIT_PATH);
    if (!path || path[0] != '/')
        return err_set(e, ERR_USAGE, "%s: \"%s\" is not an absolute path", what, path ? path : "");
    if (strlen(path) >= LIMIT_PATH)
        return err_set(e, ERR_USAGE, "%s: %.64s…: longer than %d bytes", what, path, LIMIT_PATH - 1);
    struct str clean = path_clean(a, str_of(path));
    if (!str_is(clean, path))
        return err_set(e, ERR_USAGE, "%s: \"%s\" must be written \"" PRI_STR "\"", what, path,
                       STR_ARG(clean));
    return 0;
}

static int check_absolute(const struct sbx_op *op, const char *what, const char *path, struct err *e)
{
    if (!path || path[0] != '/' || strlen(path) >= LIMIT_PATH)
        return err_set(e, ERR_USAGE, "%s at %s: its %s \"%.200s\" is not an absolute path",
                       kind_name(op->kind), op->dst, what, path ? path : "");
    return 0;
}

int check_host_path(const struct sbx_op *op, struct str clean, struct err *e)
{
    static const char *const kernel[] = {"/proc", "/sys", "/dev"};
    if (str_is(clean, "/"))
        return err_set(e, ERR_USAGE, "%s at %s: / would bring the host's /proc, /sys and /dev",
                       kind_name(op->kind), op->dst);
    // Shared memory is a place for files like any other.
    for (size_t i = 0; i < COUNT(kernel) && !str_has_prefix(clean, "/dev/shm/"); i++)
        if (path_is_within(clean, str_of(kernel[i])))
            return err_set(e, ERR_USAGE, "%s at %s: nothing of the host's %s goes into a sandbox",
                           kind_name(op->kind), op->dst, kernel[i]);
    return 0;
}

static int check_source(const struct sbx_op *op, struct err *e)
{
    drop_(arena_free) struct arena *a = arena_new(LIMIT_PATH);
    if (check_absolute(op, "source", op->src, e) < 0)
        return -1;
    struct str clean = path_clean(a, str_of(op->src));
    // A descriptor of ours may be named this way: what counts is where it leads, and that is looked at later.
    return str_has_prefix(clean, "/proc/self/fd/") ? 0 : check_host_path(op, clean, e);
}

static int check_overlay(const struct sbx_op *op, struct err *e)
{
    drop_(arena_free) struct arena *a = arena_new(LIMIT_PATH);
    if (op->lower.n < 1 || op->lower.n > SBX_LOWER_MAX)
        return err_set(e, ERR_USAGE, "overlay at %s: %zu lower directories, 1 to %d are possible", op->dst,
                       op->lower.n, SBX_LOWER_MAX);
    for (size_t i = 0; i < op->lower.n; i++)
        if (str_has_nul(op->lower.v[i]) ||
            check_absolute(op, "lower directory", str_c(a, op->lower.v[i]), e) < 0)
            return err_set(e, ERR_USAGE, "overlay at %s: lower directory %zu: a NUL in its path", op->dst, i);
    return op->scratch ? check_absolute(op, "scratch", op->scratch, e) : 0;
}

static int check_op(const struct sbx_op *op, struct err *e)
{
    if ((unsigned)op->kind >= SBX_KIND_MAX_)
        return err_set(e, ERR_USAGE, "operation: kind %d does not exist", (int)op->kind);
    if (check_clean(kind_name(op->kind), op->dst, e) < 0)
        return -1;
    if (op->own && op->kind != SBX_OVERLAY && op->kind != SBX_BIND_RO)
        return err_set(e, ERR_USAGE,
                       "%s at %s: `own` is for what is only read: a written file would be root's",
                       kind_name(op->kind), op->dst);
    if ((op->kind == SBX_FILE || op->kind == SBX_LINK) && !op->src)
        return err_set(e, ERR_USAGE, "%s at %s: no content", kind_name(op->kind), op->dst);
    if (op->mode > (op->kind == SBX_TMPFS ? 01777u : 0777u))
        return err_set(e, ERR_USAGE, "%s at %s: mode %o", kind_name(op->kind), op->dst, op->mode);
    return op->kind == SBX_OVERLAY ? check_overlay(op, e) : 0;
}

static int check_map(const char *what, const struct sbx_map m[SBX_MAPS], uint32_t run, struct err *e)
{
    uint32_t unused;
    for (size_t i = 0; i < map_count(m); i++) {
        if (m[i].outside == 0)
            return err_set(e, ERR_USAGE, "%s map: 0 outside is never mapped", what);
        if (m[i].outside > UINT32_MAX - m[i].count || m[i].inside > UINT32_MAX - m[i].count)
            return err_set(e, ERR_USAGE, "%s map: %u ids from %u are more than there are", what, m[i].count,
                           m[i].outside);
    }
    if (!sbx_outside(m, run, &unused))
        return err_set(e, ERR_USAGE, "%s map: %u, which the program runs as, is not mapped", what, run);
    return 0;
}

static int check_fds(const struct sbx_plan *p, struct err *e)
{
    if (p->n_keep > SBX_KEEP_MAX)
        return err_set(e, ERR_USAGE, "%zu descriptors to keep, %d are possible", p->n_keep, SBX_KEEP_MAX);
    for (size_t i = 0; i < p->n_keep; i++)
        if (p->keep_fd[i] < 0)
            return err_set(e, ERR_USAGE, "descriptor to keep: %d", p->keep_fd[i]);
    return 0;
}

static int check_program(const struct sbx_plan *p, struct err *e)
{
    if (!p->argv || !p->argv[0])
        return err_set(e, ERR_USAGE, "sandbox: no program is named");
    if (p->argv[0][0] != '/')
        return err_set(e, ERR_USAGE, "sandbox: program \"%s\" is not an absolute path", p->argv[0]);
    if (p->cwd && check_clean("working directory", p->cwd, e) < 0)
        return -1;
    if (p->filter && (p->filter->len == 0 || !p->filter->filter))
        return err_set(e, ERR_USAGE, "sandbox: an empty seccomp filter");
    return check_fds(p, e);
}

static int check_ops(const struct sbx_plan *p, struct err *e)
{
    size_t out = 0;
    if (p->n_op > SBX_OPS_MAX)
        return err_set(e, ERR_USAGE, "sandbox: %zu operations, %d are possible", p->n_op, SBX_OPS_MAX);
    for (size_t i = 0; i < p->n_op; i++) {
        if (check_op(&p->op[i], e) < 0)
            return -1;
        out += p->op[i].kind == SBX_HAND_OUT;
    }
    if (out > SBX_OUT_MAX)
        return err_set(e, ERR_USAGE, "sandbox: %zu directories to hand out, %d are possible", out,
                       SBX_OUT_MAX);
    return 0;
}

// What the runners that mount ask for.
static int check_mounts(const struct sbx_plan *p, struct err *e)
{
    if (!p->n_op || !is_root_op(&p->op[0]))
        return err_set(e, ERR_USAGE, "sandbox: the first operation must be the root, at /");
    enum sbx_kind root = p->op[0].kind;
    if (root != SBX_OVERLAY && root != SBX_BIND_RO && root != SBX_TMPFS)
        return err_set(e, ERR_USAGE, "sandbox: the root cannot be a %s", kind_name(root));
    for (size_t i = 0; i < p->n_op; i++) {
        if (i && is_root_op(&p->op[i]) && p->op[i].kind != SBX_HAND_OUT)
            return err_set(e, ERR_USAGE, "%s at /: only the first operation is the root",
                           kind_name(p->op[i].kind));
        if (is_bind(&p->op[i]) && check_source(&p->op[i], e) < 0)
            return -1;
    }
    return check_map("uid", p->uid, p->run_uid, e) < 0 ? -1 : check_map("gid", p->gid, p->run_gid, e);
}

int sbx_check(const struct sbx_plan *p, enum sbx_runner r, struct err *e)
{
    if (check_program(p, e) < 0 || check_ops(p, e) < 0)
        return -1;
    switch (r) {
    case SBX_NAMESPACES:
        return check_mounts(p, e);
    case SBX_IN_PLACE:
        return inplace_check(p, e);
    case SBX_RUNC:
        return check_mounts(p, e) < 0 ? -1 : runc_check(p, e);
    case SBX_RUNNER_MAX_:
        break;
    }
    return err_set(e, ERR_USAGE, "sandbox: runner %d does not exist", (int)r);
}

static void print_op(const struct sbx_op *op, struct buf *out)
{
    buf_printf(out, "%s %s", kind_name(op->kind), op->dst);
    for (size_t i = 0; i < op->lower.n && op->kind == SBX_OVERLAY; i++)
        buf_printf(out, "%s" PRI_STR, i ? ":" : " of ", STR_ARG(op->lower.v[i]));
    if (op->kind == SBX_OVERLAY)
        buf_printf(out, ", changes %s%s", op->scratch ? "go to " : "are dropped",
                   op->scratch ? op->scratch : "");
    if (op->kind == SBX_FILE)
        buf_printf(out, " of %zu bytes, mode %o", strlen(op->src), op->mode);
    else if (op->src && op->kind != SBX_OVERLAY)
        buf_printf(out, " %s %s", op->kind == SBX_LINK ? "to" : "of", op->src);
    if (op->kind == SBX_TMPFS)
        buf_printf(out, " mode %o", op->mode);
    if (op->size)
        buf_printf(out, " of %llu bytes", (unsigned long long)op->size);
    buf_text(out, op->own ? ", its owner is the run user\n" : "\n");
}

static void print_map(const char *what, const struct sbx_map m[SBX_MAPS], struct buf *out)
{
    for (size_t i = 0; i < map_count(m); i++)
        buf_printf(out, "%s %u is %u outside, %u of them\n", what, m[i].inside, m[i].outside, m[i].count);
}

void sbx_print(const struct sbx_plan *p, enum sbx_runner r, struct buf *out)
{
    buf_printf(out, "runner %s\n", sbx_runner_name(r));
    for (size_t i = 0; i < p->n_op; i++)
        print_op(&p->op[i], out);
    if (r != SBX_IN_PLACE) {
        print_map("uid", p->uid, out);
        print_map("gid", p->gid, out);
    }
    buf_printf(out, "network %s\n", p->net ? "of the host" : r == SBX_IN_PLACE ? "none" : "loopback only");
    const struct {
        const char *what;
        uint64_t max;
    } limit[] = {{"files", p->max_files}, {"processes", p->max_procs}, {"bytes of a file", p->max_file_size}};
    for (size_t i = 0; i < COUNT(limit); i++)
        if (limit[i].max)
            buf_printf(out, "at most %llu %s\n", (unsigned long long)limit[i].max, limit[i].what);
    buf_printf(out, "run as %u:%u in %s:", p->run_uid, p->run_gid, p->cwd ? p->cwd : "/");
    for (const char *const *arg = p->argv; arg && *arg; arg++)
        buf_printf(out, " %s", *arg);
    buf_char(out, '\n');
}
