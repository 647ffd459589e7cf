// SPDX-License-Identifier: Apache-2.0
// How long base images take: `bench-base DIR [NAME…]` makes each declaration of DIR from a warm package cache into a
// fresh state, twice, and prints the better times of each step, beside
// `mmdebstrap --variant=extract` with the same list
// (its packages come from its own warm cache too). `--ours` leaves mmdebstrap out.
#include "base/clock.h"
#include "base/file.h"
#include "base/limits.h"
#include "base/proc.h"
#include "platform/base_create.h"
#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

enum { ROUNDS = 2 };
static const char *const all[] = {"run-tiny", "run-base", "build-base", "run-full", "build-full"};

struct bench {
    struct arena *a;
    const char *bases, *dir; // of the declarations; of everything that is made here
    bool ours;
    uint64_t sum;
};

static void must(int rc, const struct err *e)
{
    char text[1024];
    if (rc == 0)
        return;
    (void)fprintf(stderr, "bench-base: %s\n", err_text(e, text, sizeof text));
    exit(1);
}

static void make(struct bench *b, struct base_create_spec *s, const char *folder, struct base_created *out)
{
    drop_(state_close) struct state *st = NULL;
    struct err e = {0};
    must(state_open(arena_printf(b->a, "%s/%s", b->dir, folder), NULL, &st, &e), &e);
    s->st = st;
    must(base_create(b->a, s, out, &e), &e);
}

static uint64_t total(const struct base_created *c)
{
    uint64_t sum = 0;
    for (enum base_step i = 0; i < BASE_STEP_MAX_; i++)
        sum += c->ms[i];
    return sum;
}

// Seconds of mmdebstrap; 0: it is not there, or fails.
static double mmdebstrap(struct bench *b, const struct base_declaration *d, const char *name)
{
    drop_buf struct buf list = BUF_INIT(MIB(1));
    const char *out = arena_printf(b->a, "%s/%s.tar", b->dir, name);
    double best = 0;
    for (size_t i = 0; i < d->debian.packages.n; i++)
        buf_printf(&list, "%s" PRI_STR, i ? "," : "--include=", STR_ARG(d->debian.packages.v[i]));
    const char *argv[] = {"mmdebstrap", "--quiet", "--variant=extract", list.p, str_c(b->a, d->debian.suite),
                          out,          NULL};
    struct proc_spec s = {
        .argv = argv, .envp = (const char *const *)environ, .timeout_ms = 600000, PROC_QUIET};
    for (int i = 0; i < ROUNDS; i++) {
        struct err e = {0};
        int status = -1;
        uint64_t from = clock_mono_ms();
        if (proc_run(&s, STR(""), NULL, NULL, &status, &e) < 0 || status != 0)
            return 0;
        double seconds = (double)(clock_mono_ms() - from) / 1000;
        best = best > 0 && best < seconds ? best : seconds;
    }
    return best;
}

static void print_row(struct bench *b, const char *name, const struct base_created *c, double other)
{
    printf("%-11s %4zu %7.1f", name, c->packages, (double)c->unpacked / 1e6);
    for (enum base_step i = 0; i < BASE_STEP_MAX_; i++)
        printf(" %8.2f", (double)c->ms[i] / 1000);
    printf(" %8.2f", (double)total(c) / 1000);
    if (other > 0)
        printf(" %10.2f", other);
    printf("\n");
    (void)fflush(stdout);
    b->sum += total(c);
}

static void measure(struct bench *b, const char *name)
{
    drop_buf struct buf text = BUF_INIT(MIB(1));
    struct base_declaration d;
    struct base_created warm, best = {0};
    struct err e = {0};
    const char *file = arena_printf(b->a, "%s/%s.toml", b->bases, name);
    must(file_read(AT_FDCWD, file, &text, &e), &e);
    must(declaration_read(b->a, buf_view(&text), file, NULL, &d, &e), &e);
    struct base_create_spec s = {.declaration = &d,
                                 .apt_dir = arena_printf(b->a, "%s/apt", b->dir),
                                 .envp = (const char *const *)environ};
    make(b, &s, arena_printf(b->a, "warm-%s", name), &warm);
    for (int i = 0; i < ROUNDS; i++) {
        struct base_created got;
        make(b, &s, arena_printf(b->a, "state-%s-%d", name, i), &got);
        if (!i || total(&got) < total(&best))
            best = got;
    }
    print_row(b, name, &best, b->ours ? 0 : mmdebstrap(b, &d, name));
}

int main(int argc, char **argv)
{
    char dir[] = "/var/tmp/bench-base.XXXXXX";
    struct err e = {0};
    struct bench b = {.a = arena_new(65536), .dir = dir};
    int at = 1;
    if (at < argc && strcmp(argv[at], "--ours") == 0) {
        b.ours = true;
        at++;
    }
    if (at == argc || !mkdtemp(dir)) {
        (void)fprintf(stderr, "bench-base [--ours] DIR [NAME…]\n");
        return 2;
    }
    b.bases = argv[at++];
    printf("%-11s %4s %7s", "seconds", "debs", "MB");
    for (enum base_step i = 0; i < BASE_STEP_MAX_; i++)
        printf(" %8s", base_step_name(i));
    printf(" %8s %10s\n", "all", b.ours ? "" : "mmdebstrap");
    for (size_t i = 0; at == argc && i < COUNT(all); i++)
        measure(&b, all[i]);
    for (; at < argc; at++)
        measure(&b, argv[at]);
    printf("all: %.2f s\n", (double)b.sum / 1000);
    must(tree_remove(AT_FDCWD, dir, &e), &e);
    arena_free(b.a);
    return 0;
}
