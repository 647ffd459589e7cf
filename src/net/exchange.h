// SPDX-License-Identifier: Apache-2.0
// net/exchange.h - for this room only: one request and its answer, without redirects and retries.
#pragma once
#include "net/curl.h"
#include "net/http.h"
#include <signal.h>

#define HEADERS_MAX 1000
#define HEADER_BYTES_MAX 262144
#define REFUSAL_BYTES_MAX 65536 // of a body that nobody wants; then the connection is closed

struct http {
    const struct curl_lib *lib;
    struct http_policy policy;
    CURLM *multi;
    CURL *easy;
    struct arena *a; // of the current call
};

struct exchange {
    struct http *h;
    const struct http_req *q;
    const struct url *url;
    struct str credential; // value of Authorization; empty: none
    struct sink *body;     // NULL: thrown away
    // The answer.
    unsigned status;
    struct strmap headers;
    size_t header_bytes;
    uint64_t received; // bytes of a wanted body: in the sink
    uint64_t refused;  // bytes of an unwanted one
    uint64_t total;    // Content-Length; 0: not said
    uint64_t told_ms;  // when progress was told last
    struct err why;    // of a callback that ended it
    char curl_text[CURL_ERROR_SIZE];
};

// TLS writes to whoever hung up: between the two that is an error of libcurl's and does not end this process.
struct quiet {
    sigset_t mask;
    bool was_waiting;
};
void quiet_begin(struct quiet *q);
void quiet_end(const struct quiet *q);

// The answer is in x, whatever its status. ERR_NETWORK and the like: there was none, or it broke off.
int nodiscard exchange_run(struct exchange *x, struct err *e);
