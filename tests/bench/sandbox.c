// SPDX-License-Identifier: Apache-2.0
// How long a sandbox takes for a program that does nothing: `bench-sandbox [ROUNDS]` prints the median and the best in
// milliseconds, and their ratio to fork and exec, of each runner that works here. The variants take turns.
#include "sandbox/sandbox.h"
#include "base/proc.h"
#include <stdio.h>
#include <sys/stat.h>
#include <time.h>

enum { ROUNDS = 50, VARIANTS = 5, RUN_UID = 1002, RUN_GID = 1000 };

struct bench {
    struct arena *a;
    struct sbx_plan plan, in_place;
    struct sbx_op op[12];
};

static double now_ms(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec * 1e3 + (double)t.tv_nsec / 1e6;
}

static int plain(struct bench *b, struct err *e)
{
    static const char *const argv[] = {"/usr/bin/true", NULL};
    struct proc_spec spec = {PROC_QUIET, .argv = argv};
    drop_proc struct proc p = PROC_INIT;
    int status;
    (void)b;
    return proc_start(&spec, &p, e) < 0 ? -1 : proc_wait(&p, 0, &status, e);
}

static int sandbox(const struct sbx_plan *p, enum sbx_runner r, struct arena *a, struct err *e)
{
    drop_sbx struct sbx s = SBX_INIT;
    int status;
    if (sbx_start(p, r, a, &s, e) < 0 || sbx_wait(&s, 0, &status, e) < 0)
        return -1;
    return status ? err_set(e, ERR_IO, "%s: status %d", sbx_runner_name(r), status) : 0;
}

static int namespaces(struct bench *b, struct err *e)
{
    b->plan.net = true;
    return sandbox(&b->plan, SBX_NAMESPACES, b->a, e);
}
static int offline(struct bench *b, struct err *e)
{
    b->plan.net = false;
    return sandbox(&b->plan, SBX_NAMESPACES, b->a, e);
}
static int in_place(struct bench *b, struct err *e)
{
    return sandbox(&b->in_place, SBX_IN_PLACE, b->a, e);
}
static int runc(struct bench *b, struct err *e)
{
    b->plan.net = false;
    return sandbox(&b->plan, SBX_RUNC, b->a, e);
}

static const struct {
    const char *name;
    int (*run)(struct bench *b, struct err *e);
} variant[VARIANTS] = {{"fork and exec of true", plain},
                       {"namespaces, the host's network", namespaces},
                       {"namespaces, no network", offline},
                       {"in place", in_place},
                       {"runc", runc}};

// As for a build: an overlay as root, the usual mounts, programs of this machine.
static int make_plan(struct bench *b, const char *lower, struct err *e)
{
    static const char *const argv[] = {"/usr/bin/true", NULL};
    const struct sbx_op op[] = {{.kind = SBX_OVERLAY, .dst = "/", .own = true},
                                {.kind = SBX_BIND_RO, .dst = "/usr", .src = "/usr"},
                                {.kind = SBX_LINK, .dst = "/lib", .src = "usr/lib"},
                                {.kind = SBX_LINK, .dst = "/lib64", .src = "usr/lib64"},
                                {.kind = SBX_PROC, .dst = "/proc"},
                                {.kind = SBX_DEV, .dst = "/dev"},
                                {.kind = SBX_TMPFS, .dst = "/tmp", .mode = 01777},
                                {.kind = SBX_TMPFS, .dst = "/layers", .mode = 0755}};
    memcpy(b->op, op, sizeof op);
    strv_add(b->a, &b->op[0].lower, str_of(lower));
    b->plan = (struct sbx_plan){.op = b->op, .n_op = COUNT(op), .argv = argv, .log_fd = -1};
    b->in_place = (struct sbx_plan){
        .argv = argv, .run_uid = geteuid(), .run_gid = getegid(), .log_fd = -1, .net = true};
    return sbx_ids(RUN_UID, RUN_GID, &b->plan, e);
}

static int by_time(const void *x, const void *y)
{
    double d = *(const double *)x - *(const double *)y;
    return (d > 0) - (d < 0);
}

static void report(const char *name, double *ms, size_t n, double *base)
{
    qsort(ms, n, sizeof *ms, by_time);
    double median = ms[n / 2];
    *base = *base > 0 ? *base : median;
    printf("%-32s median %7.2f ms  best %7.2f ms  %6.1f times\n", name, median, ms[0], median / *base);
}

int main(int argc, char **argv)
{
    uint64_t rounds = ROUNDS;
    char lower[] = "/tmp/bench-sandbox.XXXXXX", text[1024];
    struct err e = {0};
    drop_(arena_free) struct arena *a = arena_new(65536);
    struct bench b = {.a = a};
    bool broken[VARIANTS] = {false};
    double base = 0;
    if ((argc > 1 && !str_u64(str_of(argv[1]), 1, 10000, &rounds)) || !mkdtemp(lower) ||
        chmod(lower, 0755) < 0)
        return 2;
    double *ms = arena_array(a, VARIANTS * rounds, sizeof *ms, _Alignof(double));
    if (make_plan(&b, lower, &e) < 0)
        fprintf(stderr, "%s\n", err_text(&e, text, sizeof text));
    // In place last in its round: it makes this process one whose id map an ordinary user cannot write.
    for (size_t i = 0; i < rounds; i++)
        for (size_t v = 0; v < VARIANTS; v++) {
            double start = now_ms();
            err_clear(&e);
            if (!broken[v] && variant[v].run(&b, &e) < 0) {
                fprintf(stderr, "%s: %s\n", variant[v].name, err_text(&e, text, sizeof text));
                broken[v] = true;
            }
            ms[v * rounds + i] = now_ms() - start;
        }
    for (size_t v = 0; v < VARIANTS; v++)
        if (!broken[v])
            report(variant[v].name, ms + v * rounds, rounds, &base);
    return rmdir(lower) < 0;
}
