// SPDX-License-Identifier: Apache-2.0
// layer/known.h - layers of directories that were seen before, recognised without reading a file.
//
// A print is a digest over what lstat says of every entry: path, type and mode, ids, size, mtime, ctime, inode, device,
// link target. Two directories with one print hold the same bytes unless a file was written so soon after it was looked
// at that its time did not move (git's racy index). So the order is: print, make, print again; keep only if both are
// equal and nothing in it is newer than one tick before the first print, or in the future.
// - The ctime and inode of the directory itself do not count: publishing by rename changes them.
// - Inode numbers of an overlay are not stable: print the lower and the upper apart, never the merged tree.
#pragma once
#include "layer/make.h"
#include "state/state.h"

struct tree_print {
    uint8_t sum[32]; // over the records, sorted by path
    uint64_t entries;
    int64_t newest_ns;  // of all mtimes and ctimes that count
    int64_t taken_ns;   // the clock that stamps files, before the first entry was looked at
    bool whole_seconds; // the filesystem knows no finer times: a tick is two seconds
};
// Of what the spec reads (dirfd, sub and the parents whose modes it takes from disk).
int nodiscard tree_print(const struct layer_spec *s, struct tree_print *out, struct err *e);
// The same, and everything in it must be readable: else an error that names the first file or folder that is not.
int nodiscard tree_print_readable(const struct layer_spec *s, struct tree_print *out, struct err *e);
bool tree_print_eq(const struct tree_print *a, const struct tree_print *b); // sum and entries
bool tree_print_racy(const struct tree_print *t);                           // too fresh to trust

enum known { KNOWN_ERROR = -1, KNOWN_NO, KNOWN_YES };
// A spec with `pick`, `owner` or `whiteouts` is never known: KNOWN_NO. A
// damaged record is KNOWN_NO too: it is made anew.
enum known nodiscard known_find(struct state *st, const struct layer_spec *s, const struct tree_print *t,
                                struct layer *out, struct err *e);
// `t` is the print from before the layer was made, known to equal the one
// from after. Too fresh to trust, or a spec with
// `pick`, `owner` or `whiteouts`: nothing is kept, 0.
int nodiscard known_keep(struct txn *tx, const struct layer_spec *s, const struct tree_print *t,
                         const struct layer *l, struct err *e);
