// SPDX-License-Identifier: Apache-2.0
// deps/fetch_priv.h - for this room only: what the ways to a dependency share.
#pragma once
#include "deps/fetch.h"
#include "deps/mirror.h"
#include "deps/npm.h"
#include "stream/stream.h"
#include <pthread.h>

struct deps_sources {
    struct deps_sources_spec spec;
    pthread_mutex_t m; // all that follows, and apt
    struct arena *a;
    bool has_npm;
    struct npm_config npm;
};

// One download.
struct get {
    struct deps_sources *s;
    const struct dep *d;
    struct arena *a;
    struct sink *to;
    const char *name; // "node 24.20.0", for messages and events
    bool begun;       // bytes went into the sink: it cannot be begun again
};
int nodiscard get_http(struct get *g, const struct place *p, struct err *e);
int nodiscard get_npm(struct get *g, struct err *e);
int nodiscard get_deb(struct get *g, struct err *e);
