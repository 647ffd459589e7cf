// SPDX-License-Identifier: Apache-2.0
// Every case of the public suite (tests/data/toml-test) that is of TOML 1.0, and what is of TOML 1.1 only.
#include "base/limits.h"
#include "document/json.h"
#include "document/toml.h"
#include "test.h"
#include <fcntl.h>
#include <math.h>

// "1987-07-05 17:45:56.600z" and "1987-07-05T17:45:56.6Z" are one time.
static struct str plain_time(struct arena *a, struct str s)
{
    char *p = arena_get(a, s.n + 1, 1);
    size_t n = 0, dot = SIZE_MAX;
    for (size_t i = 0; i <= s.n; i++) {
        char c = i < s.n ? s.p[i] : 0;
        bool digit = c >= '0' && c <= '9';
        if (dot != SIZE_MAX && !digit) {
            while (p[n - 1] == '0')
                n--;
            n -= p[n - 1] == '.';
            dot = SIZE_MAX;
        }
        if (c == '.')
            dot = n;
        if (c)
            p[n++] = c == ' ' || c == 't' ? 'T' : c == 'z' ? 'Z' : c;
    }
    return (struct str){p, n};
}

static const char *time_type(struct str s)
{
    size_t at;
    if (s.p[2] == ':')
        return "time-local";
    if (s.n == 10)
        return "date-local";
    struct str time = str_from(s, 10);
    bool offset = str_find(time, 'Z', &at) || str_find(time, '+', &at) || str_find(time, '-', &at);
    return offset ? "datetime" : "datetime-local";
}

static bool float_eq(const char *got, const char *want)
{
    double a = strtod(got, NULL), b = strtod(want, NULL);
    return isnan(a) ? isnan(b) : a == b && signbit(a) == signbit(b);
}

static bool scalar_eq(struct arena *a, const struct val *v, const char *type, struct str want)
{
    switch (v->kind) {
    case VAL_STR:
        return strcmp(type, "string") == 0 && str_eq(v->s, want) && v->s.p[v->s.n] == 0;
    case VAL_BOOL:
        return strcmp(type, "bool") == 0 && str_is(want, v->b ? "true" : "false");
    case VAL_INT:
        return strcmp(type, "integer") == 0 && str_eq(str_printf(a, "%lld", (long long)v->i), want);
    case VAL_NUM:
        return strcmp(type, "float") == 0 && float_eq(v->s.p, want.p);
    case VAL_TIME:
        want = plain_time(a, want);
        return str_eq(plain_time(a, v->s), want) && strcmp(type, time_type(want)) == 0;
    case VAL_NULL:
    case VAL_LIST:
    case VAL_MAP:
    case VAL_KIND_MAX_:
        break;
    }
    return false;
}

// `want`: a table with "type" and "value" is a tagged scalar.
static bool same(struct arena *a, const struct val *v, const struct val *want)
{
    if (!v || !v->line || !v->col)
        return false;
    const struct val *type = val_get(want, STR("type")), *text = val_get(want, STR("value"));
    if (type && text && type->kind == VAL_STR && text->kind == VAL_STR && want->c.n == 2)
        return scalar_eq(a, v, type->s.p, text->s);
    if (v->kind != want->kind || v->c.n != want->c.n)
        return false;
    bool ok = true;
    for (size_t i = 0; ok && i < v->c.n; i++) {
        const struct val *other = v->kind == VAL_MAP ? val_get(want, v->c.key[i]) : &want->c.v[i];
        ok = other && same(a, &v->c.v[i], other);
    }
    return ok;
}

static struct str data(struct arena *a, const char *path)
{
    return test_read(a, AT_FDCWD, test_data(a, path));
}

static void valid_case(const char *name)
{
    drop_(arena_free) struct arena *a = arena_new(0);
    struct err e = {0};
    char text[1024];
    struct val *v, *json, *again;
    int rc = toml_read(a, data(a, name), name, &v, &e);
    CHECK_MSG(rc == 0, "%s", err_text(&e, text, sizeof text));

    struct str expected = str_of(name);
    struct str want = data(a, arena_printf(a, PRI_STR ".json", STR_ARG(str_head(expected, expected.n - 5))));
    rc = json_read(a, want, name, &json, &e);
    CHECK_MSG(rc == 0, "%s", err_text(&e, text, sizeof text));
    CHECK_MSG(same(a, v, json), "%s: not the tree of its .json", name);

    drop_buf struct buf out = BUF_INIT(LIMIT_DOCUMENT);
    rc = toml_write(v, &out, &e);
    CHECK_MSG(rc == 0, "%s: %s", name, err_text(&e, text, sizeof text));
    rc = toml_read(a, buf_view(&out), name, &again, &e);
    CHECK_MSG(rc == 0, "written again: %s\n%s", err_text(&e, text, sizeof text), out.p);
    CHECK_MSG(val_eq(v, again), "%s: written as another tree:\n%s", name, out.p ? out.p : "");
}

static void invalid_case(const char *name)
{
    drop_(arena_free) struct arena *a = arena_new(0);
    struct err e = {0};
    struct val *v = NULL;
    int rc = toml_read(a, data(a, name), name, &v, &e);
    CHECK_MSG(rc == -1 && !v, "%s: not refused", name);
    EQ_INT(e.code, ERR_PARSE);
    CHECK_MSG(e.at.line > 0 && e.at.col > 0 && e.cause[0], "%s: no place", name);
}

// Runs `one` over the cases below toml-test/`folder`.
static int all(const char *folder, void (*one)(const char *name))
{
    drop_(arena_free) struct arena *a = arena_new(0);
    struct str list = data(a, "toml-test/files-toml-1.0.0"), line;
    int n = 0;
    while (str_next_line(&list, &line)) {
        if (!str_has_prefix(line, folder) || !str_has_suffix(line, ".toml"))
            continue;
        one(arena_printf(a, "toml-test/" PRI_STR, STR_ARG(line)));
        n++;
    }
    return n;
}

TEST(suite_valid_documents_are_the_trees_of_their_json_and_survive_the_writer)
{
    EQ_INT(all("valid/", valid_case), 210);
}

TEST(suite_invalid_documents_are_refused_with_a_line)
{
    EQ_INT(all("invalid/", invalid_case), 499);
}

TEST(what_only_1_1_allows_is_refused_with_its_line)
{
    static const struct {
        const char *name, *words;
    } cases[] = {
        {"escape-e", "escape-e.toml:1:|\\e is of TOML 1.1"},
        {"escape-x", "escape-x.toml:3:|\\x is of TOML 1.1"},
        {"inline-comment", "newline in an inline table is of TOML 1.1"},
        {"inline-empty-keys", "inline-empty-keys.toml:1:|newline in an inline table is of TOML 1.1"},
        {"inline-newline", "newline in an inline table is of TOML 1.1"},
        {"spec-escapes", "is of TOML 1.1"},
        {"spec-inline-tables", "newline in an inline table is of TOML 1.1"},
        {"spec-local-date-time", "without seconds is of TOML 1.1"},
        {"spec-local-time", "without seconds is of TOML 1.1"},
        {"spec-offset-date-time", "without seconds is of TOML 1.1"},
        {"time-without-seconds", "without seconds is of TOML 1.1"},
    };
    drop_(arena_free) struct arena *a = arena_new(0);
    for (size_t i = 0; i < COUNT(cases); i++) {
        const char *name = arena_printf(a, "toml-1.1/%s.toml", cases[i].name);
        struct val *v;
        REFUSED(toml_read(a, data(a, name), name, &v, &e), ERR_PARSE, cases[i].words);
    }
}
