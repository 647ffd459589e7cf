// SPDX-License-Identifier: Apache-2.0
#include "debian/elf.h"
#include "base/limits.h"
#include <elf.h>
#include <endian.h>
#include <errno.h>
#include <stdio.h>
#include <unistd.h>

enum {
    SEGMENTS = 256,                 // of one file: real ones stay below 20
    DYNAMIC_MAX = 1 << 18,          // bytes of a dynamic section: 16384 entries
    STRINGS_MAX = 64 * 1024 * 1024, // of its string table: a large C++ library has 10 MiB
    LOADS = 64,
};

struct load {
    uint64_t addr, at, n;
};

struct reading {
    int fd;
    const char *name;
    struct arena *a;
    struct elf *out;
    uint64_t phoff, phentsize, phnum;
    struct load load[LOADS];
    size_t loads;
    uint64_t dyn_at, dyn_n;
    uint64_t strtab, strsz;
    struct str strings;
};

static int damaged(const struct reading *r, const char *what, struct err *e)
{
    return err_set(e, ERR_PARSE, "%s: a damaged ELF file: %s", r->name, what);
}

static int get(const struct reading *r, uint64_t at, void *p, size_t n, const char *what, struct err *e)
{
    for (size_t done = 0; done < n;) {
        if (at > INT64_MAX - n)
            return damaged(r, what, e);
        ssize_t got = pread(r->fd, (char *)p + done, n - done, (off_t)(at + done));
        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0)
            return err_sys(e, "%s", r->name);
        if (got == 0)
            return damaged(r, what, e);
        done += (size_t)got;
    }
    return 0;
}

// A number of n bytes in the file's order.
static uint64_t number(const struct reading *r, const uint8_t *p, size_t n)
{
    uint64_t v = 0;
    for (size_t i = 0; i < n; i++)
        v = v << 8 | p[r->out->big ? i : n - 1 - i];
    return v;
}

#define FIELD(r, p, type32, type64, field)                                                                   \
    ((r)->out->bits == 64 ? number(r, (p) + offsetof(type64, field), sizeof(((type64 *)0)->field))           \
                          : number(r, (p) + offsetof(type32, field), sizeof(((type32 *)0)->field)))

static int read_header(struct reading *r, const uint8_t ident[EI_NIDENT], struct err *e)
{
    uint8_t h[sizeof(Elf64_Ehdr)] = {0};
    struct elf *o = r->out;
    if ((ident[EI_CLASS] != ELFCLASS32 && ident[EI_CLASS] != ELFCLASS64) ||
        (ident[EI_DATA] != ELFDATA2LSB && ident[EI_DATA] != ELFDATA2MSB))
        return damaged(r, "class or byte order", e);
    o->bits = ident[EI_CLASS] == ELFCLASS64 ? 64 : 32;
    o->big = ident[EI_DATA] == ELFDATA2MSB;
    if (get(r, 0, h, o->bits == 64 ? sizeof(Elf64_Ehdr) : sizeof(Elf32_Ehdr), "ends in its header", e) < 0)
        return -1;
    o->machine = (uint16_t)FIELD(r, h, Elf32_Ehdr, Elf64_Ehdr, e_machine);
    o->type = (uint16_t)FIELD(r, h, Elf32_Ehdr, Elf64_Ehdr, e_type);
    r->phoff = FIELD(r, h, Elf32_Ehdr, Elf64_Ehdr, e_phoff);
    r->phentsize = FIELD(r, h, Elf32_Ehdr, Elf64_Ehdr, e_phentsize);
    r->phnum = FIELD(r, h, Elf32_Ehdr, Elf64_Ehdr, e_phnum);
    return 0;
}

static int read_interp(struct reading *r, uint64_t at, uint64_t n, struct err *e)
{
    if (n < 2 || n > LIMIT_PATH)
        return damaged(r, "length of the interpreter", e);
    char *text = arena_get(r->a, (size_t)n + 1, 1);
    if (get(r, at, text, (size_t)n, "interpreter", e) < 0)
        return -1;
    r->out->interp = str_of(text);
    return 0;
}

static int read_segment(struct reading *r, const uint8_t *p, struct err *e)
{
    uint64_t type = FIELD(r, p, Elf32_Phdr, Elf64_Phdr, p_type);
    uint64_t at = FIELD(r, p, Elf32_Phdr, Elf64_Phdr, p_offset),
             n = FIELD(r, p, Elf32_Phdr, Elf64_Phdr, p_filesz);
    if (type == PT_INTERP)
        return read_interp(r, at, n, e);
    if (type == PT_DYNAMIC) {
        r->dyn_at = at;
        r->dyn_n = n;
    }
    if (type == PT_LOAD && r->loads == LOADS)
        return damaged(r, "too many segments", e);
    if (type == PT_LOAD)
        r->load[r->loads++] = (struct load){FIELD(r, p, Elf32_Phdr, Elf64_Phdr, p_vaddr), at, n};
    return 0;
}

static int read_segments(struct reading *r, struct err *e)
{
    uint8_t all[SEGMENTS * sizeof(Elf64_Phdr)];
    size_t each = r->out->bits == 64 ? sizeof(Elf64_Phdr) : sizeof(Elf32_Phdr);
    if (!r->phnum)
        return 0;
    if (r->phentsize != each || r->phnum > SEGMENTS)
        return damaged(r, "table of segments", e);
    if (get(r, r->phoff, all, each * (size_t)r->phnum, "table of segments", e) < 0)
        return -1;
    for (size_t i = 0; i < r->phnum; i++)
        if (read_segment(r, all + i * each, e) < 0)
            return -1;
    return 0;
}

static bool offset_of(const struct reading *r, uint64_t addr, uint64_t n, uint64_t *at)
{
    for (size_t i = 0; i < r->loads; i++) {
        const struct load *l = &r->load[i];
        if (addr >= l->addr && addr - l->addr < l->n && n <= l->n - (addr - l->addr)) {
            *at = l->at + (addr - l->addr);
            return *at >= l->at;
        }
    }
    return false;
}

static bool text_at(const struct reading *r, uint64_t at, struct str *out)
{
    if (at >= r->strings.n)
        return false;
    struct str from = str_from(r->strings, (size_t)at);
    const char *end = memchr(from.p, 0, from.n);
    if (end)
        *out = str_head(from, (size_t)(end - from.p));
    return end != NULL;
}

// The tags are read twice: the string table is known after the first time.
static void note_table(struct reading *r, uint64_t tag, uint64_t v)
{
    if (tag == DT_STRTAB)
        r->strtab = v;
    if (tag == DT_STRSZ)
        r->strsz = v;
}

static int note_text(struct reading *r, uint64_t tag, uint64_t v, struct err *e)
{
    struct elf *o = r->out;
    struct str text;
    if (tag != DT_NEEDED && tag != DT_SONAME && tag != DT_RPATH && tag != DT_RUNPATH)
        return 0;
    if (!text_at(r, v, &text))
        return damaged(r, "a name outside of the string table", e);
    text = str_dup(r->a, text);
    if (tag == DT_NEEDED)
        strv_add(r->a, &o->needed, text);
    else
        *(tag == DT_SONAME ? &o->soname : tag == DT_RPATH ? &o->rpath : &o->runpath) = text;
    return 0;
}

static int each_tag(struct reading *r, const uint8_t *dyn, bool texts, struct err *e)
{
    size_t each = r->out->bits == 64 ? sizeof(Elf64_Dyn) : sizeof(Elf32_Dyn);
    for (size_t i = 0; i + each <= r->dyn_n; i += each) {
        uint64_t tag = FIELD(r, dyn + i, Elf32_Dyn, Elf64_Dyn, d_tag),
                 v = FIELD(r, dyn + i, Elf32_Dyn, Elf64_Dyn, d_un);
        if (tag == DT_NULL)
            break;
        if (!texts)
            note_table(r, tag, v);
        else if (note_text(r, tag, v, e) < 0)
            return -1;
    }
    return 0;
}

static int read_dynamic(struct reading *r, struct err *e)
{
    uint64_t at;
    if (!r->dyn_n)
        return 0;
    if (r->dyn_n > DYNAMIC_MAX)
        return damaged(r, "size of the dynamic section", e);
    drop_free uint8_t *dyn = xmalloc((size_t)r->dyn_n);
    if (get(r, r->dyn_at, dyn, (size_t)r->dyn_n, "dynamic section", e) < 0 || each_tag(r, dyn, false, e) < 0)
        return -1;
    if (r->strsz > STRINGS_MAX)
        return damaged(r, "size of the string table", e);
    r->out->dynamic = true;
    if (!r->strsz)
        return 0;
    if (!offset_of(r, r->strtab, r->strsz, &at))
        return damaged(r, "string table", e);
    drop_free char *strings = xmalloc((size_t)r->strsz);
    if (get(r, at, strings, (size_t)r->strsz, "string table", e) < 0)
        return -1;
    r->strings = (struct str){strings, (size_t)r->strsz};
    return each_tag(r, dyn, true, e);
}

enum elf_kind elf_read(int fd, const char *name, struct arena *a, struct elf *out, struct err *e)
{
    uint8_t ident[EI_NIDENT];
    struct elf got = {0};
    struct reading r = {.fd = fd, .name = name, .a = a, .out = &got};
    ssize_t n = pread(fd, ident, sizeof ident, 0);
    if (n < 0)
        return (enum elf_kind)err_sys(e, "%s", name);
    if (n < SELFMAG || memcmp(ident, ELFMAG, SELFMAG) != 0)
        return ELF_OTHER;
    if (n < EI_NIDENT)
        return (enum elf_kind)damaged(&r, "ends in its first bytes", e);
    if (read_header(&r, ident, e) < 0 || read_segments(&r, e) < 0 || read_dynamic(&r, e) < 0)
        return ELF_ERROR;
    *out = got;
    return ELF_FILE;
}
