// SPDX-License-Identifier: Apache-2.0
// Where the registry and its credentials come from.
#include "base/file.h"
#include "base/proc.h"
#include "deps/env.h"
#include "deps/npm.h"
#include <fcntl.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <strings.h>

enum { ASK_MS = 60000, ANSWER_MAX = 65536, SECRET_MAX = 16384 };
static const char *const global_places[] = {"/usr/local/etc/npmrc", "/usr/etc/npmrc", "/etc/npmrc"};

// "npm_config_x" in any case: its key; NULL: another variable. Keys of credentials keep their spelling.
static bool config_key(struct arena *a, const char *var, struct str *key, struct str *value)
{
    static const char prefix[] = "npm_config_";
    const char *eq = strchr(var, '=');
    if (strncasecmp(var, prefix, sizeof prefix - 1) != 0 || !eq || !eq[1] || eq == var + sizeof prefix - 1)
        return false;
    struct str name = str_from((struct str){var, (size_t)(eq - var)}, sizeof prefix - 1);
    char *p = arena_copy(a, name.p, name.n);
    for (size_t i = 0; i < name.n && !str_has_prefix(name, "//"); i++) {
        if (p[i] >= 'A' && p[i] <= 'Z')
            p[i] = (char)(p[i] | 0x20);
        else if (p[i] == '_' && i > 0)
            p[i] = '-';
    }
    *key = (struct str){p, name.n};
    *value = str_of(eq + 1);
    return true;
}

struct reading {
    struct arena *a;
    const struct npm_spec *spec;
    struct strmap all;  // the environment before the user's file before the global one
    struct strmap from; // key → where it is said
};

static void take(struct reading *r, struct str key, struct str value, struct str from)
{
    if (map_find(&r->all, key))
        return;
    strmap_set(r->a, &r->all, key, value);
    strmap_set(r->a, &r->from, key, from);
}

static void take_environment(struct reading *r)
{
    const char *const *envp = r->spec->envp;
    for (size_t i = 0; envp && envp[i]; i++) {
        struct str key, value;
        if (config_key(r->a, envp[i], &key, &value)) {
            size_t eq = (size_t)(strchr(envp[i], '=') - envp[i]);
            take(r, key, value, (struct str){envp[i], eq});
        }
    }
}

enum found { FOUND_ERROR = -1, FOUND_NO, FOUND_YES };

static enum found read_rc(struct reading *r, const char *path, const char *const *envp, struct strmap *out,
                          struct err *e)
{
    drop_buf struct buf b = BUF_INIT(NPM_RC_MAX);
    struct err why = {0};
    if (file_read(AT_FDCWD, path, &b, &why) < 0) {
        if (why.code == ERR_NOT_FOUND)
            return FOUND_NO;
        if (e)
            *e = why;
        (void)err_wrap(e, "npm's configuration");
        return FOUND_ERROR;
    }
    return npmrc_parse(r->a, str_dup(r->a, buf_view(&b)), path, envp, out, e) < 0 ? FOUND_ERROR : FOUND_YES;
}

static enum found take_file(struct reading *r, const char *path, struct err *e)
{
    static const char *const nothing[] = {NULL};
    struct strmap rc = {0};
    enum found f = read_rc(r, path, r->spec->envp ? r->spec->envp : nothing, &rc, e);
    for (size_t i = 0; f == FOUND_YES && i < rc.n; i++)
        take(r, rc.v[i].key, rc.v[i].val, str_of(path));
    return f;
}

static const char *setting(const struct reading *r, const char *key)
{
    const struct str *v = strmap_get(&r->all, str_of(key));
    return v && v->n ? str_c(r->a, *v) : NULL;
}

static int take_user(struct reading *r, struct err *e)
{
    const char *home = env_get(r->spec->envp, STR("HOME")), *path = setting(r, "userconfig");
    if (!path && home && home[0])
        path = arena_printf(r->a, "%s/.npmrc", home);
    return path && take_file(r, path, e) == FOUND_ERROR ? -1 : 0;
}

static int take_global(struct reading *r, struct err *e)
{
    const char *path = setting(r, "globalconfig"), *prefix = setting(r, "prefix");
    if (!prefix)
        prefix = env_get(r->spec->envp, STR("PREFIX"));
    if (!path && prefix && prefix[0])
        path = arena_printf(r->a, "%s/etc/npmrc", prefix);
    if (path)
        return take_file(r, path, e) == FOUND_ERROR ? -1 : 0;
    for (size_t i = 0; i < COUNT(global_places); i++) {
        enum found f = take_file(r, global_places[i], e);
        if (f != FOUND_NO)
            return f == FOUND_ERROR ? -1 : 0;
    }
    return 0;
}

// "@scope:registry": the scope.
static bool scope_of(struct str key, struct str *scope)
{
    if (!str_has_prefix(key, "@") || !str_has_suffix(key, ":registry"))
        return false;
    *scope = str_head(key, key.n - strlen(":registry"));
    return true;
}

static struct str with_slash(struct arena *a, struct str url)
{
    return str_has_suffix(url, "/") ? url : str_printf(a, PRI_STR "/", STR_ARG(url));
}

static int parse_registry(struct arena *a, struct str text, struct str from, struct url *out, struct err *e)
{
    struct url u;
    if (url_parse(a, with_slash(a, text), &u, e) < 0)
        return err_wrap(e, "npm registry in " PRI_STR, STR_ARG(str_printable(a, from, 80)));
    u.query = (struct str){0};
    *out = u;
    return 0;
}

// An address that is none is an error of whoever wants a package of that scope.
static void take_scopes(struct reading *r, const struct strmap *rc, struct npm_config *out)
{
    for (size_t i = 0; i < rc->n; i++) {
        struct str scope;
        if (scope_of(rc->v[i].key, &scope) && !map_find(&out->scopes, scope))
            strmap_set(r->a, &out->scopes, scope, rc->v[i].val);
    }
}

static int take_project(struct reading *r, struct npm_config *out, struct err *e)
{
    if (!r->spec->project)
        return 0;
    struct strmap rc = {0};
    drop_fd int dir = -1;
    drop_buf struct buf b = BUF_INIT(NPM_RC_MAX);
    struct err why = {0};
    if (path_open_host(r->spec->project, O_PATH | O_DIRECTORY, 0, &dir, e) < 0)
        return -1;
    if (file_read(dir, ".npmrc", &b, &why) < 0) {
        if (why.code == ERR_NOT_FOUND)
            return 0;
        return err_set(e, why.code, "the app's .npmrc: %s", why.cause);
    }
    if (npmrc_parse(r->a, str_dup(r->a, buf_view(&b)), ".npmrc", NULL, &rc, e) < 0)
        return -1;
    take_scopes(r, &rc, out);
    return 0;
}

// --- The client's own answer.

static int nobody_says(struct err *e)
{
    return err_set(e, ERR_NOT_FOUND,
                   "npm registry: none is configured: set NPM_CONFIG_REGISTRY, or \"registry=\" in ~/.npmrc");
}

static int ask_npm(struct reading *r, struct npm_config *out, struct err *e)
{
    static const char *const argv[] = {"npm", "config", "get", "registry", NULL};
    drop_buf struct buf said = BUF_INIT(ANSWER_MAX);
    drop_fd int root = -1;
    int status = 0;
    struct err why = {0};
    // Where there is no project, so that none has a say.
    if (path_open_host("/", O_PATH | O_DIRECTORY, 0, &root, e) < 0)
        return -1;
    struct proc_spec p = {.argv = argv,
                          .envp = r->spec->envp,
                          .path = env_get(r->spec->envp, STR("PATH")),
                          .timeout_ms = ASK_MS,
                          .stop = r->spec->stop,
                          PROC_QUIET};
    p.cwd_fd = root;
    if (proc_run(&p, STR(""), &said, NULL, &status, &why) < 0 || status != 0)
        return nobody_says(e);
    struct str answer = str_trim(buf_view(&said));
    if (!str_has_prefix(answer, "http"))
        return nobody_says(e);
    out->from = STR("npm config get registry");
    return parse_registry(r->a, str_dup(r->a, answer), out->from, &out->registry, e);
}

static int find_registry(struct reading *r, struct npm_config *out, struct err *e)
{
    const struct str *v = strmap_get(&r->all, STR("registry"));
    if (!v || !v->n)
        return ask_npm(r, out, e);
    out->from = *strmap_get(&r->from, STR("registry"));
    return parse_registry(r->a, *v, out->from, &out->registry, e);
}

// --- Credentials: "//host/path/:_authToken", ":_auth", ":username" and ":_password".

static struct str base64(struct arena *a, struct str s)
{
    unsigned char *out = arena_get(a, 4 * ((s.n + 2) / 3) + 1, 1);
    int n = EVP_EncodeBlock(out, (const unsigned char *)s.p, (int)s.n);
    return (struct str){(const char *)out, (size_t)n};
}

static bool from_base64(struct arena *a, struct str s, struct str *out)
{
    unsigned char *p = arena_get(a, s.n + 4, 1);
    size_t pad = str_has_suffix(s, "==") ? 2 : str_has_suffix(s, "=");
    int n = s.n % 4 == 0 ? EVP_DecodeBlock(p, (const unsigned char *)s.p, (int)s.n) : -1;
    if (n < (int)pad)
        return false;
    *out = (struct str){(const char *)p, (size_t)n - pad};
    return true;
}

static const struct str *part(const struct reading *r, struct str place, const char *name)
{
    return strmap_get(&r->all, str_printf(r->a, PRI_STR ":%s", STR_ARG(place), name));
}

static bool secret_of(const struct reading *r, struct str place, struct http_credential *out)
{
    const struct str *token = part(r, place, "_authToken"), *basic = part(r, place, "_auth");
    const struct str *user = part(r, place, "username"), *password = part(r, place, "_password");
    struct str plain;
    out->kind = token ? HTTP_BEARER : HTTP_BASIC;
    if (token)
        out->secret = *token;
    else if (basic)
        out->secret = *basic;
    else if (user && password && from_base64(r->a, *password, &plain))
        out->secret = base64(r->a, str_printf(r->a, PRI_STR ":" PRI_STR, STR_ARG(*user), STR_ARG(plain)));
    else
        return false;
    return out->secret.n > 0 && out->secret.n <= SECRET_MAX;
}

// Only a registry that the user himself configured with http gets a credential in the clear.
static bool is_clear(const struct reading *r, const struct npm_config *c, const struct url *at)
{
    struct url u;
    if (!c->registry.tls && c->registry.port == at->port && str_eq(c->registry.host, at->host))
        return true;
    for (size_t i = 0; i < r->all.n; i++) {
        struct str scope;
        if (scope_of(r->all.v[i].key, &scope) && url_parse(r->a, r->all.v[i].val, &u, NULL) == 0 && !u.tls &&
            u.port == at->port && str_eq(u.host, at->host))
            return true;
    }
    return false;
}

static bool place_of(const struct reading *r, const struct npm_config *c, struct str place, struct url *out)
{
    struct url u;
    if (url_parse(r->a, str_printf(r->a, "http:" PRI_STR, STR_ARG(place)), &u, NULL) == 0 &&
        is_clear(r, c, &u)) {
        *out = u;
        return true;
    }
    return url_parse(r->a, str_printf(r->a, "https:" PRI_STR, STR_ARG(place)), out, NULL) == 0;
}

static void find_credentials(struct reading *r, struct npm_config *c)
{
    struct strmap done = {0};
    c->credential = ARENA_ARRAY(r->a, struct http_credential, r->all.n + 1);
    for (size_t i = 0; i < r->all.n; i++) {
        struct str key = r->all.v[i].key;
        size_t colon;
        struct url u;
        struct http_credential *to = &c->credential[c->n_credential];
        if (!str_has_prefix(key, "//") || !str_find_last(key, ':', &colon) ||
            map_find(&done, str_head(key, colon)))
            continue;
        struct str place = str_head(key, colon);
        map_put(r->a, &done, place);
        if (!place_of(r, c, place, &u) || !secret_of(r, place, to))
            continue;
        to->origin = url_origin(r->a, &u);
        to->path = u.path;
        c->n_credential++;
    }
}

static struct str text_setting(const struct reading *r, const char *key)
{
    const struct str *v = strmap_get(&r->all, str_of(key));
    return v && !str_is(*v, "null") && !str_is(*v, "false") ? *v : (struct str){"", 0};
}

int npm_config_read(struct arena *a, const struct npm_spec *s, struct npm_config *out, struct err *e)
{
    struct reading r = {.a = a, .spec = s};
    struct npm_config c = {0};
    take_environment(&r);
    if (take_user(&r, e) < 0 || take_global(&r, e) < 0 || find_registry(&r, &c, e) < 0)
        return -1;
    take_scopes(&r, &r.all, &c);
    if (take_project(&r, &c, e) < 0)
        return -1;
    find_credentials(&r, &c);
    c.user = r.all;
    c.proxy = text_setting(&r, "proxy");
    c.https_proxy = text_setting(&r, "https-proxy");
    c.no_proxy = text_setting(&r, "noproxy");
    c.cafile = text_setting(&r, "cafile");
    *out = c;
    return 0;
}

int npm_registry_of(struct arena *a, const struct npm_config *c, struct str name, struct url *out,
                    struct err *e)
{
    size_t slash;
    const struct str *scoped = NULL;
    if (str_has_prefix(name, "@") && str_find(name, '/', &slash))
        scoped = strmap_get(&c->scopes, str_head(name, slash));
    if (!scoped) {
        *out = c->registry;
        return 0;
    }
    return parse_registry(a, *scoped, str_printf(a, PRI_STR ":registry", STR_ARG(str_head(name, slash))), out,
                          e);
}
