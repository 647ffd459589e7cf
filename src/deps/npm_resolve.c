// SPDX-License-Identifier: Apache-2.0
// Where the bytes of one version of a package are.
#include "base/limits.h"
#include "deps/npm.h"
#include "document/json.h"
#include "stream/memory.h"
#include <openssl/evp.h>

#define ABBREVIATED "application/vnd.npm.install-v1+json"
#define PACKUMENT_MAX LIMIT_DOCUMENT // all versions of one package, abbreviated
enum { NAME_MAX_ = 214, VERSION_MAX = 256 };

static bool is_word(struct str s, const char *more)
{
    for (size_t i = 0; i < s.n; i++) {
        char c = s.p[i];
        bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
        if (!plain && !strchr(more, c))
            return false;
    }
    return s.n > 0 && s.p[0] != '.';
}

bool npm_name_is_valid(struct str name)
{
    static const char more[] = "-._~";
    size_t slash;
    if (name.n > NAME_MAX_)
        return false;
    if (!str_has_prefix(name, "@"))
        return is_word(name, more);
    return str_find(name, '/', &slash) && is_word((struct str){name.p + 1, slash - 1}, more) &&
           is_word(str_from(name, slash + 1), more);
}

// "@scope/x" is one component: "@scope%2fx".
static struct str component(struct arena *a, struct str name)
{
    size_t slash;
    if (!str_find(name, '/', &slash))
        return name;
    return str_printf(a, PRI_STR "%%2f" PRI_STR, STR_ARG(str_head(name, slash)),
                      STR_ARG(str_from(name, slash + 1)));
}

static int get(struct arena *a, struct http *h, struct str url, const char *accept, struct val **out,
               struct err *e)
{
    drop_buf struct buf b = BUF_INIT(PACKUMENT_MAX);
    drop_(sink_drop) struct sink *to = sink_buffer(&b);
    struct http_req q = {.url = url.p, .accept = accept, .max = PACKUMENT_MAX};
    struct http_resp r;
    struct err why = {0};
    if (http_do(h, &q, to, &r, e) < 0)
        return -1;
    if (json_read(a, buf_view(&b), "answer", out, &why) < 0)
        return err_set(e, ERR_PROTOCOL, "npm registry: what it answers is no JSON: line %u: %s", why.at.line,
                       why.cause);
    return 0;
}

static struct str text_at(const struct val *v, const char *path)
{
    const struct val *t = v ? val_at(v, path) : NULL;
    return t && t->kind == VAL_STR ? t->s : (struct str){"", 0};
}

// `doc` is of one version: its dist.
static int take_dist(struct arena *a, const struct url *registry, const struct val *doc,
                     struct npm_package *out, struct err *e)
{
    struct url u;
    struct err why = {0};
    struct str tarball = text_at(doc, "dist.tarball");
    if (!tarball.n)
        return err_set(e, ERR_PROTOCOL, "npm registry: the answer has no dist.tarball");
    if (url_resolve(a, registry, tarball, &u, &why) < 0)
        return err_set(e, ERR_PROTOCOL, "npm registry: dist.tarball: %s", why.cause);
    // Registries behind a proxy that ends TLS name themselves with http.
    if (registry->tls && !u.tls && str_eq(u.host, registry->host) && u.port == 80) {
        u.tls = true;
        u.port = registry->port;
    }
    if (registry->tls && !u.tls)
        return err_set(e, ERR_DENIED,
                       "npm registry: asked with https, it names an address of http (" PRI_STR "): refused",
                       STR_ARG(str_printable(a, u.host, 80)));
    *out = (struct npm_package){url_text(a, &u), text_at(doc, "dist.integrity")};
    return 0;
}

static int wrong_version(struct arena *a, const struct val *doc, struct str version, struct err *e)
{
    struct str is = text_at(doc, "version");
    if (str_eq(is, version))
        return 0;
    return err_set(e, ERR_PROTOCOL, "npm registry: answers with version \"" PRI_STR "\", asked for " PRI_STR,
                   STR_ARG(str_printable(a, is, 40)), STR_ARG(version));
}

// All versions: for registries that do not answer for a single one, and to say what is missing.
static int from_all(struct arena *a, const struct npm_query *q, struct npm_package *out, struct err *e)
{
    struct val *doc;
    struct str url =
        str_printf(a, PRI_STR PRI_STR, STR_ARG(url_text(a, q->registry)), STR_ARG(component(a, q->name)));
    if (get(a, q->h, url, ABBREVIATED ", application/json;q=0.8", &doc, e) < 0)
        return -1;
    const struct val *versions = val_get(doc, STR("versions"));
    const struct val *one = versions ? val_get(versions, q->version) : NULL;
    if (!one)
        return err_set(e, ERR_NOT_FOUND, "has no version " PRI_STR ", the latest is \"" PRI_STR "\"",
                       STR_ARG(q->version), STR_ARG(str_printable(a, text_at(doc, "dist-tags.latest"), 40)));
    return take_dist(a, q->registry, one, out, e);
}

static int from_one(struct arena *a, const struct npm_query *q, struct npm_package *out, struct err *e)
{
    struct err why = {0};
    struct val *doc;
    struct str url = str_printf(a, PRI_STR PRI_STR "/" PRI_STR, STR_ARG(url_text(a, q->registry)),
                                STR_ARG(component(a, q->name)), STR_ARG(q->version));
    if (get(a, q->h, url, "application/json", &doc, &why) == 0)
        return wrong_version(a, doc, q->version, e) < 0 ? -1 : take_dist(a, q->registry, doc, out, e);
    if (why.code == ERR_NOT_FOUND || why.code == ERR_PROTOCOL)
        return from_all(a, q, out, e);
    if (e && e->code == ERR_NONE)
        *e = why;
    return -1;
}

int npm_resolve(struct arena *a, const struct npm_query *q, struct npm_package *out, struct err *e)
{
    if (!npm_name_is_valid(q->name) || q->version.n > VERSION_MAX || !is_word(q->version, "-.+"))
        return err_set(e, ERR_USAGE, "\"" PRI_STR "@" PRI_STR "\": is not an npm package and its version",
                       STR_ARG(str_printable(a, q->name, 60)), STR_ARG(str_printable(a, q->version, 60)));
    return from_one(a, q, out, e) < 0 ? err_wrap(e, "npm package " PRI_STR, STR_ARG(q->name)) : 0;
}

bool npm_integrity_differs(struct str integrity, const struct digest *sum)
{
    unsigned char raw[72] = {0};
    const char *prefix = sum->alg == HASH_SHA512 ? "sha512-" : "sha256-";
    size_t n = hash_size(sum->alg), text = 4 * ((n + 2) / 3);
    struct str piece, rest = integrity;
    // One algorithm may stand there more than once: any of them will do.
    bool said = false;
    while (str_cut(&rest, ' ', &piece)) {
        if (!str_has_prefix(piece, prefix) || piece.n != strlen(prefix) + text)
            continue;
        if (EVP_DecodeBlock(raw, (const unsigned char *)piece.p + strlen(prefix), (int)text) < 0)
            continue;
        if (memcmp(raw, sum->sum, n) == 0)
            return false;
        said = true;
    }
    return said;
}
