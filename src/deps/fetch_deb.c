// SPDX-License-Identifier: Apache-2.0
// By the machine's own apt: deb:NAME=VERSION out of the distribution that this machine is.
#include "base/file.h"
#include "base/osrelease.h"
#include "debian/apt.h"
#include "deps/deps.h"
#include "deps/fetch_priv.h"
#include "stream/memory.h"
#include <fcntl.h>

// What apt has to have: main of this machine's release.
static int wanted(struct arena *a, struct base_debian *out, struct err *e)
{
    drop_buf struct buf b = BUF_INIT(OS_RELEASE_MAX);
    const char *arch = debian_architecture();
    if (file_read(AT_FDCWD, "/etc/os-release", &b, e) < 0)
        return -1;
    struct str text = str_dup(a, buf_view(&b)), id = os_release_value(text, "ID"),
               suite = os_release_value(text, "VERSION_CODENAME");
    if (!arch || !suite.n || (!str_is(id, "debian") && !str_is(id, "ubuntu")))
        return err_set(e, ERR_USAGE,
                       "this machine is no Debian or Ubuntu (" PRI_STR "): it has no such packages",
                       STR_ARG(str_printable(a, id, 40)));
    *out = (struct base_debian){.origin = str_is(id, "debian") ? STR("Debian") : STR("Ubuntu"),
                                .suite = suite,
                                .architecture = str_of(arch)};
    strv_add(a, &out->components, STR("main"));
    return 0;
}

// With the security pockets where the machine has them.
static int read_indexes(struct arena *a, struct apt *apt, const struct base_debian *d,
                        struct apt_indexes **out, struct err *e)
{
    struct base_debian all = *d;
    struct err why = {0};
    strv_add(a, &all.pockets, STR("updates"));
    strv_add(a, &all.pockets, STR("security"));
    if (apt_indexes_read(apt, &all, out, &why) == 0)
        return 0;
    return apt_indexes_read(apt, d, out, e);
}

static const struct deb_package *find(const struct apt_indexes *x, struct str name, struct str version)
{
    for (size_t i = 0; i < x->index.n; i++)
        if (str_eq(x->index.v[i].name, name) && str_eq(x->index.v[i].version_text, version))
            return &x->index.v[i];
    return NULL;
}

static int none(const struct apt_indexes *x, struct str name, struct str version, struct err *e)
{
    drop_buf struct buf b = BUF_INIT(200);
    for (size_t i = 0; i < x->index.n && b.n < 100; i++)
        if (str_eq(x->index.v[i].name, name))
            buf_printf(&b, "%s" PRI_STR, b.n ? ", " : "", STR_ARG(x->index.v[i].version_text));
    return err_set(e, ERR_NOT_FOUND,
                   "package " PRI_STR ": this machine's apt has no version " PRI_STR ", it has: %s",
                   STR_ARG(name), STR_ARG(version), b.n ? b.p : "none");
}

static int fetch_package(struct get *g, struct apt *apt, const struct apt_indexes *x,
                         const struct deb_package *p, struct err *e)
{
    drop_fd int fd = -1;
    struct apt_file f = {
        .suite = p->release->codename, .path = p->filename, .name = g->name, .size = p->size};
    memcpy(f.sha256, p->sha256, sizeof f.sha256);
    if (apt_download(apt, x, &f, 1, e) < 0 || apt_package_open(apt, p->sha256, &fd, e) < 0)
        return -1;
    drop_(source_drop) struct source *from = source_fd(fd, g->name);
    return pump(from, g->to, DEP_MAX, e);
}

static int by_apt(struct get *g, struct apt *apt, const struct base_debian *d, struct err *e)
{
    drop_(apt_indexes_free) struct apt_indexes *x = NULL;
    struct str name, version;
    struct err why = {0};
    if (!dep_uri_named(g->d->uri, &name, &version))
        BUG("deb address");
    const struct deb_package *p = NULL;
    if (read_indexes(g->a, apt, d, &x, &why) == 0)
        p = find(x, name, version);
    if (!p) { // the lists may be old
        apt_indexes_free(steal_ptr(x));
        if (apt_update(apt, e) < 0 || read_indexes(g->a, apt, d, &x, e) < 0)
            return -1;
        p = find(x, name, version);
    }
    return p ? fetch_package(g, apt, x, p, e) : none(x, name, version, e);
}

int get_deb(struct get *g, struct err *e)
{
    drop_(apt_close) struct apt *apt = NULL;
    const struct deps_sources_spec *s = &g->s->spec;
    struct base_debian d;
    if (!s->apt_dir)
        return err_set(e, ERR_USAGE, PRI_STR ": packages of Debian are off", STR_ARG(g->d->uri));
    if (wanted(g->a, &d, e) < 0)
        return -1;
    // Its programs are in groups of their own: no Ctrl-C of a terminal reaches them.
    struct apt_spec spec = {.dir = s->apt_dir,
                            .architecture = d.architecture,
                            .envp = s->envp,
                            .ev = s->ev,
                            .stop = s->stop_fd >= 0 ? &s->stop_fd : NULL};
    pthread_mutex_lock(&g->s->m);
    int rc = apt_open(&spec, &apt, e) < 0 ? -1 : by_apt(g, apt, &d, e);
    pthread_mutex_unlock(&g->s->m);
    return rc;
}
