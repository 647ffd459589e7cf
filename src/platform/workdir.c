// SPDX-License-Identifier: Apache-2.0
#include "platform/workdir.h"
#include "base/file.h"
#include <fcntl.h>
#include <stdio.h>

int workdir_make(const char *parent, struct workdir *out, struct err *e)
{
    size_t n = strlen(parent) + sizeof "/dema-XXXXXX";
    char *path = xmalloc(n);
    snprintf(path, n, "%s/dema-XXXXXX", parent);
    if (!mkdtemp(path)) {
        err_sys(e, "%s", path);
        free(path);
        return -1;
    }
    *out = (struct workdir){.path = path, .fd = -1};
    if (path_open_host(path, O_RDONLY | O_DIRECTORY, 0, &out->fd, e) < 0) {
        workdir_done(out);
        return -1;
    }
    return 0;
}

void workdir_done(struct workdir *w)
{
    struct err ignored = {0};
    drop_fd_p(&w->fd);
    if (w->path)
        (void)!tree_remove(AT_FDCWD, w->path, &ignored); // a directory in /tmp is all that a failure leaves
    free(w->path);
    *w = (struct workdir)WORKDIR_INIT;
}

int workdir_sub(const struct workdir *w, const char *name, mode_t mode, int64_t owner_uid, int64_t owner_gid,
                struct err *e)
{
    drop_fd int fd = -1;
    if (path_mkdirs(w->fd, name, 0700, e) < 0 ||
        path_open_plain(w->fd, name, O_RDONLY | O_DIRECTORY, 0, &fd, e) < 0)
        return -1;
    if (owner_uid >= 0 && fchown(fd, (uid_t)owner_uid, (gid_t)owner_gid) < 0)
        return err_sys(e, "%s", name);
    return fchmod(fd, mode) < 0 ? err_sys(e, "%s", name) : 0;
}

int workdir_scratch(const struct workdir *w, const char *name, mode_t mode, int64_t owner_uid,
                    int64_t owner_gid, struct err *e)
{
    char upper[64], work[64];
    int n = snprintf(upper, sizeof upper, "%s/upper", name), m = snprintf(work, sizeof work, "%s/work", name);
    if ((size_t)n >= sizeof upper || (size_t)m >= sizeof work)
        BUG("scratch name");
    return workdir_sub(w, name, 0755, owner_uid, owner_gid, e) < 0 ||
                   workdir_sub(w, upper, mode, owner_uid, owner_gid, e) < 0
               ? -1
               : workdir_sub(w, work, 0755, owner_uid, owner_gid, e);
}

int workdir_bindings(const struct workdir *w, struct arena *a, struct str root, const char *name,
                     struct cnb_bindings *out, struct err *e)
{
    struct strmap env = {0};
    struct cnb_bindings got = {0};
    drop_fd int there = -1, to = -1;
    strmap_set(a, &env, STR(BINDING_ROOT), root);
    if (path_open_host(str_c(a, root), O_PATH | O_DIRECTORY, 0, &there, e) < 0 ||
        cnb_bindings_read(a, &env, STR(""), &got, e) < 0 || workdir_sub(w, name, 0755, -1, -1, e) < 0 ||
        path_open_plain(w->fd, name, O_RDONLY | O_DIRECTORY, 0, &to, e) < 0 ||
        cnb_bindings_copy(a, &got, to, e) < 0)
        return err_wrap(e, BINDING_ROOT);
    *out = got;
    return 0;
}
