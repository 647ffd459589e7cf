// SPDX-License-Identifier: Apache-2.0
#include "base/event.h"
#include <stdarg.h>
#include <stdio.h>

void event_emit(struct events *to, const struct event *ev)
{
    if (to)
        to->emit(to, ev);
}

void event_warn(struct events *to, const struct err_at *at, const char *fmt, ...)
{
    if (!to)
        return;
    char text[1024];
    va_list ap;
    va_start(ap, fmt);
    vsnprintf(text, sizeof text, fmt, ap);
    va_end(ap);
    event_emit(to, &(struct event){.kind = EV_WARN, .text = str_of(text), .at = at});
}
