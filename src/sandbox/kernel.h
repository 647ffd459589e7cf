// SPDX-License-Identifier: Apache-2.0
// sandbox/kernel.h - kernel interfaces that are newer than Debian 12's headers, as the kernel's own uapi has them.
#pragma once
#include <linux/openat2.h>
#include <stdint.h>
#include <sys/mount.h>
#include <sys/syscall.h>
#include <unistd.h>

#ifndef SYS_open_tree_attr
#define SYS_open_tree_attr 467
#endif

// Landlock. Access bits by the ABI that brought them.
enum {
    LL_EXECUTE = 1 << 0,
    LL_WRITE_FILE = 1 << 1,
    LL_READ_FILE = 1 << 2,
    LL_READ_DIR = 1 << 3,
    LL_FS_1 = (1 << 13) - 1, // ABI 1
    LL_REFER = 1 << 13,      // ABI 2
    LL_TRUNCATE = 1 << 14,   // ABI 3
    LL_IOCTL_DEV = 1 << 15,  // ABI 5
    LL_SCOPE_ABSTRACT = 1,   // ABI 6
    LL_SCOPE_SIGNAL = 2,     // ABI 6
    LL_VERSION = 1,          // flag of landlock_create_ruleset: answers the ABI
    LL_PATH_BENEATH = 1,
};
struct ll_ruleset { // a shorter size is an older ABI
    uint64_t fs, net, scoped;
};
struct ll_path {
    uint64_t access;
    int32_t fd;
} __attribute__((packed));

static inline int sys_openat2(int dirfd, const char *path, int flags, mode_t mode, uint64_t resolve)
{
    struct open_how how = {.flags = (unsigned)flags, .mode = mode, .resolve = resolve};
    return (int)syscall(SYS_openat2, dirfd, path, &how, sizeof how);
}
static inline int sys_landlock_create(const struct ll_ruleset *r, size_t n, unsigned flags)
{
    return (int)syscall(SYS_landlock_create_ruleset, r, n, flags);
}
static inline int sys_landlock_add(int ruleset, const struct ll_path *rule)
{
    return (int)syscall(SYS_landlock_add_rule, ruleset, LL_PATH_BENEATH, rule, 0);
}
static inline int sys_landlock_restrict(int ruleset)
{
    return (int)syscall(SYS_landlock_restrict_self, ruleset, 0);
}
