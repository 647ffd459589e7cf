// SPDX-License-Identifier: Apache-2.0
// The bytes are a Packages file; every package of it is then asked for alone.
#include "base/limits.h"
#include "debian/index.h"
#include "debian/relation.h"
#include "debian/resolve.h"

static void must(bool holds, const char *what)
{
    if (!holds)
        BUG(what);
}

static void check_package(const struct deb_package *p, struct str text)
{
    must(deb_name_is_valid(p->name) && p->version_text.n && p->size && p->filename.n,
         "a package that says too little");
    must(p->filename.p[0] != '/' && !memmem(p->filename.p, p->filename.n, "/../", 4),
         "a file outside of the repository");
    must(p->paragraph.p >= text.p && p->paragraph.p + p->paragraph.n <= text.p + text.n,
         "a paragraph of nowhere");
}

// What was chosen must hold together: each name once, sorted.
static void check_selection(const struct deb_selection *s)
{
    for (size_t i = 1; i < s->n; i++)
        must(str_cmp(s->v[i - 1].package->name, s->v[i].package->name) < 0, "a name chosen twice");
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    enum { ASKED_MAX = 16 };
    drop_(arena_free) struct arena *a = arena_new(4096);
    struct str text = {(const char *)data, size};
    struct deb_index_spec spec = {text, "Packages", STR("amd64"), NULL};
    struct deb_index x = {0};
    struct err e = {0};
    if (deb_index_read(a, &spec, &x, &e) < 0) {
        must(e.code == ERR_PARSE || e.code == ERR_LIMIT, "refused for another reason");
        must(!x.n, "refused, and something is there");
        return 0;
    }
    for (size_t i = 0; i < x.n; i++)
        check_package(&x.v[i], text);
    for (size_t i = 0; i < x.n && i < ASKED_MAX; i++) {
        struct err why = {0};
        struct strv wanted = {0};
        struct deb_selection s = {0};
        strv_add(a, &wanted, x.v[i].name);
        if (deb_resolve(a, &x, &wanted, &s, &why) == 0)
            check_selection(&s);
        else
            must(why.code == ERR_NOT_FOUND || why.code == ERR_USAGE || why.code == ERR_PARSE ||
                     why.code == ERR_LIMIT,
                 "not resolved for another reason");
    }
    return 0;
}
