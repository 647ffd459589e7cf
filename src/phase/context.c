// SPDX-License-Identifier: Apache-2.0
#include "base/limits.h"
#include "base/osrelease.h"
#include "cnb/analyzed.h"
#include "cnb/api.h"
#include "oci/platform.h"
#include "phase/phase.h"
#include <fcntl.h>

// The distribution that this program runs on: the build image. Not known is fine.
static void distro_here(struct arena *a, struct cnb_distro *out)
{
    static const char *const files[] = {"/etc/os-release", "/usr/lib/os-release"};
    for (size_t i = 0; i < COUNT(files); i++) {
        drop_buf struct buf text = BUF_INIT(OS_RELEASE_MAX);
        struct err ignored = {0};
        if (file_read(AT_FDCWD, files[i], &text, &ignored) < 0 || str_has_nul(buf_view(&text)))
            continue;
        out->name = str_dup(a, os_release_value(buf_view(&text), "ID"));
        out->version = str_dup(a, os_release_value(buf_view(&text), "VERSION_ID"));
        return;
    }
}

static int find_target(struct app_ctx *app, const struct phase_in *in, struct cnb_target *out, struct err *e)
{
    struct cnb_analyzed analyzed = {0};
    struct val *doc = NULL;
    if (in->analyzed.n && phase_read(app, in->analyzed, PHASE_WARN, &doc, e) < 0)
        return -1;
    if (doc && analyzed_read(app->a, doc, str_c(app->a, in->analyzed), app->ev, &analyzed, e) < 0)
        return -1;
    struct cnb_analyzed_target *t = &analyzed.run_image.target;
    if (!t->os.n)
        t->os = STR("linux");
    if (!t->arch.n)
        t->arch = oci_platform_host().architecture;
    if (!t->distro.name.n)
        distro_here(app->a, &t->distro);
    analyzed_target(app->a, t, out);
    return 0;
}

int phase_context(struct app_ctx *app, const struct phase_in *in, const char *temp_dir,
                  struct lc_context *out, struct err *e)
{
    struct lc_context cx = {
        .ev = app->ev,
        .platform_api = in->platform_api,
        .app_dir = str_c(app->a, in->app),
        .platform_dir = str_c(app->a, in->platform),
        .buildpacks_dir = str_c(app->a, in->buildpacks),
        .build_config_dir = str_c(app->a, in->build_config),
        .layers_dir = str_c(app->a, in->layers),
        .temp_dir = temp_dir,
        .env = app->env,
        .exec_env = in->exec_env,
    };
    size_t at;
    if (str_find(in->exec_env, '/', &at))
        return err_set(e, ERR_USAGE, "CNB_EXEC_ENV: \"" PRI_STR "\" must not hold '/'",
                       STR_ARG(in->exec_env));
    if (in->platform_api >= API(0, 12) && find_target(app, in, &cx.target, e) < 0)
        return -1;
    if (!cx.build_config_dir[0])
        cx.build_config_dir = "/cnb/build-config"; // of platforms that have no flag for it
    *out = cx;
    return 0;
}
