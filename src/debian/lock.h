// SPDX-License-Identifier: Apache-2.0
// debian/lock.h - the lock of a base image: which packages, byte for byte, it is made of.
//
// TOML, sorted, the same text for the same content. It names no host: a package is found again beneath the repository
// that the machine's own sources have for its suite, or in a store of kept packages by its checksum.
#pragma once
#include "base/buf.h"
#include "debian/declare.h"
#include "debian/resolve.h"
#include "stream/hash.h"

struct deb_lock_release {
    struct str codename;
    struct str date; // RFC 3339, of the signed Release
    struct digest digest;
};

struct deb_lock_package {
    struct str name, version, architecture;
    struct str suite;     // codename of its release
    struct str filename;  // beneath that suite's repository
    int64_t size;         // bytes
    struct digest digest; // sha256
};

struct deb_lock {
    struct digest declaration; // declaration_digest
    struct str origin, suite, architecture;
    struct {
        struct deb_lock_release *v;
        size_t n;
    } releases; // by codename
    struct {
        struct deb_lock_package *v;
        size_t n;
    } packages; // by name
};

// Borrows the texts.
void deb_lock_make(struct arena *a, const struct base_debian *d, const struct deb_selection *from,
                   struct deb_lock *out);
// ERR_PARSE with file, line and key.
int nodiscard deb_lock_read(struct arena *a, struct str text, const char *file, struct deb_lock *out,
                            struct err *e);
int nodiscard deb_lock_write(const struct deb_lock *lock, struct buf *out, struct err *e); // appends
// The newest date of the releases: what the image says it was made at.
int64_t deb_lock_date(const struct deb_lock *lock);
// ERR_USAGE says how the lock differs from what the declaration asks for now.
int nodiscard deb_lock_check(const struct deb_lock *lock, const struct base_debian *d, struct err *e);
