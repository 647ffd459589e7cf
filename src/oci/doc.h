// SPDX-License-Identifier: Apache-2.0
// oci/doc.h - what the documents of this room share. Private to it.
#pragma once
#include "document/schema.h"
#include "oci/descriptor.h"
#include "oci/media_type.h"

SCHEMA_DECLARE(oci_platform_schema, struct oci_platform);
SCHEMA_DECLARE(descriptor_schema, struct descriptor);
// The JSON object in `bytes`, which are what `want` (or NULL) names.
int nodiscard oci_read(struct arena *a, struct str bytes, const struct descriptor *want, struct val **out,
                       struct err *e);
// The envelope of a manifest or an index: their kind, told by keys, mediaType and what `want` says, which must agree.
int nodiscard oci_read_image(struct arena *a, struct str bytes, const struct descriptor *want,
                             struct val **out, enum media_kind *kind, struct err *e);
int nodiscard oci_write(struct arena *a, const struct schema *s, const void *in, enum oci_style style,
                        struct str *out, struct err *e);
int oci_read_digest(struct decode *d, const struct val *v, void *at, struct err *e);
int oci_write_digest(const struct doc *doc, const void *at, struct val *out, struct err *e);
int oci_check_media_type(struct decode *d, const struct val *table, const char *key, struct err *e);
// What manifests and indexes have in common: `artifactType` and `schemaVersion`.
int oci_check_image(struct decode *d, const struct val *table, void *at, struct err *e);
