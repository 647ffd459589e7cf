// SPDX-License-Identifier: Apache-2.0
// Which runner works here, why not, and what would enable it.
#include "base/file.h"
#include "base/proc.h"
#include "sandbox/priv.h"
#include <errno.h>
#include <fcntl.h>
#include <sys/prctl.h>

enum { SYSCTL_MAX = 64 };

// The number in a /proc/sys file; `missing` if there is none.
static uint64_t sysctl(const char *path, uint64_t missing)
{
    drop_buf struct buf text = BUF_INIT(SYSCTL_MAX);
    uint64_t v;
    if (file_read(AT_FDCWD, path, &text, NULL) < 0 || !str_u64(str_trim(buf_view(&text)), 0, UINT64_MAX, &v))
        return missing;
    return v;
}

// What is set on this machine that forbids it, most telling first.
static struct str what_enables(const struct err *e)
{
    if (sysctl("/proc/sys/user/max_user_namespaces", 1) == 0)
        return STR("user.max_user_namespaces is 0: set it to a few thousand (sysctl, as root)");
    if (geteuid() != 0 && sysctl("/proc/sys/kernel/unprivileged_userns_clone", 1) == 0)
        return STR("kernel.unprivileged_userns_clone is 0: set it to 1 (sysctl, as root)");
    if (geteuid() != 0 && sysctl("/proc/sys/kernel/apparmor_restrict_unprivileged_userns", 0) != 0)
        return STR("AppArmor allows user namespaces to named programs only: install data/apparmor/dema as "
                   "/etc/apparmor.d/dema and load it with apparmor_parser -r");
    if (e->sys == ENOSYS)
        return STR("a seccomp profile or an old kernel: Linux 5.12 or newer is needed, and in a container a "
                   "profile that allows "
                   "clone3, mounts and user namespaces");
    if (e->sys == EPERM)
        return STR(
            "a container around us forbids it: let it have user namespaces, mounts and an unmasked /proc");
    return STR("see the reason");
}

static void doctor_namespaces(struct arena *a, struct sbx_state *s)
{
    static const char *const nothing[] = {NULL};
    struct sbx_op op[] = {{.kind = SBX_TMPFS, .dst = "/", .mode = 0755},
                          {.kind = SBX_OVERLAY, .dst = "/layers"},
                          {.kind = SBX_PROC, .dst = "/proc"},
                          {.kind = SBX_DEV, .dst = "/dev"},
                          {.kind = SBX_HAND_OUT, .dst = "/layers"}};
    struct sbx_plan p = {.op = op, .n_op = COUNT(op), .argv = nothing, .log_fd = -1};
    drop_sbx struct sbx box = SBX_INIT;
    struct err e = {0};
    char text[512];
    int status = 1;
    // A directory that hardly has a mount beneath it: nothing can be an
    // overlay's lower that would show what is below one.
    strv_add(a, &op[1].lower, faccessat(AT_FDCWD, "/usr/bin", X_OK, 0) == 0 ? STR("/usr/bin") : STR("/"));
    // Not sbx_start: a plan without a program tries everything but the execve.
    s->works = sbx_ids(1000, 1000, &p, &e) == 0 && namespaces_start(&p, a, &box, &e) == 0 &&
               sbx_wait(&box, 10000, &status, &e) == 0;
    if (s->works) {
        s->missing = box.missing;
        return;
    }
    s->why = str_dup(a, str_of(err_text(&e, text, sizeof text)));
    s->enable = what_enables(&e);
}

static void doctor_in_place(struct arena *a, struct sbx_state *s)
{
    static const char *const nothing[] = {NULL};
    struct sbx_plan p = {.argv = nothing, .run_uid = geteuid(), .run_gid = getegid(), .log_fd = -1};
    drop_sbx struct sbx box = SBX_INIT;
    struct err e = {0};
    char text[512];
    int status = 1, dumpable = prctl(PR_GET_DUMPABLE, 0, 0, 0, 0);
    s->works = inplace_start(&p, a, &box, &e) == 0 && sbx_wait(&box, 10000, &status, &e) == 0 && status == 0;
    if (dumpable == 1) // the other runners' id maps can be written again
        (void)prctl(PR_SET_DUMPABLE, 1, 0, 0, 0);
    if (s->works) {
        s->missing = box.missing;
        return;
    }
    s->why = e.code ? str_dup(a, str_of(err_text(&e, text, sizeof text))) : STR("its walls cannot be set up");
    s->enable = STR("a kernel with seccomp filters, and a container around us that allows them and fork");
}

static void doctor_runc(struct arena *a, struct sbx_state *s)
{
    char program[LIMIT_PATH];
    const char *const argv[] = {program, "--version", NULL};
    struct proc_spec spec = {PROC_QUIET, .argv = argv, .timeout_ms = 10000};
    struct sbx_plan p = {.net = true};
    struct err e = {0};
    char text[512];
    int status = 1;
    s->works = false;
    if (!find_in_path("runc", program)) {
        s->why = STR("runc: not installed");
        s->enable = STR("install runc");
    } else if (proc_run(&spec, STR(""), NULL, NULL, &status, &e) < 0 || status != 0) {
        s->why = e.code ? str_dup(a, str_of(err_text(&e, text, sizeof text))) : STR("runc --version fails");
        s->enable = STR("install a runc that runs");
    } else if (geteuid() != 0) {
        s->why = STR("runc: started by an ordinary user it runs a container's id 0 only, and builds run as "
                     "another id");
        s->enable = STR("start dema as root, or use the namespaces runner");
    } else {
        s->works = true;
        runc_missing(&p, a, &s->missing);
    }
}

void sbx_doctor(struct arena *a, struct sbx_state out[SBX_RUNNER_MAX_])
{
    static void (*const look[])(struct arena *, struct sbx_state *) = {
        [SBX_NAMESPACES] = doctor_namespaces, [SBX_IN_PLACE] = doctor_in_place, [SBX_RUNC] = doctor_runc};
    for (int r = 0; r < SBX_RUNNER_MAX_; r++) {
        out[r] = (struct sbx_state){.runner = (enum sbx_runner)r};
        look[r](a, &out[r]);
    }
}
