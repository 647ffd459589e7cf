// SPDX-License-Identifier: Apache-2.0
// version/constraint.h - which versions are wanted: ">= 1.2, < 2", "^18", "~20.1 || 22.x", "1.2 - 1.4", "~> 3.2".
//
// One grammar: alternatives parted by `||`, each a list of comparators parted by blanks or commas that must all hold.
// A comparator is an operator (none = > >= < <= != ~ ~> ^, also => =<) and a version, which may be partial or have
// x, X or * from some number on; or two versions around " - ". `~1.2` is 1.2.x, `^1.2` is 1.x from 1.2 on, `^0.2.3` is
// 0.2.x from 0.2.3 on. Build metadata does not count. The dialects differ in this:
//                       MASTERMINDS (Go, Paketo)        NPM                           GEM (Bundler)
//   ~> 1.2              as ~1.2: 1.2.x                  as ~1.2                       1.x from 1.2 on
//   "1.2", "> 1.2"      1.2.x, from 1.3.0 on            the same                      1.2.0, above 1.2.0
//   pre-releases match  if the same alternative         if a comparator of the same   as MASTERMINDS
//                       writes a pre-release somewhere  alternative has that very
//                                                       x.y.z with a pre-release
//   an empty text       refused                         any version                   refused
#pragma once
#include "version/semver.h"

#define CONSTRAINT_TEXT_MAX 1024 // bytes; real ones stay below 100
#define CONSTRAINT_COMPARATORS_MAX 128

enum constraint_dialect { CONSTRAINT_MASTERMINDS, CONSTRAINT_NPM, CONSTRAINT_GEM, CONSTRAINT_DIALECT_MAX_ };
struct constraint;

// The constraint and its copy of the text live in the arena. ERR_PARSE says which character is wrong and why.
int nodiscard constraint_parse(struct arena *a, struct str text, enum constraint_dialect d,
                               const struct constraint **out, struct err *e);
bool constraint_matches(const struct constraint *c, const struct semver *v);
// The highest one of the list that matches, by semver_cmp_build, the first of equals; false: none does.
bool constraint_best(const struct constraint *c, const struct semver *list, size_t n, size_t *at);
struct str constraint_text(const struct constraint *c); // as it was written
