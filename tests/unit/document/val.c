// SPDX-License-Identifier: Apache-2.0
#include "document/val.h"
#include "test.h"
#include <stdio.h>

static const char *const words[] = {"a", "b", "c", "d"};

static struct val *new_map(struct arena *a)
{
    struct val *v = ARENA_NEW(a, struct val);
    val_set_map(v);
    return v;
}

TEST(every_kind_has_a_name)
{
    for (int kind = 0; kind < VAL_KIND_MAX_; kind++)
        CHECK(strcmp(val_kind_name((enum val_kind)kind), "unknown") != 0);
    EQ_TEXT(val_kind_name(VAL_KIND_MAX_), "unknown");
}

TEST(a_map_keeps_the_order_and_finds_what_it_has)
{
    drop_(arena_free) struct arena *a = arena_new(0);
    struct val *map = new_map(a);
    for (size_t i = 0; i < COUNT(words); i++)
        val_set_int(val_put(a, map, str_of(words[i])), (int64_t)i);
    EQ_UINT(map->c.n, COUNT(words));
    for (size_t i = 0; i < COUNT(words); i++) {
        EQ_STR(map->c.key[i], words[i]);
        EQ_INT(val_get(map, str_of(words[i]))->i, (int64_t)i);
    }
    CHECK(!val_get(map, STR("e")));
    val_set_bool(val_put(a, map, STR("b")), true);
    EQ_UINT(map->c.n, COUNT(words));
    EQ_INT(val_get(map, STR("b"))->kind, VAL_BOOL);
}

TEST(a_map_of_many_keys_is_fast_and_complete)
{
    enum { MANY = 200000 };
    drop_(arena_free) struct arena *a = arena_new(0);
    struct val *map = new_map(a);
    for (int i = 0; i < MANY; i++)
        val_set_int(val_put(a, map, str_printf(a, "key-%d", i)), i);
    EQ_UINT(map->c.n, MANY);
    char key[32];
    for (int i = 0; i < MANY; i++) {
        snprintf(key, sizeof key, "key-%d", i);
        const struct val *v = val_get(map, str_of(key));
        CHECK(v && v->i == i);
    }
    CHECK(!val_get(map, STR("key-200000")));
}

TEST(a_dotted_path_walks_maps_only)
{
    drop_(arena_free) struct arena *a = arena_new(0);
    struct val *root = new_map(a), *inner = val_put(a, root, STR("a"));
    val_set_map(inner);
    val_set_str(val_put(a, inner, STR("b")), STR("text"));
    EQ_STR(val_at(root, "a.b")->s, "text");
    CHECK(!val_at(root, "a.c"));
    CHECK(!val_at(root, "a.b.c"));
    CHECK(!val_at(root, ""));
    CHECK(!val_at(NULL, "a"));
}

TEST(setting_keeps_the_position)
{
    struct val v = {.line = 3, .col = 7};
    val_set_str(&v, STR("x"));
    val_set_list(&v);
    EQ_UINT(v.line, 3);
    EQ_UINT(v.col, 7);
}

TEST(equal_trees_differ_in_order_only)
{
    drop_(arena_free) struct arena *a = arena_new(0);
    struct val *one = new_map(a), *two = new_map(a);
    for (size_t i = 0; i < COUNT(words); i++) {
        val_set_int(val_put(a, one, str_of(words[i])), (int64_t)i);
        val_set_int(val_put(a, two, str_of(words[COUNT(words) - 1 - i])), (int64_t)(COUNT(words) - 1 - i));
    }
    CHECK(val_eq(one, two));
    val_set_int(val_put(a, two, STR("a")), 9);
    CHECK(!val_eq(one, two));
    val_set_str(val_put(a, two, STR("a")), STR("0"));
    CHECK(!val_eq(one, two));
    val_set_int(val_put(a, two, STR("a")), 0);
    val_set_int(val_put(a, two, STR("e")), 0);
    CHECK(!val_eq(one, two));
}

TEST(lists_are_equal_in_order)
{
    drop_(arena_free) struct arena *a = arena_new(0);
    struct val one = {0}, two = {0};
    val_set_list(&one);
    val_set_list(&two);
    for (int i = 0; i < 100; i++) {
        val_set_int(val_add(a, &one), i);
        val_set_int(val_add(a, &two), i);
    }
    CHECK(val_eq(&one, &two));
    val_set_int(&two.c.v[99], 98);
    CHECK(!val_eq(&one, &two));
}

TEST(a_place_keeps_the_end_of_a_long_key)
{
    struct val v = {.line = 2, .col = 5};
    struct err_at at;
    val_where(&v, "order.toml", "order.group", &at);
    EQ_UINT(at.line, 2);
    EQ_UINT(at.col, 5);
    EQ_TEXT(at.file, "order.toml");
    EQ_TEXT(at.key, "order.group");
    char key[200];
    memset(key, 'k', sizeof key);
    memcpy(key + sizeof key - 5, ".end", 5);
    val_where(&v, NULL, key, &at);
    EQ_UINT(strlen(at.key), sizeof at.key - 1);
    CHECK(str_has_prefix(str_of(at.key), "...k"));
    CHECK(str_has_suffix(str_of(at.key), "k.end"));
    val_where(NULL, "f", NULL, &at);
    EQ_UINT(at.line, 0);
    EQ_TEXT(at.key, "");
}
