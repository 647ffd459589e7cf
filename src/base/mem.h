// SPDX-License-Identifier: Apache-2.0
// base/mem.h - allocation that cannot fail, arenas, and ownership as attributes.
//
// Out of memory aborts: what comes from outside is limited by its parser before it is allocated, so
// only real exhaustion gets here. Ownership: `T **out` is the caller's, a returned pointer is borrowed,
// `take_` consumes. Nothing in an arena owns a descriptor; an arena belongs to one thread at a time.
#pragma once
#include "base/attr.h"
#include <stdarg.h>
#include <stdlib.h>

void *xmalloc(size_t n) __attribute__((malloc, returns_nonnull, alloc_size(1)));
void *xcalloc(size_t n, size_t size) __attribute__((malloc, returns_nonnull, alloc_size(1, 2)));
void *xreallocarray(void *p, size_t n, size_t size) __attribute__((returns_nonnull, alloc_size(2, 3)));
void *xmemdup(const void *p, size_t n) __attribute__((malloc, returns_nonnull));
char *xstrdup(const char *s) __attribute__((malloc, returns_nonnull));
#define XNEW(type) ((type *)xcalloc(1, sizeof(type)))

struct arena;
struct arena *arena_new(size_t first); // bytes of the first block; it grows
void arena_free(struct arena *a);      // NULL is fine
void *arena_get(struct arena *a, size_t n, size_t align) __attribute__((returns_nonnull)); // zeroed
void *arena_copy(struct arena *a, const void *p, size_t n) __attribute__((returns_nonnull));
char *arena_vprintf(struct arena *a, size_t *len, const char *fmt, va_list ap) printf_(3, 0)
    __attribute__((returns_nonnull));
char *arena_printf(struct arena *a, const char *fmt, ...) printf_(2, 3) __attribute__((returns_nonnull));
#define ARENA_NEW(a, type) ((type *)arena_get(a, sizeof(type), _Alignof(type)))
#define ARENA_ARRAY(a, type, n) ((type *)arena_array(a, n, sizeof(type), _Alignof(type)))
void *arena_array(struct arena *a, size_t n, size_t size, size_t align) __attribute__((returns_nonnull));
// Room for one more element in an arena array: returns the array, moved and doubled when it is full.
void *arena_grow(struct arena *a, void *array, size_t n, size_t *cap, size_t size)
    __attribute__((returns_nonnull));

// Hands over: the variable is emptied, so its cleanup does nothing.
#define steal_ptr(p)                                                                                         \
    ({                                                                                                       \
        __auto_type p_ = &(p);                                                                               \
        __auto_type v_ = *p_;                                                                                \
        *p_ = NULL;                                                                                          \
        v_;                                                                                                  \
    })

// DEFINE_DROP(struct arena *, arena_free) once beside the type; then `drop_(arena_free) struct arena *a = …;`
// Cleanups keep errno and accept NULL.
#define DEFINE_DROP(type, fn)                                                                                \
    static inline void fn##_p(type *p)                                                                       \
    {                                                                                                        \
        if (*p) {                                                                                            \
            int saved_ = errno_save();                                                                       \
            fn(*p);                                                                                          \
            *p = NULL;                                                                                       \
            errno_restore(saved_);                                                                           \
        }                                                                                                    \
    }
#define drop_(fn) __attribute__((cleanup(fn##_p)))

int errno_save(void);
void errno_restore(int saved);

static inline void drop_free_p(void *p)
{
    free(*(void **)p);
    *(void **)p = NULL;
}
#define drop_free __attribute__((cleanup(drop_free_p)))

DEFINE_DROP(struct arena *, arena_free)
