// SPDX-License-Identifier: Apache-2.0
// layer/unpack.h - a layer as a directory tree, ready to be a lower of an overlay mounted with `userxattr`.
//
// Nothing outside of the directory is read, made, changed or removed,
// whatever the layer holds (security.md §5.4, T1-T44):
// - ".." is refused; leading "/" and "./" fall away; what would go through a symbolic link of the layer is refused;
// - symbolic links are made as they are (absolute, dangling, leading
// out): links are data, path_open follows them safely;
// - a hard link must name an earlier entry that is no directory;
// - later entries replace earlier ones of the same name, whatever their types; a directory over a directory keeps it;
// - ".wh.NAME" becomes a character device 0:0 (overlay's whiteout, which
// needs no privilege), ".wh..wh..opq" the extended
//   attribute user.overlay.opaque=y on its directory; other ".wh..wh.*" are aufs' own and left out. Whiteouts hide what
//   lies in layers below, never an entry of the same layer;
// - devices are left out (a 0:0 one would be a forged whiteout), so are all extended attributes (file capabilities,
//   trusted.overlay.*, user.overlay.*); both are counted;
// - everything belongs to who unpacks (an unprivileged user cannot give files away; sandboxes map ids), so ids are not
//   kept; setuid and setgid are dropped unless `keep_setid`: for layers
// of our own, which are made again from their tree;
// - modes and times are set last on directories, so a 0000 directory can be filled.
#pragma once
#include "base/limits.h"
#include "state/state.h"
#include "stream/stream.h"

struct unpack_opts {
    uint64_t max_entries; // 0: LIMIT_TAR_ENTRIES
    uint64_t max_bytes;   // of all files together and of the tar; 0: LIMIT_LAYER
    bool keep_setid;
};

struct unpacked {
    struct digest diff_id; // sha256 of the plain tar that was read
    uint64_t entries, bytes;
    uint64_t whiteouts;               // opaque ones too
    uint64_t devices, xattrs, setids; // left out
};

// `plain` is the tar itself (read to its end, not dropped). `dirfd`
// should be an empty directory that nobody else writes
// to. `opts` NULL: the defaults. On failure the directory holds a part of the layer: throw it away.
int nodiscard layer_unpack(struct source *plain, int dirfd, const struct unpack_opts *opts,
                           struct unpacked *out, struct err *e);
// Unpacks into the state as the tree of `diff_id`, which the bytes must have: ERR_DIGEST. Published by the commit.
int nodiscard layer_unpack_tree(struct txn *t, struct source *plain, const struct digest *diff_id,
                                const struct unpack_opts *opts, struct unpacked *out, struct err *e);
