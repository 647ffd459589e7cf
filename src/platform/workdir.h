// SPDX-License-Identifier: Apache-2.0
// platform/workdir.h - a directory for one build or one run, gone when it ends.
#pragma once
#include "cnb/binding.h"

struct workdir {
    char *path; // absolute; owned
    int fd;     // owned
};
#define WORKDIR_INIT                                                                                         \
    {                                                                                                        \
        .fd = -1                                                                                             \
    }
// In `parent` (the user's temporary directory), mode 0700.
int nodiscard workdir_make(const char *parent, struct workdir *out, struct err *e);
void workdir_done(struct workdir *w); // removes it with everything in it
#define drop_workdir __attribute__((cleanup(workdir_done)))
// For an overlay's changes: NAME/upper (this mode) and NAME/work.
int nodiscard workdir_scratch(const struct workdir *w, const char *name, mode_t mode, int64_t owner_uid,
                              int64_t owner_gid, struct err *e);
// The service bindings of `root`, a directory of the host, as copies in NAME: what is handed inside is what the user's
// directory has, and nothing that a link in it leads to. *out is as cnb_bindings_read gives it. An absent root is
// ERR_NOT_FOUND: it was named.
int nodiscard workdir_bindings(const struct workdir *w, struct arena *a, struct str root, const char *name,
                               struct cnb_bindings *out, struct err *e);
// A subdirectory with exactly this mode, whatever the umask; given to `owner` when that is not -1.
int nodiscard workdir_sub(const struct workdir *w, const char *name, mode_t mode, int64_t owner_uid,
                          int64_t owner_gid, struct err *e);
