// SPDX-License-Identifier: Apache-2.0
#include "net/url.h"
#include <string.h>

enum { PORT_MAX = 65535, HOST_MAX = 255 };

// Says what is wrong without showing a password that may stand in it.
static int wrong(struct arena *a, struct str text, const char *why, struct err *e)
{
    size_t at = text.n;
    if (str_find_last(text, '@', &at))
        text = str_from(text, at + 1);
    return err_set(e, ERR_USAGE, "address \"" PRI_STR "\": %s", STR_ARG(str_printable(a, text, 80)), why);
}

static uint16_t port_of(bool tls)
{
    return tls ? 443 : 80;
}

static const char *bytes_wrong(struct str s)
{
    for (size_t i = 0; i < s.n; i++)
        if ((unsigned char)s.p[i] <= ' ' || (unsigned char)s.p[i] > 0x7e || s.p[i] == '\\' || s.p[i] == '"')
            return "a blank, a control byte, '\\', '\"' or a byte above 0x7e";
    return NULL;
}

static bool is_host_byte(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
           c == '.' || c == '_';
}

static bool is_host(struct str h)
{
    bool six = h.n > 2 && h.p[0] == '[' && h.p[h.n - 1] == ']';
    if (!h.n || h.n > HOST_MAX || h.p[0] == '.')
        return false;
    for (size_t i = six; i < h.n - six; i++) {
        char c = h.p[i];
        bool hex = (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
        if (six ? !hex && c != ':' && c != '.' : !is_host_byte(c))
            return false;
    }
    return true;
}

// "host:port" into *u, whose tls is set.
static const char *take_authority(struct arena *a, struct str text, struct url *u)
{
    size_t colon, bracket = 0;
    uint64_t port = port_of(u->tls);
    if (memchr(text.p, '@', text.n))
        return "a user or password in it: credentials belong into their own configuration";
    bool six = text.n && text.p[0] == '[';
    if (six && !str_find(text, ']', &bracket))
        return "'[' without ']'";
    struct str rest = str_from(text, bracket);
    if (str_find(rest, ':', &colon)) {
        struct str digits = str_from(rest, colon + 1);
        if (digits.n && !str_u64(digits, 1, PORT_MAX, &port))
            return "the port is not one of 1 to 65535";
        text = str_head(text, bracket + colon);
    }
    if (!is_host(text))
        return "the host is not a name or an address";
    u->host = str_lower(a, text);
    u->port = (uint16_t)port;
    return NULL;
}

static void take_path(struct arena *a, struct str text, struct url *u)
{
    size_t at;
    if (str_find(text, '#', &at))
        text = str_head(text, at);
    u->query = (struct str){0};
    if (str_find(text, '?', &at)) {
        u->query = str_dup(a, str_from(text, at + 1));
        text = str_head(text, at);
    }
    u->path = text.n ? str_dup(a, text) : STR("/");
}

static bool take_scheme(struct str *text, bool *tls)
{
    static const struct {
        const char *name;
        bool tls;
    } known[] = {{"https://", true}, {"http://", false}};
    for (size_t i = 0; i < COUNT(known); i++) {
        size_t n = strlen(known[i].name);
        if (text->n >= n && strncasecmp(text->p, known[i].name, n) == 0) {
            *tls = known[i].tls;
            *text = str_from(*text, n);
            return true;
        }
    }
    return false;
}

// What follows "scheme://".
static const char *take_rest(struct arena *a, struct str text, struct url *u)
{
    size_t end = 0;
    while (end < text.n && !strchr("/?#", text.p[end]))
        end++;
    const char *why = take_authority(a, str_head(text, end), u);
    if (!why)
        take_path(a, str_from(text, end), u);
    return why;
}

int url_parse(struct arena *a, struct str text, struct url *out, struct err *e)
{
    struct url u = {0};
    struct str rest = text;
    if (text.n > URL_MAX)
        return err_set(e, ERR_LIMIT, "address: %zu bytes, the limit is %d", text.n, URL_MAX);
    const char *why = bytes_wrong(text);
    if (!why && !take_scheme(&rest, &u.tls))
        why = "does not begin with https:// or http://";
    if (!why)
        why = take_rest(a, rest, &u);
    if (why)
        return wrong(a, text, why, e);
    *out = u;
    return 0;
}

// RFC 3986 §5.2.4, on a path that begins with '/'.
static struct str without_dots(struct arena *a, struct str path)
{
    char *out = arena_get(a, path.n + 1, 1);
    size_t n = 0;
    struct str rest = str_from(path, 1), piece;
    while (str_cut(&rest, '/', &piece)) {
        bool last = !rest.p, up = str_is(piece, "..");
        while (up && n && out[--n] != '/')
            ;
        if (up || str_is(piece, ".")) {
            if (last)
                out[n++] = '/';
            continue;
        }
        out[n++] = '/';
        memcpy(out + n, piece.p, piece.n);
        n += piece.n;
    }
    return n ? (struct str){out, n} : STR("/");
}

static void take_relative(struct arena *a, const struct url *base, struct str ref, struct url *u)
{
    size_t slash = 0;
    *u = *base;
    if (!ref.n || ref.p[0] == '#')
        return;
    if (ref.p[0] == '?') {
        take_path(a, str_printf(a, PRI_STR PRI_STR, STR_ARG(base->path), STR_ARG(ref)), u);
        return;
    }
    if (ref.p[0] != '/') {
        (void)str_find_last(base->path, '/', &slash); // it begins with one
        ref = str_printf(a, PRI_STR PRI_STR, STR_ARG(str_head(base->path, slash + 1)), STR_ARG(ref));
    }
    take_path(a, ref, u);
    u->path = without_dots(a, u->path);
}

// "scheme:" before any '/', '?' or '#': another one than ours.
static bool has_scheme(struct str ref)
{
    size_t i = 0;
    while (i < ref.n && !strchr(":/?#", ref.p[i]))
        i++;
    return i > 0 && i < ref.n && ref.p[i] == ':';
}

int url_resolve(struct arena *a, const struct url *base, struct str ref, struct url *out, struct err *e)
{
    struct url u = {.tls = base->tls};
    const char *why = ref.n > URL_MAX ? "too long" : bytes_wrong(ref);
    if (!why && has_scheme(ref))
        return url_parse(a, ref, out, e);
    if (!why && str_has_prefix(ref, "//"))
        why = take_rest(a, str_from(ref, 2), &u);
    else if (!why)
        take_relative(a, base, ref, &u);
    if (why)
        return wrong(a, ref, why, e);
    *out = u;
    return 0;
}

bool url_same_origin(const struct url *a, const struct url *b)
{
    return a->tls == b->tls && a->port == b->port && str_eq(a->host, b->host);
}

struct str url_origin(struct arena *a, const struct url *u)
{
    const char *scheme = u->tls ? "https" : "http";
    if (u->port == port_of(u->tls))
        return str_printf(a, "%s://" PRI_STR, scheme, STR_ARG(u->host));
    return str_printf(a, "%s://" PRI_STR ":%u", scheme, STR_ARG(u->host), u->port);
}

struct str url_text(struct arena *a, const struct url *u)
{
    struct str origin = url_origin(a, u);
    if (!u->query.p)
        return str_printf(a, PRI_STR PRI_STR, STR_ARG(origin), STR_ARG(u->path));
    return str_printf(a, PRI_STR PRI_STR "?" PRI_STR, STR_ARG(origin), STR_ARG(u->path), STR_ARG(u->query));
}
