// SPDX-License-Identifier: Apache-2.0
#include "sandbox/bundle.h"
#include "base/dir.h"
#include "base/file.h"
#include "document/json.h"
#include "sandbox/filter.h"
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/resource.h>
#include <sys/stat.h>

struct bundle {
    const struct sbx_plan *p;
    const struct box *box;
    struct arena *a;
    const char *dir;
    int fd;
};

static struct val *put_map(struct bundle *b, struct val *map, const char *key)
{
    struct val *v = val_put(b->a, map, str_of(key));
    val_set_map(v);
    return v;
}

static struct val *put_list(struct bundle *b, struct val *map, const char *key)
{
    struct val *v = val_put(b->a, map, str_of(key));
    val_set_list(v);
    return v;
}

static void put_text(struct bundle *b, struct val *map, const char *key, const char *text)
{
    val_set_str(val_put(b->a, map, str_of(key)), str_of(text));
}

static void put_int(struct bundle *b, struct val *map, const char *key, int64_t i)
{
    val_set_int(val_put(b->a, map, str_of(key)), i);
}

static void put_bool(struct bundle *b, struct val *map, const char *key, bool yes)
{
    val_set_bool(val_put(b->a, map, str_of(key)), yes);
}

static void add_text(struct bundle *b, struct val *list, const char *text)
{
    val_set_str(val_add(b->a, list), str_of(text));
}

static struct val *add_map(struct bundle *b, struct val *list)
{
    struct val *v = val_add(b->a, list);
    val_set_map(v);
    return v;
}

static const char *in_bundle(struct bundle *b, const char *rest)
{
    return arena_printf(b->a, "%s/%s", b->dir, rest);
}

// What the run user writes belongs to it outside too.
static int owned_dir(struct bundle *b, const char *path, struct err *e)
{
    uint32_t uid = 0, gid = 0;
    drop_fd int fd = -1;
    if (path_mkdirs(b->fd, path, 0755, e) < 0 ||
        path_open_plain(b->fd, path, O_RDONLY | O_DIRECTORY, 0, &fd, e) < 0)
        return err_wrap(e, "bundle");
    if (!sbx_outside(b->p->uid, b->p->run_uid, &uid) || !sbx_outside(b->p->gid, b->p->run_gid, &gid))
        BUG("bundle: the run user is not mapped");
    if (geteuid() == 0 && fchown(fd, uid, gid) < 0)
        return err_sys(e, "bundle: %s", path);
    return 0;
}

// Not synced: a bundle does not outlive its run.
static int put_file(struct bundle *b, const char *name, mode_t mode, struct str content, struct err *e)
{
    drop_(newfile_drop) struct newfile *f = NULL;
    if (newfile_begin(b->fd, name, mode, &f, e) < 0 || file_write_all(f->fd, content.p, content.n, e) < 0)
        return -1;
    return newfile_publish(f, false, e);
}

// Where runc finds a source: as the plan names it, or where root's mount of it is attached.
static const char *source(struct bundle *b, size_t op, size_t k, const char *named)
{
    return op < b->box->n_op ? b->box->op[op].src[k].at : named;
}

static void add_lowers(struct bundle *b, const struct sbx_op *op, size_t i, struct buf *out)
{
    buf_text(out, "lowerdir=");
    if (is_root_op(op))
        buf_printf(out, "%s:", in_bundle(b, "extra"));
    for (size_t k = 0; k < op->lower.n; k++)
        buf_printf(out, "%s%s", k ? ":" : "", source(b, i, k, str_c(b->a, op->lower.v[k])));
}

// What ends a path in the text of mount options.
static int check_path(const char *path, struct err *e)
{
    if (path && strpbrk(path, ":,\\"))
        return err_set(e, ERR_DENIED,
                       "runc: %s: a path with ':', ',' or a backslash cannot be part of an overlay", path);
    return 0;
}

static int overlay_options(struct bundle *b, const struct sbx_op *op, size_t i, struct val *options,
                           struct err *e)
{
    drop_buf struct buf lower = BUF_INIT(PAGE);
    const char *scratch = op->scratch && i < b->box->n_op ? b->box->op[i].scratch->at : op->scratch;
    for (size_t k = 0; k < op->lower.n; k++)
        if (check_path(str_c(b->a, op->lower.v[k]), e) < 0)
            return -1;
    if (check_path(scratch, e) < 0)
        return -1;
    add_lowers(b, op, i, &lower);
    if (!scratch) {
        const char *upper = arena_printf(b->a, "scratch/%zu/upper", i),
                   *work = arena_printf(b->a, "scratch/%zu/work", i);
        if (owned_dir(b, upper, e) < 0 || owned_dir(b, work, e) < 0)
            return -1;
        scratch = in_bundle(b, arena_printf(b->a, "scratch/%zu", i));
    }
    if (buf_finish(&lower, "mount options of an overlay", e) < 0)
        return err_wrap(e, "runc: %s", op->dst);
    add_text(b, options, arena_printf(b->a, PRI_STR, STR_ARG(buf_view(&lower))));
    add_text(b, options, arena_printf(b->a, "upperdir=%s/upper", scratch));
    add_text(b, options, arena_printf(b->a, "workdir=%s/work", scratch));
    add_text(b, options, "userxattr");
    add_text(b, options, "volatile"); // see child_op.c
    return 0;
}

static int mount_point(struct bundle *b, struct source *s, struct err *e)
{
    const char *path = arena_printf(b->a, "mounts/%s", s->stage);
    s->at = in_bundle(b, path);
    if (s->dir)
        return path_mkdirs(b->fd, path, 0755, e);
    return path_mkdirs(b->fd, "mounts", 0755, e) < 0 ? -1 : put_file(b, path, 0644, STR(""), e);
}

static int mount_points(struct bundle *b, struct box *box, struct err *e)
{
    for (size_t i = 0; i < box->n_op; i++) {
        for (size_t k = 0; k < box->op[i].n_src; k++)
            if (mount_point(b, &box->op[i].src[k], e) < 0)
                return err_wrap(e, "bundle");
        if (box->op[i].scratch && mount_point(b, box->op[i].scratch, e) < 0)
            return err_wrap(e, "bundle");
    }
    return 0;
}

static struct val *add_mount(struct bundle *b, struct val *mounts, const char *at, const char *type,
                             const char *source)
{
    struct val *m = add_map(b, mounts);
    put_text(b, m, "destination", at);
    put_text(b, m, "type", type);
    put_text(b, m, "source", source);
    struct val *options = put_list(b, m, "options");
    add_text(b, options, "nosuid");
    return options;
}

static void bind_options(struct bundle *b, struct val *options, bool read_only)
{
    add_text(b, options, "nodev");
    add_text(b, options, "rbind");
    add_text(b, options, read_only ? "ro" : "rw");
}

static void size_options(struct bundle *b, uint64_t size, struct val *options)
{
    if (!size)
        return;
    add_text(b, options, arena_printf(b->a, "size=%llu", (unsigned long long)size));
    add_text(b, options, arena_printf(b->a, "nr_inodes=%llu", (unsigned long long)tmpfs_inodes(size)));
}

static void tmpfs_options(struct bundle *b, const struct sbx_op *op, struct val *options)
{
    add_text(b, options, "nodev");
    add_text(b, options, arena_printf(b->a, "mode=%o", op->mode));
    size_options(b, op->size, options);
}

// runc puts null, zero, full, random, urandom and tty there itself.
static void dev_mounts(struct bundle *b, const struct sbx_op *op, struct val *mounts)
{
    struct val *options = add_mount(b, mounts, op->dst, "tmpfs", "tmpfs");
    add_text(b, options, "mode=0755");
    options = add_mount(b, mounts, arena_printf(b->a, "%s/pts", op->dst), "devpts", "devpts");
    add_text(b, options, "newinstance");
    add_text(b, options, "ptmxmode=0666");
    add_text(b, options, "mode=0620");
    options = add_mount(b, mounts, arena_printf(b->a, "%s/shm", op->dst), "tmpfs", "shm");
    add_text(b, options, "nodev");
    add_text(b, options, "mode=1777");
    size_options(b, shm_size(op), options);
}

static int file_mount(struct bundle *b, const struct sbx_op *op, size_t i, struct val *mounts, struct err *e)
{
    const char *name = arena_printf(b->a, "files/%zu", i);
    if (path_mkdirs(b->fd, "files", 0755, e) < 0 || put_file(b, name, op->mode, str_of(op->src), e) < 0)
        return err_wrap(e, "bundle");
    bind_options(b, add_mount(b, mounts, op->dst, "bind", in_bundle(b, name)), true);
    return 0;
}

// A directory of the image's own, through no link: its mode. 0: there is none.
static mode_t image_dir(struct bundle *b, const char *path)
{
    const struct strv *lower = &b->p->op[0].lower;
    for (size_t k = 0; k < lower->n; k++) {
        struct err ignored = {0};
        struct stat st;
        drop_fd int top = -1, fd = -1;
        if (path_open_host(str_c(b->a, lower->v[k]), O_PATH | O_DIRECTORY, 0, &top, &ignored) == 0 &&
            path_open_plain(top, path, O_PATH | O_DIRECTORY, 0, &fd, &ignored) == 0 && fstat(fd, &st) == 0)
            return st.st_mode;
    }
    return 0;
}

static bool image_has(struct bundle *b, const char *path)
{
    const struct strv *lower = &b->p->op[0].lower;
    for (size_t k = 0; k < lower->n; k++) {
        struct err ignored = {0};
        drop_fd int top = -1;
        if (path_open_host(str_c(b->a, lower->v[k]), O_PATH | O_DIRECTORY, 0, &top, &ignored) == 0 &&
            dir_kind(top, path) != DIR_ABSENT)
            return true;
    }
    return false;
}

// The parents of a path in extra/, as the image has them. *link: one of
// them is a link there, and nothing was made for it.
static int extra_parents(struct bundle *b, const char *path, bool *link, struct err *e)
{
    *link = false;
    for (const char *slash = strchr(path, '/'); slash; slash = strchr(slash + 1, '/')) {
        const char *dir = str_c(b->a, (struct str){path, (size_t)(slash - path)});
        drop_fd int fd = -1;
        mode_t mode = image_dir(b, dir);
        if (!mode && (*link = image_has(b, dir)))
            return 0;
        const char *made = arena_printf(b->a, "extra/%s", dir);
        if (path_mkdirs(b->fd, made, 0755, e) < 0 ||
            path_open_plain(b->fd, made, O_RDONLY | O_DIRECTORY, 0, &fd, e) < 0)
            return err_wrap(e, "bundle");
        if (mode && fchmod(fd, mode & 07777) < 0)
            return err_sys(e, "bundle: %s", made);
    }
    return 0;
}

// In the root before it is mounted: runc knows no operation for a link.
static int link_file(struct bundle *b, const struct sbx_op *op, struct err *e)
{
    bool overlay = b->p->op[0].kind == SBX_OVERLAY, elsewhere = false;
    const char *path = arena_printf(b->a, "%s%s", overlay ? "extra" : "rootfs", op->dst), *base;
    drop_fd int parent = -1;
    struct str dir = path_dir(str_of(path));
    if (overlay && extra_parents(b, op->dst + 1, &elsewhere, e) < 0)
        return -1;
    if (elsewhere)
        return err_set(
            e, ERR_DENIED,
            "runc: link at %s: a directory above it is a link of the image, which runc would replace",
            op->dst);
    if (path_mkdirs(b->fd, str_c(b->a, dir), 0755, e) < 0 || path_parent(b->fd, path, &parent, &base, e) < 0)
        return err_wrap(e, "bundle: link %s", op->dst);
    return symlinkat(op->src, parent, base) < 0 ? err_sys(e, "bundle: link %s", op->dst) : 0;
}

static bool mounts_file(struct bundle *b, const struct sbx_op *op, size_t i)
{
    struct stat st;
    if (op->kind == SBX_FILE)
        return true;
    if (op->kind != SBX_BIND && op->kind != SBX_BIND_RO)
        return false;
    return i < b->box->n_op ? !b->box->op[i].src[0].dir : stat(op->src, &st) == 0 && !S_ISDIR(st.st_mode);
}

// A mount point that the image does not have. runc could make it only in
// directories of an id that the sandbox maps, and
// those of an image are root's.
static int root_point(struct bundle *b, size_t i, struct err *e)
{
    const struct sbx_op *op = &b->p->op[i];
    const char *path = op->dst + 1, *made = arena_printf(b->a, "extra%s", op->dst);
    bool link;
    if (i == 0 || b->p->op[0].kind != SBX_OVERLAY || op->kind >= SBX_LINK || image_has(b, path))
        return 0;
    if (extra_parents(b, path, &link, e) < 0)
        return -1;
    if (link || dir_kind(b->fd, made) != DIR_ABSENT)
        return 0;
    if (mounts_file(b, op, i) ? put_file(b, made, 0644, STR(""), e) < 0
                              : path_mkdirs(b->fd, made, 0755, e) < 0)
        return err_wrap(e, "bundle: %s", op->dst);
    drop_fd int fd = -1;
    if (op->kind != SBX_TMPFS) // runc gives a tmpfs the mode of what it finds
        return 0;
    if (path_open_plain(b->fd, made, O_RDONLY | O_DIRECTORY, 0, &fd, e) < 0)
        return err_wrap(e, "bundle");
    return fchmod(fd, op->mode & 07777) < 0 ? err_sys(e, "bundle: %s", made) : 0;
}

static int add_op(struct bundle *b, size_t i, struct val *mounts, struct val *hidden, struct err *e)
{
    const struct sbx_op *op = &b->p->op[i];
    switch (op->kind) {
    case SBX_OVERLAY: {
        struct val *options = add_mount(b, mounts, op->dst, "overlay", "overlay");
        add_text(b, options, "nodev");
        return overlay_options(b, op, i, options, e);
    }
    case SBX_BIND:
    case SBX_BIND_RO:
        bind_options(b, add_mount(b, mounts, op->dst, "bind", source(b, i, 0, op->src)),
                     op->kind == SBX_BIND_RO);
        return 0;
    case SBX_TMPFS:
        if (!is_root_op(op)) // the root is rootfs/ itself
            tmpfs_options(b, op, add_mount(b, mounts, op->dst, "tmpfs", "tmpfs"));
        return 0;
    case SBX_PROC:
        (void)add_mount(b, mounts, op->dst, "proc", "proc");
        return 0;
    case SBX_DEV:
        dev_mounts(b, op, mounts);
        return 0;
    case SBX_FILE:
        return file_mount(b, op, i, mounts, e);
    case SBX_LINK:
        return link_file(b, op, e);
    case SBX_HIDE:
        add_text(b, hidden, op->dst);
        return 0;
    case SBX_HAND_OUT:
    case SBX_KIND_MAX_:
        break;
    }
    return 0;
}

static void add_maps(struct bundle *b, struct val *list, const struct sbx_map m[SBX_MAPS])
{
    for (size_t i = 0; i < map_count(m); i++) {
        struct val *v = add_map(b, list);
        put_int(b, v, "containerID", m[i].inside);
        put_int(b, v, "hostID", m[i].outside);
        put_int(b, v, "size", m[i].count);
    }
}

// Never above our own: runc may not raise one.
static void add_limit(struct bundle *b, struct val *list, int what, const char *type, uint64_t max)
{
    struct val *v = add_map(b, list);
    struct rlimit now;
    if (getrlimit((__rlimit_resource_t)what, &now) == 0 && now.rlim_max < max)
        max = now.rlim_max;
    put_text(b, v, "type", type);
    put_int(b, v, "hard", (int64_t)max);
    put_int(b, v, "soft", (int64_t)max);
}

static void process(struct bundle *b, struct val *root)
{
    static const char *const sets[] = {"bounding", "effective", "permitted", "inheritable", "ambient"};
    const struct sbx_plan *p = b->p;
    struct val *v = put_map(b, root, "process"), *user = put_map(b, v, "user");
    put_int(b, user, "uid", p->run_uid);
    put_int(b, user, "gid", p->run_gid);
    put_int(b, user, "umask", 022);
    put_bool(b, v, "terminal", false);
    put_text(b, v, "cwd", p->cwd ? p->cwd : "/");
    put_bool(b, v, "noNewPrivileges", true);
    struct val *list = put_list(b, v, "args");
    for (const char *const *arg = p->argv; *arg; arg++)
        add_text(b, list, *arg);
    list = put_list(b, v, "env");
    for (const char *const *env = p->envp; env && *env; env++)
        add_text(b, list, *env);
    struct val *caps = put_map(b, v, "capabilities");
    for (size_t i = 0; i < COUNT(sets); i++)
        (void)put_list(b, caps, sets[i]);
    list = put_list(b, v, "rlimits");
    add_limit(b, list, RLIMIT_CORE, "RLIMIT_CORE", 0);
    if (p->max_files)
        add_limit(b, list, RLIMIT_NOFILE, "RLIMIT_NOFILE", p->max_files);
    if (p->max_procs)
        add_limit(b, list, RLIMIT_NPROC, "RLIMIT_NPROC", p->max_procs);
    if (p->max_file_size)
        add_limit(b, list, RLIMIT_FSIZE, "RLIMIT_FSIZE", p->max_file_size);
}

static struct val *add_refusal(struct bundle *b, struct val *list, const char *call, int error)
{
    struct val *v = add_map(b, list);
    add_text(b, put_list(b, v, "names"), call);
    put_text(b, v, "action", "SCMP_ACT_ERRNO");
    put_int(b, v, "errnoRet", error);
    return v;
}

struct comparison {
    unsigned arg;
    const char *op;
    uint64_t value, second;
};

static void compare(struct bundle *b, struct val *row, struct comparison c)
{
    struct val *args = (struct val *)(uintptr_t)val_get(row, STR("args"));
    struct val *m = add_map(b, args ? args : put_list(b, row, "args"));
    put_int(b, m, "index", c.arg);
    put_int(b, m, "value", (int64_t)c.value);
    put_int(b, m, "valueTwo", (int64_t)c.second);
    put_text(b, m, "op", c.op);
}

static void refuse_if(struct bundle *b, struct val *list, const struct filter_check *f, struct comparison c)
{
    struct val *row = add_refusal(b, list, f->name, f->error);
    if (f->family)
        compare(b, row, (struct comparison){0, "SCMP_CMP_MASKED_EQ", UINT32_MAX, f->family});
    c.arg = f->arg;
    compare(b, row, c);
}

static bool among(const struct filter_check *f, uint32_t k)
{
    for (unsigned i = 0; i < f->n; i++)
        if (f->v[i] == k)
            return true;
    return false;
}

// A row of the table in libseccomp's words, whose rows hold if all of their comparisons do, one an argument. So what is
// none of several families cannot be said, and every other one is named. "Not equal" compares all 64 bits: it refuses
// more, but nothing that a libc asks for.
static void refuse_by_argument(struct bundle *b, struct val *list, const struct filter_check *f)
{
    enum { FAMILIES = 64, BITS = 32 }; // the kernel itself refuses larger ones
    struct comparison c = {.op = "SCMP_CMP_MASKED_EQ", .value = UINT32_MAX};
    switch (f->test) {
    case FILTER_ANY_BIT:
        for (unsigned bit = 0; bit < BITS; bit++) {
            c.value = c.second = f->v[0] & 1u << bit;
            if (c.value)
                refuse_if(b, list, f, c);
        }
        break;
    case FILTER_ONE_OF:
        for (unsigned i = 0; i < f->n; i++) {
            c.second = f->v[i];
            refuse_if(b, list, f, c);
        }
        break;
    case FILTER_NONE_OF:
        if (f->n == 1)
            refuse_if(b, list, f, (struct comparison){.op = "SCMP_CMP_NE", .value = f->v[0]});
        for (c.second = 0; f->n > 1 && c.second < FAMILIES; c.second++)
            if (!among(f, (uint32_t)c.second))
                refuse_if(b, list, f, c);
        break;
    }
}

// Calls that are newer than the list have no names here: runc_missing says so.
static void seccomp(struct bundle *b, struct val *linux_)
{
    struct val *v = put_map(b, linux_, "seccomp");
    put_text(b, v, "defaultAction", "SCMP_ACT_ALLOW");
    struct val *list = put_list(b, v, "syscalls");
    for (const struct filter_row *r = filter_rows; r->name; r++)
        (void)add_refusal(b, list, r->name, r->error);
    for (const struct filter_check *c = filter_checks; c->name; c++)
        refuse_by_argument(b, list, c);
}

static void linux_part(struct bundle *b, struct val *root, struct val *hidden)
{
    static const char *const namespaces[] = {"pid", "ipc", "uts", "mount", "cgroup", "user", "network"};
    struct val *v = put_map(b, root, "linux"), *list = put_list(b, v, "namespaces");
    for (size_t i = 0; i < COUNT(namespaces); i++)
        if (!b->p->net || strcmp(namespaces[i], "network") != 0)
            put_text(b, add_map(b, list), "type", namespaces[i]);
    add_maps(b, put_list(b, v, "uidMappings"), b->p->uid);
    add_maps(b, put_list(b, v, "gidMappings"), b->p->gid);
    list = put_list(b, v, "maskedPaths");
    for (size_t i = 0; proc_hidden[i]; i++)
        add_text(b, list, arena_printf(b->a, "/proc/%s", proc_hidden[i]));
    add_text(b, list, "/sys");
    for (size_t i = 0; i < hidden->c.n; i++)
        val_set_str(val_add(b->a, list), hidden->c.v[i].s);
    list = put_list(b, v, "readonlyPaths");
    for (size_t i = 0; proc_read_only[i]; i++)
        add_text(b, list, arena_printf(b->a, "/proc/%s", proc_read_only[i]));
    seccomp(b, v);
}

int bundle_write(struct box *box, struct arena *a, const char *dir, struct err *e)
{
    const struct sbx_plan *p = box->plan;
    struct bundle b = {p, box, a, dir, -1};
    drop_fd int fd = -1;
    struct val root = {0}, hidden = {0};
    drop_buf struct buf text = BUF_INIT(LIMIT_DOCUMENT);
    if (path_open_host(dir, O_RDONLY | O_DIRECTORY, 0, &fd, e) < 0)
        return err_wrap(e, "bundle");
    b.fd = fd;
    if (owned_dir(&b, "rootfs", e) < 0 || owned_dir(&b, "extra", e) < 0 || mount_points(&b, box, e) < 0)
        return -1;
    val_set_map(&root);
    val_set_list(&hidden);
    put_text(&b, &root, "ociVersion", "1.0.2");
    put_text(&b, &root, "hostname", "sandbox");
    process(&b, &root);
    struct val *r = put_map(&b, &root, "root");
    put_text(&b, r, "path", "rootfs");
    put_bool(&b, r, "readonly", !(p->op[0].kind == SBX_OVERLAY && p->op[0].scratch));
    struct val *mounts = put_list(&b, &root, "mounts");
    for (size_t i = 0; i < p->n_op; i++)
        if (root_point(&b, i, e) < 0 || add_op(&b, i, mounts, &hidden, e) < 0)
            return -1;
    linux_part(&b, &root, &hidden);
    json_write(&root, JSON_PRETTY, &text);
    if (buf_finish(&text, "config.json", e) < 0)
        return -1;
    // The environment is in it: for root, who runs runc, alone. So is what runc may say of it.
    if (put_file(&b, "log", 0600, STR(""), e) < 0)
        return -1;
    return put_file(&b, "config.json", 0600, buf_view(&text), e);
}
