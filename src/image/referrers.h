// SPDX-License-Identifier: Apache-2.0
// image/referrers.h - what is said about an image beside it: SBOMs, packages of a lock, signatures.
//
// An artifact names its subject. In the state they are found as in a registry without a referrers API: the name
// REPOSITORY:ALG-HEX stands for an index of them. spec: OCI distribution-spec, "Referrers Tag Schema".
#pragma once
#include "image/image.h"
#include "oci/index.h"

// Manifest and config of the artifact become blobs, and the index of its
// subject gets it. One with the same artifact type
// and the same annotations is replaced. `reference` is the subject's, its
// tag does not count. More than one for a subject
// in one transaction: give them together.
int nodiscard referrers_add(struct txn *t, struct state *st, struct str reference,
                            const struct image *artifacts, size_t n, struct err *e);
struct referrers_query {
    struct str reference; // of the subject; its tag does not count
    const struct digest *subject;
    struct str type; // of the artifacts; empty: all
};
// In order. None: an empty list.
int nodiscard referrers_list(struct state *st, struct arena *a, const struct referrers_query *q,
                             struct descriptors *out, struct err *e);
// The name of the index. ERR_PARSE: no reference.
int nodiscard referrers_name(struct arena *a, struct str reference, const struct digest *subject,
                             struct str *out, struct err *e);
