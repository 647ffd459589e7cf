// SPDX-License-Identifier: Apache-2.0
// What root owns, seen by a sandbox that root's id is not mapped into: mounts of its own with mapped ids.
#include "base/file.h"
#include "sandbox/child.h"
#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <sys/prctl.h>
#include <sys/wait.h>

bool idmap_root(void)
{
    struct __user_cap_header_struct head = {.version = _LINUX_CAPABILITY_VERSION_3};
    struct __user_cap_data_struct data[_LINUX_CAPABILITY_U32S_3] = {{0}};
    return geteuid() == 0 && syscall(SYS_capget, &head, data) == 0 &&
           (data[0].effective & (1u << CAP_SYS_ADMIN));
}

static int write_map(pid_t pid, const char *file, struct sbx_map m, struct err *e)
{
    char path[64], text[64];
    snprintf(path, sizeof path, "/proc/%d/%s", pid, file);
    int n = snprintf(text, sizeof text, "%u %u %u", m.inside, m.outside, m.count);
    drop_fd int fd = -1;
    if (path_open_host(path, O_WRONLY, 0, &fd, e) < 0 || file_write_all(fd, text, (size_t)n, e) < 0)
        return err_wrap(e, "id map %s", text);
    return 0;
}

// A process that only holds a user namespace, until it is killed or we are gone.
_Noreturn static void hold(pid_t parent)
{
    close_between(0, UINT32_MAX); // a flock lives on in a copy
    (void)prctl(PR_SET_PDEATHSIG, SIGKILL);
    while (getppid() == parent)
        pause();
    _exit(0);
}

// A user namespace that lives as long as its descriptor.
static int map_namespace(struct sbx_map uid, struct sbx_map gid, int *fd, struct err *e)
{
    char path[64];
    pid_t parent = getpid();
    pid_t pid = (pid_t)syscall(SYS_clone, CLONE_NEWUSER | SIGCHLD, 0, 0, 0, 0);
    if (pid < 0)
        return err_sys(e, "id-mapped mount: user namespace");
    if (pid == 0)
        hold(parent);
    snprintf(path, sizeof path, "/proc/%d/ns/user", pid);
    int rc = write_map(pid, "uid_map", uid, e);
    if (rc == 0)
        rc = write_map(pid, "gid_map", gid, e);
    if (rc == 0)
        rc = path_open_host(path, O_RDONLY, 0, fd, e);
    (void)kill(pid, SIGKILL);
    while (waitpid(pid, NULL, 0) < 0 && errno == EINTR)
        ;
    return rc;
}

static int map_ids(struct box *b, const struct sbx_op *op, const struct stat *st, int mount, struct err *e)
{
    const struct sbx_plan *p = b->plan;
    struct sbx_map uid = {st->st_uid, 0, 1}, gid = {st->st_gid, 0, 1};
    (void)sbx_outside(p->uid, p->run_uid, &uid.outside);
    (void)sbx_outside(p->gid, p->run_gid, &gid.outside);
    if (st->st_uid == uid.outside && st->st_gid == gid.outside)
        return 0;
    // The trees of one plan mostly have one owner.
    if (b->ids.fd < 0 || b->ids.uid != st->st_uid || b->ids.gid != st->st_gid) {
        drop_fd_p(&b->ids.fd);
        if (map_namespace(uid, gid, &b->ids.fd, e) < 0)
            return -1;
        b->ids.uid = st->st_uid;
        b->ids.gid = st->st_gid;
    }
    struct mount_attr attr = {.attr_set = MOUNT_ATTR_IDMAP, .userns_fd = (uint64_t)b->ids.fd};
    if (mount_setattr(mount, "", AT_EMPTY_PATH, &attr, sizeof attr) < 0)
        return err_sys(e, "%s at %s: ids of %u:%u: this filesystem has no id-mapped mounts",
                       kind_name(op->kind), op->dst, st->st_uid, st->st_gid);
    return 0;
}

int idmap_source(struct box *b, const struct sbx_op *op, struct source *s, bool own, struct err *e)
{
    struct stat st;
    unsigned how = OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | AT_EMPTY_PATH | (own ? 0 : AT_RECURSIVE);
    drop_fd int mount = open_tree(s->fd, "", how);
    if (mount < 0 || fstat(s->fd, &st) < 0)
        return err_sys(e, "%s at %s: %s", kind_name(op->kind), op->dst, s->path);
    if (own && map_ids(b, op, &st, mount, e) < 0)
        return -1;
    (void)close(s->fd);
    s->fd = steal_fd(&mount);
    s->ready = true;
    return 0;
}
