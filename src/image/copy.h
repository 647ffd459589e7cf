// SPDX-License-Identifier: Apache-2.0
// image/copy.h - an image goes from one place to another: state, layout, archive; blobs that are there are not sent.
//
// A place that gives blobs is an image_from, one that takes them an image_to. Whoever takes checks: the sink of `take`
// refuses by its finish what is not the descriptor's bytes (ERR_DIGEST), and leaves nothing then.
#pragma once
#include "image/image.h"

struct image_blob {
    const struct descriptor *desc;
    const struct digest *diff_id;  // of a layer; NULL: not one
    const struct image_note *note; // of a layer; NULL: none
};

struct image_from;
struct image_from_ops {
    int (*send)(struct image_from *f, const struct image_blob *b, struct sink *to,
                struct err *e); // neither finishes nor drops
    void (*drop)(struct image_from *f);
};
struct image_from {
    const struct image_from_ops *ops;
};
void image_from_drop(struct image_from *f);
DEFINE_DROP(struct image_from *, image_from_drop)

struct image_to;
struct image_to_ops {
    bool (*has)(struct image_to *to, const struct digest *d);
    int (*take)(struct image_to *to, const struct descriptor *d, struct sink **out, struct err *e);
    void (*drop)(struct image_to *to);
};
struct image_to {
    const struct image_to_ops *ops;
};
void image_to_drop(struct image_to *to);
DEFINE_DROP(struct image_to *, image_to_drop)

// Layers from the lowest, config, manifest: a manifest comes when all that
// it names is there. Foreign layers (fetched from
// their urls) are left out.
int nodiscard image_copy(struct image_from *from, const struct image *img, struct image_to *to,
                         struct err *e);
int nodiscard image_copy_blob(struct image_from *from, const struct image_blob *b, struct image_to *to,
                              struct err *e);

// Blobs of the state; a layer without blob is made from its tree as its
// note says, and must come out as its descriptor has
// it (ERR_DIGEST). `p` may be NULL. Both borrow what they are given.
struct image_from *image_from_state(struct state *st, struct pool *p);
struct image_to *image_to_state(struct state *st, struct txn *t);

// A sink before `take_to` that finishes it only after exactly the
// descriptor's bytes: its size and, with `hash`, its digest
// (without: whatever is behind compares that). ERR_DIGEST.
struct sink *sink_checked(struct sink *take_to, const struct descriptor *d, bool hash);
