// SPDX-License-Identifier: Apache-2.0
// oci/reference.h - the name of an image: [registry/]repository[:tag][@digest].
//
// spec: the grammar of distribution/reference and its normalisation: what stands before the first '/'
// is a registry if it has a '.' or ':', an upper-case letter, or is `localhost`; else the default
// registry is meant, where a name of one component is beneath `library/`. Stricter than that grammar:
// ports are 1..65535, IPv6 addresses must be some, no sha1 or md5.
#pragma once
#include "base/err.h"
#include "base/str.h"
#include "stream/hash.h"

#define REFERENCE_DEFAULT_REGISTRY "docker.io" // what a name without a registry means, by that specification
enum { REFERENCE_NAME_MAX = 255, REFERENCE_TAG_MAX = 128 }; // bytes of registry, of repository; of a tag

struct reference {
    struct str registry;   // with its port; "localhost:5000", "[::1]:5000"
    struct str repository; // "library/debian"
    struct str tag;        // empty if none is written
    struct digest digest;  // alg HASH_NONE if none is written
};

// Texts live in the arena. ERR_PARSE names the part, the character and what is allowed there.
int nodiscard reference_parse(struct arena *a, struct str s, struct reference *out, struct err *e);
bool reference_has_digest(const struct reference *r);
bool reference_eq(const struct reference *a, const struct reference *b);        // all four
bool reference_same_name(const struct reference *a, const struct reference *b); // registry and repository
// The tag to ask for: the written one, else "latest" where there is no digest either, else empty.
struct str reference_tag(const struct reference *r);
struct str reference_name(struct arena *a, const struct reference *r); // "docker.io/library/debian"
struct str reference_format(struct arena *a,
                            const struct reference *r); // "docker.io/library/debian:12@sha256:…"
struct str reference_familiar(struct arena *a, const struct reference *r); // the short form: "debian:12"
// Is s a tag as the grammar has it? (`registry` and `repository` are checked by parsing.)
int nodiscard reference_check_tag(struct str s, struct err *e);
