// SPDX-License-Identifier: Apache-2.0
#include "phase/steps.h"
#include "base/clock.h"
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <time.h>
#include <unistd.h>

enum { PATIENCE_MS = 2000, SUBJECT_MAX = 256 };

// false: there is no room. A reader that is gone ends no phase: the SIGPIPE of this write is taken here.
static bool write_line(int fd, const char *line, size_t n)
{
    static const struct timespec at_once = {0};
    sigset_t broken, waiting, mask;
    ssize_t done;
    sigemptyset(&broken);
    sigaddset(&broken, SIGPIPE);
    bool was_waiting = sigpending(&waiting) == 0 && sigismember(&waiting, SIGPIPE) == 1;
    (void)pthread_sigmask(SIG_BLOCK, &broken, &mask);
    while ((done = write(fd, line, n)) < 0 && errno == EINTR)
        continue;
    bool full = done < 0 && errno == EAGAIN;
    if (done < 0 && errno == EPIPE && !was_waiting)
        (void)sigtimedwait(&broken, NULL, &at_once);
    (void)pthread_sigmask(SIG_SETMASK, &mask, NULL);
    return !full;
}

// One write, cut at its length. A step or fact that finds no room is left out; why a phase failed is worth waiting for
// the reader, but not forever.
static void put(const struct steps *s, const char *kind, const struct event *ev, int patience_ms)
{
    drop_(arena_free) struct arena *a = arena_new(STEPS_LINE_MAX * 4);
    char line[STEPS_LINE_MAX];
    struct str subject = str_printable(a, ev->subject, SUBJECT_MAX), text = str_printable(a, ev->text, 600);
    subject = str_head(subject, subject.n < SUBJECT_MAX ? subject.n : SUBJECT_MAX); // escapes are longer
    int n = snprintf(line, sizeof line, "%s\t" PRI_STR "\t%llu\t%llu\t" PRI_STR "\n", kind, STR_ARG(subject),
                     (unsigned long long)ev->done, (unsigned long long)ev->total, STR_ARG(text));
    if (n >= (int)sizeof line) {
        n = sizeof line - 1;
        line[n - 1] = '\n';
    }
    uint64_t now, end = clock_mono_ms() + (uint64_t)patience_ms;
    while (!write_line(s->fd, line, (size_t)n) && (now = clock_mono_ms()) < end) {
        struct pollfd room = {.fd = s->fd, .events = POLLOUT};
        (void)poll(&room, 1, (int)(end - now));
    }
}

static void emit(struct events *self, const struct event *ev)
{
    const struct steps *s = CONTAINER(self, struct steps, ev);
    if (s->fd >= 0 && ev->subject.n && (ev->kind == EV_STEP || ev->kind == EV_FACT))
        put(s, ev->kind == EV_STEP ? "step" : "fact", ev, 0);
    event_emit(s->to, ev);
}

void steps_begin(struct steps *s, struct app_ctx *app)
{
    const struct str *named = strmap_get(&app->env, STR(STEPS_ENV));
    uint64_t fd;
    *s = (struct steps){.ev.emit = emit, .to = app->ev, .fd = -1};
    if (named && str_u64(*named, 3, 1000, &fd) && fcntl((int)fd, F_SETFD, FD_CLOEXEC) == 0)
        s->fd = (int)fd;
    app->ev = &s->ev;
}

void steps_error(struct steps *s, const struct err *e)
{
    char text[640];
    if (s->fd >= 0)
        put(s, "error", &(struct event){.text = str_of(err_text(e, text, sizeof text))}, PATIENCE_MS);
}
