// SPDX-License-Identifier: Apache-2.0
// platform/kept.h - what an app keeps from build to build: the contents of layers, and what is known of them.
//
// apps/KEY of the state (KEY is of the image's name) holds kept.toml and generations: GEN/BUILDPACK/PART is
// what one build wrote of a layer's directory or of its SBOM file. A build sees the generations as the lowers
// of one overlay, the newest first; what it wrote is the overlay's upper, which becomes the next generation.
// So a layer without an entry in the upper was not touched: its diff ID and blob are those of the record, and
// nothing of it is looked at.
//
// kept.toml is the truth: it is replaced at once, after everything it names was synced. What it does not name
// goes with the next kept_open. A build that fails, or is killed, has changed nothing. spec: cnb.md §4.5,
// §5.2.
#pragma once
#include "base/event.h"
#include "cnb/group.h"
#include "cnb/labels.h"
#include "layer/known.h"

struct kept;

struct kept_opts {
    struct state *st;
    struct events *ev;
    struct str name;          // of the image, as image_name has it
    uint32_t uid, gid;        // of the build, inside
    int64_t out_uid, out_gid; // those outside, to whom the directories are given; -1: they are ours
    bool copies;              // plain directories: kept layers are copied, nothing is mounted
    const char *codec;        // of new blobs; a layer of another one is made anew
    const char *source;       // absolute path of the app's folder; NULL: not written down
};

// Ours alone until kept_close: another build of the same app is ERR_BUSY. Leftovers are removed. A record
// that cannot be read is a warning: then nothing is kept.
int nodiscard kept_open(struct arena *a, const struct kept_opts *o, struct kept **out, struct err *e);
void kept_close(struct kept *k);
DEFINE_DROP(struct kept *, kept_close)

struct kept_previous { // the image that the name stands for; NULL md: there is none
    const struct lifecycle_metadata *md;
    struct digest manifest;
};
// Makes what the layers directory holds before bin/build: metadata, store, and contents of the layers that
// the spec restores for this group.
int nodiscard kept_restore(struct kept *k, const struct cnb_selected *group,
                           const struct kept_previous *previous, struct err *e);
// After it: lowers of an overlay, topmost first, and its scratch. No lower: kept_upper is a plain directory,
// to be bound.
const struct strv *kept_lower(const struct kept *k);
const char *kept_scratch(const struct kept *k); // holds upper/ and work/
const char *kept_upper(const struct kept *k);
int kept_upper_fd(const struct kept *k);

// After the build. `layers_fd` is the merged directory. KNOWN_YES: this build did not touch the layer, and
// its blob is in the state; only the modes of its parents are looked at.
enum known nodiscard kept_find(struct kept *k, int layers_fd, struct str buildpack, struct str layer,
                               struct layer *out, struct err *e);
// What the exporter found or made of a launch layer; kept_keep writes it down.
void kept_note(struct kept *k, struct str buildpack, struct str layer, const struct layer *l);

// The upper becomes a generation. `layers_fd` stays the caller's, and must be the last one of the mount: it
// is closed here before anything is moved. Nothing is written where nothing changed.
int nodiscard kept_keep(struct kept *k, const struct cnb_selected *group, int *layers_fd,
                        const struct digest *manifest, struct err *e);

// The spec of a tree (`sub` beneath dirfd) of which only a print is taken.
struct layer_spec kept_spec(int dirfd, struct str sub);

// The name of its directory in apps/, for an image name as image_name has it.
struct str kept_key(struct arena *a, struct str name);
// The folder that the app of that name was last built from, as kept_folder writes it; empty: not known.
struct str kept_source(struct state *st, struct arena *a, struct str name);
struct str kept_folder(struct arena *a, const char *source); // of any bytes; NULL: empty
// For gc: apps whose image has no name any more. Those that are being built stay. *n counts.
int nodiscard kept_gc(struct state *st, bool dry_run, uint64_t *n, struct err *e);
