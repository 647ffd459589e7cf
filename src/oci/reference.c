// SPDX-License-Identifier: Apache-2.0
#include "oci/reference.h"
#include "base/digit.h"
#include <arpa/inet.h>
#include <stdio.h>

// A part of the text that is being parsed.
struct part {
    const char *name; // "registry"
    struct str whole, s;
    const char *allowed;
};

static int refuse(const struct part *p, struct err *e, const char *why)
{
    drop_(arena_free) struct arena *a = arena_new(512);
    struct str shown = str_printable(a, p->whole, 48);
    return err_set(e, ERR_PARSE, "image reference \"" PRI_STR "\": %s%s%s", STR_ARG(shown), p->name,
                   *p->name ? ": " : "", why);
}

// `at` counts within the part.
static int refuse_at(const struct part *p, size_t at, struct err *e)
{
    size_t place = (size_t)(p->s.p - p->whole.p) + at;
    char why[160];
    unsigned char c = at < p->s.n ? (unsigned char)p->s.p[at] : 0;
    if (at >= p->s.n)
        snprintf(why, sizeof why, "ends at character %zu, want %s", place, p->allowed);
    else if (c > ' ' && c < 0x7f)
        snprintf(why, sizeof why, "character %zu: '%c', want %s", place + 1, c, p->allowed);
    else
        snprintf(why, sizeof why, "character %zu: byte 0x%02x, want %s", place + 1, c, p->allowed);
    return refuse(p, e, why);
}

static int too_long(const struct part *p, size_t n, size_t max, struct err *e)
{
    char why[80];
    snprintf(why, sizeof why, "%zu characters long, at most %zu are allowed", n, max);
    return refuse(p, e, why);
}

static bool is_lower(char c)
{
    return c >= 'a' && c <= 'z';
}

static bool is_upper(char c)
{
    return c >= 'A' && c <= 'Z';
}

static bool is_alnum(char c)
{
    return is_digit(c) || is_lower(c) || is_upper(c);
}

static int check_port(struct part p, size_t colon, struct err *e)
{
    uint64_t port;
    p.name = "registry port";
    p.allowed = "a digit";
    for (size_t i = colon + 1; i < p.s.n; i++)
        if (!is_digit(p.s.p[i]))
            return refuse_at(&p, i, e);
    if (colon + 1 == p.s.n)
        return refuse_at(&p, p.s.n, e);
    return str_u64(str_from(p.s, colon + 1), 1, 65535, &port) ? 0 : refuse(&p, e, "want 1 to 65535");
}

static int check_ipv6(struct part p, size_t *host, struct err *e)
{
    size_t close;
    char text[INET6_ADDRSTRLEN];
    struct in6_addr to;
    if (!str_find(p.s, ']', &close))
        return refuse(&p, e, "no ']' after the address");
    if (close - 1 >= sizeof text)
        return refuse(&p, e, "no IPv6 address in the brackets");
    memcpy(text, p.s.p + 1, close - 1);
    text[close - 1] = 0;
    if (strlen(text) != close - 1 || inet_pton(AF_INET6, text, &to) != 1)
        return refuse(&p, e, "no IPv6 address in the brackets");
    *host = close + 1;
    return 0;
}

static int check_host(struct part p, size_t *host, struct err *e)
{
    size_t i = 0;
    for (; i < p.s.n && p.s.p[i] != ':'; i++) {
        char c = p.s.p[i], before = i ? p.s.p[i - 1] : '.', after = i + 1 < p.s.n ? p.s.p[i + 1] : ':';
        bool inside = (c == '-' && before != '.' && after != '.' && after != ':') ||
                      (c == '.' && before != '.' && after != ':');
        if (!is_alnum(c) && !inside)
            return refuse_at(&p, i, e);
    }
    *host = i;
    return i ? 0 : refuse_at(&p, 0, e);
}

static int check_registry(struct str whole, struct str s, struct err *e)
{
    struct part p = {"registry", whole, s, "A-Z a-z 0-9, and . - between them"};
    size_t host;
    if (s.n > REFERENCE_NAME_MAX)
        return too_long(&p, s.n, REFERENCE_NAME_MAX, e);
    if ((s.n && s.p[0] == '[' ? check_ipv6(p, &host, e) : check_host(p, &host, e)) < 0)
        return -1;
    if (host == s.n)
        return 0;
    p.allowed = "':' and a port";
    return s.p[host] == ':' ? check_port(p, host, e) : refuse_at(&p, host, e);
}

// The length of a separator at i: '.', '_', '__' or dashes; 0 if none is there.
static size_t separator(struct str s, size_t i)
{
    size_t n = 0;
    if (s.p[i] == '.')
        return 1;
    if (s.p[i] == '_')
        return i + 1 < s.n && s.p[i + 1] == '_' ? 2 : 1;
    while (i + n < s.n && s.p[i + n] == '-')
        n++;
    return n;
}

static int check_repository(struct str whole, struct str s, struct err *e)
{
    struct part p = {"repository", whole, s, "a-z 0-9, and / . _ __ - between them"};
    bool inside = false; // a letter or digit stands before
    for (size_t i = 0; i < s.n;) {
        size_t n = 1;
        bool plain = is_lower(s.p[i]) || is_digit(s.p[i]);
        if (!plain && s.p[i] != '/')
            n = separator(s, i);
        if (!plain && (!inside || !n))
            return refuse_at(&p, i, e);
        inside = plain;
        i += n;
    }
    return inside ? 0 : refuse_at(&p, s.n, e);
}

static int check_tag(struct str whole, struct str s, struct err *e)
{
    struct part p = {"tag", whole, s, "A-Z a-z 0-9 _ . -"};
    for (size_t i = 0; i < s.n; i++)
        if (!is_alnum(s.p[i]) && s.p[i] != '_' && ((s.p[i] != '.' && s.p[i] != '-') || i == 0)) {
            if (i == 0)
                p.allowed = "A-Z a-z 0-9 _";
            return refuse_at(&p, i, e);
        }
    if (s.n > REFERENCE_TAG_MAX)
        return too_long(&p, s.n, REFERENCE_TAG_MAX, e);
    return s.n ? 0 : refuse_at(&p, 0, e);
}

int reference_check_tag(struct str s, struct err *e)
{
    return check_tag(s, s, e);
}

static bool is_registry(struct str first)
{
    if (str_is(first, "localhost"))
        return true;
    for (size_t i = 0; i < first.n; i++)
        if (first.p[i] == '.' || first.p[i] == ':' || is_upper(first.p[i]))
            return true;
    return false;
}

static bool is_bare_hex(struct str s)
{
    for (size_t i = 0; i < s.n; i++)
        if (!is_digit(s.p[i]) && !(s.p[i] >= 'a' && s.p[i] <= 'f'))
            return false;
    return s.n == 64;
}

static int take_digest(struct str whole, struct str *rest, struct digest *out, struct err *e)
{
    size_t at;
    struct part p = {"digest", whole, *rest, ""};
    if (!str_find(*rest, '@', &at))
        return 0;
    struct err why = {0};
    if (digest_parse(str_from(*rest, at + 1), out, &why) < 0)
        return refuse(&p, e, why.cause);
    *rest = str_head(*rest, at);
    return 0;
}

// A name may be up to 512 bytes of registry and repository, 128 of tag, 135 of digest.
enum { TEXT_MAX = 2 * REFERENCE_NAME_MAX + REFERENCE_TAG_MAX + DIGEST_TEXT };

static int split(struct str s, struct reference *r, struct err *e)
{
    struct part p = {"", s, s, ""};
    size_t at;
    if (!s.n)
        return refuse(&p, e, "is empty");
    if (s.n > TEXT_MAX)
        return too_long(&p, s.n, TEXT_MAX, e);
    if (memmem(s.p, s.n, "://", 3))
        return refuse(&p, e, "is a URL, want a name without its scheme");
    if (is_bare_hex(s))
        return refuse(&p, e, "is the hexadecimal text of a digest, want a name");
    if (take_digest(s, &s, &r->digest, e) < 0)
        return -1;
    if (str_find(s, '/', &at) && (at == 0 || is_registry(str_head(s, at)))) {
        r->registry = str_head(s, at);
        s = str_from(s, at + 1);
        if (check_registry(p.whole, r->registry, e) < 0)
            return -1;
    }
    r->repository = s;
    if (str_find(s, ':', &at)) {
        r->repository = str_head(s, at);
        r->tag = str_from(s, at + 1);
    }
    if (check_repository(p.whole, r->repository, e) < 0)
        return -1;
    return r->repository.n < s.n ? check_tag(p.whole, r->tag, e) : 0;
}

int reference_parse(struct arena *a, struct str s, struct reference *out, struct err *e)
{
    struct reference r = {.registry = STR(REFERENCE_DEFAULT_REGISTRY), .tag = STR("")};
    size_t at;
    if (split(s, &r, e) < 0)
        return -1;
    if (str_is(r.registry, "index." REFERENCE_DEFAULT_REGISTRY))
        r.registry = STR(REFERENCE_DEFAULT_REGISTRY);
    if (str_is(r.registry, REFERENCE_DEFAULT_REGISTRY) && !str_find(r.repository, '/', &at))
        r.repository = str_printf(a, "library/" PRI_STR, STR_ARG(r.repository));
    if (r.repository.n > REFERENCE_NAME_MAX)
        return too_long(&(struct part){"repository", s, s, ""}, r.repository.n, REFERENCE_NAME_MAX, e);
    r.registry = str_dup(a, r.registry);
    r.repository = str_dup(a, r.repository);
    r.tag = str_dup(a, r.tag);
    *out = r;
    return 0;
}

bool reference_has_digest(const struct reference *r)
{
    return r->digest.alg != HASH_NONE;
}

bool reference_same_name(const struct reference *a, const struct reference *b)
{
    return str_eq(a->registry, b->registry) && str_eq(a->repository, b->repository);
}

bool reference_eq(const struct reference *a, const struct reference *b)
{
    return reference_same_name(a, b) && str_eq(a->tag, b->tag) && digest_eq(&a->digest, &b->digest);
}

struct str reference_tag(const struct reference *r)
{
    return r->tag.n || reference_has_digest(r) ? r->tag : STR("latest");
}

struct str reference_name(struct arena *a, const struct reference *r)
{
    return str_printf(a, PRI_STR "/" PRI_STR, STR_ARG(r->registry), STR_ARG(r->repository));
}

static struct str with_tag(struct arena *a, struct str name, const struct reference *r)
{
    char digest[DIGEST_TEXT] = "";
    if (reference_has_digest(r))
        digest_text(&r->digest, digest);
    return str_printf(a, PRI_STR "%s" PRI_STR "%s%s", STR_ARG(name), r->tag.n ? ":" : "", STR_ARG(r->tag),
                      *digest ? "@" : "", digest);
}

struct str reference_format(struct arena *a, const struct reference *r)
{
    return with_tag(a, reference_name(a, r), r);
}

struct str reference_familiar(struct arena *a, const struct reference *r)
{
    size_t at;
    if (!str_is(r->registry, REFERENCE_DEFAULT_REGISTRY))
        return reference_format(a, r);
    struct str name = r->repository, below = name;
    if (str_has_prefix(name, "library/"))
        below = str_from(name, strlen("library/"));
    // Beneath another name `library/` must stay. A short form that would be read as another name is none.
    if (below.n < name.n && !str_find(below, '/', &at))
        name = below;
    if ((str_find(name, '/', &at) && is_registry(str_head(name, at))) || is_bare_hex(name))
        return reference_format(a, r);
    return with_tag(a, name, r);
}
