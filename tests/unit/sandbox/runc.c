// SPDX-License-Identifier: Apache-2.0
// What only the runc runner has: a bundle on disk, a program of another's, signals that a pid 1 does not hear.
#include "scene.h"
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/mount.h>
#include <sys/wait.h>

static bool runc_works(struct arena *a)
{
    return works(a, SBX_RUNC) && geteuid() == 0;
}

static void wait_up(struct test *t, struct arena *a)
{
    for (int k = 0; k < 400 && test_read(a, t->dir, "log/text").n < 3; k++)
        (void)usleep(20000);
}

// The first process of a container hears no signal that it does nothing about: it is ended in the signal's name.
TEST(a_signal_with_runc_is_the_program_s)
{
    drop_(arena_free) struct arena *a = arena_new(4096);
    static const struct {
        const char *script;
        int first, exit, ended_by;
    } cases[] = {
        {"echo up; exec sleep 50", 0, 0, SIGTERM},
        {"echo up; exec sleep 50", SIGWINCH, 0, SIGINT},
        {"trap 'exit 9' TERM INT; echo up; while :; do sleep 0.05; done", 0, 9, 0},
        {"trap '' TERM; echo up; sleep 1; exit 7", SIGTERM, 7, 0},
    };
    for (size_t i = 0; i < COUNT(cases) && runc_works(a); i++) {
        drop_sbx struct sbx s = SBX_INIT;
        struct scene c;
        int status, last = cases[i].ended_by ? cases[i].ended_by : SIGTERM;
        scene(t, a, cases[i].script, &c);
        CHECK(ftruncate(c.p.log_fd, 0) == 0);
        c.p.n_op = SCENE_OPS;
        MUST(sbx_start(&c.p, SBX_RUNC, a, &s, &e));
        wait_up(t, a);
        sbx_signal(&s, cases[i].first);
        sbx_signal(&s, last);
        MUST(sbx_wait(&s, 10000, &status, &e));
        if (cases[i].ended_by)
            CHECK_MSG(WIFSIGNALED(status) && WTERMSIG(status) == last, "case %zu: %x", i, (unsigned)status);
        else
            CHECK_MSG(WIFEXITED(status) && WEXITSTATUS(status) == cases[i].exit, "case %zu: %x", i,
                      (unsigned)status);
        (void)close(c.p.log_fd);
    }
}

// Whenever it comes: runc may still be about to go.
TEST(a_signal_with_runc_may_come_early)
{
    drop_(arena_free) struct arena *a = arena_new(4096);
    for (useconds_t i = 0; i < 4 && runc_works(a); i++) {
        drop_sbx struct sbx s = SBX_INIT;
        struct scene c;
        int status;
        scene(t, a, "exec sleep 50", &c);
        c.p.n_op = SCENE_OPS;
        MUST(sbx_start(&c.p, SBX_RUNC, a, &s, &e));
        (void)usleep(i * 15000);
        sbx_signal(&s, SIGTERM);
        MUST(sbx_wait(&s, 10000, &status, &e));
        CHECK_MSG(WIFSIGNALED(status) && WTERMSIG(status) == SIGTERM, "after %u us: %x", i * 15000,
                  (unsigned)status);
        (void)close(c.p.log_fd);
    }
}

// Its environment is for nobody else on this machine.
TEST(a_bundle_is_closed)
{
    drop_(arena_free) struct arena *a = arena_new(4096);
    static const char *const files[] = {"config.json", "log"};
    drop_sbx struct sbx s = SBX_INIT;
    struct scene c;
    struct stat st;
    int status;
    uint32_t gid;
    if (!runc_works(a))
        return;
    scene(t, a, "echo up; exec sleep 50", &c);
    c.p.n_op = SCENE_OPS;
    MUST(sbx_start(&c.p, SBX_RUNC, a, &s, &e));
    CHECK(sbx_outside(c.p.gid, 0, &gid) && stat(s.bundle, &st) == 0);
    EQ_UINT(st.st_mode & 07777, 0710);
    EQ_UINT(st.st_uid, 0);
    EQ_UINT(st.st_gid, gid);
    for (size_t i = 0; i < COUNT(files); i++) {
        CHECK(stat(arena_printf(a, "%s/%s", s.bundle, files[i]), &st) == 0);
        EQ_UINT(st.st_mode & 07777, 0600);
    }
    sbx_kill(&s);
    REFUSED(sbx_wait(&s, 0, &status, &e), ERR_CANCELLED, "stopped");
    (void)close(c.p.log_fd);
}

// In a mount namespace of its own, where runc lies in the last directory that is looked into.
static int look_elsewhere(struct arena *a, const char *runc)
{
    struct sbx_state state[SBX_RUNNER_MAX_];
    drop_fd int fd = -1;
    if (unshare(CLONE_NEWNS) < 0 || mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0 ||
        mount("tmpfs", "/usr/local/sbin", "tmpfs", 0, NULL) < 0)
        return 2;
    fd = open("/usr/local/sbin/runc", O_CREAT | O_WRONLY | O_CLOEXEC, 0755);
    if (fd < 0 || mount(runc, "/usr/local/sbin/runc", NULL, MS_BIND, NULL) < 0 ||
        mount("/dev/null", runc, NULL, MS_BIND, NULL) < 0 || access("/usr/bin/runc", X_OK) == 0)
        return 3;
    sbx_doctor(a, state);
    return state[SBX_RUNC].works ? 0 : 4;
}

TEST(runc_is_found_where_runs_find_it)
{
    drop_(arena_free) struct arena *a = arena_new(4096);
    drop_free char *runc = realpath("/usr/sbin/runc", NULL);
    int status;
    if (!runc_works(a))
        return;
    if (!runc || access("/usr/local/sbin", F_OK) < 0)
        SKIP("runc is not where Debian has it");
    pid_t pid = fork();
    if (pid == 0)
        _exit(look_elsewhere(a, runc));
    CHECK(waitpid(pid, &status, 0) == pid && WIFEXITED(status));
    EQ_INT(WEXITSTATUS(status), 0);
}
