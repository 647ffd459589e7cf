// SPDX-License-Identifier: Apache-2.0
// sbom/cyclonedx.h - an SBOM as CycloneDX JSON.
//
// spec: CycloneDX 1.4, 1.5 and 1.6. The same SBOM gives the same bytes,
// whatever the order of its components, with keys in
// the order of the schema. `metadata.tools` has the array form: readers give nothing for the other. 1.5 is what most
// readers know; what is newer is never the default.
#pragma once
#include "base/buf.h"
#include "sbom/sbom.h"

#define CYCLONEDX_MEDIA_TYPE "application/vnd.cyclonedx+json"
enum cyclonedx { CYCLONEDX_1_4, CYCLONEDX_1_5, CYCLONEDX_1_6, CYCLONEDX_MAX_ };

// Two components of one package URL, name and version count once. The buffer remembers an overflow.
void cyclonedx_write(const struct sbom *s, enum cyclonedx version, struct buf *out);
