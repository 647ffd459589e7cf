// SPDX-License-Identifier: Apache-2.0
// debian/index.h - Packages files: what a repository offers (spec: wiki RepositoryFormat, policy 5.3).
//
// Everything is borrowed from the text that was read and from the arena: keep both as long as the packages.
#pragma once
#include "base/err.h"
#include "base/str.h"
#include "version/dpkg.h"

enum deb_multi_arch { DEB_MULTI_NO, DEB_MULTI_SAME, DEB_MULTI_FOREIGN, DEB_MULTI_ALLOWED };

// A suite that was verified: its Release file.
struct deb_release {
    struct str origin, label, suite, codename;
    int64_t date_sec;    // of the signed Release
    uint8_t sha256[32];  // of the text that was signed
    struct str repo_uri; // base of `filename`, ends with '/'
};

struct deb_package {
    struct str name, architecture; // "all" or the one of the index
    struct dpkg_version version;
    struct str version_text;
    struct str source; // may have "(version)" behind it; empty: as name
    struct str depends, pre_depends, provides, conflicts, breaks, replaces; // deb_relations_read
    struct str section, priority, maintainer, homepage, description;        // description: its first line
    struct str filename;                                                    // beneath the release's repo_uri
    struct str paragraph; // all of it, for whom the rest matters
    uint64_t size, installed_kib;
    uint8_t sha256[32];
    bool essential;
    enum deb_multi_arch multi_arch;
    const struct deb_release *release; // NULL: none was given
};

struct deb_index {
    struct deb_package *v;
    size_t n, cap;
};

struct deb_index_spec {
    struct str text;
    const char *file;                  // for errors
    struct str architecture;           // others are passed over, but "all"
    const struct deb_release *release; // may be NULL
};

// Appends the packages of one Packages file. ERR_PARSE with file, line and field; then *index is as it was.
int nodiscard deb_index_read(struct arena *a, const struct deb_index_spec *spec, struct deb_index *index,
                             struct err *e);
bool deb_name_is_valid(struct str name); // policy 5.6.1
