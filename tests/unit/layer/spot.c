// SPDX-License-Identifier: Apache-2.0
#include "layer/unpack_priv.h"
#include "rig.h"
#include <sched.h>
#include <sys/mount.h>

static void write_text(const char *path, const char *text)
{
    drop_fd int fd = -1;
    MUST(path_open_host(path, O_WRONLY, 0, &fd, &e));
    CHECK(write(fd, text, strlen(text)) == (ssize_t)strlen(text));
}

static void unpack_to(struct test *t, const char *name, const struct row *r, size_t n)
{
    drop_buf struct buf tar = BUF_INIT(MIB(1));
    drop_fd int dir = -1;
    struct unpacked out;
    CHECK(mkdirat(t->dir, name, 0755) == 0);
    MUST(path_open_plain(t->dir, name, O_RDONLY | O_DIRECTORY, 0, &dir, &e));
    rig_tar(&tar, r, n);
    drop_(source_drop) struct source *s = source_memory(tar.p, tar.n);
    MUST(layer_unpack(s, dir, NULL, &out, &e));
}

TEST(trees_are_lowers_of_an_overlay_without_privilege)
{
    const struct row low[] = {ROW_FILE("a", "low"), ROW_FILE("b", "low"), ROW_FILE("d/x", "low"),
                              ROW_FILE("h/x", "low"), ROW_LINK("l", "a")};
    const struct row high[] = {ROW_FILE(".wh.a", ""),   ROW_FILE("b", "high"), ROW_FILE("d/.wh..wh..opq", ""),
                               ROW_FILE("d/y", "high"), ROW_FILE(".wh.h", ""), ROW_FILE("h/y", "high")};
    const struct want out[] = {{'-', "a", NULL},     {'f', "b", "high"}, {'-', "d/x", NULL},
                               {'f', "d/y", "high"}, {'-', "h/x", NULL}, {'f', "h/y", "high"},
                               {'l', "l", "a"}};
    char map[64], options[1200], path[600];
    snprintf(map, sizeof map, "%u %u 1", (unsigned)geteuid(), (unsigned)geteuid());
    unpack_to(t, "low", low, COUNT(low));
    unpack_to(t, "high", high, COUNT(high));
    CHECK(mkdirat(t->dir, "merged", 0755) == 0);
    if (unshare(CLONE_NEWUSER | CLONE_NEWNS) < 0)
        SKIP("no user namespaces here");
    write_text("/proc/self/uid_map", map);
    snprintf(options, sizeof options, "userxattr,lowerdir=%s/high:%s/low", t->path, t->path);
    snprintf(path, sizeof path, "%s/merged", t->path);
    if (mount("overlay", path, "overlay", 0, options) < 0)
        SKIP("no overlay mounts here");
    drop_fd int dir = -1; // by its path: t->dir belongs to the old mount namespace
    MUST(path_open_host(path, O_RDONLY | O_DIRECTORY, 0, &dir, &e));
    for (size_t i = 0; i < COUNT(out); i++)
        check_want(dir, &out[i]);
}

TEST(dirs_are_counted_by_the_bytes_of_their_paths)
{
    drop_(arena_free) struct arena *a = arena_new(0);
    struct unpack u = {.root = t->dir, .a = a};
    dirs_note(&u, STR("a"), 0755, 0, 0);
    dirs_note(&u, STR("a/bc"), 0755, 0, 0);
    dirs_note(&u, STR("a"), 0700, 0, 0);
    EQ_UINT(u.dirs_bytes, 5);
}
