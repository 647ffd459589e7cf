// SPDX-License-Identifier: Apache-2.0
#include "base/mem.h"
#include "test.h"
#include <errno.h>

TEST(arena_gives_zeroed_aligned_memory_that_stays)
{
    drop_(arena_free) struct arena *a = arena_new(100);
    unsigned char *kept[500];
    for (size_t i = 0; i < COUNT(kept); i++) {
        size_t align = (size_t)1 << i % 5;
        kept[i] = arena_get(a, i, align);
        EQ_UINT((uintptr_t)kept[i] % align, 0);
        for (size_t k = 0; k < i; k++)
            EQ_INT(kept[i][k], 0);
        memset(kept[i], (int)i, i);
    }
    for (size_t i = 0; i < COUNT(kept); i++)
        for (size_t k = 0; k < i; k++)
            EQ_INT(kept[i][k], (unsigned char)i);
    unsigned char *big = arena_get(a, 5 << 20, 16);
    EQ_INT(big[(5 << 20) - 1], 0);
}

TEST(arena_grow_moves_and_keeps)
{
    drop_(arena_free) struct arena *a = arena_new(0);
    int *v = NULL;
    size_t n = 0, cap = 0;
    for (int i = 0; i < 10000; i++) {
        v = arena_grow(a, v, n, &cap, sizeof *v);
        v[n++] = i;
        CHECK(n <= cap);
    }
    for (int i = 0; i < 10000; i++)
        EQ_INT(v[i], i);
    EQ_TEXT(arena_printf(a, "%d-%s", 1, "x"), "1-x");
    EQ_TEXT(arena_copy(a, "abc", 4), "abc");
    CHECK(arena_copy(a, NULL, 0) && ARENA_ARRAY(a, int, 0));
}

static int dropped;

static void count_drop(char *p)
{
    dropped++;
    errno = EIO;
    free(p);
}
DEFINE_DROP(char *, count_drop)

TEST(drop_runs_once_and_keeps_errno)
{
    dropped = 0;
    errno = ENOENT;
    {
        drop_(count_drop) char *p = xstrdup("x");
        drop_(count_drop) char *none = NULL;
        CHECK(*p == 'x' && !none);
    }
    EQ_INT(dropped, 1);
    EQ_INT(errno, ENOENT);
    char *kept;
    {
        drop_(count_drop) char *p = xstrdup("y");
        kept = steal_ptr(p);
        CHECK(!p);
    }
    EQ_INT(dropped, 1);
    EQ_TEXT(kept, "y");
    free(kept);
}

TEST(xmalloc_of_nothing_is_something)
{
    drop_free void *a = xmalloc(0);
    drop_free void *b = xcalloc(0, 8);
    drop_free void *c = xreallocarray(NULL, 0, 8);
    drop_free void *d = xmemdup(NULL, 0);
    CHECK(a && b && c && d);
    arena_free(NULL);
}
