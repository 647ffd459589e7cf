// SPDX-License-Identifier: Apache-2.0
// deps/deps.h - how a buildpack gets a dependency: verified bytes on a descriptor.
//
// Two ways: from the broker of dema's process through a socket (deps/serve.h), or directly, under another
// platform. What is declared here needs no network library, no state and no apt, so that the static engine links it
// (`deps_client_src` in src/deps/meson.build).
#pragma once
#include "base/event.h"
#include "deps/catalogue.h"

#define DEP_MAX ((uint64_t)4 << 30) // bytes of one dependency: the largest SDKs stay below 1 GiB
#define DEPS_SOCKET "broker"        // its name in the platform directory

struct deps_ops {
    // *fd is the caller's: a regular file, read-only, at its start, whose bytes have d->sum. ERR_DIGEST: they have
    // not (both digests are named, by the broker to its user alone). ERR_DENIED: the broker does not serve it.
    // ERR_NETWORK and the like: no bytes were had.
    int (*fetch)(struct deps_ops *d, const struct dep *dep, int *fd, struct err *e);
    void (*drop)(struct deps_ops *d);
};
static inline int deps_fetch(struct deps_ops *d, const struct dep *dep, int *fd, struct err *e)
{
    return d->fetch(d, dep, fd, e);
}
void deps_free(struct deps_ops *d); // NULL is fine
DEFINE_DROP(struct deps_ops *, deps_free)

struct deps_direct_spec {
    const char *const *envp; // PATH, proxies and certificates for curl; NULL: none
    const char *tmp;         // directory for what is being read; NULL: TMPDIR of envp, else "/tmp"
    unsigned whole_ms;       // of one answer (net/http.h); 0: LIMIT_DOWNLOAD_MS
};
// file: copied, https: by the program curl on the PATH (only https, also behind redirects). npm: and deb: need the
// broker: ERR_USAGE.
int nodiscard deps_direct(const struct deps_direct_spec *s, struct deps_ops **out, struct err *e);
// Of the broker behind this socket. Each fetch is one connection; it waits as long as the broker works.
int nodiscard deps_ask(const char *socket, struct deps_ops **out, struct err *e);

// The protocol, one connection a question: "dema-deps 1 ALG:HEX\n"; the answer is one message, "ok\n" with the
// descriptor beside it (SCM_RIGHTS), or "error CODE TRANSIENT CHAIN<tab>CAUSE\n" (CODE as err_code_name, TRANSIENT
// 0 or 1).
enum { DEPS_QUESTION_MAX = 160, DEPS_ANSWER_MAX = 1024 };
