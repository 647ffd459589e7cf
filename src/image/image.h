// SPDX-License-Identifier: Apache-2.0
// image/image.h - an image as data, and as a name of the state.
//
// An image is the exact bytes of a manifest and of its config, decoded beside them; once they have a digest they are
// never encoded again. In the state a name stands for the manifest's
// descriptor, manifest and config are blobs. A layer is
// there as a blob (by its digest), as a tree (by its diff ID), as both,
// or not at all. What the manifest cannot say of a
// layer, how its blob is made from its tree and where else it can be had,
// is a note; the notes of an image are a blob of
// their own, named by an annotation of the name's descriptor. spec: OCI image-spec manifest.md, config.md.
#pragma once
#include "layer/make.h"
#include "oci/image_config.h"
#include "oci/reference.h"
#include "state/state.h"

// Of the descriptor that a name of the state stands for; they never leave the state.
#define IMAGE_ANNOTATION_NOTES "dema.image.notes"

struct image_note {
    struct layer_spec
        make;        // from the tree in the state, whose root is that of the image; codec NULL: not known
    struct str from; // a reference: the repository that has the blob; empty: none is known
};

struct image {
    struct descriptor desc; // of manifest_bytes; its annotations are those of the state's name
    struct str manifest_bytes, config_bytes; // exact
    struct manifest manifest;
    struct image_config
        config; // of an artifact (manifest_is_image says no): zeros, config_bytes are what it has
    struct image_note *note; // NULL, or one a layer
};

// Refused: what manifest_decode and image_config_decode refuse, a config
// that is not the manifest's, layers that do not fit
// the diff IDs. `want` may be NULL. Everything is borrowed from the bytes and the arena.
int nodiscard image_decode(struct arena *a, struct str manifest, const struct descriptor *want,
                           struct str config, struct image *out, struct err *e);
struct image image_new(const struct oci_platform *p); // no layer; encode it when it is complete
void image_add_layer(struct arena *a, struct image *img, const struct descriptor *blob,
                     const struct digest *diff_id, const struct history *h);
struct image_note *image_note_at(struct arena *a, struct image *img,
                                 size_t layer); // made where there is none
// Config and manifest get their bytes, canonical, and their descriptors. desc.annotations stay.
int nodiscard image_encode(struct arena *a, struct image *img, struct err *e);
// An artifact (OCI image-spec manifest.md#guidelines-for-artifact-usage): an empty config, one blob a layer.
// `subject` may be NULL. Its layers are added with descriptors_add before image_encode.
struct image image_artifact(struct str type, const struct descriptor *subject);

// The name as the state has it: with registry and tag, without digest. ERR_PARSE.
int nodiscard image_name(struct arena *a, struct str text, struct str *out, struct err *e);
// By a reference: its name, or with a digest the manifest of that digest.
// Of an index the manifest for `want` (NULL: this
// machine). ERR_NOT_FOUND.
int nodiscard image_load(struct state *st, struct arena *a, struct str reference,
                         const struct oci_platform *want, struct image *out, struct err *e);
// By the manifest's descriptor, without notes.
int nodiscard image_load_desc(struct state *st, struct arena *a, const struct descriptor *desc,
                              struct image *out, struct err *e);
// Manifest, config and notes become blobs of the transaction, and the name
// stands for the manifest at its commit. `old` as
// in txn_name. Layers are the caller's matter. What referred to an image that has no name any more loses its own name.
int nodiscard image_save(struct txn *t, struct state *st, struct str reference, const struct digest *old,
                         const struct image *img, struct err *e);
// The bytes as a blob of the transaction; *out is its descriptor.
int nodiscard image_put_blob(struct txn *t, struct str media_type, struct str bytes, struct descriptor *out,
                             struct err *e);
int nodiscard image_get_blob(struct state *st, struct arena *a, const struct descriptor *d, struct str *out,
                             struct err *e); // at most LIMIT_DOCUMENT bytes; checked

enum image_where { IMAGE_NOWHERE, IMAGE_BLOB = 1, IMAGE_TREE = 2 };
unsigned image_layer_where(struct state *st, const struct image *img, size_t layer); // of enum image_where
// Every layer becomes a tree of the state, made from its blob where it is none yet: lowers of an overlay.
int nodiscard image_make_trees(struct state *st, const struct image *img, struct err *e);

// For gc_opts.refs: config, layers and trees of a manifest, the manifests of an index, notes. What is not there is not
// followed. `ctx` is not used.
int nodiscard image_gc_refs(void *ctx, struct state *st, const struct state_name *name, struct gc *g,
                            struct err *e);
