// SPDX-License-Identifier: Apache-2.0
// base/map.h - text keys in insertion order, found by hash.
//
// Iterate with `for (size_t i = 0; i < m->n; i++) m->v[i]…`: the order is that of the first insertion, so
// output never depends on the hash. Keys and values are borrowed: their text must outlive the map. Lives in
// an arena; hashing is keyed per process, so hostile keys cannot make it slow.
#pragma once
#include "base/str.h"

struct map_entry {
    struct str key;
    struct str val; // what strmap users store
    void *ptr;      // what the others store
};

struct strmap {
    struct map_entry *v;
    size_t n, cap;
    uint32_t *slot; // index + 1 into v, 0 = free; NULL while there are few
    size_t n_slot;
};

struct map_entry *map_find(const struct strmap *m, struct str key);           // NULL if absent; borrowed
struct map_entry *map_put(struct arena *a, struct strmap *m, struct str key); // finds or adds
void map_del(struct strmap *m, struct str key); // keeps the order of the others; O(n)
void map_sort(struct strmap *m);                // by key, byte order
static inline void strmap_set(struct arena *a, struct strmap *m, struct str key, struct str val)
{
    map_put(a, m, key)->val = val;
}
// NULL if absent.
static inline const struct str *strmap_get(const struct strmap *m, struct str key)
{
    const struct map_entry *e = map_find(m, key);
    return e ? &e->val : NULL;
}
uint64_t str_hash(struct str s); // SipHash-2-4 under this process's key
