// SPDX-License-Identifier: Apache-2.0
#include "base/file.h"
#include "stream/memory.h"
#include <errno.h>

enum { FD_BUFFER = 4 * STREAM_WINDOW };

struct memory_source {
    struct source base;
    const uint8_t *p;
    size_t n;
};

static int memory_peek(struct source *s, size_t min, struct view *out, struct err *e)
{
    struct memory_source *m = CONTAINER(s, struct memory_source, base);
    (void)min;
    (void)e;
    *out = (struct view){m->p, m->n};
    return 0;
}

static int past_end(const char *name, uint64_t n, uint64_t have, struct err *e)
{
    return err_set(e, ERR_PARSE, "%s: truncated: %ju bytes wanted, %ju are there", name, (uintmax_t)n,
                   (uintmax_t)have);
}

static int memory_skip(struct source *s, uint64_t n, struct err *e)
{
    struct memory_source *m = CONTAINER(s, struct memory_source, base);
    if (n > m->n)
        return past_end("memory", n, m->n, e);
    m->p += n;
    m->n -= (size_t)n;
    return 0;
}

static void memory_drop(struct source *s)
{
    free(CONTAINER(s, struct memory_source, base));
}

struct source *source_memory(const void *p, size_t n)
{
    static const struct source_ops ops = {memory_peek, memory_skip, memory_drop};
    struct memory_source *m = XNEW(struct memory_source);
    *m = (struct memory_source){{&ops}, n ? p : (const void *)"", n};
    return &m->base;
}

struct fd_source {
    struct source base;
    char *name;
    int fd;
    bool owned, ended;
    uint8_t *buf; // FD_BUFFER
    size_t at, n;
};

// One read into the free end of the buffer.
static int fd_fill(struct fd_source *f, struct err *e)
{
    for (;;) {
        ssize_t n = read(f->fd, f->buf + f->n, FD_BUFFER - f->n);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return err_sys(e, "%s: read", f->name);
        f->ended = n == 0;
        f->n += (size_t)n;
        return 0;
    }
}

static int fd_peek(struct source *s, size_t min, struct view *out, struct err *e)
{
    struct fd_source *f = CONTAINER(s, struct fd_source, base);
    while (f->n - f->at < min && !f->ended) {
        if (f->at == f->n)
            f->at = f->n = 0;
        if (f->at + min > FD_BUFFER) {
            memmove(f->buf, f->buf + f->at, f->n - f->at);
            f->n -= f->at;
            f->at = 0;
        }
        if (fd_fill(f, e) < 0)
            return -1;
    }
    *out = (struct view){f->buf + f->at, f->n - f->at};
    return 0;
}

// What the buffer does not hold of a regular file is passed over without being read.
static int fd_seek(struct fd_source *f, uint64_t *n, struct err *e)
{
    struct stat st;
    if (*n < FD_BUFFER || fstat(f->fd, &st) < 0 || !S_ISREG(st.st_mode))
        return 0;
    off_t at = lseek(f->fd, 0, SEEK_CUR);
    if (at < 0 || at > st.st_size)
        return 0;
    if (*n > (uint64_t)(st.st_size - at))
        return past_end(f->name, *n, (uint64_t)(st.st_size - at), e);
    if (lseek(f->fd, (off_t)*n, SEEK_CUR) < 0)
        return err_sys(e, "%s: seek", f->name);
    *n = 0;
    return 0;
}

static int fd_skip(struct source *s, uint64_t n, struct err *e)
{
    struct fd_source *f = CONTAINER(s, struct fd_source, base);
    for (uint64_t left = n;;) {
        size_t part = left < f->n - f->at ? (size_t)left : f->n - f->at;
        f->at += part;
        left -= part;
        if (left && fd_seek(f, &left, e) < 0)
            return -1;
        if (!left)
            return 0;
        struct view v;
        if (fd_peek(s, 1, &v, e) < 0)
            return -1;
        if (!v.n)
            return past_end(f->name, n, n - left, e);
    }
}

static void fd_source_drop(struct source *s)
{
    struct fd_source *f = CONTAINER(s, struct fd_source, base);
    if (f->owned)
        drop_fd_p(&f->fd);
    free(f->buf);
    free(f->name);
    free(f);
}

static struct source *new_fd_source(int fd, const char *name, bool owned)
{
    static const struct source_ops ops = {fd_peek, fd_skip, fd_source_drop};
    struct fd_source *f = XNEW(struct fd_source);
    *f = (struct fd_source){
        .base = {&ops}, .name = xstrdup(name), .fd = fd, .owned = owned, .buf = xmalloc(FD_BUFFER)};
    return &f->base;
}

struct source *source_fd(int fd, const char *name)
{
    return new_fd_source(fd, name, false);
}

struct source *source_take_fd(int fd, const char *name)
{
    return new_fd_source(fd, name, true);
}

struct buffer_sink {
    struct sink base;
    struct buf *to;
};

static int buffer_room(struct sink *s, size_t min, struct span *out, struct err *e)
{
    struct buf *b = CONTAINER(s, struct buffer_sink, base)->to;
    (void)e;
    // The limit is on what is committed: room may be larger than what is left.
    struct buf wide = {.p = b->p, .n = b->n, .cap = b->cap, .max = SIZE_MAX / 2};
    char *room = buf_room(&wide, min);
    b->p = wide.p;
    b->cap = wide.cap;
    *out = (struct span){(uint8_t *)room, b->cap - b->n - 1};
    return 0;
}

static int buffer_commit(struct sink *s, size_t n, struct err *e)
{
    struct buf *b = CONTAINER(s, struct buffer_sink, base)->to;
    if (b->over || n > b->max - b->n) {
        b->over = true;
        return buf_finish(b, "buffer", e);
    }
    if (n)
        buf_commit(b, n);
    return 0;
}

static int buffer_finish(struct sink *s, struct err *e)
{
    return buf_finish(CONTAINER(s, struct buffer_sink, base)->to, "buffer", e);
}

static void buffer_drop(struct sink *s)
{
    free(CONTAINER(s, struct buffer_sink, base));
}

struct sink *sink_buffer(struct buf *to)
{
    static const struct sink_ops ops = {buffer_room, buffer_commit, buffer_finish, buffer_drop};
    struct buffer_sink *b = XNEW(struct buffer_sink);
    *b = (struct buffer_sink){{&ops}, to};
    return &b->base;
}

struct fd_sink {
    struct sink base;
    char *name; // NULL: bytes go nowhere
    int fd;
    uint8_t *buf; // FD_BUFFER
    size_t n;
};

static int fd_flush(struct fd_sink *f, struct err *e)
{
    if (f->n && file_write_all(f->fd, f->buf, f->n, e) < 0)
        return err_wrap(e, "%s", f->name);
    f->n = 0;
    return 0;
}

static int fd_room(struct sink *s, size_t min, struct span *out, struct err *e)
{
    struct fd_sink *f = CONTAINER(s, struct fd_sink, base);
    if (FD_BUFFER - f->n < min && fd_flush(f, e) < 0)
        return -1;
    *out = (struct span){f->buf + f->n, FD_BUFFER - f->n};
    return 0;
}

static int fd_commit(struct sink *s, size_t n, struct err *e)
{
    struct fd_sink *f = CONTAINER(s, struct fd_sink, base);
    f->n += n;
    return f->n == FD_BUFFER ? fd_flush(f, e) : 0;
}

static int fd_finish(struct sink *s, struct err *e)
{
    return fd_flush(CONTAINER(s, struct fd_sink, base), e);
}

static void fd_sink_drop(struct sink *s)
{
    struct fd_sink *f = CONTAINER(s, struct fd_sink, base);
    free(f->buf);
    free(f->name);
    free(f);
}

struct sink *sink_fd(int fd, const char *name)
{
    static const struct sink_ops ops = {fd_room, fd_commit, fd_finish, fd_sink_drop};
    struct fd_sink *f = XNEW(struct fd_sink);
    *f = (struct fd_sink){.base = {&ops}, .name = xstrdup(name), .fd = fd, .buf = xmalloc(FD_BUFFER)};
    return &f->base;
}

static int null_room(struct sink *s, size_t min, struct span *out, struct err *e)
{
    struct fd_sink *f = CONTAINER(s, struct fd_sink, base);
    (void)min;
    (void)e;
    *out = (struct span){f->buf, FD_BUFFER};
    return 0;
}

static int null_commit(struct sink *s, size_t n, struct err *e)
{
    (void)s;
    (void)n;
    (void)e;
    return 0;
}

static int null_finish(struct sink *s, struct err *e)
{
    return null_commit(s, 0, e);
}

struct sink *sink_null(void)
{
    static const struct sink_ops ops = {null_room, null_commit, null_finish, fd_sink_drop};
    struct fd_sink *f = XNEW(struct fd_sink);
    *f = (struct fd_sink){.base = {&ops}, .fd = -1, .buf = xmalloc(FD_BUFFER)};
    return &f->base;
}
