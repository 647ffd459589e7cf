// SPDX-License-Identifier: Apache-2.0
// faults [-f kill,full,cut] [-x] [-b] [-n COUNT [-s SEED]] PROGRAM MODE -
// breaks "PROGRAM MODE DIR" at its first change of
// a filesystem, its second, … until it completes, in a fresh DIR each time.
// After each round "PROGRAM after MODE DIR" (after
// a power cut "after-reboot") must succeed: everything valid, the work done again, garbage collected. Prints TAP.
// -x: an error is planted in MODE, and it must be found.
// -b: "PROGRAM before MODE DIR" makes what a round begins with.
// -n: not every point, but so many of them for each fault, chosen by SEED.
#include "base/file.h"
#include "trace.h"
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <sys/wait.h>

enum { ROUNDS_MAX = 5000 };
static const char *const fault_names[] = {[FAULT_KILL] = "kill", [FAULT_FULL] = "full", [FAULT_CUT] = "cut"};

struct loop {
    const char *program, *mode;
    char base[200];
    int base_fd;
    enum fault fault;
    bool prepare;
    size_t sample, rounds; // sample 0: every point
    uint64_t seed;
    struct trace_result whole; // of the round that was not broken
    size_t round;
    char why[300];
};

// "PROGRAM HOW MODE DIR": its status.
static int call(struct loop *l, const char *how, const char *dir)
{
    pid_t pid = fork();
    if (pid == 0) {
        (void)dup2(STDERR_FILENO, STDOUT_FILENO);
        execl(l->program, l->program, how, l->mode, dir, (char *)NULL);
        _exit(127);
    }
    int status = 0;
    while (pid > 0 && waitpid(pid, &status, 0) < 0)
        if (errno != EINTR)
            return -1;
    return status;
}

// A program that ended by itself is told apart: nothing of it may be left.
static int check_after(struct loop *l, const char *dir, const struct trace_result *r)
{
    char code[16];
    (void)unsetenv("FAULTS_STATUS");
    if (WIFEXITED(r->status)) {
        snprintf(code, sizeof code, "%d", WEXITSTATUS(r->status));
        setenv("FAULTS_STATUS", code, 1);
    }
    return call(l, l->fault == FAULT_CUT ? "after-reboot" : "after", dir);
}

static bool failed(struct loop *l, const char *what, const struct trace_result *r)
{
    snprintf(l->why, sizeof l->why, "round %zu, at %s: %s", l->round,
             r->broken ? point_name(r->at) : "no point", what);
    return false;
}

// false: found something; *more is false once the program completed.
static bool one_round(struct loop *l, bool *more)
{
    char dir[256];
    snprintf(dir, sizeof dir, "%s/%zu", l->base, l->round);
    char *argv[] = {(char *)(uintptr_t)l->program, (char *)(uintptr_t)l->mode, dir, NULL};
    struct trace_result r = {0};
    if (l->prepare && call(l, "before", dir) != 0)
        return failed(l, "nothing to begin with", &r);
    if (trace_run(argv, l->fault, l->round, &r) < 0)
        return failed(l, "cannot trace", &r);
    if (!r.broken && r.status != 0)
        return failed(l, "fails without a fault", &r);
    if (r.broken && l->fault == FAULT_FULL && (!WIFEXITED(r.status) || WEXITSTATUS(r.status) > 1))
        return failed(l, "a full disk is no clean error", &r);
    if (check_after(l, dir, &r) != 0)
        return failed(l, "what it left behind is not valid", &r);
    struct err e = {0};
    char name[32], text[512];
    snprintf(name, sizeof name, "%zu", l->round);
    if (tree_remove(l->base_fd, name, &e) < 0)
        return failed(l, err_text(&e, text, sizeof text), &r);
    l->rounds++;
    *more = r.broken;
    if (!r.broken)
        l->whole = r;
    return true;
}

static bool every_point(struct loop *l)
{
    bool more = true;
    for (l->round = 1; more; l->round++) {
        if (l->round > ROUNDS_MAX)
            return failed(l, "does not come to an end", &l->whole);
        if (!one_round(l, &more))
            return false;
    }
    return true;
}

// Each part of the way as likely as every other: one point of each of `sample` stretches of it.
static bool some_points(struct loop *l)
{
    bool more;
    l->round = ROUNDS_MAX; // behind the last one: how many there are
    if (!one_round(l, &more))
        return false;
    size_t total = l->whole.total, n = l->sample < total ? l->sample : total;
    for (size_t i = 0; i < n; i++) {
        size_t from = i * total / n, to = (i + 1) * total / n;
        l->seed = l->seed * 6364136223846793005u + 1442695040888963407u;
        l->round = from + 1 + (size_t)(l->seed >> 33) % (to - from);
        if (!one_round(l, &more))
            return false;
    }
    return true;
}

static bool run_loop(struct loop *l)
{
    if (!(l->sample ? some_points(l) : every_point(l)))
        return false;
    if (!l->whole.points[POINT_RENAME] || !l->whole.points[POINT_LINK] || !l->whole.points[POINT_SYNC])
        return failed(l, "no rename, no link or no sync was reached", &l->whole);
    return true;
}

static void report(const struct loop *l, int number, bool good, bool planted)
{
    bool found = l->why[0];
    printf("%s %d %s %s\n", good ? "ok" : "not ok", number, fault_names[l->fault], l->mode);
    if (found)
        printf("# %s%s\n", planted ? "found: " : "", l->why);
    printf("# %zu rounds, %zu points:", l->rounds, l->whole.total);
    for (enum point p = 0; p < POINT_MAX_; p++)
        if (l->whole.points[p])
            printf(" %s %zu", point_name(p), l->whole.points[p]);
    printf("\n");
    fflush(stdout);
}

static bool wants(const char *list, const char *name)
{
    struct str rest = str_of(list), one;
    while (str_cut(&rest, ',', &one))
        if (str_is(one, name))
            return true;
    return false;
}

static int run(struct loop l, const char *list, bool planted)
{
    int number = 0, bad = 0, count = 0;
    for (enum fault f = FAULT_KILL; f <= FAULT_CUT; f++)
        count += wants(list, fault_names[f]);
    printf("TAP version 13\n1..%d\n", planted ? 1 : count);
    // What a power cut does is modelled, so memory is as good as a disk, and its syncs cost nothing.
    const char *tmp = getenv("TMPDIR");
    if (!tmp)
        tmp = faccessat(AT_FDCWD, "/dev/shm", W_OK | X_OK, 0) == 0 ? "/dev/shm" : "/tmp";
    bool any = false;
    for (enum fault f = FAULT_KILL; f <= FAULT_CUT; f++) {
        if (!wants(list, fault_names[f]) || (planted && any))
            continue;
        snprintf(l.base, sizeof l.base, "%s/dema-faults-XXXXXX", tmp);
        if (!mkdtemp(l.base) || path_open_host(l.base, O_RDONLY | O_DIRECTORY, 0, &l.base_fd, NULL) < 0)
            return 99;
        l.fault = f;
        l.rounds = 0;
        bool good = run_loop(&l);
        any = any || !good;
        struct err e = {0};
        drop_fd_p(&l.base_fd);
        if (tree_remove(AT_FDCWD, l.base, &e) < 0)
            fprintf(stderr, "# left behind: %s\n", l.base);
        if (!planted)
            report(&l, ++number, good, false);
        bad += !good;
    }
    if (planted)
        report(&l, 1, any, true);
    return planted ? !any : bad != 0;
}

int main(int argc, char **argv)
{
    const char *list = "kill,full,cut";
    bool planted = false, good = true;
    struct loop l = {.base_fd = -1, .seed = 1};
    uint64_t n = 0;
    for (int c; (c = getopt(argc, argv, "f:xbn:s:")) != -1;)
        switch (c) {
        case 'f':
            list = optarg;
            break;
        case 'x':
            planted = true;
            break;
        case 'b':
            l.prepare = true;
            break;
        case 'n':
            good &= str_u64(str_of(optarg), 1, ROUNDS_MAX, &n);
            l.sample = (size_t)n;
            break;
        case 's':
            good &= str_u64(str_of(optarg), 0, UINT64_MAX, &l.seed);
            break;
        default:
            good = false;
        }
    if (!good || argc - optind != 2) {
        fprintf(stderr, "usage: faults [-f kill,full,cut] [-x] [-b] [-n COUNT [-s SEED]] PROGRAM MODE\n");
        return 2;
    }
    l.program = argv[optind];
    l.mode = argv[optind + 1];
    // The leak checker needs ptrace for itself; the unit tests look for leaks.
    setenv("ASAN_OPTIONS", "detect_leaks=0", 1);
    return run(l, list, planted);
}
