// SPDX-License-Identifier: Apache-2.0
// Certificates of bindings as files in layers: for the build one bundle with those that it trusts anyway, for the image
// only the bound ones.
#include "buildpacks/calls.h"
#include "base/file.h"
#include "helpers/helpers.h"
#include "stream/hash.h"

static int trusted(struct call *c, struct certificates *bound, struct trust *out, struct err *e)
{
    if (certificates_of(c->a, c->bindings, bound, e) < 0)
        return -1;
    return certificates_trust(c->a, &(struct helper_in){.env = c->env}, bound, out, e);
}

static struct str digest(struct arena *a, struct str text)
{
    struct digest d;
    char hex[DIGEST_TEXT];
    digest_of(HASH_SHA256, text.p, text.n, &d);
    return str_dup(a, str_of(digest_text(&d, hex)));
}

// Of the two contents: keys of layers.
static int certs(struct call *c, struct err *e)
{
    struct certificates bound = {0};
    struct trust t;
    if (trusted(c, &bound, &t, e) < 0)
        return -1;
    call_answer(c, "bound", digest(c->a, certificates_text(c->a, &bound)));
    call_answer(c, "trusted", digest(c->a, t.all));
    return 0;
}

static int bundle(struct call *c, struct err *e)
{
    struct certificates bound = {0};
    struct trust t;
    if (trusted(c, &bound, &t, e) < 0 || file_place(c->layer_fd, "ca-certificates.crt", 0644, t.all, e) < 0)
        return -1;
    return file_place(c->layer_fd, "extra.crt", 0644, t.extra, e);
}

static int embed(struct call *c, struct err *e)
{
    struct certificates bound = {0};
    if (certificates_of(c->a, c->bindings, &bound, e) < 0)
        return -1;
    call_log(c, 2, "%zu certificates", bound.pem.n);
    return file_place(c->layer_fd, "certs.pem", 0644, certificates_text(c->a, &bound), e);
}

const struct call_row ca_certificates_calls[] = {
    {"ca-certificates.certs", certs},
    {"ca-certificates.bundle", bundle},
    {"ca-certificates.embed", embed},
    {NULL, NULL},
};
