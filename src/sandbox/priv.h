// SPDX-License-Identifier: Apache-2.0
// sandbox/priv.h - what a plan becomes in the parent, and the child's side of it. Private to this room.
//
// Everything that needs memory, text or a decision is made by the parent and stands in a `struct box`. The child is a
// copy of the parent that never allocates, locks or formats: system calls over that data, and a note when one fails.
#pragma once
#include "base/limits.h"
#include "sandbox/sandbox.h"
#include <sys/resource.h>
#include <sys/stat.h>

// --- Between child and parent: one SOCK_SEQPACKET, `link`. Its end, seen by the init, means that we are gone.

enum note_kind { NOTE_FAILED, NOTE_OUT, NOTE_SOCKET, NOTE_END };
enum step { // what the child was doing
    STEP_START,
    STEP_IDS,
    STEP_SOURCE,
    STEP_PRIVATE,
    STEP_LOOPBACK,
    STEP_STAGE,
    STEP_TARGET,
    STEP_FILESYSTEM,
    STEP_LOWER,
    STEP_SCRATCH,
    STEP_ATTACH,
    STEP_CONTENT,
    STEP_READ_ONLY,
    STEP_ROOT,
    STEP_OUT,
    STEP_CAPS,
    STEP_FORK,
    STEP_LIMITS,
    STEP_CWD,
    STEP_LANDLOCK,
    STEP_STREAMS,
    STEP_SECCOMP,
    STEP_EXEC,
    STEP_MAX_,
};
struct note {
    uint32_t kind, step;
    uint32_t op, item; // which operation; which of its sources
    int32_t value;     // errno, or the program's wait status
};
enum { NO_OP = SBX_OPS_MAX }; // the step belongs to no operation
// In the other direction, to the init, one byte: a signal for the program, or a TCP socket made inside is wanted.
enum { ASK_SIGNAL_MAX = 32, ASK_INET = 64, ASK_INET6 };

// --- The compiled plan

// Something of the host. The child opens `path` in its own mount namespace and insists on finding this inode;
// or, where root started us, `fd` is a mount of its own that the parent made.
struct source {
    const char *path;
    dev_t dev;
    ino_t ino;
    int fd;
    bool ready; // fd is a detached mount
    bool dir;
    const char *stage; // its place in the staging tmpfs
    const char *at;    // runc: where the init attaches it
};

// A path inside, cut up: dir[i] is the path of the i-th directory above it, name[i] its last component.
struct place {
    const char *path; // without the leading '/'; "." for the root
    const char *const *dir, *const *name;
    size_t n; // of both; the last one is the path itself
};

struct box_op {
    const struct sbx_op *from;
    struct place at;
    struct source *src; // OVERLAY: lowers; BIND*: one
    size_t n_src;
    struct source *scratch;
    const char *stage, *text;  // names of its own in the staging tmpfs
    const char *size, *inodes; // TMPFS, DEV: option texts, NULL: none
    const char *mode;
    size_t content; // FILE: bytes
};

struct ll_rule {
    const char *path;
    uint64_t access;
};

// What the program itself is put under, the same for namespaces and in place.
struct confine {
    const char *const *argv, *const *envp;
    const char *const *after; // run by the init, as trusted, when we are gone without a word; NULL: nothing
    const char *cwd;
    struct {
        int what;
        struct rlimit v;
    } limit[4];
    size_t n_limit;
    bool trusted; // runc: no walls of ours, it builds them; it detaches, and what it leaves is the program
    const char *pid_file;     // trusted: where it writes the pid of that one
    bool set_ids, set_groups; // in place, and only where we may
    uint32_t uid, gid;
    uint64_t ll_fs, ll_scoped; // 0: no Landlock
    size_t ll_size;            // of the ruleset struct that this kernel knows
    struct ll_rule *rule;
    size_t n_rule, cap_rule;
    struct sock_fprog filter;
    const struct sock_fprog *more;
    int io[3 + SBX_KEEP_MAX]; // becomes 0, 1, …; all above them
    int n_io;
};

struct box {
    const struct sbx_plan *plan;
    struct box_op *op;
    size_t n_op;
    struct confine confine;
    int link[2]; // ours, the child's
    int up[2];   // read end ours: ends when the program runs, or never will
    struct fd_set_sorted {
        int *fd;
        size_t n;
    } open,   // the only descriptors the child goes on with
        last; // those of them that are left once its root stands: nothing of the host's
    struct {
        int fd;
        uid_t uid;
        gid_t gid;
    } ids;         // the last id-mapping user namespace made
    bool in_place; // no namespaces: what is left is found as our children
    bool as_root;  // the parent makes the mounts that the child, or runc's init, attaches
    char *page;    // for a mount option text that old kernels want in one piece
    // Our own command line: the init, a copy of us, would show it to everybody in /proc/1/cmdline.
    char *words;
    size_t n_words;
};
#define BOX_INIT                                                                                             \
    {                                                                                                        \
        .link = {-1, -1}, .up = {-1, -1}, .ids = {.fd = -1 }                                                 \
    }
enum { PAGE = 4096 };

// --- compile.c: plan → box. `box` must be BOX_INIT; box_done closes, also after a failure.
int nodiscard box_compile(const struct sbx_plan *p, enum sbx_runner r, struct arena *a, struct box *b,
                          struct err *e);
void box_done(struct box *b);
void box_sort_open(struct box *b, struct arena *a);                   // after the last descriptor was made
int failed(const struct box *b, const struct note *n, struct err *e); // the note as an error: returns -1
// --- landlock.c
int landlock_abi(void); // 0: none
void landlock_mounted(const struct sbx_plan *p, struct arena *a, struct confine *c);
int nodiscard landlock_in_place(const struct sbx_plan *p, struct arena *a, struct confine *c, struct err *e);
// --- idmap.c: mounts that only root can make
bool idmap_root(void); // we may clone mounts and map ids in the namespace we are in
// Replaces s->fd, which names the source, by a detached mount of it; `own`: with its owner's ids mapped.
int nodiscard idmap_source(struct box *b, const struct sbx_op *op, struct source *s, bool own, struct err *e);

// --- The child. All return -1 with errno set and c->step, c->op, c->item saying where, or do not return.
struct child {
    const struct box *b;
    uint32_t step, op, item;
    int stage, root; // descriptors of mounts
};
void close_others(const struct fd_set_sorted *keep);
int child_mounts(struct child *c);
int drop_caps(void);
_Noreturn void child_failed(const struct child *c);
int send_note(int link, const struct note *n, int fd);        // with a descriptor; -1 as sendmsg(2)
_Noreturn void run_program(struct child *c);                  // confines and executes
_Noreturn void init_loop(const struct box *b, pid_t program); // until it ended and nothing is left
void reap_all(bool in_place);                                 // ends every process that is left
pid_t raw_fork(void);

// --- Parent
int nodiscard namespaces_start(const struct sbx_plan *p, struct arena *a, struct sbx *out, struct err *e);
int nodiscard inplace_check(const struct sbx_plan *p, struct err *e);
int nodiscard inplace_start(const struct sbx_plan *p, struct arena *a, struct sbx *out, struct err *e);
int nodiscard inplace_fork(struct box *b, struct sbx *s, struct err *e); // the init, and the program under it
void inplace_missing(const struct sbx_plan *p, struct arena *a, struct strv *out);
void runc_missing(const struct sbx_plan *p, struct arena *a, struct strv *out);
void runc_remove(const char *bundle);
int nodiscard runc_check(const struct sbx_plan *p, struct err *e);
int nodiscard runc_start(const struct sbx_plan *p, struct arena *a, struct sbx *out, struct err *e);
// Waits for the program to run, takes the handed-out directories, and moves what the box has into *out.
int nodiscard start_finish(struct box *b, struct sbx *s, struct err *e);

// A bind of the kernel's interfaces, or of the host's terminals, is refused; the path is clean.
int nodiscard check_host_path(const struct sbx_op *op, struct str clean, struct err *e);
const char *kind_name(enum sbx_kind k);
// Beneath /proc; NULL ends: what is seen empty, and what is read-only.
extern const char *const proc_hidden[], *const proc_read_only[];
uint64_t tmpfs_inodes(uint64_t size);        // that many files at most go with so many bytes
uint64_t shm_size(const struct sbx_op *dev); // bytes
size_t map_count(const struct sbx_map m[SBX_MAPS]);
bool is_root_op(const struct sbx_op *op);
bool is_bind(const struct sbx_op *op);
bool have_newidmap(void);
// Where a program of this machine is, whatever our PATH says: every one that we start is looked up so. out[LIMIT_PATH]
// or NULL.
bool find_in_path(const char *name, char *out);
