// SPDX-License-Identifier: Apache-2.0
#include "platform/base_packages.h"

int base_releases(const struct apt_spec *spec, const struct base_debian *d, bool update, struct apt **apt,
                  struct apt_indexes **out, struct err *e)
{
    struct err why = {0};
    if (!*apt && apt_open(spec, apt, e) < 0)
        return -1;
    if (!update && apt_releases_read(*apt, d, out, &why) == 0)
        return 0;
    if (!update && why.code != ERR_NOT_FOUND) {
        if (e)
            *e = why;
        return -1;
    }
    // No lists yet, or none of this suite.
    return apt_update(*apt, e) < 0 ? -1 : apt_releases_read(*apt, d, out, e);
}

struct opening {
    const struct base_packages_spec *spec;
    struct arena *a;
    struct base_packages got;
    struct apt_file *absent; // in the order of the lock, those that the state does not have
    size_t *at, n_absent;    // which of `got` each one is
};

// What was kept: the state's blobs have the checksum as their name.
static void open_kept(struct opening *o)
{
    const struct deb_lock *lock = o->spec->lock;
    for (size_t i = 0; i < lock->packages.n; i++) {
        const struct deb_lock_package *p = &lock->packages.v[i];
        struct deb_input *in = &o->got.v[i];
        struct err absent = {0};
        uint64_t size;
        *in = (struct deb_input){
            .fd = -1,
            .digest = p->digest,
            .name = str_printf(o->a, PRI_STR " " PRI_STR, STR_ARG(p->name), STR_ARG(p->version))};
        o->got.bytes += (uint64_t)p->size;
        if (state_blob_open(o->spec->st, &p->digest, (uint64_t)p->size, &in->fd, &size, &absent) == 0)
            continue;
        struct apt_file *f = &o->absent[o->n_absent];
        *f = (struct apt_file){
            .suite = p->suite, .path = p->filename, .name = str_c(o->a, in->name), .size = (uint64_t)p->size};
        memcpy(f->sha256, p->digest.sum, sizeof f->sha256);
        o->at[o->n_absent++] = i;
    }
}

static int fetch(struct opening *o, struct apt **apt, struct err *e)
{
    drop_(apt_indexes_free) struct apt_indexes *x = NULL;
    struct err why = {0};
    if (apt_open(o->spec->apt, apt, e) < 0)
        return -1;
    if (apt_download(*apt, NULL, o->absent, o->n_absent, &why) == 0)
        return 0;
    if (why.code != ERR_NOT_FOUND) {
        if (e)
            *e = why;
        return -1;
    }
    o->got.fetched = o->n_absent;
    if (base_releases(o->spec->apt, o->spec->debian, false, apt, &x, e) < 0)
        return -1;
    return apt_download(*apt, x, o->absent, o->n_absent, e);
}

static int open_absent(struct opening *o, struct err *e)
{
    drop_(apt_close) struct apt *apt = NULL;
    if (!o->n_absent)
        return 0;
    if (fetch(o, &apt, e) < 0)
        return -1;
    for (size_t i = 0; i < o->n_absent; i++)
        if (apt_package_open(apt, o->absent[i].sha256, &o->got.v[o->at[i]].fd, e) < 0)
            return err_wrap(e, "package %s", o->absent[i].name);
    return 0;
}

int base_packages_open(struct arena *a, const struct base_packages_spec *s, struct base_packages *out,
                       struct err *e)
{
    size_t n = s->lock->packages.n;
    struct opening o = {.spec = s, .a = a, .got.n = n};
    o.got.v = ARENA_ARRAY(a, struct deb_input, n + 1);
    o.absent = ARENA_ARRAY(a, struct apt_file, n + 1);
    o.at = ARENA_ARRAY(a, size_t, n + 1);
    open_kept(&o);
    if (open_absent(&o, e) < 0) {
        base_packages_close(&o.got);
        return -1;
    }
    *out = o.got;
    return 0;
}

void base_packages_close(struct base_packages *p)
{
    for (size_t i = 0; i < p->n; i++)
        drop_fd_p(&p->v[i].fd);
    p->n = 0;
}
