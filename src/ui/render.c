// SPDX-License-Identifier: Apache-2.0
#include "ui/render.h"
#include "base/clock.h"
#include "base/file.h"
#include "document/json.h"
#include <stdio.h>

enum { LINE_MAX_BYTES = 1 << 20, LIVE_EVERY_MS = 80 };

struct render {
    struct events ev;
    struct render_opts o;
    struct arena *a; // secrets
    struct strv secrets;
    bool live; // the terminal's last line is ours to overwrite
    uint64_t live_at;
};

static void put(struct render *r, const struct buf *b)
{
    struct err ignored = {0}; // a closed terminal is no reason to stop a build
    (void)!file_write_all(r->o.fd, b->p ? b->p : "", b->n, &ignored);
}

static void clear_live(struct render *r, struct buf *b)
{
    if (r->live)
        buf_text(b, "\r\033[K");
    r->live = false;
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
    struct str out = STR("");
    while (s.n) {
        size_t plain = 0;
        while (plain < s.n && s.p[plain] != '\033')
            plain++;
        struct str clean = str_printable(a, str_head(s, plain), plain);
        s = str_from(s, plain);
        size_t colour = colour_at(s);
        out = str_printf(a, PRI_STR PRI_STR PRI_STR, STR_ARG(out), STR_ARG(clean),
                         STR_ARG(str_head(s, colour)));
        s = str_from(s, colour ? colour : s.n ? 1 : 0);
    }
    return out;
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
    if (ev->done) {
        buf_printf(b, "    %s%.1f s%s" PRI_STR PRI_STR "\n", paint(r, "\033[2m"), (double)ev->total / 1000,
                   paint(r, "\033[0m"), STR_ARG(text.n ? STR("  ") : text), STR_ARG(text));
        return;
    }
    buf_printf(b, "%s==> " PRI_STR "%s" PRI_STR PRI_STR "\n", paint(r, "\033[1m"), STR_ARG(ev->phase),
               paint(r, "\033[0m"), STR_ARG(text.n ? STR("  ") : text), STR_ARG(text));
}

static void live_line(struct render *r, const struct event *ev, struct buf *b)
{
    uint64_t now = clock_mono_ms();
    if (r->o.style != RENDER_TERMINAL ||
        (r->live && now - r->live_at < LIVE_EVERY_MS && ev->done < ev->total))
        return;
    clear_live(r, b);
    buf_printf(b, "    " PRI_STR " " PRI_STR, STR_ARG(ev->subject), STR_ARG(ev->text));
    if (ev->total)
        buf_printf(b, " %llu%%", (unsigned long long)(ev->done * 100 / ev->total));
    unsigned width = r->o.width ? r->o.width : 80;
    if (b->n > width)
        b->n = width;
    r->live = true;
    r->live_at = now;
}

static void text_event(struct render *r, const struct event *ev, struct str text, struct buf *b)
{
    if (ev->kind == EV_PROGRESS) {
        live_line(r, ev, b);
        return;
    }
    if (ev->kind == EV_FACT && !r->o.facts)
        return;
    clear_live(r, b);
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
    case EV_FACT:
    case EV_PROGRESS:
        buf_printf(b, "    " PRI_STR "%s" PRI_STR "\n", STR_ARG(ev->subject), ev->subject.n ? "  " : "",
                   STR_ARG(text));
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

static void emit(struct events *self, const struct event *ev)
{
    struct render *r = CONTAINER(self, struct render, ev);
    drop_(arena_free) struct arena *a = arena_new(1024);
    drop_buf struct buf b = BUF_INIT(LINE_MAX_BYTES);
    struct str text = redacted(r, a, ev->text);
    if (r->o.style == RENDER_TERMINAL)
        text = fit_for_terminal(a, text);
    if (r->o.style == RENDER_JSON)
        json_event(a, ev, text, &b);
    else if (r->o.style == RENDER_REFERENCE)
        reference_event(ev, text, &b);
    else
        text_event(r, ev, text, &b);
    put(r, &b);
}

struct render *render_new(const struct render_opts *o)
{
    struct render *r = XNEW(struct render);
    r->ev.emit = emit;
    r->o = *o;
    r->a = arena_new(256);
    return r;
}

struct events *render_events(struct render *r)
{
    return &r->ev;
}

void render_secret(struct render *r, struct str secret)
{
    if (secret.n >= 4)
        strv_add(r->a, &r->secrets, str_dup(r->a, secret));
}

void render_settle(struct render *r)
{
    drop_buf struct buf b = BUF_INIT(64);
    clear_live(r, &b);
    put(r, &b);
}

void render_free(struct render *r)
{
    if (!r)
        return;
    render_settle(r);
    arena_free(r->a);
    free(r);
}
