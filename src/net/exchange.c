// SPDX-License-Identifier: Apache-2.0
#include "net/exchange.h"
#include "base/buf.h"
#include "base/clock.h"
#include <poll.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

enum { TICK_MS = 200, PROGRESS_MS = 100 };

static bool is_wanted(const struct exchange *x)
{
    return x->status >= 200 && x->status < 300;
}

static uint64_t sat_add(uint64_t a, uint64_t b)
{
    return a > UINT64_MAX - b ? UINT64_MAX : a + b;
}

static int too_large(struct exchange *x, uint64_t n)
{
    return err_set(&x->why, ERR_LIMIT, PRI_STR ": the answer has %s%ju bytes, the limit is %ju",
                   STR_ARG(x->url->host), n == x->total ? "" : "at least ", (uintmax_t)n,
                   (uintmax_t)x->q->max);
}

static void tell(struct exchange *x, bool end)
{
    uint64_t now = clock_mono_ms();
    if (!x->q->progress || (!end && now - x->told_ms < PROGRESS_MS))
        return;
    x->told_ms = now;
    x->q->progress(x->q->ctx, x->received, x->total);
}

static size_t on_body(char *p, size_t size, size_t n, void *ctx)
{
    struct exchange *x = ctx;
    n *= size;
    if (!is_wanted(x)) {
        x->refused += n;
        return x->refused > REFUSAL_BYTES_MAX ? 0 : n;
    }
    uint64_t now = sat_add(x->received, n);
    if (x->total > x->q->max || now > x->q->max) {
        (void)too_large(x, x->total > now ? x->total : now);
        return 0;
    }
    if (x->body && sink_write(x->body, p, n, &x->why) < 0)
        return 0;
    x->received = now;
    tell(x, false);
    return n;
}

// "HTTP/1.1 200 OK" begins the headers of an answer; those of an interim one (100) are forgotten with it.
static bool take_status(struct exchange *x, struct str line)
{
    size_t at;
    uint64_t status;
    if (!str_has_prefix(line, "HTTP/") || !str_find(line, ' ', &at))
        return false;
    struct str rest = str_from(line, at + 1);
    if (rest.n < 3 || !str_u64(str_head(rest, 3), 100, 999, &status))
        return false;
    x->status = (unsigned)status;
    x->headers = (struct strmap){0};
    x->total = 0;
    return true;
}

static void take_header(struct exchange *x, struct str line)
{
    size_t colon;
    uint64_t length;
    struct arena *a = x->h->a;
    if (!str_find(line, ':', &colon))
        return;
    struct str name = str_lower(a, str_head(line, colon)),
               value = str_dup(a, str_trim(str_from(line, colon + 1)));
    if (str_is(name, "content-length") && str_u64(value, 0, UINT64_MAX, &length))
        x->total = length;
    strmap_set(a, &x->headers, name, value);
}

static size_t on_header(char *p, size_t size, size_t n, void *ctx)
{
    struct exchange *x = ctx;
    struct str line = str_trim((struct str){p, n * size});
    x->header_bytes += n * size;
    if (x->header_bytes > HEADER_BYTES_MAX || x->headers.n >= HEADERS_MAX) {
        (void)err_set(&x->why, ERR_LIMIT,
                      PRI_STR ": more headers than the limit of %d, or than %d bytes of them",
                      STR_ARG(x->url->host), HEADERS_MAX, HEADER_BYTES_MAX);
        return 0;
    }
    if (!take_status(x, line))
        take_header(x, line);
    return n * size;
}

enum advice { ADVICE_NONE, ADVICE_OFFLINE, ADVICE_PROXY, ADVICE_CA };

static const char *advice_text(const struct exchange *x, enum advice a)
{
    bool proxied = x->url->tls ? x->h->policy.proxy_https : x->h->policy.proxy_http;
    switch (a) {
    case ADVICE_OFFLINE:
        return proxied ? ": is the proxy right?" : ": no network, or a proxy is needed (https_proxy)";
    case ADVICE_PROXY:
        return ": see http_proxy, https_proxy and no_proxy";
    case ADVICE_CA:
        return ": SSL_CERT_FILE names the authorities that are trusted";
    case ADVICE_NONE:
        break;
    }
    return "";
}

// What libcurl says, in our words. Its codes are many; those that are not here are answers that break the protocol.
static const struct failure {
    CURLcode rc;
    enum err_code code;
    bool transient;
    enum advice advice;
    const char *what;
} failures[] = {
    {CURLE_COULDNT_RESOLVE_HOST, ERR_NETWORK, true, ADVICE_OFFLINE, "the name has no address"},
    {CURLE_COULDNT_RESOLVE_PROXY, ERR_NETWORK, true, ADVICE_PROXY, "the proxy's name has no address"},
    {CURLE_COULDNT_CONNECT, ERR_NETWORK, true, ADVICE_OFFLINE, "no connection"},
    {CURLE_OPERATION_TIMEDOUT, ERR_NETWORK, true, ADVICE_OFFLINE, "no connection in time"},
    {CURLE_SSL_CONNECT_ERROR, ERR_NETWORK, true, ADVICE_NONE, "no TLS connection"},
    {CURLE_PEER_FAILED_VERIFICATION, ERR_DENIED, false, ADVICE_CA, "its certificate is not trusted"},
    {CURLE_SSL_CACERT_BADFILE, ERR_IO, false, ADVICE_CA, "the certificate authorities cannot be read"},
    {CURLE_GOT_NOTHING, ERR_NETWORK, true, ADVICE_NONE, "hung up without an answer"},
    {CURLE_SEND_ERROR, ERR_NETWORK, true, ADVICE_NONE, "the connection broke"},
    {CURLE_RECV_ERROR, ERR_NETWORK, true, ADVICE_NONE, "the connection broke"},
    {CURLE_PARTIAL_FILE, ERR_NETWORK, true, ADVICE_NONE, "the answer broke off"},
    {CURLE_HTTP2, ERR_NETWORK, true, ADVICE_NONE, "the connection broke"},
    {CURLE_HTTP2_STREAM, ERR_NETWORK, true, ADVICE_NONE, "the answer broke off"},
    {CURLE_PROXY, ERR_NETWORK, true, ADVICE_PROXY, "the proxy does not do its part"},
};

static int say_failure(struct exchange *x, CURLcode rc, struct err *e)
{
    static const struct failure other = {CURLE_OK, ERR_PROTOCOL, false, ADVICE_NONE, "a wrong answer"};
    const struct failure *f = &other;
    for (size_t i = 0; i < COUNT(failures); i++)
        if (failures[i].rc == rc)
            f = &failures[i];
    const char *detail = x->curl_text[0] ? x->curl_text : x->h->lib->easy_strerror(rc);
    struct str shown = str_printable(x->h->a, str_of(detail), 70);
    (void)err_set(e, f->code, PRI_STR ": %s (" PRI_STR ")%s", STR_ARG(x->url->host), f->what, STR_ARG(shown),
                  advice_text(x, f->advice));
    if (e)
        e->transient = f->transient;
    return -1;
}

static int is_stopped(const struct exchange *x, struct err *e)
{
    struct pollfd p = {.fd = x->h->policy.stop_fd, .events = POLLIN};
    if (p.fd >= 0 && poll(&p, 1, 0) > 0)
        return err_set(e, ERR_CANCELLED, PRI_STR ": stopped", STR_ARG(x->url->host));
    return 0;
}

static int stalled(const struct exchange *x, struct err *e)
{
    const struct http_policy *p = &x->h->policy;
    (void)err_set(e, ERR_NETWORK, PRI_STR ": fewer than %u bytes in %u ms: given up", STR_ARG(x->url->host),
                  p->stall_bytes, p->stall_ms);
    if (e)
        e->transient = true;
    return -1;
}

// The time went by in bits that were each fast enough.
static int overdue(const struct exchange *x, uint64_t got, uint64_t ms, struct err *e)
{
    return err_set(e, ERR_NETWORK, PRI_STR ": only %ju bytes in %ju ms, %u a second are wanted: given up",
                   STR_ARG(x->url->host), (uintmax_t)got, (uintmax_t)ms, x->h->policy.rate);
}

// Until the transfer is over.
static int turn(struct exchange *x, CURLcode *rc, struct err *e)
{
    const struct curl_lib *lib = x->h->lib;
    struct curl_waitfd stop = {.fd = x->h->policy.stop_fd, .events = CURL_WAIT_POLLIN};
    uint64_t began = clock_mono_ms(), since = began, had = 0;
    for (int running = 1;;) {
        if (lib->multi_perform(x->h->multi, &running) != CURLM_OK)
            BUG("curl_multi_perform");
        int left;
        for (CURLMsg *m; (m = lib->multi_info_read(x->h->multi, &left));)
            if (m->msg == CURLMSG_DONE) {
                *rc = m->data.result;
                return 0;
            }
        if (is_stopped(x, e) < 0)
            return -1;
        uint64_t now = clock_mono_ms(), got = x->received + x->refused + x->header_bytes;
        if (http_is_late(x->h->policy.whole_ms, x->h->policy.rate, now - began, got))
            return overdue(x, got, now - began, e);
        if (now - since >= x->h->policy.stall_ms) {
            if (got - had < x->h->policy.stall_bytes)
                return stalled(x, e);
            since = now;
            had = got;
        }
        int numfds;
        (void)lib->multi_poll(x->h->multi, &stop, stop.fd >= 0, TICK_MS, &numfds);
    }
}

static void set_transport(struct exchange *x)
{
    struct http *h = x->h;
    const struct http_policy *p = &h->policy;
    const char *proxy = x->url->tls ? p->proxy_https : p->proxy_http;
    __auto_type set = h->lib->easy_setopt;
    (void)set(h->easy, CURLOPT_NOSIGNAL, 1L);
    (void)set(h->easy, CURLOPT_PROTOCOLS_STR, "http,https");
    (void)set(h->easy, CURLOPT_FOLLOWLOCATION, 0L);
    (void)set(h->easy, CURLOPT_PATH_AS_IS, 1L);
    (void)set(h->easy, CURLOPT_CONNECTTIMEOUT_MS, (long)p->connect_ms);
    (void)set(h->easy, CURLOPT_PROXY, proxy ? proxy : ""); // "": none, whatever the environment says
    (void)set(h->easy, CURLOPT_NOPROXY, p->no_proxy ? p->no_proxy : "");
    (void)set(h->easy, CURLOPT_SUPPRESS_CONNECT_HEADERS, 1L);
    (void)set(h->easy, CURLOPT_HEADEROPT, (long)CURLHEADER_SEPARATE);
    (void)set(h->easy, CURLOPT_QUICK_EXIT, 1L); // a stop does not wait for the resolver
    (void)set(h->easy, CURLOPT_USERAGENT, p->user_agent);
    if (p->ca_file)
        (void)set(h->easy, CURLOPT_CAINFO, p->ca_file);
    if (p->ca_dir)
        (void)set(h->easy, CURLOPT_CAPATH, p->ca_dir);
}

static void set_request(struct exchange *x, struct curl_slist *headers)
{
    CURL *c = x->h->easy;
    __auto_type set = x->h->lib->easy_setopt;
    (void)set(c, CURLOPT_URL, url_text(x->h->a, x->url).p);
    (void)set(c, CURLOPT_NOBODY, (long)x->q->head);
    (void)set(c, CURLOPT_HTTPHEADER, headers);
    (void)set(c, CURLOPT_ERRORBUFFER, x->curl_text);
    (void)set(c, CURLOPT_WRITEFUNCTION, on_body);
    (void)set(c, CURLOPT_WRITEDATA, x);
    (void)set(c, CURLOPT_HEADERFUNCTION, on_header);
    (void)set(c, CURLOPT_HEADERDATA, x);
}

static struct curl_slist *headers_of(const struct exchange *x)
{
    const struct curl_lib *lib = x->h->lib;
    struct curl_slist *l = NULL;
    drop_buf struct buf line = BUF_INIT(65536);
    buf_printf(&line, "Accept: %s", x->q->accept ? x->q->accept : "*/*");
    l = lib->slist_append(l, line.p);
    if (x->credential.n) {
        buf_clear(&line);
        buf_printf(&line, "Authorization: " PRI_STR, STR_ARG(x->credential));
        l = lib->slist_append(l, line.p);
        explicit_bzero(line.p, line.cap);
    }
    return l;
}

static void forget_headers(const struct curl_lib *lib, struct curl_slist *l)
{
    for (struct curl_slist *at = l; at; at = at->next)
        explicit_bzero(at->data, strlen(at->data));
    lib->slist_free_all(l);
}

void quiet_begin(struct quiet *q)
{
    sigset_t broken, waiting;
    sigemptyset(&broken);
    sigaddset(&broken, SIGPIPE);
    q->was_waiting = sigpending(&waiting) == 0 && sigismember(&waiting, SIGPIPE) == 1;
    (void)pthread_sigmask(SIG_BLOCK, &broken, &q->mask);
}

void quiet_end(const struct quiet *q)
{
    static const struct timespec at_once = {0};
    sigset_t broken;
    sigemptyset(&broken);
    sigaddset(&broken, SIGPIPE);
    if (!q->was_waiting)
        (void)sigtimedwait(&broken, NULL, &at_once);
    (void)pthread_sigmask(SIG_SETMASK, &q->mask, NULL);
}

int exchange_run(struct exchange *x, struct err *e)
{
    struct quiet quiet;
    const struct curl_lib *lib = x->h->lib;
    CURLcode rc = CURLE_OK;
    lib->easy_reset(x->h->easy);
    struct curl_slist *headers = headers_of(x);
    set_transport(x);
    set_request(x, headers);
    quiet_begin(&quiet);
    if (lib->multi_add_handle(x->h->multi, x->h->easy) != CURLM_OK)
        BUG("curl_multi_add_handle");
    int over = turn(x, &rc, e);
    (void)lib->multi_remove_handle(x->h->multi, x->h->easy);
    quiet_end(&quiet);
    forget_headers(lib, headers);
    if (over < 0)
        return -1;
    if (x->why.code != ERR_NONE) {
        if (e && e->code == ERR_NONE)
            *e = x->why;
        return -1;
    }
    // Of a refusal the rest of its body does not matter.
    if (rc != CURLE_OK && !(x->status >= 300 && rc != CURLE_GOT_NOTHING))
        return say_failure(x, rc, e);
    if (!x->status)
        return err_set(e, ERR_PROTOCOL, PRI_STR ": an answer without a status", STR_ARG(x->url->host));
    tell(x, true);
    return 0;
}
