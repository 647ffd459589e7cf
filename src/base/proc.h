// SPDX-License-Identifier: Apache-2.0
// base/proc.h - one way to start a program: no shell, named descriptors only, its end through a pidfd.
#pragma once
#include "base/buf.h"
#include "base/path.h"

struct proc_spec {
    const char *const *argv; // argv[0] is looked up in `path` unless it has a '/'
    const char *const *envp; // NULL: an empty environment
    const char *path;        // PATH to look in; NULL: "/usr/sbin:/usr/bin:/sbin:/bin"
    int cwd_fd;              // -1: ours
    int in, out, err;        // -1: /dev/null
    const int *third;        // NULL: none; else the program has this one as descriptor 3
    unsigned timeout_ms;     // 0: none; then the whole process group is killed
    const int *stop;         // proc_run; NULL: none; else ends it in the same way once this one is readable
};

// In an initialiser: our directory and /dev/null three times. To set one of the four, assign it afterwards.
#define PROC_QUIET .cwd_fd = -1, .in = -1, .out = -1, .err = -1

struct proc {
    pid_t pid;
    int pidfd; // owned
};

int nodiscard proc_start(const struct proc_spec *s, struct proc *out, struct err *e);
// Waits. *status as of waitpid(2). Past timeout_ms (0: none) kills the group: ERR_CANCELLED.
int nodiscard proc_wait(struct proc *p, unsigned timeout_ms, int *status, struct err *e);
void proc_done(struct proc *p); // kills and reaps what still runs; a zeroed or finished struct is fine
#define drop_proc __attribute__((cleanup(proc_done)))
#define PROC_INIT                                                                                            \
    {                                                                                                        \
        .pid = -1, .pidfd = -1                                                                               \
    }

// Runs to the end with stdin from `in` (may be empty), stdout into *out and stderr into *err (their `max` are
// limits; NULL: /dev/null); s->in, out and err do not count. Its end is that of the program: what it leaves
// running in its group is killed then. Exit code other than 0 is not an error here: *status tells.
int nodiscard proc_run(const struct proc_spec *s, struct str in, struct buf *out, struct buf *err_out,
                       int *status, struct err *e);
const char *proc_status_text(int status, char *out, size_t n); // "exit code 3", "killed by signal 9"
