// SPDX-License-Identifier: Apache-2.0
// debian/apt.h - the machine's own apt: its sources, keys and transport, in directories of ours, without root.
//
// apt fetches; which bytes are used is decided here: the signature of each Release by gpgv with the keys that the
// machine's configuration has for that source, the checksum of each Packages file and package by ourselves. No host is
// named in our program. Nothing of apt resolves for us.
#pragma once
#include "base/event.h"
#include "debian/declare.h"
#include "debian/index.h"
#include "stream/hash.h"

struct apt_spec {
    const char *dir;         // absolute; made if absent. Holds lists and packages; may be shared by processes
    struct str architecture; // of Debian
    const char *const *envp; // ours: APT_CONFIG, proxies and what else the transport wants; NULL: none
    struct events *ev;       // may be NULL
    const int *stop;         // as in struct proc_spec; NULL: none
};

struct apt;
int nodiscard apt_open(const struct apt_spec *spec, struct apt **out, struct err *e);
void apt_close(struct apt *a);
DEFINE_DROP(struct apt *, apt_close)

// Fetches Release and Packages files. ERR_NETWORK with apt's own words.
int nodiscard apt_update(struct apt *a, struct err *e);

// The verified indexes of a declaration.
struct apt_indexes {
    struct deb_index index; // all packages of the suites and components
    struct digest
        print; // of all that decides what stands in it: the signed Releases, and which lists of theirs
    struct {
        struct deb_release *v;
        size_t n;
    } releases;
    struct arena *arena; // all of it, but the texts
    struct apt_list *lists;
    size_t n_lists;
    struct buf *texts;
    size_t n_texts;
};
// ERR_NOT_FOUND: a suite or component that no source has, or no lists yet (then update). ERR_DENIED: no good signature.
// ERR_DIGEST: a Packages file that its Release does not name so.
int nodiscard apt_indexes_read(struct apt *a, const struct base_debian *wanted, struct apt_indexes **out,
                               struct err *e);
// The same in two steps: all but `index`, which is most of the work, and then that.
int nodiscard apt_releases_read(struct apt *a, const struct base_debian *wanted, struct apt_indexes **out,
                                struct err *e);
int nodiscard apt_packages_read(struct apt *a, struct apt_indexes *x, struct err *e);
void apt_indexes_free(struct apt_indexes *x);
DEFINE_DROP(struct apt_indexes *, apt_indexes_free)

// A package to have: `path` beneath the repository that the machine has for `suite` (a codename).
struct apt_file {
    struct str suite, path;
    const char *name; // for messages
    uint64_t size;
    uint8_t sha256[32];
};
// Makes sure that all of them are in the cache, with the right checksum: those there are checked, the others fetched.
// Of `uris` the releases are enough. NULL when the machine is off line: then a missing one is ERR_NOT_FOUND.
int nodiscard apt_download(struct apt *a, const struct apt_indexes *uris, const struct apt_file *v, size_t n,
                           struct err *e);
// Opens one out of the cache. Not checked again.
int nodiscard apt_package_open(struct apt *a, const uint8_t sha256[32], int *fd, struct err *e);
// Puts a package that came from elsewhere (a store of kept packages) into the cache, if its checksum is right.
int nodiscard apt_package_put(struct apt *a, int fd, const struct apt_file *what, struct err *e);
