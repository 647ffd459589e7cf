// SPDX-License-Identifier: Apache-2.0
#include "base/mem.h"
#include "base/err.h"
#include <errno.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#if defined(__SANITIZE_ADDRESS__)
#define ONE_MALLOC_EACH 1 // so that an overflow of one object is seen
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define ONE_MALLOC_EACH 1
#endif
#endif
#ifndef ONE_MALLOC_EACH
#define ONE_MALLOC_EACH 0
#endif

enum { ARENA_BLOCK_MAX = 1 << 20 };

struct block {
    struct block *next;
    size_t used, size;
    _Alignas(max_align_t) unsigned char bytes[];
};

struct arena {
    struct block *blocks;
    size_t want;
};

static noreturn_ void exhausted(void)
{
    BUG("out of memory");
}

void *xmalloc(size_t n)
{
    void *p = malloc(n ? n : 1);
    if (!p)
        exhausted();
    return p;
}

void *xcalloc(size_t n, size_t size)
{
    void *p = calloc(n ? n : 1, size ? size : 1);
    if (!p)
        exhausted();
    return p;
}

void *xreallocarray(void *p, size_t n, size_t size)
{
    void *q = reallocarray(p, n ? n : 1, size ? size : 1);
    if (!q)
        exhausted();
    return q;
}

void *xmemdup(const void *p, size_t n)
{
    void *q = xmalloc(n);
    if (n)
        memcpy(q, p, n);
    return q;
}

char *xstrdup(const char *s)
{
    return xmemdup(s, strlen(s) + 1);
}

int errno_save(void)
{
    return errno;
}

void errno_restore(int saved)
{
    errno = saved;
}

struct arena *arena_new(size_t first)
{
    struct arena *a = XNEW(struct arena);
    a->want = first < 256 ? 256 : first;
    return a;
}

void arena_free(struct arena *a)
{
    if (!a)
        return;
    for (struct block *b = a->blocks, *next; b; b = next) {
        next = b->next;
        free(b);
    }
    free(a);
}

static struct block *block_add(struct arena *a, size_t size)
{
    if (size > SIZE_MAX - sizeof(struct block))
        exhausted();
    struct block *b = xmalloc(sizeof *b + size);
    *b = (struct block){.next = a->blocks, .size = size};
    return a->blocks = b;
}

void *arena_get(struct arena *a, size_t n, size_t align)
{
    struct block *b = a->blocks;
    size_t at = b ? (b->used + align - 1) & ~(align - 1) : 0;
    if (ONE_MALLOC_EACH || !b || at > b->size || n > b->size - at) {
        size_t size = ONE_MALLOC_EACH || n > a->want ? n : a->want;
        b = block_add(a, size);
        at = 0;
        if (a->want < ARENA_BLOCK_MAX)
            a->want *= 2;
    }
    b->used = at + n;
    return memset(b->bytes + at, 0, n);
}

void *arena_array(struct arena *a, size_t n, size_t size, size_t align)
{
    size_t bytes;
    if (__builtin_mul_overflow(n, size, &bytes))
        exhausted();
    return arena_get(a, bytes, align);
}

void *arena_copy(struct arena *a, const void *p, size_t n)
{
    void *q = arena_get(a, n, _Alignof(max_align_t));
    if (n)
        memcpy(q, p, n);
    return q;
}

void *arena_grow(struct arena *a, void *array, size_t n, size_t *cap, size_t size)
{
    if (array && n < *cap)
        return array;
    size_t bigger = *cap ? *cap * 2 : 8;
    void *q = arena_array(a, bigger, size, _Alignof(max_align_t));
    if (n)
        memcpy(q, array, n * size);
    *cap = bigger;
    return q;
}

char *arena_vprintf(struct arena *a, size_t *len, const char *fmt, va_list ap)
{
    va_list again;
    va_copy(again, ap);
    int n = vsnprintf(NULL, 0, fmt, again);
    va_end(again);
    if (n < 0)
        BUG("printf: bad format");
    char *s = arena_get(a, (size_t)n + 1, 1);
    vsnprintf(s, (size_t)n + 1, fmt, ap);
    *len = (size_t)n;
    return s;
}

char *arena_printf(struct arena *a, const char *fmt, ...)
{
    va_list ap;
    size_t n;
    va_start(ap, fmt);
    char *s = arena_vprintf(a, &n, fmt, ap);
    va_end(ap);
    return s;
}
