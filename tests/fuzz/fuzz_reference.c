// SPDX-License-Identifier: Apache-2.0
// A reference that parses is written in both forms, each of which parses to the same one; errors name their cause.
#include "oci/reference.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_again(struct arena *a, const struct reference *r, struct str text)
{
    struct reference again;
    if (reference_parse(a, text, &again, NULL) < 0 || !reference_eq(r, &again))
        __builtin_trap();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    drop_(arena_free) struct arena *a = arena_new(4096);
    struct reference r;
    struct err e = {0};
    if (reference_parse(a, (struct str){(const char *)data, size}, &r, &e) < 0) {
        if (e.code != ERR_PARSE || !e.cause[0])
            __builtin_trap();
        return 0;
    }
    check_again(a, &r, reference_format(a, &r));
    check_again(a, &r, reference_familiar(a, &r));
    return 0;
}
