// SPDX-License-Identifier: Apache-2.0
#include "base/file.h"
#include "buildpacks/calls.h"
#include "kit/call_priv.h"
#include "test.h"
#include <fcntl.h>
#include <unistd.h>

struct rig {
    struct arena *a;
    struct recipe recipe;
    struct bp_input in;
    struct facts facts;
    struct strmap answer;
    struct call_inside inside;
    struct sbom sbom;
    struct call call;
};

static void rig_init(struct rig *r, struct arena *a, int app_fd)
{
    *r = (struct rig){.a = a};
    r->in = (struct bp_input){.app = STR("/workspace")};
    r->facts = (struct facts){.a = a, .r = &r->recipe, .in = &r->in};
    r->inside = (struct call_inside){.facts = &r->facts, .answer = &r->answer};
    r->call = (struct call){
        .a = a, .app = r->in.app, .app_fd = app_fd, .layer_fd = -1, .sbom = &r->sbom, .inside = &r->inside};
    strmap_set(a, &r->facts.values, STR("project"), STR("."));
    strmap_set(a, &r->facts.values, STR("lock"), STR("package-lock.json"));
}

static int run(struct rig *r, const char *name, struct err *e)
{
    for (const struct call_row *row = npm_calls; row->name; row++)
        if (str_is(str_of(name), row->name))
            return row->fn(&r->call, e);
    return err_set(e, ERR_NOT_FOUND, "%s", name);
}

static void put(struct test *t, const char *path, const char *text)
{
    test_write(t->dir, path, text, strlen(text));
}

static struct str component(struct rig *r, size_t i)
{
    struct sbom_component *c = &r->sbom.components.v[i];
    return str_printf(r->a, PRI_STR " " PRI_STR " " PRI_STR " " PRI_STR, STR_ARG(c->name),
                      STR_ARG(c->version), STR_ARG(c->purl),
                      STR_ARG(c->licences.n ? c->licences.v[0] : STR("-")));
}

TEST(an_sbom_of_node_modules)
{
    drop_(arena_free) struct arena *a = arena_new(65536);
    struct rig r;
    rig_init(&r, a, t->dir);
    put(t, "node_modules/.package-lock.json", "{}");
    put(t, "node_modules/.bin/tool", "");
    put(t, "node_modules/@scope/one/package.json",
        "{\"name\": \"@scope/one\", \"version\": \"1.0.0\", \"license\": \"MIT\"}");
    put(t, "node_modules/@scope/one/node_modules/deep/package.json",
        "{\"name\": \"deep\", \"version\": \"3.0.0\", \"licenses\": [{\"type\": \"BSD-3-Clause\"}, "
        "\"ISC\"]}");
    put(t, "node_modules/alias/package.json",
        "{\"name\": \"real\", \"version\": \"2.0.0\", \"license\": {\"type\": \"see LICENSE\"}}");
    put(t, "node_modules/broken/package.json", "{");
    put(t, "node_modules/empty/index.js", "");
    MUST(run(&r, "npm.modules", &e));
    EQ_INT(r.sbom.components.n, 5);
    EQ_STR(component(&r, 0), "@scope/one 1.0.0 pkg:npm/%40scope/one@1.0.0 MIT");
    EQ_STR(component(&r, 1), "deep 3.0.0 pkg:npm/deep@3.0.0 BSD-3-Clause");
    EQ_INT(r.sbom.components.v[1].licences.n, 2);
    EQ_STR(component(&r, 2), "real 2.0.0 pkg:npm/real@2.0.0 see LICENSE");
    EQ_STR(component(&r, 3), "broken  pkg:npm/broken -");
    EQ_STR(component(&r, 4), "empty  pkg:npm/empty -");
}

TEST(nothing_installed)
{
    drop_(arena_free) struct arena *a = arena_new(4096);
    struct rig r;
    rig_init(&r, a, t->dir);
    MUST(run(&r, "npm.modules", &e));
    EQ_INT(r.sbom.components.n, 0);
}

static void link_is(struct test *t, const char *path, const char *want)
{
    char got[4096] = "";
    ssize_t n = readlinkat(t->dir, path, got, sizeof got - 1);
    CHECK(n >= 0);
    EQ_TEXT(got, want);
}

TEST(links_to_packages_of_the_app)
{
    drop_(arena_free) struct arena *a = arena_new(65536);
    struct rig r;
    rig_init(&r, a, t->dir);
    static const struct {
        const char *path, *target, *want;
    } rows[] = {
        {"node_modules/@shop/word", "../../packages/word", "/workspace/packages/word"},
        {"node_modules/lib", "../lib", "/workspace/lib"},
        {"node_modules/same", "@shop/word", "@shop/word"},
        {"node_modules/there", "/opt/there", "/opt/there"},
        {"node_modules/out", "../../..", "/"},
        {"node_modules/.bin/tool", "../lib/cli.js", "../lib/cli.js"},
    };
    put(t, "node_modules/@shop/x/package.json", "{}");
    put(t, "node_modules/.bin/x", "");
    for (size_t i = 0; i < COUNT(rows); i++)
        CHECK(symlinkat(rows[i].target, t->dir, rows[i].path) == 0);
    for (int twice = 0; twice < 2; twice++) {
        MUST(run(&r, "npm.modules", &e));
        for (size_t i = 0; i < COUNT(rows); i++)
            link_is(t, rows[i].path, rows[i].want);
    }
    r.call.sbom = NULL;
    MUST(run(&r, "npm.modules", &e));
    CHECK(symlinkat("..", t->dir, "packages") == 0);
    strmap_set(a, &r.facts.values, STR("project"), STR("packages"));
    MUST(run(&r, "npm.modules", &e));
}

TEST(modules_of_a_workspace_package)
{
    static const struct {
        const char *lock, *nested;
    } rows[] = {
        {"{\"packages\": {\"\": {}, \"node_modules/a\": {}, \"node_modules/a/node_modules/b\": {}, "
         "\"packages/x\": {}}}",
         ""},
        {"{\"packages\": {\"\": {}, \"packages/x/node_modules/b\": {}, \"packages/y/node_modules/c\": {}}}",
         "packages/x"},
        {"{\"lockfileVersion\": 1, \"dependencies\": {}}", ""},
        {"{\"packages\": []}", ""},
        {"[]", ""},
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        drop_(arena_free) struct arena *a = arena_new(4096);
        struct rig r;
        rig_init(&r, a, t->dir);
        put(t, "package-lock.json", rows[i].lock);
        MUST(run(&r, "npm.lock", &e));
        const struct str *got = strmap_get(&r.answer, STR("nested"));
        EQ_STR(got ? *got : STR(""), rows[i].nested);
    }
    drop_(arena_free) struct arena *a = arena_new(4096);
    struct rig r;
    rig_init(&r, a, t->dir);
    put(t, "package-lock.json", "{\n\"packages\": ");
    REFUSED(run(&r, "npm.lock", &e), ERR_PARSE, "package-lock.json|2");
}
