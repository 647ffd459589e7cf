// SPDX-License-Identifier: Apache-2.0
#include "phase/steps.h"
#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

// One write, cut at its length: a reader that is gone or full is no reason to fail.
static void put(const struct steps *s, const char *kind, const struct event *ev)
{
    drop_(arena_free) struct arena *a = arena_new(STEPS_LINE_MAX * 4);
    char line[STEPS_LINE_MAX];
    struct str subject = str_printable(a, ev->subject, 256), text = str_printable(a, ev->text, 600);
    int n = snprintf(line, sizeof line, "%s\t" PRI_STR "\t%llu\t%llu\t" PRI_STR "\n", kind, STR_ARG(subject),
                     (unsigned long long)ev->done, (unsigned long long)ev->total, STR_ARG(text));
    if (n > 0 && (size_t)n < sizeof line && write(s->fd, line, (size_t)n) < 0)
        return;
}

static void emit(struct events *self, const struct event *ev)
{
    const struct steps *s = CONTAINER(self, struct steps, ev);
    if (s->fd >= 0 && ev->subject.n && (ev->kind == EV_STEP || ev->kind == EV_FACT))
        put(s, ev->kind == EV_STEP ? "step" : "fact", ev);
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
        put(s, "error", &(struct event){.text = str_of(err_text(e, text, sizeof text))});
}
