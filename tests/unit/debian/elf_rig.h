// SPDX-License-Identifier: Apache-2.0
// Small ELF files from short rows: a header, three segments, a dynamic section and its strings.
#pragma once
#include "base/buf.h"
#include "base/limits.h"
#include "base/path.h"
#include "debian/elf.h"
#include "test.h"
#include <elf.h>
#include <fcntl.h>

struct elf_recipe {
    unsigned bits;
    bool big;
    unsigned machine;
    const char *soname, *rpath, *runpath, *interp;
    const char *needed[4];
};

struct elf_making {
    const struct elf_recipe *r;
    struct buf *b;
    struct buf dyn, strings;
};

static inline void elf_put(const struct elf_recipe *r, struct buf *b, uint64_t v, unsigned bytes)
{
    for (unsigned i = 0; i < bytes; i++)
        buf_char(b, (char)(v >> (8 * (r->big ? bytes - 1 - i : i))));
}

static inline void elf_word(struct elf_making *m, struct buf *b, uint64_t v)
{
    elf_put(m->r, b, v, m->r->bits / 8);
}

static inline void elf_tag(struct elf_making *m, uint64_t tag, const char *text)
{
    if (!text)
        return;
    elf_word(m, &m->dyn, tag);
    elf_word(m, &m->dyn, m->strings.n);
    buf_add(&m->strings, text, strlen(text) + 1);
}

static inline void elf_segment(struct elf_making *m, uint32_t type, uint64_t at, uint64_t n)
{
    bool wide = m->r->bits == 64;
    elf_put(m->r, m->b, type, 4);
    if (wide)
        elf_put(m->r, m->b, PF_R, 4);
    elf_word(m, m->b, at);
    elf_word(m, m->b, at + 0x1000); // addresses differ from offsets
    elf_word(m, m->b, 0);
    elf_word(m, m->b, n);
    elf_word(m, m->b, n);
    if (!wide)
        elf_put(m->r, m->b, PF_R, 4);
    elf_word(m, m->b, 1);
}

static inline void elf_header(struct elf_making *m, unsigned segments)
{
    const struct elf_recipe *r = m->r;
    bool wide = r->bits == 64;
    const char ident[EI_NIDENT] = {
        0x7f, 'E', 'L', 'F', wide ? ELFCLASS64 : ELFCLASS32, r->big ? ELFDATA2MSB : ELFDATA2LSB, 1};
    size_t size = wide ? sizeof(Elf64_Ehdr) : sizeof(Elf32_Ehdr);
    buf_add(m->b, ident, sizeof ident);
    elf_put(r, m->b, ET_DYN, 2);
    elf_put(r, m->b, r->machine, 2);
    elf_put(r, m->b, 1, 4);
    elf_word(m, m->b, 0);
    elf_word(m, m->b, size);
    elf_word(m, m->b, 0);
    elf_put(r, m->b, 0, 4);
    elf_put(r, m->b, size, 2);
    elf_put(r, m->b, wide ? sizeof(Elf64_Phdr) : sizeof(Elf32_Phdr), 2);
    elf_put(r, m->b, segments, 2);
    elf_put(r, m->b, 0, 6);
}

static inline void elf_make(const struct elf_recipe *r, struct buf *b)
{
    struct elf_making m = {.r = r, .b = b, .dyn = BUF_INIT(4096), .strings = BUF_INIT(4096)};
    bool wide = r->bits == 64;
    unsigned segments = r->interp ? 3 : 2;
    size_t head = (wide ? sizeof(Elf64_Ehdr) : sizeof(Elf32_Ehdr)) +
                  segments * (wide ? sizeof(Elf64_Phdr) : sizeof(Elf32_Phdr));
    size_t interp = r->interp ? strlen(r->interp) + 1 : 0;
    buf_char(&m.strings, 0);
    elf_tag(&m, DT_SONAME, r->soname);
    elf_tag(&m, DT_RPATH, r->rpath);
    elf_tag(&m, DT_RUNPATH, r->runpath);
    for (size_t i = 0; i < COUNT(r->needed); i++)
        elf_tag(&m, DT_NEEDED, r->needed[i]);
    size_t dyn = m.dyn.n + 3 * (r->bits / 4), strings = head + interp + dyn;
    elf_word(&m, &m.dyn, DT_STRTAB);
    elf_word(&m, &m.dyn, strings + 0x1000);
    elf_word(&m, &m.dyn, DT_STRSZ);
    elf_word(&m, &m.dyn, m.strings.n);
    elf_word(&m, &m.dyn, DT_NULL);
    elf_word(&m, &m.dyn, 0);
    elf_header(&m, segments);
    elf_segment(&m, PT_LOAD, 0, strings + m.strings.n);
    elf_segment(&m, PT_DYNAMIC, head + interp, dyn);
    if (r->interp)
        elf_segment(&m, PT_INTERP, head, interp);
    if (interp)
        buf_add(b, r->interp, interp);
    buf_str(b, buf_view(&m.dyn));
    buf_str(b, buf_view(&m.strings));
    buf_free(&m.dyn);
    buf_free(&m.strings);
}

static inline enum elf_kind read_bytes(struct test *t, struct str bytes, struct arena *a, struct elf *out,
                                       struct err *why)
{
    drop_fd int fd = -1;
    test_write(t->dir, "file", bytes.p, bytes.n);
    MUST(path_open_plain(t->dir, "file", O_RDONLY, 0, &fd, &e));
    return elf_read(fd, "file", a, out, why);
}

static inline enum elf_kind read_recipe(struct test *t, const struct elf_recipe *r, struct arena *a,
                                        struct elf *out)
{
    drop_buf struct buf b = BUF_INIT(MIB(1));
    elf_make(r, &b);
    return read_bytes(t, buf_view(&b), a, out, NULL);
}

static inline void elf_write(int root, const char *path, const struct elf_recipe *r)
{
    drop_buf struct buf b = BUF_INIT(MIB(1));
    elf_make(r, &b);
    test_write(root, path, b.p, b.n);
}
