// SPDX-License-Identifier: Apache-2.0
// Any bytes as PEM: what is taken is written, and read again as the same certificates.
#include "helpers/helpers.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void want(bool truth)
{
    if (!truth)
        abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    drop_(arena_free) struct arena *a = arena_new(0);
    struct certificates once = {0}, again = {0};
    struct err e = {0};
    if (certificates_add(a, &once, (struct str){(const char *)data, size}, "x", &e) < 0) {
        want(e.code != ERR_NONE && !once.pem.n);
        return 0;
    }
    want(once.pem.n);
    want(certificates_add(a, &again, certificates_text(a, &once), "x", &e) == 0);
    want(again.pem.n == once.pem.n);
    for (size_t i = 0; i < once.pem.n; i++)
        want(str_eq(again.pem.v[i].key, once.pem.v[i].key));
    return 0;
}
