// SPDX-License-Identifier: Apache-2.0
// base/file.h - whole files, files that appear at once or not at all, and trees that go away.
#pragma once
#include "base/buf.h"
#include "base/path.h"

// Appends the file beneath dirfd to *out (its `max` is the limit; a larger file is ERR_LIMIT). On failure *out is as it
// was. Only regular files and, for the operator's own, pipes are read; AT_FDCWD means path_open_host.
int nodiscard file_read(int dirfd, const char *path, struct buf *out, struct err *e);
int nodiscard file_read_fd(int fd, const char *name, struct buf *out, struct err *e);
int nodiscard file_write_all(int fd, const void *p, size_t n, struct err *e); // restarts after short writes
// All of a regular file, opened at its begin, into an empty one; blocks are shared where the filesystem can.
int nodiscard file_copy(int from, int to, struct err *e);

// A file that appears under its name at once. Without newfile_publish nothing is left behind.
// Beneath a directory its mode is `mode`, whatever the umask; for a path of the operator's (AT_FDCWD) the umask counts.
struct newfile {
    int fd;     // write here
    int dirfd;  // owned
    char *name; // final name, one component
    char *temp; // NULL while it has no name at all (O_TMPFILE)
};
int nodiscard newfile_begin(int dirfd, const char *path, mode_t mode, struct newfile **out, struct err *e);
int nodiscard newfile_publish(struct newfile *f, bool sync, struct err *e); // replaces what stood there
void newfile_drop(struct newfile *f);
DEFINE_DROP(struct newfile *, newfile_drop)
// begin, write, publish (synced).
int nodiscard file_replace(int dirfd, const char *path, mode_t mode, struct str content, struct err *e);
// The same without the sync: where nobody looks after a power cut.
int nodiscard file_place(int dirfd, const char *path, mode_t mode, struct str content, struct err *e);

// Removes what `name` is beneath dirfd, a tree of any depth too, also where modes forbid it; absent is fine.
int nodiscard tree_remove(int dirfd, const char *name, struct err *e);
