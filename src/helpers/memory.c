// SPDX-License-Identifier: Apache-2.0
#include "base/file.h"
#include "base/limits.h"
#include "helpers/helpers.h"
#include <fcntl.h>

// cgroup v1 says "no limit" as the largest number of pages; nothing this large is one.
enum { NUMBER_MAX = 64 };
static const uint64_t unlimited = (uint64_t)1 << 60;
static const uint64_t mib_max = (uint64_t)1 << 40;

// A number, or nothing for "max" and for what is not there.
static int read_limit(struct arena *a, const char *path, uint64_t *bytes, struct err *e)
{
    drop_buf struct buf b = BUF_INIT(NUMBER_MAX);
    struct err own = {0};
    if (file_read(AT_FDCWD, path, &b, &own) < 0)
        return own.code == ERR_NOT_FOUND ? 0 : err_set(e, own.code, "%s", own.cause);
    struct str text = str_trim(str_dup(a, buf_view(&b)));
    if (str_is(text, "max"))
        return 0;
    if (!str_u64(text, 0, UINT64_MAX, bytes))
        return err_set(e, ERR_PARSE, "%s: is \"" PRI_STR "\", want bytes", path, STR_ARG(text));
    if (*bytes >= unlimited)
        *bytes = 0;
    return 0;
}

static int limit_of_container(struct arena *a, struct str root, uint64_t *mib, struct err *e)
{
    const char *dir = arena_printf(a, PRI_STR "/sys/fs/cgroup", STR_ARG(root));
    drop_fd int v2 = -1;
    uint64_t bytes = 0;
    const char *marker = arena_printf(a, "%s/cgroup.controllers", dir);
    struct err own = {0};
    bool is_v2 = path_open_host(marker, O_PATH, 0, &v2, &own) == 0;
    const char *file = is_v2 ? "memory.max" : "memory/memory.limit_in_bytes";
    if (read_limit(a, arena_printf(a, "%s/%s", dir, file), &bytes, e) < 0)
        return -1;
    *mib = bytes >> 20;
    return 0;
}

static bool has_heap_size(struct str options)
{
    struct str word;
    while (str_cut(&options, ' ', &word))
        if (str_has_prefix(word, "--max_old_space_size") || str_has_prefix(word, "--max-old-space-size"))
            return true;
    return false;
}

int helper_optimize_memory(struct arena *a, const struct helper_in *in, struct strmap *out, struct err *e)
{
    struct str set = helper_env(in->env, "MEMORY_AVAILABLE");
    uint64_t mib = 0;
    bool optimize;
    if (helper_flag(in->env, "OPTIMIZE_MEMORY", &optimize, e) < 0)
        return -1;
    if (set.n && !str_u64(set, 1, mib_max, &mib))
        return err_set(e, ERR_USAGE, "MEMORY_AVAILABLE: is \"" PRI_STR "\", want MiB as a whole number",
                       STR_ARG(set));
    if (!set.n && limit_of_container(a, in->root, &mib, e) < 0)
        return -1;
    if (!mib)
        return 0;
    if (!set.n)
        strmap_set(a, out, STR("MEMORY_AVAILABLE"), str_printf(a, "%ju", (uintmax_t)mib));
    if (optimize && !has_heap_size(helper_env(in->env, "NODE_OPTIONS")))
        helper_node_option(a, in->env, str_printf(a, "--max_old_space_size=%ju", (uintmax_t)(mib * 3 / 4)),
                           out);
    return 0;
}
