// SPDX-License-Identifier: Apache-2.0
#include "stream/hash.h"
#include "base/digit.h"
// Not EVP: it sets up all of libcrypto before the first byte, and a static program has all of it, with relocations for
// a hundred pages, for the fifteen starts of a small build.
#define OPENSSL_SUPPRESS_DEPRECATED
#include <openssl/md5.h>
#include <openssl/sha.h>

union state {
    SHA256_CTX sha256;
    SHA512_CTX sha512;
    SHA_CTX sha1;
    MD5_CTX md5;
};

// The functions of libcrypto with one shape. It chooses the processor's own SHA instructions where it has them.
#define FUNCTIONS(name, prefix)                                                                              \
    static int name##_init(union state *s)                                                                   \
    {                                                                                                        \
        return prefix##_Init(&s->name);                                                                      \
    }                                                                                                        \
    static int name##_add(union state *s, const void *p, size_t n)                                           \
    {                                                                                                        \
        return prefix##_Update(&s->name, p, n);                                                              \
    }                                                                                                        \
    static int name##_end(union state *s, unsigned char *sum)                                                \
    {                                                                                                        \
        return prefix##_Final(sum, &s->name);                                                                \
    }
FUNCTIONS(sha256, SHA256)
FUNCTIONS(sha512, SHA512)
FUNCTIONS(sha1, SHA1)
FUNCTIONS(md5, MD5)
#undef FUNCTIONS

static const struct alg {
    const char *name;
    size_t size;
    int (*init)(union state *s);
    int (*add)(union state *s, const void *p, size_t n);
    int (*end)(union state *s, unsigned char *sum);
} algs[] = {
    [HASH_NONE] = {.name = "none"},
    [HASH_SHA256] = {"sha256", SHA256_DIGEST_LENGTH, sha256_init, sha256_add, sha256_end},
    [HASH_SHA512] = {"sha512", SHA512_DIGEST_LENGTH, sha512_init, sha512_add, sha512_end},
    [HASH_SHA1] = {"sha1", SHA_DIGEST_LENGTH, sha1_init, sha1_add, sha1_end},
    [HASH_MD5] = {"md5", MD5_DIGEST_LENGTH, md5_init, md5_add, md5_end},
};
_Static_assert(COUNT(algs) == HASH_ALG_MAX_, "one row per algorithm");

struct hash {
    union state state;
    enum hash_alg alg;
};

static const struct alg *row_of(enum hash_alg alg)
{
    if (alg <= HASH_NONE || alg >= HASH_ALG_MAX_)
        BUG("hash: no such algorithm");
    return &algs[alg];
}

size_t hash_size(enum hash_alg alg)
{
    return (unsigned)alg < HASH_ALG_MAX_ ? algs[alg].size : 0;
}

const char *hash_name(enum hash_alg alg)
{
    return (unsigned)alg < HASH_ALG_MAX_ ? algs[alg].name : "unknown";
}

bool digest_eq(const struct digest *a, const struct digest *b)
{
    return a->alg == b->alg && memcmp(a->sum, b->sum, hash_size(a->alg)) == 0;
}

static void put_hex(const struct digest *d, char *out)
{
    static const char hex[] = "0123456789abcdef";
    size_t n = hash_size(d->alg);
    for (size_t i = 0; i < n; i++) {
        out[2 * i] = hex[d->sum[i] >> 4];
        out[2 * i + 1] = hex[d->sum[i] & 15];
    }
    out[2 * n] = 0;
}

const char *digest_hex(const struct digest *d, char out[DIGEST_TEXT])
{
    put_hex(d, out);
    return out;
}

const char *digest_text(const struct digest *d, char out[DIGEST_TEXT])
{
    const char *name = hash_name(d->alg);
    size_t n = strlen(name);
    memcpy(out, name, n);
    out[n] = ':';
    put_hex(d, out + n + 1);
    return out;
}

// In lower case only, as every digest is written.
static int nibble(char c)
{
    return c >= 'A' && c <= 'F' ? -1 : hex_digit(c);
}

// What an error may quote of a hostile text: a short, printable head.
static const char *quoted(struct str s, char out[48])
{
    size_t n = s.n < 40 ? s.n : 40;
    for (size_t i = 0; i < n; i++)
        out[i] = s.p[i] >= ' ' && s.p[i] < 127 ? s.p[i] : '?';
    memcpy(out + n, s.n > n ? "..." : "", s.n > n ? 4 : 1);
    return out;
}

bool digest_of_hex(enum hash_alg alg, struct str hex, struct digest *out)
{
    struct digest d = {.alg = alg};
    if (!hash_size(alg) || hex.n != 2 * hash_size(alg))
        return false;
    for (size_t i = 0; i < hex.n; i++) {
        int v = nibble(hex.p[i]);
        if (v < 0)
            return false;
        d.sum[i / 2] = (uint8_t)(d.sum[i / 2] << 4 | v);
    }
    *out = d;
    return true;
}

// Counted from 0; there is one.
static size_t not_hex(struct str s)
{
    size_t i = 0;
    while (i < s.n && nibble(s.p[i]) >= 0)
        i++;
    return i;
}

int digest_parse(struct str s, struct digest *out, struct err *e)
{
    char q[48];
    size_t colon;
    if (!str_find(s, ':', &colon))
        return err_set(e, ERR_PARSE, "digest \"%s\": no \"algorithm:\" in front", quoted(s, q));
    struct digest d = {0};
    for (enum hash_alg a = HASH_SHA256; a <= HASH_SHA512; a++)
        if (str_is(str_head(s, colon), algs[a].name))
            d.alg = a;
    if (!d.alg)
        return err_set(e, ERR_PARSE, "digest \"%s\": the algorithm is neither sha256 nor sha512",
                       quoted(s, q));
    struct str hex = str_from(s, colon + 1);
    if (hex.n != 2 * algs[d.alg].size)
        return err_set(e, ERR_PARSE, "digest \"%s\": %zu hex digits, %s has %zu", quoted(s, q), hex.n,
                       algs[d.alg].name, 2 * algs[d.alg].size);
    if (!digest_of_hex(d.alg, hex, out))
        return err_set(e, ERR_PARSE, "digest \"%s\": byte %zu is not a lower-case hex digit", quoted(s, q),
                       colon + 2 + not_hex(hex));
    return 0;
}

void digest_of(enum hash_alg alg, const void *p, size_t n, struct digest *out)
{
    struct digest d = {.alg = alg};
    const struct alg *row = row_of(alg);
    union state s;
    if (!row->init(&s) || !row->add(&s, p, n) || !row->end(&s, d.sum))
        BUG("digest_of");
    *out = d;
}

struct hash *hash_new(enum hash_alg alg)
{
    struct hash *h = XNEW(struct hash);
    h->alg = alg;
    if (!row_of(alg)->init(&h->state))
        BUG("hash_new");
    return h;
}

void hash_add(struct hash *h, const void *p, size_t n)
{
    if (!row_of(h->alg)->add(&h->state, p, n))
        BUG("hash_add");
}

void hash_end(struct hash *h, struct digest *out)
{
    struct digest d = {.alg = h->alg};
    if (!row_of(h->alg)->end(&h->state, d.sum))
        BUG("hash_end");
    *out = d;
}

void hash_free(struct hash *h)
{
    free(h);
}
