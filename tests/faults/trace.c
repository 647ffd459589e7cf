// SPDX-License-Identifier: Apache-2.0
#include "trace.h"
#include "base/mem.h"
#include "disk.h"
#include <errno.h>
#include <fcntl.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/openat2.h>
#include <linux/seccomp.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/user.h>
#include <sys/wait.h>
#include <unistd.h>

enum { PROCESSES_MAX = 4096, FILTER_MAX = 512 };

struct tracer {
    enum fault fault;
    size_t n;
    struct trace_result *out;
    struct disk *disk;
    pid_t root;
    ino_t user_ns;
    pid_t live[PROCESSES_MAX];
    size_t live_n;
    bool dying;
};

// Calls that are points stop; openat only when it makes a file. What
// openat2 does stands behind a pointer: it always stops.
static size_t make_filter(struct sock_filter *f)
{
    size_t n = 0, count;
    const struct call *c = call_list(&count);
    f[n++] = (struct sock_filter)BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, arch));
    f[n++] = (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, AUDIT_ARCH_X86_64, 1, 0);
    f[n++] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_KILL_PROCESS);
    for (size_t i = 0; i < count; i++) {
        bool flags = c[i].flags >= 0 && !c[i].flags_ptr;
        f[n++] = (struct sock_filter)BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr));
        f[n++] = (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, (uint32_t)c[i].nr, 0, flags ? 4 : 1);
        if (flags) {
            uint32_t at = (uint32_t)(offsetof(struct seccomp_data, args) + 8 * (size_t)c[i].flags);
            f[n++] = (struct sock_filter)BPF_STMT(BPF_LD | BPF_W | BPF_ABS, at);
            f[n++] = (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JSET | BPF_K,
                                                  O_CREAT | (O_TMPFILE & ~O_DIRECTORY), 1, 0);
            f[n++] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW);
        }
        f[n++] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_TRACE);
    }
    f[n++] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW);
    return n;
}

static void child(char *const *argv, int go)
{
    char byte;
    if (read(go, &byte, 1) != 1)
        _exit(126);
    struct sock_filter filter[FILTER_MAX];
    struct sock_fprog prog = {.filter = filter, .len = (unsigned short)make_filter(filter)};
    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0 || prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &prog) < 0) {
        perror("faults: seccomp");
        _exit(126);
    }
    (void)dup2(STDERR_FILENO, STDOUT_FILENO); // TAP goes to ours
    execv(argv[0], argv);
    perror(argv[0]);
    _exit(127);
}

static void born(struct tracer *t, pid_t pid)
{
    for (size_t i = 0; i < t->live_n; i++)
        if (t->live[i] == pid)
            return;
    if (t->live_n < PROCESSES_MAX)
        t->live[t->live_n++] = pid;
    if (t->dying)
        (void)kill(pid, SIGKILL);
}

static void died(struct tracer *t, pid_t pid)
{
    for (size_t i = 0; i < t->live_n; i++)
        if (t->live[i] == pid)
            t->live[i--] = t->live[--t->live_n];
}

static void kill_all(struct tracer *t)
{
    t->dying = true;
    for (size_t i = 0; i < t->live_n; i++)
        (void)kill(t->live[i], SIGKILL);
}

static bool is_point(pid_t pid, const struct call *c, const uint64_t args[6])
{
    if (c->flags_ptr) {
        struct open_how how = {0};
        struct iovec to = {&how, sizeof how}, from = {(void *)(uintptr_t)args[c->flags], sizeof how};
        return process_vm_readv(pid, &to, 1, &from, 1, 0) == (ssize_t)sizeof how &&
               (how.flags & (O_CREAT | (O_TMPFILE & ~O_DIRECTORY)));
    }
    return !c->regular || disk_is_regular(pid, (int)args[c->on == ON_OUT_FD ? c->arg : 0]);
}

// The call does not happen, and answers -error.
static void answer(pid_t pid, int error)
{
    struct user_regs_struct regs;
    if (ptrace(PTRACE_GETREGS, pid, NULL, &regs) < 0)
        return;
    regs.orig_rax = (unsigned long long)-1;
    regs.rax = (unsigned long long)-(long long)error;
    (void)ptrace(PTRACE_SETREGS, pid, NULL, &regs);
}

static ino_t user_ns_of(const char *pid)
{
    char path[64];
    struct stat st;
    snprintf(path, sizeof path, "/proc/%s/ns/user", pid);
    return fstatat(AT_FDCWD, path, &st, 0) < 0 ? 0 : st.st_ino;
}

static bool is_inside(const struct tracer *t, pid_t pid)
{
    char text[16];
    snprintf(text, sizeof text, "%d", pid);
    return user_ns_of(text) != t->user_ns;
}

static void stopped(struct tracer *t, pid_t pid)
{
    struct __ptrace_syscall_info info;
    if (ptrace(PTRACE_GET_SYSCALL_INFO, pid, (void *)sizeof info, &info) < 0)
        return;
    const struct call *c = call_find((int)info.seccomp.nr);
    uint64_t args[6];
    memcpy(args, info.seccomp.args, sizeof args);
    if (!c || !is_point(pid, c, args))
        return;
    struct trace_result *r = t->out;
    if (is_inside(t, pid)) {
        if (r->broken && t->fault == FAULT_FULL && c->full)
            answer(pid, ENOSPC);
        return;
    }
    r->points[c->point]++;
    if (++r->total == t->n && t->fault != FAULT_NONE) {
        r->broken = true;
        r->at = c->point;
    }
    if (r->broken && t->fault != FAULT_FULL)
        kill_all(t);
    else if (r->broken && c->full)
        answer(pid, ENOSPC);
    else
        disk_note(t->disk, pid, c, args);
}

static void handle(struct tracer *t, pid_t pid, int status)
{
    int event = status >> 16, sig = WSTOPSIG(status);
    unsigned long message = 0;
    born(t, pid);
    if (event == PTRACE_EVENT_SECCOMP && !t->dying)
        stopped(t, pid);
    else if ((event == PTRACE_EVENT_FORK || event == PTRACE_EVENT_VFORK || event == PTRACE_EVENT_CLONE) &&
             ptrace(PTRACE_GETEVENTMSG, pid, NULL, &message) == 0)
        born(t, (pid_t)message);
    (void)ptrace(PTRACE_CONT, pid, NULL, (void *)(uintptr_t)(event ? 0 : sig));
}

static void follow(struct tracer *t)
{
    while (t->live_n) {
        int status;
        pid_t pid = waitpid(-1, &status, __WALL);
        if (pid < 0 && errno == EINTR)
            continue;
        if (pid < 0)
            return;
        if (WIFSTOPPED(status)) {
            handle(t, pid, status);
            continue;
        }
        died(t, pid);
        if (pid == t->root)
            t->out->status = status;
    }
}

int trace_run(char *const *argv, enum fault fault, size_t n, struct trace_result *out)
{
    int go[2];
    *out = (struct trace_result){0};
    if (pipe2(go, O_CLOEXEC) < 0) {
        perror("faults: pipe");
        return -1;
    }
    pid_t pid = fork();
    if (pid == 0)
        child(argv, go[0]);
    struct tracer *t = XNEW(struct tracer);
    *t = (struct tracer){
        .fault = fault, .n = n, .out = out, .disk = disk_new(), .root = pid, .live = {pid}, .live_n = 1};
    t->user_ns = user_ns_of("self");
    uintptr_t options = PTRACE_O_TRACESECCOMP | PTRACE_O_TRACEFORK | PTRACE_O_TRACEVFORK |
                        PTRACE_O_TRACECLONE | PTRACE_O_TRACEEXEC | PTRACE_O_EXITKILL;
    int rc =
        pid > 0 && ptrace(PTRACE_SEIZE, pid, NULL, (void *)options) == 0 && write(go[1], "", 1) == 1 ? 0 : -1;
    if (rc < 0)
        perror("faults: ptrace");
    (void)close(go[0]);
    (void)close(go[1]);
    if (rc == 0)
        follow(t);
    if (rc == 0 && fault == FAULT_CUT && out->broken)
        disk_cut(t->disk);
    disk_free(t->disk);
    free(t);
    return rc;
}
