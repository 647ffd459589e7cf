// SPDX-License-Identifier: Apache-2.0
// version/semver.h - semantic versions: strict as the specification says, lenient as people write them.
//
// spec: semver.org 2.0.0, sections 2, 9, 10, 11. Texts are borrowed from what was parsed. Numbers go up to 2^53-1, the
// largest one that all implementations agree on. Constraints are in version/constraint.h.
#pragma once
#include "base/err.h"
#include "base/str.h"

#define SEMVER_NUMBER_MAX ((1ull << 53) - 1)
#define SEMVER_TEXT_MAX 256 // bytes of one version

struct semver {
    uint64_t num[3];  // major, minor, patch; those not written are 0
    uint8_t parts;    // how many of them were written: 3 if strict
    struct str pre;   // pre-release without its '-', empty if none
    struct str build; // build metadata without its '+', empty if none
};

int nodiscard semver_parse(struct str s, struct semver *out, struct err *e);
// Also: blanks around it, `v` or `=` before it, one or two numbers ("18", "18.2-rc1"), leading zeros.
int nodiscard semver_parse_lenient(struct str s, struct semver *out, struct err *e);
int semver_cmp(const struct semver *a, const struct semver *b); // precedence: <0, 0, >0; build does not count
// A total order: versions of equal precedence by their build metadata, none being the lowest.
int semver_cmp_build(const struct semver *a, const struct semver *b);
struct str semver_format(struct arena *a, const struct semver *v); // always three numbers
