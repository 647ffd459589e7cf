// SPDX-License-Identifier: Apache-2.0
#include "sandbox/filter.h"
#include "sandbox/kernel.h"
#include <errno.h>
#include <linux/audit.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <sys/socket.h>

#define ROW(name, error)                                                                                     \
    {                                                                                                        \
#name, SYS_##name, error                                                                             \
    }
const struct filter_row filter_rows[] = {
    // Keys of whoever started us, and of root.
    ROW(keyctl, EPERM),
    ROW(add_key, EPERM),
    ROW(request_key, EPERM),
    // Mounts and roots.
    ROW(mount, EPERM),
    ROW(umount2, EPERM),
    ROW(move_mount, EPERM),
    ROW(open_tree, EPERM),
    ROW(open_tree_attr, EPERM),
    ROW(fsopen, EPERM),
    ROW(fsconfig, EPERM),
    ROW(fsmount, EPERM),
    ROW(fspick, EPERM),
    ROW(mount_setattr, EPERM),
    ROW(pivot_root, EPERM),
    ROW(chroot, EPERM),
    ROW(swapon, EPERM),
    ROW(swapoff, EPERM),
    ROW(quotactl, EPERM),
    ROW(quotactl_fd, EPERM),
    // New namespaces, whose root has the kernel's privileged code to itself. clone3 hides its flags in memory.
    ROW(unshare, EPERM),
    ROW(setns, EPERM),
    ROW(clone3, ENOSYS),
    // Other processes.
    ROW(ptrace, EPERM),
    ROW(process_vm_readv, EPERM),
    ROW(process_vm_writev, EPERM),
    ROW(process_madvise, EPERM),
    ROW(pidfd_getfd, EPERM),
    ROW(kcmp, EPERM),
    // io_uring does sockets and files without a system call that a filter could see.
    ROW(io_uring_setup, EPERM),
    ROW(io_uring_enter, EPERM),
    ROW(io_uring_register, EPERM),
    // The kernel itself.
    ROW(bpf, EPERM),
    ROW(perf_event_open, EPERM),
    ROW(userfaultfd, EPERM),
    ROW(kexec_load, EPERM),
    ROW(kexec_file_load, EPERM),
    ROW(init_module, EPERM),
    ROW(finit_module, EPERM),
    ROW(delete_module, EPERM),
    ROW(reboot, EPERM),
    ROW(syslog, EPERM),
    ROW(acct, EPERM),
    ROW(vhangup, EPERM),
    ROW(fanotify_init, EPERM),
    ROW(lookup_dcookie, EPERM),
    ROW(sethostname, EPERM),
    ROW(setdomainname, EPERM),
    ROW(settimeofday, EPERM),
    ROW(clock_settime, EPERM),
    // Files without a path to them.
    ROW(open_by_handle_at, EPERM),
#ifdef __x86_64__
    ROW(iopl, EPERM),
    ROW(ioperm, EPERM),
    ROW(modify_ldt, EPERM),
    ROW(uselib, ENOSYS),
    ROW(nfsservctl, ENOSYS),
#endif
    {0},
};
const uint32_t filter_ioctls[] = {0x5412 /* TIOCSTI */, 0x541c /* TIOCLINUX */, 0};
const uint32_t filter_families[] = {AF_UNIX, AF_INET, AF_INET6, AF_NETLINK, 0};

#if defined __x86_64__
#define NATIVE AUDIT_ARCH_X86_64
#define X32_BIT 0x40000000u // the same for every call of the x32 ABI
#elif defined __aarch64__
#define NATIVE AUDIT_ARCH_AARCH64
#define X32_BIT UINT32_MAX
#else
#error "sandbox: no seccomp architecture for this machine"
#endif

enum {
    LAST_CALL =
        470, // the newest call known when this list was written; later ones wait until somebody has looked
    PROGRAM_MAX = 256,
};

struct program {
    struct sock_filter *at;
    size_t n;
};

static void add(struct program *p, uint16_t code, uint32_t k, uint8_t jt, uint8_t jf)
{
    if (p->n == PROGRAM_MAX)
        BUG("seccomp filter: longer than its array");
    p->at[p->n++] = (struct sock_filter){code, jt, jf, k};
}

static void load(struct program *p, size_t off)
{
    add(p, BPF_LD | BPF_W | BPF_ABS, (uint32_t)off, 0, 0);
}

static void answer(struct program *p, int error)
{
    add(p, BPF_RET | BPF_K, error ? SECCOMP_RET_ERRNO | (uint32_t)error : SECCOMP_RET_ALLOW, 0, 0);
}

// The low half of an argument: these are 32 bits wide in the kernel, which ignores the rest.
static size_t arg(unsigned i)
{
    return offsetof(struct seccomp_data, args) + i * sizeof(uint64_t);
}

// "if the call is nr: …" with `n` instructions behind it.
static void if_call(struct program *p, int nr, unsigned n)
{
    add(p, BPF_JMP | BPF_JEQ | BPF_K, (uint32_t)nr, 0, (uint8_t)n);
}

static void by_arguments(struct program *p, bool unix_only)
{
    if_call(p, SYS_clone, 4);
    load(p, arg(0));
    add(p, BPF_JMP | BPF_JSET | BPF_K, FILTER_CLONE_FLAGS, 0, 1);
    answer(p, EPERM);
    answer(p, 0);

    if_call(p, SYS_ioctl, 5);
    load(p, arg(1));
    add(p, BPF_JMP | BPF_JEQ | BPF_K, filter_ioctls[0], 1, 0);
    add(p, BPF_JMP | BPF_JEQ | BPF_K, filter_ioctls[1], 0, 1);
    answer(p, EPERM);
    answer(p, 0);

    if_call(p, SYS_socketpair, 4);
    load(p, arg(0));
    add(p, BPF_JMP | BPF_JEQ | BPF_K, AF_UNIX, 0, 1);
    answer(p, 0);
    answer(p, EAFNOSUPPORT);

    if (unix_only) {
        if_call(p, SYS_socket, 4);
        load(p, arg(0));
        add(p, BPF_JMP | BPF_JEQ | BPF_K, AF_UNIX, 0, 1);
        answer(p, 0);
        answer(p, EAFNOSUPPORT);
        return;
    }
    if_call(p, SYS_socket, 9);
    load(p, arg(0));
    add(p, BPF_JMP | BPF_JEQ | BPF_K, AF_UNIX, 5, 0);
    add(p, BPF_JMP | BPF_JEQ | BPF_K, AF_INET, 4, 0);
    add(p, BPF_JMP | BPF_JEQ | BPF_K, AF_INET6, 3, 0);
    add(p, BPF_JMP | BPF_JEQ | BPF_K, AF_NETLINK, 0, 3);
    load(p, arg(2));
    add(p, BPF_JMP | BPF_JEQ | BPF_K, FILTER_NETLINK_ROUTE, 0, 1);
    answer(p, 0);
    answer(p, EAFNOSUPPORT);
}

void filter_build(struct arena *a, bool unix_only, struct sock_fprog *out)
{
    struct program p = {.at = ARENA_ARRAY(a, struct sock_filter, PROGRAM_MAX)};
    load(&p, offsetof(struct seccomp_data, arch));
    add(&p, BPF_JMP | BPF_JEQ | BPF_K, NATIVE, 1, 0);
    add(&p, BPF_RET | BPF_K, SECCOMP_RET_KILL_PROCESS, 0,
        0); // the 32-bit ABI, whose numbers mean other calls
    load(&p, offsetof(struct seccomp_data, nr));
    add(&p, BPF_JMP | BPF_JGE | BPF_K, X32_BIT, 0, 1);
    answer(&p, ENOSYS);
    add(&p, BPF_JMP | BPF_JGT | BPF_K, LAST_CALL, 0, 1);
    answer(&p, ENOSYS);
    for (const struct filter_row *r = filter_rows; r->name; r++) {
        if_call(&p, r->nr, 1);
        answer(&p, r->error);
    }
    by_arguments(&p, unix_only);
    answer(&p, 0);
    *out = (struct sock_fprog){.len = (unsigned short)p.n, .filter = p.at};
}
