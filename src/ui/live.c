// SPDX-License-Identifier: Apache-2.0
#include "ui/live.h"
#include "base/clock.h"
#include "base/file.h"
#include <signal.h>
#include <stdio.h>
#include <sys/ioctl.h>
#include <time.h>

enum { EVERY_MS = 100, QUIET_MS = 300, TEXT_MAX = 200 };

struct live {
    pthread_mutex_t *lock;
    int fd;
    unsigned width;
    bool colour;
    bool drawn;   // the terminal's last line is ours
    bool running; // a phase is
    uint64_t began;
    size_t turn;
    struct {
        char text[TEXT_MAX];
        size_t n;
    } phase, what, detail;
    uint64_t done, total;
    pthread_t thread;
    pthread_cond_t wake;
    bool has_thread, end;
};

static unsigned columns(const struct live *l)
{
    struct winsize w;
    if (l->width)
        return l->width;
    return ioctl(l->fd, TIOCGWINSZ, &w) == 0 && w.ws_col ? w.ws_col : 80;
}

// As much of the text as fits `max` columns, whole characters. Colours of other people's output are left out.
static void fit(struct str text, size_t max, struct buf *out)
{
    size_t used = 0;
    for (size_t i = 0; i < text.n; i++) {
        unsigned char c = (unsigned char)text.p[i];
        if (c == '\033') {
            while (i < text.n && text.p[i] != 'm')
                i++;
            continue;
        }
        bool begins = (c & 0xc0) != 0x80;
        if (begins && used == max)
            return;
        used += begins;
        buf_char(out, (char)c);
    }
}

static void line(struct live *l, struct buf *out)
{
    static const char turns[] = "|/-\\";
    drop_buf struct buf text = BUF_INIT(4096);
    uint64_t ms = clock_mono_ms() - l->began;
    buf_printf(&text, "  %c %.*s", turns[l->turn++ % 4], (int)l->phase.n, l->phase.text);
    if (l->what.n)
        buf_printf(&text, ": %.*s", (int)l->what.n, l->what.text);
    if (l->detail.n)
        buf_printf(&text, "  %.*s", (int)l->detail.n, l->detail.text);
    if (l->total)
        buf_printf(&text, "  %llu%%",
                   (unsigned long long)(l->done >= l->total ? 100 : l->done * 100 / l->total));
    buf_printf(&text, "  %.1f s", (double)ms / 1000);
    buf_text(out, l->colour ? "\033[2m" : "");
    fit(buf_view(&text), columns(l) - 1, out); // a full last column would wrap
    buf_text(out, l->colour ? "\033[0m" : "");
    l->drawn = true;
}

void live_draw(struct live *l, struct str lines, struct buf *out)
{
    // What ends at once never shows.
    bool soon = l->running && clock_mono_ms() - l->began >= QUIET_MS;
    if (!lines.n && !soon && !l->drawn)
        return;
    if (l->drawn)
        buf_text(out, "\r\033[K");
    l->drawn = false;
    buf_str(out, lines);
    if (soon)
        line(l, out);
}

static void draw_now(struct live *l)
{
    drop_buf struct buf b = BUF_INIT(8192);
    struct err ignored = {0};
    live_draw(l, STR(""), &b);
    if (b.n)
        (void)!file_write_all(l->fd, b.p, b.n, &ignored);
}

static void *tick(void *arg)
{
    struct live *l = arg;
    pthread_mutex_lock(l->lock);
    while (!l->end) {
        struct timespec until;
        (void)clock_gettime(CLOCK_MONOTONIC, &until);
        until.tv_nsec += EVERY_MS * 1000000;
        until.tv_sec += until.tv_nsec / 1000000000;
        until.tv_nsec %= 1000000000;
        (void)pthread_cond_timedwait(&l->wake, l->lock, &until);
        if (!l->end && l->running)
            draw_now(l);
    }
    pthread_mutex_unlock(l->lock);
    return NULL;
}

// Signals stay with the threads that know what to do with them.
static void start_thread(struct live *l)
{
    sigset_t all, before;
    if (l->has_thread)
        return;
    (void)sigfillset(&all);
    (void)pthread_sigmask(SIG_SETMASK, &all, &before);
    l->has_thread = pthread_create(&l->thread, NULL, tick, l) == 0; // without it only events draw
    (void)pthread_sigmask(SIG_SETMASK, &before, NULL);
}

struct live *live_new(pthread_mutex_t *lock, int fd, unsigned width, bool colour)
{
    struct live *l = XNEW(struct live);
    pthread_condattr_t how;
    *l = (struct live){.lock = lock, .fd = fd, .width = width, .colour = colour};
    pthread_condattr_init(&how);
    pthread_condattr_setclock(&how, CLOCK_MONOTONIC);
    pthread_cond_init(&l->wake, &how);
    pthread_condattr_destroy(&how);
    return l;
}

#define KEEP(where, s)                                                                                       \
    do {                                                                                                     \
        (where).n = (s).n < TEXT_MAX ? (s).n : TEXT_MAX;                                                     \
        memcpy((where).text, (s).p ? (s).p : "", (where).n);                                                 \
    } while (0)

static void note_phase(struct live *l, const struct event *ev)
{
    l->running = !ev->done;
    l->what.n = l->detail.n = 0;
    l->done = l->total = 0;
    if (ev->done)
        return;
    KEEP(l->phase, ev->phase);
    l->began = clock_mono_ms();
    start_thread(l);
}

void live_note(struct live *l, const struct event *ev)
{
    switch (ev->kind) {
    case EV_PHASE:
        note_phase(l, ev);
        return;
    case EV_STEP: // a buildpack begins, or ends
        if (!ev->text.n)
            KEEP(l->what, ev->done ? STR("") : ev->subject);
        l->detail.n = 0;
        l->done = l->total = 0;
        return;
    case EV_PROGRESS:
        KEEP(l->detail, ev->subject.n ? ev->subject : ev->text);
        l->done = ev->done;
        l->total = ev->total;
        return;
    case EV_LINE:
    case EV_WARN:
    case EV_FACT:
        return;
    }
}

void live_settle(struct live *l)
{
    pthread_mutex_lock(l->lock);
    l->running = false;
    draw_now(l);
    pthread_mutex_unlock(l->lock);
}

void live_free(struct live *l)
{
    if (!l)
        return;
    live_settle(l);
    pthread_mutex_lock(l->lock);
    l->end = true;
    pthread_cond_signal(&l->wake);
    pthread_mutex_unlock(l->lock);
    if (l->has_thread)
        pthread_join(l->thread, NULL);
    pthread_cond_destroy(&l->wake);
    free(l);
}
