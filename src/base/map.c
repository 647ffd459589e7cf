// SPDX-License-Identifier: Apache-2.0
#include "base/map.h"
#include <sys/auxv.h>

enum { FEW = 8 }; // up to here a linear look is faster than a table

struct sip {
    uint64_t v0, v1, v2, v3;
};

static uint64_t rotl(uint64_t x, unsigned b)
{
    return x << b | x >> (64 - b);
}

static void sip_round(struct sip *s)
{
    s->v0 += s->v1;
    s->v2 += s->v3;
    s->v1 = rotl(s->v1, 13) ^ s->v0;
    s->v3 = rotl(s->v3, 16) ^ s->v2;
    s->v0 = rotl(s->v0, 32) + s->v3;
    s->v2 += s->v1;
    s->v3 = rotl(s->v3, 21) ^ s->v0;
    s->v1 = rotl(s->v1, 17) ^ s->v2;
    s->v2 = rotl(s->v2, 32);
}

static void sip_word(struct sip *s, uint64_t m)
{
    s->v3 ^= m;
    sip_round(s);
    sip_round(s);
    s->v0 ^= m;
}

uint64_t str_hash(struct str s)
{
    uint64_t key[2] = {0}; // the kernel gives every process sixteen random bytes
    const void *random = (const void *)getauxval(AT_RANDOM);
    if (random)
        memcpy(key, random, sizeof key);
    struct sip h = {key[0] ^ 0x736f6d6570736575u, key[1] ^ 0x646f72616e646f6du, key[0] ^ 0x6c7967656e657261u,
                    key[1] ^ 0x7465646279746573u};
    size_t at = 0;
    for (; s.n - at >= 8; at += 8) {
        uint64_t m;
        memcpy(&m, s.p + at, 8);
        sip_word(&h, m);
    }
    uint64_t last = (uint64_t)s.n << 56;
    for (size_t i = 0; at + i < s.n; i++)
        last |= (uint64_t)(unsigned char)s.p[at + i] << (8 * i);
    sip_word(&h, last);
    h.v2 ^= 0xff;
    for (int i = 0; i < 4; i++)
        sip_round(&h);
    return h.v0 ^ h.v1 ^ h.v2 ^ h.v3;
}

static void slot_add(struct strmap *m, uint32_t index)
{
    size_t mask = m->n_slot - 1, at = str_hash(m->v[index].key) & mask;
    while (m->slot[at])
        at = (at + 1) & mask;
    m->slot[at] = index + 1;
}

static void slots_fill(struct strmap *m)
{
    memset(m->slot, 0, m->n_slot * sizeof *m->slot);
    for (size_t i = 0; i < m->n; i++)
        slot_add(m, (uint32_t)i);
}

struct map_entry *map_find(const struct strmap *m, struct str key)
{
    if (!m->slot) {
        for (size_t i = 0; i < m->n; i++)
            if (str_eq(m->v[i].key, key))
                return &m->v[i];
        return NULL;
    }
    size_t mask = m->n_slot - 1;
    for (size_t at = str_hash(key) & mask; m->slot[at]; at = (at + 1) & mask)
        if (str_eq(m->v[m->slot[at] - 1].key, key))
            return &m->v[m->slot[at] - 1];
    return NULL;
}

struct map_entry *map_put(struct arena *a, struct strmap *m, struct str key)
{
    struct map_entry *e = map_find(m, key);
    if (e)
        return e;
    m->v = arena_grow(a, m->v, m->n, &m->cap, sizeof *m->v);
    m->v[m->n++] = (struct map_entry){.key = key};
    if (m->n > FEW && m->n * 2 > m->n_slot) {
        m->n_slot = m->n_slot ? m->n_slot * 2 : (size_t)FEW * 4;
        m->slot = ARENA_ARRAY(a, uint32_t, m->n_slot);
        slots_fill(m);
    } else if (m->slot) {
        slot_add(m, (uint32_t)(m->n - 1));
    }
    return &m->v[m->n - 1];
}

void map_del(struct strmap *m, struct str key)
{
    struct map_entry *e = map_find(m, key);
    if (!e)
        return;
    size_t at = (size_t)(e - m->v);
    memmove(e, e + 1, (m->n - at - 1) * sizeof *e);
    m->n--;
    if (m->slot)
        slots_fill(m);
}

static int by_key(const void *a, const void *b)
{
    return str_cmp(((const struct map_entry *)a)->key, ((const struct map_entry *)b)->key);
}

void map_sort(struct strmap *m)
{
    if (m->n)
        qsort(m->v, m->n, sizeof *m->v, by_key);
    if (m->slot)
        slots_fill(m);
}
