// SPDX-License-Identifier: Apache-2.0
// Any bytes as an ELF file. What is read lies within it: names are texts of the file, without NUL.
#include "base/file.h"
#include "debian/elf.h"
#include <sys/mman.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void want_text(struct str s, size_t size)
{
    if (s.n > size || str_has_nul(s))
        abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    drop_(arena_free) struct arena *a = arena_new(4096);
    drop_fd int fd = memfd_create("elf", MFD_CLOEXEC);
    struct elf f;
    struct err e = {0};
    if (fd < 0 || file_write_all(fd, data, size, NULL) < 0)
        abort();
    if (elf_read(fd, "fuzz", a, &f, &e) != ELF_FILE)
        return 0;
    want_text(f.interp, size);
    want_text(f.soname, size);
    want_text(f.rpath, size);
    want_text(f.runpath, size);
    for (size_t i = 0; i < f.needed.n; i++)
        want_text(f.needed.v[i], size);
    return 0;
}
