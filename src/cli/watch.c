// SPDX-License-Identifier: Apache-2.0
#include "cli/watch.h"
#include "base/file.h"
#include "base/limits.h"
#include "document/json.h"
#include <fcntl.h>

static void note(struct watch *w, const struct event *ev)
{
    if (ev->kind != EV_PHASE || !ev->done)
        return;
    w->phase = arena_grow(w->a, w->phase, w->n, &w->cap, sizeof *w->phase);
    w->phase[w->n++] = (struct watch_phase){str_dup(w->a, ev->phase), ev->total};
}

static void emit(struct events *self, const struct event *ev)
{
    struct watch *w = CONTAINER(self, struct watch, ev);
    pthread_mutex_lock(&w->lock);
    note(w, ev);
    if (w->log)
        event_emit(render_events(w->log), ev);
    pthread_mutex_unlock(&w->lock);
    // The labels of every image say nothing to who watches, and the exporter names the layers that it uses again.
    bool label = ev->kind == EV_STEP && str_has_prefix(ev->text, "Adding label '");
    bool reused = ev->kind == EV_FACT && str_is(ev->phase, "export") && str_is(ev->text, "reused");
    if (!label && !reused)
        event_emit(w->screen, ev);
}

static int open_log(struct watch *w, struct str events, struct err *e)
{
    w->to_stdout = str_is(events, "-");
    if (w->to_stdout)
        w->fd = STDOUT_FILENO;
    else if (path_open_host(str_c(w->a, events), O_WRONLY | O_CREAT | O_TRUNC, 0644, &w->fd, e) < 0)
        return err_wrap(e, "--events");
    const struct render_opts how = {.style = RENDER_JSON, .fd = w->fd, .facts = true};
    w->log = render_new(&how);
    return 0;
}

int watch_open(struct app_ctx *app, struct str events, struct watch **out, struct err *e)
{
    drop_(watch_close) struct watch *w = XNEW(struct watch);
    *w = (struct watch){.ev = {emit}, .screen = app->ev, .a = arena_new(4096), .fd = -1};
    pthread_mutex_init(&w->lock, NULL);
    if (events.n && open_log(w, events, e) < 0)
        return -1;
    *out = steal_ptr(w);
    return 0;
}

void watch_result(struct watch *w, const struct val *result)
{
    struct err why = {0};
    char text[512];
    drop_buf struct buf line = BUF_INIT(LIMIT_CAPTURE);
    if (w->fd < 0)
        return;
    buf_text(&line, "{\"event\":\"result\",\"result\":");
    json_write(result, JSON_PLAIN, &line);
    buf_text(&line, "}\n");
    // Who listens may have gone, and the build is done all the same; a file that is cut is worth knowing.
    if (file_write_all(w->fd, line.p, line.n, &why) < 0 && !w->to_stdout)
        event_warn(w->screen, NULL, "--events: not all was written: %s", err_text(&why, text, sizeof text));
}

void watch_close(struct watch *w)
{
    if (!w)
        return;
    render_free(w->log);
    if (w->fd >= 0 && !w->to_stdout)
        drop_fd_p(&w->fd);
    pthread_mutex_destroy(&w->lock);
    arena_free(w->a);
    free(w);
}
