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

// A call that is refused by one of its arguments, of which the kernel looks at the low half only.
enum filter_test {
    FILTER_ANY_BIT, // it has a bit of v[0]
    FILTER_ONE_OF,  // it is one of v
    FILTER_NONE_OF, // it is none of v
};
struct filter_check {
    const char *name;
    int nr, error;
    uint32_t family; // only if the first argument is this one; 0: whatever it is
    unsigned arg;
    enum filter_test test;
    uint32_t v[4];
    unsigned n;
};
extern const struct filter_check filter_checks[]; // ends with a NULL name

// In the arena. `unix_only`: no socket of another family, for a sandbox without a network namespace of its own.
void filter_build(struct arena *a, bool unix_only, struct sock_fprog *out);
