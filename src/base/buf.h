// SPDX-License-Identifier: Apache-2.0
// base/buf.h - owned, growing bytes with a limit that stands at the start.
//
// Appending never fails on the spot: past `max` the buffer remembers it and buf_finish answers ERR_LIMIT.
// One NUL is always kept behind the bytes, so `p` is a C string too where the content has no NUL.
#pragma once
#include "base/err.h"
#include "base/str.h"

struct buf {
    char *p;
    size_t n, cap, max;
    bool over;
};

#define BUF_INIT(limit)                                                                                      \
    {                                                                                                        \
        .max = (limit)                                                                                       \
    }
void buf_add(struct buf *b, const void *p, size_t n);
void buf_str(struct buf *b, struct str s);
void buf_text(struct buf *b, const char *c);
void buf_char(struct buf *b, char c);
void buf_printf(struct buf *b, const char *fmt, ...) printf_(2, 3);
// Room for n more bytes, to be filled and counted with buf_commit; NULL past the limit.
char *buf_room(struct buf *b, size_t n);
void buf_commit(struct buf *b, size_t n);
int nodiscard buf_finish(const struct buf *b, const char *what, struct err *e); // ERR_LIMIT if it overflowed
static inline struct str buf_view(const struct buf *b) // borrowed until the next append
{
    return (struct str){b->p ? b->p : "", b->n};
}
void buf_clear(struct buf *b); // empties, keeps the memory
void buf_free(struct buf *b);
#define drop_buf __attribute__((cleanup(buf_free)))
