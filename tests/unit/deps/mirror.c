// SPDX-License-Identifier: Apache-2.0
#include "deps/mirror.h"
#include "test.h"

#define HEX "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"

static struct dep dep_of(const char *uri)
{
    struct dep d = {.id = STR("x"), .version = STR("1"), .uri = str_of(uri)};
    struct err e = {0};
    CHECK(digest_parse(STR("sha256:" HEX), &d.sum, &e) == 0);
    d.scheme = str_has_prefix(d.uri, "https:")  ? DEP_HTTPS
               : str_has_prefix(d.uri, "file:") ? DEP_FILE
               : str_has_prefix(d.uri, "npm:")  ? DEP_NPM
                                                : DEP_DEB;
    return d;
}

static const char *shown(struct arena *a, const struct place *p)
{
    if (p->kind == PLACE_HTTP)
        return url_text(a, &p->url).p;
    return p->kind == PLACE_FILE ? arena_printf(a, "file://" PRI_STR, STR_ARG(p->path)) : str_c(a, p->path);
}

struct pair {
    const char *key, *value;
};
static const struct strmap *map_of(struct arena *a, struct pair p)
{
    struct strmap *m = ARENA_NEW(a, struct strmap);
    if (p.key)
        strmap_set(a, m, str_of(p.key), str_of(p.value));
    return p.key ? m : NULL;
}

static const struct {
    const char *uri, *env[3];
    struct pair mapping, mirror;
    const char *want;
} places[] = {
    {"https://a.test/x/y.tgz?q", {NULL}, {0}, {0}, "https://a.test/x/y.tgz?q"},
    {"file:///x/y", {NULL}, {0}, {0}, "file:///x/y"},
    {"npm:x@1", {"BP_DEPENDENCY_MIRROR=https://m.test", NULL}, {0}, {0}, "npm:x@1"},
    {"deb:x=1", {NULL}, {0}, {0}, "deb:x=1"},
    {"https://a.test/x/y?q", {"BP_DEPENDENCY_MIRROR=https://m.test", NULL}, {0}, {0}, "https://m.test/x/y?q"},
    {"https://a.test/x", {"BP_DEPENDENCY_MIRROR=https://m.test/p/", NULL}, {0}, {0}, "https://m.test/p/x"},
    {"https://a.test/x",
     {"BP_DEPENDENCY_MIRROR=https://m.test/{originalHost}/p", NULL},
     {0},
     {0},
     "https://m.test/a.test/p/x"},
    {"https://a.test/x",
     {"BP_DEPENDENCY_MIRROR=file:///m/{originalHost}", NULL},
     {0},
     {0},
     "file:///m/a.test/x"},
    {"https://a-b.c.test/x",
     {"BP_DEPENDENCY_MIRROR_A__B_C_TEST=https://m.test", "BP_DEPENDENCY_MIRROR=https://n.test"},
     {0},
     {0},
     "https://m.test/x"},
    {"https://z.test/x",
     {"BP_DEPENDENCY_MIRROR_A_TEST=https://m.test", "BP_DEPENDENCY_MIRROR=https://n.test"},
     {0},
     {0},
     "https://n.test/x"},
    {"https://a.test/p/q/x",
     {"BP_DEPENDENCY_MIRROR=https://m.test/r,skip-path=/p/", NULL},
     {0},
     {0},
     "https://m.test/r/q/x"},
    {"https://a.test/pq/x",
     {"BP_DEPENDENCY_MIRROR=https://m.test/r,skip-path=/p", NULL},
     {0},
     {0},
     "https://m.test/r/pq/x"},
    {"https://a.test/x", {NULL}, {0}, {"default", "https://m.test\n"}, "https://m.test/x"},
    {"https://a.test/x", {NULL}, {0}, {"a.test", "https://m.test"}, "https://m.test/x"},
    {"https://a.test/x", {NULL}, {0}, {"b.test", "https://m.test"}, "https://a.test/x"},
    {"https://a.test/x",
     {"BP_DEPENDENCY_MIRROR=https://env.test", NULL},
     {0},
     {"a.test", "https://m.test"},
     "https://env.test/x"},
    {"https://a.test/x", {"BP_DEPENDENCY_MIRROR=", NULL}, {0}, {0}, "https://a.test/x"},
    {"https://a.test/x",
     {"BP_DEPENDENCY_MIRROR=https://env.test", NULL},
     {HEX, "https://map.test/z"},
     {0},
     "https://map.test/z"},
    {"npm:x@1", {NULL}, {"sha256:" HEX, "file:///m/z"}, {0}, "file:///m/z"},
    {"deb:x=1", {NULL}, {"sha256_" HEX, " http://map.test/z\n"}, {0}, "http://map.test/z"},
    {"deb:x=1", {NULL}, {"sha512_" HEX, "http://map.test/z"}, {0}, "deb:x=1"},
};

TEST(mirror_finds_places)
{
    drop_(arena_free) struct arena *a = arena_new(4096);
    for (size_t i = 0; i < COUNT(places); i++) {
        const char *const env[] = {places[i].env[0], places[i].env[0] ? places[i].env[1] : NULL, NULL};
        struct mirrors m = {env, map_of(a, places[i].mapping), map_of(a, places[i].mirror)};
        struct dep d = dep_of(places[i].uri);
        struct place p;
        MUST(place_find(a, &m, &d, &p, &e));
        EQ_TEXT(shown(a, &p), places[i].want);
        EQ_INT(p.is_mapped, strcmp(places[i].want, places[i].uri) != 0);
        EQ_INT(p.has_login, false);
    }
}

TEST(mirror_may_have_a_login)
{
    static const char *const env[] = {"BP_DEPENDENCY_MIRROR=https://us%65r:p%40ss@m.test:8443/p", NULL};
    drop_(arena_free) struct arena *a = arena_new(4096);
    struct mirrors m = {.envp = env};
    struct dep d = dep_of("https://a.test/x");
    struct place p;
    MUST(place_find(a, &m, &d, &p, &e));
    EQ_TEXT(shown(a, &p), "https://m.test:8443/p/x");
    CHECK(p.has_login);
    EQ_STR(p.credential.origin, "https://m.test:8443");
    EQ_STR(p.credential.secret, "dXNlcjpwQHNz"); // user:p@ss
    EQ_INT(p.credential.kind, HTTP_BASIC);
}

TEST(mirror_refuses)
{
    static const struct {
        const char *env, *mapping, *words;
    } cases[] = {
        {"BP_DEPENDENCY_MIRROR=http://m.test", NULL, "BP_DEPENDENCY_MIRROR|https or file"},
        {"BP_DEPENDENCY_MIRROR=m.test", NULL, "https or file"},
        {"BP_DEPENDENCY_MIRROR_A_TEST=https://m test", NULL, "BP_DEPENDENCY_MIRROR_A_TEST|blank"},
        {"BP_DEPENDENCY_MIRROR=https://m.test,skip=1", NULL, "skip=1|skip-path="},
        {"X=", "ftp://m.test/x", "dependency-mapping|https or file"},
        {"X=", "x", "dependency-mapping"},
    };
    drop_(arena_free) struct arena *a = arena_new(4096);
    for (size_t i = 0; i < COUNT(cases); i++) {
        const char *const env[] = {cases[i].env, NULL};
        struct mirrors m = {env, map_of(a, (struct pair){cases[i].mapping ? HEX : NULL, cases[i].mapping}),
                            NULL};
        struct dep d = dep_of("https://a.test/x");
        struct place p;
        REFUSED(place_find(a, &m, &d, &p, &e), ERR_USAGE, cases[i].words);
    }
    const char *const env[] = {"BP_DEPENDENCY_MIRROR=file:///m", NULL};
    struct mirrors m = {.envp = env};
    struct dep d = dep_of("https://a.test/../../etc/passwd");
    struct place p;
    REFUSED(place_find(a, &m, &d, &p, &e), ERR_USAGE, "out of the mirror");
}
