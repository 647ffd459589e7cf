// SPDX-License-Identifier: Apache-2.0
#include "base/buf.h"
#include <stdarg.h>
#include <stdio.h>

char *buf_room(struct buf *b, size_t n)
{
    if (b->over || n > b->max - b->n) {
        b->over = true;
        return NULL;
    }
    size_t need = b->n + n + 1;
    if (need > b->cap) {
        size_t cap = b->cap ? b->cap : 64;
        while (cap < need)
            cap = cap > SIZE_MAX / 2 ? need : cap * 2;
        b->p = xreallocarray(b->p, cap, 1);
        b->cap = cap;
    }
    return b->p + b->n;
}

void buf_commit(struct buf *b, size_t n)
{
    b->n += n;
    b->p[b->n] = 0;
}

void buf_add(struct buf *b, const void *p, size_t n)
{
    char *room = buf_room(b, n);
    if (!room)
        return;
    if (n)
        memcpy(room, p, n);
    buf_commit(b, n);
}

void buf_str(struct buf *b, struct str s)
{
    buf_add(b, s.p, s.n);
}

void buf_text(struct buf *b, const char *c)
{
    buf_add(b, c, strlen(c));
}

void buf_char(struct buf *b, char c)
{
    buf_add(b, &c, 1);
}

void buf_printf(struct buf *b, const char *fmt, ...)
{
    va_list ap, again;
    va_start(ap, fmt);
    va_copy(again, ap);
    int n = vsnprintf(NULL, 0, fmt, ap);
    va_end(ap);
    if (n < 0)
        BUG("buf_printf: bad format");
    char *room = buf_room(b, (size_t)n);
    if (room) {
        vsnprintf(room, (size_t)n + 1, fmt, again);
        buf_commit(b, (size_t)n);
    }
    va_end(again);
}

int buf_finish(const struct buf *b, const char *what, struct err *e)
{
    if (b->over)
        return err_set(e, ERR_LIMIT, "%s: larger than the limit of %zu bytes", what, b->max);
    return 0;
}

void buf_clear(struct buf *b)
{
    b->n = 0;
    b->over = false;
    if (b->p)
        b->p[0] = 0;
}

void buf_free(struct buf *b)
{
    free(b->p);
    *b = (struct buf){.max = b->max};
}
