// SPDX-License-Identifier: Apache-2.0
#include "base/map.h"
#include "test.h"
#include <stdio.h>

TEST(map_keeps_the_order_of_a_hundred_thousand_keys)
{
    enum { N = 100000 };
    drop_(arena_free) struct arena *a = arena_new(1 << 20);
    struct strmap m = {0};
    for (int i = 0; i < N; i++)
        strmap_set(a, &m, str_printf(a, "key-%d", i * 7919 % N), str_printf(a, "%d", i));
    for (int i = 0; i < N; i += 3) // again: the place stays, the value is the last one
        strmap_set(a, &m, str_printf(a, "key-%d", i * 7919 % N), STR("again"));
    EQ_UINT(m.n, N);
    for (int i = 0; i < N; i++) {
        char want[32];
        snprintf(want, sizeof want, "key-%d", i * 7919 % N);
        CHECK(str_is(m.v[i].key, want));
        const struct str *val = strmap_get(&m, str_of(want));
        snprintf(want, sizeof want, "%d", i);
        CHECK(val && str_is(*val, i % 3 ? want : "again"));
    }
    CHECK(!strmap_get(&m, STR("key-100000")) && !strmap_get(&m, STR("")));
}

TEST(map_del_and_sort_keep_every_key_found)
{
    drop_(arena_free) struct arena *a = arena_new(0);
    for (size_t n = 0; n < 40; n++) {
        struct strmap m = {0};
        for (size_t i = 0; i < n; i++)
            map_put(a, &m, str_printf(a, "%zu", 97 * (n - i) % 101))->ptr = &m;
        map_del(&m, STR("absent"));
        map_sort(&m);
        for (size_t i = 1; i < m.n; i++)
            CHECK(str_cmp(m.v[i - 1].key, m.v[i].key) < 0);
        EQ_UINT(m.n, n);
        while (m.n) {
            struct str gone = m.v[m.n / 2].key;
            map_del(&m, gone);
            CHECK(!map_find(&m, gone));
            for (size_t i = 0; i < m.n; i++)
                CHECK(map_find(&m, m.v[i].key) == &m.v[i]);
        }
        map_put(a, &m, STR("again"))->val = STR("x");
        EQ_UINT(m.n, 1);
    }
}

TEST(map_knows_keys_by_length_and_bytes)
{
    drop_(arena_free) struct arena *a = arena_new(0);
    struct strmap m = {0};
    const struct str keys[] = {STR_INIT(""),
                               {"\0", 1},
                               {"\0\0", 2},
                               STR_INIT("a"),
                               {"a\0", 2},
                               STR_INIT("aaaaaaaa"),
                               STR_INIT("aaaaaaaaa"),
                               STR_INIT("A"),
                               STR_INIT("aaaaaaa"),
                               STR_INIT("aaaaaaaaaaaaaaaa")};
    for (size_t i = 0; i < COUNT(keys); i++)
        map_put(a, &m, keys[i]);
    EQ_UINT(m.n, COUNT(keys));
    for (size_t i = 0; i < COUNT(keys); i++)
        CHECK(map_find(&m, keys[i]) == &m.v[i]);
    CHECK(str_hash(STR("a")) != str_hash(STR("b")) && str_hash(STR("a")) == str_hash(STR("a")));
}
