// SPDX-License-Identifier: Apache-2.0
// sandbox/bundle.h - a plan as an OCI runtime bundle: config.json and the directories it names.
// spec: opencontainers/runtime-spec 1.0.2, config.md and config-linux.md
#pragma once
#include "sandbox/priv.h"

// Beneath the bundle directory: rootfs/ (empty, or the root itself for a tmpfs), extra/ (the uppermost lower directory:
// links), files/N (contents), scratch/N/{upper,work} (changes that nobody keeps), mounts/ (mount points for the mounts
// that root makes: set in the box's sources).
int nodiscard bundle_write(struct box *b, struct arena *a, const char *dir, struct err *e);
