// SPDX-License-Identifier: Apache-2.0
// cnb/binding.h - service bindings: named bundles of secrets and files that a platform hands to builds and apps.
//
// spec: servicebinding.io "Workload Projection"; the older layout of the CNB binding extension; VCAP_SERVICES of Cloud
// Foundry. Where they are: $VCAP_SERVICES if it is there (it replaces the others), else $SERVICE_BINDING_ROOT, else
// $CNB_BINDINGS, else <platform>/bindings. One directory a binding: `type`, `provider` and an entry a file, or
// metadata/{kind,provider} and secret/*. Names that begin with ".." are how Kubernetes swaps mounts, and no entries.
// Links are followed beneath the root of all bindings only.
#pragma once
#include "base/map.h"
#include "document/val.h"

#define BINDING_ROOT "SERVICE_BINDING_ROOT"

struct cnb_binding {
    struct str name, type, provider; // provider may be empty; the ends of type and provider are trimmed
    struct strv entries;             // names
    struct str root, path; // entries are the files <root>/<path>/<entry>; empty root: they are `values`
    const struct val *values;
};

struct cnb_bindings {
    struct cnb_binding *v; // by name, byte order; of VCAP_SERVICES: as they stand
    size_t n, cap;
    struct strv outside; // what is left out of the root: links that lead out of it, pipes and such, as paths
};

// No root, or an absent one, is no binding. A directory without type is
// ERR_PARSE, as is a VCAP_SERVICES that cannot be read.
int nodiscard cnb_bindings_read(struct arena *a, const struct strmap *env, struct str platform_dir,
                                struct cnb_bindings *out, struct err *e);
// Types are compared without case.
bool cnb_binding_is(const struct cnb_binding *b, const char *type);
// The content of an entry as it is, its line end too. Absent: ERR_NOT_FOUND.
int nodiscard cnb_binding_value(struct arena *a, const struct cnb_binding *b, struct str entry,
                                struct str *out, struct err *e);
// Bindings that are directories as copies beneath dirfd, in the layout that they have: plain files for all to read, no
// links. A binding or entry that leads out of the root is ERR_DENIED, more
// than LIMIT_BINDINGS bytes are ERR_LIMIT. On failure a
// part may be there.
int nodiscard cnb_bindings_copy(struct arena *a, const struct cnb_bindings *in, int dirfd, struct err *e);
// Where the entry is a file: its path. Of VCAP_SERVICES, which has none: empty.
struct str cnb_binding_file(struct arena *a, const struct cnb_binding *b, struct str entry);
