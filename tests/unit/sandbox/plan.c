// SPDX-License-Identifier: Apache-2.0
#include "sandbox/sandbox.h"
#include "test.h"

static const char *const argv[] = {"/cnb/lifecycle/builder", "-app", "/workspace", NULL};

// A plan that every mounting runner takes.
static struct sbx_plan good(const struct sbx_op *op, size_t n)
{
    return (struct sbx_plan){.op = op,
                             .n_op = n,
                             .uid = {{0, 100000, 65536}},
                             .gid = {{0, 100000, 65536}},
                             .run_uid = 1002,
                             .run_gid = 1000,
                             .argv = argv,
                             .log_fd = -1};
}

static void refuse_op(struct sbx_op op, const char *words)
{
    const struct sbx_op ops[] = {{.kind = SBX_TMPFS, .dst = "/", .mode = 0755}, op};
    struct sbx_plan p = good(ops, COUNT(ops));
    REFUSED(sbx_check(&p, SBX_NAMESPACES, &e), ERR_USAGE, words);
}

TEST(wrong_operations_are_refused)
{
    refuse_op((struct sbx_op){.kind = SBX_TMPFS, .dst = "layers"},
              "tmpfs|\"layers\" is not an absolute path");
    refuse_op((struct sbx_op){.kind = SBX_TMPFS}, "not an absolute path");
    refuse_op((struct sbx_op){.kind = SBX_TMPFS, .dst = "/a/../b"}, "must be written \"/b\"");
    refuse_op((struct sbx_op){.kind = SBX_TMPFS, .dst = "/a/"}, "must be written \"/a\"");
    refuse_op((struct sbx_op){.kind = SBX_TMPFS, .dst = "/"}, "only the first operation is the root");
    refuse_op((struct sbx_op){.kind = SBX_TMPFS, .dst = "/t", .mode = 04755}, "mode 4755");
    refuse_op((struct sbx_op){.kind = SBX_KIND_MAX_, .dst = "/t"}, "does not exist");
    refuse_op((struct sbx_op){.kind = SBX_BIND, .dst = "/t"}, "bind at /t|source");
    refuse_op((struct sbx_op){.kind = SBX_BIND, .dst = "/t", .src = "x"}, "\"x\" is not an absolute path");
    refuse_op((struct sbx_op){.kind = SBX_BIND_RO, .dst = "/t", .src = "/"}, "/proc, /sys and /dev");
    refuse_op((struct sbx_op){.kind = SBX_BIND_RO, .dst = "/t", .src = "/usr/../"}, "/proc, /sys and /dev");
    refuse_op((struct sbx_op){.kind = SBX_BIND_RO, .dst = "/t", .src = "/sys/fs"}, "the host's /sys");
    refuse_op((struct sbx_op){.kind = SBX_BIND, .dst = "/t", .src = "/dev/mem"}, "the host's /dev");
    refuse_op((struct sbx_op){.kind = SBX_BIND, .dst = "/t", .src = "/x/..//proc/"}, "the host's /proc");
    refuse_op((struct sbx_op){.kind = SBX_BIND, .dst = "/t", .src = "/srv", .own = true},
              "written file would be root's");
    refuse_op((struct sbx_op){.kind = SBX_FILE, .dst = "/t"}, "no content");
    refuse_op((struct sbx_op){.kind = SBX_LINK, .dst = "/t"}, "no content");
    refuse_op((struct sbx_op){.kind = SBX_OVERLAY, .dst = "/t"}, "0 lower directories, 1 to 500");
}

TEST(overlays_have_limits)
{
    drop_(arena_free) struct arena *a = arena_new(4096);
    struct sbx_op op = {.kind = SBX_OVERLAY, .dst = "/"};
    for (size_t i = 0; i < SBX_LOWER_MAX; i++)
        strv_add(a, &op.lower, STR("/srv"));
    struct sbx_plan p = good(&op, 1);
    MUST(sbx_check(&p, SBX_NAMESPACES, &e));
    REFUSED(sbx_check(&p, SBX_IN_PLACE, &e), ERR_DENIED, "overlay at /|nothing can be mounted");
    strv_add(a, &op.lower, STR("/srv"));
    REFUSED(sbx_check(&p, SBX_NAMESPACES, &e), ERR_USAGE, "501 lower directories, 1 to 500");
    op.lower.n = 1;
    op.lower.v[0] = STR("srv");
    REFUSED(sbx_check(&p, SBX_NAMESPACES, &e), ERR_USAGE, "lower directory");
    op.lower.v[0] = STR("/s\0rv");
    REFUSED(sbx_check(&p, SBX_NAMESPACES, &e), ERR_USAGE, "NUL");
    op.lower.v[0] = STR("/srv");
    op.scratch = "tmp";
    REFUSED(sbx_check(&p, SBX_NAMESPACES, &e), ERR_USAGE, "scratch");
}

TEST(wrong_maps_are_refused)
{
    const struct sbx_op root = {.kind = SBX_TMPFS, .dst = "/", .mode = 0755};
    const struct {
        struct sbx_map uid, gid;
        const char *words;
    } cases[] = {
        {{0, 0, 65536}, {0, 100000, 65536}, "uid map: 0 outside is never mapped"},
        {{1002, 0, 1}, {0, 100000, 65536}, "uid map: 0 outside is never mapped"},
        {{0, 100000, 65536}, {1000, 0, 1}, "gid map: 0 outside is never mapped"},
        {{0, 100000, 1000}, {0, 100000, 65536}, "uid map: 1002"},
        {{0, 100000, 65536}, {0, 0, 0}, "gid map: 1000"},
        {{0, 4294967000u, 65536}, {0, 100000, 65536}, "more than there are"},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct sbx_plan p = good(&root, 1);
        p.uid[0] = cases[i].uid;
        p.gid[0] = cases[i].gid;
        REFUSED(sbx_check(&p, SBX_NAMESPACES, &e), ERR_USAGE, cases[i].words);
    }
}

TEST(wrong_plans_are_refused)
{
    static const char *const relative[] = {"builder", NULL}, *const none[] = {NULL};
    const struct sbx_op tmp = {.kind = SBX_TMPFS, .dst = "/tmp", .mode = 01777},
                        bind = {.kind = SBX_BIND, .dst = "/", .src = "/srv"};
    const struct sbx_op root = {.kind = SBX_TMPFS, .dst = "/", .mode = 0755};
    struct sbx_op out[1 + SBX_OUT_MAX + 1];
    struct sbx_plan p = good(&root, 1);
    MUST(sbx_check(&p, SBX_NAMESPACES, &e));
    p.argv = relative;
    REFUSED(sbx_check(&p, SBX_NAMESPACES, &e), ERR_USAGE, "\"builder\" is not an absolute path");
    p.argv = none;
    REFUSED(sbx_check(&p, SBX_NAMESPACES, &e), ERR_USAGE, "no program");
    p = good(&root, 1);
    p.cwd = "workspace";
    REFUSED(sbx_check(&p, SBX_NAMESPACES, &e), ERR_USAGE, "working directory");
    p = good(&tmp, 1);
    REFUSED(sbx_check(&p, SBX_NAMESPACES, &e), ERR_USAGE, "first operation must be the root");
    p = good(NULL, 0);
    REFUSED(sbx_check(&p, SBX_NAMESPACES, &e), ERR_USAGE, "first operation must be the root");
    p = good(&bind, 1);
    REFUSED(sbx_check(&p, SBX_NAMESPACES, &e), ERR_USAGE, "root cannot be a bind");
    out[0] = root;
    for (size_t i = 1; i < COUNT(out); i++)
        out[i] = (struct sbx_op){.kind = SBX_HAND_OUT, .dst = "/"};
    p = good(out, COUNT(out));
    REFUSED(sbx_check(&p, SBX_NAMESPACES, &e), ERR_USAGE, "5 directories to hand out, 4");
    REFUSED(sbx_check(&p, SBX_RUNNER_MAX_, &e), ERR_USAGE, "");
}

TEST(runners_refuse_what_they_cannot_do)
{
    drop_(arena_free) struct arena *a = arena_new(4096);
    struct sbx_op ops[] = {{.kind = SBX_OVERLAY, .dst = "/"},
                           {.kind = SBX_BIND, .dst = "/layers", .src = "/srv"},
                           {.kind = SBX_LINK, .dst = "/layers/x", .src = "y"}};
    struct sbx_plan p = good(ops, 2);
    strv_add(a, &ops[0].lower, STR("/srv"));
    p.uid[0] = (struct sbx_map){1002, 1000, 1};
    REFUSED(sbx_check(&p, SBX_RUNC, &e), ERR_DENIED, "run as 1002:1000 with a single id");
    p = good(ops, 2);
    if (geteuid() == 0)
        MUST(sbx_check(&p, SBX_RUNC, &e));
    else
        REFUSED(sbx_check(&p, SBX_RUNC, &e), ERR_DENIED, "is not this user's own");
    REFUSED(sbx_check(&p, SBX_IN_PLACE, &e), ERR_DENIED, "nothing can be mounted");
    p.op = &ops[1];
    p.n_op = 1;
    REFUSED(sbx_check(&p, SBX_IN_PLACE, &e), ERR_DENIED, "bind at /layers|not /srv");
    if (geteuid() != 0)
        return;
    p = good(ops, 3);
    REFUSED(sbx_check(&p, SBX_RUNC, &e), ERR_DENIED, "link at /layers/x|in the bind at /layers");
    p = good(ops, 2);
    ops[0].lower.v[0] = STR("/srv/a:b");
    REFUSED(sbx_check(&p, SBX_RUNC, &e), ERR_DENIED, "':'");
    ops[0] = (struct sbx_op){.kind = SBX_BIND_RO, .dst = "/", .src = "/srv"};
    REFUSED(sbx_check(&p, SBX_RUNC, &e), ERR_DENIED, "would make its mount points there");
}

TEST(a_plan_is_printed)
{
    drop_(arena_free) struct arena *a = arena_new(4096);
    drop_buf struct buf out = BUF_INIT(65536);
    struct sbx_op ops[] = {{.kind = SBX_OVERLAY, .dst = "/", .own = true},
                           {.kind = SBX_BIND, .dst = "/layers", .src = "/srv/layers"},
                           {.kind = SBX_TMPFS, .dst = "/tmp", .mode = 01777, .size = 4096},
                           {.kind = SBX_FILE, .dst = "/etc/hosts", .src = "abc", .mode = 0644},
                           {.kind = SBX_LINK, .dst = "/bin", .src = "usr/bin"},
                           {.kind = SBX_HAND_OUT, .dst = "/layers"}};
    struct sbx_plan p = good(ops, COUNT(ops));
    p.max_procs = 99;
    strv_add(a, &ops[0].lower, STR("/srv/1"));
    strv_add(a, &ops[0].lower, STR("/srv/2"));
    sbx_print(&p, SBX_NAMESPACES, &out);
    EQ_STR(buf_view(&out), "runner namespaces\n"
                           "overlay / of /srv/1:/srv/2, changes are dropped, its owner is the run user\n"
                           "bind /layers of /srv/layers\n"
                           "tmpfs /tmp mode 1777 of 4096 bytes\n"
                           "file /etc/hosts of 3 bytes, mode 644\n"
                           "link /bin to usr/bin\n"
                           "hand out /layers\n"
                           "uid 0 is 100000 outside, 65536 of them\n"
                           "gid 0 is 100000 outside, 65536 of them\n"
                           "network loopback only\n"
                           "at most 99 processes\n"
                           "run as 1002:1000 in /: /cnb/lifecycle/builder -app /workspace\n");
}
