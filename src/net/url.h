// SPDX-License-Identifier: Apache-2.0
// net/url.h - addresses of http and https: parsed strictly, so that who is asked and whose credentials are sent is
// one and the same reading.
//
// A user and a password inside an address are refused (credentials have their own place, net/http.h), as are blanks,
// control bytes, backslashes and bytes above 0x7e. The host is lower-cased. spec: RFC 3986.
#pragma once
#include "base/err.h"
#include "base/str.h"

#define URL_MAX 4096 // bytes of one address

struct url {
    bool tls;         // https
    struct str host;  // lower case; "[::1]" with its brackets
    uint16_t port;    // 80 and 443 where none is written
    struct str path;  // begins with '/'
    struct str query; // without '?'; p NULL: none. A fragment is dropped
};

// Texts live in the arena. ERR_USAGE: not an address of http or https, with what is wrong in it.
int nodiscard url_parse(struct arena *a, struct str text, struct url *out, struct err *e);
// Resolves a reference ("../x", "/x", "//host/x", "https://…") against `base` (RFC 3986 §5.2).
int nodiscard url_resolve(struct arena *a, const struct url *base, struct str ref, struct url *out,
                          struct err *e);
bool url_same_origin(const struct url *a, const struct url *b); // scheme, host and port
struct str url_origin(struct arena *a,
                      const struct url *u); // "https://host", ":port" where it is not the scheme's
struct str url_text(struct arena *a, const struct url *u);
