// SPDX-License-Identifier: Apache-2.0
#include "base/near.h"

enum { NEAR_MAX = 24 };

static unsigned edit_distance(struct str a, struct str b)
{
    unsigned row[NEAR_MAX + 1];
    for (unsigned j = 0; j <= b.n; j++)
        row[j] = j;
    for (unsigned i = 1; i <= a.n; i++) {
        unsigned diagonal = row[0];
        row[0] = i;
        for (unsigned j = 1; j <= b.n; j++) {
            unsigned same = diagonal + (a.p[i - 1] != b.p[j - 1]);
            diagonal = row[j];
            unsigned least = row[j] < row[j - 1] ? row[j] + 1 : row[j - 1] + 1;
            row[j] = least < same ? least : same;
        }
    }
    return row[b.n];
}

const char *nearest_name(struct str word, const char *const *names, size_t n)
{
    const char *best = NULL;
    unsigned least = 3;
    for (size_t i = 0; i < n; i++) {
        struct str name = str_of(names[i]);
        if (word.n > NEAR_MAX || name.n > NEAR_MAX || !word.n)
            continue;
        unsigned d = word.n >= 3 && name.n > word.n && memcmp(name.p, word.p, word.n) == 0
                         ? 1
                         : edit_distance(word, name);
        if (d < least && d < word.n) {
            least = d;
            best = names[i];
        }
    }
    return best;
}
