// SPDX-License-Identifier: Apache-2.0
#include "scene.h"
#include <fcntl.h>

const char *const scene_env[] = {"PATH=/usr/bin:/bin", "ASAN_OPTIONS=detect_leaks=0", NULL};

void scene(struct test *t, struct arena *a, const char *script, struct scene *s)
{
    size_t n = 0;
    *s = (struct scene){.argv = {"/bin/sh", "-c", script}};
    s->op[n++] = (struct sbx_op){.kind = SBX_TMPFS, .dst = "/", .mode = 0755};
    s->op[n++] = (struct sbx_op){.kind = SBX_BIND_RO, .dst = "/usr", .src = "/usr"};
    s->op[n++] = (struct sbx_op){.kind = SBX_LINK, .dst = "/bin", .src = "usr/bin"};
    s->op[n++] = (struct sbx_op){.kind = SBX_LINK, .dst = "/lib", .src = "usr/lib"};
    s->op[n++] = (struct sbx_op){.kind = SBX_LINK, .dst = "/lib64", .src = "usr/lib64"};
    s->op[n++] = (struct sbx_op){.kind = SBX_PROC, .dst = "/proc"};
    s->op[n++] = (struct sbx_op){.kind = SBX_DEV, .dst = "/dev"};
    s->op[n++] = (struct sbx_op){.kind = SBX_OVERLAY, .dst = "/layers", .own = true};
    s->op[n++] = (struct sbx_op){.kind = SBX_HAND_OUT, .dst = "/layers"};
    MUST(path_mkdirs(t->dir, "lower", 0755, &e));
    MUST(path_mkdirs(t->dir, "log", 0755, &e));
    test_write(t->dir, "lower/old", "old", 3);
    strv_add(a, &s->op[7].lower, str_of(arena_printf(a, "%s/lower", t->path)));
    s->p = (struct sbx_plan){.op = s->op, .n_op = n, .argv = s->argv, .envp = scene_env};
    s->p.log_fd = openat(t->dir, "log/text", O_CREAT | O_RDWR | O_CLOEXEC, 0644);
    MUST(sbx_ids(1002, 1000, &s->p, &e));
}

bool works(struct arena *a, enum sbx_runner r)
{
    struct sbx_state state[SBX_RUNNER_MAX_];
    sbx_doctor(a, state);
    // A user cannot have runc, and then that is no skip: unit/sandbox/plan.c has the refusal.
    if (!state[r].works && (r != SBX_RUNC || geteuid() == 0))
        test_skip(arena_printf(a, "%s: " PRI_STR, sbx_runner_name(r), STR_ARG(state[r].why)));
    return state[r].works;
}

int scene_run(struct arena *a, const struct scene *s, enum sbx_runner r)
{
    drop_sbx struct sbx box = SBX_INIT;
    int status = -1;
    MUST(sbx_start(&s->p, r, a, &box, &e));
    MUST(sbx_wait(&box, 20000, &status, &e));
    return status;
}
