// SPDX-License-Identifier: Apache-2.0
#include "base/event.h"
#include "test.h"
#include <stdio.h>

struct last {
    struct events sink;
    int n;
    char text[2048];
    const struct err_at *at;
    enum event_kind kind;
};

static void keep(struct events *self, const struct event *ev)
{
    struct last *l = CONTAINER(self, struct last, sink);
    l->n++;
    l->kind = ev->kind;
    l->at = ev->at;
    snprintf(l->text, sizeof l->text, PRI_STR, STR_ARG(ev->text));
}

TEST(events_reach_their_sink_and_nobody_is_fine)
{
    struct last l = {.sink = {keep}};
    struct err_at at = {.line = 3};
    event_emit(NULL, &(struct event){.kind = EV_STEP});
    event_warn(NULL, &at, "nobody %d", 1);
    event_warn(&l.sink, &at, "unknown key %s", "x");
    EQ_INT(l.n, 1);
    EQ_INT(l.kind, EV_WARN);
    EQ_TEXT(l.text, "unknown key x");
    CHECK(l.at == &at);
    event_emit(&l.sink, &(struct event){.kind = EV_LINE, .text = STR("line")});
    EQ_INT(l.n, 2);
    EQ_TEXT(l.text, "line");
}

TEST(event_warn_cuts_what_is_too_long)
{
    struct last l = {.sink = {keep}};
    char text[3000];
    memset(text, 'w', sizeof text - 1);
    text[sizeof text - 1] = 0;
    event_warn(&l.sink, NULL, "%s", text);
    EQ_UINT(strlen(l.text), 1023);
}
