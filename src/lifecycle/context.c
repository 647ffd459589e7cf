// SPDX-License-Identifier: Apache-2.0
#include "lifecycle/context.h"
#include "base/dir.h"
#include "base/file.h"
#include "base/limits.h"
#include "cnb/api.h"
#include "cnb/env.h"
#include "document/toml.h"
#include <errno.h>
#include <fcntl.h>

static const char *const allowed[] = {
    "CNB_STACK_ID", "HOSTNAME", "HOME", "HTTP_PROXY",      "HTTPS_PROXY",  "NO_PROXY", "http_proxy",
    "https_proxy",  "no_proxy", "PATH", "LD_LIBRARY_PATH", "LIBRARY_PATH", "CPATH",    "PKG_CONFIG_PATH",
};

int lc_read_toml(struct arena *a, int dirfd, const char *path, struct val **out, struct err *e)
{
    drop_buf struct buf text = BUF_INIT(LIMIT_DOCUMENT);
    if (file_read(dirfd, path, &text, e) < 0)
        return -1;
    return toml_read(a, str_dup(a, buf_view(&text)), path, out, e);
}

int lc_buildpack(struct arena *a, struct lc_context *cx, struct str id, struct str version,
                 const struct lc_buildpack **out, struct err *e)
{
    if (!cx->buildpacks)
        cx->buildpacks = ARENA_NEW(a, struct strmap);
    struct map_entry *known =
        map_put(a, cx->buildpacks, str_printf(a, PRI_STR "@" PRI_STR, STR_ARG(id), STR_ARG(version)));
    if (known->ptr) {
        *out = known->ptr;
        return 0;
    }
    const char *dir;
    if (buildpack_dir_name(a, id, &dir, e) < 0)
        return -1;
    if (!path_is_safe(version))
        return err_set(e, ERR_PARSE,
                       "buildpack " PRI_STR ": version \"" PRI_STR "\" is not a name for a directory",
                       STR_ARG(id), STR_ARG(version));
    struct lc_buildpack *bp = ARENA_NEW(a, struct lc_buildpack);
    bp->root = arena_printf(a, "%s/%s/" PRI_STR, cx->buildpacks_dir, dir, STR_ARG(version));
    drop_fd int fd = -1;
    if (path_open_host(bp->root, O_RDONLY | O_DIRECTORY, 0, &fd, e) < 0 ||
        buildpack_read(a, fd, "buildpack.toml", cx->ev, &bp->desc, e) < 0)
        return err_wrap(e, "buildpack " PRI_STR "@" PRI_STR, STR_ARG(id), STR_ARG(version));
    known->ptr = bp;
    *out = bp;
    return 0;
}

int lc_not_started(const char *program, struct err *e)
{
    if (!e || e->sys != ENOENT || faccessat(AT_FDCWD, program, F_OK, 0) < 0)
        return -1;
    *e = (struct err){0};
    return err_set(e, ERR_IO,
                   "%s: the program that its first line (#!) or its linker wants is not in this image",
                   program);
}

void lc_base_env(struct arena *a, const struct lc_context *cx, struct strmap *env)
{
    for (size_t i = 0; i < COUNT(allowed); i++) {
        const struct str *v = strmap_get(&cx->env, str_of(allowed[i]));
        if (v)
            strmap_set(a, env, str_of(allowed[i]), *v);
    }
}

static void set_if(struct arena *a, struct strmap *env, const char *name, struct str value, bool always)
{
    if (value.n || always)
        strmap_set(a, env, str_of(name), value);
}

static void spec_variables(struct arena *a, const struct lc_context *cx, const struct lc_buildpack *bp,
                           struct strmap *env)
{
    const struct cnb_target *t = &cx->target;
    uint16_t api = bp->desc.api;
    set_if(a, env, "CNB_BUILDPACK_DIR", str_of(bp->root), true);
    if (api >= API(0, 8))
        set_if(a, env, "CNB_PLATFORM_DIR", str_of(cx->platform_dir), true);
    if (api >= API(0, 10)) {
        set_if(a, env, "CNB_TARGET_OS", t->os, true);
        set_if(a, env, "CNB_TARGET_ARCH", t->arch, true);
        set_if(a, env, "CNB_TARGET_ARCH_VARIANT", t->variant, false);
        if (t->distros.n) {
            set_if(a, env, "CNB_TARGET_DISTRO_NAME", t->distros.v[0].name, false);
            set_if(a, env, "CNB_TARGET_DISTRO_VERSION", t->distros.v[0].version, false);
        }
    }
    if (api >= API(0, 12))
        set_if(a, env, "CNB_EXEC_ENV", cx->exec_env, true);
}

// A directory of settings that may be absent altogether.
static int open_settings(const char *path, int *fd, struct err *e)
{
    struct err none = {0};
    if (path_open_host(path, O_RDONLY | O_DIRECTORY, 0, fd, &none) == 0)
        return 0;
    *fd = -1;
    return none.code == ERR_NOT_FOUND ? 0 : err_set(e, none.code, "%s", none.cause);
}

int lc_buildpack_env(struct arena *a, const struct lc_context *cx, const struct lc_buildpack *bp,
                     const struct strmap *base, struct strmap *out, struct err *e)
{
    struct strmap env = {0};
    for (size_t i = 0; i < base->n; i++)
        strmap_set(a, &env, base->v[i].key, base->v[i].val);
    drop_fd int platform = -1, config = -1;
    if (open_settings(cx->platform_dir, &platform, e) < 0 ||
        open_settings(cx->build_config_dir, &config, e) < 0)
        return -1;
    if (platform >= 0 && !bp->desc.clear_env && env_platform(a, &env, platform, "env", e) < 0)
        return err_wrap(e, "%s", cx->platform_dir);
    if (config >= 0 && env_files(a, &env, config, "env", ENV_PLAIN_DEFAULT, e) < 0)
        return err_wrap(e, "%s", cx->build_config_dir);
    spec_variables(a, cx, bp, &env);
    *out = env;
    return 0;
}
