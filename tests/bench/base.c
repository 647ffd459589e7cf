// SPDX-License-Identifier: Apache-2.0
// How long base images take: `bench-base DIR [NAME…]` makes each declaration of DIR from a warm package cache into a
// fresh state, twice, and prints the better times of each step, beside
// `mmdebstrap --variant=extract` with the same list
// (its packages come from its own warm cache too). `--ours` leaves mmdebstrap out; `--cpu` prints instead the
// processor seconds of each step, and the image's digest; `--apt DIR` keeps lists and packages there from one run to
// the next.
// States are made in TMPDIR, else in /var/tmp.
#include "base/clock.h"
#include "base/file.h"
#include "base/limits.h"
#include "base/proc.h"
#include "platform/base_create.h"
#include <fcntl.h>
#include <stdio.h>
#include <sys/resource.h>
#include <unistd.h>

enum { ROUNDS = 2 };
static const char *const all[] = {"run-tiny", "run-base", "build-base", "run-full", "build-full"};

struct bench {
    struct arena *a;
    const char *bases, *dir; // of the declarations; of everything that is made here
    const char *apt;         // lists and packages
    bool ours, cpu;
    uint64_t sum;
};

// One image: the listener sums up what each step costs.
struct run {
    struct events ev;
    double from, cpu[BASE_STEP_MAX_];
    struct base_created made;
};

static double cpu_seconds(void)
{
    struct rusage own, children;
    if (getrusage(RUSAGE_SELF, &own) < 0 || getrusage(RUSAGE_CHILDREN, &children) < 0)
        return 0;
    const struct timeval v[] = {own.ru_utime, own.ru_stime, children.ru_utime, children.ru_stime};
    double sum = 0;
    for (size_t i = 0; i < COUNT(v); i++)
        sum += (double)v[i].tv_sec + (double)v[i].tv_usec / 1e6;
    return sum;
}

static void must(int rc, const struct err *e)
{
    char text[1024];
    if (rc == 0)
        return;
    (void)fprintf(stderr, "bench-base: %s\n", err_text(e, text, sizeof text));
    exit(1);
}

static void note_step(struct events *self, const struct event *ev)
{
    struct run *r = CONTAINER(self, struct run, ev);
    double now = cpu_seconds();
    if (ev->kind != EV_PHASE)
        return;
    for (enum base_step i = 0; ev->done && i < BASE_STEP_MAX_; i++)
        if (str_is(ev->phase, base_step_name(i)))
            r->cpu[i] = now - r->from;
    r->from = now;
}

static void make(struct bench *b, struct base_create_spec *s, const char *folder, struct run *out)
{
    drop_(state_close) struct state *st = NULL;
    struct err e = {0};
    *out = (struct run){.ev = {note_step}};
    must(state_open(arena_printf(b->a, "%s/%s", b->dir, folder), NULL, &st, &e), &e);
    s->st = st;
    s->ev = &out->ev;
    must(base_create(b->a, s, &out->made, &e), &e);
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

static void print_cpu(const struct run *r)
{
    char hex[DIGEST_TEXT];
    double sum = 0;
    printf("%24s", "CPU");
    for (enum base_step i = 0; i < BASE_STEP_MAX_; i++) {
        printf(" %8.2f", r->cpu[i]);
        sum += r->cpu[i];
    }
    printf(" %8.2f %.12s\n", sum, digest_hex(&r->made.image.desc.digest, hex));
}

static void print_row(struct bench *b, const char *name, const struct run *r, double other)
{
    const struct base_created *c = &r->made;
    printf("%-11s %4zu %7.1f", name, c->packages, (double)c->unpacked / 1e6);
    for (enum base_step i = 0; i < BASE_STEP_MAX_; i++)
        printf(" %8.2f", (double)c->ms[i] / 1000);
    printf(" %8.2f", (double)total(c) / 1000);
    if (other > 0)
        printf(" %10.2f", other);
    printf("\n");
    if (b->cpu)
        print_cpu(r);
    (void)fflush(stdout);
    b->sum += total(c);
}

static void measure(struct bench *b, const char *name)
{
    drop_buf struct buf text = BUF_INIT(MIB(1));
    struct base_declaration d;
    struct run warm, best = {0};
    struct err e = {0};
    const char *file = arena_printf(b->a, "%s/%s.toml", b->bases, name);
    must(file_read(AT_FDCWD, file, &text, &e), &e);
    must(declaration_read(b->a, buf_view(&text), file, NULL, &d, &e), &e);
    struct base_create_spec s = {.declaration = &d, .apt_dir = b->apt, .envp = (const char *const *)environ};
    make(b, &s, arena_printf(b->a, "warm-%s", name), &warm);
    for (int i = 0; i < ROUNDS; i++) {
        struct run got;
        make(b, &s, arena_printf(b->a, "state-%s-%d", name, i), &got);
        if (!i || total(&got.made) < total(&best.made))
            best = got;
    }
    print_row(b, name, &best, b->ours || b->cpu ? 0 : mmdebstrap(b, &d, name));
}

static bool take_option(struct bench *b, char **argv, int *at)
{
    if (!argv[*at] || strncmp(argv[*at], "--", 2) != 0)
        return false;
    const char *option = argv[(*at)++];
    if (strcmp(option, "--ours") == 0)
        b->ours = true;
    else if (strcmp(option, "--cpu") == 0)
        b->cpu = true;
    else if (strcmp(option, "--apt") == 0 && argv[*at])
        b->apt = argv[(*at)++];
    else
        (*at)--;
    return argv[*at] != option;
}

int main(int argc, char **argv)
{
    struct err e = {0};
    struct bench b = {.a = arena_new(65536)};
    const char *top = getenv("TMPDIR");
    char *dir = arena_printf(b.a, "%s/bench-base.XXXXXX", top ? top : "/var/tmp");
    int at = 1;
    while (take_option(&b, argv, &at))
        ;
    if (at >= argc || argv[at][0] == '-' || !mkdtemp(dir)) {
        (void)fprintf(stderr, "bench-base [--ours | --cpu] [--apt DIR] DIR [NAME…]\n");
        return 2;
    }
    b.dir = dir;
    b.apt = b.apt ? b.apt : arena_printf(b.a, "%s/apt", dir);
    b.bases = argv[at++];
    printf("%-11s %4s %7s", "seconds", "debs", "MB");
    for (enum base_step i = 0; i < BASE_STEP_MAX_; i++)
        printf(" %8s", base_step_name(i));
    printf(" %8s %10s\n", "all", b.ours || b.cpu ? "" : "mmdebstrap");
    for (size_t i = 0; at == argc && i < COUNT(all); i++)
        measure(&b, all[i]);
    for (; at < argc; at++)
        measure(&b, argv[at]);
    printf("all: %.2f s\n", (double)b.sum / 1000);
    must(tree_remove(AT_FDCWD, dir, &e), &e);
    arena_free(b.a);
    return 0;
}
