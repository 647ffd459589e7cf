// SPDX-License-Identifier: Apache-2.0
#include "platform/programs.h"
#include "base/limits.h"
#include <fcntl.h>

static const char *if_there(struct arena *a, const char *dir, const char *name, int how)
{
    const char *path = arena_printf(a, "%s/%s", dir, name);
    return faccessat(AT_FDCWD, path, how, 0) == 0 ? path : NULL;
}

bool programs_in(struct arena *a, const char *dir, struct programs *out)
{
    struct programs p = {.dir = dir,
                         .lifecycle = if_there(a, dir, "lifecycle", X_OK),
                         .launcher = if_there(a, dir, "launcher", X_OK)};
    if (!p.lifecycle || !p.launcher)
        return false;
    p.engine = if_there(a, dir, "engine", X_OK);
    p.helpers = if_there(a, dir, "helpers", X_OK);
    p.buildpacks = if_there(a, dir, "buildpacks", X_OK);
    p.order = if_there(a, dir, "order.toml", R_OK);
    *out = p;
    return true;
}

int programs_find(struct arena *a, struct programs *out, struct err *e)
{
    char self[LIMIT_PATH];
    if (path_readlink(AT_FDCWD, "/proc/self/exe", self, e) < 0)
        return -1;
    struct str dir = path_dir(str_of(self));
    const char *beside = str_c(a, dir), *installed = str_c(a, path_join(a, dir, STR("../libexec/dema")));
    if (!programs_in(a, beside, out) && !programs_in(a, installed, out))
        return err_set(e, ERR_NOT_FOUND,
                       "dema's own programs lifecycle and launcher: neither in %s nor in %s", beside,
                       installed);
    return 0;
}
