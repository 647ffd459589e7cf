// SPDX-License-Identifier: Apache-2.0
// platform/base_packages.h - the packages of a lock, open: from the state, the cache, or fetched. For base_create.
#pragma once
#include "debian/apt.h"
#include "debian/lock.h"
#include "debian/unpack.h"
#include "state/state.h"

struct base_packages {
    struct deb_input *v; // in the order of the lock
    size_t n;
    uint64_t bytes;
    size_t fetched; // not at hand before
};
struct base_packages_spec {
    struct state *st;
    const struct deb_lock *lock;
    const struct base_debian *debian; // whose suites say where a package is fetched from
    const struct apt_spec *apt;
};
int nodiscard base_packages_open(struct arena *a, const struct base_packages_spec *s,
                                 struct base_packages *out, struct err *e);
void base_packages_close(struct base_packages *p); // the descriptors; a zeroed struct is fine
#define drop_packages __attribute__((cleanup(base_packages_close)))

// The verified releases of a declaration; the lists are fetched where there are none yet, or if `update` says so.
int nodiscard base_releases(const struct apt_spec *spec, const struct base_debian *d, bool update,
                            struct apt **apt, struct apt_indexes **out, struct err *e);
