// SPDX-License-Identifier: Apache-2.0
// The child builds its root: a loop over system calls, each failure with its step. Nothing here allocates or formats.
#include "sandbox/child.h"
#include <errno.h>
#include <fcntl.h>
#include <sys/socket.h>

void close_others(const struct fd_set_sorted *keep)
{
    unsigned from = 0;
    for (size_t i = 0; i < keep->n; i++) {
        unsigned fd = (unsigned)keep->fd[i];
        if (fd > from)
            close_between(from, fd - 1);
        from = fd + 1;
    }
    close_between(from, UINT32_MAX);
}

// close_range is younger than some seccomp profiles.
void close_between(unsigned from, unsigned to)
{
    struct rlimit files;
    if (syscall(SYS_close_range, from, to, 0) == 0)
        return;
    if (to == UINT32_MAX && getrlimit(RLIMIT_NOFILE, &files) == 0)
        to = files.rlim_cur > INT32_MAX ? INT32_MAX : (unsigned)files.rlim_cur;
    for (unsigned fd = from; fd <= to && fd >= from; fd++)
        (void)close((int)fd);
}

void close_but(int fd)
{
    close_between(0, (unsigned)fd - 1);
    close_between((unsigned)fd + 1, UINT32_MAX);
}

void child_failed(const struct child *c)
{
    struct note n = {.kind = NOTE_FAILED, .step = c->step, .op = c->op, .item = c->item, .value = errno};
    (void)send(c->b->link[1], &n, sizeof n, MSG_NOSIGNAL);
    _exit(1);
}

static int open_inside(const struct child *c, const char *path, int flags)
{
    return sys_openat2(c->root, path, flags | O_CLOEXEC, 0, RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS);
}

// The directory above the place, made as far as it is missing. Links of the image stay inside the root.
static int parent_open(struct child *c, const struct place *at)
{
    int parent = open_inside(c, ".", O_PATH | O_DIRECTORY);
    for (size_t i = 0; parent >= 0 && i + 1 < at->n; i++) {
        int next = open_inside(c, at->dir[i], O_PATH | O_DIRECTORY);
        if (next < 0 && errno == ENOENT && mkdirat(parent, at->name[i], 0755) == 0)
            next = open_inside(c, at->dir[i], O_PATH | O_DIRECTORY);
        int saved = errno;
        (void)close(parent);
        errno = saved;
        parent = next;
    }
    return parent;
}

static int make_file(int parent, const char *name)
{
    int fd = openat(parent, name, O_CREAT | O_EXCL | O_WRONLY | O_NOFOLLOW | O_CLOEXEC, 0644);
    if (fd >= 0)
        return close(fd);
    // A link to nothing: what is put here replaces it.
    if (errno == EEXIST && unlinkat(parent, name, 0) == 0)
        return make_file(parent, name);
    return -1;
}

int place_open(struct child *c, const struct place *at, bool make, bool dir)
{
    c->step = STEP_TARGET;
    int fd = open_inside(c, at->path, O_PATH);
    if (fd >= 0 || !make || errno != ENOENT || !at->n)
        return fd;
    int parent = parent_open(c, at);
    if (parent < 0)
        return -1;
    const char *name = at->name[at->n - 1];
    int rc = dir ? mkdirat(parent, name, 0755) : make_file(parent, name);
    int saved = errno;
    (void)close(parent);
    errno = saved;
    return rc < 0 ? -1 : open_inside(c, at->path, O_PATH);
}

int mount_on(struct child *c, int mount, const struct place *at, bool dir)
{
    int to = place_open(c, at, true, dir);
    if (to < 0)
        return -1;
    c->step = STEP_ATTACH;
    int rc = move_mount(mount, "", to, "", MOVE_MOUNT_F_EMPTY_PATH | MOVE_MOUNT_T_EMPTY_PATH);
    int saved = errno;
    (void)close(to);
    errno = saved;
    return rc;
}

int mount_flags(int mount, uint64_t set, bool all)
{
    struct mount_attr attr = {.attr_set = set};
    return mount_setattr(mount, "", AT_EMPTY_PATH | (all ? AT_RECURSIVE : 0), &attr, sizeof attr);
}

// A new, detached filesystem; `option` is pairs of key and value, a NULL key ends them.
int new_filesystem(const char *type, const char *const *option, unsigned attr)
{
    int fs = fsopen(type, FSOPEN_CLOEXEC), mount = -1;
    if (fs < 0)
        return -1;
    int rc = 0;
    for (; rc == 0 && option[0]; option += 2)
        if (option[1])
            rc = fsconfig(fs, FSCONFIG_SET_STRING, option[0], option[1], 0);
    if (rc == 0 && fsconfig(fs, FSCONFIG_CMD_CREATE, NULL, NULL, 0) == 0)
        mount = fsmount(fs, FSMOUNT_CLOEXEC, attr);
    int saved = errno;
    (void)close(fs);
    errno = saved;
    return mount;
}

static int source_open(struct child *c, struct source *s, uint32_t item)
{
    struct stat st;
    c->step = STEP_SOURCE;
    c->item = item;
    if (s->ready)
        return 0;
    s->fd = open(s->path, O_PATH | O_NOFOLLOW | O_CLOEXEC);
    if (s->fd < 0 || fstat(s->fd, &st) < 0)
        return -1;
    if (st.st_dev != s->dev || st.st_ino != s->ino) { // somebody put another thing there
        errno = ESTALE;
        return -1;
    }
    return 0;
}

// With the id that we were started with, before it is left: it may be what lets us walk there.
static int open_sources(struct child *c)
{
    for (size_t i = 0; i < c->b->n_op; i++) {
        const struct box_op *o = &c->b->op[i];
        c->op = (uint32_t)i;
        for (size_t k = 0; k < o->n_src; k++)
            if (source_open(c, &o->src[k], (uint32_t)k) < 0)
                return -1;
        if (o->scratch && source_open(c, o->scratch, (uint32_t)o->n_src) < 0)
            return -1;
    }
    c->op = NO_OP;
    return 0;
}

// A tmpfs of our own over "/", where parts are kept on their way: detached mounts that an overlay shall use, contents
// of files, changes that nobody keeps, and an empty file and directory that hide things. It goes with the old root.
static int make_stage(struct child *c)
{
    static const char *const option[] = {"mode", "0755", "size", "25%", NULL};
    c->step = STEP_STAGE;
    c->stage = new_filesystem("tmpfs", option, MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV);
    if (c->stage < 0 || move_mount(c->stage, "", AT_FDCWD, "/", MOVE_MOUNT_F_EMPTY_PATH) < 0)
        return -1;
    int fd = openat(c->stage, STAGE_HIDE_FILE, O_CREAT | O_EXCL | O_WRONLY | O_CLOEXEC, 0);
    return fd < 0 || close(fd) < 0 ? -1 : mkdirat(c->stage, STAGE_HIDE_DIR, 0);
}

// "/" and "/.." are the new root, the one that was made: nothing of the host is left beneath or above.
static int nothing_above(const struct child *c)
{
    struct statx root, here, up;
    const unsigned want = STATX_INO | STATX_MNT_ID;
    if (statx(c->root, "", AT_EMPTY_PATH, want, &root) < 0 || statx(AT_FDCWD, "/", 0, want, &here) < 0 ||
        statx(AT_FDCWD, "/..", 0, want, &up) < 0)
        return -1;
    if (here.stx_mnt_id == root.stx_mnt_id && up.stx_mnt_id == root.stx_mnt_id && up.stx_ino == root.stx_ino)
        return 0;
    errno = EXDEV;
    return -1;
}

static int enter_root(struct child *c)
{
    const struct sbx_op *root = c->b->op[0].from;
    c->step = STEP_ROOT;
    c->op = NO_OP;
    bool writable = root->kind == SBX_OVERLAY && root->scratch;
    if (!writable && mount_flags(c->root, MOUNT_ATTR_RDONLY, false) < 0)
        return -1;
    // The old root ends up on top of the new one, and on top of it the staging tmpfs: both are taken away.
    if (fchdir(c->root) < 0 || syscall(SYS_pivot_root, ".", ".") < 0 || umount2(".", MNT_DETACH) < 0 ||
        umount2(".", MNT_DETACH) < 0)
        return -1;
    return chdir("/") < 0 ? -1 : nothing_above(c);
}

int child_mounts(struct child *c)
{
    if (open_sources(c) < 0)
        return -1;
    c->step = STEP_PRIVATE;
    if (mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0)
        return -1;
    if (child_ids(c) < 0 || make_stage(c) < 0)
        return -1;
    for (size_t i = 0; i < c->b->n_op; i++) {
        c->op = (uint32_t)i;
        c->item = 0;
        if (child_op(c, &c->b->op[i]) < 0)
            return -1;
    }
    if (enter_root(c) < 0)
        return -1;
    // A link of the image to /proc/self/fd would find the host in a source that is still open.
    close_others(&c->b->last);
    c->stage = c->root = -1;
    return 0;
}
