// SPDX-License-Identifier: Apache-2.0
// sbom/purl.h - package URLs: pkg:TYPE/NAMESPACE/NAME@VERSION?QUALIFIERS#SUBPATH.
//
// spec: purl-spec (ECMA-427), and what its type definitions say of single types: which parts are lower case, which are
// needed or forbidden. Written canonically: qualifiers sorted and without empty ones; percent-encoded is everything but
// letters, digits and . - _ ~ : (so '+' is %2B, and the '@' of an npm scope %40).
#pragma once
#include "base/err.h"
#include "base/map.h"

struct purl {
    struct str type;
    struct str ns; // namespace, its segments joined by '/'
    struct str name, version;
    struct strmap qualifiers;
    struct str subpath;
};

enum { PURL_MAX = 8192 }; // bytes

// What may be spelled in several ways (case of type and keys, slashes too
// many, encodings) comes out canonical. ERR_PARSE
// says what is wrong. Texts live in the arena.
int nodiscard purl_parse(struct arena *a, struct str s, struct purl *out, struct err *e);
int nodiscard purl_format(struct arena *a, const struct purl *p, struct str *out,
                          struct err *e); // ERR_PARSE likewise
