// SPDX-License-Identifier: Apache-2.0
#include "net/http.h"
#include "base/clock.h"
#include "base/limits.h"
#include "base/path.h"
#include "server.h"
#include "stream/memory.h"
#include "test.h"
#include <pthread.h>
#include <sys/eventfd.h>

#define MAX 100000
// A label of more than 63 bytes has no address, and no resolver needs to ask anybody for one.
#define FAR "far-far-far-far-far-far-far-far-far-far-far-far-far-far-far-far-far-far"

static struct http_policy quick(void)
{
    struct http_policy p = http_policy_defaults();
    p.backoff_ms = 5;
    p.tries = 3;
    p.stall_bytes = 100;
    return p;
}

struct rig {
    struct arena *a;
    struct http_policy policy;
    struct server *s;
    struct buf got;
    struct http_resp r;
    struct http *h;
};
static void rig_close(struct rig *r)
{
    http_free(r->h);
    server_stop(r->s);
    buf_free(&r->got);
    arena_free(r->a);
}
#define RIG(r, plan)                                                                                         \
    __attribute__((cleanup(rig_close))) struct rig r = {.a = arena_new(4096),                                \
                                                        .policy = quick(),                                   \
                                                        .s = server_start(plan, COUNT(plan), false),         \
                                                        .got = BUF_INIT(1 << 20)}

static const char *url_of(struct rig *r, const char *path)
{
    return arena_printf(r->a, "http://127.0.0.1:%u%s", server_port(r->s), path);
}

static int ask(struct rig *r, const char *url, uint64_t max, struct err *e)
{
    drop_(sink_drop) struct sink *to = sink_buffer(&r->got);
    struct http_req q = {.url = url, .max = max};
    buf_clear(&r->got);
    http_free(steal_ptr(r->h));
    return http_new(&r->policy, &r->h, e) < 0 ? -1 : http_do(r->h, &q, to, &r->r, e);
}

TEST(http_gets_a_body)
{
    static const struct answer plan[] = {
        ANSWER("/x", 200, "X-One: 1\r\nx-one: 2\r\n", "hello"),
        ANSWER("/bare", 200, NULL, "to the end", .fault = FAULT_NO_LENGTH),
    };
    RIG(r, plan);
    MUST(ask(&r, url_of(&r, "/x"), MAX, &e));
    EQ_STR(buf_view(&r.got), "hello");
    EQ_UINT(r.r.status, 200);
    EQ_UINT(r.r.received, 5);
    EQ_STR(r.r.url, url_of(&r, "/x"));
    EQ_STR(*strmap_get(&r.r.headers, STR("x-one")), "2");
    CHECK(strncmp(server_header(r.s, "/x", "user-agent"), "dema/", 5) == 0);
    EQ_TEXT(server_header(r.s, "/x", "authorization"), "");
    EQ_TEXT(server_header(r.s, "/x", "accept-encoding"), "");
    MUST(ask(&r, url_of(&r, "/bare"), MAX, &e));
    EQ_STR(buf_view(&r.got), "to the end");
}

TEST(http_asks_for_headers_alone)
{
    static const struct answer plan[] = {ANSWER("/x", 200, NULL, "hello")};
    RIG(r, plan);
    struct http_req q = {.url = url_of(&r, "/x"), .max = 1, .head = true, .accept = "text/plain"};
    MUST(http_new(&r.policy, &r.h, &e));
    MUST(http_do(r.h, &q, NULL, &r.r, &e));
    EQ_STR(*strmap_get(&r.r.headers, STR("content-length")), "5");
    EQ_UINT(r.r.received, 0);
    EQ_TEXT(server_header(r.s, "/x", "accept"), "text/plain");
}

TEST(http_has_limits)
{
    static const struct answer plan[] = {
        ANSWER("/x", 200, NULL, "hello"),
        ANSWER("/endless", 200, NULL, NULL, .fault = FAULT_ENDLESS),
        ANSWER("/headers", 200, NULL, NULL, .fault = FAULT_HEADERS),
        ANSWER("/bare", 200, NULL, "hello", .fault = FAULT_NO_LENGTH),
    };
    RIG(r, plan);
    MUST(ask(&r, url_of(&r, "/x"), 5, &e));
    REFUSED(ask(&r, url_of(&r, "/x"), 4, &e), ERR_LIMIT, "127.0.0.1|5 bytes|limit is 4");
    EQ_UINT(r.got.n, 0);
    REFUSED(ask(&r, url_of(&r, "/bare"), 4, &e), ERR_LIMIT, "limit is 4");
    REFUSED(ask(&r, url_of(&r, "/x"), 0, &e), ERR_USAGE, "limit");
    REFUSED(ask(&r, url_of(&r, "/endless"), MAX, &e), ERR_LIMIT, "at least");
    CHECK(r.got.n <= MAX);
    REFUSED(ask(&r, url_of(&r, "/headers"), MAX, &e), ERR_LIMIT, "headers");
    EQ_UINT(server_asked(r.s, "/endless"), 1);
}

TEST(http_says_what_a_status_means)
{
    static const struct answer plan[] = {
        ANSWER("/401", 401, NULL, "no"), ANSWER("/403", 403, NULL, "no"), ANSWER("/404", 404, NULL, "no"),
        ANSWER("/410", 410, NULL, "no"), ANSWER("/418", 418, NULL, "no"), ANSWER("/429", 429, NULL, "no"),
        ANSWER("/500", 500, NULL, "no"), ANSWER("/304", 304, NULL, NULL), ANSWER("/501", 501, NULL, NULL),
    };
    static const struct {
        const char *path, *words;
        enum err_code code;
        unsigned asked;
    } cases[] = {
        {"/401", "127.0.0.1|credentials|401|/401", ERR_DENIED, 1},
        {"/403", "refuses|403", ERR_DENIED, 1},
        {"/404", "404", ERR_NOT_FOUND, 1},
        {"/410", "410", ERR_NOT_FOUND, 1},
        {"/418", "418", ERR_PROTOCOL, 1},
        {"/429", "too often|429", ERR_NETWORK, 3},
        {"/500", "500", ERR_NETWORK, 3},
        {"/501", "501", ERR_NETWORK, 1},
        {"/304", "304", ERR_PROTOCOL, 1},
    };
    RIG(r, plan);
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct err why = {0};
        REFUSED(ask(&r, url_of(&r, cases[i].path), MAX, &e), cases[i].code, cases[i].words);
        EQ_UINT(server_asked(r.s, cases[i].path), cases[i].asked);
        CHECK(ask(&r, url_of(&r, cases[i].path), MAX, &why) < 0);
        EQ_INT(why.transient, cases[i].asked > 1);
        EQ_UINT(r.got.n, 0);
    }
}

TEST(http_tries_again)
{
    static const struct answer plan[] = {
        ANSWER("/429", 429, "Retry-After: 0\r\n", "later", .times = 2),
        ANSWER("/429", 200, NULL, "now"),
        ANSWER("/503", 503, NULL, "later", .times = 1),
        ANSWER("/503", 200, NULL, "now"),
        ANSWER("/hangs-up", 200, NULL, NULL, .fault = FAULT_HANG_UP, .times = 1),
        ANSWER("/hangs-up", 200, NULL, "now"),
        ANSWER("/busy", 429, "Retry-After: 3600\r\n", "later"),
    };
    RIG(r, plan);
    const char *const good[] = {"/429", "/503", "/hangs-up"};
    for (size_t i = 0; i < COUNT(good); i++) {
        MUST(ask(&r, url_of(&r, good[i]), MAX, &e));
        EQ_STR(buf_view(&r.got), "now");
    }
    EQ_UINT(server_asked(r.s, "/429"), 3);
    REFUSED(ask(&r, url_of(&r, "/busy"), MAX, &e), ERR_NETWORK, "429");
    EQ_UINT(server_asked(r.s, "/busy"), 1); // an hour is not waited for
}

TEST(http_does_not_begin_a_body_twice)
{
    static const struct answer plan[] = {ANSWER("/x", 200, NULL, "0123456789", .fault = FAULT_TRUNCATE)};
    RIG(r, plan);
    struct err e = {0};
    CHECK(ask(&r, url_of(&r, "/x"), MAX, &e) < 0);
    EQ_INT(e.code, ERR_NETWORK);
    CHECK(e.transient);
    CHECK_MSG(strstr(e.cause, "broke off"), "%s", e.cause);
    EQ_STR(buf_view(&r.got), "01234");
    EQ_UINT(server_asked(r.s, "/x"), 1);
}

TEST(http_gives_up_on_who_is_slow)
{
    static const struct answer plan[] = {
        ANSWER("/silent", 200, NULL, NULL, .fault = FAULT_SILENT),
        ANSWER("/drips", 200, NULL, "0123456789012345678901234567890123456789", .fault = FAULT_DRIP),
    };
    RIG(r, plan);
    uint64_t began = clock_mono_ms();
    r.policy.tries = 1;
    r.policy.stall_ms = 400;
    REFUSED(ask(&r, url_of(&r, "/drips"), MAX, &e), ERR_NETWORK, "127.0.0.1|100 bytes in 400 ms");
    REFUSED(ask(&r, url_of(&r, "/silent"), MAX, &e), ERR_NETWORK, "100 bytes in 400 ms");
    CHECK(clock_mono_ms() - began < 10000);
}

TEST(http_gives_up_on_who_drips_for_ever)
{
    static char many[400];
    static const struct answer plan[] = {
        ANSWER("/drips", 200, NULL, many, .n = sizeof many, .fault = FAULT_DRIP),
        ANSWER("/fast", 200, NULL, many, .n = sizeof many),
    };
    RIG(r, plan);
    uint64_t began = clock_mono_ms();
    r.policy.stall_bytes = 1; // which it is fast enough for
    r.policy.stall_ms = 400;
    r.policy.whole_ms = 500;
    r.policy.rate = 100;
    REFUSED(ask(&r, url_of(&r, "/drips"), MAX, &e), ERR_NETWORK,
            "127.0.0.1|bytes in|100 a second are wanted");
    CHECK(clock_mono_ms() - began < 10000);
    EQ_UINT(server_asked(r.s, "/drips"), 1);
    r.policy.rate = 1; // now every byte earns it a second
    MUST(ask(&r, url_of(&r, "/fast"), MAX, &e));
    CHECK(!http_is_late(1000, 10, 1000, 0));
    CHECK(http_is_late(1000, 10, 1001, 0));
    CHECK(!http_is_late(1000, 10, 5999, 50));
    CHECK(http_is_late(1000, 10, 6000, 50));
    EQ_UINT(http_policy_defaults().whole_ms, LIMIT_DOWNLOAD_MS);
    EQ_UINT(http_policy_defaults().rate, LIMIT_DOWNLOAD_RATE);
}

TEST(http_says_that_nobody_is_there)
{
    static const struct answer plan[] = {ANSWER("/garbage", 200, NULL, NULL, .fault = FAULT_GARBAGE)};
    RIG(r, plan);
    const char *gone = url_of(&r, "/x");
    r.policy.tries = 1;
    REFUSED(ask(&r, url_of(&r, "/garbage"), MAX, &e), ERR_PROTOCOL, "127.0.0.1|wrong answer");
    server_stop(steal_ptr(r.s));
    REFUSED(ask(&r, gone, MAX, &e), ERR_NETWORK, "127.0.0.1|no connection|proxy");
    REFUSED(ask(&r, "http://" FAR "/", MAX, &e), ERR_NETWORK, FAR "|no network|https_proxy");
    REFUSED(ask(&r, "file:///etc/passwd", MAX, &e), ERR_USAGE, "https://");
    REFUSED(ask(&r, "https://u:secret@a.test/", MAX, &e), ERR_USAGE, "credentials");
}

TEST(http_follows_redirects)
{
    static const struct answer plan[] = {
        ANSWER("/a", 302, "Location: /dir/b\r\n", "moved"),
        ANSWER("/dir/b", 301, "Location: c?x=1\r\n", NULL),
        ANSWER("/dir/c?x=1", 200, NULL, "here"),
        ANSWER("/loop", 307, "Location: /loop\r\n", NULL),
        ANSWER("/nowhere", 302, NULL, NULL),
        ANSWER("/file", 302, "Location: file:///etc/passwd\r\n", NULL),
        ANSWER("/user", 302, "Location: http://u:p@127.0.0.1/\r\n", NULL),
    };
    RIG(r, plan);
    MUST(ask(&r, url_of(&r, "/a"), MAX, &e));
    EQ_STR(buf_view(&r.got), "here");
    EQ_STR(r.r.url, url_of(&r, "/dir/c?x=1"));
    REFUSED(ask(&r, url_of(&r, "/loop"), MAX, &e), ERR_PROTOCOL, "more than 10 redirects");
    EQ_UINT(server_asked(r.s, "/loop"), 11);
    REFUSED(ask(&r, url_of(&r, "/nowhere"), MAX, &e), ERR_PROTOCOL, "302|nowhere");
    REFUSED(ask(&r, url_of(&r, "/file"), MAX, &e), ERR_DENIED, "redirects|https://");
    REFUSED(ask(&r, url_of(&r, "/user"), MAX, &e), ERR_DENIED, "redirects|user or password");
}

TEST(http_gives_credentials_to_their_origin_only)
{
    static struct answer there[] = {ANSWER("/b", 200, NULL, "other"), ANSWER("/back", 302, NULL, NULL)};
    static struct answer plan[] = {
        ANSWER("/a/x", 200, NULL, "own"),       ANSWER("/a/up/../../x", 200, NULL, "own"),
        ANSWER("/ab/x", 200, NULL, "own"),      ANSWER("/a/away", 302, NULL, NULL),
        ANSWER("/a/deep/x", 200, NULL, "own"),  ANSWER("/a/around", 302, NULL, NULL),
        ANSWER("/a/.%2E/ab", 200, NULL, "own"), ANSWER("/a/s%2f..%2fab", 200, NULL, "own"),
        ANSWER("/a/%2e%2e", 200, NULL, "own"),  ANSWER("/a/s%2f...", 200, NULL, "own"),
    };
    static const char *const ups[] = {"/a/up/../../x", "/a/.%2E/ab", "/a/s%2f..%2fab", "/a/%2e%2e"};
    RIG(other, there);
    plan[3].headers = arena_printf(other.a, "Location: %s\r\n", url_of(&other, "/b"));
    plan[5].headers = arena_printf(other.a, "Location: %s\r\n", url_of(&other, "/back"));
    RIG(r, plan);
    there[1].headers = arena_printf(other.a, "Location: %s\r\n", url_of(&r, "/ab/x"));
    struct http_credential own[] = {
        {.origin = str_of(url_of(&r, "")), .path = STR("/a/"), .kind = HTTP_BEARER, .secret = STR("t0ken")},
        {.origin = str_of(url_of(&r, "")),
         .path = STR("/a/deep/"),
         .kind = HTTP_BASIC,
         .secret = STR("dTpw")},
        {.origin = STR("https://127.0.0.1"), .path = STR("/"), .kind = HTTP_BEARER, .secret = STR("wrong")},
    };
    r.policy.credential = own;
    r.policy.n_credential = COUNT(own);
    MUST(ask(&r, url_of(&r, "/a/x"), MAX, &e));
    EQ_TEXT(server_header(r.s, "/a/x", "authorization"), "Bearer t0ken");
    MUST(ask(&r, url_of(&r, "/a/deep/x"), MAX, &e));
    EQ_TEXT(server_header(r.s, "/a/deep/x", "authorization"), "Basic dTpw");
    MUST(ask(&r, url_of(&r, "/ab/x"), MAX, &e));
    EQ_TEXT(server_header(r.s, "/ab/x", "authorization"), "");
    for (size_t i = 0; i < COUNT(ups); i++) {
        MUST(ask(&r, url_of(&r, ups[i]), MAX, &e));
        EQ_TEXT(server_header(r.s, ups[i], "authorization"), "");
    }
    MUST(ask(&r, url_of(&r, "/a/s%2f..."), MAX, &e));
    EQ_TEXT(server_header(r.s, "/a/s%2f...", "authorization"), "Bearer t0ken");
    MUST(ask(&r, url_of(&r, "/a/away"), MAX, &e));
    EQ_STR(buf_view(&r.got), "other");
    EQ_TEXT(server_header(r.s, "/a/away", "authorization"), "Bearer t0ken");
    EQ_TEXT(server_header(other.s, "/b", "authorization"), "");
    MUST(ask(&r, url_of(&r, "/a/around"), MAX, &e));
    EQ_TEXT(server_header(other.s, "/back", "authorization"), "");
    own[0].secret = STR("a\r\nX: y");
    REFUSED(ask(&r, url_of(&r, "/a/x"), MAX, &e), ERR_USAGE, "control byte");
}

TEST(http_knows_whom_to_trust)
{
    static struct answer plan[] = {ANSWER("/x", 200, NULL, "safe"), ANSWER("/down", 302, NULL, NULL)};
    static const struct answer plain[] = {ANSWER("/x", 200, NULL, "unsafe")};
    RIG(r, plain);
    drop_(server_stop) struct server *tls = server_start(plan, COUNT(plan), true);
    const char *at = arena_printf(r.a, "https://127.0.0.1:%u/x", server_port(tls));
    const char *down = arena_printf(r.a, "https://127.0.0.1:%u/down", server_port(tls));
    plan[1].headers = arena_printf(r.a, "Location: %s\r\n", url_of(&r, "/x"));
    REFUSED(ask(&r, at, MAX, &e), ERR_DENIED, "127.0.0.1|not trusted|SSL_CERT_FILE");
    test_write(t->dir, "ca.pem", server_certificate(tls), strlen(server_certificate(tls)));
    r.policy.ca_file = arena_printf(r.a, "%s/ca.pem", t->path);
    MUST(ask(&r, at, MAX, &e));
    EQ_STR(buf_view(&r.got), "safe");
    REFUSED(ask(&r, down, MAX, &e), ERR_DENIED, "from https to http");
    EQ_UINT(server_asked(r.s, NULL), 0);
    r.policy.ca_file = "/nonexistent/ca.pem";
    REFUSED(ask(&r, at, MAX, &e), ERR_IO, "SSL_CERT_FILE");
}

TEST(http_goes_through_a_proxy)
{
    static struct answer plan[] = {ANSWER(NULL, 200, NULL, "by proxy")};
    plan[0].path = "http://" FAR "/x";
    RIG(r, plan);
    r.policy.proxy_http = url_of(&r, "");
    MUST(ask(&r, "http://" FAR "/x", MAX, &e));
    EQ_STR(buf_view(&r.got), "by proxy");
    r.policy.no_proxy = FAR;
    r.policy.tries = 1;
    REFUSED(ask(&r, "http://" FAR "/x", MAX, &e), ERR_NETWORK, FAR "|is the proxy right");
    r.policy.proxy_http = NULL;
    r.policy.proxy_https = "http://127.0.0.1:1";
    REFUSED(ask(&r, "https://" FAR "/x", MAX, &e), ERR_NETWORK, FAR "|proxy");
}

static void *stop_soon(void *ctx)
{
    uint64_t one = 1;
    usleep(100000);
    (void)!write(*(int *)ctx, &one, sizeof one);
    return NULL;
}

TEST(http_stops)
{
    static const struct answer plan[] = {
        ANSWER("/silent", 200, NULL, NULL, .fault = FAULT_SILENT),
        ANSWER("/later", 503, "Retry-After: 30\r\n", NULL),
        ANSWER("/endless", 200, NULL, NULL, .fault = FAULT_ENDLESS),
    };
    static const char *const paths[] = {"/silent", "/later"};
    for (size_t i = 0; i < COUNT(paths); i++) {
        RIG(r, plan);
        drop_fd int stop = eventfd(0, EFD_CLOEXEC);
        pthread_t thread;
        uint64_t began = clock_mono_ms();
        r.policy.stop_fd = stop;
        r.policy.stall_ms = 20000;
        CHECK(pthread_create(&thread, NULL, stop_soon, &stop) == 0);
        REFUSED(ask(&r, url_of(&r, paths[i]), MAX, &e), ERR_CANCELLED, "stopped");
        pthread_join(thread, NULL);
        CHECK(clock_mono_ms() - began < 5000);
        REFUSED(ask(&r, url_of(&r, "/endless"), UINT64_MAX, &e), ERR_CANCELLED, "stopped");
    }
}

static void count(void *ctx, uint64_t done, uint64_t total)
{
    uint64_t *last = ctx;
    CHECK(done >= last[0] && total == 5);
    last[0] = done;
    last[1]++;
}

TEST(http_tells_how_far_it_is)
{
    static const struct answer plan[] = {ANSWER("/x", 200, NULL, "hello")};
    RIG(r, plan);
    uint64_t last[2] = {0};
    struct http_req q = {.url = url_of(&r, "/x"), .max = MAX, .progress = count, .ctx = last};
    MUST(http_new(&r.policy, &r.h, &e));
    MUST(http_do(r.h, &q, NULL, &r.r, &e));
    EQ_UINT(last[0], 5);
    CHECK(last[1] >= 1);
}
