// SPDX-License-Identifier: Apache-2.0
#include "base/limits.h"
#include "base/map.h"
#include "base/path.h"
#include "debian/elf.h"
#include <elf.h>
#include <fcntl.h>

#define DEBUG_DIR "usr/lib/debug" // sections without their bytes

struct checking {
    int root;
    struct arena *a;
    struct strmap file;   // path -> struct elf *
    struct strv search;   // absolute
    struct strmap common; // "machine bits name" -> found in the search path? (ptr)
    struct elf_missing_list missing;
};

static int read_one(struct checking *c, struct str path, struct err *e)
{
    drop_fd int fd = -1;
    struct stat st;
    const char *name = str_c(c->a, path);
    if (path_is_within(path, STR(DEBUG_DIR)))
        return 0;
    if (path_open_plain(c->root, name, O_RDONLY | O_NONBLOCK | O_NOCTTY, 0, &fd, e) < 0)
        return -1;
    if (fstat(fd, &st) < 0)
        return err_sys(e, "%s", name);
    if (!S_ISREG(st.st_mode) || st.st_size < (off_t)sizeof(Elf32_Ehdr))
        return 0;
    struct elf *elf = ARENA_NEW(c->a, struct elf);
    enum elf_kind kind = elf_read(fd, name, c->a, elf, e);
    if (kind == ELF_FILE)
        map_put(c->a, &c->file, path)->ptr = elf;
    return kind == ELF_ERROR ? -1 : 0;
}

static bool fits(const struct checking *c, const struct elf *for_elf, struct str path)
{
    char real[LIMIT_PATH];
    if (tree_resolve(c->root, path, real, NULL) < 0)
        return false;
    const struct map_entry *at = map_find(&c->file, str_of(real));
    const struct elf *found = at ? at->ptr : NULL;
    return found && found->machine == for_elf->machine && found->bits == for_elf->bits &&
           found->big == for_elf->big;
}

// $ORIGIN, $LIB and $PLATFORM of ld.so(8); only the first is in use. The others never fit.
static struct str expand(const struct checking *c, struct str dir, struct str origin)
{
    static const char *const word[] = {"$ORIGIN", "${ORIGIN}"};
    for (size_t i = 0; i < COUNT(word); i++)
        if (str_has_prefix(dir, word[i]))
            return str_printf(c->a, "/" PRI_STR PRI_STR, STR_ARG(origin),
                              STR_ARG(str_from(dir, strlen(word[i]))));
    return dir;
}

static bool in_run_path(const struct checking *c, const struct elf *f, struct str origin, struct str name)
{
    struct str rest = f->runpath.n ? f->runpath : f->rpath, dir;
    while (rest.n && str_cut(&rest, ':', &dir)) {
        dir = expand(c, dir, origin);
        if (str_has_prefix(dir, "/") && fits(c, f, path_join(c->a, dir, name)))
            return true;
    }
    return false;
}

static bool in_search_path(struct checking *c, const struct elf *f, struct str name)
{
    struct str key = str_printf(c->a, "%u %u " PRI_STR, f->machine, f->bits, STR_ARG(name));
    struct map_entry *at = map_find(&c->common, key);
    if (at)
        return at->ptr != NULL;
    at = map_put(c->a, &c->common, key);
    for (size_t i = 0; i < c->search.n && !at->ptr; i++)
        if (fits(c, f, path_join(c->a, c->search.v[i], name)))
            at->ptr = c;
    return at->ptr != NULL;
}

static bool is_there(struct checking *c, const struct elf *f, struct str path, struct str name)
{
    size_t slash;
    if (str_find(name, '/', &slash))
        return str_has_prefix(name, "/") && fits(c, f, name);
    return in_run_path(c, f, path_dir(path), name) || in_search_path(c, f, name);
}

static void miss(struct checking *c, struct str path, struct str name)
{
    struct elf_missing_list *l = &c->missing;
    l->v = arena_grow(c->a, l->v, l->n, &l->cap, sizeof *l->v);
    l->v[l->n++] = (struct elf_missing){path, name};
}

int elf_unsatisfied(int root, const struct strv *files, struct arena *a, struct elf_missing_list *out,
                    struct err *e)
{
    struct checking c = {.root = root, .a = a};
    if (elf_search_path(root, a, &c.search, e) < 0)
        return -1;
    for (size_t i = 0; i < files->n; i++)
        if (read_one(&c, files->v[i], e) < 0)
            return -1;
    for (size_t i = 0; i < c.file.n; i++) {
        const struct elf *f = c.file.v[i].ptr;
        if (f->type != ET_EXEC && f->type != ET_DYN)
            continue;
        if (f->interp.n && !fits(&c, f, f->interp))
            miss(&c, c.file.v[i].key, f->interp);
        for (size_t k = 0; k < f->needed.n; k++)
            if (!is_there(&c, f, c.file.v[i].key, f->needed.v[k]))
                miss(&c, c.file.v[i].key, f->needed.v[k]);
    }
    *out = c.missing;
    return 0;
}
