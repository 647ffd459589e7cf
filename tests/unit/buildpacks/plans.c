// SPDX-License-Identifier: Apache-2.0
// What the recipes of src/buildpacks come to for an app: one row a promise.
#include "../kit/fake.h"
#include "base/file.h"
#include "document/toml.h"
#include "test.h"
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>

struct row {
    const char *recipe;
    const char *files, *env; // "PATH=CONTENT" and "KEY=VALUE" by '\n'; NPMRCS: bindings of type npmrc
    const char *plan;        // "NAME" or "NAME:build" by ' '
    enum kit_phase phase;
    const char *want, *never; // words of the plan as text, parted by '|'; "!" before want: of the error
};

#define PKG(...) "package.json={" __VA_ARGS__ "}"
#define START "\"scripts\":{\"start\":\"node server.js\"}"
#define BUILD KIT_BUILD
#define DETECT KIT_DETECT
static const struct row rows[] = {
    // npm-install: the decision table
    {"npm-install", "server.js=", "", "", DETECT, "no package.json", NULL},
    {"npm-install", PKG(), "", "", DETECT, "node_modules|node|npm", "cpython"},
    {"npm-install", PKG("\"engines\":{\"node\":\"^22\"}"), "", "", DETECT, "^22|package.json", NULL},
    {"npm-install", PKG(), "BP_NPM_INCLUDE_BUILD_PYTHON=", "", DETECT, "cpython", NULL},
    {"npm-install", PKG(), "BP_NPM_INCLUDE_BUILD_PYTHON=true", "", DETECT, "cpython", NULL},
    {"npm-install", PKG(), "BP_NPM_INCLUDE_BUILD_PYTHON=false", "", DETECT, "npm", "cpython"},
    {"npm-install", PKG(), "BP_NPM_VERSION=10.*", "", DETECT, "10.*|BP_NPM_VERSION", NULL},
    {"npm-install", PKG(), "BP_NODE_PROJECT_PATH=web", "", DETECT, "!BP_NODE_PROJECT_PATH|web", NULL},
    {"npm-install", PKG(), "", "node_modules:launch", BUILD, "npm install|no package-lock.json",
     "npm ci|build-modules|npm prune|rebuild"},
    {"npm-install", PKG() "\npackage-lock.json={}", "", "node_modules:launch", BUILD, "npm ci|launch-modules",
     "npm install|build-modules|no package-lock.json|setup-symlinks"},
    {"npm-install", PKG() "\nnpm-shrinkwrap.json={}", "", "node_modules:launch", BUILD, "npm ci",
     "no package-lock.json"},
    {"npm-install", PKG() "\nnode_modules/a/index.js=", "", "node_modules:launch", BUILD,
     "npm list|npm rebuild", "npm ci|no package-lock.json"},
    {"npm-install", PKG() "\npackage-lock.json={}\nnode_modules/a/index.js=", "", "node_modules:launch",
     BUILD, "npm rebuild", "npm ci"},
    {"npm-install", PKG() "\npackage-lock.json={}\nnode_modules/.keep=", "", "node_modules:launch", BUILD,
     "npm ci", "npm rebuild"},
    {"npm-install", PKG() "\npackage-lock.json={}\nnode_modules/a/index.js=\nnpm-cache/x=", "",
     "node_modules:launch", BUILD, "npm ci|npm-cache/.", "npm rebuild"},
    {"npm-install", PKG() "\npackage-lock.json={}", "", "node_modules:build", BUILD,
     "build-modules|NODE_ENV|development", "launch-modules|prune"},
    {"npm-install", PKG() "\npackage-lock.json={}", "", "node_modules:build node_modules:launch", BUILD,
     "build-modules|launch-modules|npm prune|setup-symlinks|/tmp/npm-install", NULL},
    {"npm-install", PKG() "\npackage-lock.json={}", "BP_KEEP_NODE_BUILD_CACHE=true", "node_modules:launch",
     BUILD, "npm ci", "node_modules/.cache"},
    {"npm-install", PKG() "\npackage-lock.json={}", "BP_KEEP_NODE_BUILD_CACHE=si", "node_modules:launch",
     BUILD, "!BP_KEEP_NODE_BUILD_CACHE|si", NULL},
    {"npm-install", PKG() "\npackage-lock.json={}", "NPMRCS=1", "node_modules:launch", BUILD,
     "NPM_CONFIG_GLOBALCONFIG = /b/0/.npmrc", NULL},
    {"npm-install", PKG() "\npackage-lock.json={}", "NPMRCS=1", "node_modules:build", BUILD,
     "NPM_CONFIG_GLOBALCONFIG.default = /b/0/.npmrc", NULL},
    {"npm-install", PKG() "\npackage-lock.json={}", "NPM_CONFIG_GLOBALCONFIG=/mine\nNPMRCS=1",
     "node_modules:build", BUILD, "NPM_CONFIG_GLOBALCONFIG = /mine", "/b/0"},
    {"npm-install", PKG() "\npackage-lock.json={}", "NPMRCS=2", "node_modules:launch", BUILD, "!npmrc", NULL},
    {"npm-install", PKG("\"scripts\":{\"postinstall\":\"x\"}") "\npackage-lock.json={}", "",
     "node_modules:launch", BUILD, "postinstall may write", NULL},
    {"npm-install",
     PKG("\"scripts\":{\"postinstall\":\"patch-package\",\"prepare\":\"husky\"}") "\npackage-lock.json={}",
     "", "node_modules:launch", BUILD, "npm ci", "may write"},
    // npm-start
    {"npm-start", PKG(), "", "", DETECT, "no package.json with the script", NULL},
    {"npm-start", PKG(START), "", "", DETECT, "node_modules", "npm|watchexec"},
    {"npm-start", PKG("\"scripts\":{\"start\":\"npm run serve\"}"), "", "", DETECT, "npm", NULL},
    {"npm-start", PKG("\"scripts\":{\"start\":\"a\",\"prestart\":\"npx b\"}"), "", "", DETECT, "node_modules",
     NULL},
    {"npm-start", PKG(START), "BP_LIVE_RELOAD_ENABLED=true", "", DETECT, "watchexec", NULL},
    {"npm-start", PKG(START), "BP_LAUNCH_WITH_TINI=true", "", DETECT, "tini", NULL},
    {"npm-start", PKG(START), "BP_NPM_START_SCRIPT=serve", "", BUILD, "!BP_NPM_START_SCRIPT|serve", NULL},
    {"npm-start", PKG(START), "", "", BUILD, "[node] [server.js]", "sh|trap"},
    {"npm-start", PKG("\"scripts\":{\"start\":\"A=1 node x.js\"}"), "", "", BUILD,
     "trap|A=1 node x.js \"$@\"|needs a shell", NULL},
    {"npm-start", PKG("\"scripts\":{\"start\":\"node x.js\",\"prestart\":\"one\",\"poststart\":\"two\"}"), "",
     "", BUILD, "one && node x.js \"$@\" && two", NULL},
    {"npm-start", PKG("\"scripts\":{\"serve\":\"node x.js\",\"prestart\":\"uno\",\"preserve\":\"pre\"}"),
     "BP_NPM_START_SCRIPT=serve", "", BUILD, "pre && node x.js", "uno"},
    // node-run-script
    {"node-run-script", PKG(START), "", "", DETECT, "package.json has no script \"build\"", NULL},
    {"node-run-script", "server.js=", "", "", DETECT, "no package.json", NULL},
    {"node-run-script", PKG("\"scripts\":{\"build\":\"x\"}"), "", "", DETECT, "node_modules|npm", NULL},
    {"node-run-script", PKG("\"scripts\":{\"build\":\"x\"}"), "BP_NODE_RUN_SCRIPTS=", "", DETECT,
     "BP_NODE_RUN_SCRIPTS is empty", NULL},
    {"node-run-script", PKG("\"scripts\":{\"a\":\"x\"}"), "BP_NODE_RUN_SCRIPTS=a,b", "", BUILD,
     "!BP_NODE_RUN_SCRIPTS|no script \"b\"", NULL},
    {"node-run-script", PKG("\"scripts\":{\"a\":\"x\",\"b\":\"y\"}"), "BP_NODE_RUN_SCRIPTS=a,b", "", BUILD,
     "npm run a|npm run b", NULL},
    // node-start
    {"node-start", "README.md=", "", "", DETECT, "no server, app, main or index", NULL},
    {"node-start", "server.js=\nindex.js=", "", "", BUILD, "[node] [server.js]", "index.js"},
    {"node-start", "main.cjs=\nindex.js=", "", "", BUILD, "main.cjs", "index.js"},
    {"node-start", "web/app.mjs=\nserver.js=", "BP_NODE_PROJECT_PATH=web", "", BUILD, "web/app.mjs",
     "server.js"},
    {"node-start", "web/x.js=\nserver.js=", "BP_NODE_PROJECT_PATH=web\nBP_LAUNCHPOINT=x.js", "", BUILD,
     "web/x.js", "server.js"},
    {"node-start", "web/x.js=\nserver.js=", "BP_NODE_PROJECT_PATH=web\nBP_LAUNCHPOINT=web/x.js", "", BUILD,
     "web/x.js", "server.js"},
    {"node-start", "server.js=", "BP_LAUNCHPOINT=dist/x.js", "", BUILD, "!BP_LAUNCHPOINT|dist/x.js", NULL},
    {"node-start", "server.js=", "BP_LAUNCHPOINT=dist/x.js\nBP_VERIFY_LAUNCHPOINT=false", "", BUILD,
     "dist/x.js", NULL},
    {"node-start", "server.js=", "", "", DETECT, "node", "node_modules"},
    {"node-start", "server.js=\n" PKG(START), "", "", DETECT, "node_modules", NULL},
    {"node-start", "server.js=", "BP_LIVE_RELOAD_ENABLED=yes", "", BUILD, "!BP_LIVE_RELOAD_ENABLED|yes",
     NULL},
    {"node-start", "server.js=", "BP_LIVE_RELOAD_ENABLED=true", "", BUILD, "watchexec|no-reload", NULL},
    {"node-start", "server.js=", "BP_LAUNCH_WITH_TINI=true", "", BUILD, "tini|-g", NULL},
    {"node-start", "lib/x.js=\n" PKG("\"main\":\"./lib/x.js\""), "", "", BUILD,
     "[lib/x.js]|no start script|8080", NULL},
    {"node-start", "lib/x.js=\n" PKG("\"main\":\"lib/x\""), "", "", BUILD, "[lib/x.js]", NULL},
    {"node-start", "lib/index.js=\n" PKG("\"main\":\"lib\""), "", "", BUILD, "[lib/index.js]", NULL},
    {"node-start", "lib/x.js=\n" PKG("\"main\":\"lib/x.js\"," START), "", "", DETECT, "no server, app", NULL},
    {"node-start", "c.js=\n" PKG("\"bin\":\"c.js\""), "", "", BUILD, "[c.js]", NULL},
    {"node-start", "c.js=\n" PKG("\"name\":\"tool\",\"bin\":{\"tool\":\"./c.js\"}"), "", "", BUILD, "[c.js]",
     NULL},
    {"node-start", "c.js=\n" PKG("\"name\":\"@x/tool\",\"bin\":{\"tool\":\"./c.js\"}"), "", "", DETECT,
     "no server, app", NULL},
    {"node-start", "e.mjs=\n" PKG("\"exports\":{\".\":\"./e.mjs\"}"), "", "", BUILD, "[e.mjs]", NULL},
    {"node-start", "e.mjs=\n" PKG("\"exports\":{\".\":{\"default\":\"./e.mjs\"}}"), "", "", BUILD, "[e.mjs]",
     NULL},
    {"node-start", "e.mjs=\n" PKG("\"exports\":{\".\":{\"x\":1}},\"main\":[1]"), "", "", DETECT,
     "no server, app", NULL},
    {"node-start", "e.mjs=\n" PKG("\"exports\":\"./e.mjs\""), "", "", BUILD, "[e.mjs]", NULL},
    {"node-start", PKG("\"scripts\":{\"build\":\"tsc\"}"), "", "", DETECT, "node_modules", NULL},
    {"node-start", "dist/index.js=\n" PKG("\"scripts\":{\"build\":\"tsc\"}"), "", "", BUILD,
     "[dist/index.js]|8080", NULL},
    {"node-start", "dist/main.js=\n" PKG("\"main\":\"dist/main.js\",\"scripts\":{\"build\":\"tsc\"}"), "", "",
     BUILD, "[dist/main.js]", NULL},
    {"node-start", PKG("\"scripts\":{\"build\":\"tsc\"}"), "", "", BUILD, "no process web", "8080"},
    {"node-start", "package.json={\n", "", "", DETECT, "!package.json:1|document ends", NULL},
    // node-engine
    {"node-engine", "", "", "", DETECT, "node|npm", "BP_NODE_VERSION"},
    {"node-engine", "", "BP_NODE_VERSION=22.*", "", DETECT, "BP_NODE_VERSION|22.*", NULL},
    {"node-engine", ".nvmrc=# ours\nlts/Iron\n", "", "", DETECT, ".nvmrc|20.*", NULL},
    {"node-engine", ".node-version=v22\n", "", "", DETECT, ".node-version|22", NULL},
    {"node-engine", ".nvmrc=lts/none\n", "", "", DETECT, "!.nvmrc|lts/none", NULL},
    {"node-engine", "", "", "node:launch", BUILD,
     "24.21.0|optimize-memory|inspector|NODE_HOME|--use-openssl-ca", "headers|OPTIMIZE_MEMORY"},
    {"node-engine", "", "BP_NODE_OPTIMIZE_MEMORY=true", "node:launch", BUILD, "OPTIMIZE_MEMORY", NULL},
    {"node-engine", "", "", "node:build npm:build", BUILD, "node-headers|24.21.0|11.21", NULL},
    {"node-engine", "", "", "node:launch npm:launch", BUILD, "11.21", "headers"},
};

static int sources(void)
{
    char path[4096];
    int fd = -1;
    snprintf(path, sizeof path, "%s/src/buildpacks", getenv("TEST_SOURCE"));
    MUST(path_open_host(path, O_RDONLY | O_DIRECTORY, 0, &fd, &e));
    return fd;
}

static struct val *document(struct arena *a, int dir, const char *name, const char *file)
{
    struct val *v;
    const char *path = str_c(a, str_printf(a, "%s/%s", name, file));
    MUST(toml_read(a, test_read(a, dir, path), path, &v, &e));
    return v;
}

// A line with '=' begins a pair, one without goes on with its value.
static void pairs(struct arena *a, const char *text, struct strmap *out)
{
    struct str rest = str_of(text), line, key = STR("");
    size_t eq;
    while (rest.n && str_next_line(&rest, &line)) {
        if (str_find(line, '=', &eq)) {
            key = str_head(line, eq);
            strmap_set(a, out, key, str_from(line, eq + 1));
        } else if (key.n) {
            const struct str *had = strmap_get(out, key);
            strmap_set(a, out, key, str_printf(a, PRI_STR "\n" PRI_STR, STR_ARG(*had), STR_ARG(line)));
        }
    }
}

static void read_plan(struct arena *a, const char *text, struct plan_requires *out)
{
    struct str rest = str_of(text), one;
    while (rest.n && str_cut(&rest, ' ', &one)) {
        size_t at = one.n;
        bool said = str_find(one, ':', &at);
        struct val *metadata = ARENA_NEW(a, struct val);
        val_set_map(metadata);
        if (said)
            val_set_bool(val_put(a, metadata, str_from(one, at + 1)), true);
        out->v = arena_grow(a, out->v, out->n, &out->cap, sizeof *out->v);
        out->v[out->n++] = (struct plan_require){str_head(one, at), metadata};
    }
}

static void bind(struct arena *a, const struct str *count, struct cnb_bindings *out)
{
    uint64_t n = 0;
    if (count)
        CHECK(str_u64(*count, 0, 9, &n));
    for (size_t i = 0; i < n; i++) {
        struct str name = str_printf(a, "%zu", i);
        out->v = arena_grow(a, out->v, out->n, &out->cap, sizeof *out->v);
        out->v[out->n] =
            (struct cnb_binding){.name = name, .type = STR("npmrc"), .root = STR("/b"), .path = name};
        strv_add(a, &out->v[out->n++].entries, STR(".npmrc"));
    }
}

static void check_words(const struct row *r, size_t i, struct str text, const char *words, bool there)
{
    struct str rest = str_of(words), one;
    while (rest.n && str_cut(&rest, '|', &one))
        CHECK_MSG((memmem(text.p, text.n, one.p, one.n) != NULL) == there,
                  "row %zu, %s: \"" PRI_STR "\" is%s in\n" PRI_STR, i, r->recipe, STR_ARG(one),
                  there ? " not" : "", STR_ARG(text));
}

static void check_row(const struct row *r, size_t i, int dir)
{
    drop_(arena_free) struct arena *a = arena_new(1 << 16);
    drop_buf struct buf text = BUF_INIT(1 << 20);
    struct fake world;
    struct strmap env = {0};
    struct recipe recipe;
    struct catalogue catalogue;
    struct plan_requires plan = {0};
    struct cnb_bindings bindings = {0};
    struct bp_plan out;
    struct err failed = {0};
    char why[1024];
    MUST(recipe_read(a, document(a, dir, r->recipe, "recipe.toml"), "recipe.toml", &recipe, &e));
    MUST(catalogue_read(a, document(a, dir, r->recipe, "buildpack.toml"), "buildpack.toml", NULL, &catalogue,
                        &e));
    fake_init(&world, a);
    pairs(a, r->files, &world.files);
    pairs(a, r->env, &env);
    read_plan(a, r->plan, &plan);
    bind(a, strmap_get(&env, STR("NPMRCS")), &bindings);
    const struct bp_input in = {.phase = r->phase,
                                .app = STR("/workspace"),
                                .layers = STR("/layers/bp"),
                                .buildpack = STR("/cnb/buildpacks/bp/1"),
                                .os = STR("linux"),
                                .arch = STR("amd64"),
                                .env = &env,
                                .bindings = &bindings,
                                .plan = r->phase == KIT_BUILD ? &plan : NULL,
                                .catalogue = &catalogue,
                                .now_sec = 1790000000,
                                .world = &world.base};
    int rc = recipe_plan(a, &recipe, &in, &out, &failed);
    if (r->want[0] == '!') {
        CHECK_MSG(rc < 0, "row %zu, %s: it did not fail", i, r->recipe);
        check_words(r, i, str_of(err_text(&failed, why, sizeof why)), r->want + 1, true);
        return;
    }
    CHECK_MSG(rc == 0, "row %zu, %s: %s", i, r->recipe, err_text(&failed, why, sizeof why));
    bp_plan_text(&out, &text);
    check_words(r, i, buf_view(&text), r->want, true);
    check_words(r, i, buf_view(&text), r->never ? r->never : "", false);
}

TEST(recipes_do_what_they_promise)
{
    drop_fd int dir = sources();
    for (size_t i = 0; i < COUNT(rows); i++)
        check_row(&rows[i], i, dir);
}
