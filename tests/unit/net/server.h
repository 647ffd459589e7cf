// SPDX-License-Identifier: Apache-2.0
// tests/unit/net/server.h - an HTTP server on loopback with a plan of answers and faults. One thread, one request a
// connection.
#pragma once
#include "base/str.h"

enum fault {
    FAULT_NONE,
    FAULT_HANG_UP,   // closes without an answer
    FAULT_TRUNCATE,  // closes in the middle of the body
    FAULT_ENDLESS,   // a body without end, chunked
    FAULT_SILENT,    // reads and says nothing
    FAULT_DRIP,      // a byte of the body every 50 ms
    FAULT_HEADERS,   // headers without end
    FAULT_GARBAGE,   // is no HTTP
    FAULT_NO_LENGTH, // the body ends with the connection
};

// A row answers requests for its path, `times` of them (0: all), then the next row with that path does.
struct answer {
    const char *path;
    unsigned status;
    const char *headers; // "Name: value\r\n…"; NULL: none
    const char *body;    // NULL: empty
    size_t n;            // of the body; 0: to its NUL
    enum fault fault;
    unsigned times;
};

#define ANSWER(p, s, h, b, ...)                                                                              \
    {                                                                                                        \
        .path = (p), .status = (s), .headers = (h), .body = (b), __VA_ARGS__                                 \
    }

struct server;
// Ends the test when it cannot be started. The plan is borrowed. tls: with a certificate of its own that nobody
// knows.
struct server *server_start(const struct answer *plan, size_t n, bool tls);
unsigned server_port(const struct server *s);
unsigned server_asked(struct server *s, const char *path); // how often; NULL: in all
// The value of a request's header (any case), of the last request for that path; "" if there was none.
const char *server_header(struct server *s, const char *path, const char *name);
// Its certificate as PEM.
const char *server_certificate(struct server *s);
void server_stop(struct server *s);
DEFINE_DROP(struct server *, server_stop)
