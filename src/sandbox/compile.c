// SPDX-License-Identifier: Apache-2.0
// Plan → box: the parent's side, where memory and text are allowed.
#include "base/file.h"
#include "sandbox/filter.h"
#include "sandbox/kernel.h"
#include "sandbox/priv.h"
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/socket.h>

// Descriptors that the child goes on with stand above those that it makes out of them.
enum { HIGH_FD = 3 + SBX_KEEP_MAX };

// "a/b/c" → dir {"a", "a/b", "a/b/c"}, name {"a", "b", "c"}
static struct place cut(struct arena *a, const char *dst)
{
    struct place at = {.path = dst[1] ? dst + 1 : "."};
    size_t n = 0;
    for (const char *c = dst; *c && dst[1]; c++)
        n += *c == '/';
    const char **dir = ARENA_ARRAY(a, const char *, n + 1), **name = ARENA_ARRAY(a, const char *, n + 1);
    struct str rest = str_of(dst + 1), piece;
    for (size_t i = 0; i < n && str_cut(&rest, '/', &piece); i++) {
        dir[i] = str_c(a, (struct str){dst + 1, (size_t)(piece.p + piece.n - (dst + 1))});
        name[i] = str_c(a, piece);
    }
    at.dir = dir;
    at.name = name;
    at.n = n;
    return at;
}

static int source_stat(const struct sbx_op *op, struct source *s, const char *path, struct err *e)
{
    struct stat st;
    if (fstat(s->fd, &st) < 0)
        return err_sys(e, "%s", path);
    s->dev = st.st_dev;
    s->ino = st.st_ino;
    s->dir = S_ISDIR(st.st_mode);
    if (op->kind == SBX_OVERLAY && !s->dir)
        return err_set(e, ERR_USAGE, "%s is not a directory", path);
    if (!s->dir && !S_ISREG(st.st_mode) && !S_ISSOCK(st.st_mode))
        return err_set(e, ERR_USAGE, "%s is neither a directory nor a file nor a socket", path);
    return 0;
}

// Opens what the host has there, and writes down where the child shall find it again. Where root started us the child
// may not be able to walk there: it gets a mount.
static int source_open(struct box *b, const struct sbx_op *op, const char *path, struct arena *a,
                       struct source *s, struct err *e)
{
    char name[64], real[LIMIT_PATH];
    s->fd = -1;
    if (path_open_host(path, O_PATH, 0, &s->fd, e) < 0 || source_stat(op, s, path, e) < 0)
        return err_wrap(e, "%s at %s", kind_name(op->kind), op->dst);
    snprintf(name, sizeof name, "/proc/self/fd/%d", s->fd);
    if (path_readlink(AT_FDCWD, name, real, e) < 0)
        return err_wrap(e, "%s at %s: %s", kind_name(op->kind), op->dst, path);
    s->path = arena_printf(a, "%s", real);
    if (is_bind(op) && check_host_path(op, str_of(s->path), e) < 0)
        return -1;
    if (b->as_root)
        return idmap_source(b, op, s, op->own && path != op->scratch, e);
    drop_fd_p(&s->fd);
    return 0;
}

static int compile_sources(struct box *b, struct box_op *o, struct arena *a, struct err *e)
{
    const struct sbx_op *op = o->from;
    size_t n = op->kind == SBX_OVERLAY ? op->lower.n : is_bind(op) ? 1 : 0;
    if (!n)
        return 0;
    o->src = ARENA_ARRAY(a, struct source, n);
    for (size_t i = 0; i < n; i++) {
        const char *path = op->kind == SBX_OVERLAY ? str_c(a, op->lower.v[i]) : op->src;
        o->src[i].stage = arena_printf(a, "%s.%zu", o->stage, i);
        o->src[i].fd = -1;
        o->n_src = i + 1;
        if (source_open(b, op, path, a, &o->src[i], e) < 0)
            return -1;
    }
    if (op->kind != SBX_OVERLAY || !op->scratch)
        return 0;
    o->scratch = ARENA_NEW(a, struct source);
    o->scratch->stage = arena_printf(a, "%s.s", o->stage);
    return source_open(b, op, op->scratch, a, o->scratch, e);
}

static int compile_ops(struct box *b, struct arena *a, struct err *e)
{
    const struct sbx_plan *p = b->plan;
    b->op = ARENA_ARRAY(a, struct box_op, p->n_op);
    for (size_t i = 0; i < p->n_op; i++) {
        struct box_op *o = &b->op[i];
        o->from = &p->op[i];
        o->at = cut(a, o->from->dst);
        o->stage = arena_printf(a, "%zu", i);
        o->text = arena_printf(a, "%zu.t", i);
        o->mode = arena_printf(a, "%o", o->from->mode);
        uint64_t size = o->from->kind == SBX_DEV ? shm_size(o->from) : o->from->size;
        if (size) {
            o->size = arena_printf(a, "%llu", (unsigned long long)size);
            o->inodes = arena_printf(a, "%llu", (unsigned long long)tmpfs_inodes(size));
        }
        if (o->from->kind == SBX_FILE)
            o->content = strlen(o->from->src);
        b->n_op = i + 1;
        if (compile_sources(b, o, a, e) < 0)
            return -1;
    }
    return 0;
}

static void compile_limits(const struct sbx_plan *p, struct confine *c)
{
    const struct {
        int what;
        uint64_t max;
        bool set;
    } want[] = {{RLIMIT_NOFILE, p->max_files, p->max_files > 0},
                {RLIMIT_NPROC, p->max_procs, p->max_procs > 0},
                {RLIMIT_FSIZE, p->max_file_size, p->max_file_size > 0},
                {RLIMIT_CORE, 0, true}};
    for (size_t i = 0; i < COUNT(want); i++) {
        struct rlimit now;
        if (!want[i].set || getrlimit((__rlimit_resource_t)want[i].what, &now) < 0)
            continue;
        rlim_t max = now.rlim_max < want[i].max ? now.rlim_max : want[i].max;
        c->limit[c->n_limit].what = want[i].what;
        c->limit[c->n_limit++].v = (struct rlimit){max, max};
    }
}

static int high(int fd, int *out, const char *what, struct err *e)
{
    int got = fcntl(fd, F_DUPFD_CLOEXEC, HIGH_FD);
    if (got < 0)
        return err_sys(e, "sandbox: descriptor %d of the %s", fd, what);
    *out = got;
    return 0;
}

static int compile_streams(const struct sbx_plan *p, struct confine *c, struct err *e)
{
    drop_fd int null = -1;
    if (path_open_host("/dev/null", O_RDWR | O_NOCTTY, 0, &null, e) < 0)
        return err_wrap(e, "sandbox");
    int log = p->log_fd < 0 ? null : p->log_fd;
    const int want[3] = {null, log, log};
    for (int i = 0; i < 3 + (int)p->n_keep; i++) {
        if (high(i < 3 ? want[i] : p->keep_fd[i - 3], &c->io[i], "plan", e) < 0)
            return -1;
        c->n_io = i + 1;
    }
    return 0;
}

static int pair_up(int ends[2], struct err *e)
{
    drop_fd int one = ends[0];
    drop_fd int two = ends[1];
    ends[0] = ends[1] = -1;
    return high(one, &ends[0], "sandbox", e) < 0 ? -1 : high(two, &ends[1], "sandbox", e);
}

static int compile_channels(struct box *b, struct err *e)
{
    int link[2], up[2];
    if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, link) < 0)
        return err_sys(e, "sandbox: socket");
    int rc = pair_up(link, e);
    memcpy(b->link, link, sizeof link);
    if (rc < 0)
        return -1;
    if (pipe2(up, O_CLOEXEC) < 0)
        return err_sys(e, "sandbox: pipe");
    rc = pair_up(up, e);
    memcpy(b->up, up, sizeof up);
    return rc;
}

// proc(5), /proc/pid/stat: fields 48 and 49 are where the command line begins and ends. Unknown: nothing is wiped.
static void find_words(struct box *b)
{
    enum { FIRST_BEHIND_NAME = 3, ARG_START = 48, ARG_END = 49 };
    drop_buf struct buf stat = BUF_INIT(PAGE);
    struct err ignored = {0};
    size_t name;
    uint64_t at[ARG_END + 1] = {0};
    if (file_read(AT_FDCWD, "/proc/self/stat", &stat, &ignored) < 0 ||
        !str_find_last(buf_view(&stat), ')', &name))
        return;
    struct str rest = str_from(buf_view(&stat), name + 1), word;
    (void)str_cut(&rest, ' ', &word); // what stands before the blank behind the name
    for (int i = FIRST_BEHIND_NAME; i <= ARG_END && str_cut(&rest, ' ', &word); i++)
        (void)str_u64(word, 0, UINT64_MAX, &at[i]);
    if (!at[ARG_START] || at[ARG_END] <= at[ARG_START])
        return;
    b->words = (char *)(uintptr_t)at[ARG_START];
    b->n_words = (size_t)(at[ARG_END] - at[ARG_START]);
}

int box_compile(const struct sbx_plan *p, enum sbx_runner r, struct arena *a, struct box *b, struct err *e)
{
    struct confine *c = &b->confine;
    b->plan = p;
    b->in_place = r != SBX_NAMESPACES;
    b->as_root = r != SBX_IN_PLACE && idmap_root();
    b->page = arena_get(a, PAGE, 1);
    find_words(b);
    c->argv = p->argv;
    c->envp = p->envp ? p->envp : ARENA_NEW(a, const char *);
    c->cwd = p->cwd ? p->cwd : "/";
    c->more = p->filter;
    compile_limits(p, c);
    filter_build(a, r == SBX_IN_PLACE && !p->net, &c->filter);
    if (compile_streams(p, c, e) < 0 || compile_channels(b, e) < 0)
        return -1;
    if (r == SBX_NAMESPACES)
        landlock_mounted(p, a, c);
    // runc opens what a plan names itself, unless root makes mounts for it.
    if ((r == SBX_NAMESPACES || (r == SBX_RUNC && b->as_root)) && compile_ops(b, a, e) < 0)
        return -1;
    box_sort_open(b, a);
    return 0;
}

static int by_number(const void *x, const void *y)
{
    return *(const int *)x - *(const int *)y;
}

static void each_source(struct box *b, void (*fn)(struct source *s, void *ctx), void *ctx)
{
    for (size_t i = 0; i < b->n_op; i++) {
        for (size_t k = 0; k < b->op[i].n_src; k++)
            fn(&b->op[i].src[k], ctx);
        if (b->op[i].scratch)
            fn(b->op[i].scratch, ctx);
    }
}

static void add_open(struct source *s, void *ctx)
{
    struct fd_set_sorted *open = ctx;
    if (s->fd >= 0)
        open->fd[open->n++] = s->fd;
}

static void count_source(struct source *s, void *ctx)
{
    (void)s;
    ++*(size_t *)ctx;
}

void box_sort_open(struct box *b, struct arena *a)
{
    size_t n = 0;
    struct fd_set_sorted *last = &b->last, *open = &b->open;
    last->fd = ARENA_ARRAY(a, int, COUNT(b->confine.io) + 2);
    for (int i = 0; i < b->confine.n_io; i++)
        last->fd[last->n++] = b->confine.io[i];
    last->fd[last->n++] = b->link[1];
    last->fd[last->n++] = b->up[1];
    qsort(last->fd, last->n, sizeof *last->fd, by_number);
    each_source(b, count_source, &n);
    open->fd = ARENA_ARRAY(a, int, n + last->n);
    each_source(b, add_open, open);
    memcpy(open->fd + open->n, last->fd, last->n * sizeof *last->fd);
    open->n += last->n;
    qsort(open->fd, open->n, sizeof *open->fd, by_number);
}

static void close_source(struct source *s, void *ctx)
{
    (void)ctx;
    drop_fd_p(&s->fd);
}

void box_done(struct box *b)
{
    each_source(b, close_source, NULL);
    for (int i = 0; i < b->confine.n_io; i++)
        drop_fd_p(&b->confine.io[i]);
    for (int i = 0; i < 2; i++) {
        drop_fd_p(&b->link[i]);
        drop_fd_p(&b->up[i]);
    }
    drop_fd_p(&b->ids.fd);
}
