// SPDX-License-Identifier: Apache-2.0
// cnb/env.h - what layers and the platform do to an environment, at build and at launch.
//
// spec: buildpack.md "Environment"; file rules of cnb.md §4.3, root
// directories of §4.4. An environment is a strmap whose
// texts live in the arena. Used by the builder and, in a few kilobytes, by the launcher.
#pragma once
#include "base/dir.h"
#include "base/map.h"

enum env_scope { ENV_BUILD, ENV_LAUNCH };

// What a file without a suffix does.
enum env_plain {
    ENV_PLAIN_OVERRIDE, // layers, Buildpack API ≥ 0.5
    ENV_PLAIN_DEFAULT,  // <build-config>/env
    ENV_PLAIN_PREPEND,  // Buildpack API < 0.5: with ':'
};

// The files of directory `path` beneath dirfd, in byte order. An absent
// directory is fine. A name with '=', a value with
// NUL or one longer than Linux lets a process have: ERR_PARSE naming the file.
int nodiscard env_files(struct arena *a, struct strmap *env, int dirfd, const char *path,
                        enum env_plain plain, struct err *e);
// <platform>/env: regular files, each a variable; path variables are put in front with ':' (user variables).
int nodiscard env_platform(struct arena *a, struct strmap *env, int dirfd, const char *path, struct err *e);
// A layer's directory: `path` beneath dirfd, and where the program will see it.
struct env_dir {
    int dirfd;        // borrowed
    const char *path; // borrowed
    struct str seen;  // borrowed
};
// *path: that of the directory `name` in it, beneath dirfd and terminated; NULL when there is none. A link counts as
// what it leads to beneath dirfd. A layer that cannot be searched is an error.
int nodiscard env_has(struct arena *a, const struct env_dir *l, const char *name, const char **path,
                      struct err *e);
// The conventional directories of a layer: bin, lib, include, pkgconfig.
int nodiscard env_roots(struct arena *a, struct strmap *env, enum env_scope scope, const struct env_dir *l,
                        struct err *e);
// One layer's `env` and `env.build`, or `env.launch` and, with a type, `env.launch/<type>`.
int nodiscard env_layer(struct arena *a, struct strmap *env, enum env_scope scope, const struct env_dir *l,
                        struct str type, struct err *e);
// Prepends or appends with ':' unless what stands there is empty.
void env_prepend(struct arena *a, struct strmap *env, struct str name, struct str value);
// NULL-terminated "K=V" strings for execve, in map order.
const char *const *env_vector(struct arena *a, const struct strmap *env);
void env_from_vector(struct arena *a, struct strmap *env, char *const *envp);
bool env_name_ok(struct str name); // not empty, no '=', no NUL
