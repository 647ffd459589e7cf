// SPDX-License-Identifier: Apache-2.0
// What is read is written, read again, and the same. A refusal has a place.
#include "base/limits.h"
#include "document/toml.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static int again(struct arena *a, const struct val *v)
{
    struct err e = {0};
    struct val *second;
    drop_buf struct buf out = BUF_INIT(LIMIT_DOCUMENT);
    if (toml_write(v, &out, &e) < 0)
        return out.over ? 0 : -1;
    if (toml_read(a, buf_view(&out), "again", &second, &e) < 0)
        return -1;
    return val_eq(v, second) ? 0 : -1;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    drop_(arena_free) struct arena *a = arena_new(0);
    struct err e = {0};
    struct val *v;
    if (toml_read(a, (struct str){(const char *)data, size}, "fuzz", &v, &e) < 0) {
        if (!e.at.line || !e.at.col || !e.cause[0])
            BUG("a refusal without a place");
    } else if (again(a, v) < 0) {
        BUG("written as another document");
    }
    return 0;
}
