// SPDX-License-Identifier: Apache-2.0
#include "ui/render.h"
#include "base/clock.h"
#include "base/file.h"
#include "document/json.h"
#include "ui/live.h"

enum { LINE_MAX_BYTES = 1 << 20 };

struct render {
    struct events ev;
    struct render_opts o;
    struct arena *a; // secrets
    struct strv secrets;
    pthread_mutex_t lock; // everything, so that events may come from any thread
    struct live *live;    // RENDER_TERMINAL
};

static void put(struct render *r, const struct buf *b)
{
    struct err ignored = {0}; // a closed terminal is no reason to stop a build
    if (b->n)
        (void)!file_write_all(r->o.fd, b->p, b->n, &ignored);
}

// The same text with every secret taken out.
static struct str redacted(const struct render *r, struct arena *a, struct str s)
{
    for (size_t i = 0; i < r->secrets.n; i++) {
        struct str secret = r->secrets.v[i];
        for (const char *hit; s.n >= secret.n && (hit = memmem(s.p, s.n, secret.p, secret.n));) {
            size_t at = (size_t)(hit - s.p);
            s = str_printf(a, PRI_STR "***" PRI_STR, STR_ARG(str_head(s, at)),
                           STR_ARG(str_from(s, at + secret.n)));
        }
    }
    return s;
}

// Length of the colour sequence at s, 0 if it is none.
static size_t colour_at(struct str s)
{
    if (s.n < 3 || s.p[0] != '\033' || s.p[1] != '[')
        return 0;
    for (size_t i = 2; i < s.n && i < 24; i++) {
        if (s.p[i] == 'm')
            return i + 1;
        if ((s.p[i] < '0' || s.p[i] > '9') && s.p[i] != ';')
            return 0;
    }
    return 0;
}

static struct str fit_for_terminal(struct arena *a, struct str s)
{
    drop_buf struct buf out = BUF_INIT(SIZE_MAX / 2);
    while (s.n) {
        size_t plain = 0;
        while (plain < s.n && s.p[plain] != '\033')
            plain++;
        struct str clean = str_printable(a, str_head(s, plain), plain);
        s = str_from(s, plain);
        size_t colour = colour_at(s);
        buf_str(&out, clean);
        buf_str(&out, str_head(s, colour));
        s = str_from(s, colour ? colour : s.n ? 1 : 0);
    }
    return str_dup(a, buf_view(&out));
}

static const char *paint(const struct render *r, const char *code)
{
    return r->o.colour ? code : "";
}

static void where(struct buf *b, const struct err_at *at)
{
    if (at && at->file[0])
        buf_printf(b, "%s:", at->file);
    if (at && at->line)
        buf_printf(b, "%u:", at->line);
    if (at && at->key[0])
        buf_printf(b, " %s:", at->key);
    if (at && (at->file[0] || at->line))
        buf_char(b, ' ');
}

static void phase_line(const struct render *r, const struct event *ev, struct str text, struct buf *b)
{
    if (ev->done && ev->total < 50 && !text.n)
        return; // 0.0 s
    if (ev->done) {
        buf_printf(b, "    %s%.1f s%s" PRI_STR PRI_STR "\n", paint(r, "\033[2m"), (double)ev->total / 1000,
                   paint(r, "\033[0m"), STR_ARG(text.n ? STR("  ") : text), STR_ARG(text));
        return;
    }
    buf_printf(b, "%s==> " PRI_STR "%s" PRI_STR PRI_STR "\n", paint(r, "\033[1m"), STR_ARG(ev->phase),
               paint(r, "\033[0m"), STR_ARG(text.n ? STR("  ") : text), STR_ARG(text));
}

static void step_line(const struct render *r, const struct event *ev, struct str text, struct buf *b)
{
    buf_printf(b, "    " PRI_STR "%s" PRI_STR, STR_ARG(ev->subject), ev->subject.n && text.n ? "  " : "",
               STR_ARG(text));
    if (ev->done && ev->subject.n)
        buf_printf(b, "  %s%.1f s%s", paint(r, "\033[2m"), (double)ev->total / 1000, paint(r, "\033[0m"));
    buf_char(b, '\n');
}

static void text_event(struct render *r, const struct event *ev, struct str text, struct buf *b)
{
    // What only says that something goes on is not a line.
    bool silent = ev->kind == EV_PROGRESS || (ev->kind == EV_FACT && !r->o.facts) ||
                  (ev->kind == EV_STEP && !text.n && !ev->done);
    if (silent)
        return;
    switch (ev->kind) {
    case EV_PHASE:
        phase_line(r, ev, text, b);
        break;
    case EV_LINE:
        buf_printf(b, "    " PRI_STR "\n", STR_ARG(text));
        break;
    case EV_WARN:
        buf_printf(b, "%swarning:%s ", paint(r, "\033[33m"), paint(r, "\033[0m"));
        where(b, ev->at);
        buf_printf(b, PRI_STR "\n", STR_ARG(text));
        break;
    case EV_STEP:
        step_line(r, ev, text, b);
        break;
    case EV_FACT:
        buf_printf(b, "    %s" PRI_STR "%s" PRI_STR "%s\n", paint(r, "\033[2m"), STR_ARG(ev->subject),
                   ev->subject.n ? ": " : "", STR_ARG(text), paint(r, "\033[0m"));
        break;
    case EV_PROGRESS:
        break;
    }
}

static void json_event(struct arena *a, const struct event *ev, struct str text, struct buf *b)
{
    static const char *const kinds[] = {[EV_PHASE] = "phase", [EV_STEP] = "step", [EV_PROGRESS] = "progress",
                                        [EV_LINE] = "line",   [EV_WARN] = "warn", [EV_FACT] = "fact"};
    struct val *v = ARENA_NEW(a, struct val);
    val_set_map(v);
    val_set_str(val_put(a, v, STR("event")), str_of(kinds[ev->kind]));
    if (ev->phase.n)
        val_set_str(val_put(a, v, STR("phase")), ev->phase);
    if (ev->subject.n)
        val_set_str(val_put(a, v, STR("subject")), ev->subject);
    if (text.n)
        val_set_str(val_put(a, v, STR("text")), text);
    if (ev->done || ev->total) {
        val_set_int(val_put(a, v, STR("done")), (int64_t)ev->done);
        val_set_int(val_put(a, v, STR("total")), (int64_t)ev->total);
    }
    if (ev->at && ev->at->file[0])
        val_set_str(val_put(a, v, STR("file")), str_of(ev->at->file));
    if (ev->at && ev->at->line)
        val_set_int(val_put(a, v, STR("line")), ev->at->line);
    if (ev->at && ev->at->key[0])
        val_set_str(val_put(a, v, STR("key")), str_of(ev->at->key));
    json_write(v, JSON_PLAIN, b);
    buf_char(b, '\n');
}

// cnb.md §2.4, §3.5: headers of phases, the detector's and builder's lines as they are, "Warning: ".
static void reference_event(const struct event *ev, struct str text, struct buf *b)
{
    switch (ev->kind) {
    case EV_PHASE:
        if (!ev->done)
            buf_printf(b, "===> " PRI_STR "\n", STR_ARG(text));
        return;
    case EV_WARN:
        buf_text(b, "Warning: ");
        where(b, ev->at);
        buf_printf(b, PRI_STR "\n", STR_ARG(text));
        return;
    case EV_STEP:
    case EV_LINE:
        if (text.n)
            buf_printf(b, PRI_STR "\n", STR_ARG(text));
        return;
    case EV_FACT:
    case EV_PROGRESS:
        return;
    }
}

// Fit for a terminal: the event with its texts made harmless.
static struct event harmless(struct arena *a, const struct event *ev)
{
    struct event out = *ev;
    out.subject = str_printable(a, ev->subject, ev->subject.n);
    out.phase = str_printable(a, ev->phase, ev->phase.n);
    return out;
}

static void show(struct render *r, struct arena *a, const struct event *from, struct buf *b)
{
    struct event ev = *from;
    struct str text = redacted(r, a, ev.text);
    ev.subject = redacted(r, a, ev.subject);
    if (r->o.style == RENDER_JSON) {
        json_event(a, &ev, text, b);
        return;
    }
    if (r->o.style == RENDER_REFERENCE) {
        reference_event(&ev, text, b);
        return;
    }
    if (r->o.style == RENDER_TERMINAL || r->o.harmless) {
        text = fit_for_terminal(a, text);
        ev = harmless(a, &ev);
    }
    ev.text = text;
    text_event(r, &ev, text, b);
    if (r->live)
        live_note(r->live, &ev);
}

static void emit(struct events *self, const struct event *ev)
{
    struct render *r = CONTAINER(self, struct render, ev);
    drop_(arena_free) struct arena *a = arena_new(1024);
    drop_buf struct buf lines = BUF_INIT(LINE_MAX_BYTES), b = BUF_INIT(2 * LINE_MAX_BYTES);
    pthread_mutex_lock(&r->lock);
    show(r, a, ev, &lines);
    if (r->live)
        live_draw(r->live, buf_view(&lines), &b);
    put(r, r->live ? &b : &lines);
    pthread_mutex_unlock(&r->lock);
}

struct render *render_new(const struct render_opts *o)
{
    struct render *r = XNEW(struct render);
    r->ev.emit = emit;
    r->o = *o;
    r->a = arena_new(256);
    pthread_mutex_init(&r->lock, NULL);
    if (o->style == RENDER_TERMINAL)
        r->live = live_new(&r->lock, o->fd, o->width, o->colour);
    return r;
}

struct events *render_events(struct render *r)
{
    return &r->ev;
}

void render_secret(struct render *r, struct str secret)
{
    pthread_mutex_lock(&r->lock);
    if (secret.n >= 4)
        strv_add(r->a, &r->secrets, str_dup(r->a, secret));
    pthread_mutex_unlock(&r->lock);
}

void render_facts(struct render *r, bool shown)
{
    r->o.facts = shown;
}

void render_settle(struct render *r)
{
    if (r->live)
        live_settle(r->live);
}

void render_free(struct render *r)
{
    if (!r)
        return;
    live_free(r->live);
    pthread_mutex_destroy(&r->lock);
    arena_free(r->a);
    free(r);
}
