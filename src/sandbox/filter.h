// SPDX-License-Identifier: Apache-2.0
// sandbox/filter.h - the seccomp deny list, once: as a BPF program and, for runc, as rows.
#pragma once
#include "base/err.h"
#include "base/mem.h"
#include <linux/filter.h>
#include <stdbool.h>
#include <stdint.h>

struct filter_row {
    const char *name; // as libseccomp spells it
    int nr, error;
};
extern const struct filter_row filter_rows[]; // refused whatever the arguments; ends with a NULL name

// What is refused by its arguments.
#define FILTER_CLONE_FLAGS 0x7e020000u   // every CLONE_NEW… that clone(2) can take
extern const uint32_t filter_ioctls[];   // 0 ends
extern const uint32_t filter_families[]; // the socket families that are left; ends with 0
enum { FILTER_NETLINK_ROUTE = 0 };       // the one netlink protocol that is left

// In the arena. `unix_only`: no socket of another family, for a sandbox without a network namespace of its own.
void filter_build(struct arena *a, bool unix_only, struct sock_fprog *out);
