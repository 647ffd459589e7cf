// SPDX-License-Identifier: Apache-2.0
#include "deps/mirror.h"
#include "base/buf.h"
#include "base/digit.h"
#include "base/path.h"
#include "deps/env.h"
#include <openssl/evp.h>
#include <stdio.h>

#define ORIGINAL_HOST "{originalHost}"

static struct str unescape(struct arena *a, struct str s)
{
    char *p = arena_get(a, s.n + 1, 1);
    size_t n = 0;
    for (size_t i = 0; i < s.n; i++) {
        bool coded = s.p[i] == '%' && i + 2 < s.n && hex_digit(s.p[i + 1]) >= 0 && hex_digit(s.p[i + 2]) >= 0;
        p[n++] = coded ? (char)(hex_digit(s.p[i + 1]) * 16 + hex_digit(s.p[i + 2])) : s.p[i];
        i += coded ? 2 : 0;
    }
    return (struct str){p, n};
}

// "https://user:password@host/…": the login comes out of the address and goes to that origin only.
static int take_login(struct arena *a, struct str text, struct place *out, struct err *e)
{
    size_t slashes = (size_t)(strstr(text.p, "://") - text.p) + 3, end = slashes, at;
    while (end < text.n && !strchr("/?#", text.p[end]))
        end++;
    struct str authority = {text.p + slashes, end - slashes};
    out->has_login = str_find_last(authority, '@', &at);
    if (!out->has_login)
        return url_parse(a, text, &out->url, e);
    struct str login = unescape(a, str_head(authority, at));
    struct str bare = str_printf(a, PRI_STR PRI_STR, STR_ARG(str_head(text, slashes)),
                                 STR_ARG(str_from(text, slashes + at + 1)));
    if (url_parse(a, bare, &out->url, e) < 0)
        return -1;
    unsigned char *coded = arena_get(a, 4 * ((login.n + 2) / 3) + 1, 1);
    int n = EVP_EncodeBlock(coded, (const unsigned char *)login.p, (int)login.n);
    out->credential = (struct http_credential){
        url_origin(a, &out->url), STR("/"), HTTP_BASIC, {(const char *)coded, (size_t)n}};
    return 0;
}

static int take_address(struct arena *a, struct str text, struct place *out, struct err *e)
{
    text = str_dup(a, text);
    out->is_mapped = true;
    if (str_has_prefix(text, "https://") || str_has_prefix(text, "http://")) {
        out->kind = PLACE_HTTP;
        return take_login(a, text, out, e);
    }
    if (!str_has_prefix(text, "file:///"))
        return err_set(e, ERR_USAGE, "not an address of https or file");
    out->kind = PLACE_FILE;
    out->path = path_clean(a, str_from(text, strlen("file://")));
    return 0;
}

static const struct str *mapping_of(struct arena *a, const struct strmap *mappings, const struct digest *sum)
{
    char hex[DIGEST_TEXT];
    const char *alg = hash_name(sum->alg);
    struct str key = str_of(digest_hex(sum, hex));
    const struct str *v = strmap_get(mappings, key);
    if (!v)
        v = strmap_get(mappings, str_printf(a, "%s:" PRI_STR, alg, STR_ARG(key)));
    return v ? v : strmap_get(mappings, str_printf(a, "%s_" PRI_STR, alg, STR_ARG(key)));
}

static struct str variable_of(struct arena *a, struct str host)
{
    drop_buf struct buf b = BUF_INIT(1024);
    buf_text(&b, "BP_DEPENDENCY_MIRROR_");
    for (size_t i = 0; i < host.n; i++) {
        char c = host.p[i];
        if (c == '-')
            buf_char(&b, '_');
        buf_char(&b, c >= 'a' && c <= 'z' ? (char)(c - 0x20) : c == '.' || c == '-' ? '_' : c);
    }
    return str_dup(a, buf_view(&b));
}

// The mirror's text and where it stands; false: none.
static bool mirror_of(struct arena *a, const struct mirrors *m, struct str host, struct str *text,
                      struct str *from)
{
    struct str own = variable_of(a, host);
    const struct str names[] = {own, STR("BP_DEPENDENCY_MIRROR")}, keys[] = {host, STR("default")};
    for (size_t i = 0; i < COUNT(names); i++) {
        const char *v = env_get(m->envp, names[i]);
        if (v && v[0]) {
            *text = str_trim(str_of(v));
            *from = names[i];
            return true;
        }
    }
    for (size_t i = 0; m->mirrors && i < COUNT(keys); i++) {
        const struct str *v = strmap_get(m->mirrors, keys[i]);
        if (v) {
            *text = str_trim(*v);
            *from = STR("binding dependency-mirror");
            return true;
        }
    }
    return false;
}

static struct str with_host(struct arena *a, struct str text, struct str host)
{
    drop_buf struct buf b = BUF_INIT(2 * URL_MAX);
    for (size_t i = 0; i < text.n;) {
        bool here = str_has_prefix(str_from(text, i), ORIGINAL_HOST);
        buf_str(&b, here ? host : str_head(str_from(text, i), 1));
        i += here ? strlen(ORIGINAL_HOST) : 1;
    }
    return str_dup(a, buf_view(&b));
}

// "ADDRESS,skip-path=/x": what stands behind the address.
static int take_options(struct arena *a, struct str *text, struct str *skip, struct err *e)
{
    struct str rest = *text, option;
    (void)str_cut(&rest, ',', text);
    while (str_cut(&rest, ',', &option)) {
        if (!str_has_prefix(option, "skip-path="))
            return err_set(e, ERR_USAGE, "\"" PRI_STR "\" is no option: there is skip-path=",
                           STR_ARG(str_printable(a, option, 40)));
        *skip = str_from(option, strlen("skip-path="));
    }
    while (skip->n && skip->p[skip->n - 1] == '/')
        skip->n--;
    return 0;
}

static struct str without(struct str path, struct str skip)
{
    bool has = skip.n && path.n >= skip.n && memcmp(path.p, skip.p, skip.n) == 0 &&
               (path.n == skip.n || path.p[skip.n] == '/');
    return has ? str_from(path, skip.n) : path;
}

static int apply_mirror(struct arena *a, struct str text, const struct url *u, struct place *out,
                        struct err *e)
{
    struct str skip = {"", 0};
    if (take_options(a, &text, &skip, e) < 0)
        return -1;
    if (!str_has_prefix(text, "https://") && !str_has_prefix(text, "file:///"))
        return err_set(e, ERR_USAGE, "a mirror is an address of https or file");
    struct str base = with_host(a, text, u->host), path = without(u->path, skip);
    while (base.n && base.p[base.n - 1] == '/')
        base.n--;
    if (take_address(a, str_printf(a, PRI_STR PRI_STR, STR_ARG(base), STR_ARG(path)), out, e) < 0)
        return -1;
    if (out->kind == PLACE_HTTP) {
        out->url.query = u->query;
        return 0;
    }
    struct str root = path_clean(a, str_from(base, strlen("file://")));
    return path_is_within(out->path, root) ? 0 : err_set(e, ERR_USAGE, "the path leads out of the mirror");
}

static int https_place(struct arena *a, const struct mirrors *m, const struct dep *d, struct place *out,
                       struct err *e)
{
    struct str text, from;
    *out = (struct place){.kind = PLACE_HTTP};
    if (url_parse(a, d->uri, &out->url, e) < 0)
        return -1;
    struct url u = out->url;
    if (!mirror_of(a, m, u.host, &text, &from))
        return 0;
    return apply_mirror(a, text, &u, out, e) < 0 ? err_wrap(e, PRI_STR, STR_ARG(from)) : 0;
}

int place_find(struct arena *a, const struct mirrors *m, const struct dep *d, struct place *out,
               struct err *e)
{
    const struct str *mapping = m->mappings ? mapping_of(a, m->mappings, &d->sum) : NULL;
    struct place p = {0};
    if (mapping && take_address(a, str_trim(*mapping), &p, e) < 0)
        return err_wrap(e, "binding dependency-mapping");
    if (!mapping && d->scheme == DEP_HTTPS && https_place(a, m, d, &p, e) < 0)
        return -1;
    if (!mapping && d->scheme == DEP_FILE)
        p = (struct place){.kind = PLACE_FILE, .path = path_clean(a, str_from(d->uri, strlen("file://")))};
    if (!mapping && (d->scheme == DEP_NPM || d->scheme == DEP_DEB))
        p = (struct place){.kind = d->scheme == DEP_NPM ? PLACE_NPM : PLACE_DEB, .path = d->uri};
    *out = p;
    return 0;
}
