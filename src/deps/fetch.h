// SPDX-License-Identifier: Apache-2.0
// deps/fetch.h - dependencies by their address into the state's download cache, and out of it.
//
// Order: cache by checksum, a mapping of that checksum (Paketo RFC 0010), a mirror of the address' host (RFC
// 0060), the address itself. Whatever is asked, only bytes with the catalogue's checksum are kept: a mismatch is
// ERR_DIGEST with both digests and leaves nothing.
#pragma once
#include "base/event.h"
#include "base/map.h"
#include "deps/catalogue.h"
#include "state/state.h"

// Borrowed until deps_sources_free. `envp` is the user's own environment, never a project's: proxies, certificates,
// BP_DEPENDENCY_MIRROR…, NPM_CONFIG_…, HOME, PATH.
struct deps_sources_spec {
    struct state *st;
    const char *const *envp;
    // Of the service bindings of these types (cnb/binding.h reads them), entry → trimmed value; NULL: there is none.
    const struct strmap
        *mappings; // "dependency-mapping": a checksum ("HEX", "sha256:HEX", "sha256_HEX") → address
    const struct strmap *mirrors; // "dependency-mirror": "default" or a host → mirror
    const char *project; // directory of the app, for the registries of scopes in its .npmrc; NULL: none
    const char
        *apt_dir;      // absolute: apt's lists and packages (debian/apt.h); NULL: deb: addresses are refused
    bool offline;      // only the cache and file:
    struct events *ev; // may be NULL
    int stop_fd;       // readable: ends with ERR_CANCELLED; -1: none
};
struct deps_sources;
// Reads mirrors and mappings; network configuration is read when it is first needed. May be used by several threads.
int nodiscard deps_sources_new(const struct deps_sources_spec *s, struct deps_sources **out, struct err *e);
void deps_sources_free(struct deps_sources *s);
DEFINE_DROP(struct deps_sources *, deps_sources_free)

// Makes sure that it is in the state's deps/; *cached (may be NULL): it was there before.
int nodiscard deps_get(struct deps_sources *s, const struct dep *d, bool *cached, struct err *e);
// deps_get, then a private copy of it: unnamed, read-only, at its start, hashed again while it was copied. A
// damaged file in the cache is fetched anew.
int nodiscard deps_open(struct deps_sources *s, const struct dep *d, int *fd, struct err *e);
