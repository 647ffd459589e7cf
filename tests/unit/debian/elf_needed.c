// SPDX-License-Identifier: Apache-2.0
#include "archive/walk.h"
#include "elf_rig.h"
#include <stdio.h>

#define LIB(name)                                                                                            \
    {                                                                                                        \
        .bits = 64, .machine = EM_X86_64, .soname = name                                                     \
    }

static struct strv files_of(struct test *t, struct arena *a)
{
    drop_(walk_free) struct walk *w = NULL;
    const struct walk_entry *it;
    struct strv all = {0};
    MUST(walk_open(t->dir, ".", TREE_FULL_PATH, &w, &e));
    for (struct err e = {0}; walk_next(w, &it, &e) == WALK_ENTRY;)
        if (S_ISREG(it->st.st_mode))
            strv_add(a, &all, str_dup(a, it->path));
    return all;
}

static struct str missing(struct test *t, struct arena *a)
{
    struct elf_missing_list l = {0};
    struct str all = STR("");
    struct strv files = files_of(t, a);
    MUST(elf_unsatisfied(t->dir, &files, a, &l, &e));
    for (size_t i = 0; i < l.n; i++)
        all = str_printf(a, PRI_STR "%s" PRI_STR ":" PRI_STR, STR_ARG(all), i ? " " : "",
                         STR_ARG(l.v[i].path), STR_ARG(l.v[i].needed));
    return all;
}

TEST(unsatisfied)
{
    drop_(arena_free) struct arena *a = arena_new(1024);
    const struct elf_recipe libc = LIB("libc.so.6"),
                            other = {.bits = 32, .machine = EM_386, .soname = "libm.so.6"},
                            own = LIB("libown.so"),
                            bash = {.bits = 64,
                                    .machine = EM_X86_64,
                                    .interp = "/lib64/ld.so",
                                    .needed = {"libc.so.6", "libm.so.6", "libblas.so.3"}},
                            tool = {.bits = 64,
                                    .machine = EM_X86_64,
                                    .runpath = "/nowhere:$ORIGIN/../lib/tool",
                                    .needed = {"libown.so", "libgone.so"}},
                            old = {.bits = 64,
                                   .machine = EM_X86_64,
                                   .rpath = "${ORIGIN}",
                                   .needed = {"libown.so"}};
    elf_write(t->dir, "usr/lib/libc.so.6", &libc);
    elf_write(t->dir, "usr/lib/libm.so.6", &other); // of another machine: does not count
    elf_write(t->dir, "usr/lib/tool/libown.so", &own);
    elf_write(t->dir, "usr/lib/tool/old.so", &old);
    elf_write(t->dir, "usr/lib/blas/libblas.so.3", &libc);
    elf_write(t->dir, "usr/bin/bash", &bash);
    elf_write(t->dir, "usr/bin/tool", &tool);
    test_write(t->dir, "usr/bin/script", "#!/bin/sh\nexit 0\n# a long script\n# that is no ELF file\n", 54);
    EQ_STR(missing(t, a), "usr/bin/bash:/lib64/ld.so usr/bin/bash:libm.so.6 usr/bin/bash:libblas.so.3 "
                          "usr/bin/tool:libgone.so");
    // Links count, absolute ones too.
    test_write(t->dir, "etc/alternatives/x", "", 0);
    CHECK(symlinkat("/usr/lib/blas/libblas.so.3", t->dir, "etc/alternatives/blas") == 0);
    CHECK(symlinkat("/etc/alternatives/blas", t->dir, "usr/lib/libblas.so.3") == 0);
    CHECK(symlinkat("usr/lib", t->dir, "lib64") == 0);
    elf_write(t->dir, "usr/lib/ld.so", &libc);
    elf_write(t->dir, "usr/lib/libgone.so", &libc);
    CHECK(unlinkat(t->dir, "usr/lib/libm.so.6", 0) == 0);
    elf_write(t->dir, "usr/lib/libm.so.6", &libc);
    EQ_STR(missing(t, a), "");
}

TEST(a_damaged_file_is_named)
{
    drop_(arena_free) struct arena *a = arena_new(1024);
    struct elf_missing_list l = {0};
    drop_buf struct buf b = BUF_INIT(MIB(1));
    const struct elf_recipe lib = LIB("libc.so.6");
    elf_make(&lib, &b);
    test_write(t->dir, "usr/lib/debug/x", b.p, b.n / 2); // sections without bytes: nobody loads them
    struct strv files = files_of(t, a);
    MUST(elf_unsatisfied(t->dir, &files, a, &l, &e));
    test_write(t->dir, "usr/lib/bad.so", b.p, b.n / 2);
    files = files_of(t, a);
    REFUSED(elf_unsatisfied(t->dir, &files, a, &l, &e), ERR_PARSE, "usr/lib/bad.so|damaged");
}
