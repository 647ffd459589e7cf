// SPDX-License-Identifier: Apache-2.0
// debian/declare.h - the declaration of a base image: a TOML file that says what is in it and what it is called.
// The files are in bases/.
//
// Texts live in the arena. The image's own name and mirrors go into the run image metadata of what is built on it.
#pragma once
#include "base/event.h"
#include "base/map.h"
#include "stream/hash.h"

enum base_kind { BASE_RUN, BASE_BUILD };

struct base_debian {
    struct str origin;       // of the Release files: "Debian"
    struct str suite;        // codename: "bookworm"
    struct strv pockets;     // "updates": also the suite "bookworm-updates", which must be there
    struct str architecture; // Debian's word; empty in the file: this machine's
    struct strv components;  // "main"
    struct strv packages;    // sorted; "name" or "name=version"
    struct strv
        exclude_paths; // as deb_unpack_spec.exclude: "/usr/share/doc/*", "!/usr/share/doc/*/copyright"
};

struct base_user {
    struct str name;
    int64_t uid, gid;
    struct str group;       // name of the gid; empty in the file: as name
    struct str home, shell; // shell: may be empty
};

struct base_image {
    struct str reference; // without digest
    struct strv mirrors;
};

struct base_alternative {
    struct str link, target; // absolute; a symbolic link `link` → `target`
};

struct base_declaration {
    struct str name;
    enum base_kind kind;
    struct str description, homepage, maintainer;
    struct base_debian debian;
    struct base_image image;
    struct strmap labels, env; // beside those of the spec
    struct base_user user;     // the image's own
    struct {
        struct base_user *v;
        size_t n;
    } users; // further ones in passwd
    struct {
        struct base_alternative *v;
        size_t n;
    } alternatives;
};

// ERR_PARSE with file, line and key. Unknown keys are warnings.
int nodiscard declaration_read(struct arena *a, struct str text, const char *file, struct events *ev,
                               struct base_declaration *out, struct err *e);
// Names of suites: the suite and, for each pocket, suite-pocket.
void declaration_suites(struct arena *a, const struct base_debian *d, struct strv *out);
// Of what decides which packages there are (not name, labels or users), for the lock.
void declaration_digest(const struct base_debian *d, struct digest *out);
const char *debian_architecture(void);        // this machine's: "amd64"; NULL: Debian has none
const char *base_kind_name(enum base_kind k); // "run", "build"
