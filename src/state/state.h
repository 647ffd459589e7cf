// SPDX-License-Identifier: Apache-2.0
// state/state.h - everything that dema keeps under its data directory, changed by one kind of transaction.
//
//     format              "dema-state 1": a newer number is refused
//     lock                flock: shared by every transaction, exclusive by gc
//     blobs/ALG/HEX       bytes by digest          deps/ALG/HEX    downloads by checksum
//     trees/ALG/HEX/      a layer as a directory, by diff ID: root/ is the tree, `boot` and `synced` say who trusts it
//     names/ENCODED       one image name each: its descriptor
//     known/HEX           prints of directories    apps/KEY/       what is kept for one app
//     tmp/T.RANDOM/       what a live transaction has not published yet
//     apt/                packages of Debian and their lists (debian/apt.h), which nothing of this room looks at
//
// Lock order, never the other way round: 1. the directory `tmp/`, the turnstile before `lock`: shared for a moment by
// each transaction that begins, exclusive by a gc that waits, so that it gets its turn  2. `lock`  3. the directory
// `names/` (exclusive, only inside txn_commit)  4. the directory of one
// tree (never waited for; that of a stale one which
// is being replaced: for one rename).
// No lock is held across a sandbox: begin after it has ended.
//
// kill -9 or a full disk at any system call leaves a state that is valid: a blob is synced and renamed into place, then
// its directory is synced, then a name may point to it. Whatever is left in tmp/ belongs to nobody and goes with gc.
#pragma once
#include "base/path.h"
#include "stream/hash.h"
#include "stream/stream.h"

struct state;
struct state_opts {
    const char *boot_id; // which boot this is; NULL: the kernel's own
};
// Opens the data directory, made with mode 0700 where it is missing
// (parents too). Refused with a reason: a read-only or
// unfit filesystem, somebody else's directory, one that others may write,
// one that is not ours, a newer format (ERR_API).
int nodiscard state_open(const char *path, const struct state_opts *opts, struct state **out, struct err *e);
void state_close(struct state *st); // after its transactions
DEFINE_DROP(struct state *, state_close)
const char *state_path(const struct state *st); // as it was given

// --- Reading. Without a transaction what is read may be gone at the next call; an open descriptor stays good.

#define STATE_ANY_SIZE UINT64_MAX
// A blob for reading, at its start. Absent: ERR_NOT_FOUND. Another size than `want_size`: ERR_DIGEST.
int nodiscard state_blob_open(struct state *st, const struct digest *d, uint64_t want_size, int *fd,
                              uint64_t *size, struct err *e);
bool state_blob_has(struct state *st, const struct digest *d);
int nodiscard state_dep_open(struct state *st, const struct digest *d, int *fd, uint64_t *size,
                             struct err *e);

// The tree's directory. While the descriptor (or a copy, also in a child) is open gc leaves the tree alone. A tree that
// was made under another boot and never synced counts as absent: ERR_NOT_FOUND.
int nodiscard state_tree_open(struct state *st, const struct digest *diff_id, int *dirfd, struct err *e);
bool state_tree_has(struct state *st, const struct digest *diff_id);
// "DIR/trees/ALG/HEX/root" for mount options; holds no ':' or ',' of its own.
struct str state_tree_path(struct state *st, struct arena *a, const struct digest *diff_id);
int nodiscard state_sync(struct state *st,
                         struct err *e); // one syncfs; trees made so far are trusted from now on

// The time of a file in deps/, known/ and caches like them says when it was used last, to the day. Whoever uses it says
// so; a full disk is no error of his.
void state_mark_used(int fd);

// A name: an image reference, 1..STATE_NAME_MAX printable bytes without blanks, and the descriptor it stands for.
enum { STATE_NAME_MAX = 1024, STATE_RECORD_MAX = 65536 };
struct state_name {
    struct str name;
    struct digest digest; // of the descriptor, checked
    uint64_t size;
    struct str json; // the descriptor as it was given, byte for byte; at most STATE_RECORD_MAX
};
// Absent: ERR_NOT_FOUND. Texts live in the arena.
int nodiscard state_name_get(struct state *st, struct arena *a, struct str name, struct state_name *out,
                             struct err *e);
// All of them, in byte order of their names. One damaged file is ERR_PARSE, naming it and what mends it: for whoever
// removes what no name stands for.
int nodiscard state_names(struct state *st, struct arena *a, struct state_name **out, size_t *n,
                          struct err *e);
// Those that can be read, for listings; *damaged: a message for each file that cannot.
int nodiscard state_names_found(struct state *st, struct arena *a, struct state_name **out, size_t *n,
                                struct strv *damaged, struct err *e);
// A record of known/. Absent: ERR_NOT_FOUND.
int nodiscard state_known_get(struct state *st, struct arena *a, const struct digest *key, struct str *out,
                              struct err *e);

// The directory kept for one app (key: [a-z0-9-]{1,64}), made if missing. It is ours alone until the descriptor (and
// every copy) is closed; somebody else's: ERR_BUSY.
int nodiscard state_app_open(struct state *st, struct str key, int *dirfd, struct err *e);

// --- Writing. A transaction may be used by several threads; a sink by one at a time.

struct txn;
int nodiscard txn_begin(struct state *st, struct txn **out,
                        struct err *e); // waits for a gc; a minute: ERR_BUSY
// While the descriptor is open no gc removes anything: for blobs that were taken in and have no name yet, until their
// trees are held. Like a transaction it waits for a gc, and is held across no sandbox.
int nodiscard state_lease(struct state *st, int *fd, struct err *e);
// A sink that takes a blob. `want` (may be NULL: then sha256) is checked
// by its finish: ERR_DIGEST. A finished blob is on
// disk and synced, and is published by the commit; one that was not finished leaves nothing. Drop it before the commit.
struct blob_got {
    struct digest digest;
    uint64_t size;
};
int nodiscard txn_blob(struct txn *t, const struct digest *want, struct blob_got *got, struct sink **out,
                       struct err *e); // *got (may be NULL) is set by finish
int nodiscard txn_dep(struct txn *t, const struct digest *want, struct sink **out, struct err *e);
// An empty staging directory (mode 0755; the descriptor is the caller's) for the tree of that diff ID. It is published
// by the commit if txn_tree_done was called for it, else removed. Is it there already: the one there stays.
int nodiscard txn_tree(struct txn *t, const struct digest *diff_id, int *dirfd, struct err *e);
// For a tree that we make, whose diff ID is known last: what txn_tree has as `staged` is to be the tree of `diff_id`.
// Before txn_tree_done.
int nodiscard txn_tree_is(struct txn *t, const struct digest *staged, const struct digest *diff_id,
                          struct err *e);
int nodiscard txn_tree_done(struct txn *t, const struct digest *diff_id, struct err *e);
// Compare and swap, at the commit: the name must stand for `old` then (NULL: must be absent; &txn_any: whatever it is),
// else ERR_BUSY and no name changes. `now` NULL deletes it. Its blob must
// exist or be of this transaction: ERR_NOT_FOUND.
extern const struct digest txn_any;
int nodiscard txn_name(struct txn *t, struct str name, const struct digest *old, const struct state_name *now,
                       struct err *e);
int nodiscard txn_known(struct txn *t, const struct digest *key, struct str record, struct err *e);
// Publishes blobs, deps and trees, then records, then names. Each name changes at once or not at all. A failed commit
// may have published what nobody names yet. Afterwards only txn_drop.
int nodiscard txn_commit(struct txn *t, struct err *e);
void txn_drop(struct txn *t);
DEFINE_DROP(struct txn *, txn_drop)

// --- Garbage.

struct gc; // one run
void gc_mark_blob(struct gc *g, const struct digest *d);
void gc_mark_tree(struct gc *g, const struct digest *diff_id);
struct gc_opts {
    // Marks what this name's descriptor refers to (its own blob is marked
    // already); once more with `name` NULL for roots
    // that are no names. May be NULL. An error stops the run before anything but tmp/ was removed.
    int (*refs)(void *ctx, struct state *st, const struct state_name *name, struct gc *g, struct err *e);
    void *ctx;
    unsigned wait_ms;          // for transactions to end; then ERR_BUSY
    int64_t unused_before_sec; // deps and known records last used before this time go too; 0: they stay
    bool dry_run;              // only counts
};
struct gc_stats {
    uint64_t blobs, trees, deps, known, leftovers; // removed
    uint64_t blob_bytes, dep_bytes;
    uint64_t busy_trees; // in use by somebody: left
};
int nodiscard state_gc(struct state *st, const struct gc_opts *opts, struct gc_stats *out, struct err *e);
