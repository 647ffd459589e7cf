// SPDX-License-Identifier: Apache-2.0
// By net/: addresses of https, and packages of npm.
#include "base/path.h"
#include "deps/deps.h"
#include "deps/fetch_priv.h"
#include <stdio.h>

static void progress(void *ctx, uint64_t done, uint64_t total)
{
    struct get *g = ctx;
    g->begun |= done > 0;
    event_emit(g->s->spec.ev, &(struct event){.kind = EV_PROGRESS,
                                              .phase = STR("download"),
                                              .subject = str_of(g->name),
                                              .done = done,
                                              .total = total});
}

static int transfer(struct get *g, struct http *h, struct str url, struct err *e)
{
    struct http_req q = {.url = url.p, .max = DEP_MAX, .progress = progress, .ctx = g};
    struct http_resp r;
    return http_do(h, &q, g->to, &r, e);
}

static struct http_policy policy_of(const struct get *g)
{
    struct http_policy p = http_policy_defaults();
    http_policy_env(&p, g->s->spec.envp);
    p.stop_fd = g->s->spec.stop_fd;
    return p;
}

int get_http(struct get *g, const struct place *p, struct err *e)
{
    drop_(http_free) struct http *h = NULL;
    struct http_policy policy = policy_of(g);
    policy.credential = &p->credential;
    policy.n_credential = p->has_login;
    return http_new(&policy, &h, e) < 0 ? -1 : transfer(g, h, url_text(g->a, &p->url), e);
}

// Read once; the answer is borrowed from the sources.
static int npm_config(struct deps_sources *s, const struct npm_config **out, struct err *e)
{
    struct npm_spec spec = {s->spec.envp, s->spec.project, s->spec.stop_fd >= 0 ? &s->spec.stop_fd : NULL};
    pthread_mutex_lock(&s->m);
    int rc = s->has_npm ? 0 : npm_config_read(s->a, &spec, &s->npm, e);
    s->has_npm |= rc == 0;
    pthread_mutex_unlock(&s->m);
    *out = &s->npm;
    return rc;
}

static const char *setting(const struct get *g, struct str v, const char *dflt)
{
    return v.n ? str_c(g->a, v) : dflt;
}

// Where the registry's own address of the bytes cannot be reached, it may have them itself.
static int from_registry(struct get *g, struct http *h, const struct url *registry, const struct url *tarball,
                         struct err *e)
{
    struct str name, version;
    if (!dep_uri_named(g->d->uri, &name, &version))
        BUG("npm address");
    struct str url = str_printf(g->a, PRI_STR PRI_STR "/-/" PRI_STR, STR_ARG(url_text(g->a, registry)),
                                STR_ARG(name), STR_ARG(path_base(tarball->path)));
    return transfer(g, h, url, e);
}

static int get_tarball(struct get *g, struct http *h, const struct url *registry, struct str tarball,
                       struct err *e)
{
    struct url u;
    struct err why = {0}, also = {0};
    if (url_parse(g->a, tarball, &u, e) < 0)
        return -1;
    if (transfer(g, h, tarball, &why) == 0)
        return 0;
    bool elsewhere = !url_same_origin(&u, registry);
    bool unreached = why.code == ERR_NOT_FOUND || why.code == ERR_DENIED || why.code == ERR_NETWORK;
    if (elsewhere && unreached && !g->begun && from_registry(g, h, registry, &u, &also) == 0)
        return 0;
    if (e && e->code == ERR_NONE)
        *e = also.code == ERR_CANCELLED ? also : why;
    return -1;
}

int get_npm(struct get *g, struct err *e)
{
    drop_(http_free) struct http *h = NULL;
    const struct npm_config *c;
    struct npm_package package;
    struct url registry;
    struct str name, version;
    struct http_policy p = policy_of(g);
    if (!dep_uri_named(g->d->uri, &name, &version))
        BUG("npm address");
    if (npm_config(g->s, &c, e) < 0 || npm_registry_of(g->a, c, name, &registry, e) < 0)
        return -1;
    p.proxy_http = setting(g, c->proxy, p.proxy_http);
    p.proxy_https = setting(g, c->https_proxy.n ? c->https_proxy : c->proxy, p.proxy_https);
    p.no_proxy = setting(g, c->no_proxy, p.no_proxy);
    p.ca_file = setting(g, c->cafile, p.ca_file);
    p.credential = c->credential;
    p.n_credential = c->n_credential;
    if (http_new(&p, &h, e) < 0)
        return -1;
    struct npm_query q = {h, &registry, name, version};
    if (npm_resolve(g->a, &q, &package, e) < 0)
        return err_wrap(e, "npm registry of " PRI_STR, STR_ARG(str_printable(g->a, c->from, 60)));
    if (npm_integrity_differs(package.integrity, &g->d->sum))
        return err_set(e, ERR_DIGEST,
                       "npm package " PRI_STR "@" PRI_STR ": the registry has other bytes (" PRI_STR
                       ") than the catalogue wants",
                       STR_ARG(name), STR_ARG(version), STR_ARG(str_printable(g->a, package.integrity, 30)));
    return get_tarball(g, h, &registry, package.tarball, e);
}
