// SPDX-License-Identifier: Apache-2.0
#include "debian/ldcache.h"
#include "elf_rig.h"
#include <stdio.h>

static uint32_t get32(const struct buf *b, size_t at)
{
    uint32_t v = 0;
    CHECK(at + 4 <= b->n);
    for (unsigned i = 0; i < 4; i++)
        v |= (uint32_t)(unsigned char)b->p[at + i] << (8 * i);
    return v;
}

// "flag name path" a line, read as the loader reads it.
static struct str listing(struct arena *a, const struct buf *b)
{
    drop_buf struct buf out = BUF_INIT(MIB(1));
    if (!b->n)
        return STR("");
    CHECK(memcmp(b->p, "glibc-ld.so.cache1.1", 20) == 0);
    uint32_t n = get32(b, 20);
    EQ_UINT(48 + 24 * n + get32(b, 24), b->n);
    EQ_UINT(get32(b, 28), 2);
    for (uint32_t i = 0; i < n; i++) {
        size_t at = 48 + 24 * i;
        CHECK(get32(b, at + 4) < b->n && get32(b, at + 8) < b->n);
        buf_printf(&out, "%x %s %s\n", get32(b, at), b->p + get32(b, at + 4), b->p + get32(b, at + 8));
    }
    return str_dup(a, buf_view(&out));
}

static struct str cache_of(struct test *t, struct arena *a)
{
    drop_buf struct buf b = BUF_INIT(MIB(1));
    MUST(ldcache_make(t->dir, &b, &e));
    return listing(a, &b);
}

static void lib(struct test *t, const char *path, unsigned machine, unsigned bits, const char *soname)
{
    const struct elf_recipe r = {.bits = bits, .machine = machine, .soname = soname};
    elf_write(t->dir, path, &r);
}

TEST(libraries_and_links)
{
    drop_(arena_free) struct arena *a = arena_new(1024);
    lib(t, "usr/lib/x/libz.so.1.2.13", EM_X86_64, 64, "libz.so.1");
    lib(t, "usr/lib/x/libz.so.10.1", EM_X86_64, 64, "libz.so.10");
    lib(t, "usr/lib/x/libnone.so", EM_X86_64, 64, NULL);
    lib(t, "usr/lib/x/ld-linux.so.2", EM_X86_64, 64, "ld-linux.so.2");
    lib(t, "usr/lib/x/other.so", EM_X86_64, 64, "other.so"); // neither lib… nor ld-…
    lib(t, "usr/lib/libz.so.1", EM_X86_64, 64, "libz.so.1"); // /lib/x comes first
    lib(t, "usr/lib/liba.so.1", EM_AARCH64, 64, "liba.so.1");
    lib(t, "usr/lib/liba32.so.1", EM_386, 32, "liba.so.1");
    lib(t, "usr/lib/libs.so.1", EM_SPARCV9, 64, "libs.so.1"); // no flag of ours
    test_write(t->dir, "usr/lib/libtext.so", "GROUP ( libc.so.6 )\n", 20);
    CHECK(symlinkat("libz.so.1.2.13", t->dir, "usr/lib/x/libz.so.1") == 0);
    CHECK(symlinkat("libz.so.1.2.13", t->dir, "usr/lib/x/libz.so") == 0);
    CHECK(symlinkat("libz.so.1.2.13", t->dir, "usr/lib/x/libz.so.1.2") ==
          0); // neither: the library's own name
    CHECK(symlinkat("/nowhere", t->dir, "usr/lib/x/libdangling.so") == 0);
    CHECK(symlinkat("usr/lib", t->dir, "lib") == 0);
    test_write(t->dir, "etc/ld.so.conf", "/lib/x\n", 7);
    EQ_STR(cache_of(t, a), "303 libz.so.10 /lib/x/libz.so.10.1\n"
                           "303 libz.so.1 /lib/x/libz.so.1\n"
                           "303 libz.so /lib/x/libz.so\n"
                           "303 libnone.so /lib/x/libnone.so\n"
                           "a03 liba.so.1 /lib/liba.so.1\n"
                           "3 liba.so.1 /lib/liba.so.1\n"
                           "303 ld-linux.so.2 /lib/x/ld-linux.so.2\n");
}

TEST(no_libraries)
{
    drop_(arena_free) struct arena *a = arena_new(1024);
    EQ_STR(cache_of(t, a), "");
}
