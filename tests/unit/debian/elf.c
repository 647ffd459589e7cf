// SPDX-License-Identifier: Apache-2.0
#include "elf_rig.h"

TEST(reads_what_the_loader_reads)
{
    static const struct elf_recipe row[] = {
        {.bits = 64, .machine = EM_X86_64, .soname = "libx.so.1", .needed = {"libc.so.6", "libm.so.6"}},
        {.bits = 64, .machine = EM_AARCH64, .runpath = "$ORIGIN/../lib", .interp = "/lib/ld.so"},
        {.bits = 32, .machine = EM_386, .rpath = "/a:/b", .needed = {"x"}},
        {.bits = 64, .machine = EM_S390, .big = true, .soname = "liby.so", .needed = {"z"}},
        {.bits = 32, .machine = EM_PPC, .big = true, .interp = "/lib/ld"},
    };
    for (size_t i = 0; i < COUNT(row); i++) {
        drop_(arena_free) struct arena *a = arena_new(1024);
        struct elf f;
        EQ_INT(read_recipe(t, &row[i], a, &f), ELF_FILE);
        EQ_UINT(f.bits, row[i].bits);
        EQ_INT(f.big, row[i].big);
        EQ_UINT(f.machine, row[i].machine);
        EQ_UINT(f.type, ET_DYN);
        CHECK(f.dynamic);
        EQ_STR(f.soname, row[i].soname ? row[i].soname : "");
        EQ_STR(f.rpath, row[i].rpath ? row[i].rpath : "");
        EQ_STR(f.runpath, row[i].runpath ? row[i].runpath : "");
        EQ_STR(f.interp, row[i].interp ? row[i].interp : "");
        size_t n = 0;
        for (; n < COUNT(row[i].needed) && row[i].needed[n]; n++)
            EQ_STR(f.needed.v[n], row[i].needed[n]);
        EQ_UINT(f.needed.n, n);
    }
}

TEST(reads_this_program)
{
    drop_(arena_free) struct arena *a = arena_new(1024);
    drop_fd int fd = -1;
    struct elf f;
    MUST(path_open_host("/proc/self/exe", O_RDONLY, 0, &fd, &e));
    EQ_INT(elf_read(fd, "self", a, &f, NULL), ELF_FILE);
    CHECK(strv_has(&f.needed, STR("libc.so.6")));
}

TEST(other_files)
{
    static const char *const row[] = {"", "\177EL", "#!/bin/sh\n", "!<arch>\n", "\177elf and more than that"};
    for (size_t i = 0; i < COUNT(row); i++) {
        drop_(arena_free) struct arena *a = arena_new(1024);
        struct elf f;
        EQ_INT(read_bytes(t, str_of(row[i]), a, &f, NULL), ELF_OTHER);
    }
}

// Every cut and every changed byte is an answer, never a crash.
TEST(damaged_files)
{
    const struct elf_recipe r = {.bits = 64,
                                 .machine = EM_X86_64,
                                 .soname = "libx.so.1",
                                 .needed = {"libc.so.6"},
                                 .interp = "/lib/ld.so"};
    drop_buf struct buf b = BUF_INIT(MIB(1));
    elf_make(&r, &b);
    for (size_t n = 4; n < b.n; n++) {
        drop_(arena_free) struct arena *a = arena_new(1024);
        struct elf f;
        struct err e = {0};
        enum elf_kind kind = read_bytes(t, str_head(buf_view(&b), n), a, &f, &e);
        CHECK_MSG(kind == ELF_ERROR && e.code == ERR_PARSE, "cut at %zu", n);
    }
    for (size_t i = 4; i < b.n; i++) {
        static const char value[] = {0, 1, 127, -1};
        char was = b.p[i];
        for (size_t k = 0; k < sizeof value; k++) {
            drop_(arena_free) struct arena *a = arena_new(1024);
            struct elf f;
            b.p[i] = value[k];
            (void)read_bytes(t, buf_view(&b), a, &f, NULL);
        }
        b.p[i] = was;
    }
}
