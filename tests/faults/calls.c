// SPDX-License-Identifier: Apache-2.0
#include "calls.h"
#include <sys/syscall.h>

#define CALL(n, p, o, ...)                                                                                   \
    {                                                                                                        \
        .nr = SYS_##n, .name = #n, .point = POINT_##p, .on = ON_##o, .flags = -1, ##__VA_ARGS__              \
    }

static const struct call calls[] = {
    {.nr = SYS_open, .name = "open", .point = POINT_OPEN, .on = ON_PATH, .full = true, .flags = 1},
    {.nr = SYS_openat, .name = "openat", .point = POINT_OPEN, .on = ON_PATH, .full = true, .flags = 2},
    {.nr = SYS_openat2,
     .name = "openat2",
     .point = POINT_OPEN,
     .on = ON_PATH,
     .full = true,
     .flags = 2,
     .flags_ptr = true},
    CALL(creat, OPEN, PATH, .full = true),
    CALL(write, WRITE, FD, .full = true, .regular = true),
    CALL(pwrite64, WRITE, FD, .full = true, .regular = true),
    CALL(writev, WRITE, FD, .full = true, .regular = true),
    CALL(pwritev, WRITE, FD, .full = true, .regular = true),
    CALL(pwritev2, WRITE, FD, .full = true, .regular = true),
    CALL(fallocate, WRITE, FD, .full = true),
    CALL(copy_file_range, WRITE, OUT_FD, .arg = 2, .full = true),
    CALL(sendfile, WRITE, FD, .full = true, .regular = true),
    CALL(splice, WRITE, OUT_FD, .arg = 2, .full = true, .regular = true),
    CALL(rename, RENAME, MOVE, .full = true),
    CALL(renameat, RENAME, MOVE, .arg = 1, .full = true),
    CALL(renameat2, RENAME, MOVE, .arg = 1, .full = true),
    CALL(link, LINK, MOVE, .full = true),
    CALL(linkat, LINK, MOVE, .arg = 1, .full = true),
    CALL(unlink, UNLINK, PATH),
    CALL(unlinkat, UNLINK, PATH),
    CALL(rmdir, UNLINK, PATH),
    CALL(mkdir, MKDIR, PATH, .full = true),
    CALL(mkdirat, MKDIR, PATH, .full = true),
    CALL(symlink, SYMLINK, PATH, .full = true),
    CALL(symlinkat, SYMLINK, PATH, .full = true),
    CALL(mknod, MKNOD, PATH, .full = true),
    CALL(mknodat, MKNOD, PATH, .full = true),
    CALL(truncate, TRUNCATE, PATH),
    CALL(ftruncate, TRUNCATE, FD),
    CALL(fsync, SYNC, FD, .full = true),
    CALL(fdatasync, SYNC, FD, .full = true),
    CALL(syncfs, SYNC, PATH, .full = true),
    CALL(sync, SYNC, PATH),
    CALL(chmod, MODE, PATH),
    CALL(fchmod, MODE, PATH),
    CALL(fchmodat, MODE, PATH),
    CALL(chown, OWNER, PATH),
    CALL(lchown, OWNER, PATH),
    CALL(fchown, OWNER, PATH),
    CALL(fchownat, OWNER, PATH),
    CALL(utimensat, TIME, PATH),
    CALL(setxattr, XATTR, PATH, .full = true),
    CALL(lsetxattr, XATTR, PATH, .full = true),
    CALL(fsetxattr, XATTR, PATH, .full = true),
    CALL(removexattr, XATTR, PATH),
    CALL(lremovexattr, XATTR, PATH),
    CALL(fremovexattr, XATTR, PATH),
};

const struct call *call_list(size_t *n)
{
    *n = sizeof calls / sizeof calls[0];
    return calls;
}

const struct call *call_find(int nr)
{
    for (size_t i = 0; i < sizeof calls / sizeof calls[0]; i++)
        if (calls[i].nr == nr)
            return &calls[i];
    return NULL;
}

const char *point_name(enum point p)
{
    static const char *const names[] = {
        [POINT_OPEN] = "open",       [POINT_WRITE] = "write",   [POINT_RENAME] = "rename",
        [POINT_LINK] = "link",       [POINT_UNLINK] = "unlink", [POINT_MKDIR] = "mkdir",
        [POINT_SYMLINK] = "symlink", [POINT_MKNOD] = "mknod",   [POINT_TRUNCATE] = "truncate",
        [POINT_SYNC] = "sync",       [POINT_MODE] = "mode",     [POINT_OWNER] = "owner",
        [POINT_TIME] = "time",       [POINT_XATTR] = "xattr",
    };
    _Static_assert(sizeof names / sizeof names[0] == POINT_MAX_, "one name per kind");
    return names[p];
}
