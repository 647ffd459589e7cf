// SPDX-License-Identifier: Apache-2.0
#include "net/url.h"
#include "test.h"

TEST(url_reads_addresses)
{
    static const struct {
        const char *text, *origin, *path, *again;
    } cases[] = {
        {"https://a.test", "https://a.test", "/", "https://a.test/"},
        {"HTTPS://A.Test:443/x", "https://a.test", "/x", "https://a.test/x"},
        {"http://a.test:80", "http://a.test", "/", "http://a.test/"},
        {"http://a.test:443/", "http://a.test:443", "/", "http://a.test:443/"},
        {"https://a_b-c.test:8443/x/../y?q=1#f", "https://a_b-c.test:8443", "/x/../y",
         "https://a_b-c.test:8443/x/../y?q=1"},
        {"https://[::1]:8/x", "https://[::1]:8", "/x", "https://[::1]:8/x"},
        {"https://a.test?x", "https://a.test", "/", "https://a.test/?x"},
        {"https://a.test/@scope%2fx", "https://a.test", "/@scope%2fx", "https://a.test/@scope%2fx"},
        {"https://a.test:/x", "https://a.test", "/x", "https://a.test/x"},
    };
    drop_(arena_free) struct arena *a = arena_new(4096);
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct url u;
        MUST(url_parse(a, str_of(cases[i].text), &u, &e));
        EQ_STR(url_origin(a, &u), cases[i].origin);
        EQ_STR(u.path, cases[i].path);
        EQ_STR(url_text(a, &u), cases[i].again);
    }
}

TEST(url_refuses)
{
    static const struct {
        const char *text, *words;
    } cases[] = {
        {"", "https://"},
        {"ftp://a.test/", "https://"},
        {"file:///etc/x", "https://"},
        {"a.test/x", "https://"},
        {"https:/a.test", "https://"},
        {"https://", "host"},
        {"https:///x", "host"},
        {"https://a b/", "blank"},
        {"https://a.test/x\ny", "control"},
        {"https://a.test\\@b.test/", "'\\'"},
        {"https://user:secret@a.test/", "user or password"},
        {"https://a.test@b.test/", "user or password"},
        {"https://a.test:0/", "port"},
        {"https://a.test:65536/", "port"},
        {"https://a.test:8a/", "port"},
        {"https://a.test:80:80/", "port"},
        {"https://a%2etest/", "host"},
        {"https://[::1/", "']'"},
        {"https://[::g]/", "host"},
        {"https://a.test/\xc3\xa9", "above"},
    };
    drop_(arena_free) struct arena *a = arena_new(4096);
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct url u;
        struct err why = {0};
        REFUSED(url_parse(a, str_of(cases[i].text), &u, &e), ERR_USAGE, cases[i].words);
        CHECK(url_parse(a, str_of(cases[i].text), &u, &why) < 0);
        CHECK_MSG(!strstr(why.cause, "secret"), "%s", why.cause);
    }
    char *big = arena_get(a, URL_MAX + 2, 1);
    memset(big, 'a', URL_MAX + 1);
    struct url u;
    REFUSED(url_parse(a, str_of(big), &u, &e), ERR_LIMIT, "4097");
}

// The table of RFC 3986 §5.4, as far as its addresses are ours.
TEST(url_resolves_references)
{
    static const struct {
        const char *ref, *want;
    } cases[] = {
        {"g", "http://a/b/c/g"},
        {"./g", "http://a/b/c/g"},
        {"g/", "http://a/b/c/g/"},
        {"/g", "http://a/g"},
        {"//g", "http://g/"},
        {"?y", "http://a/b/c/d;p?y"},
        {"g?y", "http://a/b/c/g?y"},
        {"", "http://a/b/c/d;p?q"},
        {"#s", "http://a/b/c/d;p?q"},
        {";x", "http://a/b/c/;x"},
        {".", "http://a/b/c/"},
        {"./", "http://a/b/c/"},
        {"..", "http://a/b/"},
        {"../g", "http://a/b/g"},
        {"../..", "http://a/"},
        {"../../g", "http://a/g"},
        {"../../../g", "http://a/g"},
        {"/./g", "http://a/g"},
        {"/../g", "http://a/g"},
        {"g.", "http://a/b/c/g."},
        {"..g", "http://a/b/c/..g"},
        {"./../g", "http://a/b/g"},
        {"./g/.", "http://a/b/c/g/"},
        {"g/../h", "http://a/b/c/h"},
        {"https://z.test/x", "https://z.test/x"},
    };
    drop_(arena_free) struct arena *a = arena_new(4096);
    struct url base, u;
    MUST(url_parse(a, STR("http://a/b/c/d;p?q"), &base, &e));
    for (size_t i = 0; i < COUNT(cases); i++) {
        MUST(url_resolve(a, &base, str_of(cases[i].ref), &u, &e));
        EQ_STR(url_text(a, &u), cases[i].want);
    }
    REFUSED(url_resolve(a, &base, STR("file:///etc/passwd"), &u, &e), ERR_USAGE, "https://");
    REFUSED(url_resolve(a, &base, STR("//u:p@g"), &u, &e), ERR_USAGE, "user or password");
    REFUSED(url_resolve(a, &base, STR("g\r\nX: y"), &u, &e), ERR_USAGE, "control");
}
