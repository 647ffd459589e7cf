// SPDX-License-Identifier: Apache-2.0
#include "platform/rootfs.h"
#include "base/dir.h"
#include "base/file.h"
#include <fcntl.h>

enum { PASSWD_MAX = 1 << 20 };

void rootfs_done(struct rootfs_tree *r)
{
    for (size_t i = 0; i < r->held.n; i++)
        drop_fd_p(&r->held.v[i]);
    r->held.n = 0;
}

int rootfs_file(struct arena *a, const struct rootfs_tree *r, const char *path, size_t max, struct str *out,
                struct err *e)
{
    *out = STR("");
    for (size_t i = r->held.n; i-- > 0;) {
        if (dir_kind(r->held.v[i], path) != DIR_FILE)
            continue;
        drop_buf struct buf b = BUF_INIT(max);
        if (file_read(r->held.v[i], path, &b, e) < 0)
            return -1;
        *out = str_dup(a, buf_view(&b));
        return 0;
    }
    return 0;
}

static int find_user(struct arena *a, const struct image *img, struct rootfs_tree *r, struct err *e)
{
    struct str passwd, group;
    if (rootfs_file(a, r, "etc/passwd", PASSWD_MAX, &passwd, e) < 0 ||
        rootfs_file(a, r, "etc/group", PASSWD_MAX, &group, e) < 0)
        return -1;
    return image_user_find(img->config.config.user, passwd, group, &r->user, e);
}

int rootfs_open(struct state *st, struct arena *a, const struct image *img, struct rootfs_tree *out,
                struct err *e)
{
    size_t n = img->config.rootfs.diff_ids.n;
    drop_rootfs struct rootfs_tree r = {0};
    r.held.v = ARENA_ARRAY(a, int, n);
    if (image_make_trees(st, img, e) < 0)
        return -1;
    for (; r.held.n < n; r.held.n++)
        if (state_tree_open(st, &img->config.rootfs.diff_ids.v[r.held.n], &r.held.v[r.held.n], e) < 0)
            return -1;
    for (size_t i = n; i-- > 0;)
        strv_add(a, &r.lower, state_tree_path(st, a, &img->config.rootfs.diff_ids.v[i]));
    if (find_user(a, img, &r, e) < 0)
        return -1;
    *out = r;
    r.held.n = 0;
    return 0;
}
