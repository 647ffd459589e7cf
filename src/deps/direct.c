// SPDX-License-Identifier: Apache-2.0
// Under another platform there is no broker: files are copied, and the program curl asks for the rest.
#include "base/buf.h"
#include "base/clock.h"
#include "base/file.h"
#include "base/limits.h"
#include "base/proc.h"
#include "deps/copy.h"
#include "deps/deps.h"
#include "deps/env.h"
#include "net/http.h"
#include "stream/memory.h"
#include <fcntl.h>

enum { SAID_MAX = 4096 };

struct direct {
    struct deps_ops base;
    const char *const *envp;
    char *tmp;
    unsigned whole_ms;
};

void deps_free(struct deps_ops *d)
{
    if (d)
        d->drop(d);
}

static int from_file(const struct direct *x, const struct dep *d, const char *name, int *fd, struct err *e)
{
    drop_fd int got = -1;
    if (dep_file_open(d, str_from(d->uri, strlen("file://")), &got, e) < 0)
        return err_wrap(e, "%s", name);
    drop_(source_drop) struct source *from = source_fd(got, name);
    return copy_verified(from, &d->sum, x->tmp, name, fd, e);
}

// Its standard output through *out; what it says otherwise goes into a file of ours.
static int start_curl(const struct direct *x, const char *url, int said, struct proc *p, int *out,
                      struct err *e)
{
    const char *const argv[] = {"curl",
                                "--disable",
                                "--globoff",
                                "--proto",
                                "=https",
                                "--proto-redir",
                                "=https",
                                "--location",
                                "--max-redirs",
                                "10",
                                "--fail",
                                "--silent",
                                "--show-error",
                                "--retry",
                                "2",
                                "--speed-limit",
                                "1024",
                                "--speed-time",
                                "30",
                                "--connect-timeout",
                                "20",
                                "--",
                                url,
                                NULL};
    int ends[2];
    if (pipe2(ends, O_CLOEXEC) < 0)
        return err_sys(e, "pipe");
    drop_fd int r = ends[0], w = ends[1];
    struct proc_spec s = {.argv = argv, .envp = x->envp, .path = env_get(x->envp, STR("PATH")), PROC_QUIET};
    s.out = w;
    s.err = said;
    if (proc_start(&s, p, e) < 0)
        return err_wrap(e, "curl, which downloads what no broker does");
    *out = steal_fd(&r);
    return 0;
}

// What the program sends, for as long as one answer may take. It ends by itself where nothing comes at all.
struct timed {
    struct source base;
    struct source *from;
    unsigned whole_ms;
    uint64_t began, had;
};

static int timed_peek(struct source *s, size_t min, struct view *out, struct err *e)
{
    struct timed *x = CONTAINER(s, struct timed, base);
    uint64_t ms = clock_mono_ms() - x->began;
    if (http_is_late(x->whole_ms, LIMIT_DOWNLOAD_RATE, ms, x->had))
        return err_set(e, ERR_NETWORK, "curl: only %ju bytes in %ju ms, %ju a second are wanted: given up",
                       (uintmax_t)x->had, (uintmax_t)ms, (uintmax_t)LIMIT_DOWNLOAD_RATE);
    return source_peek(x->from, min, out, e);
}

static int timed_skip(struct source *s, uint64_t n, struct err *e)
{
    struct timed *x = CONTAINER(s, struct timed, base);
    x->had += n;
    return source_skip(x->from, n, e);
}

static void timed_drop(struct source *s)
{
    struct timed *x = CONTAINER(s, struct timed, base);
    source_drop(x->from);
    free(x);
}

static struct source *source_timed(struct source *take_from, unsigned whole_ms)
{
    static const struct source_ops ops = {timed_peek, timed_skip, timed_drop};
    struct timed *x = XNEW(struct timed);
    *x = (struct timed){.base = {&ops}, .from = take_from, .whole_ms = whole_ms, .began = clock_mono_ms()};
    return &x->base;
}

static int curl_failed(struct arena *a, const char *name, int status, int said, struct err *e)
{
    drop_buf struct buf b = BUF_INIT(SAID_MAX);
    char how[64];
    struct err ignored = {0};
    if (lseek(said, 0, SEEK_SET) == 0 && file_read_fd(said, "curl", &b, &ignored) < 0)
        buf_clear(&b);
    (void)err_set(e, ERR_NETWORK, "%s: curl: %s: " PRI_STR, name, proc_status_text(status, how, sizeof how),
                  STR_ARG(str_printable(a, str_trim(buf_view(&b)), 90)));
    if (e)
        e->transient = true;
    return -1;
}

static int from_https(const struct direct *x, struct arena *a, const struct dep *d, const char *name, int *fd,
                      struct err *e)
{
    drop_proc struct proc p = PROC_INIT;
    drop_fd int out = -1, got = -1, tmp = -1;
    drop_(newfile_drop) struct newfile *f = NULL;
    int status = 0;
    struct digest sum = {.alg = d->sum.alg};
    if (path_open_host(x->tmp, O_PATH | O_DIRECTORY, 0, &tmp, e) < 0 ||
        newfile_begin(tmp, "curl", 0600, &f, e) < 0 ||
        start_curl(x, str_c(a, d->uri), f->fd, &p, &out, e) < 0)
        return -1;
    drop_(source_drop) struct source *from = source_timed(source_fd(out, name), x->whole_ms);
    if (copy_hashed(from, x->tmp, name, &sum, &got, e) < 0 || proc_wait(&p, 0, &status, e) < 0)
        return -1;
    if (status != 0)
        return curl_failed(a, name, status, f->fd, e);
    if (!digest_eq(&sum, &d->sum))
        return digest_differs(name, &d->sum, &sum, e);
    *fd = steal_fd(&got);
    return 0;
}

static int direct_fetch(struct deps_ops *o, const struct dep *d, int *fd, struct err *e)
{
    const struct direct *x = CONTAINER(o, struct direct, base);
    drop_(arena_free) struct arena *a = arena_new(1024);
    const char *name = arena_printf(a, PRI_STR " " PRI_STR, STR_ARG(str_printable(a, d->id, 40)),
                                    STR_ARG(str_printable(a, d->version, 40)));
    if (d->scheme == DEP_FILE)
        return from_file(x, d, name, fd, e);
    if (d->scheme == DEP_HTTPS)
        return from_https(x, a, d, name, fd, e);
    return err_set(e, ERR_USAGE, "%s: " PRI_STR ": only dema's own platform downloads such", name,
                   STR_ARG(str_printable(a, d->uri, 80)));
}

static void direct_drop(struct deps_ops *o)
{
    struct direct *x = CONTAINER(o, struct direct, base);
    free(x->tmp);
    free(x);
}

int deps_direct(const struct deps_direct_spec *s, struct deps_ops **out, struct err *e)
{
    const char *tmp = s->tmp ? s->tmp : env_get(s->envp, STR("TMPDIR"));
    struct stat st;
    if (!tmp || !tmp[0])
        tmp = "/tmp";
    if (stat(tmp, &st) < 0 || !S_ISDIR(st.st_mode))
        return err_set(e, ERR_USAGE, "%s: is no directory to download into", tmp);
    struct direct *x = XNEW(struct direct);
    *x = (struct direct){.base = {direct_fetch, direct_drop},
                         .envp = s->envp,
                         .tmp = xstrdup(tmp),
                         .whole_ms = s->whole_ms ? s->whole_ms : LIMIT_DOWNLOAD_MS};
    *out = &x->base;
    return 0;
}
