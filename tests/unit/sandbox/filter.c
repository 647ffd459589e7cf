// SPDX-License-Identifier: Apache-2.0
#include "sandbox/filter.h"
#include "test.h"
#include <errno.h>
#include <linux/audit.h>
#include <linux/sched.h>
#include <linux/seccomp.h>
#include <sys/socket.h>
#include <sys/syscall.h>

#ifdef __x86_64__
static const uint32_t native = AUDIT_ARCH_X86_64, foreign = AUDIT_ARCH_I386;
#else
static const uint32_t native = AUDIT_ARCH_AARCH64, foreign = AUDIT_ARCH_ARM;
#endif

static uint32_t word(const struct seccomp_data *d, uint32_t at)
{
    uint32_t w;
    ck_assert_uint_le(at, sizeof *d - sizeof w);
    memcpy(&w, (const char *)d + at, sizeof w);
    return w;
}

// What the kernel would answer: the few instructions that the filter is made of.
static uint32_t answer_of(const struct sock_fprog *f, const struct seccomp_data *d)
{
    uint32_t acc = 0;
    for (size_t pc = 0; pc < f->len; pc++) {
        const struct sock_filter *i = &f->filter[pc];
        bool yes = false;
        switch (i->code) {
        case BPF_LD | BPF_W | BPF_ABS:
            acc = word(d, i->k);
            continue;
        case BPF_RET | BPF_K:
            return i->k;
        case BPF_JMP | BPF_JEQ | BPF_K:
            yes = acc == i->k;
            break;
        case BPF_JMP | BPF_JGE | BPF_K:
            yes = acc >= i->k;
            break;
        case BPF_JMP | BPF_JGT | BPF_K:
            yes = acc > i->k;
            break;
        case BPF_JMP | BPF_JSET | BPF_K:
            yes = acc & i->k;
            break;
        default:
            ck_abort_msg("instruction %x", i->code);
        }
        pc += yes ? i->jt : i->jf;
    }
    ck_abort_msg("the filter has no end");
}

static uint32_t ask(const struct sock_fprog *f, int nr, uint64_t a0, uint64_t a1, uint64_t a2)
{
    struct seccomp_data d = {.nr = nr, .arch = native, .args = {a0, a1, a2}};
    return answer_of(f, &d);
}

static uint32_t refusal(int error)
{
    return SECCOMP_RET_ERRNO | (uint32_t)error;
}

TEST(every_row_is_refused)
{
    drop_(arena_free) struct arena *a = arena_new(4096);
    struct sock_fprog f;
    filter_build(a, false, &f);
    for (const struct filter_row *r = filter_rows; r->name; r++)
        CHECK_MSG(ask(&f, r->nr, 0, 0, 0) == refusal(r->error), "%s", r->name);
    const int ordinary[] = {SYS_read, SYS_openat,   SYS_execve,   SYS_kill,
                            SYS_mmap, SYS_fchmodat, SYS_renameat2};
    for (size_t i = 0; i < COUNT(ordinary); i++)
        EQ_UINT(ask(&f, ordinary[i], 0, 0, 0), SECCOMP_RET_ALLOW);
}

TEST(arguments_decide)
{
    drop_(arena_free) struct arena *a = arena_new(4096);
    struct sock_fprog f;
    filter_build(a, false, &f);
    const uint64_t high = 1ull << 32; // bits that the kernel does not look at
    const struct {
        int nr;
        uint64_t a0, a1, a2;
        int error;
    } cases[] = {
        {SYS_clone, 17, 0, 0, 0},
        {SYS_clone, CLONE_VM | CLONE_VFORK | 17, 0, 0, 0},
        {SYS_clone, CLONE_NEWUSER, 0, 0, EPERM},
        {SYS_clone, CLONE_NEWNS | 17, 0, 0, EPERM},
        {SYS_clone, CLONE_NEWNET | high, 0, 0, EPERM},
        {SYS_ioctl, 0, 0x5401, 0, 0},
        {SYS_ioctl, 0, 0x5412, 0, EPERM},
        {SYS_ioctl, 0, 0x5412 | high, 0, EPERM},
        {SYS_ioctl, 0, 0x541c, 0, EPERM},
        {SYS_socket, AF_UNIX, 1, 0, 0},
        {SYS_socket, AF_INET, 1, 0, 0},
        {SYS_socket, AF_INET6, 1, 0, 0},
        {SYS_socket, AF_INET6 | high, 1, 0, 0},
        {SYS_socket, AF_NETLINK, 3, 0, 0},
        {SYS_socket, AF_NETLINK, 3, 9, EAFNOSUPPORT},
        {SYS_socket, AF_PACKET, 3, 0, EAFNOSUPPORT},
        {SYS_socket, AF_ALG, 3, 0, EAFNOSUPPORT},
        {SYS_socket, AF_VSOCK, 1, 0, EAFNOSUPPORT},
        {SYS_socketpair, AF_UNIX, 1, 0, 0},
        {SYS_socketpair, AF_INET, 1, 0, EAFNOSUPPORT},
        {SYS_clone3, 0, 0, 0, ENOSYS},
        {471, 0, 0, 0, ENOSYS}, // a call that nobody has looked at
    };
    for (size_t i = 0; i < COUNT(cases); i++)
        CHECK_MSG(ask(&f, cases[i].nr, cases[i].a0, cases[i].a1, cases[i].a2) ==
                      (cases[i].error ? refusal(cases[i].error) : SECCOMP_RET_ALLOW),
                  "case %zu", i);
}

TEST(without_a_network_namespace_only_unix_sockets_are_left)
{
    drop_(arena_free) struct arena *a = arena_new(4096);
    struct sock_fprog f;
    filter_build(a, true, &f);
    for (uint64_t family = 0; family < 64; family++)
        EQ_UINT(ask(&f, SYS_socket, family, 1, 0),
                family == AF_UNIX ? SECCOMP_RET_ALLOW : refusal(EAFNOSUPPORT));
    EQ_UINT(ask(&f, SYS_socketpair, AF_UNIX, 1, 0), SECCOMP_RET_ALLOW);
    EQ_UINT(ask(&f, SYS_io_uring_setup, 1, 0, 0), refusal(EPERM));
}

TEST(other_tables_of_calls_are_refused)
{
    drop_(arena_free) struct arena *a = arena_new(4096);
    struct sock_fprog f;
    filter_build(a, false, &f);
    struct seccomp_data d = {.nr = SYS_read, .arch = foreign};
    EQ_UINT(answer_of(&f, &d), SECCOMP_RET_KILL_PROCESS);
#ifdef __x86_64__
    EQ_UINT(ask(&f, 0x40000000 | SYS_read, 0, 0, 0), refusal(ENOSYS)); // x32
    EQ_UINT(ask(&f, 0x40000000 | SYS_mount, 0, 0, 0), refusal(ENOSYS));
#endif
}
