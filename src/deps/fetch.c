// SPDX-License-Identifier: Apache-2.0
#include "deps/copy.h"
#include "deps/deps.h"
#include "deps/fetch_priv.h"
#include "stream/memory.h"
#include <poll.h>

enum { TRIES = 3 }; // of transfers that broke off; what did not begin is tried again by net/

int deps_sources_new(const struct deps_sources_spec *s, struct deps_sources **out, struct err *e)
{
    if (!s->st)
        return err_set(e, ERR_USAGE, "downloads: no state to keep them in");
    struct deps_sources *x = XNEW(struct deps_sources);
    *x = (struct deps_sources){.spec = *s, .a = arena_new(4096)};
    if (pthread_mutex_init(&x->m, NULL) != 0)
        BUG("pthread_mutex_init");
    *out = x;
    return 0;
}

void deps_sources_free(struct deps_sources *s)
{
    if (!s)
        return;
    pthread_mutex_destroy(&s->m);
    arena_free(s->a);
    free(s);
}

static int is_stopped(const struct deps_sources *s, struct err *e)
{
    struct pollfd p = {.fd = s->spec.stop_fd, .events = POLLIN};
    return p.fd >= 0 && poll(&p, 1, 0) > 0 ? err_set(e, ERR_CANCELLED, "downloads are stopped") : 0;
}

// The text is hostile where the catalogue is somebody else's.
static const char *name_of(struct arena *a, const struct dep *d)
{
    return arena_printf(a, PRI_STR " " PRI_STR, STR_ARG(str_printable(a, d->id, 40)),
                        STR_ARG(str_printable(a, d->version, 40)));
}

static int get_file(struct get *g, const struct place *p, struct err *e)
{
    drop_fd int fd = -1;
    if (dep_file_open(p->is_mapped ? NULL : g->d, p->path, &fd, e) < 0)
        return -1;
    drop_(source_drop) struct source *from = source_fd(fd, g->name);
    return pump(from, g->to, DEP_MAX, e);
}

static int get_from(struct get *g, const struct place *p, struct err *e)
{
    if (p->kind != PLACE_FILE && g->s->spec.offline)
        return err_set(e, ERR_NETWORK, "not in the cache, and the network is off");
    switch (p->kind) {
    case PLACE_HTTP:
        return get_http(g, p, e);
    case PLACE_FILE:
        return get_file(g, p, e);
    case PLACE_NPM:
        return get_npm(g, e);
    case PLACE_DEB:
        return get_deb(g, e);
    }
    BUG("place");
}

static int download(struct get *g, const struct place *p, struct err *e)
{
    drop_(txn_drop) struct txn *t = NULL;
    drop_(sink_drop) struct sink *to = NULL;
    if (txn_begin(g->s->spec.st, &t, e) < 0 || txn_dep(t, &g->d->sum, &to, e) < 0)
        return -1;
    g->to = to;
    g->begun = false;
    if (get_from(g, p, e) < 0)
        return -1;
    struct err why = {0};
    if (sink_finish(to, &why) < 0) {
        if (why.code == ERR_DIGEST && p->is_mapped)
            (void)err_wrap(&why, "from its mirror or mapping");
        if (e && e->code == ERR_NONE)
            *e = why;
        return -1;
    }
    sink_drop(steal_ptr(to));
    return txn_commit(t, e);
}

static void tell_origin(const struct get *g, const struct place *p)
{
    event_emit(g->s->spec.ev,
               &(struct event){.kind = EV_FACT,
                               .subject = str_of(g->name),
                               .text = str_printf(g->a, "downloaded from " PRI_STR "%s", STR_ARG(g->d->uri),
                                                  p->is_mapped ? " by its mirror or mapping" : "")});
}

static int fetch(struct deps_sources *s, struct arena *a, const struct dep *d, struct err *e)
{
    struct get g = {.s = s, .d = d, .a = a, .name = name_of(a, d)};
    struct mirrors m = {s->spec.envp, s->spec.mappings, s->spec.mirrors};
    struct place p;
    if (place_find(a, &m, d, &p, e) < 0)
        return err_wrap(e, "%s", g.name);
    for (unsigned tried = 1;; tried++) {
        struct err why = {0};
        if (is_stopped(s, e) < 0)
            return -1;
        if (download(&g, &p, &why) == 0) {
            tell_origin(&g, &p);
            return 0;
        }
        if (why.code == ERR_NETWORK && why.transient && tried < TRIES)
            continue;
        if (e && e->code == ERR_NONE)
            *e = why;
        return err_wrap(e, "%s", g.name);
    }
}

static int get(struct deps_sources *s, struct arena *a, const struct dep *d, bool *cached, struct err *e)
{
    drop_fd int fd = -1;
    struct err why = {0};
    if (state_dep_open(s->spec.st, &d->sum, &fd, NULL, &why) == 0) {
        event_emit(s->spec.ev, &(struct event){.kind = EV_FACT,
                                               .subject = str_of(name_of(a, d)),
                                               .text = STR("from the download cache")});
        if (cached)
            *cached = true;
        return 0;
    }
    if (why.code != ERR_NOT_FOUND) {
        if (e && e->code == ERR_NONE)
            *e = why;
        return -1;
    }
    if (fetch(s, a, d, e) < 0)
        return -1;
    if (cached)
        *cached = false;
    return 0;
}

int deps_get(struct deps_sources *s, const struct dep *d, bool *cached, struct err *e)
{
    drop_(arena_free) struct arena *a = arena_new(4096);
    return get(s, a, d, cached, e);
}

static int copy_out(struct deps_sources *s, struct arena *a, const struct dep *d, int *fd, struct err *e)
{
    drop_fd int kept = -1;
    if (state_dep_open(s->spec.st, &d->sum, &kept, NULL, e) < 0)
        return -1;
    drop_(source_drop) struct source *from = source_fd(kept, "download");
    const char *tmp = arena_printf(a, "%s/tmp", state_path(s->spec.st));
    return copy_verified(from, &d->sum, tmp, name_of(a, d), fd, e);
}

int deps_open(struct deps_sources *s, const struct dep *d, int *fd, struct err *e)
{
    drop_(arena_free) struct arena *a = arena_new(4096);
    struct err why = {0};
    if (get(s, a, d, NULL, e) < 0)
        return -1;
    if (copy_out(s, a, d, fd, &why) == 0)
        return 0;
    if (why.code == ERR_DIGEST)
        event_warn(s->spec.ev, NULL, "%s: the copy in the download cache is damaged and is fetched again",
                   name_of(a, d));
    if (why.code == ERR_DIGEST || why.code == ERR_NOT_FOUND) // a gc had it in between
        return fetch(s, a, d, e) < 0 ? -1 : copy_out(s, a, d, fd, e);
    if (e && e->code == ERR_NONE)
        *e = why;
    return -1;
}
