// SPDX-License-Identifier: Apache-2.0
// deps/serve.h - the broker: a thread of dema's process that gives downloads to builds, which have no network.
//
// It serves the checksums it was started with and nothing else: a build can name none of its own, no address and no
// header. What was downloaded once is kept in the state by its checksum. A build gets a private copy (an unnamed
// file, one for each dependency and server, hashed while it is copied), so that nothing it does to the descriptor
// reaches the cache (where its user is ours, it could open it anew for writing: who unpacks it hashes it again). What
// failed is not tried again, and after DEPS_FAILURES_MAX failures nothing is. Why something failed is told by events;
// the build only hears that it did, of what is not a file of its buildpack's. At most
// DEPS_CLIENTS_MAX connections at a time; a question must come within
// DEPS_QUESTION_MS.
#pragma once
#include "deps/fetch.h"

enum { DEPS_CLIENTS_MAX = 16, DEPS_QUESTION_MS = 10000, DEPS_FAILURES_MAX = 16 };

struct deps_server_spec {
    // The socket is made as `name` (mode 0666) in the directory `dirfd`: a private one, bind-mounted into the
    // sandbox. Borrowed for the call.
    int dirfd;
    const char *name;
    const struct dep *allowed; // borrowed until the stop
    size_t n_allowed;
    struct deps_sources_spec
        sources; // what it points to is borrowed until the stop; its stop_fd is the server's
};
struct deps_server;
// Starts the thread and returns. sources.ev is called from threads of the server, one at a time, while the
// caller's own threads may emit too: its emit must bear that. Events: EV_PROGRESS (subject "NAME VERSION", done
// and total in bytes; total 0: not said), EV_FACT where it came from ("cache", or the address as the catalogue has
// it), EV_WARN.
int nodiscard deps_server_start(const struct deps_server_spec *s, struct deps_server **out, struct err *e);
// Ends transfers, answers nobody any more, waits for its threads, removes the socket. NULL is fine.
void deps_server_stop(struct deps_server *s);
DEFINE_DROP(struct deps_server *, deps_server_stop)
