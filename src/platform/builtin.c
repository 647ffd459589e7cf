// SPDX-License-Identifier: Apache-2.0
#include "platform/builtin.h"
#include "base/dir.h"
#include "base/near.h"
#include "lifecycle/context.h"
#include "platform/words.h"
#include <fcntl.h>

enum { BUILTIN_MAX = 1000, LIST_BYTES = 140 };

// Folders are called as the spec has it, ID with '_' for '/'.
static struct strv folders(struct arena *a, const struct programs *p, int *fd)
{
    struct strv out = {0};
    struct err none = {0};
    if (p->buildpacks && path_open_host(p->buildpacks, O_RDONLY | O_DIRECTORY, 0, fd, &none) == 0)
        (void)!dir_names(a, *fd, ".", BUILTIN_MAX, &out, &none);
    return out;
}

static struct str id_of(struct arena *a, struct str folder)
{
    struct str id = str_dup(a, folder);
    char *slash = memchr(id.p, '_', id.n);
    if (slash)
        *slash = '/';
    return id;
}

static struct str part_after_slash(struct str id)
{
    size_t at;
    return str_find(id, '/', &at) ? str_from(id, at + 1) : id;
}

// "npm-start" for one of somebody's, or a name within two edits.
static struct str meant(struct arena *a, const struct strv *ids, struct str word)
{
    const char **names = ARENA_ARRAY(a, const char *, 2 * ids->n + 1);
    size_t at;
    if (str_find_last(word, '@', &at))
        word = str_head(word, at);
    for (size_t i = 0; i < ids->n; i++) {
        names[i] = str_c(a, ids->v[i]);
        names[ids->n + i] = str_c(a, part_after_slash(ids->v[i]));
    }
    const char *near = nearest_name(word, names, 2 * ids->n);
    for (size_t i = 0; near && i < 2 * ids->n; i++)
        if (names[i] == near)
            return ids->v[i % ids->n];
    return STR("");
}

static struct str versions_text(struct arena *a, int fd, struct str id, struct str folder)
{
    struct strv versions;
    struct err none = {0};
    if (dir_names(a, fd, str_c(a, folder), BUILTIN_MAX, &versions, &none) < 0)
        return STR("");
    return str_printf(a, PRI_STR " has version " PRI_STR, STR_ARG(str_head(id, id.n < 60 ? id.n : 60)),
                      STR_ARG(words_list(a, &versions, 80)));
}

struct str builtin_instead(struct arena *a, const struct programs *p, struct str word)
{
    drop_fd int fd = -1;
    const struct strv dirs = folders(a, p, &fd);
    struct strv ids = {0}, parts = {0};
    size_t slash;
    for (size_t i = 0; i < dirs.n; i++)
        strv_add(a, &ids, id_of(a, dirs.v[i]));
    for (size_t i = 0; i < ids.n; i++)
        if (str_find_last(word, '@', &slash) && str_eq(str_head(word, slash), ids.v[i]))
            return versions_text(a, fd, ids.v[i], dirs.v[i]);
    struct str near = meant(a, &ids, word);
    if (near.n)
        return str_printf(a, "did you mean " PRI_STR "?", STR_ARG(near));
    // All of one family are listed without its name.
    struct str family = ids.n && str_find(ids.v[0], '/', &slash) ? str_head(ids.v[0], slash + 1) : STR("");
    for (size_t i = 0; i < ids.n; i++) {
        if (!str_has_prefix(ids.v[i], str_c(a, family)))
            family = STR("");
        strv_add(a, &parts, part_after_slash(ids.v[i]));
    }
    if (!family.n || family.n > 30)
        return str_printf(a, "built in: " PRI_STR, STR_ARG(words_list(a, &ids, LIST_BYTES)));
    return str_printf(a, "of " PRI_STR " there are " PRI_STR, STR_ARG(str_head(family, family.n - 1)),
                      STR_ARG(words_list(a, &parts, LIST_BYTES)));
}

static bool provides(const struct val *recipe, struct str entry)
{
    const struct val *plans = val_get(recipe, STR("plan"));
    for (size_t i = 0; plans && plans->kind == VAL_LIST && i < plans->c.n; i++) {
        const struct val *names = val_get(&plans->c.v[i], STR("provides"));
        for (size_t j = 0; names && names->kind == VAL_LIST && j < names->c.n; j++)
            if (names->c.v[j].kind == VAL_STR && str_eq(names->c.v[j].s, entry))
                return true;
    }
    return false;
}

struct str builtin_provider(struct arena *a, const struct programs *p, struct str entry)
{
    drop_fd int fd = -1;
    const struct strv dirs = folders(a, p, &fd);
    for (size_t i = 0; i < dirs.n; i++) {
        struct strv versions;
        struct err none = {0};
        struct val *recipe;
        if (dir_names(a, fd, str_c(a, dirs.v[i]), BUILTIN_MAX, &versions, &none) < 0)
            continue;
        for (size_t j = 0; j < versions.n; j++) {
            struct err absent = {0};
            const char *path = arena_printf(a, PRI_STR "/" PRI_STR "/recipe.toml", STR_ARG(dirs.v[i]),
                                            STR_ARG(versions.v[j]));
            if (lc_read_toml(a, fd, path, &recipe, &absent) == 0 && provides(recipe, entry))
                return id_of(a, dirs.v[i]);
        }
    }
    return STR("");
}
