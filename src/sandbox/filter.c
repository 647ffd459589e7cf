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

enum {
    CLONE_NEW = 0x7e020000, // every CLONE_NEW… that clone(2) can take
    TYPE_AHEAD = 0x5412,    // TIOCSTI
    CONSOLE = 0x541c,       // TIOCLINUX
    ROUTES = 0,             // NETLINK_ROUTE: getifaddrs(3), the one netlink protocol that is left
};
#define CALL(call) .name = #call, .nr = SYS_##call
const struct filter_check filter_checks[] = {
    {CALL(clone), .test = FILTER_ANY_BIT, .v = {CLONE_NEW}, .n = 1, .error = EPERM},
    {CALL(ioctl), .arg = 1, .test = FILTER_ONE_OF, .v = {TYPE_AHEAD, CONSOLE}, .n = 2, .error = EPERM},
    {CALL(socketpair), .test = FILTER_NONE_OF, .v = {AF_UNIX}, .n = 1, .error = EAFNOSUPPORT},
    {CALL(socket), .test = FILTER_NONE_OF, .v = {AF_UNIX, AF_INET, AF_INET6, AF_NETLINK}, .n = 4,
     .error = EAFNOSUPPORT},
    {CALL(socket), .family = AF_NETLINK, .arg = 2, .test = FILTER_NONE_OF, .v = {ROUTES}, .n = 1,
     .error = EAFNOSUPPORT},
    {0},
};
static const struct filter_check unix_sockets = {CALL(socket), .test = FILTER_NONE_OF, .v = {AF_UNIX}, .n = 1,
                                                 .error = EAFNOSUPPORT};

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

// A jump forward if they are not equal, to where landed() is called.
static size_t unless(struct program *p, uint32_t k)
{
    add(p, BPF_JMP | BPF_JEQ | BPF_K, k, 0, 0);
    return p->n - 1;
}

static void landed(struct program *p, size_t jump)
{
    p->at[jump].jf = (uint8_t)(p->n - jump - 1);
}

// With the call's number loaded before and after.
static void by_argument(struct program *p, const struct filter_check *c)
{
    size_t call = unless(p, (uint32_t)c->nr), family = 0;
    if (c->family) {
        load(p, arg(0));
        family = unless(p, c->family);
    }
    load(p, arg(c->arg));
    if (c->test == FILTER_ANY_BIT)
        add(p, BPF_JMP | BPF_JSET | BPF_K, c->v[0], 0, 1);
    for (unsigned i = 0; i < c->n && c->test != FILTER_ANY_BIT; i++) {
        uint8_t rest = (uint8_t)(c->n - 1 - i); // comparisons between here and the refusal
        bool last = rest == 0 && c->test == FILTER_ONE_OF;
        add(p, BPF_JMP | BPF_JEQ | BPF_K, c->v[i], c->test == FILTER_ONE_OF ? rest : (uint8_t)(rest + 1),
            last ? 1 : 0);
    }
    answer(p, c->error);
    if (c->family)
        landed(p, family);
    load(p, offsetof(struct seccomp_data, nr));
    landed(p, call);
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
    for (const struct filter_check *c = filter_checks; c->name; c++)
        by_argument(&p, c);
    if (unix_only)
        by_argument(&p, &unix_sockets);
    answer(&p, 0);
    *out = (struct sock_fprog){.len = (unsigned short)p.n, .filter = p.at};
}
