// SPDX-License-Identifier: Apache-2.0
#include "sbom/sbom.h"

struct sbom_component *sbom_add(struct arena *a, struct sbom *s, enum sbom_type type)
{
    s->components.v =
        arena_grow(a, s->components.v, s->components.n, &s->components.cap, sizeof *s->components.v);
    struct sbom_component *c = &s->components.v[s->components.n++];
    *c = (struct sbom_component){.type = type};
    return c;
}

struct str sbom_uuid(struct arena *a, struct str text)
{
    // The namespace of RFC 9562 6.6 for OIDs; any fixed one would do.
    static const uint8_t space[16] = {0x6b, 0xa7, 0xb8, 0x12, 0x9d, 0xad, 0x11, 0xd1,
                                      0x80, 0xb4, 0x00, 0xc0, 0x4f, 0xd4, 0x30, 0xc8};
    drop_(hash_free) struct hash *h = hash_new(HASH_SHA1);
    struct digest d;
    hash_add(h, space, sizeof space);
    hash_add(h, text.p, text.n);
    hash_end(h, &d);
    uint8_t *u = d.sum;
    u[6] = (uint8_t)((u[6] & 0x0f) | 0x50);
    u[8] = (uint8_t)((u[8] & 0x3f) | 0x80);
    return str_printf(a, "%02x%02x%02x%02x-%02x%02x-%02x%02x-%02x%02x-%02x%02x%02x%02x%02x%02x", u[0], u[1],
                      u[2], u[3], u[4], u[5], u[6], u[7], u[8], u[9], u[10], u[11], u[12], u[13], u[14],
                      u[15]);
}
