// SPDX-License-Identifier: Apache-2.0
// layer/make.h - a directory as a layer: tar, diff ID, compressor, blob digest, each byte touched once.
//
// Same tree, same spec, same bytes: whoever runs it, under whatever umask, with however many threads. So a retry, a
// resumed upload and a check need no file in between. spec: Tar normalisation (cnb.md §6.2).
#pragma once
#include "archive/tar.h"
#include "archive/walk.h"
#include "stream/codec.h"
#include "stream/hash.h"

enum layer_pick {
    LAYER_TAKE,
    LAYER_LEAVE, // not this one; a directory's children are still asked about
    LAYER_PRUNE, // nor anything beneath
};

struct layer_spec {
    int dirfd;      // borrowed
    struct str sub; // what is read beneath dirfd, a directory or one file; empty or ".": dirfd itself
    // Its name in the image: absolute and clean. Its parents get entries of their own, first. Where `sub` is the end of
    // `at` ("paketo/jre" of "/layers/paketo/jre", dirfd being /layers),
    // their modes are those on disk; those above 0755.
    struct str at;
    enum tree_order order;
    uint32_t uid, gid;               // of everything from `at` down; ids of the inside
    uint32_t parent_uid, parent_gid; // of its parents
    int64_t mtime_sec;               // of every entry; LAYER_MTIME unless SOURCE_DATE_EPOCH says otherwise
    const char *codec; // an encoder of stream/codec.h by name: it names the bytes and is recorded with them
    bool
        sink_digests; // the sink takes the blob's digest (txn_blob does): here it stays empty, and costs nothing
    // The directory is an overlay's upper: a character device 0:0 becomes
    // ".wh.NAME", user.overlay.opaque ".wh..wh..opq".
    bool whiteouts;
    // Which entries beneath `at` are part of it (slices); NULL: all. Parents in the image are always written.
    enum layer_pick (*pick)(void *ctx, const struct walk_entry *w);
    void *pick_ctx;
    // Sets uid, gid and mode of an entry beneath `at`, which holds `uid`, `gid` and the mode on disk before; NULL: they
    // stay. For trees whose owners an unprivileged user cannot give to files.
    void (*owner)(void *ctx, const struct walk_entry *w, struct tar_entry *t);
    void *owner_ctx;
};
#define LAYER_MTIME INT64_C(315532801) // 1980-01-01T00:00:01Z

struct layer {
    struct digest diff_id; // of the plain tar
    struct digest blob;    // sha256 of what went into the sink, unless `sink_digests`
    uint64_t blob_size;
    uint64_t plain;   // bytes of the plain tar
    uint64_t entries; // parents too
};

// Writes the layer into `to` (neither finished nor dropped). Modes are those on disk with setuid, setgid and sticky;
// sockets are left out, a hard link becomes a file of its own, names of users, times and extended attributes are not
// stored. What changes while it is read (a file that grows, shrinks or is replaced) is ERR_IO, transient, and named.
int nodiscard layer_make(const struct layer_spec *s, struct pool *p, struct sink *to, struct layer *out,
                         struct err *e);
