// SPDX-License-Identifier: Apache-2.0
// debian/answer.h - the lock that a declaration was resolved to, kept as long as the signed lists say the same.
//
// "answers/HEX" in the folder of apt.h, by the digest of the declaration:
// so there is one for each. It holds the print of
// the lists (struct apt_indexes), the lock, and a checksum. None of that fails: what is missing, torn or of other lists
// is no answer, and one that cannot be written is not kept.
#pragma once
#include "stream/hash.h"

// `dir` is apt's folder. false: there is none.
bool deb_answer_find(struct arena *a, const char *dir, const struct digest *declaration,
                     const struct digest *lists, struct str *lock);
void deb_answer_keep(const char *dir, const struct digest *declaration, const struct digest *lists,
                     struct str lock);
