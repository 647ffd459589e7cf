// SPDX-License-Identifier: Apache-2.0
// Runs one program in a sandbox, for matrix.py:  run RUNNER net|offline DIR PROGRAM [ARGUMENT…]
//
// run doctor  prints what sbx_doctor says: RUNNER|works or not|why|what enables it.
//
// DIR holds layers/, workspace/, home/, image/ (a root's lower directory) and scratch/{upper,work}. Inside they are
// /layers, /workspace, /home/cnb; in place they keep their names. The exit code is the program's, 125 for ours.
#include "sandbox/sandbox.h"
#include <stdio.h>
#include <sys/wait.h>

enum { FAILED = 125, RUN_UID = 1002, RUN_GID = 1000 };

static int fail(const struct err *e)
{
    char text[1024];
    fprintf(stderr, "run: %s\n", err_text(e, text, sizeof text));
    return FAILED;
}

static const char *in(struct arena *a, const char *dir, const char *name)
{
    return arena_printf(a, "%s/%s", dir, name);
}

// A root with the machine's own programs.
static size_t mounted_ops(struct arena *a, const char *dir, const char *probe_dir, struct sbx_op *op)
{
    const struct sbx_op ops[] = {
        {.kind = SBX_OVERLAY, .dst = "/", .own = true},
        {.kind = SBX_BIND_RO, .dst = "/usr", .src = "/usr"},
        {.kind = SBX_BIND_RO, .dst = "/etc", .src = "/etc"},
        {.kind = SBX_LINK, .dst = "/bin", .src = "usr/bin"},
        {.kind = SBX_LINK, .dst = "/lib", .src = "usr/lib"},
        {.kind = SBX_LINK, .dst = "/lib64", .src = "usr/lib64"},
        {.kind = SBX_PROC, .dst = "/proc"},
        {.kind = SBX_DEV, .dst = "/dev"},
        {.kind = SBX_TMPFS, .dst = "/tmp", .mode = 01777},
        {.kind = SBX_BIND_RO, .dst = probe_dir, .src = probe_dir},
        {.kind = SBX_FILE, .dst = "/etc/hostname", .src = "sandbox\n", .mode = 0444},
        {.kind = SBX_HIDE, .dst = "/usr/share/doc"},
        {.kind = SBX_BIND, .dst = "/layers", .src = in(a, dir, "layers")},
        {.kind = SBX_BIND, .dst = "/workspace", .src = in(a, dir, "workspace")},
        {.kind = SBX_BIND, .dst = "/home/cnb", .src = in(a, dir, "home")},
        {.kind = SBX_HAND_OUT, .dst = "/layers"},
    };
    memcpy(op, ops, sizeof ops);
    strv_add(a, &op[0].lower, str_of(in(a, dir, "image")));
    return COUNT(ops);
}

static size_t in_place_ops(struct arena *a, const char *dir, struct sbx_op *op)
{
    const struct sbx_op ops[] = {
        {.kind = SBX_BIND, .dst = in(a, dir, "layers")}, {.kind = SBX_BIND, .dst = in(a, dir, "workspace")},
        {.kind = SBX_BIND, .dst = in(a, dir, "home")},   {.kind = SBX_TMPFS, .dst = "/tmp", .mode = 01777},
        {.kind = SBX_HIDE, .dst = "/etc/shadow"},        {.kind = SBX_HAND_OUT, .dst = in(a, dir, "layers")},
    };
    memcpy(op, ops, sizeof ops);
    return COUNT(ops);
}

// Started by root, what the build writes must belong to the id that it runs as.
static int give(struct arena *a, const char *dir, const struct sbx_plan *p, enum sbx_runner r, struct err *e)
{
    static const char *const written[] = {"layers", "workspace", "home"};
    uint32_t uid = p->run_uid, gid = p->run_gid;
    if (r != SBX_IN_PLACE && (!sbx_outside(p->uid, uid, &uid) || !sbx_outside(p->gid, gid, &gid)))
        return err_set(e, ERR_USAGE, "run: no id outside");
    for (size_t i = 0; i < COUNT(written) && geteuid() == 0; i++)
        if (chown(in(a, dir, written[i]), uid, gid) < 0)
            return err_sys(e, "run: %s", written[i]);
    return 0;
}

static int run(const struct sbx_plan *p, enum sbx_runner r, struct arena *a)
{
    struct err e = {0};
    drop_sbx struct sbx s = SBX_INIT;
    int status;
    if (sbx_start(p, r, a, &s, &e) < 0)
        return fail(&e);
    for (size_t i = 0; i < s.missing.n; i++)
        fprintf(stderr, "missing: " PRI_STR "\n", STR_ARG(s.missing.v[i]));
    if (sbx_wait(&s, 20000, &status, &e) < 0)
        return fail(&e);
    if (WIFSIGNALED(status))
        fprintf(stderr, "refused: signal %d\n", WTERMSIG(status));
    int code = WIFEXITED(status) ? WEXITSTATUS(status) : 1;
    if (code > 128) // as a shell, and runc, says it
        fprintf(stderr, "refused: signal %d\n", code - 128);
    return code;
}

static int doctor(struct arena *a)
{
    struct sbx_state state[SBX_RUNNER_MAX_];
    sbx_doctor(a, state);
    for (int r = 0; r < SBX_RUNNER_MAX_; r++) {
        printf("%s|%s|" PRI_STR "|" PRI_STR "\n", sbx_runner_name(state[r].runner),
               state[r].works ? "works" : "does not work", STR_ARG(state[r].why), STR_ARG(state[r].enable));
        for (size_t i = 0; i < state[r].missing.n; i++)
            printf("%s|without|" PRI_STR "|\n", sbx_runner_name(state[r].runner),
                   STR_ARG(state[r].missing.v[i]));
    }
    return 0;
}

int main(int argc, char **argv)
{
    static const char *const env[] = {"PATH=/usr/bin:/bin", "HOME=/home/cnb", "ASAN_OPTIONS=detect_leaks=0",
                                      NULL};
    drop_(arena_free) struct arena *a = arena_new(4096);
    struct err e = {0};
    struct sbx_op op[32];
    enum sbx_runner r = 0;
    if (argc == 2 && strcmp(argv[1], "doctor") == 0)
        return doctor(a);
    if (argc < 5)
        return FAILED;
    while (r < SBX_RUNNER_MAX_ && strcmp(argv[1], sbx_runner_name(r)) != 0)
        r++;
    struct sbx_plan p = {.op = op, .net = strcmp(argv[2], "net") == 0, .envp = env, .log_fd = 1};
    p.argv = (const char *const *)(uintptr_t)(argv + 4);
    struct str dir = path_dir(str_of(argv[4]));
    p.n_op = r == SBX_IN_PLACE ? in_place_ops(a, argv[3], op) : mounted_ops(a, argv[3], str_c(a, dir), op);
    p.run_uid = geteuid() ? geteuid() : RUN_UID;
    p.run_gid = geteuid() ? getegid() : RUN_GID;
    if (r != SBX_IN_PLACE && sbx_ids(RUN_UID, RUN_GID, &p, &e) < 0)
        return fail(&e);
    if (give(a, argv[3], &p, r, &e) < 0)
        return fail(&e);
    return run(&p, r, a);
}
