// SPDX-License-Identifier: Apache-2.0
// debian/relation.h - relations between binary packages: "libc6 (>= 2.36), awk | mawk:any" (spec: policy 7.1).
#pragma once
#include "base/err.h"
#include "base/str.h"
#include "version/dpkg.h"

struct deb_relation {
    struct str name;
    struct str qualifier; // "any", "native" or an architecture; mostly empty
    bool has_version;
    enum dpkg_relation relation;
    struct dpkg_version version;
    struct str text; // as written
};

struct deb_alternatives {
    struct deb_relation *v;
    size_t n; // at least 1
    struct str text;
};

struct deb_relations {
    struct deb_alternatives *v;
    size_t n;
};

enum { DEB_RELATIONS = 16384 }; // of one field: real ones stay below 2000

// An empty field has none. What only source packages have ([arch], <profile>) is ERR_PARSE. Texts are borrowed.
int nodiscard deb_relations_read(struct arena *a, struct str field, struct deb_relations *out, struct err *e);
