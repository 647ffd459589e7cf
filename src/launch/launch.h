// SPDX-License-Identifier: Apache-2.0
// launch/launch.h - from the arguments and environment of a container to the process of the app.
//
// spec: platform.md "launcher", buildpack.md "exec.d"; cnb.md §8. Each
// step is a function of plain data; launch_run does
// them in order and only returns on failure. ERR_API: exit 11 or 12; ERR_NOT_FOUND for metadata: 1; the rest: 82.
#pragma once
#include "cnb/launch.h"

struct launch_in {
    struct strv argv;   // argv[0] too
    struct strmap env;  // the container's
    uint16_t platform;  // CNB_PLATFORM_API
    struct str app_dir; // absolute
    struct str layers;  // absolute
    const struct cnb_metadata *meta;
};

struct launch_process {
    struct str type;           // "" for a command of the user's own
    struct strv command, args; // final: command[0] is looked up
    bool shell;
    struct str working_dir; // absolute
    const char *self;       // argv[0] for the shell
};

int nodiscard launch_select(struct arena *a, const struct launch_in *in, struct launch_process *out,
                            struct err *e);
// *env becomes what the app will see, exec.d included. Runs in app_dir.
int nodiscard launch_env(struct arena *a, const struct launch_in *in, const struct launch_process *p,
                         struct strmap *env, struct err *e);
// One exec.d program: its variables replace those of *env. It may run for `seconds`.
int nodiscard launch_execd(struct arena *a, const char *path, unsigned seconds, struct strmap *env,
                           struct err *e);
// Profile scripts in the order in which a shell process sources them.
int nodiscard launch_profiles(struct arena *a, const struct launch_in *in, struct str type, struct strv *out,
                              struct err *e);
// The words for execve: the command itself, or a shell that ends as it.
int nodiscard launch_words(struct arena *a, const struct launch_process *p, const struct strv *profiles,
                           struct strv *out, struct err *e);
int launch_exec(struct arena *a, const struct launch_process *p, const struct strv *words,
                const struct strmap *env,
                struct err *e);                                             // returns only on failure
int launch_run(struct arena *a, const struct launch_in *in, struct err *e); // returns only on failure
// A program for `name`: with '/' as it is, else from the absolute entries of `path`.
int nodiscard launch_look_up(struct arena *a, struct str name, struct str path, const char **out,
                             struct err *e);
