// SPDX-License-Identifier: Apache-2.0
// base/path.h - the one place where paths are opened, and the arithmetic of path texts.
//
// Trees that somebody else made are only reached through path_open: it resolves beneath the directory
// descriptor, whatever symbolic links say (openat2 RESOLVE_BENEATH, and a walk of our own where a seccomp
// profile refuses openat2). Paths that the operator named are opened with path_open_host. Everything is O_CLOEXEC.
#pragma once
#include "base/err.h"
#include "base/str.h"
#include <sys/stat.h>
#include <unistd.h>

// Opens `path` (relative; "." is the directory itself) beneath dirfd. A link that leads out is ERR_DENIED.
// With O_NOFOLLOW in flags a final link is refused; links in the middle are followed beneath dirfd.
int nodiscard path_open(int dirfd, const char *path, int flags, mode_t mode, int *fd, struct err *e);
// The same without following any link at all, also in the middle: for trees that are being written.
int nodiscard path_open_plain(int dirfd, const char *path, int flags, mode_t mode, int *fd, struct err *e);
// What the two do without openat2; public so that they are tested on kernels that have it.
int nodiscard path_open_walk(int dirfd, const char *path, int flags, mode_t mode, int *fd, struct err *e);
int nodiscard path_open_plain_walk(int dirfd, const char *path, int flags, mode_t mode, int *fd,
                                   struct err *e);
// A path that the operator gave: follows links, may be absolute.
int nodiscard path_open_host(const char *path, int flags, mode_t mode, int *fd, struct err *e);
// Makes `path` and its missing parents beneath dirfd, following no links; an existing directory is fine. The mode of
// those that it makes is `mode` (the owner may read in it), whatever the umask.
int nodiscard path_mkdirs(int dirfd, const char *path, mode_t mode, struct err *e);
// Opens the directory that holds `path` (no links) and points *base at the last component inside `path`:
// empty behind a final '/', never "..".
int nodiscard path_parent(int dirfd, const char *path, int *parent, const char **base, struct err *e);
// Target of a link into out[LIMIT_PATH], terminated.
int nodiscard path_readlink(int dirfd, const char *name, char *out, struct err *e);

// Text only: "a/./b//c/.." → "a/b"; "/.." → "/"; a relative path keeps leading ".."; "" → ".".
struct str path_clean(struct arena *a, struct str p);
struct str path_join(struct arena *a, struct str dir, struct str rest);
struct str path_base(struct str p);                // last component; "/" for the root
struct str path_dir(struct str p);                 // what stands before it; "." or "/" when nothing does
bool path_is_within(struct str p, struct str dir); // both clean: p is dir or beneath it
// Relative, clean, inside: no leading '/', no "..", no "." or empty component, no NUL, within the limits.
bool path_is_safe(struct str p);

static inline void drop_fd_p(int *fd)
{
    if (*fd >= 0) {
        int saved = errno_save();
        (void)close(*fd);
        errno_restore(saved);
        *fd = -1;
    }
}
#define drop_fd __attribute__((cleanup(drop_fd_p)))
static inline int steal_fd(int *fd)
{
    int v = *fd;
    *fd = -1;
    return v;
}
