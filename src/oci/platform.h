// SPDX-License-Identifier: Apache-2.0
// oci/platform.h - operating system, architecture and variant: other spellings, matching, this machine.
//
// spec: OCI image-spec image-index.md#platform-variants; names are Go's GOOS and GOARCH.
#pragma once
#include "base/err.h"
#include "base/str.h"
#include "document/val.h"

struct oci_platform {
    struct str architecture, os, os_version;
    struct strv os_features;
    struct str variant;
    const struct val *rest; // as it was read
};

// "os/architecture[/variant]". Letters, digits, . _ - only; ERR_PARSE says which part is wrong. Comes out normal.
int nodiscard oci_platform_parse(struct arena *a, struct str s, struct oci_platform *out, struct err *e);
struct str oci_platform_format(struct arena *a, const struct oci_platform *p);
// x86_64 is amd64, aarch64 arm64, armhf arm/v7, macos darwin, …; the variant that goes
// without saying is left out (amd64/v1, arm64/v8) or written (arm is arm/v7). Texts are
// borrowed or literals; of letters' case, that of known names is lowered.
struct oci_platform oci_platform_normal(const struct oci_platform *p);
// Would an image for `have` run on `want`? OCI_PLATFORM_NEVER, else the lower, the better: 0 is the same platform,
// amd64/v2 runs on amd64/v3 (1), arm/v6 on arm/v7. os.version must agree where both have one.
#define OCI_PLATFORM_NEVER 1000u
unsigned oci_platform_rank(const struct oci_platform *have, const struct oci_platform *want);
struct oci_platform oci_platform_host(void); // of this machine: linux and the kernel's machine name
