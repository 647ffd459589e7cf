// SPDX-License-Identifier: Apache-2.0
// oci/descriptor.h - what names a blob: media type, size, digest; and how documents of this room are read and written.
//
// spec: OCI image-spec descriptor.md. Texts live in the arena of the document. A descriptor whose digest has no
// algorithm is absent (`subject` of a manifest).
#pragma once
#include "base/map.h"
#include "document/val.h"
#include "oci/platform.h"
#include "stream/hash.h"

struct descriptor {
    struct str media_type;
    int64_t size;
    struct digest digest;
    struct str data; // base64 of the blob itself; checked when it is read
    struct strv urls;
    struct strmap annotations;
    struct oci_platform platform; // of an index' manifests; architecture and os empty: none
    struct str artifact_type;
    const struct val *rest; // the whole object as it was read: unknown keys and their order
};

struct descriptors {
    struct descriptor *v;
    size_t n, cap;
};

// How a document is written. Both are compact JSON as Go writes it, without a line feed at the end.
enum oci_style {
    OCI_AS_READ, // unknown keys, key order and numbers stay: edits of what others made
    OCI_CANONICAL, // the reference's key order, unknown keys behind, empty ones left out, labels sorted: what we make
};

#define DESCRIPTOR_ANY_SIZE (-1) // of one that was not read: only its digest is known
// Are these the bytes that `want` names? ERR_DIGEST. With a digest its size counts too, also a 0; without one there is
// nothing to name bytes by, and a size counts where it is more than 0.
int nodiscard descriptor_check(const struct descriptor *want, struct str bytes, struct err *e);
void descriptors_add(struct arena *a, struct descriptors *list, const struct descriptor *d);
// A descriptor on its own: what a name of the state stands for. Refused and written as within a manifest.
int nodiscard descriptor_decode(struct arena *a, struct str bytes, struct descriptor *out, struct err *e);
int nodiscard descriptor_encode(struct arena *a, const struct descriptor *d, enum oci_style style,
                                struct str *out, struct err *e);
