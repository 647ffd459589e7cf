// SPDX-License-Identifier: Apache-2.0
// Runs a fuzz target once over every file of its corpus: the search's findings as a regression test, in TAP.
#include "base/file.h"
#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static int replay(int dirfd, const char *name)
{
    struct err e = {0};
    drop_buf struct buf b = BUF_INIT(1 << 24);
    if (file_read(dirfd, name, &b, &e) < 0)
        return -1;
    drop_free uint8_t *exact =
        xmemdup(b.p, b.n); // its own allocation, so that ASan sees the first byte past the end
    return LLVMFuzzerTestOneInput(exact, b.n);
}

int main(int argc, char **argv)
{
    struct err e = {0};
    drop_fd int fd = -1;
    if (argc != 2 || path_open_host(argv[1], O_RDONLY | O_DIRECTORY, 0, &fd, &e) < 0)
        return 99;
    DIR *d = fdopendir(dup(fd));
    if (!d)
        return 99;
    int n = 0, failed = 0;
    for (struct dirent *de; (de = readdir(d));) {
        if (de->d_name[0] == '.')
            continue;
        int rc = replay(fd, de->d_name);
        failed += rc != 0;
        printf("%s %d %s\n", rc ? "not ok" : "ok", ++n, de->d_name);
    }
    closedir(d);
    printf("1..%d\n", n);
    return failed != 0;
}
