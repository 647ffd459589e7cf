// SPDX-License-Identifier: Apache-2.0
// stream/hash.h - digests of bytes: sha256 and sha512 (OCI image-spec descriptor.md#digests), and sha1 and md5 only to
// check what old package indexes say.
#pragma once
#include "base/err.h"
#include "base/str.h"

enum hash_alg { HASH_NONE, HASH_SHA256, HASH_SHA512, HASH_SHA1, HASH_MD5, HASH_ALG_MAX_ };

// A value type: compare with digest_eq. alg HASH_NONE: no digest.
struct digest {
    enum hash_alg alg;
    uint8_t sum[64]; // the first hash_size(alg) bytes count, the rest is zero
};

size_t hash_size(enum hash_alg alg);
const char *hash_name(enum hash_alg alg); // "sha256"
bool digest_eq(const struct digest *a, const struct digest *b);
#define DIGEST_TEXT 160                                                 // room for "sha512:<hex>" and its NUL
const char *digest_text(const struct digest *d, char out[DIGEST_TEXT]); // "sha256:<lower-case hex>"
const char *digest_hex(const struct digest *d, char out[DIGEST_TEXT]);  // the hex alone
// Strict: "alg:hex", lower case, exact length (M2 of the bad-input catalogue). ERR_PARSE says what was wrong.
int nodiscard digest_parse(struct str s, struct digest *out, struct err *e);
bool digest_of_hex(enum hash_alg alg, struct str hex,
                   struct digest *out); // false, *out untouched: not exactly its hex
void digest_of(enum hash_alg alg, const void *p, size_t n, struct digest *out); // of a buffer, at once

struct hash; // running
struct hash *hash_new(enum hash_alg alg);
void hash_add(struct hash *h, const void *p, size_t n);
void hash_end(struct hash *h, struct digest *out); // then only hash_free
void hash_free(struct hash *h);
DEFINE_DROP(struct hash *, hash_free)
