// SPDX-License-Identifier: Apache-2.0
// platform/base_create.h - a base image from a declaration: Debian packages become one layer, an image and its SBOM.
//
// Same lock, same digest, whoever makes it. The image is named in the
// state; beside it are kept, as artifacts that refer
// to it, the lock, an SBOM and, if asked for, the packages themselves. spec: platform.md "Build Image", "Run Image".
#pragma once
#include "base/event.h"
#include "debian/elf.h"
#include "debian/lock.h"
#include "image/image.h"

struct base_create_spec {
    struct state *st;
    const struct base_declaration *declaration;
    const struct deb_lock *lock; // NULL: resolved now, from the lists that the machine's apt has
    const char *apt_dir;         // as `dir` of struct apt_spec
    const char *const *envp;     // for apt
    struct events *ev;
    struct str reference; // the image's name in the state; empty: the declaration's
    const char *codec;    // of the layer; NULL: BASE_CODEC
    unsigned threads;     // 0: one a processor
    bool update;          // fetch the lists, though there are some
    bool keep_packages;
    const int *stop; // of stop_open: looked at between steps, and while apt runs; NULL: none
};
#define BASE_CODEC "gzip-libdeflate-1-1m"

enum base_step {
    BASE_RESOLVE,
    BASE_DOWNLOAD,
    BASE_UNPACK,
    BASE_FINISH,
    BASE_CHECK,
    BASE_LAYER,
    BASE_STORE,
    BASE_STEP_MAX_
};
const char *base_step_name(enum base_step s); // "resolve", …

struct base_created {
    struct str name; // in the state
    struct image image;
    struct str lock;    // its text
    struct digest sbom; // of the CycloneDX document
    size_t packages;
    uint64_t unpacked; // bytes of the plain layer
    struct elf_missing_list
        missing; // what ELF files need and the image does not have: each was a warning, too
    uint64_t ms[BASE_STEP_MAX_];
};

// Packages are looked for in the state (those that were kept), then in the
// cache of apt_dir, then fetched: with all of them
// at hand the machine needs no apt. Nothing is left in the state on failure.
int nodiscard base_create(struct arena *a, const struct base_create_spec *s, struct base_created *out,
                          struct err *e);
// Only the lock. spec->lock does not count.
int nodiscard base_resolve(struct arena *a, const struct base_create_spec *s, struct deb_lock *out,
                           struct err *e);
