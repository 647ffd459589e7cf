// SPDX-License-Identifier: Apache-2.0
// sbom/sbom.h - what an image or a layer is made of, as data; formats are written from it.
//
// Everything lives in the caller's arena. Order does not matter: writers sort by package URL, name and version.
#pragma once
#include "base/map.h"
#include "stream/hash.h"

enum sbom_type {
    SBOM_LIBRARY,
    SBOM_APPLICATION,
    SBOM_FRAMEWORK,
    SBOM_OS,
    SBOM_CONTAINER,
    SBOM_FILE,
    SBOM_TYPE_MAX_
};

struct sbom_component {
    enum sbom_type type;
    struct str name, version, purl, cpe;
    struct str supplier, description, author;
    // Each an SPDX expression that licence_expression gave, or any other text as it was found. Several: all hold.
    struct strv licences;
    struct digest hash;       // HASH_NONE: none
    struct strmap properties; // name -> value
    struct strv
        needs; // package URLs of what it depends on; those that the document does not have do not count
};

struct sbom {
    struct sbom_component subject; // what is described: an image, an app
    struct {
        struct sbom_component *v;
        size_t n, cap;
    } components;
    struct str tool, tool_version; // who wrote it
    struct str serial;             // UUID in lower case; empty: none
    struct str timestamp;          // RFC 3339; empty: none
};

struct sbom_component *sbom_add(struct arena *a, struct sbom *s,
                                enum sbom_type type); // zeroed; good until the next call
// A UUID of version 5 out of a text, the same for the same text.
struct str sbom_uuid(struct arena *a, struct str text);

// --- Debian

struct sbom_distro {
    struct str id, version; // "debian", "12": ID and VERSION_ID of os-release
};
struct sbom_deb {
    struct str name, version, architecture;
    struct str source, source_version; // empty: as name and version
    struct str maintainer, description;
    struct digest sha256; // of the .deb; HASH_NONE: not known
    struct strv licences; // short names of debian/copyright
    struct strv depends;  // names of the packages that are installed for it
    struct str listed_in; // path of its paragraph in the image; empty: none
};
struct str sbom_deb_purl(struct arena *a, const struct sbom_distro *d, const struct sbom_deb *p);
// The operating system and the packages on it, with what Trivy and Syft want to find beside the package URL (source
// package, place). `n` packages; depends are resolved among them.
void sbom_add_debs(struct arena *a, struct sbom *s, const struct sbom_distro *d, const struct sbom_deb *p,
                   size_t n);
