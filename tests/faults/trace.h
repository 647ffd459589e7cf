// SPDX-License-Identifier: Apache-2.0
// tests/faults/trace.h - runs a program and its whole process tree, and breaks it at its N-th change of a filesystem.
//
// A point is one system call that makes, writes, renames, removes or syncs something (writes to regular files only).
// Those of processes in another user namespace, which is what a sandbox
// is, do not count; a full disk is full for them too.
// A seccomp filter stops the tree at those calls and at nothing else, so a round costs little more than the program.
// Not seen: writes through mappings, io_uring.
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

enum fault {
    FAULT_NONE, // only counts
    FAULT_KILL, // SIGKILL for the tree before point N
    FAULT_FULL, // ENOSPC at point N and at all later ones that can say so
    // As KILL, and then what a power cut may do on top: files that were written and not synced are empty; what was
    // renamed or linked into a directory that was not synced since is gone, unless it was the last directory changed.
    FAULT_CUT,
};

enum point {
    POINT_OPEN,
    POINT_WRITE,
    POINT_RENAME,
    POINT_LINK,
    POINT_UNLINK,
    POINT_MKDIR,
    POINT_SYMLINK,
    POINT_MKNOD,
    POINT_TRUNCATE,
    POINT_SYNC,
    POINT_MODE,
    POINT_OWNER,
    POINT_TIME,
    POINT_XATTR,
    POINT_MAX_,
};
const char *point_name(enum point p);

struct trace_result {
    size_t points[POINT_MAX_]; // reached, the broken one included
    size_t total;
    bool broken; // point N was reached
    enum point at;
    int status; // of the program, as waitpid gives it
};

// 0, or -1 where tracing does not work here (message on stderr). N counts from 1.
int trace_run(char *const *argv, enum fault fault, size_t n, struct trace_result *out);
