// SPDX-License-Identifier: Apache-2.0
#include "base/dir.h"
#include "base/limits.h"
#include "cnb/api.h"
#include "cnb/layer.h"
#include "phase/exporter.h"
#include <fcntl.h>

#define DEFAULT_DIR "/cnb/lifecycle"
#define LAUNCH_DIR "sbom/launch/buildpacksio_lifecycle/launcher"
#define BUILD_DIR "sbom/build/buildpacksio_lifecycle"
#define SBOM_MAX MIB(64)

static int copy(int from, const char *name, int layers, const char *dir, const char *as, struct err *e)
{
    drop_buf struct buf content = BUF_INIT(SBOM_MAX);
    struct err why = {0};
    drop_fd int to = -1;
    if (file_read(from, name, &content, &why) < 0) {
        if (why.code == ERR_NOT_FOUND)
            return 0;
        *e = why;
        return -1;
    }
    if (path_mkdirs(layers, dir, 0755, e) < 0 ||
        path_open_plain(layers, dir, O_RDONLY | O_DIRECTORY, 0, &to, e) < 0)
        return -1;
    return file_replace(to, as, 0644, buf_view(&content), e);
}

int exporter_sbom(struct app_ctx *app, const struct phase_in *in, struct err *e)
{
    static const char *const exts[] = {"cdx.json", "spdx.json", "syft.json"};
    drop_fd int from = -1, layers = -1;
    struct err why = {0};
    if (in->platform_api < API(0, 11) || !in->launcher_sbom.n)
        return 0;
    if (path_open_host(str_c(app->a, in->launcher_sbom), O_RDONLY | O_DIRECTORY, 0, &from, &why) < 0) {
        if (why.code == ERR_NOT_FOUND)
            return 0;
        *e = why;
        return -1;
    }
    if (path_open_host(str_c(app->a, in->layers), O_RDONLY | O_DIRECTORY, 0, &layers, e) < 0)
        return -1;
    bool own_names = !str_is(in->launcher_sbom, DEFAULT_DIR);
    for (size_t i = 0; i < COUNT(exts); i++) {
        const char *launcher = arena_printf(app->a, "launcher.sbom.%s", exts[i]);
        const char *lifecycle = arena_printf(app->a, "lifecycle.sbom.%s", exts[i]);
        const char *plain = arena_printf(app->a, "sbom.%s", exts[i]);
        if (copy(from, launcher, layers, LAUNCH_DIR, own_names ? launcher : plain, e) < 0 ||
            copy(from, lifecycle, layers, BUILD_DIR, plain, e) < 0)
            return err_wrap(e, PRI_STR, STR_ARG(in->launcher_sbom));
    }
    return 0;
}

static int add_bom(struct app_ctx *app, int layers, const struct cnb_ref *bp, struct cnb_bom *out,
                   struct err *e)
{
    const char *dir, *file;
    struct val *doc;
    struct cnb_build_toml build = {0};
    if (buildpack_dir_name(app->a, bp->id, &dir, e) < 0)
        return -1;
    file = arena_printf(app->a, "%s/build.toml", dir);
    if (dir_kind(layers, file) == DIR_ABSENT)
        return 0;
    if (lc_read_toml(app->a, layers, file, &doc, e) < 0 ||
        build_toml_read(app->a, doc, file, app->ev, &build, e) < 0)
        return -1;
    struct cnb_bom_entry *all = ARENA_ARRAY(app->a, struct cnb_bom_entry, out->n + build.bom.n);
    for (size_t i = 0; i < out->n; i++)
        all[i] = out->v[i];
    for (size_t i = 0; i < build.bom.n; i++) {
        all[out->n + i] = build.bom.v[i];
        all[out->n + i].buildpack = (struct cnb_bom_source){bp->id, bp->version};
    }
    *out = (struct cnb_bom){all, out->n + build.bom.n};
    return 0;
}

int exporter_build_bom(struct app_ctx *app, const struct phase_in *in, const struct cnb_selected *group,
                       struct cnb_bom *out, struct err *e)
{
    drop_fd int layers = -1;
    if (in->platform_api >= API(0, 9))
        return 0;
    if (path_open_host(str_c(app->a, in->layers), O_RDONLY | O_DIRECTORY, 0, &layers, e) < 0)
        return -1;
    for (size_t i = 0; i < group->buildpacks.n; i++)
        if (add_bom(app, layers, &group->buildpacks.v[i], out, e) < 0)
            return -1;
    return 0;
}
