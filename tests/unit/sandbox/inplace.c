// SPDX-License-Identifier: Apache-2.0
// The in-place runner, also where the kernel or a container's profile refuses a call to it.
#include "base/clock.h"
#include "sandbox/priv.h"
#include "scene.h"
#include <errno.h>
#include <fcntl.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>

static struct sbx_plan in_place(const char *const *argv)
{
    return (struct sbx_plan){
        .argv = argv, .envp = scene_env, .run_uid = geteuid(), .run_gid = getegid(), .log_fd = -1};
}

// From here on `call` answers `error` in this process, if its argument is this value.
static bool refuse(unsigned call, unsigned arg, uint32_t value, unsigned error)
{
    struct sock_filter code[] = {
        {BPF_LD | BPF_W | BPF_ABS, 0, 0, offsetof(struct seccomp_data, nr)},
        {BPF_JMP | BPF_JEQ | BPF_K, 0, 3, call},
        {BPF_LD | BPF_W | BPF_ABS, 0, 0,
         (uint32_t)(offsetof(struct seccomp_data, args) + arg * sizeof(uint64_t))},
        {BPF_JMP | BPF_JEQ | BPF_K, 0, 1, value},
        {BPF_RET | BPF_K, 0, 0, SECCOMP_RET_ERRNO | error},
        {BPF_RET | BPF_K, 0, 0, SECCOMP_RET_ALLOW},
    };
    const struct sock_fprog filter = {COUNT(code), code};
    return prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 &&
           prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &filter, 0, 0) == 0;
}

// Linux 5.10 and older have close_range without this flag.
TEST(a_kernel_without_close_on_exec_for_ranges)
{
    enum { CLOSE_ON_EXEC = 4 };
    static const char *const argv[] = {"/bin/sh", "-c", "exit 5", NULL};
    drop_(arena_free) struct arena *a = arena_new(4096);
    const struct sbx_plan p = in_place(argv);
    drop_sbx struct sbx s = SBX_INIT;
    int status;
    CHECK(refuse(SYS_close_range, 2, CLOSE_ON_EXEC, EINVAL));
    MUST(sbx_start(&p, SBX_IN_PLACE, a, &s, &e));
    MUST(sbx_wait(&s, 20000, &status, &e));
    EQ_INT(WEXITSTATUS(status), 5);
}

// The init is there already when its pidfd is not to be had: nothing stays, and nobody waits for what would not end.
TEST(a_start_that_fails_late_leaves_nothing)
{
    static const char *const argv[] = {"/bin/sh", "-c", "exec sleep 50", NULL};
    drop_(arena_free) struct arena *a = arena_new(4096);
    const struct sbx_plan p = in_place(argv);
    drop_sbx struct sbx s = SBX_INIT;
    uint64_t begin = clock_mono_ms();
    CHECK(refuse(SYS_pidfd_open, 1, 0, EPERM));
    REFUSED(sbx_start(&p, SBX_IN_PLACE, a, &s, &e), ERR_DENIED, "pidfd");
    CHECK(clock_mono_ms() - begin < 25000); // the program was ended, not waited for
    CHECK(waitpid(-1, NULL, WNOHANG) < 0 && errno == ECHILD);
}

TEST(doctor_tries_it)
{
    drop_(arena_free) struct arena *a = arena_new(4096);
    struct sbx_state state[SBX_RUNNER_MAX_];
    CHECK(refuse(SYS_pidfd_open, 1, 0, EPERM));
    sbx_doctor(a, state);
    CHECK(!state[SBX_IN_PLACE].works && state[SBX_IN_PLACE].why.n && state[SBX_IN_PLACE].enable.n);
    EQ_INT(prctl(PR_GET_DUMPABLE, 0, 0, 0, 0), 1);
}

// What is hidden is hidden under every name.
TEST(a_link_to_what_is_hidden)
{
    drop_(arena_free) struct arena *a = arena_new(4096);
    const char *script =
        arena_printf(a, "cat %s/real/open/f && ! cat %s/real/secret/f && ! cat %s/run/secret/f", t->path,
                     t->path, t->path);
    const char *const argv[] = {"/bin/sh", "-c", script, NULL};
    struct sbx_op op[] = {{.kind = SBX_HIDE, .dst = arena_printf(a, "%s/run/secret", t->path)},
                          {.kind = SBX_HIDE, .dst = arena_printf(a, "%s/nowhere", t->path)}};
    struct sbx_plan p = in_place(argv);
    drop_sbx struct sbx s = SBX_INIT;
    int status;
    if (landlock_abi() < 2)
        SKIP("this kernel has no Landlock");
    test_write(t->dir, "real/secret/f", "x", 1);
    test_write(t->dir, "real/open/f", "x", 1);
    CHECK(symlinkat("real", t->dir, "run") == 0);
    p.op = op;
    p.n_op = COUNT(op);
    MUST(sbx_start(&p, SBX_IN_PLACE, a, &s, &e));
    MUST(sbx_wait(&s, 20000, &status, &e));
    EQ_INT(status, 0);
}

TEST(a_size_that_is_not_kept_is_named)
{
    static const char *const argv[] = {"/bin/true", NULL};
    drop_(arena_free) struct arena *a = arena_new(4096);
    const struct sbx_op op = {.kind = SBX_TMPFS, .dst = "/tmp", .mode = 01777, .size = 4096};
    struct sbx_plan p = in_place(argv);
    struct strv missing = {0};
    p.op = &op;
    p.n_op = 1;
    inplace_missing(&p, a, &missing);
    size_t named = 0;
    for (size_t i = 0; i < missing.n; i++)
        named += str_has_prefix(missing.v[i], "size: ");
    EQ_UINT(named, 1);
}
