// SPDX-License-Identifier: Apache-2.0
// Any bytes as a tar archive: every entry, all its data in windows that depend on the input, every name made fit.
// What was read must be true of itself: sizes, extents, names.
#include "archive/tar_block.h"
#include "archive/tar_read.h"
#include "base/path.h"
#include "stream/memory.h"

enum { DATA_MAX = 1 << 20 }; // of one entry: holes are long

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void want(bool truth)
{
    if (!truth)
        abort();
}

static int take_data(struct source *from, uint64_t size, size_t min, struct err *e)
{
    for (uint64_t done = 0; done < size;) {
        struct view v;
        if (source_peek(from, min, &v, e) < 0)
            return -1;
        want(v.n > 0 && v.n <= size - done && (v.n >= min || v.n == size - done));
        volatile uint8_t touched = v.p[0] ^ v.p[v.n - 1];
        (void)touched;
        uint64_t n = done > DATA_MAX ? size - done : v.n < min ? v.n : min;
        if (source_skip(from, n, e) < 0)
            return -1;
        done += n;
    }
    struct view end;
    if (source_peek(from, 1, &end, e) < 0)
        return -1;
    want(end.n == 0);
    return 0;
}

static void take_entry(const struct tar_entry *t)
{
    char out[LIMIT_PATH];
    struct err e = {0};
    want(t->name.n && !str_has_nul(t->name) && !str_has_nul(t->link) && t->mode <= 07777);
    want(t->type == TAR_FILE || t->size == 0);
    want(t->mtime_nsec < 1000000000 && t->uid != UINT32_MAX && t->gid != UINT32_MAX);
    uint64_t end = 0;
    for (size_t i = 0; i < t->extent_n; i++) {
        want(t->extent[i].n && (i == 0 || t->extent[i].at > end));
        end = t->extent[i].at + t->extent[i].n;
    }
    want(end <= t->size);
    if (tar_name_clean(t->name, out, &e) == 0)
        want(out[0] == 0 || path_is_safe(str_of(out)));
    struct err link = {0};
    if (t->link.n && tar_symlink_clean(t->link, out, &link) == 0)
        (void)tar_symlink_stays("a/b", out);
}

// Right checksums, without which a search never gets past the first header.
static void repair(uint8_t *p, size_t n)
{
    for (size_t at = 0; at + TAR_BLOCK_SIZE <= n; at += TAR_BLOCK_SIZE) {
        struct tar_block b;
        memcpy(&b, p + at, sizeof b);
        if (memcmp(b.magic, "ustar", 5) == 0) {
            tar_octal_put(b.sum, 7, tar_block_sum(&b, NULL));
            memcpy(p + at, &b, sizeof b);
        }
    }
}

static void take_all(const uint8_t *data, size_t size)
{
    drop_(source_drop) struct source *s = source_memory(data, size);
    drop_(tar_reader_free) struct tar_reader *r = tar_reader_new(s);
    size_t min = size ? (size_t)data[size - 1] * 7 % 3000 + 1 : 1;
    for (;;) {
        const struct tar_entry *t;
        struct err e = {0};
        enum tar_step step = tar_next(r, &t, &e);
        want((step == TAR_ERROR) == (e.code != ERR_NONE));
        if (step != TAR_ENTRY)
            return;
        take_entry(t);
        if (t->mtime_sec % 5 != 3 &&
            take_data(tar_data(r), t->size, min, &e) < 0) // now and then nobody reads it
            return;
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    drop_free uint8_t *copy = xmemdup(data, size);
    take_all(data, size);
    repair(copy, size);
    take_all(copy, size);
    return 0;
}
