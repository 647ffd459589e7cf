// SPDX-License-Identifier: Apache-2.0
// What bin/detect and bin/build have in common: the buildpack's documents, the environment, the app.
#include "phase/engine.h"
#include "base/file.h"
#include "base/limits.h"
#include "buildpacks/calls.h"
#include "cnb/api.h"
#include "document/toml.h"
#include <fcntl.h>
#include <sys/utsname.h>

#define SBOM_FORMAT "application/vnd.cyclonedx+json"

int engine_path(struct engine *g, const char *variable, size_t argument, struct str *out, struct err *e)
{
    const struct str *value = strmap_get(&g->env, str_of(variable));
    if (value && value->n) {
        *out = *value;
        return 0;
    }
    if (argument >= g->args.n)
        return err_set(e, ERR_USAGE, "%s is not set, and there is no argument %zu", variable, argument + 1);
    *out = g->args.v[argument];
    return 0;
}

int engine_read_toml(struct engine *g, int dirfd, const char *path, const struct val **out, struct err *e)
{
    drop_buf struct buf text = BUF_INIT(LIMIT_DOCUMENT);
    struct val *doc;
    if (file_read(dirfd, path, &text, e) < 0 || toml_read(g->a, buf_view(&text), path, &doc, e) < 0)
        return -1;
    *out = doc;
    return 0;
}

static struct str variable(const struct engine *g, const char *name)
{
    const struct str *v = strmap_get(&g->env, str_of(name));
    return v ? *v : STR("");
}

static struct str text_at(const struct val *doc, const char *dotted)
{
    const struct val *v = val_at(doc, dotted);
    return v && v->kind == VAL_STR ? v->s : STR("");
}

static int is_disabled(struct engine *g, const char *name, bool *out, struct err *e)
{
    struct str v = variable(g, name);
    *out = false;
    if (!v.n || str_bool(v, out))
        return 0;
    return err_set(e, ERR_PARSE, "%s: found \"" PRI_STR "\", wanted true or false", name,
                   STR_ARG(str_printable(g->a, v, 64)));
}

static int read_buildpack(struct engine *g, int dirfd, struct err *e)
{
    const struct val *doc, *formats;
    uint16_t api;
    bool disabled;
    if (engine_read_toml(g, dirfd, "buildpack.toml", &doc, e) < 0 ||
        api_buildpack(text_at(doc, "api"), "buildpack.toml", &api, e) < 0)
        return -1;
    if (api < API(0, 10))
        return err_set(e, ERR_API, "buildpack.toml: a recipe wants Buildpack API 0.10 or newer");
    g->name =
        text_at(doc, "buildpack.name").n ? text_at(doc, "buildpack.name") : text_at(doc, "buildpack.id");
    g->version = text_at(doc, "buildpack.version");
    g->in.version = g->version;
    formats = val_at(doc, "buildpack.sbom-formats");
    for (size_t i = 0; formats && formats->kind == VAL_LIST && i < formats->c.n; i++)
        g->in.sbom |= formats->c.v[i].kind == VAL_STR && str_has_prefix(formats->c.v[i].s, SBOM_FORMAT);
    if (is_disabled(g, "BP_DISABLE_SBOM", &disabled, e) < 0)
        return -1;
    g->in.sbom &= !disabled;
    return catalogue_read(g->a, doc, "buildpack.toml", g->ev, &g->catalogue, e);
}

// bin/detect looks at the recipe alone: it runs for every buildpack of every build.
static int read_documents(struct engine *g, int dirfd, enum kit_phase phase, struct err *e)
{
    const struct val *recipe;
    if (engine_read_toml(g, dirfd, "recipe.toml", &recipe, e) < 0 ||
        recipe_read(g->a, recipe, "recipe.toml", &g->recipe, e) < 0)
        return -1;
    return phase == KIT_BUILD ? read_buildpack(g, dirfd, e) : 0;
}

// What the machine is called where the lifecycle does not say for which one it builds.
static struct str machine(struct engine *g)
{
    static const struct {
        const char *kernel, *oci;
    } names[] = {{"x86_64", "amd64"}, {"aarch64", "arm64"}};
    struct utsname u;
    if (uname(&u) < 0)
        return STR("");
    for (size_t i = 0; i < COUNT(names); i++)
        if (strcmp(u.machine, names[i].kernel) == 0)
            return str_of(names[i].oci);
    return str_dup(g->a, str_of(u.machine));
}

static void read_target(struct engine *g)
{
    struct str arch = variable(g, "BP_ARCH");
    g->in.os = variable(g, "CNB_TARGET_OS");
    g->in.arch = arch.n ? arch : variable(g, "CNB_TARGET_ARCH");
    g->in.distro = variable(g, "CNB_TARGET_DISTRO_NAME");
    g->in.distro_version = variable(g, "CNB_TARGET_DISTRO_VERSION");
    if (!g->in.os.n)
        g->in.os = STR("linux");
    if (!g->in.arch.n)
        g->in.arch = machine(g);
}

int engine_open(struct engine *g, enum kit_phase phase, struct err *e)
{
    drop_free char *cwd = getcwd(NULL, 0);
    if (!cwd)
        return err_sys(e, "current directory");
    g->in.phase = phase;
    g->in.app = str_dup(g->a, str_of(cwd));
    g->in.env = &g->env;
    g->in.bindings = &g->bindings;
    g->in.catalogue = &g->catalogue;
    g->in.world = &g->world.base;
    read_target(g);
    if (path_open_host(str_c(g->a, g->in.buildpack), O_RDONLY | O_DIRECTORY, 0, &g->world.buildpack_fd, e) <
            0 ||
        path_open_host(".", O_RDONLY | O_DIRECTORY, 0, &g->world.app_fd, e) < 0 ||
        read_documents(g, g->world.buildpack_fd, phase, e) < 0 ||
        cnb_bindings_read(g->a, &g->env, g->platform, &g->bindings, e) < 0)
        return -1;
    g->world.in = &g->in;
    g->world.calls = buildpack_calls;
    g->world.ev = g->ev;
    world_init(&g->world);
    return 0;
}
