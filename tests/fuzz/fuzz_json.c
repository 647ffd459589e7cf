// SPDX-License-Identifier: Apache-2.0
// json_read against jansson, and every accepted document through the three styles of json_write and back.
#include "base/limits.h"
#include "document/json.h"
#include <jansson.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

// What jansson refuses and we keep: numbers that fit neither its integer nor its real, and keys with U+0000.
static bool only_theirs(const json_error_t *error)
{
    return json_error_code(error) == json_error_numeric_overflow ||
           json_error_code(error) == json_error_null_byte_in_key;
}

static bool same(const struct val *v, const json_t *j);

static bool same_list(const struct val *v, const json_t *j)
{
    if (!json_is_array(j) || json_array_size(j) != v->c.n)
        return false;
    for (size_t i = 0; i < v->c.n; i++)
        if (!same(&v->c.v[i], json_array_get(j, i)))
            return false;
    return true;
}

static bool same_map(const struct val *v, const json_t *j)
{
    if (!json_is_object(j) || json_object_size(j) != v->c.n)
        return false;
    for (size_t i = 0; i < v->c.n; i++) {
        const json_t *child = json_object_getn(j, v->c.key[i].p, v->c.key[i].n);
        if (!child || !same(&v->c.v[i], child))
            return false;
    }
    return true;
}

static bool same(const struct val *v, const json_t *j)
{
    switch (v->kind) {
    case VAL_NULL:
        return json_is_null(j);
    case VAL_BOOL:
        return json_is_boolean(j) && json_is_true(j) == v->b;
    case VAL_INT:
        return json_is_integer(j) && json_integer_value(j) == v->i;
    case VAL_NUM: // the sign of -0 is lost in jansson's integers
        return json_is_real(j) || (json_is_integer(j) && str_is(v->s, "-0"));
    case VAL_STR:
        return json_is_string(j) && json_string_length(j) == v->s.n &&
               memcmp(json_string_value(j), v->s.p, v->s.n) == 0;
    case VAL_LIST:
        return same_list(v, j);
    case VAL_MAP:
        return same_map(v, j);
    case VAL_TIME:
    case VAL_KIND_MAX_:
        break;
    }
    return false;
}

static void check_places(const struct val *v)
{
    if (!v->line || !v->col)
        BUG("a value without its place");
    for (size_t i = 0; (v->kind == VAL_LIST || v->kind == VAL_MAP) && i < v->c.n; i++)
        check_places(&v->c.v[i]);
}

static void check_round_trip(struct arena *a, const struct val *v, enum json_style style)
{
    drop_buf struct buf b = BUF_INIT(MIB(64)), again = BUF_INIT(MIB(64));
    struct val *back;
    struct err e = {0};
    json_write(v, style, &b);
    if (b.n > LIMIT_DOCUMENT)
        return;
    if (json_read(a, buf_view(&b), "written", &back, &e) < 0)
        BUG("what was written cannot be read");
    if (!val_eq(v, back))
        BUG("what was written reads otherwise");
    json_write(back, style, &again);
    if (!str_eq(buf_view(&b), buf_view(&again)))
        BUG("written twice, it differs");
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    drop_(arena_free) struct arena *a = arena_new(4096);
    struct val *v = NULL;
    struct err e = {0};
    json_error_t error;
    int rc = json_read(a, (struct str){(const char *)data, size}, "fuzz", &v, &e);
    if (rc < 0 && (e.code == ERR_NONE || !e.at.line || !e.at.col || v))
        BUG("refused without a place, or with an output");
    if (rc < 0 && e.code == ERR_LIMIT)
        return 0;                        // jansson's limits are others
    if (size && memchr(data, 0, size)) { // jansson takes a NUL byte behind the value for the end
        if (rc == 0)
            BUG("a NUL byte is accepted");
        return 0;
    }
    json_t *j = json_loadb((const char *)data, size,
                           JSON_REJECT_DUPLICATES | JSON_ALLOW_NUL | JSON_DECODE_ANY, &error);
    if (rc < 0 && j)
        BUG("jansson accepts what we refuse");
    if (rc == 0 && !j && !only_theirs(&error))
        BUG("jansson refuses what we accept");
    if (rc == 0 && j && !same(v, j))
        BUG("jansson reads other values");
    json_decref(j);
    if (rc < 0)
        return 0;
    check_places(v);
    check_round_trip(a, v, JSON_GO);
    check_round_trip(a, v, JSON_PLAIN);
    check_round_trip(a, v, JSON_PRETTY);
    return 0;
}
