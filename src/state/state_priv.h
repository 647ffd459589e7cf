// SPDX-License-Identifier: Apache-2.0
// state/state_priv.h - what the files of this room share.
#pragma once
#include "base/file.h"
#include "state/state.h"
#include <pthread.h>

enum shelf { SHELF_BLOBS, SHELF_DEPS, SHELF_TREES, SHELF_MAX_ };
enum { STATE_FORMAT = 1, BOOT_MAX = 64, SHELF_PATH = 200 };
#define STATE_DIR_ENTRIES 10000000 // files of one kind: bounds the memory of a listing at about 1 GiB

struct state {
    char *path;
    int dir;
    char boot[BOOT_MAX];
};

const char *shelf_name(enum shelf s);
// "blobs/sha256/HEX". Only sha256 and sha512 have a place: others are ERR_USAGE.
int nodiscard shelf_path(enum shelf s, const struct digest *d, char out[SHELF_PATH], struct err *e);
int nodiscard shelf_open(struct state *st, enum shelf s, const struct digest *d, int *fd, uint64_t *size,
                         struct err *e);

enum trust { TRUST_ERROR = -1, TRUST_ABSENT, TRUST_STALE, TRUST_GOOD };
// Of the entry "trees/ALG/HEX": STALE was made under another boot and never synced.
enum trust nodiscard tree_trust(struct state *st, const char *entry, struct err *e);

// File name of an image name: percent-encoded, at most NAME_MAX bytes, never with a leading '.'.
enum { NAME_FILE = 256 };
int nodiscard name_encode(struct str name, char out[NAME_FILE], struct err *e);
void name_record(struct buf *to, const struct state_name *n);
int nodiscard name_parse(struct str record, struct state_name *out, struct err *e); // borrows the record

// flock with patience. `op` LOCK_SH or LOCK_EX; past wait_ms: ERR_BUSY, transient, naming who holds it.
int nodiscard lock_take(int fd, int op, unsigned wait_ms, const char *what, struct err *e);
int nodiscard state_lock(struct state *st, int op, unsigned wait_ms, int *fd, struct err *e);
int nodiscard dir_sync(int dirfd, const char *path, struct err *e);
// A new file (0600) with this content, synced.
int nodiscard file_make(int dirfd, const char *name, struct str content, struct err *e);

struct staged_file {
    enum shelf shelf;
    struct digest digest;
    unsigned id; // "b<id>" in the transaction's directory
};
struct staged_tree {
    struct digest diff_id;
    unsigned id; // "t<id>"
    bool done;
};
struct staged_record {
    struct digest key;
    unsigned id; // "k<id>"
};
struct staged_name {
    char file[NAME_FILE];
    struct str name; // in the arena
    enum { WANT_ABSENT, WANT_OLD, WANT_ANY } want;
    struct digest old, digest;
    unsigned id; // "n<id>"
    bool del;
};
struct txn {
    struct state *st;
    int lock;
    int tmp; // -1 until something is staged
    char tmp_name[32];
    pthread_mutex_t m; // all that follows
    struct arena *a;
    unsigned next_id;
    bool over;
    struct staged_file *file;
    size_t file_n, file_cap;
    struct staged_tree *tree;
    size_t tree_n, tree_cap;
    struct staged_record *record;
    size_t record_n, record_cap;
    struct staged_name *name;
    size_t name_n, name_cap;
};
int nodiscard txn_stage(struct txn *t, unsigned *id,
                        struct err *e); // makes tmp/T.…, gives the next id; t->m is held
