// SPDX-License-Identifier: Apache-2.0
// net/http.h - a client of HTTP(S) with a policy: who may be asked, through what, for how long and for how much.
//
// libcurl does the transport. It is loaded when the first client is made (a process that makes none pays nothing);
// where it is missing the error names Debian's package. Only http and https; redirects are followed here, so that a
// downgrade (https to http) is refused, their number is bounded, and credentials go only to the origin they are for:
// callers never set an Authorization header, and whoever is redirected to gets none. What is received is not decoded
// (no Content-Encoding is asked for). One client belongs to one thread at a time; several clients share nothing.
//
// Errors: ERR_NETWORK (no answer, or 408, 425, 429, 5xx; `transient` where the same call may succeed later),
// ERR_DENIED (401, 403, 407, a certificate that is not trusted, a refused redirect), ERR_NOT_FOUND (404, 410),
// ERR_LIMIT, ERR_PROTOCOL (anything else that is not 2xx), ERR_CANCELLED, ERR_USAGE, and whatever the sink says.
// Messages name the host and what can be done.
#pragma once
#include "base/map.h"
#include "net/url.h"
#include "stream/stream.h"

enum http_auth { HTTP_BASIC, HTTP_BEARER };
// Sent to requests for `origin` whose path begins with `path` (whole components). The longest path wins.
struct http_credential {
    struct str origin; // as url_origin spells it
    struct str path;   // "/" or "/a/b/"
    enum http_auth kind;
    struct str secret; // BASIC: base64 of "user:password"; BEARER: the token. No blanks or control bytes
};

// Everything is borrowed and must outlive the client. NULL and 0 mean what http_policy_defaults sets.
struct http_policy {
    const char *proxy_http, *proxy_https; // addresses of proxies; NULL: none. May hold a user and a password
    const char *no_proxy;                 // "host,.domain,*"
    const char *ca_file, *ca_dir;         // NULL: those libcurl was built with
    const char *user_agent;               // NULL: "dema/VERSION"
    unsigned connect_ms;                  // for each address and try
    unsigned stall_ms, stall_bytes;       // fewer bytes in that time: given up
    // Of one exchange on the whole; `rate` bytes give it a second more. What takes longer is given up.
    unsigned whole_ms, rate;
    unsigned redirects;          // at most
    unsigned tries;              // 1: no retry
    unsigned backoff_ms;         // before the second try; doubled, with jitter, for each further one
    unsigned retry_after_max_ms; // a longer Retry-After is an error at once
    const struct http_credential *credential;
    size_t n_credential;
    int stop_fd; // readable: everything ends with ERR_CANCELLED; -1: none
};
struct http_policy http_policy_defaults(void);
// What the environment says ("NAME=value", NULL at the end): http_proxy, https_proxy and all_proxy (also in capitals;
// HTTP_PROXY not where REQUEST_METHOD is set, which is a CGI program's), no_proxy; SSL_CERT_FILE, else
// CURL_CA_BUNDLE; SSL_CERT_DIR. Borrows the texts.
void http_policy_env(struct http_policy *p, const char *const *envp);

// Whether an exchange that has brought so many bytes has had its time.
static inline bool http_is_late(unsigned whole_ms, unsigned rate, uint64_t ms, uint64_t bytes)
{
    return ms > whole_ms && (ms - whole_ms) / 1000 >= bytes / rate;
}

struct http;
int nodiscard http_new(const struct http_policy *p, struct http **out, struct err *e);
void http_free(struct http *h);
DEFINE_DROP(struct http *, http_free)

struct http_req {
    const char *url;
    const char *accept; // NULL: "*/*"
    bool head;          // HEAD: no body
    uint64_t max;       // bytes of the body; 0 is refused: every transfer has a limit
    // How far it is: bytes so far and in all (0: not said). May be NULL.
    void (*progress)(void *ctx, uint64_t done, uint64_t total);
    void *ctx;
};
struct http_resp {
    unsigned status;       // 2xx
    uint64_t received;     // bytes that went into the sink
    struct str url;        // the one that answered, after redirects
    struct strmap headers; // names in lower case; of several with one name the last
};
// Asks, and puts the body of a 2xx answer into `body` (borrowed; neither finished nor dropped; NULL: thrown away).
// Tries again only while nothing has gone into the sink: a transfer that breaks off later is ERR_NETWORK,
// transient, and the caller begins anew with another sink. What *r holds lives until the next call with this client.
int nodiscard http_do(struct http *h, const struct http_req *q, struct sink *body, struct http_resp *r,
                      struct err *e);
