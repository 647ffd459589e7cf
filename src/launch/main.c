// SPDX-License-Identifier: Apache-2.0
// The entrypoint of every app image. Static and small: no schema of another document, no locale, no threads.
#include "base/file.h"
#include "base/limits.h"
#include "cnb/api.h"
#include "cnb/env.h"
#include "document/toml.h"
#include "launch/launch.h"
#include <fcntl.h>
#include <stdio.h>

enum { EXIT_METADATA = 1, EXIT_PLATFORM_API = 11, EXIT_BUILDPACK_API = 12, EXIT_LAUNCH = 82 };

static struct str env_or(const struct strmap *env, struct str name, struct str dflt)
{
    const struct str *set = strmap_get(env, name);
    return set && set->n ? *set : dflt;
}

static int read_metadata(struct arena *a, const char *path, struct cnb_metadata *out, struct err *e)
{
    drop_buf struct buf text = BUF_INIT(LIMIT_DOCUMENT);
    struct val *doc;
    if (file_read(AT_FDCWD, path, &text, e) < 0)
        return err_wrap(e, "launch metadata");
    if (toml_read(a, str_dup(a, buf_view(&text)), path, &doc, e) < 0)
        return -1;
    return cnb_metadata_read(a, doc, path, NULL, out, e);
}

static int check_buildpacks(struct arena *a, const struct cnb_metadata *meta, struct err *e)
{
    for (size_t i = 0; i < meta->buildpacks.n; i++) {
        const struct cnb_ref *bp = &meta->buildpacks.v[i];
        uint16_t api;
        if (api_buildpack(bp->api, str_c(a, bp->id), &api, e) < 0)
            return -1;
    }
    return 0;
}

static int fail(const struct err *e, int code)
{
    char text[640];
    fprintf(stderr, "ERROR: launch: %s\n", err_text(e, text, sizeof text));
    return code;
}

static int launch(struct arena *a, int argc, char **argv, char **envp)
{
    struct err e = {0};
    struct cnb_metadata meta = {0};
    struct launch_in in = {.meta = &meta};
    env_from_vector(a, &in.env, envp);
    for (int i = 0; i < argc; i++)
        strv_add(a, &in.argv, str_of(argv[i]));
    struct str api = env_or(&in.env, STR("CNB_PLATFORM_API"), STR(""));
    if (!api.n)
        err_set(&e, ERR_API, "CNB_PLATFORM_API is not set; the image's environment sets it");
    if (!api.n || api_platform(api, &in.platform, &e) < 0)
        return fail(&e, EXIT_PLATFORM_API);
    if (!in.argv.n)
        strv_add(a, &in.argv, STR("launcher"));
    if (strmap_get(&in.env, STR("CNB_PROCESS_TYPE")))
        fputs("Warning: CNB_PROCESS_TYPE is not supported; use the process's own entrypoint "
              "/cnb/process/<type>\n",
              stderr);
    in.layers = env_or(&in.env, STR("CNB_LAYERS_DIR"), STR("/layers"));
    in.app_dir = env_or(&in.env, STR("CNB_APP_DIR"), STR("/workspace"));
    const char *file = arena_printf(a, PRI_STR "/config/metadata.toml", STR_ARG(in.layers));
    if (read_metadata(a, file, &meta, &e) < 0)
        return fail(&e, EXIT_METADATA);
    if (check_buildpacks(a, &meta, &e) < 0)
        return fail(&e, EXIT_BUILDPACK_API);
    launch_run(a, &in, &e);
    return fail(&e, EXIT_LAUNCH);
}

int main(int argc, char **argv, char **envp)
{
    drop_(arena_free) struct arena *a = arena_new(1 << 16);
    return launch(a, argc, argv, envp);
}
