// SPDX-License-Identifier: Apache-2.0
#include "platform/programs.h"
#include "base/limits.h"
#include <fcntl.h>

static bool is_there(const char *dir, struct arena *a, struct programs *out)
{
    out->dir = dir;
    out->lifecycle = arena_printf(a, "%s/lifecycle", dir);
    out->launcher = arena_printf(a, "%s/launcher", dir);
    return faccessat(AT_FDCWD, out->lifecycle, X_OK, 0) == 0 &&
           faccessat(AT_FDCWD, out->launcher, X_OK, 0) == 0;
}

int programs_find(struct arena *a, struct programs *out, struct err *e)
{
    char self[LIMIT_PATH];
    struct programs p;
    if (path_readlink(AT_FDCWD, "/proc/self/exe", self, e) < 0)
        return -1;
    struct str dir = path_dir(str_of(self));
    const char *beside = str_c(a, dir), *installed = str_c(a, path_join(a, dir, STR("../libexec/dema")));
    if (!is_there(beside, a, &p) && !is_there(installed, a, &p))
        return err_set(e, ERR_NOT_FOUND,
                       "dema's own programs lifecycle and launcher: neither in %s nor in %s", beside,
                       installed);
    *out = p;
    return 0;
}
