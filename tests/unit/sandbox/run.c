// SPDX-License-Identifier: Apache-2.0
// Whole sandboxes, with whatever rights the test was started with.
#include "base/dir.h"
#include "base/file.h"
#include "scene.h"
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/seccomp.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>

TEST(output_status_and_changes_come_out)
{
    drop_(arena_free) struct arena *a = arena_new(4096);
    drop_sbx struct sbx s = SBX_INIT;
    struct scene c;
    int status;
    if (!works(a, SBX_NAMESPACES))
        return;
    scene(t, a, "id -u; id -g; umask; cat /layers/old; echo new >/layers/new; rm /layers/old; exit 7", &c);
    MUST(sbx_start(&c.p, SBX_NAMESPACES, a, &s, &e));
    EQ_UINT(s.n_out, 1);
    MUST(sbx_wait(&s, 20000, &status, &e));
    CHECK(WIFEXITED(status));
    EQ_INT(WEXITSTATUS(status), 7);
    EQ_STR(test_read(a, t->dir, "log/text"), "1002\n1000\n0022\nold");
    // The merged directory is there after the end, for us to read only.
    struct strv names = {0};
    MUST(dir_names(a, s.out_fd[0], ".", 10, &names, &e));
    EQ_UINT(names.n, 1);
    EQ_STR(test_read(a, s.out_fd[0], "new"), "new\n");
    CHECK(openat(s.out_fd[0], "mine", O_CREAT | O_WRONLY, 0600) < 0 && errno == EROFS);
    EQ_STR(test_read(a, t->dir, "lower/old"), "old");
}

TEST(signals_are_told)
{
    drop_(arena_free) struct arena *a = arena_new(4096);
    drop_sbx struct sbx s = SBX_INIT;
    struct scene c;
    int status;
    if (!works(a, SBX_NAMESPACES))
        return;
    scene(t, a, "kill -9 $$", &c);
    MUST(sbx_start(&c.p, SBX_NAMESPACES, a, &s, &e));
    MUST(sbx_wait(&s, 20000, &status, &e));
    CHECK(WIFSIGNALED(status));
    EQ_INT(WTERMSIG(status), SIGKILL);
}

// What runs inside is reached through a socket that is made there, and only so.
TEST(a_socket_of_its_network)
{
    static const char server[] =
        "use IO::Socket::INET; my $s = IO::Socket::INET->new(LocalAddr => '127.0.0.1', LocalPort => 4711, "
        "Listen "
        "=> 1); print \"up\\n\"; $|++; my $c = $s->accept; print $c \"from inside\\n\"; close $c; exit 5";
    drop_(arena_free) struct arena *a = arena_new(4096);
    drop_sbx struct sbx s = SBX_INIT;
    struct sockaddr_in at = {
        .sin_family = AF_INET, .sin_port = htons(4711), .sin_addr = {.s_addr = htonl(INADDR_LOOPBACK)}};
    struct scene c;
    char text[32] = "";
    int status, fd = -1, connected = -1;
    if (!works(a, SBX_NAMESPACES))
        return;
    scene(t, a, arena_printf(a, "exec perl -e '%s'", "eval $ENV{SERVER}"), &c);
    const char *const with[] = {scene_env[0], scene_env[1], arena_printf(a, "SERVER=%s", server), NULL};
    c.p.envp = with;
    MUST(sbx_start(&c.p, SBX_NAMESPACES, a, &s, &e));
    for (int i = 0; i < 400 && connected < 0; i++) {
        MUST(sbx_socket(&s, i % 2, &fd, &e));
        if (i % 2 == 0)
            connected = connect(fd, (struct sockaddr *)&at, sizeof at);
        if (connected < 0 && errno == EINPROGRESS)
            connected = 0;
        struct pollfd p = {.fd = fd, .events = POLLIN};
        if (connected == 0 && !(poll(&p, 1, 5000) == 1 && recv(fd, text, sizeof text - 1, 0) > 0))
            connected = -1;
        (void)close(fd);
        (void)usleep(20000);
    }
    EQ_TEXT(text, "from inside\n");
    MUST(sbx_wait(&s, 20000, &status, &e));
    EQ_INT(WEXITSTATUS(status), 5);
    REFUSED(sbx_socket(&s, false, &fd, &e), ERR_USAGE, "running sandbox");
}

TEST(a_signal_is_the_program_s_to_take)
{
    drop_(arena_free) struct arena *a = arena_new(4096);
    drop_sbx struct sbx s = SBX_INIT;
    struct scene c;
    int status;
    if (!works(a, SBX_NAMESPACES))
        return;
    scene(t, a, "trap 'exit 9' TERM; echo up; while :; do sleep 0.05; done", &c);
    MUST(sbx_start(&c.p, SBX_NAMESPACES, a, &s, &e));
    for (int i = 0; i < 400 && test_read(a, t->dir, "log/text").n < 3; i++)
        (void)usleep(20000);
    sbx_signal(&s, SIGTERM);
    MUST(sbx_wait(&s, 20000, &status, &e));
    CHECK(WIFEXITED(status));
    EQ_INT(WEXITSTATUS(status), 9);
    sbx_signal(&s, SIGTERM); // nobody is there
}

// Asked while it ends: the end is told all the same.
TEST(a_socket_of_what_just_ended)
{
    drop_(arena_free) struct arena *a = arena_new(4096);
    if (!works(a, SBX_NAMESPACES))
        return;
    for (int i = 0; i < 20; i++) {
        drop_sbx struct sbx s = SBX_INIT;
        struct err why = {0};
        struct scene c;
        int status, fd = -1;
        scene(t, a, "exit 7", &c);
        MUST(sbx_start(&c.p, SBX_NAMESPACES, a, &s, &e));
        (void)usleep((useconds_t)i * 500);
        while (sbx_socket(&s, false, &fd, &why) == 0)
            (void)close(fd);
        EQ_INT(why.code, ERR_NOT_FOUND);
        MUST(sbx_wait(&s, 20000, &status, &e));
        EQ_INT(WEXITSTATUS(status), 7);
    }
}

TEST(what_takes_too_long_is_ended)
{
    drop_(arena_free) struct arena *a = arena_new(4096);
    const enum sbx_runner runner[] = {SBX_NAMESPACES, SBX_RUNC, SBX_IN_PLACE};
    for (size_t i = 0; i < COUNT(runner); i++) {
        static const char *const argv[] = {"/bin/sh", "-c", "sleep 50 & sleep 50", NULL};
        drop_sbx struct sbx s = SBX_INIT;
        struct sbx_plan in_place = {
            .argv = argv, .envp = scene_env, .run_uid = geteuid(), .run_gid = getegid(), .log_fd = -1};
        struct scene c;
        int status = 77;
        if (!works(a, runner[i]))
            continue;
        if (runner[i] != SBX_IN_PLACE)
            scene(t, a, argv[2], &c);
        if (runner[i] == SBX_RUNC)
            c.p.n_op = 8; // it does not hand out an overlay
        const struct sbx_plan *p = runner[i] != SBX_IN_PLACE ? &c.p : &in_place;
        MUST(sbx_start(p, runner[i], a, &s, &e));
        REFUSED(sbx_wait(&s, 100, &status, &e), ERR_CANCELLED, "stopped after 100 ms");
        EQ_INT(status, 77);
        REFUSED(sbx_wait(&s, 100, &status, &e), ERR_USAGE, "no sandbox is running");
    }
}

static size_t open_files(struct arena *a)
{
    struct strv names = {0};
    drop_fd int fd = -1;
    MUST(path_open_host("/proc/self/fd", O_RDONLY | O_DIRECTORY, 0, &fd, &e));
    MUST(dir_names(a, fd, ".", 1000, &names, &e));
    return names.n;
}

// Each failure names its operation, and leaves neither a process nor a descriptor.
TEST(failures_say_where)
{
    drop_(arena_free) struct arena *a = arena_new(4096);
    struct scene c;
    if (!works(a, SBX_NAMESPACES))
        return;
    scene(t, a, "true", &c);
    const char *trap = arena_printf(a, "%s/trap", t->path);
    CHECK(symlinkat("/sys/kernel", t->dir, "trap") == 0);
    const struct {
        struct sbx_op op;
        const char *program, *cwd, *words;
    } cases[] = {
        {{.kind = SBX_LINK, .dst = "/ok", .src = "x"}, "/nowhere", "/", "/nowhere"},
        {{.kind = SBX_LINK, .dst = "/ok", .src = "x"}, "/bin/sh", "/nowhere", "working directory /nowhere"},
        {{.kind = SBX_BIND, .dst = "/b", .src = "/nowhere"}, "/bin/sh", "/", "bind at /b|/nowhere"},
        {{.kind = SBX_BIND_RO, .dst = "/b", .src = trap}, "/bin/sh", "/", "the host's /sys"},
        {{.kind = SBX_LINK, .dst = "/bin", .src = "x"},
         "/bin/sh",
         "/",
         "link at /bin|mount point|File exists"},
        {{.kind = SBX_TMPFS, .dst = "/usr/nowhere/x"}, "/bin/sh", "/", "tmpfs at /usr/nowhere/x|mount point"},
        {{.kind = SBX_HAND_OUT, .dst = "/nowhere"}, "/bin/sh", "/", "hand out at /nowhere"},
    };
    size_t before = open_files(a), n = c.p.n_op++;
    for (size_t i = 0; i < COUNT(cases); i++) {
        drop_sbx struct sbx s = SBX_INIT;
        c.op[n] = cases[i].op;
        c.argv[0] = cases[i].program;
        c.p.cwd = cases[i].cwd;
        struct err got = {0};
        char why[1024];
        int rc = sbx_start(&c.p, SBX_NAMESPACES, a, &s, &got);
        CHECK_MSG(test_refused(rc, &got, got.code, cases[i].words, why, sizeof why), "case %zu: %s", i, why);
        CHECK(s.pid == -1 && s.pidfd == -1);
        EQ_UINT(open_files(a), before);
    }
    CHECK(waitpid(-1, NULL, WNOHANG) < 0 && errno == ECHILD);
}

// Links of an image lead nowhere but into the new root.
TEST(links_of_an_image_do_not_lead_out)
{
    drop_(arena_free) struct arena *a = arena_new(4096);
    drop_sbx struct sbx s = SBX_INIT;
    struct scene c;
    int status;
    if (!works(a, SBX_NAMESPACES))
        return;
    scene(t, a, "echo x >/trap/in/file; cat /etc/made/in/file", &c);
    CHECK(mkdirat(t->dir, "host", 0777) == 0 && mkdirat(t->dir, "image", 0755) == 0 &&
          mkdirat(t->dir, "image/etc", 0755) == 0);
    CHECK(symlinkat("/etc/made", t->dir, "image/trap") == 0);
    c.op[0] = (struct sbx_op){.kind = SBX_OVERLAY, .dst = "/", .own = true};
    strv_add(a, &c.op[0].lower, str_of(arena_printf(a, "%s/image", t->path)));
    c.op[c.p.n_op++] = (struct sbx_op){.kind = SBX_TMPFS, .dst = "/trap/in", .mode = 0777};
    // The link is dangling in the image: it is not followed to the host's /etc, whatever is there.
    CHECK(sbx_start(&c.p, SBX_NAMESPACES, a, &s, NULL) < 0);
    CHECK(faccessat(AT_FDCWD, "/etc/made", F_OK, 0) < 0);
    CHECK(mkdirat(t->dir, "image/etc/made", 0755) == 0);
    MUST(sbx_start(&c.p, SBX_NAMESPACES, a, &s, &e));
    MUST(sbx_wait(&s, 20000, &status, &e));
    EQ_INT(status, 0);
    EQ_STR(test_read(a, t->dir, "log/text"), "x\n");
    CHECK(faccessat(AT_FDCWD, "/etc/made", F_OK, 0) < 0);
}

// The kernel's links to open files and to other roots are no links of the image: through one that the runner still held
// open, the host would be the working directory, or the program.
TEST(links_to_open_files_do_not_lead_out)
{
    drop_(arena_free) struct arena *a = arena_new(4096);
    struct scene c;
    if (!works(a, SBX_NAMESPACES))
        return;
    scene(t, a, "true", &c);
    test_write(t->dir, "lower/tool", "#!/bin/sh\n", 10);
    CHECK(fchmodat(t->dir, "lower/tool", 0755, 0) == 0);
    size_t n = c.p.n_op++;
    c.op[n] = (struct sbx_op){.kind = SBX_LINK, .dst = "/out"};
    for (int fd = 0; fd < 32; fd++) {
        drop_sbx struct sbx s = SBX_INIT;
        c.op[n].src = arena_printf(a, "/proc/self/fd/%d", fd);
        c.argv[0] = "/bin/sh";
        c.p.cwd = "/out";
        REFUSED(sbx_start(&c.p, SBX_NAMESPACES, a, &s, &e), e.code, "working directory /out");
        c.argv[0] = "/out/tool";
        c.p.cwd = "/";
        REFUSED(sbx_start(&c.p, SBX_NAMESPACES, a, &s, &e), e.code, "sandbox: /out/tool");
    }
}

// Who started a sandbox is killed: nothing of it is left.
TEST(it_dies_with_us)
{
    drop_(arena_free) struct arena *a = arena_new(4096);
    const enum sbx_runner runner[] = {SBX_NAMESPACES, SBX_RUNC, SBX_IN_PLACE};
    CHECK(prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0) == 0);
    for (size_t i = 0; i < COUNT(runner); i++) {
        static const char *const argv[] = {"/bin/sh", "-c", "(sleep 40 >&3) & sleep 40 >&3", NULL};
        char open_to_all[] = "/tmp/test-bundle.XXXXXX";
        int alive[2];
        struct scene c;
        if (!works(a, runner[i]))
            continue;
        CHECK(pipe2(alive, O_CLOEXEC) == 0);
        if (runner[i] != SBX_IN_PLACE)
            scene(t, a, argv[2], &c);
        else
            c.p = (struct sbx_plan){
                .argv = argv, .envp = scene_env, .run_uid = geteuid(), .run_gid = getegid(), .log_fd = -1};
        if (runner[i] == SBX_RUNC) {
            CHECK(mkdtemp(open_to_all) && chmod(open_to_all, 0755) == 0);
            c.p.n_op = 8;
            c.p.tmp = open_to_all; // its bundle stays behind
        }
        c.p.keep_fd = &alive[1];
        c.p.n_keep = 1;
        pid_t pid = fork();
        if (pid == 0) {
            struct sbx s = SBX_INIT;
            _exit(sbx_start(&c.p, runner[i], a, &s, NULL) < 0 ? 1 : (raise(SIGKILL), 2));
        }
        int status;
        char byte;
        CHECK(waitpid(pid, &status, 0) == pid && WIFSIGNALED(status));
        (void)close(alive[1]);
        CHECK(read(alive[0], &byte, 1) == 0); // every holder of the other end is gone
        (void)close(alive[0]);
        while (waitpid(-1, NULL, 0) > 0) // its init, which has come to us
            ;
        if (runner[i] == SBX_RUNC)
            MUST(tree_remove(AT_FDCWD, open_to_all, &e));
    }
}

TEST(an_overlay_of_500_lower_directories)
{
    drop_(arena_free) struct arena *a = arena_new(4096);
    drop_sbx struct sbx s = SBX_INIT;
    struct scene c;
    int status;
    if (!works(a, SBX_NAMESPACES))
        return;
    scene(t, a, "cat /layers/0 /layers/249 /layers/499; ls /layers | wc -l", &c);
    c.op[7].lower = (struct strv){0};
    for (int i = 0; i < SBX_LOWER_MAX; i++) {
        test_write(t->dir, arena_printf(a, "tree/%d/%d", i, i), "x", 1);
        strv_add(a, &c.op[7].lower, str_of(arena_printf(a, "%s/tree/%d", t->path, i)));
    }
    MUST(sbx_start(&c.p, SBX_NAMESPACES, a, &s, &e));
    MUST(sbx_wait(&s, 20000, &status, &e));
    EQ_INT(status, 0);
    EQ_STR(test_read(a, t->dir, "log/text"), "xxx500\n");
}

// A plan's own filter comes on top.
TEST(a_filter_of_the_plan_is_used)
{
    struct sock_filter code[] = {{BPF_LD | BPF_W | BPF_ABS, 0, 0, 0},
                                 {BPF_JMP | BPF_JEQ | BPF_K, 0, 1, SYS_fchownat},
                                 {BPF_RET | BPF_K, 0, 0, SECCOMP_RET_ERRNO},
                                 {BPF_RET | BPF_K, 0, 0, SECCOMP_RET_ALLOW}};
    const struct sock_fprog filter = {COUNT(code), code};
    drop_(arena_free) struct arena *a = arena_new(4096);
    drop_sbx struct sbx s = SBX_INIT;
    struct scene c;
    int status;
    if (!works(a, SBX_NAMESPACES))
        return;
    scene(t, a, "touch /layers/f && chown 55:66 /layers/f", &c);
    c.p.filter = &filter;
    MUST(sbx_start(&c.p, SBX_NAMESPACES, a, &s, &e));
    MUST(sbx_wait(&s, 20000, &status, &e));
    EQ_INT(status, 0);
}

TEST(limits_hold)
{
    drop_(arena_free) struct arena *a = arena_new(4096);
    drop_sbx struct sbx s = SBX_INIT;
    struct scene c;
    int status;
    if (!works(a, SBX_NAMESPACES))
        return;
    scene(t, a, "ulimit -n; ulimit -c; head -c 9000 /dev/zero >/layers/big", &c);
    c.p.max_files = 50;
    c.p.max_file_size = 8192;
    MUST(sbx_start(&c.p, SBX_NAMESPACES, a, &s, &e));
    MUST(sbx_wait(&s, 20000, &status, &e));
    CHECK(status != 0);
    struct str log = test_read(a, t->dir, "log/text");
    CHECK_MSG(str_has_prefix(log, "50\n0\n"), PRI_STR, STR_ARG(log));
}

TEST(every_runner_is_explained)
{
    drop_(arena_free) struct arena *a = arena_new(4096);
    struct sbx_state state[SBX_RUNNER_MAX_];
    sbx_doctor(a, state);
    for (int r = 0; r < SBX_RUNNER_MAX_; r++) {
        EQ_INT(state[r].runner, r);
        CHECK(state[r].works ? !state[r].why.n : state[r].why.n && state[r].enable.n);
    }
    CHECK(state[SBX_IN_PLACE].works);
}
