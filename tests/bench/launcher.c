// SPDX-License-Identifier: Apache-2.0
// What the launcher costs: `bench-launcher LAUNCHER BARE [ROUNDS]` starts a program that does nothing: plainly, through
// BARE, which only becomes it (so two execs, the least there can be), and through the launcher with 10 layers that set
// 30 variables; in turns. It prints medians and bests with what they are above the plain exec.
#include "base/file.h"
#include "base/proc.h"
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <time.h>

enum { ROUNDS = 500, LAYERS = 10, FILES = 3, VARIANTS = 3 };

static double now_ms(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec * 1e3 + (double)t.tv_nsec / 1e6;
}

static int write_file(int dir, const char *at, const char *name, const char *text, struct err *e)
{
    drop_fd int fd = -1;
    if (path_mkdirs(dir, at, 0755, e) < 0 || path_open_plain(dir, at, O_RDONLY | O_DIRECTORY, 0, &fd, e) < 0)
        return -1;
    return file_replace(fd, name, 0644, str_of(text), e);
}

static int fill(struct arena *a, int dir, const char *launcher, struct err *e)
{
    static const char metadata[] = "[[buildpacks]]\nid = 'bench/layers'\nversion = '1'\napi = '0.12'\n"
                                   "[[processes]]\ntype = 'web'\ncommand = ['/bin/true']\ndirect = true\n"
                                   "buildpack-id = 'bench/layers'\n";
    if (write_file(dir, "layers/config", "metadata.toml", metadata, e) < 0)
        return -1;
    for (int i = 0; i < LAYERS; i++) {
        const char *layer = arena_printf(a, "layers/bench_layers/layer-%d", i);
        for (int j = 0; j < FILES; j++)
            if (write_file(dir, arena_printf(a, "%s/env.launch", layer),
                           arena_printf(a, "VARIABLE_%d_%d.override", i, j), "a value of usual length",
                           e) < 0)
                return -1;
        if (path_mkdirs(dir, arena_printf(a, "%s/bin", layer), 0755, e) < 0)
            return -1;
    }
    if (path_mkdirs(dir, "app", 0755, e) < 0)
        return -1;
    return symlinkat(launcher, dir, "web") < 0 ? err_sys(e, "web") : 0;
}

static int once(const char *program, const char *const *envp, double *ms, struct err *e)
{
    const char *const argv[] = {program, NULL};
    struct proc_spec spec = {PROC_QUIET, .argv = argv};
    drop_proc struct proc p = PROC_INIT;
    int status;
    spec.envp = envp;
    spec.err = STDERR_FILENO;
    double start = now_ms();
    if (proc_start(&spec, &p, e) < 0 || proc_wait(&p, 0, &status, e) < 0)
        return -1;
    *ms = now_ms() - start;
    return status ? err_set(e, ERR_IO, "%s: did not end well", program) : 0;
}

static int by_time(const void *x, const void *y)
{
    double d = *(const double *)x - *(const double *)y;
    return (d > 0) - (d < 0);
}

static int measure(struct arena *a, const char *dir, const char *bare, uint64_t rounds, struct err *e)
{
    static const char *const what[VARIANTS] = {"exec", "exec of an exec", "launcher, 10 layers, 30 vars"};
    const char *const program[VARIANTS] = {"/bin/true", bare, arena_printf(a, "%s/web", dir)};
    const char *const envp[] = {"CNB_PLATFORM_API=0.15", arena_printf(a, "CNB_LAYERS_DIR=%s/layers", dir),
                                arena_printf(a, "CNB_APP_DIR=%s/app", dir), "PATH=/cnb/process:/bin", NULL};
    double *ms[VARIANTS];
    for (size_t v = 0; v < VARIANTS; v++)
        ms[v] = ARENA_ARRAY(a, double, rounds);
    for (size_t i = 0; i < rounds; i++)
        for (size_t v = 0; v < VARIANTS; v++)
            if (once(program[v], envp, &ms[v][i], e) < 0)
                return -1;
    for (size_t v = 0; v < VARIANTS; v++) {
        qsort(ms[v], rounds, sizeof *ms[v], by_time);
        printf("%-29s median %6.3f ms %+.3f  best %6.3f ms %+.3f\n", what[v], ms[v][rounds / 2],
               ms[v][rounds / 2] - ms[0][rounds / 2], ms[v][0], ms[v][0] - ms[0][0]);
    }
    return 0;
}

int main(int argc, char **argv)
{
    uint64_t rounds = ROUNDS;
    char dir[] = "/tmp/bench-launcher.XXXXXX", text[1024], launcher[4096], bare[4096];
    struct err e = {0};
    drop_(arena_free) struct arena *a = arena_new(65536);
    drop_fd int fd = -1;
    if (argc < 3 || (argc > 3 && !str_u64(str_of(argv[3]), 1, 100000, &rounds)) ||
        !realpath(argv[1], launcher) || !realpath(argv[2], bare) || !mkdtemp(dir))
        return 2;
    int rc = path_open_host(dir, O_RDONLY | O_DIRECTORY, 0, &fd, &e);
    if (rc == 0 && (rc = fill(a, fd, launcher, &e)) == 0)
        rc = measure(a, dir, bare, rounds, &e);
    if (rc < 0)
        fprintf(stderr, "%s\n", err_text(&e, text, sizeof text));
    struct err ignored = {0};
    (void)!tree_remove(AT_FDCWD, dir, &ignored);
    return rc < 0;
}
