// SPDX-License-Identifier: Apache-2.0
// sandbox/sandbox.h - a plan of mounts, ids, limits and network, and three runners that carry it out.
//
// A plan is plain data: sbx_check says what is wrong with it, sbx_print shows it, sbx_start carries it out. Texts and
// arrays are borrowed until sbx_start returns. Every sandbox has: no capabilities, no_new_privs, a session of its own,
// a process that ends whatever is left when the program or we end, no descriptor but the named ones, a seccomp deny
// list, umask 022 and no core files. What of that a machine cannot enforce is named in `sbx.missing`.
#pragma once
#include "base/buf.h"
#include "base/path.h"
#include <linux/filter.h>
#include <sys/types.h>

enum sbx_runner {
    SBX_NAMESPACES, // own user, mount, pid, ipc, uts, cgroup (and network) namespaces
    SBX_IN_PLACE,   // the container we are in is the sandbox: any uid, no namespaces; Landlock and seccomp
    SBX_RUNC,       // an OCI bundle, run by runc
    SBX_RUNNER_MAX_,
};
const char *sbx_runner_name(enum sbx_runner r); // "namespaces", "in-place", "runc"

enum sbx_kind {
    SBX_OVERLAY,  // `lower` (top first); changes go to `scratch`, or nowhere that is kept when it is NULL
    SBX_BIND,     // `src` of the host, writable
    SBX_BIND_RO,  // `src` of the host
    SBX_TMPFS,    // empty; `mode`, `size`
    SBX_PROC,     // processes of the sandbox; kernel interfaces hidden or read-only
    SBX_DEV,      // null, zero, full, random, urandom, shm (`size`), pts; no terminal of ours
    SBX_FILE,     // a read-only file whose content is `src`, `mode`
    SBX_LINK,     // a symbolic link that points at `src`
    SBX_HIDE,     // what is there is seen empty and cannot be opened; absent is fine
    SBX_HAND_OUT, // the directory at `dst`, as it is then, goes to sbx.out_fd in the order of the plan
    SBX_KIND_MAX_,
};

// The first operation is the root, dst "/": an overlay, a tmpfs or a
// read-only bind. A root overlay without `scratch`, and
// a tmpfs, is read-only once everything is in its place. Missing mount points are made (in a root that has a
// `scratch` they stay there). Links of the image are followed inside the new root only.
// In place nothing is mounted: a bind must have src equal to dst, or no src, and says what may be written.
struct sbx_op {
    enum sbx_kind kind;
    const char *dst; // absolute and clean, inside
    const char *src;
    // OVERLAY: a directory of the host that holds upper/ and work/, on one filesystem. Good for one sandbox, and not
    // synced when that ends: who keeps something of it does that.
    const char *scratch;
    struct strv lower; // OVERLAY: directories of the host, SBX_LOWER_MAX at most
    bool own;      // OVERLAY's lowers, BIND_RO: started by root, what `src`'s owner owns is run_uid's inside
    uint32_t mode; // TMPFS, FILE
    // TMPFS: bytes; 0: the kernel's default, half of the memory. DEV: of its shm; 0: SBX_SHM. With the bytes go as many
    // files as they have pages, 1024 at least.
    uint64_t size;
};
#define SBX_SHM (64u << 20) // what other runtimes of containers give

struct sbx_map {
    uint32_t inside, outside, count; // outside 0 is refused, also for root
};

enum { SBX_MAPS = 3, SBX_OUT_MAX = 4, SBX_LOWER_MAX = 500, SBX_OPS_MAX = 1024, SBX_KEEP_MAX = 16 };

struct sbx_plan {
    const struct sbx_op *op;
    size_t n_op;
    struct sbx_map uid[SBX_MAPS], gid[SBX_MAPS];  // up to the first with count 0; sbx_ids fills them
    uint32_t run_uid, run_gid;                    // inside
    bool net;                                     // the host's network; false: none but a loopback of its own
    const char *const *argv;                      // argv[0] is absolute, inside
    const char *const *envp;                      // NULL: empty
    const char *cwd;                              // inside; NULL: "/"
    uint64_t max_files, max_procs, max_file_size; // 0: as they are; never raised
    const struct sock_fprog *filter;              // one more seccomp filter, NULL: none
    int log_fd;                                   // stdout and stderr; -1: /dev/null. stdin is /dev/null
    const char *tmp;                              // RUNC: where its bundle is made, open to all; NULL: /tmp
    const int *keep_fd;                           // seen inside as 3, 4, …
    size_t n_keep;
};

// Fills the maps so that inside `uid`:`gid` is run_uid:run_gid, by the
// rule of docs/internals/sandbox.md: a user's own id
// (with subuids for the rest where newuidmap can be run), or for root an unprivileged range.
int nodiscard sbx_ids(uint32_t uid, uint32_t gid, struct sbx_plan *p, struct err *e);
#define SBX_FIXED_BASE                                                                                       \
    1879048192u // 0x70000000: root's range without a subuid entry; above every range that others give out
bool sbx_outside(const struct sbx_map m[SBX_MAPS], uint32_t inside, uint32_t *out);
bool sbx_inside(const struct sbx_map m[SBX_MAPS], uint32_t outside, uint32_t *in);

// What cannot be carried out and why, before anything is done: ERR_USAGE for a wrong plan, ERR_DENIED for a combination
// that this runner refuses.
int nodiscard sbx_check(const struct sbx_plan *p, enum sbx_runner r, struct err *e);
void sbx_print(const struct sbx_plan *p, enum sbx_runner r,
               struct buf *out); // a line for each part, for --dry-run

struct sbx {
    enum sbx_runner runner;
    pid_t pid; // of the init that watches the program, as we see it
    int pidfd; // owned
    int link;  // owned: to the init
    int out_fd
        [SBX_OUT_MAX]; // owned, O_PATH: handed-out directories, good after the end too; the mounts are read-only
    size_t n_out;
    struct strv missing; // one line each: what is not enforced here, and why; in the arena
    char *bundle;        // owned: runc's bundle directory
};
#define SBX_INIT                                                                                             \
    {                                                                                                        \
        .pid = -1, .pidfd = -1, .link = -1, .out_fd = { -1, -1, -1, -1 }                                     \
    }

// Returns once the program runs: its execve succeeded; with runc, once the container is made: what fails then is
// told by the exit code. On failure nothing is left.
int nodiscard sbx_start(const struct sbx_plan *p, enum sbx_runner r, struct arena *a, struct sbx *out,
                        struct err *e);
// Waits until the program ended and what it left behind was ended. *status as of waitpid(2). Past timeout_ms (0: none)
// everything in the sandbox is ended: ERR_CANCELLED. The handed-out directories stay open.
int nodiscard sbx_wait(struct sbx *s, unsigned timeout_ms, int *status, struct err *e);
// A TCP socket of the sandbox's network, for asking what runs in it (NAMESPACES only): close-on-exec, not blocking, the
// caller's. ERR_NOT_FOUND: the program ended already; sbx_wait tells how.
int nodiscard sbx_socket(struct sbx *s, bool inet6, int *fd, struct err *e);
void sbx_signal(struct sbx *s, int sig); // to the program alone, which may do with it what it likes
void sbx_kill(struct sbx *s);            // ends everything in it, without waiting; then sbx_wait or sbx_done
void sbx_done(
    struct sbx *s); // ends and reaps what runs, closes what is open; a finished or SBX_INIT struct is fine
#define drop_sbx __attribute__((cleanup(sbx_done)))

// Which runner works on this machine, for whoever asks.
struct sbx_state {
    enum sbx_runner runner;
    bool works;
    struct str why;      // it does not work; empty if it does
    struct str enable;   // what would make it work
    struct strv missing; // it works, without these
};
void sbx_doctor(struct arena *a, struct sbx_state out[SBX_RUNNER_MAX_]);
