// SPDX-License-Identifier: Apache-2.0
// image/layout.h - OCI image layouts: a directory with oci-layout, index.json and blobs/ALG/HEX.
//
// spec: OCI image-spec image-layout.md. Bytes of the same images are the same, whoever writes them.
#pragma once
#include "image/copy.h"
#include "oci/index.h"

#define LAYOUT_REF_NAME "org.opencontainers.image.ref.name"

// --- Writing. A new layout (`path` is absent, or an empty directory) is made beside its place and appears at once by
// layout_commit. Into one that is there blobs are added, and its
// index.json is replaced by the commit. Any other directory
// is refused (ERR_USAGE). Without commit a new one leaves nothing, in an old one nothing names what was added.
struct layout_writer;
int nodiscard layout_begin(const char *path, struct layout_writer **out, struct err *e);
struct image_to *layout_to(struct layout_writer *w); // borrowed: where image_copy sends to
// An entry of index.json with the image's platform and this annotation (empty: none); one with the same name or, where
// there is no name, the same digest is replaced.
void layout_add(struct layout_writer *w, const struct image *img, struct str ref_name);
int nodiscard layout_commit(struct layout_writer *w, struct err *e);
void layout_writer_drop(struct layout_writer *w);
DEFINE_DROP(struct layout_writer *, layout_writer_drop)

// --- Reading. Blobs are checked when they are read.
struct layout;
int nodiscard layout_open(const char *path, struct layout **out, struct err *e);
void layout_close(struct layout *l);
DEFINE_DROP(struct layout *, layout_close)
const struct image_index *layout_index(const struct layout *l);
// The image of that ref.name; empty: the only one. Of an index the manifest for `want` (NULL: this machine).
int nodiscard layout_image(struct layout *l, struct arena *a, struct str ref_name,
                           const struct oci_platform *want, struct image *out, struct err *e);
struct image_from *layout_from(struct layout *l); // borrows it
// The descriptor's bytes, at most LIMIT_DOCUMENT.
int nodiscard layout_get(struct layout *l, struct arena *a, const struct descriptor *d, struct str *out,
                         struct err *e);

// The two documents, for archives too.
struct str layout_marker(void); // of oci-layout
int nodiscard layout_check_marker(struct str bytes, struct err *e);
int nodiscard layout_check_index(struct arena *a, struct str bytes, struct image_index *out, struct err *e);
// Among the entries of an index. ERR_NOT_FOUND lists the names that are there.
int nodiscard layout_pick(const struct image_index *x, struct str ref_name, size_t *at, struct err *e);
void layout_entry(struct arena *a, struct image_index *x, const struct image *img, struct str ref_name);
