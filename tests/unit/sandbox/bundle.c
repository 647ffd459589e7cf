// SPDX-License-Identifier: Apache-2.0
#include "sandbox/bundle.h"
#include "document/json.h"
#include "test.h"

static const struct val *read_config(struct arena *a, int dir)
{
    struct val *v = NULL;
    MUST(json_read(a, test_read(a, dir, "config.json"), "config.json", &v, &e));
    return v;
}

static const struct val *mount_at(const struct val *config, const char *dst)
{
    const struct val *mounts = val_get(config, STR("mounts"));
    for (size_t i = 0; i < mounts->c.n; i++)
        if (str_is(val_at(&mounts->c.v[i], "destination")->s, dst))
            return &mounts->c.v[i];
    ck_abort_msg("no mount at %s", dst);
}

static bool has(const struct val *list, const char *text)
{
    for (size_t i = 0; i < list->c.n; i++)
        if (str_is(list->c.v[i].s, text))
            return true;
    return false;
}

static size_t rules_for(const struct val *config, const char *call)
{
    const struct val *rules = val_at(config, "linux.seccomp.syscalls");
    size_t n = 0;
    for (size_t i = 0; i < rules->c.n; i++)
        n += has(val_get(&rules->c.v[i], STR("names")), call);
    return n;
}

TEST(a_plan_becomes_a_bundle)
{
    static const char *const argv[] = {"/bin/x", "y", NULL}, *const env[] = {"A=b", NULL};
    drop_(arena_free) struct arena *a = arena_new(4096);
    struct sbx_op ops[] = {{.kind = SBX_OVERLAY, .dst = "/"},
                           {.kind = SBX_BIND_RO, .dst = "/cnb", .src = "/srv/cnb"},
                           {.kind = SBX_BIND, .dst = "/layers", .src = "/srv/layers"},
                           {.kind = SBX_TMPFS, .dst = "/tmp", .mode = 01777, .size = 4096},
                           {.kind = SBX_LINK, .dst = "/opt/link", .src = "to"},
                           {.kind = SBX_FILE, .dst = "/etc/hosts", .src = "abc", .mode = 0444},
                           {.kind = SBX_HIDE, .dst = "/etc/shadow"}};
    struct sbx_plan p = {
        .op = ops, .n_op = COUNT(ops), .argv = argv, .envp = env, .log_fd = -1, .max_files = 64};
    strv_add(a, &ops[0].lower, STR("/srv/1"));
    strv_add(a, &ops[0].lower, STR("/srv/2"));
    p.uid[0] = p.gid[0] = (struct sbx_map){0, SBX_FIXED_BASE, 65536};
    p.run_uid = 1002;
    struct box b = {.plan = &p};
    MUST(bundle_write(&b, a, t->path, &e));
    const struct val *c = read_config(a, t->dir);
    EQ_INT(val_at(c, "process.user.uid")->i, 1002);
    EQ_INT(val_at(c, "process.user.umask")->i, 022);
    CHECK(val_at(c, "process.noNewPrivileges")->b && val_at(c, "root.readonly")->b);
    EQ_UINT(val_at(c, "process.capabilities.bounding")->c.n, 0);
    EQ_UINT(val_at(c, "process.rlimits")->c.n, 2);
    EQ_INT(val_at(c, "linux.uidMappings")->c.v[0].c.v[1].i, SBX_FIXED_BASE);
    EQ_UINT(val_at(c, "linux.namespaces")->c.n, 7);
    const struct val *root = val_get(mount_at(c, "/"), STR("options"));
    CHECK(has(root, "userxattr") && has(root, "nosuid") && has(root, "volatile"));
    CHECK(has(root, arena_printf(a, "lowerdir=%s/extra:/srv/1:/srv/2", t->path)));
    CHECK(has(val_get(mount_at(c, "/cnb"), STR("options")), "ro"));
    CHECK(has(val_get(mount_at(c, "/layers"), STR("options")), "rw"));
    CHECK(has(val_get(mount_at(c, "/tmp"), STR("options")), "size=4096"));
    CHECK(has(val_at(c, "linux.maskedPaths"), "/etc/shadow"));
    EQ_STR(test_read(a, t->dir, "files/5"), "abc");
    char to[LIMIT_PATH];
    MUST(path_readlink(t->dir, "extra/opt/link", to, &e));
    EQ_TEXT(to, "to");
    EQ_UINT(rules_for(c, "bpf"), 1);
    EQ_UINT(rules_for(c, "clone"), 7);
    EQ_UINT(rules_for(c, "socket"), 61);
    for (size_t i = 0; proc_hidden[i]; i++)
        CHECK(has(val_at(c, "linux.maskedPaths"), arena_printf(a, "/proc/%s", proc_hidden[i])));
    for (size_t i = 0; proc_read_only[i]; i++)
        CHECK(has(val_at(c, "linux.readonlyPaths"), arena_printf(a, "/proc/%s", proc_read_only[i])));
}

TEST(the_network_decides_about_its_namespace)
{
    static const char *const argv[] = {"/bin/x", NULL};
    drop_(arena_free) struct arena *a = arena_new(4096);
    const struct sbx_op root = {.kind = SBX_TMPFS, .dst = "/", .mode = 0755};
    struct sbx_plan p = {.op = &root, .n_op = 1, .argv = argv, .log_fd = -1, .net = true};
    p.uid[0] = p.gid[0] = (struct sbx_map){0, SBX_FIXED_BASE, 65536};
    struct box b = {.plan = &p};
    MUST(bundle_write(&b, a, t->path, &e));
    EQ_UINT(val_at(read_config(a, t->dir), "linux.namespaces")->c.n, 6);
}

// What stands in extra/ is seen over the image: its directories have the modes of the image's, and its links stay.
TEST(parents_of_a_link_are_the_image_s)
{
    static const char *const argv[] = {"/bin/x", NULL};
    drop_(arena_free) struct arena *a = arena_new(4096);
    struct stat st;
    struct sbx_op ops[] = {{.kind = SBX_OVERLAY, .dst = "/"},
                           {.kind = SBX_LINK, .dst = "/opt/deep/link", .src = "to"}};
    struct sbx_plan p = {.op = ops, .n_op = COUNT(ops), .argv = argv, .log_fd = -1};
    strv_add(a, &ops[0].lower, str_of(arena_printf(a, "%s/image", t->path)));
    p.uid[0] = p.gid[0] = (struct sbx_map){0, SBX_FIXED_BASE, 65536};
    struct box b = {.plan = &p};
    CHECK(mkdirat(t->dir, "image", 0755) == 0 && mkdirat(t->dir, "image/opt", 0755) == 0 &&
          fchmodat(t->dir, "image/opt", 01751, 0) == 0 && symlinkat("opt", t->dir, "image/linked") == 0);
    CHECK(mkdirat(t->dir, "one", 0755) == 0 && mkdirat(t->dir, "two", 0755) == 0);
    MUST(bundle_write(&b, a, arena_printf(a, "%s/one", t->path), &e));
    CHECK(fstatat(t->dir, "one/extra/opt", &st, 0) == 0);
    EQ_UINT(st.st_mode & 07777, 01751);
    ops[1].dst = "/linked/link";
    REFUSED(bundle_write(&b, a, arena_printf(a, "%s/two", t->path), &e), ERR_DENIED,
            "link at /linked/link|is a link of the image");
}
