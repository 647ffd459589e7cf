// SPDX-License-Identifier: Apache-2.0
#include "document/json.h"
#include "platform/build_priv.h"
#include "test.h"

#define SUM_A "sha256:aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
#define SUM_B "sha256:bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb"

// A label with one layer, "test/one:jre", whose metadata is `data`; "-": there is no such layer.
static struct lifecycle_metadata label(struct arena *a, const char *data)
{
    struct lifecycle_metadata md = {.launcher = STR("sha256:x")};
    struct val *v;
    if (data[0] == '-')
        return md;
    MUST(json_read(a, str_of(data), "data", &v, &e));
    md.buildpacks.v = ARENA_NEW(a, struct lm_buildpack);
    md.buildpacks.n = 1;
    md.buildpacks.v->key = STR("test/one");
    md.buildpacks.v->layers.v = ARENA_NEW(a, struct lm_layer);
    md.buildpacks.v->layers.n = 1;
    *md.buildpacks.v->layers.v = (struct lm_layer){.name = STR("jre"), .data = v};
    return md;
}

TEST(why_a_layer_is_new)
{
    static const struct {
        const char *is, *was, *why;
    } rows[] = {
        {"{}", "-", "new"},
        {"{}", "{}", "files changed"},
        {"{\"version\": \"24.20.0\"}", "{\"version\": \"24.19.0\"}", "version 24.20.0, was 24.19.0"},
        {"{\"a\": 1, \"b\": true}", "{\"a\": 1, \"b\": false}", "b true, was false"},
        {"{\"a\": {\"b\": {\"c\": \"x\"}}}", "{\"a\": {\"b\": {\"c\": \"y\"}}}", "c x, was y"},
        {"{\"a\": [1]}", "{\"a\": [2]}", "a is another one"},
        {"{\"a\": \"x\"}", "{}", "a x, was not there"},
        {"{\"a\": \"" SUM_A "\"}", "{\"a\": \"" SUM_B "\"}", "a changed"},
        {"{\"a\": \"" SUM_A "\"}", "{}", "a is new"},
        {"{}", "{\"a\": \"x\"}", "a is gone"},
        {"{\"a\": \"\\u001b[2J\"}", "{\"a\": \"x\"}", "a \\x1b[2J, was x"},
        {"{\"a\": \"0123456789012345678901234567890123456789012345678901234567890123\"}", "{\"a\": \"x\"}",
         "a 012345678901234567890123…, was x"},
    };
    drop_(arena_free) struct arena *a = arena_new(4096);
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct lifecycle_metadata is = label(a, rows[i].is), was = label(a, rows[i].was);
        EQ_STR(build_why(a, &is, &was, STR("test/one:jre")), rows[i].why);
    }
    struct lifecycle_metadata md = label(a, "{}");
    EQ_STR(build_why(a, &md, NULL, STR("test/one:jre")), "new");
    EQ_STR(build_why(a, &md, &md, STR("buildpacksio/lifecycle:launcher")), "files changed");
    EQ_STR(build_why(a, &md, &md, STR("buildpacksio/lifecycle:process-types")), "new");
    EQ_STR(build_why(a, &md, &md, STR("app")), "new");
    EQ_STR(build_why(a, &md, &md, STR("other/one:jre")), "new");
}

TEST(what_differs_of_a_layer_that_is_the_same)
{
    drop_(arena_free) struct arena *a = arena_new(4096);
    struct lifecycle_metadata is = label(a, "{\"v\": 2}"), was = label(a, "{\"v\": 1}"), none = label(a, "-");
    EQ_STR(build_why_same(a, &is, &was, STR("test/one:jre")), "v 2, was 1");
    EQ_STR(build_why_same(a, &is, &is, STR("test/one:jre")), "");
    EQ_STR(build_why_same(a, &is, &none, STR("test/one:jre")), "");
    EQ_STR(build_why_same(a, &is, NULL, STR("test/one:jre")), "");
    EQ_STR(build_why_same(a, &is, &was, STR("app")), "");
}
