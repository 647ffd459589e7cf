// SPDX-License-Identifier: Apache-2.0
#include "sbom/licence.h"
#include "sbom/purl.h"

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n);

// What is read is written, and read again as the same.
int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
    drop_(arena_free) struct arena *a = arena_new(4096);
    struct str text = {(const char *)p, n}, first, second;
    struct purl u, again;
    struct err e = {0};
    (void)licence_expression(a, text);
    if (purl_parse(a, text, &u, &e) < 0 || purl_format(a, &u, &first, &e) < 0)
        return 0;
    if (purl_parse(a, first, &again, &e) < 0 || purl_format(a, &again, &second, &e) < 0 ||
        !str_eq(first, second))
        BUG("a package URL that was written is not read as it was");
    return 0;
}
