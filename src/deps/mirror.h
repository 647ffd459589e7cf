// SPDX-License-Identifier: Apache-2.0
// deps/mirror.h - for this room only: where else an address may be had from (Paketo RFCs 0010 and 0060).
//
// A mapping of the checksum wins and may be any address of https, http or file (what comes must have the checksum
// anyway); else a mirror of the host: BP_DEPENDENCY_MIRROR_<HOST> (capitals, '.' as '_', '-' as '__'), else
// BP_DEPENDENCY_MIRROR, else the binding's entry for the host, else its "default". A mirror is "https://HOST/PATH" or
// "file:///PATH", the path of the original address is put behind it; {originalHost} in it is the original's host, and
// ",skip-path=/X" behind it takes /X off the beginning of the original's path.
#pragma once
#include "base/map.h"
#include "deps/catalogue.h"
#include "net/http.h"

struct mirrors {
    const char *const *envp;
    const struct strmap *mappings, *mirrors; // of bindings; may be NULL
};

enum place_kind { PLACE_HTTP, PLACE_FILE, PLACE_NPM, PLACE_DEB };
struct place {
    enum place_kind kind;
    struct url url;                    // HTTP
    struct str path;                   // FILE: absolute; NPM, DEB: the dependency's own address
    bool is_mapped;                    // not where the catalogue says
    bool has_login;                    // a mirror may hold a user and a password:
    struct http_credential credential; // for its origin
};
// Where to get it. ERR_USAGE: a mirror or mapping that is none; says where it comes from.
int nodiscard place_find(struct arena *a, const struct mirrors *m, const struct dep *d, struct place *out,
                         struct err *e);
