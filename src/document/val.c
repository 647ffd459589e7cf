// SPDX-License-Identifier: Apache-2.0
#include "document/val.h"
#include "base/map.h"
#include <assert.h>
#include <stdio.h>

enum { FEW = 8 }; // up to here a linear look is faster than an index

static const char *const kind_names[] = {
    [VAL_NULL] = "null", [VAL_BOOL] = "true or false", [VAL_INT] = "whole number", [VAL_NUM] = "number",
    [VAL_STR] = "text",  [VAL_TIME] = "time",          [VAL_LIST] = "list",        [VAL_MAP] = "table",
};
static_assert(COUNT(kind_names) == VAL_KIND_MAX_, "one name per kind");

const char *val_kind_name(enum val_kind kind)
{
    return (unsigned)kind < VAL_KIND_MAX_ ? kind_names[kind] : "unknown";
}

// Twice as many slots as room for values: half of them stay free, so a look ends soon.
static size_t slot_of(const struct val *map, struct str key)
{
    return str_hash(key) % (map->c.cap * 2);
}

static size_t slot_after(const struct val *map, size_t at)
{
    return at + 1 == map->c.cap * 2 ? 0 : at + 1;
}

static void slot_fill(struct val *map, size_t index)
{
    size_t at = slot_of(map, map->c.key[index]);
    while (map->c.slot[at])
        at = slot_after(map, at);
    map->c.slot[at] = (uint32_t)index + 1;
}

static struct val *find(const struct val *map, struct str key)
{
    if (!map->c.slot) {
        for (size_t i = 0; i < map->c.n; i++)
            if (str_eq(map->c.key[i], key))
                return &map->c.v[i];
        return NULL;
    }
    for (size_t at = slot_of(map, key); map->c.slot[at]; at = slot_after(map, at))
        if (str_eq(map->c.key[map->c.slot[at] - 1], key))
            return &map->c.v[map->c.slot[at] - 1];
    return NULL;
}

const struct val *val_get(const struct val *map, struct str key)
{
    return map && map->kind == VAL_MAP ? find(map, key) : NULL;
}

const struct val *val_at(const struct val *v, const char *dotted)
{
    struct str rest = str_of(dotted), key;
    while (v && str_cut(&rest, '.', &key))
        v = val_get(v, key);
    return v;
}

void val_where(const struct val *v, const char *file, const char *key, struct err_at *at)
{
    *at = (struct err_at){0};
    if (v) {
        at->line = v->line;
        at->col = v->col;
    }
    if (file)
        err_at_file(at, file);
    size_t n = key ? strlen(key) : 0;
    if (n < sizeof at->key) {
        snprintf(at->key, sizeof at->key, "%s", key ? key : "");
        return;
    }
    const char *tail = key + n - (sizeof at->key - 4);
    while (((unsigned char)*tail & 0xc0) == 0x80) // not from the middle of a character
        tail++;
    snprintf(at->key, sizeof at->key, "...%s", tail);
}

static void grow(struct arena *a, struct val *v)
{
    size_t cap = v->c.cap ? v->c.cap * 2 : 4;
    struct val *values = ARENA_ARRAY(a, struct val, cap);
    if (v->c.n)
        memcpy(values, v->c.v, v->c.n * sizeof *values);
    v->c.v = values;
    v->c.cap = cap;
    if (v->kind != VAL_MAP)
        return;
    struct str *keys = ARENA_ARRAY(a, struct str, cap);
    if (v->c.n)
        memcpy(keys, v->c.key, v->c.n * sizeof *keys);
    v->c.key = keys;
    if (cap <= FEW)
        return;
    v->c.slot = ARENA_ARRAY(a, uint32_t, cap * 2);
    for (size_t i = 0; i < v->c.n; i++)
        slot_fill(v, i);
}

struct val *val_add(struct arena *a, struct val *list)
{
    assert(list->kind == VAL_LIST);
    if (list->c.n == list->c.cap)
        grow(a, list);
    struct val *child = &list->c.v[list->c.n++];
    *child = (struct val){0};
    return child;
}

struct val *val_put(struct arena *a, struct val *map, struct str key)
{
    assert(map->kind == VAL_MAP);
    struct val *child = find(map, key);
    if (child)
        return child;
    if (map->c.n == map->c.cap)
        grow(a, map);
    size_t at = map->c.n++;
    map->c.v[at] = (struct val){0};
    map->c.key[at] = key;
    if (map->c.slot)
        slot_fill(map, at);
    return &map->c.v[at];
}

static void set(struct val *v, struct val content)
{
    content.line = v->line;
    content.col = v->col;
    *v = content;
}

void val_set_str(struct val *v, struct str s)
{
    set(v, (struct val){.kind = VAL_STR, .s = s});
}

void val_set_int(struct val *v, int64_t i)
{
    set(v, (struct val){.kind = VAL_INT, .i = i});
}

void val_set_bool(struct val *v, bool b)
{
    set(v, (struct val){.kind = VAL_BOOL, .b = b});
}

void val_set_list(struct val *v)
{
    set(v, (struct val){.kind = VAL_LIST});
}

void val_set_map(struct val *v)
{
    set(v, (struct val){.kind = VAL_MAP});
}

static bool lists_eq(const struct val *a, const struct val *b)
{
    for (size_t i = 0; i < a->c.n; i++)
        if (!val_eq(&a->c.v[i], &b->c.v[i]))
            return false;
    return true;
}

static bool maps_eq(const struct val *a, const struct val *b)
{
    for (size_t i = 0; i < a->c.n; i++) {
        const struct val *other = find(b, a->c.key[i]);
        if (!other || !val_eq(&a->c.v[i], other))
            return false;
    }
    return true;
}

bool val_eq(const struct val *a, const struct val *b)
{
    if (a->kind != b->kind)
        return false;
    switch (a->kind) {
    case VAL_BOOL:
        return a->b == b->b;
    case VAL_INT:
        return a->i == b->i;
    case VAL_NUM:
    case VAL_STR:
    case VAL_TIME:
        return str_eq(a->s, b->s);
    case VAL_LIST:
        return a->c.n == b->c.n && lists_eq(a, b);
    case VAL_MAP:
        return a->c.n == b->c.n && maps_eq(a, b);
    case VAL_NULL:
    case VAL_KIND_MAX_:
        break;
    }
    return true;
}

bool val_is_empty(const struct val *v)
{
    switch (v->kind) {
    case VAL_NULL:
        return true;
    case VAL_BOOL:
        return !v->b;
    case VAL_INT:
        return !v->i;
    case VAL_STR:
        return !v->s.n;
    case VAL_LIST:
    case VAL_MAP:
        return !v->c.n;
    case VAL_NUM:
    case VAL_TIME:
    case VAL_KIND_MAX_:
        break;
    }
    return false;
}
