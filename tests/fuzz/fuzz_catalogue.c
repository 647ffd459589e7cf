// SPDX-License-Identifier: Apache-2.0
// A constraint in the first line, then a buildpack.toml: what is picked satisfies the question, and its address is
// found a place without leaving a mirror.
#include "base/path.h"
#include "deps/catalogue.h"
#include "deps/mirror.h"
#include "document/toml.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(struct arena *a, const struct catalogue *c, struct str version)
{
    static const char *const env[] = {"BP_DEPENDENCY_MIRROR=file:///mirror/{originalHost},skip-path=/x",
                                      NULL};
    struct mirrors m = {.envp = env};
    struct strv all = {0};
    const struct dep *d;
    struct dep_want w = {c->deps.v[0].id, version, STR("linux"), STR("amd64")};
    catalogue_versions(a, c, &w, &all);
    if (catalogue_pick(a, c, &w, &d, NULL) == 0 && (!str_eq(d->id, w.id) || !strv_has(&all, d->version)))
        __builtin_trap();
    for (size_t i = 0; i < c->deps.n; i++) {
        struct place p;
        d = &c->deps.v[i];
        if (place_find(a, &m, d, &p, NULL) < 0)
            continue;
        if (d->scheme == DEP_HTTPS && (p.kind != PLACE_FILE || !path_is_within(p.path, STR("/mirror"))))
            __builtin_trap();
        if (p.kind == PLACE_FILE && (p.path.p[0] != '/' || memmem(p.path.p, p.path.n, "/../", 4)))
            __builtin_trap();
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct arena *a = arena_new(4096);
    struct str text = str_dup(a, (struct str){(const char *)data, size}), version = {"", 0};
    struct val *root;
    struct catalogue c;
    (void)str_next_line(&text, &version);
    if (text.p && toml_read(a, text, "buildpack.toml", &root, NULL) == 0 &&
        catalogue_read(a, root, "buildpack.toml", NULL, &c, NULL) == 0 && c.deps.n)
        check(a, &c, version);
    arena_free(a);
    return 0;
}
