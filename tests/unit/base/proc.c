// SPDX-License-Identifier: Apache-2.0
#include "base/proc.h"
#include "base/clock.h"
#include "base/limits.h"
#include "test.h"
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <sys/wait.h>

#define SH(script) ((const char *const[]){"sh", "-c", script, NULL})

static int shell(const char *script, struct str in, struct buf *out, struct buf *err, int *status,
                 struct err *e)
{
    const struct proc_spec s = {PROC_QUIET, .argv = SH(script), .timeout_ms = 20000};
    return proc_run(&s, in, out, err, status, e);
}

TEST(proc_run_captures_both_streams_and_the_exit_code)
{
    static const struct {
        const char *script, *in, *out, *err, *text;
    } cases[] = {
        {"echo out; echo err >&2; exit 3", "", "out\n", "err\n", "exit code 3"},
        {"cat; cat <&0 >&2", "some input", "some input", "", "exit code 0"},
        {"exit 0", "never read", "", "", "exit code 0"},
        {"kill -9 $$", "", "", "", "killed by signal 9"},
        {"cat", "", "", "", "exit code 0"},
        {"exec 1>&-; echo late >&2", "", "", "late\n", "exit code 0"},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        drop_buf struct buf out = BUF_INIT(1000);
        drop_buf struct buf err = BUF_INIT(1000);
        int status = -1;
        char text[64];
        MUST(shell(cases[i].script, str_of(cases[i].in), &out, &err, &status, &e));
        EQ_STR(buf_view(&out), cases[i].out);
        EQ_STR(buf_view(&err), cases[i].err);
        EQ_TEXT(proc_status_text(status, text, sizeof text), cases[i].text);
    }
}

TEST(proc_run_moves_more_than_a_pipe_holds)
{
    drop_free char *big = xmalloc(3 << 20);
    memset(big, 'x', 3 << 20);
    drop_buf struct buf out = BUF_INIT(LIMIT_CAPTURE);
    drop_buf struct buf err = BUF_INIT(LIMIT_CAPTURE);
    int status = -1;
    MUST(shell("tee /dev/stderr", (struct str){big, 3 << 20}, &out, &err, &status, &e));
    EQ_INT(status, 0);
    CHECK(str_eq(buf_view(&out), (struct str){big, 3 << 20}));
    CHECK(str_eq(buf_view(&err), buf_view(&out)));
}

TEST(proc_run_without_buffers_goes_to_dev_null)
{
    int status = -1;
    MUST(shell("test ! -t 1 && echo x && echo y >&2 && test /dev/null -ef /dev/stdout", STR(""), NULL, NULL,
               &status, &e));
    EQ_INT(status, 0);
}

TEST(proc_run_refuses_output_past_the_limit)
{
    drop_buf struct buf out = BUF_INIT(1000);
    int status = 77;
    REFUSED(shell("while :; do echo some words; done", STR(""), &out, NULL, &status, &e), ERR_LIMIT,
            "sh: |standard output|1000 bytes");
    EQ_INT(status, 77);
    drop_buf struct buf err = BUF_INIT(10);
    REFUSED(shell("echo more than that >&2; sleep 60", STR(""), NULL, &err, &status, &e), ERR_LIMIT,
            "standard error|10");
}

TEST(proc_run_stops_the_whole_group_in_time)
{
    drop_buf struct buf out = BUF_INIT(1000);
    int status = 77;
    struct proc_spec s = {PROC_QUIET, .argv = SH("echo begun; (sleep 0.6; : >survived) & sleep 60"),
                          .timeout_ms = 200};
    s.cwd_fd = t->dir;
    uint64_t before = clock_mono_ms();
    REFUSED(proc_run(&s, STR(""), &out, NULL, &status, &e), ERR_CANCELLED, "sh: |200 ms");
    CHECK(clock_mono_ms() - before < 20000);
    EQ_INT(status, 77);
    EQ_STR(buf_view(&out), "begun\n");
    usleep(1200000);
    EQ_INT(faccessat(t->dir, "survived", F_OK, 0), -1);
}

TEST(proc_run_ends_with_the_program_though_a_child_holds_the_pipe)
{
    drop_buf struct buf out = BUF_INIT(1000);
    int status = -1;
    uint64_t before = clock_mono_ms();
    MUST(shell("sleep 100 & echo done", STR(""), &out, NULL, &status, &e));
    EQ_STR(buf_view(&out), "done\n");
    CHECK(clock_mono_ms() - before < 50000);
}

TEST(proc_gives_only_the_named_descriptors)
{
    drop_fd int leak = dup(t->dir); // without close-on-exec, as somebody's library may open it
    drop_buf struct buf out = BUF_INIT(1000);
    int status = -1;
    MUST(shell("for f in /proc/$$/fd/*; do echo ${f##*/}; done", STR("in"), &out, NULL, &status, &e));
    // The shell may hold one of its own above 9.
    CHECK(str_has_prefix(buf_view(&out), "0\n1\n2\n"));
    drop_(arena_free) struct arena *a = arena_new(0);
    CHECK(!strstr(str_c(a, buf_view(&out)), arena_printf(a, "\n%d\n", leak)));
}

TEST(proc_starts_with_default_signals_and_no_environment)
{
    signal(SIGPIPE, SIG_IGN);
    sigset_t block;
    sigemptyset(&block);
    sigaddset(&block, SIGTERM);
    sigprocmask(SIG_BLOCK, &block, NULL);
    drop_buf struct buf out = BUF_INIT(4000);
    int status = -1;
    const char *const argv[] = {"env", NULL};
    const struct proc_spec s = {PROC_QUIET, .argv = argv};
    MUST(proc_run(&s, STR(""), &out, NULL, &status, &e));
    EQ_STR(buf_view(&out), "");
    // 32 and 33 are the C library's own: nobody can set them back.
    const char *const grep[] = {"grep", "-cE", "^Sig(Blk:.0{16}|Ign:.0{7}[01][08]0{7})$", "/proc/self/status",
                                NULL};
    const struct proc_spec g = {PROC_QUIET, .argv = grep};
    MUST(proc_run(&g, STR(""), &out, NULL, &status, &e));
    EQ_STR(buf_view(&out), "2\n");
    const char *const env[] = {"A=b c", NULL};
    const struct proc_spec w = {PROC_QUIET, .argv = argv, .envp = env};
    buf_clear(&out);
    MUST(proc_run(&w, STR(""), &out, NULL, &status, &e));
    EQ_STR(buf_view(&out), "A=b c\n");
}

TEST(proc_finds_programs_in_path_and_starts_in_cwd)
{
    test_write(t->dir, "bin/tool", "#!/bin/sh\npwd -P\n", 17);
    test_write(t->dir, "plain/tool", "x", 1);
    test_write(t->dir, "dir/tool/x", "x", 1);
    EQ_INT(fchmodat(t->dir, "bin/tool", 0755, 0), 0);
    drop_(arena_free) struct arena *a = arena_new(0);
    const char *const argv[] = {"tool", NULL};
    struct proc_spec s = {PROC_QUIET, .argv = argv};
    s.path = arena_printf(a, ":.:bin:/no/such:%s/dir:%s/plain:%s/bin", t->path, t->path, t->path);
    s.cwd_fd = t->dir;
    drop_buf struct buf out = BUF_INIT(1000);
    int status = -1;
    MUST(proc_run(&s, STR(""), &out, NULL, &status, &e));
    EQ_STR(buf_view(&out), arena_printf(a, "%s\n", t->path));
    s.path = ":.:bin:plain";
    REFUSED(proc_run(&s, STR(""), &out, NULL, &status, &e), ERR_NOT_FOUND,
            "tool: no such program in :.:bin:plain");
    const char *const relative[] = {"bin/tool", NULL};
    s.argv = relative;
    buf_clear(&out);
    MUST(proc_run(&s, STR(""), &out, NULL, &status, &e));
    EQ_STR(buf_view(&out), arena_printf(a, "%s\n", t->path));
}

TEST(proc_start_says_why_it_could_not)
{
    test_write(t->dir, "not-executable", "#!/bin/sh\n", 10);
    test_write(t->dir, "garbage", "garbage", 7);
    test_write(t->dir, "lost", "#!/no/such/interpreter\n", 23);
    EQ_INT(fchmodat(t->dir, "garbage", 0755, 0), 0);
    EQ_INT(fchmodat(t->dir, "lost", 0755, 0), 0);
    static const struct {
        const char *name;
        enum err_code code;
        const char *words;
    } cases[] = {
        {"./not-executable", ERR_DENIED, "./not-executable: start: Permission denied"},
        {"./garbage", ERR_IO, "./garbage: start: Exec format error"},
        {"./lost", ERR_NOT_FOUND, "./lost: start: No such file"},
        {"./absent", ERR_NOT_FOUND, "./absent: start: No such file"},
        {"", ERR_NOT_FOUND, "no such program"},
        {"no-such-program-anywhere", ERR_NOT_FOUND,
         "no-such-program-anywhere: no such program in /usr/sbin:"},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        const char *const argv[] = {cases[i].name, NULL};
        struct proc_spec s = {PROC_QUIET, .argv = argv};
        s.cwd_fd = t->dir;
        struct proc p = PROC_INIT;
        REFUSED(proc_start(&s, &p, &e), cases[i].code, cases[i].words);
        EQ_INT(p.pid, -1);
        EQ_INT(p.pidfd, -1);
    }
    const char *const none[] = {NULL};
    const struct proc_spec s = {PROC_QUIET, .argv = none};
    struct proc p = PROC_INIT;
    REFUSED(proc_start(&s, &p, &e), ERR_USAGE, "no program");
}

TEST(proc_start_maps_streams_that_stand_in_each_others_place)
{
    // 0 is to become 1 and 1 is to become 0: copying one over the other would lose it.
    test_write(t->dir, "in", "text", 4);
    struct err e = {0};
    int in, out;
    EQ_INT(path_open(t->dir, "in", O_RDONLY, 0, &in, &e), 0);
    EQ_INT(path_open(t->dir, "out", O_WRONLY | O_CREAT, 0644, &out, &e), 0);
    int keep0 = dup(0), keep1 = dup(1);
    EQ_INT(dup2(in, 1), 1);
    EQ_INT(dup2(out, 0), 0);
    const char *const argv[] = {"cat", NULL};
    struct proc_spec s = {.argv = argv, .cwd_fd = -1, .in = 1, .out = 0, .err = -1};
    drop_proc struct proc p = PROC_INIT;
    int status = -1, rc = proc_start(&s, &p, &e);
    if (rc == 0)
        rc = proc_wait(&p, 20000, &status, &e);
    dup2(keep0, 0);
    dup2(keep1, 1);
    EQ_INT(rc, 0);
    EQ_INT(status, 0);
    EQ_INT(p.pid, -1);
    drop_(arena_free) struct arena *a = arena_new(0);
    EQ_STR(test_read(a, t->dir, "out"), "text");
}

TEST(proc_wait_times_out_and_kills)
{
    const struct proc_spec s = {PROC_QUIET, .argv = SH("sleep 60")};
    struct proc p = PROC_INIT;
    int status = 77;
    MUST(proc_start(&s, &p, &e));
    pid_t pid = p.pid;
    EQ_INT(getpgid(pid), pid);
    REFUSED(proc_wait(&p, 50, &status, &e), ERR_CANCELLED, "50 ms");
    EQ_INT(status, 77);
    EQ_INT(p.pid, -1);
    EQ_INT(waitpid(pid, NULL, WNOHANG), -1);
    REFUSED(proc_wait(&p, 50, &status, &e), ERR_USAGE, "no program is running");
}

TEST(proc_done_reaps_and_is_harmless_otherwise)
{
    struct proc zero = {0};
    proc_done(&zero);
    pid_t pid;
    {
        const struct proc_spec s = {PROC_QUIET, .argv = SH("sleep 60")};
        drop_proc struct proc p = PROC_INIT;
        MUST(proc_start(&s, &p, &e));
        pid = p.pid;
    }
    EQ_INT(waitpid(pid, NULL, 0), -1);
    EQ_INT(errno, ECHILD);
    EQ_INT(fcntl(0, F_GETFD) < 0, 0);
}

TEST(proc_status_texts)
{
    char text[64];
    EQ_TEXT(proc_status_text(0x0f00, text, sizeof text), "exit code 15");
    EQ_TEXT(proc_status_text(11 | 0x80, text, sizeof text), "killed by signal 11, core dumped");
    EQ_TEXT(proc_status_text(0x137f, text, sizeof text), "stopped, status 0x137f");
}

TEST(proc_run_knows_the_end_where_sigchld_was_ignored)
{
    int status = 0;
    CHECK(signal(SIGCHLD, SIG_IGN) != SIG_ERR);
    MUST(shell("exit 3", STR(""), NULL, NULL, &status, &e));
    CHECK(WIFEXITED(status));
    EQ_INT(WEXITSTATUS(status), 3);
}

TEST(proc_run_ends_when_it_is_stopped)
{
    int ends[2], status = 77;
    struct proc_spec s = {PROC_QUIET, .argv = SH("sleep 50 & sleep 50"), .stop = &ends[0]};
    CHECK(pipe(ends) == 0);
    CHECK(write(ends[1], "x", 1) == 1);
    uint64_t start = clock_mono_ms();
    REFUSED(proc_run(&s, STR(""), NULL, NULL, &status, &e), ERR_CANCELLED, "stopped");
    CHECK(clock_mono_ms() - start < 20000);
    EQ_INT(status, 77);
}
