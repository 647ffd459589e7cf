// SPDX-License-Identifier: Apache-2.0
#include "kit/log.h"
#include <stdarg.h>
#include <stdio.h>

static void say(struct events *ev, enum event_kind kind, int level, const char *fmt, va_list ap)
{
    char text[KIT_LINE_MAX + 1];
    int n = snprintf(text, sizeof text, "%*s", 2 * level, "");
    if (vsnprintf(text + n, sizeof text - (size_t)n, fmt, ap) >= (int)sizeof text - n)
        memcpy(text + sizeof text - 4, "...", 4);
    const struct event line = {.kind = kind, .text = str_of(text)};
    event_emit(ev, &line);
}

void kit_log(struct events *ev, int level, const char *fmt, ...)
{
    va_list ap;
    va_start(ap, fmt);
    say(ev, EV_LINE, level, fmt, ap);
    va_end(ap);
}

void kit_debug(struct events *ev, int level, const char *fmt, ...)
{
    va_list ap;
    va_start(ap, fmt);
    say(ev, EV_FACT, level, fmt, ap);
    va_end(ap);
}
