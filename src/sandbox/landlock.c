// SPDX-License-Identifier: Apache-2.0
// Landlock as the second wall, and in place as the first: what may be read, what may be written.
#include "base/dir.h"
#include "sandbox/kernel.h"
#include "sandbox/priv.h"

enum { ABI_RENAME = 2, ABI_TRUNCATE = 3, ABI_NET = 4, ABI_DEVICES = 5, ABI_SCOPES = 6, ENTRIES_MAX = 65536 };
static const uint64_t READ = LL_READ_FILE | LL_READ_DIR | LL_EXECUTE;
static const char *const devices[] = {"/dev/null", "/dev/zero", "/dev/full", "/dev/random", "/dev/urandom"};

int landlock_abi(void)
{
    int abi = sys_landlock_create(NULL, 0, LL_VERSION);
    return abi > 0 ? abi : 0;
}

// False: this kernel's Landlock is of no use to us. ABI 1 refuses every rename between two directories.
static bool begin(struct confine *c)
{
    int abi = landlock_abi();
    if (abi < ABI_RENAME)
        return false;
    c->ll_fs = LL_FS_1 | LL_REFER | (abi >= ABI_TRUNCATE ? LL_TRUNCATE : 0) |
               (abi >= ABI_DEVICES ? LL_IOCTL_DEV : 0);
    c->ll_scoped = abi >= ABI_SCOPES ? LL_SCOPE_ABSTRACT | LL_SCOPE_SIGNAL : 0;
    c->ll_size = abi >= ABI_SCOPES ? sizeof(struct ll_ruleset)
                 : abi >= ABI_NET  ? offsetof(struct ll_ruleset, scoped)
                                   : offsetof(struct ll_ruleset, net);
    return true;
}

static void rule(struct arena *a, struct confine *c, const char *path, uint64_t access)
{
    c->rule = arena_grow(a, c->rule, c->n_rule, &c->cap_rule, sizeof *c->rule);
    c->rule[c->n_rule++] = (struct ll_rule){path, access & c->ll_fs};
}

static bool writes(const struct sbx_op *op)
{
    return op->kind == SBX_BIND || (op->kind == SBX_OVERLAY && (op->scratch || !is_root_op(op))) ||
           (op->kind == SBX_TMPFS && !is_root_op(op));
}

static void writable(const struct sbx_plan *p, struct arena *a, struct confine *c)
{
    for (size_t i = 0; i < p->n_op; i++)
        if (writes(&p->op[i]))
            rule(a, c, p->op[i].dst, UINT64_MAX);
}

void landlock_mounted(const struct sbx_plan *p, struct arena *a, struct confine *c)
{
    if (!begin(c))
        return;
    rule(a, c, "/", READ);
    for (size_t i = 0; i < p->n_op; i++) {
        if (p->op[i].kind == SBX_DEV)
            rule(a, c, p->op[i].dst, UINT64_MAX);
        if (p->op[i].kind == SBX_PROC)
            rule(a, c, p->op[i].dst, READ | LL_WRITE_FILE);
    }
    writable(p, a, c);
}

// Where the links in what is to be hidden lead: Landlock knows files, not names. /dev is there too, and is hidden
// but for its harmless devices.
static void hidden(const struct sbx_plan *p, struct arena *a, struct strv *out)
{
    strv_add(a, out, STR("/dev"));
    for (size_t i = 0; i < p->n_op; i++) {
        if (p->op[i].kind != SBX_HIDE)
            continue;
        char *real = realpath(p->op[i].dst, NULL);
        strv_add(a, out, str_dup(a, str_of(real ? real : p->op[i].dst)));
        free(real);
    }
}

// Rules only ever add, so a hidden file is left out by naming everything beside it.
static int readable(const struct strv *hide, struct arena *a, struct confine *c, const char *path,
                    struct err *e)
{
    bool above = false;
    for (size_t i = 0; i < hide->n; i++) {
        if (str_is(hide->v[i], path))
            return 0;
        above = above || path_is_within(hide->v[i], str_of(path));
    }
    rule(a, c, path, above ? (uint64_t)LL_READ_DIR : READ);
    if (!above)
        return 0;
    struct strv names = {0};
    struct err unread = {0};
    drop_fd int dir = -1;
    // A directory that we cannot list ourselves is one the program cannot list either.
    if (path_open_host(path, O_PATH | O_DIRECTORY, 0, &dir, &unread) < 0)
        return 0;
    if (dir_names(a, dir, ".", ENTRIES_MAX, &names, &unread) < 0)
        return unread.code == ERR_LIMIT
                   ? err_set(e, ERR_LIMIT, "%s: more than %d entries to tell apart", path, ENTRIES_MAX)
                   : 0;
    for (size_t i = 0; i < names.n; i++) {
        const char *child =
            arena_printf(a, "%s/" PRI_STR, strcmp(path, "/") ? path : "", STR_ARG(names.v[i]));
        struct stat st;
        if (fstatat(AT_FDCWD, child, &st, AT_SYMLINK_NOFOLLOW) == 0 && !S_ISLNK(st.st_mode) &&
            readable(hide, a, c, child, e) < 0)
            return -1;
    }
    return 0;
}

int landlock_in_place(const struct sbx_plan *p, struct arena *a, struct confine *c, struct err *e)
{
    struct strv hide = {0};
    if (!begin(c))
        return 0;
    hidden(p, a, &hide);
    if (readable(&hide, a, c, "/", e) < 0)
        return -1;
    for (size_t i = 0; i < COUNT(devices); i++)
        rule(a, c, devices[i], LL_READ_FILE | LL_WRITE_FILE | LL_TRUNCATE | LL_IOCTL_DEV);
    writable(p, a, c);
    return 0;
}
