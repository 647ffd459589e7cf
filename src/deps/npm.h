// SPDX-License-Identifier: Apache-2.0
// deps/npm.h - which registry the machine's npm packages come from, with what credentials, and where a package is
// in it.
//
// As the npm client reads it: NPM_CONFIG_… of the environment, the user's npmrc, the global npmrc; where none of
// these names a registry, the client's own answer (`npm config get registry`). A project's .npmrc is somebody
// else's text: of it only `@scope:registry` counts, where the user says nothing of that scope; nothing in it is
// expanded, no credential is taken from it, and it does not decide whether one is sent in the clear.
#pragma once
#include "base/event.h"
#include "net/http.h"
#include "stream/hash.h"

#define NPM_RC_MAX 1048576 // bytes of one npmrc

// One npmrc. Keys and values in the arena, in the order of the file; of a key that is there twice the last value.
// With `envp`, ${NAME} is replaced where NAME is set (${NAME?}: empty where it is not); NULL: nothing is replaced.
// Lines that are no `key = value` are flags (`key`: "true"); values of a list (`key[]`) are joined with '\n'.
// [sections] are read over: the client has none. ERR_PARSE with the line: a control byte.
int nodiscard npmrc_parse(struct arena *a, struct str text, const char *file, const char *const *envp,
                          struct strmap *out, struct err *e);
// Is what this key holds a credential, or does it say where one is? Whatever might be one, is.
bool npmrc_key_is_secret(struct str key);

struct npm_spec {
    const char *const *envp;
    const char *project; // directory with a .npmrc; NULL: none
    const int *stop;     // as in struct proc_spec: the client is not waited for; NULL: none
};
struct npm_config {
    struct url registry; // path ends with '/'
    struct str from; // where that is said: "NPM_CONFIG_REGISTRY", a file's path, "npm config get registry"
    struct strmap scopes; // "@scope" → address
    struct http_credential *credential;
    size_t n_credential;
    struct str proxy, https_proxy, no_proxy, cafile; // empty: not said
    struct strmap user; // all that the environment, the user's and the global npmrc say, expanded
};
// Texts in the arena. ERR_NOT_FOUND: no registry is configured and there is no npm to ask; says what to set.
int nodiscard npm_config_read(struct arena *a, const struct npm_spec *s, struct npm_config *out,
                              struct err *e);
// The registry of a package name: its scope's, else the default.
int nodiscard npm_registry_of(struct arena *a, const struct npm_config *c, struct str name, struct url *out,
                              struct err *e);
// An npmrc for the inside of a sandbox: registries and settings, without credentials, without addresses that hold a
// user and password, and without paths of this machine. Ends with the effective `registry=`.
void npmrc_without_secrets(struct arena *a, const struct npm_config *c, struct str *out);

struct npm_package {
    struct str tarball;   // address
    struct str integrity; // "sha512-BASE64" or empty
};
bool npm_name_is_valid(struct str name); // "x", "@scope/x", of bytes that are fit for an address
// Does the registry's own digest say that the bytes cannot have this sum? Of another algorithm it says nothing.
bool npm_integrity_differs(struct str integrity, const struct digest *sum);
struct npm_query {
    struct http *h;
    const struct url *registry;
    struct str name, version;
};
// Asks the registry for one version. ERR_NOT_FOUND: it has none such. ERR_DENIED: an address of http from a
// registry of https. ERR_PROTOCOL: an answer that is none.
int nodiscard npm_resolve(struct arena *a, const struct npm_query *q, struct npm_package *out, struct err *e);
