// SPDX-License-Identifier: Apache-2.0
// The operations of a plan in the child, one function each.
#include "sandbox/child.h"
#include <errno.h>
#include <fcntl.h>
#include <sys/socket.h>

enum { PLAIN = MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV, NUMBER = 16 };

const char *const proc_read_only[] = {"sys", "sysrq-trigger", "bus", "fs", "irq", "driver", "mtrr", NULL};
const char *const proc_hidden[] = {"acpi",        "asound",        "config.gz",   "kallsyms",    "kcore",
                                   "key-users",   "keys",          "kmsg",        "kpagecgroup", "kpagecount",
                                   "kpageflags",  "latency_stats", "sched_debug", "scsi",        "timer_list",
                                   "timer_stats", "vmallocinfo",   "interrupts",  "iomem",       "ioports",
                                   "slabinfo",    "sysvipc",       "tty",         NULL};

static int close_keep(int fd, int rc)
{
    int saved = errno;
    (void)close(fd);
    errno = saved;
    return rc;
}

// The root is put over everything that is there; later ones go beneath it.
static int attach(struct child *c, const struct box_op *o, int mount, bool dir)
{
    if (!is_root_op(o->from))
        return mount_on(c, mount, &o->at, dir);
    c->step = STEP_ATTACH;
    c->root = mount;
    return move_mount(mount, "", AT_FDCWD, "/", MOVE_MOUNT_F_EMPTY_PATH);
}

static int attach_close(struct child *c, const struct box_op *o, int mount, bool dir)
{
    if (mount < 0)
        return -1;
    int rc = attach(c, o, mount, dir);
    return is_root_op(o->from) ? rc : close_keep(mount, rc);
}

// "PREFIX/proc/self/fd/N" without a formatter; returns what follows.
static char *fd_path(char *p, const char *prefix, int fd)
{
    static const char base[] = "/proc/self/fd/";
    char digit[NUMBER];
    int n = 0;
    for (; *prefix; prefix++)
        *p++ = *prefix;
    for (const char *s = base; *s; s++)
        *p++ = *s;
    do {
        digit[n++] = (char)('0' + fd % 10);
        fd /= 10;
    } while (fd);
    while (n)
        *p++ = digit[--n];
    *p = 0;
    return p;
}

// A lower or scratch directory that the parent made a mount of: older kernels want it attached in our namespace.
static int stage_source(struct child *c, struct source *s)
{
    if (!s->ready)
        return 0;
    if (mkdirat(c->stage, s->stage, 0700) < 0)
        return -1;
    return move_mount(s->fd, "", c->stage, s->stage, MOVE_MOUNT_F_EMPTY_PATH);
}

// The directory that holds upper/ and work/: the plan's, or one in the staging tmpfs.
static int scratch_open(struct child *c, const struct box_op *o, int *upper, int *work)
{
    c->step = STEP_SCRATCH;
    int dir;
    if (o->scratch) {
        if (stage_source(c, o->scratch) < 0)
            return -1;
        dir = o->scratch->fd;
    } else {
        if (mkdirat(c->stage, o->stage, 0755) < 0 ||
            (dir = openat(c->stage, o->stage, O_PATH | O_CLOEXEC)) < 0)
            return -1;
        if (mkdirat(dir, "upper", 0755) < 0 || mkdirat(dir, "work", 0755) < 0)
            return -1;
    }
    *upper = openat(dir, "upper", O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    *work = openat(dir, "work", O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    return *upper < 0 || *work < 0 ? -1 : 0;
}

// Kernels before 6.7 take the lower directories in one text of at most a page.
static int overlay_text(struct child *c, const struct box_op *o, int upper, int work)
{
    static const char tail[] = ",userxattr,volatile";
    char *p = c->b->page, *end = p + PAGE - 3 * (sizeof ",lowerdir=/proc/self/fd/" + NUMBER) - sizeof tail;
    char at[64];
    c->step = STEP_LOWER;
    for (size_t i = 0; i < o->n_src; i++) {
        c->item = (uint32_t)i;
        if (p >= end) {
            errno = E2BIG;
            return -1;
        }
        p = fd_path(p, i ? ":" : "lowerdir=", o->src[i].fd);
    }
    p = fd_path(p, ",upperdir=", upper);
    p = fd_path(p, ",workdir=", work);
    memcpy(p, tail, sizeof tail);
    c->step = STEP_FILESYSTEM;
    int dir;
    if (mkdirat(c->stage, o->text, 0700) < 0 || (dir = openat(c->stage, o->text, O_PATH | O_CLOEXEC)) < 0)
        return -1;
    (void)fd_path(at, "", dir);
    if (mount("overlay", at, "overlay", MS_NOSUID | MS_NODEV, c->b->page) < 0)
        return close_keep(dir, -1);
    int got = openat(c->stage, o->text, O_PATH | O_CLOEXEC);
    return close_keep(dir, got);
}

static int overlay_options(struct child *c, const struct box_op *o, int fs, int upper, int work)
{
    char path[64];
    c->step = STEP_LOWER;
    for (size_t i = 0; i < o->n_src; i++) {
        c->item = (uint32_t)i;
        (void)fd_path(path, "", o->src[i].fd);
        if (fsconfig(fs, FSCONFIG_SET_STRING, "lowerdir+", path, 0) < 0)
            return -1;
    }
    c->step = STEP_SCRATCH;
    (void)fd_path(path, "", upper);
    if (fsconfig(fs, FSCONFIG_SET_STRING, "upperdir", path, 0) < 0)
        return -1;
    (void)fd_path(path, "", work);
    if (fsconfig(fs, FSCONFIG_SET_STRING, "workdir", path, 0) < 0)
        return -1;
    c->step = STEP_FILESYSTEM;
    // Volatile (Linux 5.10; userxattr is younger): else its end, and so the sandbox's, waits until all that anybody has
    // in the filesystem of the scratch is on disk. Who keeps what was written syncs it there. The kernel marks such a
    // scratch and refuses it a second time.
    if (fsconfig(fs, FSCONFIG_SET_FLAG, "userxattr", NULL, 0) < 0 ||
        fsconfig(fs, FSCONFIG_SET_FLAG, "volatile", NULL, 0) < 0)
        return -1;
    return fsconfig(fs, FSCONFIG_CMD_CREATE, NULL, NULL, 0);
}

static int overlay_mount(struct child *c, const struct box_op *o, int upper, int work)
{
    c->step = STEP_FILESYSTEM;
    int fs = fsopen("overlay", FSOPEN_CLOEXEC);
    if (fs < 0)
        return -1;
    if (overlay_options(c, o, fs, upper, work) < 0) {
        // "lowerdir+" is an unknown option there.
        bool old = c->step == STEP_LOWER && c->item == 0 && errno == EINVAL;
        close_keep(fs, -1);
        return old ? overlay_text(c, o, upper, work) : -1;
    }
    return close_keep(fs, fsmount(fs, FSMOUNT_CLOEXEC, PLAIN));
}

static int op_overlay(struct child *c, const struct box_op *o)
{
    int upper = -1, work = -1;
    c->step = STEP_LOWER;
    for (size_t i = 0; i < o->n_src; i++) {
        c->item = (uint32_t)i;
        if (stage_source(c, &o->src[i]) < 0)
            return -1;
    }
    if (scratch_open(c, o, &upper, &work) < 0)
        return -1;
    int mount = overlay_mount(c, o, upper, work);
    (void)close_keep(upper, 0);
    (void)close_keep(work, 0);
    return attach_close(c, o, mount, true);
}

static int op_bind(struct child *c, const struct box_op *o)
{
    struct source *s = o->src;
    c->step = STEP_SOURCE;
    int mount =
        s->ready ? s->fd
                 : open_tree(s->fd, "", OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | AT_EMPTY_PATH | AT_RECURSIVE);
    if (mount < 0)
        return -1;
    c->step = STEP_READ_ONLY;
    if (mount_flags(mount, PLAIN | (o->from->kind == SBX_BIND_RO ? MOUNT_ATTR_RDONLY : 0), true) < 0)
        return -1;
    return attach_close(c, o, mount, s->dir);
}

static int op_tmpfs(struct child *c, const struct box_op *o)
{
    const char *const option[] = {"mode", o->mode, "size", o->size, "nr_inodes", o->inodes, NULL};
    c->step = STEP_FILESYSTEM;
    return attach_close(c, o, new_filesystem("tmpfs", option, PLAIN), true);
}

// A read-only mount of something of the staging tmpfs, on (dirfd, path); path "" is dirfd itself.
static int cover(struct child *c, const char *with, int dirfd, const char *path)
{
    c->step = STEP_READ_ONLY;
    int mount = open_tree(c->stage, with, OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC);
    if (mount < 0)
        return -1;
    if (mount_flags(mount, PLAIN | MOUNT_ATTR_NOEXEC | MOUNT_ATTR_RDONLY, false) < 0)
        return close_keep(mount, -1);
    c->step = STEP_ATTACH;
    unsigned how = MOVE_MOUNT_F_EMPTY_PATH | (path[0] ? 0 : MOVE_MOUNT_T_EMPTY_PATH);
    return close_keep(mount, move_mount(mount, "", dirfd, path, how));
}

static int hide_at(struct child *c, int dirfd, const char *path)
{
    struct stat st;
    if (fstatat(dirfd, path, &st, path[0] ? AT_SYMLINK_NOFOLLOW : AT_EMPTY_PATH) < 0)
        return errno == ENOENT ? 0 : -1;
    return cover(c, S_ISDIR(st.st_mode) ? STAGE_HIDE_DIR : STAGE_HIDE_FILE, dirfd, path);
}

static int read_only_at(struct child *c, int dirfd, const char *path)
{
    c->step = STEP_READ_ONLY;
    int mount = open_tree(dirfd, path, OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | AT_RECURSIVE);
    if (mount < 0)
        return errno == ENOENT ? 0 : -1;
    if (mount_flags(mount, PLAIN | MOUNT_ATTR_NOEXEC | MOUNT_ATTR_RDONLY, true) < 0)
        return close_keep(mount, -1);
    return close_keep(mount, move_mount(mount, "", dirfd, path, MOVE_MOUNT_F_EMPTY_PATH));
}

static int op_proc(struct child *c, const struct box_op *o)
{
    static const char *const none[] = {NULL};
    c->step = STEP_FILESYSTEM;
    int mount = new_filesystem("proc", none, PLAIN | MOUNT_ATTR_NOEXEC);
    if (mount < 0 || mount_on(c, mount, &o->at, true) < 0)
        return -1;
    int rc = 0;
    for (size_t i = 0; rc == 0 && proc_read_only[i]; i++)
        rc = read_only_at(c, mount, proc_read_only[i]);
    for (size_t i = 0; rc == 0 && proc_hidden[i]; i++)
        rc = hide_at(c, mount, proc_hidden[i]);
    return close_keep(mount, rc);
}

static int device(struct child *c, int dev, const char *path, const char *name)
{
    c->step = STEP_SOURCE;
    int mount = open_tree(AT_FDCWD, path, OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC);
    if (mount < 0)
        return -1;
    c->step = STEP_ATTACH;
    int at = openat(dev, name, O_CREAT | O_EXCL | O_WRONLY | O_CLOEXEC, 0600);
    if (at < 0 || close(at) < 0 || mount_flags(mount, MOUNT_ATTR_NOSUID | MOUNT_ATTR_NOEXEC, false) < 0)
        return close_keep(mount, -1);
    return close_keep(mount, move_mount(mount, "", dev, name, MOVE_MOUNT_F_EMPTY_PATH));
}

static int filesystem_at(int dirfd, const char *name, const char *type, const char *const *option,
                         unsigned attr)
{
    int mount = new_filesystem(type, option, attr);
    if (mount < 0 || mkdirat(dirfd, name, 0755) < 0)
        return -1;
    return close_keep(mount, move_mount(mount, "", dirfd, name, MOVE_MOUNT_F_EMPTY_PATH));
}

static int op_dev(struct child *c, const struct box_op *o)
{
    static const char *const plain[] = {"mode", "0755", NULL};
    const char *const shm[] = {"mode", "01777", "size", o->size, "nr_inodes", o->inodes, NULL};
    static const char *const pts[] = {"mode", "0620", "ptmxmode", "0666", NULL};
    static const char *const node[][2] = {{"/dev/null", "null"},
                                          {"/dev/zero", "zero"},
                                          {"/dev/full", "full"},
                                          {"/dev/random", "random"},
                                          {"/dev/urandom", "urandom"}};
    static const char *const link[][2] = {{"/proc/self/fd", "fd"},
                                          {"/proc/self/fd/0", "stdin"},
                                          {"/proc/self/fd/1", "stdout"},
                                          {"/proc/self/fd/2", "stderr"},
                                          {"pts/ptmx", "ptmx"}};
    c->step = STEP_FILESYSTEM;
    int dev = new_filesystem("tmpfs", plain, MOUNT_ATTR_NOSUID | MOUNT_ATTR_NOEXEC);
    if (dev < 0 || mount_on(c, dev, &o->at, true) < 0)
        return -1;
    int rc = 0;
    for (size_t i = 0; rc == 0 && i < COUNT(node); i++)
        rc = device(c, dev, node[i][0], node[i][1]);
    for (size_t i = 0; rc == 0 && i < COUNT(link); i++)
        rc = symlinkat(link[i][0], dev, link[i][1]);
    if (rc == 0)
        rc = filesystem_at(dev, "shm", "tmpfs", shm, PLAIN);
    if (rc == 0)
        rc = filesystem_at(dev, "pts", "devpts", pts, MOUNT_ATTR_NOSUID | MOUNT_ATTR_NOEXEC);
    if (rc == 0)
        rc = mount_flags(dev, MOUNT_ATTR_RDONLY, false);
    return close_keep(dev, rc);
}

static int op_file(struct child *c, const struct box_op *o)
{
    c->step = STEP_CONTENT;
    int fd = openat(c->stage, o->stage, O_CREAT | O_EXCL | O_WRONLY | O_CLOEXEC, o->from->mode);
    for (size_t done = 0; fd >= 0 && done < o->content;) {
        ssize_t n = write(fd, o->from->src + done, o->content - done);
        if (n < 0 && errno != EINTR)
            return close_keep(fd, -1);
        done += n > 0 ? (size_t)n : 0;
    }
    if (fd < 0 || close(fd) < 0)
        return -1;
    int to = place_open(c, &o->at, true, false);
    return to < 0 ? -1 : close_keep(to, cover(c, o->stage, to, ""));
}

static int op_link(struct child *c, const struct box_op *o)
{
    struct place above = o->at;
    above.n--;
    above.path = above.n ? above.dir[above.n - 1] : ".";
    int parent = place_open(c, &above, true, true);
    return parent < 0 ? -1 : close_keep(parent, symlinkat(o->from->src, parent, o->at.name[o->at.n - 1]));
}

static int op_hide(struct child *c, const struct box_op *o)
{
    int at = place_open(c, &o->at, false, false);
    if (at < 0)
        return errno == ENOENT ? 0 : -1;
    return close_keep(at, hide_at(c, at, ""));
}

// A mount of its own for the parent, which cannot write through it.
static int op_hand_out(struct child *c, const struct box_op *o)
{
    int at = place_open(c, &o->at, false, true);
    if (at < 0)
        return -1;
    c->step = STEP_OUT;
    int mount = open_tree(at, "", OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | AT_EMPTY_PATH);
    (void)close_keep(at, 0);
    if (mount < 0 || mount_flags(mount, MOUNT_ATTR_RDONLY, false) < 0)
        return -1;
    const struct note n = {.kind = NOTE_OUT, .op = c->op};
    return close_keep(mount, send_note(c->b->link[1], &n, mount));
}

int child_op(struct child *c, const struct box_op *op)
{
    static int (*const run[])(struct child *, const struct box_op *) = {
        [SBX_OVERLAY] = op_overlay,  [SBX_BIND] = op_bind, [SBX_BIND_RO] = op_bind,
        [SBX_TMPFS] = op_tmpfs,      [SBX_PROC] = op_proc, [SBX_DEV] = op_dev,
        [SBX_FILE] = op_file,        [SBX_LINK] = op_link, [SBX_HIDE] = op_hide,
        [SBX_HAND_OUT] = op_hand_out};
    return run[op->from->kind](c, op);
}
