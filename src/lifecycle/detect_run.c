// SPDX-License-Identifier: Apache-2.0
#include "lifecycle/detect_run.h"
#include "base/file.h"
#include "base/limits.h"
#include "base/proc.h"
#include "cnb/api.h"
#include "cnb/env.h"
#include "document/toml.h"
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <sys/wait.h>

enum { AT_ONCE = 16, OUTPUT_MAX = 1 << 20 };

// One bin/detect on its way.
struct job {
    struct detect_run *run;
    struct proc proc;
    int out; // read end
    struct buf text;
    const char *plan;
};

static int job_start(struct arena *a, struct lc_context *cx, struct job *j, size_t number, struct err *e)
{
    const struct lc_buildpack *bp = j->run->bp;
    struct strmap base = {0}, env;
    lc_base_env(a, cx, &base);
    j->plan = arena_printf(a, "%s/plan-%zu.toml", cx->temp_dir, number);
    drop_fd int fd = -1, app = -1, to = -1;
    if (path_open_host(j->plan, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW, 0600, &fd, e) < 0 ||
        path_open_host(cx->app_dir, O_RDONLY | O_DIRECTORY, 0, &app, e) < 0 ||
        lc_buildpack_env(a, cx, bp, &base, &env, e) < 0)
        return -1;
    if (bp->desc.api >= API(0, 8))
        strmap_set(a, &env, STR("CNB_BUILD_PLAN_PATH"), str_of(j->plan));
    int ends[2];
    if (pipe2(ends, O_CLOEXEC) < 0)
        return err_sys(e, "pipe");
    j->out = ends[0];
    to = ends[1];
    (void)fcntl(j->out, F_SETFL, O_NONBLOCK);
    const char *const argv[] = {arena_printf(a, "%s/bin/detect", bp->root), cx->platform_dir, j->plan, NULL};
    struct proc_spec spec = {
        .argv = argv, .envp = env_vector(a, &env), .cwd_fd = app, .in = -1, .out = to, .err = to};
    return proc_start(&spec, &j->proc, e) < 0 ? lc_not_started(argv[0], e) : 0;
}

static bool job_read(struct job *j)
{
    char chunk[8192];
    for (;;) {
        ssize_t n = read(j->out, chunk, sizeof chunk);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0 && errno == EAGAIN)
            return true;
        if (n <= 0)
            return false;
        size_t left = j->text.max - j->text.n; // past the limit it is read and thrown away
        buf_add(&j->text, chunk, (size_t)n < left ? (size_t)n : left);
    }
}

// Reads all outputs until every program has ended; what a left-behind child still holds open does not count.
static int jobs_pump(struct job *jobs, size_t n, struct err *e)
{
    struct pollfd p[AT_ONCE * 2];
    bool ended[AT_ONCE] = {0}, shut[AT_ONCE] = {0};
    for (size_t left = n; left;) {
        for (size_t i = 0; i < n; i++) {
            p[2 * i] = (struct pollfd){.fd = shut[i] || ended[i] ? -1 : jobs[i].out, .events = POLLIN};
            p[2 * i + 1] = (struct pollfd){.fd = ended[i] ? -1 : jobs[i].proc.pidfd, .events = POLLIN};
        }
        if (poll(p, 2 * n, -1) < 0 && errno != EINTR)
            return err_sys(e, "bin/detect");
        for (size_t i = 0; i < n; i++) {
            if (p[2 * i].revents && !job_read(&jobs[i]))
                shut[i] = true;
            if (p[2 * i + 1].revents) {
                (void)job_read(&jobs[i]);
                ended[i] = true;
                left--;
            }
        }
    }
    return 0;
}

static void problem(struct arena *a, struct detect_run *r, const struct err *e)
{
    char text[640];
    r->status = DETECT_ERR;
    r->problem = str_dup(a, str_of(err_text(e, text, sizeof text)));
}

static int read_plan(struct arena *a, struct job *j, struct err *e)
{
    struct val *doc;
    if (lc_read_toml(a, AT_FDCWD, j->plan, &doc, e) < 0)
        return -1;
    return plan_sections_read(a, doc, "plan.toml", false, &j->run->sections, e);
}

static int job_end(struct arena *a, struct job *j, struct err *e)
{
    struct detect_run *r = j->run;
    int status;
    if (proc_wait(&j->proc, 0, &status, e) < 0)
        return -1;
    r->output = str_dup(a, buf_view(&j->text));
    r->code = WIFEXITED(status) ? WEXITSTATUS(status) : -1;
    struct err bad = {0};
    if (r->code == 100) {
        r->status = DETECT_FAIL;
    } else if (r->code != 0) {
        char text[64];
        err_set(&bad, ERR_BUILDPACK, "bin/detect: %s", proc_status_text(status, text, sizeof text));
        problem(a, r, &bad);
    } else if (read_plan(a, j, &bad) < 0) {
        problem(a, r, &bad);
    } else {
        r->status = DETECT_PASS;
    }
    return 0;
}

static void job_done(struct job *j)
{
    struct err ignored = {0};
    proc_done(&j->proc);
    drop_fd_p(&j->out);
    buf_free(&j->text);
    if (j->plan)
        (void)!tree_remove(AT_FDCWD, j->plan, &ignored);
}

static int run_some(struct arena *a, struct lc_context *cx, struct detect_run **runs, size_t n, struct err *e)
{
    struct job jobs[AT_ONCE];
    size_t started = 0;
    int rc = 0;
    for (size_t i = 0; i < n; i++) {
        struct err bad = {0};
        jobs[started] =
            (struct job){.run = runs[i], .proc = PROC_INIT, .out = -1, .text = BUF_INIT(OUTPUT_MAX)};
        if (job_start(a, cx, &jobs[started], started, &bad) == 0) {
            started++;
            continue;
        }
        problem(a, runs[i], &bad);
        job_done(&jobs[started]);
    }
    rc = jobs_pump(jobs, started, e);
    for (size_t i = 0; i < started; i++) {
        if (rc == 0)
            rc = job_end(a, &jobs[i], e);
        job_done(&jobs[i]);
    }
    return rc;
}

int detect_run_all(struct arena *a, struct lc_context *cx, struct detect_run **runs, size_t n, struct err *e)
{
    for (size_t at = 0; at < n; at += AT_ONCE)
        if (run_some(a, cx, runs + at, n - at < AT_ONCE ? n - at : AT_ONCE, e) < 0)
            return -1;
    return 0;
}
