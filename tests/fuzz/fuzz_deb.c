// SPDX-License-Identifier: Apache-2.0
// Any bytes as a binary package: its frame, its control.tar and what the control file says.
#include "base/file.h"
#include "debian/unpack.h"
#include <sys/mman.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    drop_(arena_free) struct arena *a = arena_new(4096);
    drop_fd int fd = memfd_create("deb", MFD_CLOEXEC);
    struct deb_input in = {.fd = fd, .name = STR("fuzz.deb")};
    struct deb_control c;
    struct err e = {0};
    if (fd < 0 || file_write_all(fd, data, size, NULL) < 0)
        abort();
    if (deb_read_control(&in, a, &c, &e) < 0) {
        if (e.code == ERR_NONE)
            abort();
        return 0;
    }
    // The names that become files of dpkg's database.
    if (!path_is_safe(c.package) || memchr(c.package.p, '/', c.package.n) || !path_is_safe(c.architecture))
        abort();
    for (size_t i = 0; i < c.file_n; i++)
        if (!path_is_safe(c.file[i].name) || memchr(c.file[i].name.p, '/', c.file[i].name.n))
            abort();
    return 0;
}
