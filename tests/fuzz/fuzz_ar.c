// SPDX-License-Identifier: Apache-2.0
// Any bytes as an ar archive: every member, all its data.
#include "archive/ar.h"
#include "base/path.h"
#include "stream/memory.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void want(bool truth)
{
    if (!truth)
        abort();
}

static int take_data(struct source *from, uint64_t size, struct err *e)
{
    for (uint64_t done = 0;;) {
        struct view v;
        if (source_peek(from, 1 + size % 5, &v, e) < 0)
            return -1;
        if (!v.n) {
            want(done == size);
            return 0;
        }
        done += v.n;
        want(done <= size);
        if (source_skip(from, v.n, e) < 0)
            return -1;
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    drop_(source_drop) struct source *s = source_memory(data, size);
    drop_(ar_reader_free) struct ar_reader *r = ar_reader_new(s);
    for (;;) {
        const struct ar_member *m;
        struct err e = {0};
        enum ar_step step = ar_next(r, &m, &e);
        want((step == AR_ERROR) == (e.code != ERR_NONE));
        if (step != AR_MEMBER)
            return 0;
        want(path_is_safe(m->name));
        if (m->mtime_sec % 3 && take_data(ar_data(r), m->size, &e) < 0)
            return 0;
    }
}
