// SPDX-License-Identifier: Apache-2.0
// What the operations of a plan look like from inside, under every runner that mounts.
#include "base/file.h"
#include "scene.h"
#include <fcntl.h>

static const enum sbx_runner mounting[] = {SBX_NAMESPACES, SBX_RUNC};

// The scene's /layers with a scratch directory of the run user's.
static void with_scratch(struct test *t, struct arena *a, struct scene *c, const char *name)
{
    static const char *const dirs[] = {"", "/upper", "/work"};
    uint32_t uid = 0, gid = 0;
    c->op[7].scratch = arena_printf(a, "%s/%s", t->path, name);
    (void)sbx_outside(c->p.uid, c->p.run_uid, &uid);
    (void)sbx_outside(c->p.gid, c->p.run_gid, &gid);
    for (size_t i = 0; i < COUNT(dirs); i++) {
        const char *dir = arena_printf(a, "%s%s", name, dirs[i]);
        CHECK(mkdirat(t->dir, dir, 0755) == 0);
        CHECK(geteuid() != 0 || fchownat(t->dir, dir, uid, gid, 0) == 0);
    }
}

// Otherwise the end of a sandbox waits until everything of that filesystem is on disk.
TEST(an_overlay_is_not_synced_at_the_end)
{
    drop_(arena_free) struct arena *a = arena_new(4096);
    for (size_t i = 0; i < COUNT(mounting); i++) {
        const char *name = arena_printf(a, "scratch%zu", i);
        struct scene c;
        if (!works(a, mounting[i]))
            continue;
        scene(t, a, "grep -q ' /layers .*volatile' /proc/self/mountinfo && echo new >/layers/new", &c);
        c.p.n_op = SCENE_OPS;
        with_scratch(t, a, &c, name);
        EQ_INT(scene_run(a, &c, mounting[i]), 0);
        EQ_STR(test_read(a, t->dir, arena_printf(a, "%s/upper/new", name)), "new\n");
        // The kernel does not take it a second time; runc says so in its log.
        drop_sbx struct sbx s = SBX_INIT;
        REFUSED(sbx_start(&c.p, mounting[i], a, &s, &e), e.code,
                mounting[i] == SBX_NAMESPACES ? "overlay at /layers|that was used before" : "runc");
        MUST(tree_remove(t->dir, name, &e));
    }
}

TEST(memory_that_is_files_has_bounds)
{
    static const char script[] =
        "for m in /tmp /small /dev/shm; do grep \" $m .* tmpfs \" /proc/self/mountinfo | tr ', ' '\\n\\n' | "
        "grep -E '^(size|nr_inodes)=' | tr '\\n' ' '; done";
    drop_(arena_free) struct arena *a = arena_new(4096);
    for (size_t i = 0; i < COUNT(mounting); i++) {
        struct scene c;
        if (!works(a, mounting[i]))
            continue;
        scene(t, a, script, &c);
        CHECK(ftruncate(c.p.log_fd, 0) == 0);
        c.op[8] = (struct sbx_op){.kind = SBX_TMPFS, .dst = "/tmp", .mode = 01777, .size = 8 << 20};
        c.op[9] = (struct sbx_op){.kind = SBX_TMPFS, .dst = "/small", .mode = 01777, .size = 64 << 10};
        c.p.n_op = 10;
        EQ_INT(scene_run(a, &c, mounting[i]), 0);
        EQ_STR(test_read(a, t->dir, "log/text"),
               "size=8192k nr_inodes=2048 size=64k nr_inodes=1024 size=65536k "
               "nr_inodes=16384 ");
        c.op[6].size = 128 << 20;
        CHECK(ftruncate(c.p.log_fd, 0) == 0 && lseek(c.p.log_fd, 0, SEEK_SET) == 0);
        EQ_INT(scene_run(a, &c, mounting[i]), 0);
        EQ_STR(test_read(a, t->dir, "log/text"),
               "size=8192k nr_inodes=2048 size=64k nr_inodes=1024 size=131072k "
               "nr_inodes=32768 ");
        (void)close(c.p.log_fd);
    }
}
