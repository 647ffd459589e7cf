// SPDX-License-Identifier: Apache-2.0
// deps/env.h - for this room only: looking into an environment that was handed in.
#pragma once
#include "base/str.h"

// The value of NAME in "NAME=value" texts, NULL at their end; NULL if absent. `envp` NULL: an empty one.
static inline const char *env_get(const char *const *envp, struct str name)
{
    for (size_t i = 0; envp && envp[i]; i++)
        if (strncmp(envp[i], name.p, name.n) == 0 && envp[i][name.n] == '=')
            return envp[i] + name.n + 1;
    return NULL;
}
