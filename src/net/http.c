// SPDX-License-Identifier: Apache-2.0
// Redirects, credentials and retries around single exchanges.
#include "net/http.h"
#include "base/clock.h"
#include "net/exchange.h"
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <sys/random.h>

#define OR(value, dflt) ((value) ? (value) : (dflt))

static int check_credential(const struct http_credential *c, struct err *e)
{
    for (size_t i = 0; i < c->secret.n; i++)
        if ((unsigned char)c->secret.p[i] <= ' ' || (unsigned char)c->secret.p[i] > 0x7e)
            return err_set(e, ERR_USAGE, "credential for " PRI_STR ": has a blank or a control byte in it",
                           STR_ARG(c->origin));
    return 0;
}

static struct http_policy with_defaults(const struct http_policy *p)
{
    struct http_policy d = http_policy_defaults(), out = *p;
    out.user_agent = OR(p->user_agent, d.user_agent);
    out.connect_ms = OR(p->connect_ms, d.connect_ms);
    out.stall_ms = OR(p->stall_ms, d.stall_ms);
    out.stall_bytes = OR(p->stall_bytes, d.stall_bytes);
    out.whole_ms = OR(p->whole_ms, d.whole_ms);
    out.rate = OR(p->rate, d.rate);
    out.redirects = OR(p->redirects, d.redirects);
    out.tries = OR(p->tries, d.tries);
    out.backoff_ms = OR(p->backoff_ms, d.backoff_ms);
    out.retry_after_max_ms = OR(p->retry_after_max_ms, d.retry_after_max_ms);
    return out;
}

int http_new(const struct http_policy *p, struct http **out, struct err *e)
{
    const struct curl_lib *lib;
    for (size_t i = 0; i < p->n_credential; i++)
        if (check_credential(&p->credential[i], e) < 0)
            return -1;
    if (curl_lib_get(&lib, e) < 0)
        return -1;
    struct http *h = XNEW(struct http);
    *h = (struct http){
        .lib = lib, .policy = with_defaults(p), .multi = lib->multi_init(), .easy = lib->easy_init()};
    h->a = arena_new(4096);
    if (!h->multi || !h->easy)
        BUG("libcurl: no handle");
    *out = h;
    return 0;
}

void http_free(struct http *h)
{
    struct quiet quiet;
    if (!h)
        return;
    quiet_begin(&quiet);
    h->lib->easy_cleanup(h->easy);
    (void)h->lib->multi_cleanup(h->multi);
    quiet_end(&quiet);
    arena_free(h->a);
    free(h);
}

static bool path_has_prefix(struct str path, struct str prefix)
{
    if (prefix.n && prefix.p[prefix.n - 1] == '/')
        prefix.n--;
    return path.n >= prefix.n && memcmp(path.p, prefix.p, prefix.n) == 0 &&
           (path.n == prefix.n || path.p[prefix.n] == '/');
}

// One byte as the server may read it: '.' and the two slashes have other spellings.
static char byte_at(struct str s, size_t *i)
{
    static const struct {
        const char *code;
        char is;
    } codes[] = {{"%2e", '.'}, {"%2f", '/'}, {"%5c", '/'}};
    for (size_t k = 0; k < COUNT(codes); k++)
        if (s.n - *i >= 3 && strncasecmp(s.p + *i, codes[k].code, 3) == 0) {
            *i += 3;
            return codes[k].is;
        }
    return s.p[(*i)++];
}

// A path that leads upwards may be another one for the server than the prefix says.
static bool path_is_plain(struct str path)
{
    size_t dots = 0; // of a component of dots alone
    bool other = false;
    for (size_t i = 0; i < path.n;) {
        char c = byte_at(path, &i);
        if (c == '/' && dots == 2 && !other)
            return false;
        other = c != '/' && (other || c != '.');
        dots = c == '.' ? dots + 1 : c == '/' ? 0 : dots;
    }
    return dots != 2 || other;
}

static struct str credential_for(struct http *h, const struct url *u)
{
    struct str origin = url_origin(h->a, u);
    const struct http_credential *best = NULL;
    for (size_t i = 0; i < h->policy.n_credential && path_is_plain(u->path); i++) {
        const struct http_credential *c = &h->policy.credential[i];
        if (str_eq(c->origin, origin) && path_has_prefix(u->path, c->path) &&
            (!best || c->path.n > best->path.n))
            best = c;
    }
    if (!best)
        return STR("");
    return str_printf(h->a, "%s " PRI_STR, best->kind == HTTP_BASIC ? "Basic" : "Bearer",
                      STR_ARG(best->secret));
}

static bool is_redirect(unsigned status)
{
    return status == 301 || status == 302 || status == 303 || status == 307 || status == 308;
}

// Where an answer leads: *to is changed.
static int follow(struct http *h, const struct exchange *x, struct url *to, struct err *e)
{
    const struct str *location = strmap_get(&x->headers, STR("location"));
    struct url next;
    struct err why = {0};
    if (!location)
        return err_set(e, ERR_PROTOCOL, PRI_STR ": a redirect (%u) that leads nowhere", STR_ARG(x->url->host),
                       x->status);
    if (url_resolve(h->a, x->url, *location, &next, &why) < 0)
        return err_set(e, ERR_DENIED, PRI_STR ": redirects to what is not followed: %s",
                       STR_ARG(x->url->host), why.cause);
    if (x->url->tls && !next.tls)
        return err_set(e, ERR_DENIED, PRI_STR ": redirects from https to http (" PRI_STR "): refused",
                       STR_ARG(x->url->host), STR_ARG(str_printable(h->a, next.host, 80)));
    *to = next;
    return 0;
}

static int say_status(const struct exchange *x, struct err *e)
{
    static const struct {
        unsigned status;
        enum err_code code;
        bool transient;
        const char *what;
    } known[] = {
        {401, ERR_DENIED, false, "wants other credentials"},
        {403, ERR_DENIED, false, "refuses"},
        {404, ERR_NOT_FOUND, false, "has it not"},
        {407, ERR_DENIED, false, "the proxy wants credentials (in https_proxy)"},
        {408, ERR_NETWORK, true, "waited too long"},
        {410, ERR_NOT_FOUND, false, "has it no more"},
        {425, ERR_NETWORK, true, "asks to try later"},
        {429, ERR_NETWORK, true, "was asked too often"},
        {500, ERR_NETWORK, true, "has an error of its own"},
        {502, ERR_NETWORK, true, "reaches nobody behind it"},
        {503, ERR_NETWORK, true, "cannot answer now"},
        {504, ERR_NETWORK, true, "gets no answer behind it"},
    };
    enum err_code code = x->status >= 500 ? ERR_NETWORK : ERR_PROTOCOL;
    const char *what = x->status >= 500 ? "has an error of its own" : "answers what nobody asked for";
    bool transient = false;
    for (size_t i = 0; i < COUNT(known); i++) {
        if (known[i].status == x->status) {
            code = known[i].code;
            what = known[i].what;
            transient = known[i].transient;
        }
    }
    struct str path = str_printable(x->h->a, x->url->path, 80);
    (void)err_set(e, code, PRI_STR ": %s: status %u for " PRI_STR, STR_ARG(x->url->host), what, x->status,
                  STR_ARG(path));
    if (e)
        e->transient = transient;
    return -1;
}

struct attempt {
    struct http *h;
    const struct http_req *q;
    struct sink *body;
    struct url url;       // in: the first; out: the one that answered
    struct exchange last; // the last answer
};

static int attempt_run(struct attempt *t, struct err *e)
{
    struct url origin = t->url;
    for (unsigned hops = 0;; hops++) {
        struct url here = t->url;
        bool own = url_same_origin(&origin, &here);
        t->last = (struct exchange){.h = t->h, .q = t->q, .url = &here, .body = t->body};
        t->last.credential = own ? credential_for(t->h, &here) : STR("");
        if (exchange_run(&t->last, e) < 0)
            return -1;
        if (t->last.status >= 200 && t->last.status < 300)
            return 0;
        if (!is_redirect(t->last.status))
            return say_status(&t->last, e);
        if (hops >= t->h->policy.redirects)
            return err_set(e, ERR_PROTOCOL, PRI_STR ": more than %u redirects", STR_ARG(origin.host),
                           t->h->policy.redirects);
        if (follow(t->h, &t->last, &t->url, e) < 0)
            return -1;
    }
}

// With up to a quarter more, so that many clients do not come back at once.
static unsigned jitter(unsigned ms)
{
    uint32_t random = 0;
    if (getrandom(&random, sizeof random, 0) != (ssize_t)sizeof random)
        BUG("getrandom");
    return ms + random % (ms / 4 + 1);
}

static int wait_ms(const struct http *h, unsigned ms, struct err *e)
{
    struct pollfd p = {.fd = h->policy.stop_fd, .events = POLLIN};
    uint64_t end = clock_mono_ms() + ms;
    for (uint64_t now = clock_mono_ms(); now < end; now = clock_mono_ms()) {
        int n = poll(&p, p.fd >= 0, (int)(end - now));
        if (n > 0)
            return err_set(e, ERR_CANCELLED, "stopped while waiting to try again");
        if (n < 0 && errno != EINTR)
            return err_sys(e, "poll");
    }
    return 0;
}

// How long before the next try; false: longer than we wait.
static bool pause_for(const struct attempt *t, unsigned tried, unsigned *ms)
{
    const struct http_policy *p = &t->h->policy;
    const struct str *after = strmap_get(&t->last.headers, STR("retry-after"));
    uint64_t sec;
    if (!after || !str_u64(*after, 0, UINT32_MAX, &sec)) {
        *ms = jitter(p->backoff_ms << (tried < 8 ? tried : 8));
        return true;
    }
    *ms = (unsigned)(sec * 1000);
    return sec * 1000 <= p->retry_after_max_ms;
}

static int start(struct http *h, const struct http_req *q, struct url *u, struct err *e)
{
    if (!q->max)
        return err_set(e, ERR_USAGE, "%s: no limit is set", q->url);
    arena_free(h->a);
    h->a = arena_new(4096);
    return url_parse(h->a, str_of(q->url), u, e);
}

int http_do(struct http *h, const struct http_req *q, struct sink *body, struct http_resp *r, struct err *e)
{
    struct url first;
    if (start(h, q, &first, e) < 0)
        return -1;
    for (unsigned tried = 0;; tried++) {
        struct err why = {0};
        struct attempt t = {.h = h, .q = q, .body = body, .url = first};
        if (attempt_run(&t, &why) == 0) {
            *r = (struct http_resp){t.last.status, t.last.received, url_text(h->a, &t.url), t.last.headers};
            return 0;
        }
        unsigned pause = 0;
        bool again = why.transient && !t.last.received && tried + 1 < h->policy.tries;
        if (!again || !pause_for(&t, tried, &pause)) {
            if (e && e->code == ERR_NONE)
                *e = why;
            return -1;
        }
        if (wait_ms(h, pause, e) < 0)
            return -1;
    }
}
