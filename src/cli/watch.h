// SPDX-License-Identifier: Apache-2.0
// cli/watch.h - who listens to a build beside the terminal: how long phases took, and --events.
#pragma once
#include "document/val.h"
#include "ui/applet.h"
#include "ui/render.h"
#include <pthread.h>

struct watch_phase {
    struct str name;
    uint64_t ms;
};
struct watch {
    struct events ev; // give this one to the build
    struct events *screen;
    struct arena *a;
    struct render *log; // JSON lines; NULL: none
    int fd;
    bool to_stdout;
    pthread_mutex_t lock;
    struct watch_phase *phase; // that ended, in order
    size_t n, cap;
};
// `events`: a file, "-" for stdout, or empty for none.
int nodiscard watch_open(struct app_ctx *app, struct str events, struct watch **out, struct err *e);
// The last line of --events: the result as one object.
void watch_result(struct watch *w, const struct val *result);
void watch_close(struct watch *w);
DEFINE_DROP(struct watch *, watch_close)
