// SPDX-License-Identifier: Apache-2.0
#include "../net/server.h"
#include "deps/npm.h"
#include "test.h"

struct rig {
    struct arena *a;
    struct server *s;
    struct http *h;
    struct url registry;
};
static void rig_close(struct rig *r)
{
    http_free(r->h);
    server_stop(r->s);
    arena_free(r->a);
}

static struct rig rig_open(const struct answer *plan, size_t n)
{
    struct rig r = {.a = arena_new(4096), .s = server_start(plan, n, false)};
    struct http_policy p = http_policy_defaults();
    p.tries = 1;
    MUST(http_new(&p, &r.h, &e));
    MUST(url_parse(r.a, str_printf(r.a, "http://127.0.0.1:%u/npm/", server_port(r.s)), &r.registry, &e));
    return r;
}
#define RIG(r, plan) __attribute__((cleanup(rig_close))) struct rig r = rig_open(plan, COUNT(plan))

static int resolve(struct rig *r, struct str name, struct str version, struct npm_package *out, struct err *e)
{
    return npm_resolve(r->a, &(struct npm_query){r->h, &r->registry, name, version}, out, e);
}

#define DIST(v, url) "{\"version\":\"" v "\",\"dist\":{\"tarball\":\"" url "\",\"integrity\":\"sha512-abc\"}}"

TEST(npm_resolves_one_version)
{
    static const struct answer plan[] = {
        ANSWER("/npm/x/1.2.3", 200, NULL, DIST("1.2.3", "https://cdn.test/x.tgz")),
        ANSWER("/npm/@s%2fx/1.0.0-rc.1+b", 200, NULL, DIST("1.0.0-rc.1+b", "http://cdn.test/s.tgz")),
        ANSWER("/npm/rel/1.0.0", 200, NULL, DIST("1.0.0", "/npm/rel/-/rel-1.0.0.tgz")),
    };
    RIG(r, plan);
    struct npm_package p;
    MUST(resolve(&r, STR("x"), STR("1.2.3"), &p, &e));
    EQ_STR(p.tarball, "https://cdn.test/x.tgz");
    EQ_STR(p.integrity, "sha512-abc");
    MUST(resolve(&r, STR("@s/x"), STR("1.0.0-rc.1+b"), &p, &e));
    EQ_STR(p.tarball, "http://cdn.test/s.tgz");
    MUST(resolve(&r, STR("rel"), STR("1.0.0"), &p, &e));
    EQ_STR(p.tarball, arena_printf(r.a, "http://127.0.0.1:%u/npm/rel/-/rel-1.0.0.tgz", server_port(r.s)));
}

TEST(npm_resolves_out_of_all_versions)
{
    static const struct answer plan[] = {
        ANSWER("/npm/x", 200, NULL,
               "{\"dist-tags\":{\"latest\":\"2.0.0\"},\"versions\":{\"1.2.3\":" DIST(
                   "1.2.3", "https://cdn.test/x.tgz") "}}"),
        ANSWER("/npm/x/1.2.3", 405, NULL, "no"),
        ANSWER("/npm/bad/1.0.0", 200, NULL, DIST("6.6.6", "https://cdn.test/x.tgz")),
        ANSWER("/npm/html/1.0.0", 200, NULL, "<html>"),
        ANSWER("/npm/html", 200, NULL, "<html>"),
        ANSWER("/npm/none/1.0.0", 200, NULL, "{\"version\":\"1.0.0\"}"),
        ANSWER("/npm/file/1.0.0", 200, NULL, DIST("1.0.0", "file:///etc/passwd")),
        ANSWER("/npm/secret/1.0.0", 401, NULL, "no"),
    };
    static const struct {
        const char *name, *words;
        enum err_code code;
    } cases[] = {
        {"bad", "npm package bad|6.6.6|1.0.0", ERR_PROTOCOL},
        {"html", "npm package html|no JSON", ERR_PROTOCOL},
        {"none", "dist.tarball", ERR_PROTOCOL},
        {"file", "dist.tarball|https://", ERR_PROTOCOL},
        {"secret", "npm package secret|401", ERR_DENIED},
        {"gone", "npm package gone|404", ERR_NOT_FOUND},
        {"../x", "npm package", ERR_USAGE},
        {"x/y", "npm package", ERR_USAGE},
        {"x?y", "npm package", ERR_USAGE},
        {"@x", "npm package", ERR_USAGE},
    };
    RIG(r, plan);
    struct npm_package p;
    MUST(resolve(&r, STR("x"), STR("1.2.3"), &p, &e));
    EQ_STR(p.tarball, "https://cdn.test/x.tgz");
    CHECK(strstr(server_header(r.s, "/npm/x", "accept"), "install-v1"));
    REFUSED(resolve(&r, STR("x"), STR("9.9.9"), &p, &e), ERR_NOT_FOUND,
            "npm package x|no version 9.9.9|2.0.0");
    for (size_t i = 0; i < COUNT(cases); i++)
        REFUSED(resolve(&r, str_of(cases[i].name), STR("1.0.0"), &p, &e), cases[i].code, cases[i].words);
    REFUSED(resolve(&r, STR("x"), STR("1/../2"), &p, &e), ERR_USAGE, "npm package");
}

// From a registry of https, an address of http is only believed to be a proxy's.
TEST(npm_refuses_a_downgrade)
{
    static struct answer plan[] = {
        ANSWER("/npm/x/1.0.0", 200, NULL, DIST("1.0.0", "http://cdn.test/x.tgz")),
        ANSWER("/npm/y/1.0.0", 200, NULL, DIST("1.0.0", "http://127.0.0.1/y.tgz")),
    };
    drop_(arena_free) struct arena *a = arena_new(4096);
    drop_(server_stop) struct server *s = server_start(plan, COUNT(plan), true);
    drop_(http_free) struct http *h = NULL;
    struct http_policy policy = http_policy_defaults();
    struct url registry;
    struct npm_package p;
    test_write(t->dir, "ca.pem", server_certificate(s), strlen(server_certificate(s)));
    policy.ca_file = arena_printf(a, "%s/ca.pem", t->path);
    MUST(http_new(&policy, &h, &e));
    MUST(url_parse(a, str_printf(a, "https://127.0.0.1:%u/npm/", server_port(s)), &registry, &e));
    REFUSED(npm_resolve(a, &(struct npm_query){h, &registry, STR("x"), STR("1.0.0")}, &p, &e), ERR_DENIED,
            "npm package x|cdn.test|http");
    MUST(npm_resolve(a, &(struct npm_query){h, &registry, STR("y"), STR("1.0.0")}, &p, &e));
    EQ_STR(p.tarball, arena_printf(a, "https://127.0.0.1:%u/y.tgz", server_port(s)));
}

TEST(npm_integrity_is_compared)
{
    struct digest d256, d512;
    digest_of(HASH_SHA256, "abc", 3, &d256);
    digest_of(HASH_SHA512, "abc", 3, &d512);
    static const char s256[] = "sha256-ungWv48Bz+pBQUDeXa4iI7ADYaOWF3qctBD/YfIAFa0=";
    static const char s512[] =
        "sha512-3a81oZNherrMQXNJriBBMRLm+k6JqX6iCp7u5ktV05ohkpkqJ0/BqDa6PCOj/uu9RU1EI2Q86A4qmslPpUyknw==";
    static const char x512[] =
        "sha512-4a81oZNherrMQXNJriBBMRLm+k6JqX6iCp7u5ktV05ohkpkqJ0/BqDa6PCOj/uu9RU1EI2Q86A4qmslPpUyknw==";
    drop_(arena_free) struct arena *a = arena_new(4096);
    CHECK(!npm_integrity_differs(str_of(s512), &d512));
    CHECK(!npm_integrity_differs(str_of(s256), &d256));
    CHECK(!npm_integrity_differs(str_of(s512), &d256));
    CHECK(npm_integrity_differs(str_of(x512), &d512));
    CHECK(!npm_integrity_differs(str_printf(a, "%s %s", x512, s512), &d512));
    CHECK(!npm_integrity_differs(STR(""), &d512));
    CHECK(!npm_integrity_differs(STR("sha512-abc"), &d512));
}
