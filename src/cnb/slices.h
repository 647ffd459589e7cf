// SPDX-License-Identifier: Apache-2.0
// cnb/slices.h - which layer of the app a path goes into (spec: buildpack.md "Slices"; cnb.md §6.4).
//
// Patterns are Go's filepath.Match over paths relative to the app directory; there is no `**`. A directory that matches
// takes everything below it. The first slice that matches keeps a path; what no slice has is the rest, number n. A
// slice also has the directories above its paths; the rest has no directory whose content all lies in slices.
#pragma once
#include "base/map.h"
#include "cnb/launch.h"

enum { SLICE_PATTERNS_MAX = 10000 };

struct slices;
// O13: malformed patterns and more than SLICE_PATTERNS_MAX of them are errors; one that leads out matches nothing.
int nodiscard slices_new(struct arena *a, const struct cnb_slice *v, size_t n, struct slices **out,
                         struct err *e);
void slices_add(struct slices *s, struct str path,
                bool is_dir);         // a directory before what it holds; without the app itself
void slices_settle(struct slices *s); // after the last path
bool slices_empty(const struct slices *s, size_t number);
bool slices_has(const struct slices *s, size_t number, struct str path);
