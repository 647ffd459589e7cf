// SPDX-License-Identifier: Apache-2.0
#include "debian/ldcache.h"
#include "base/digit.h"
#include "base/dir.h"
#include "base/limits.h"
#include "base/map.h"
#include "debian/elf.h"
#include <elf.h>

#define CACHE_MAGIC "glibc-ld.so.cache1.1"

enum {
    HEADER_SIZE = 48,
    ENTRY_SIZE = 24,
    LITTLE_ENDIAN_CACHE = 2,
    DIR_NAMES = 100000, // of one directory of libraries
    FLAG_ELF_LIBC6 = 3,
};

// glibc's sysdeps: what the loader of each architecture wants to see in an entry.
static const struct {
    uint16_t machine;
    uint8_t bits;
    uint32_t flag;
} known_machines[] = {
    {EM_386, 32, FLAG_ELF_LIBC6},
    {EM_X86_64, 64, 0x300 | FLAG_ELF_LIBC6},
    {EM_PPC64, 64, 0x500 | FLAG_ELF_LIBC6},
    {EM_ARM, 32, 0x900 | FLAG_ELF_LIBC6}, // hard float
    {EM_AARCH64, 64, 0xa00 | FLAG_ELF_LIBC6},
    {EM_RISCV, 64, 0x1000 | FLAG_ELF_LIBC6}, // lp64d
};

struct library {
    struct str name, path;
    uint32_t flag;
};

struct caching {
    int root;
    struct arena *a;
    struct library *v;
    size_t n, cap;
    struct strmap seen; // "flag name"
};

static uint32_t flag_of(const struct elf *f)
{
    for (size_t i = 0; i < COUNT(known_machines); i++)
        if (!f->big && known_machines[i].machine == f->machine && known_machines[i].bits == f->bits)
            return known_machines[i].flag;
    return 0;
}

static unsigned long take_number(struct str *s)
{
    unsigned long v = 0; // wraps like the loader's own
    for (; s->n && is_digit(s->p[0]); *s = str_from(*s, 1))
        v = v * 10 + (unsigned long)(s->p[0] - '0');
    return v;
}

// The loader's order: runs of digits as numbers, a digit above everything else.
static int name_cmp(struct str a, struct str b)
{
    while (a.n && b.n) {
        bool x = is_digit(a.p[0]), y = is_digit(b.p[0]);
        if (x != y)
            return x ? 1 : -1;
        if (x) {
            unsigned long m = take_number(&a), n = take_number(&b);
            if (m != n)
                return m < n ? -1 : 1;
            continue;
        }
        if (a.p[0] != b.p[0])
            return (signed char)a.p[0] < (signed char)b.p[0] ? -1 : 1;
        a = str_from(a, 1);
        b = str_from(b, 1);
    }
    return a.n ? 1 : b.n ? -1 : 0;
}

static int descending(const void *x, const void *y)
{
    const struct library *a = x, *b = y;
    int order = name_cmp(b->name, a->name);
    if (!order)
        order = str_cmp(b->name, a->name);
    return order ? order : a->flag > b->flag ? -1 : a->flag < b->flag;
}

static void add(struct caching *c, struct str name, struct str path, uint32_t flag)
{
    struct str key = str_printf(c->a, "%x " PRI_STR, flag, STR_ARG(name));
    if (map_find(&c->seen, key))
        return; // the first directory counts
    map_put(c->a, &c->seen, key);
    c->v = arena_grow(c->a, c->v, c->n, &c->cap, sizeof *c->v);
    c->v[c->n++] = (struct library){name, path, flag};
}

static bool could_be(struct str name)
{
    const char *so = name.n > 3 ? memmem(name.p, name.n, ".so", 3) : NULL;
    return so && (str_has_prefix(name, "lib") || str_has_prefix(name, "ld-"));
}

// A link counts under its own name where that is the library's or the one for the linker ("libx.so" of "libx.so.1");
// everything else under the name that the library gives itself. So does ldconfig.
static struct str key_of(struct str name, bool is_link, struct str soname)
{
    if (!soname.n)
        return name;
    bool for_linker =
        str_has_suffix(name, ".so") && name.n <= soname.n && str_eq(str_head(soname, name.n), name);
    return is_link && for_linker ? name : soname;
}

static int add_file(struct caching *c, struct str dir, const char *real_dir, struct str name, struct err *e)
{
    char real[LIMIT_PATH];
    struct elf f;
    struct stat st;
    struct err why = {0};
    drop_fd int fd = -1;
    const char *path = str_c(c->a, path_join(c->a, str_of(real_dir), name));
    if (tree_open(c->root, str_of(path), real, &fd, &why) < 0)
        return why.code == ERR_NOT_FOUND || why.code == ERR_DENIED
                   ? 0
                   : err_set(e, why.code, "%s%s", why.chain, why.cause);
    if (fstat(fd, &st) < 0)
        return err_sys(e, "%s", path);
    if (!S_ISREG(st.st_mode))
        return 0;
    enum elf_kind kind = elf_read(fd, path, c->a, &f, e);
    if (kind == ELF_ERROR)
        return -1;
    if (kind == ELF_OTHER || f.type != ET_DYN || !f.dynamic || !flag_of(&f))
        return 0;
    struct str key = key_of(name, strcmp(path, real) != 0, f.soname);
    // What the loader opens is the name it asks for, where that is there.
    struct str target = path_join(c->a, dir, key);
    if (tree_resolve(c->root, target, real, NULL) < 0)
        target = path_join(c->a, dir, name);
    add(c, str_dup(c->a, key), target, flag_of(&f));
    return 0;
}

static int add_dir(struct caching *c, struct str dir, struct err *e)
{
    char real[LIMIT_PATH];
    struct strv names = {0};
    if (tree_resolve(c->root, dir, real, e) < 0 || dir_names(c->a, c->root, real, DIR_NAMES, &names, e) < 0)
        return -1;
    for (size_t i = 0; i < names.n; i++)
        if (could_be(names.v[i]) && add_file(c, dir, real, names.v[i], e) < 0)
            return -1;
    return 0;
}

static void put32(struct buf *b, uint64_t v)
{
    for (int i = 0; i < 4; i++)
        buf_char(b, (char)(v >> (8 * i)));
}

static void write_cache(const struct caching *c, struct buf *out)
{
    uint64_t strings = 0, at = HEADER_SIZE + ENTRY_SIZE * c->n;
    for (size_t i = 0; i < c->n; i++)
        strings += c->v[i].name.n + 1 + c->v[i].path.n + 1;
    buf_text(out, CACHE_MAGIC);
    put32(out, c->n);
    put32(out, strings);
    put32(out, LITTLE_ENDIAN_CACHE);
    for (int i = 0; i < 4; i++) // no extensions, three unused
        put32(out, 0);
    for (size_t i = 0; i < c->n; i++) {
        const struct library *l = &c->v[i];
        put32(out, l->flag);
        put32(out, at);
        put32(out, at + l->name.n + 1);
        for (int k = 0; k < 3; k++) // any kernel, any hardware
            put32(out, 0);
        at += l->name.n + 1 + l->path.n + 1;
    }
    for (size_t i = 0; i < c->n; i++) {
        buf_str(out, c->v[i].name);
        buf_char(out, 0);
        buf_str(out, c->v[i].path);
        buf_char(out, 0);
    }
}

int ldcache_make(int root, struct buf *out, struct err *e)
{
    drop_(arena_free) struct arena *a = arena_new(1 << 16);
    struct caching c = {.root = root, .a = a};
    struct strv dirs = {0};
    if (elf_search_path(root, a, &dirs, e) < 0)
        return -1;
    for (size_t i = 0; i < dirs.n; i++)
        if (add_dir(&c, dirs.v[i], e) < 0)
            return -1;
    if (!c.n)
        return 0;
    qsort(c.v, c.n, sizeof *c.v, descending);
    write_cache(&c, out);
    return buf_finish(out, "ld.so.cache", e);
}
