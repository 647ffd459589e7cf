// SPDX-License-Identifier: Apache-2.0
#include "phase/steps.h"
#include "base/clock.h"
#include "base/map.h"
#include "test.h"
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <time.h>
#include <unistd.h>

// A pipe as the platform makes it.
struct line {
    struct arena *a;
    struct app_ctx app;
    struct steps steps;
    int in, out;
};

static void open_line(struct line *l)
{
    int ends[2];
    EQ_INT(pipe2(ends, O_CLOEXEC | O_NONBLOCK), 0);
    *l = (struct line){.a = arena_new(0), .in = ends[0], .out = ends[1]};
    l->app.a = l->a;
    strmap_set(l->a, &l->app.env, STR(STEPS_ENV), str_printf(l->a, "%d", l->out));
    steps_begin(&l->steps, &l->app);
    EQ_INT(l->steps.fd, l->out);
}

static void close_line(struct line *l)
{
    if (l->in >= 0)
        close(l->in);
    close(l->out);
    arena_free(l->a);
}

static void step(struct line *l, struct str subject, struct str text)
{
    event_emit(l->app.ev, &(struct event){.kind = EV_STEP, .subject = subject, .text = text, .done = 1});
}

TEST(steps_are_lines)
{
    struct line l;
    char got[4096];
    struct err why = {0};
    open_line(&l);
    step(&l, STR("a/b@1"), STR("one\ntwo"));
    step(&l, STR(""), STR("of nobody"));
    event_emit(l.app.ev, &(struct event){.kind = EV_LINE, .subject = STR("x"), .text = STR("of the log")});
    (void)err_set(&why, ERR_BUILDPACK, "a/b@1: exit code 3");
    steps_error(&l.steps, &why);
    ssize_t n = read(l.in, got, sizeof got - 1);
    CHECK(n > 0);
    got[n] = 0;
    EQ_TEXT(got, "step\ta/b@1\t1\t0\tone\\x0atwo\nerror\t\t0\t0\ta/b@1: exit code 3\n");
    // However long it is: one line, with all of its tabs.
    char long_[2000];
    memset(long_, 1, sizeof long_);
    step(&l, (struct str){long_, sizeof long_}, (struct str){long_, sizeof long_});
    n = read(l.in, got, sizeof got - 1);
    CHECK(n > 0 && n < STEPS_LINE_MAX && memchr(got, '\n', (size_t)n) == got + n - 1);
    got[n] = 0;
    CHECK(strstr(got, "\t1\t0\t\\x01"));
    close_line(&l);
}

TEST(a_reader_that_is_gone_ends_nothing)
{
    struct line l;
    struct err why = {0};
    sigset_t waiting;
    CHECK(signal(SIGPIPE, SIG_DFL) != SIG_ERR); // as a phase has it
    open_line(&l);
    close(l.in);
    l.in = -1;
    step(&l, STR("a/b@1"), STR(""));
    (void)err_set(&why, ERR_BUILDPACK, "no");
    steps_error(&l.steps, &why);
    CHECK(sigpending(&waiting) == 0 && !sigismember(&waiting, SIGPIPE));
    close_line(&l);
}

static void *reader(void *l_)
{
    const struct line *l = l_;
    static const struct timespec a_while = {.tv_nsec = 100000000};
    char *last = xmalloc(1 << 20);
    size_t n = 0;
    (void)nanosleep(&a_while, NULL);
    for (ssize_t got; n < (1 << 20) - 1;) {
        got = read(l->in, last + n, (1 << 20) - 1 - n);
        if (got > 0)
            n += (size_t)got;
        if (got == 0 || (got < 0 && errno != EAGAIN) || (n && memmem(last, n, "\nerror\t", 7)))
            break;
        (void)nanosleep(&(struct timespec){.tv_nsec = 1000000}, NULL);
    }
    last[n] = 0;
    return last;
}

TEST(why_a_phase_failed_waits_for_its_reader)
{
    struct line l;
    struct err why = {0};
    pthread_t thread;
    void *all;
    open_line(&l);
    uint64_t begin = clock_mono_ms();
    for (size_t i = 0; i < 4000; i++) // more than there is room for
        step(&l, STR("a/b@1"), STR("a step of the many that nobody reads"));
    CHECK(clock_mono_ms() - begin < 1500); // and waits for nobody
    while (write(l.out, "\n", 1) == 1)     // not even for a short one
        continue;
    EQ_INT(pthread_create(&thread, NULL, reader, &l), 0);
    (void)err_set(&why, ERR_BUILDPACK, "reason");
    steps_error(&l.steps, &why);
    close(l.out);
    l.out = dup(0);
    EQ_INT(pthread_join(thread, &all), 0);
    CHECK(strstr(all, "\nerror\t\t0\t0\treason\n"));
    free(all);
    close_line(&l);
}
