// SPDX-License-Identifier: Apache-2.0
#include "sandbox/filter.h"
#include "document/json.h"
#include "sandbox/bundle.h"
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

// libseccomp's rules: one that names the call and all of whose comparisons hold.
static int runc_answer(const struct val *rules, const char *call, const uint64_t args[3])
{
    for (size_t i = 0; i < rules->c.n; i++) {
        const struct val *r = &rules->c.v[i], *list = val_get(r, STR("args"));
        bool holds = str_is(val_get(r, STR("names"))->c.v[0].s, call);
        for (size_t k = 0; holds && list && k < list->c.n; k++) {
            const struct val *c = &list->c.v[k];
            uint64_t have = args[val_at(c, "index")->i], value = (uint64_t)val_at(c, "value")->i;
            CHECK(k == 0 || val_at(c, "index")->i != val_at(&list->c.v[k - 1], "index")->i);
            if (str_is(val_at(c, "op")->s, "SCMP_CMP_NE"))
                holds = have != value;
            else
                holds = (have & value) == (uint64_t)val_at(c, "valueTwo")->i;
        }
        if (holds)
            return (int)val_at(r, "errnoRet")->i;
    }
    return 0;
}

TEST(runc_gets_the_same_list)
{
    enum { FAMILIES = 64 };
    static const struct {
        const char *name;
        int nr;
    } calls[] = {{"clone", SYS_clone},           {"ioctl", SYS_ioctl}, {"socket", SYS_socket},
                 {"socketpair", SYS_socketpair}, {"bpf", SYS_bpf},     {"read", SYS_read}};
    static const uint64_t words[] = {
        0, 1, 2, 9, 10, 12, 15, 16, 17, 40, 0x5401, 0x5412, 0x541c, CLONE_NEWUSER, CLONE_VM};
    static const char *const argv[] = {"/bin/x", NULL};
    drop_(arena_free) struct arena *a = arena_new(4096);
    const struct sbx_op root = {.kind = SBX_TMPFS, .dst = "/", .mode = 0755};
    struct sbx_plan p = {.op = &root, .n_op = 1, .argv = argv, .log_fd = -1};
    struct box b = {.plan = &p};
    struct sock_fprog f;
    struct val *config;
    p.uid[0] = p.gid[0] = (struct sbx_map){0, SBX_FIXED_BASE, 65536};
    filter_build(a, false, &f);
    MUST(bundle_write(&b, a, t->path, &e));
    MUST(json_read(a, test_read(a, t->dir, "config.json"), "config.json", &config, &e));
    for (size_t i = 0; i < COUNT(calls); i++)
        for (size_t k = 0; k < COUNT(words) * COUNT(words) * COUNT(words); k++) {
            const uint64_t args[3] = {words[k % COUNT(words)], words[k / COUNT(words) % COUNT(words)],
                                      words[k / COUNT(words) / COUNT(words)]};
            if (calls[i].nr == SYS_socket && args[0] >= FAMILIES) // the kernel knows none of these
                continue;
            uint32_t ours = ask(&f, calls[i].nr, args[0], args[1], args[2]);
            int theirs = runc_answer(val_at(config, "linux.seccomp.syscalls"), calls[i].name, args);
            CHECK_MSG(ours == (theirs ? refusal(theirs) : SECCOMP_RET_ALLOW),
                      "%s(%jx, %jx, %jx): %x, runc %d", calls[i].name, (uintmax_t)args[0], (uintmax_t)args[1],
                      (uintmax_t)args[2], ours, theirs);
        }
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
