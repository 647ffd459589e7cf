// SPDX-License-Identifier: Apache-2.0
// cnb/target.h - operating system, architecture and distribution that something is for (spec: buildpack.md "Targets").
//
// The empty text is a wildcard on either side. TOML spells the variant
// `variant` (spec) or `arch-variant` (reference): both are read.
#pragma once
#include "base/str.h"

struct cnb_distro {
    struct str name, version;
};

struct cnb_target {
    struct str os, arch, variant;
    struct {
        struct cnb_distro *v;
        size_t n;
    } distros; // one of these; empty: any
};

bool target_fits(const struct cnb_target *wanted, const struct cnb_target *base); // base: at most one distro
