// SPDX-License-Identifier: Apache-2.0
#include "debian/decoded.h"
#include "base/dir.h"
#include "unpack_rig.h"
#include <signal.h>
#include <sys/resource.h>

static const struct recipe recipes[] = {
    {.name = "one",
     .row = {DIR_("./usr/"), DIR_("./usr/bin/"), FILE_("./usr/bin/one", "1"), LINK_("./usr/bin/uno", "one")},
     .codec = CODEC_XZ},
    {.name = "two",
     .row = {DIR_("./usr/"), DIR_("./usr/bin/"), FILE_("./usr/bin/two", "22"),
             HARD_("./usr/bin/due", "./usr/bin/two")},
     .codec = CODEC_GZIP},
    {.name = "three", .row = {FILE_("./etc/three", "333")}},
};

// The layer of the recipes' tree, by way of the copies in `dir` (-1: none).
static struct digest unpacked(struct test *t, const char *tree, int dir)
{
    drop_run struct rig_run run = {.root = rig_root(t, tree)};
    const struct deb_unpack_spec how = {.decoded = dir < 0 ? NULL : &dir};
    struct layer l;
    MUST(rig_unpack(t, recipes, COUNT(recipes), &how, &run, &e));
    rig_layer(&run, sink_null(), &l);
    return l.diff_id;
}

static size_t copies(int dir, struct arena *a, struct strv *names)
{
    MUST(dir_names(a, dir, ".", 100, names, &e));
    return names->n;
}

TEST(a_copy_gives_the_same_tree)
{
    drop_(arena_free) struct arena *a = arena_new(4096);
    drop_fd int dir = deb_decoded_dir(t->path);
    struct strv names;
    CHECK(dir >= 0);
    struct digest plain = unpacked(t, "plain", -1), first = unpacked(t, "first", dir);
    EQ_UINT(copies(dir, a, &names), COUNT(recipes));
    struct digest second = unpacked(t, "second", dir);
    CHECK(digest_eq(&plain, &first) && digest_eq(&plain, &second));
    EQ_UINT(copies(dir, a, &names), COUNT(recipes));
    for (size_t i = 0; i < names.n; i++)
        CHECK(str_has_suffix(names.v[i], ".tar.zst"));
}

// The packages are not read where there is a copy: it is what is used.
TEST(a_copy_is_what_is_read)
{
    drop_(arena_free) struct arena *a = arena_new(4096);
    drop_fd int dir = deb_decoded_dir(t->path);
    drop_buf struct buf tar = BUF_INIT(MIB(1)), got = BUF_INIT(MIB(1));
    struct strv names;
    struct digest d;
    digest_of(HASH_SHA256, "package", 7, &d);
    CHECK(deb_decoded_open(dir, &d) == NULL);
    for (int i = 0; i < 200000; i++)
        buf_printf(&tar, "%d,", i % 1000);
    drop_(source_drop) struct source *keep = deb_decoded_keep(source_memory(tar.p, tar.n), dir, &d);
    MUST(source_skip(keep, 100000, &e));
    EQ_UINT(copies(dir, a, &names), 0); // nothing half
    MUST(deb_decoded_end(keep, &e));
    drop_(source_drop) struct source *copy = deb_decoded_open(dir, &d);
    CHECK(copy != NULL);
    drop_(sink_drop) struct sink *to = sink_buffer(&got);
    MUST(pump(copy, to, MIB(1), &e));
    CHECK(str_eq(buf_view(&got), buf_view(&tar)));
}

// The file with its content, as old as it says.
static void aged(struct test *t, const char *path, int64_t sec)
{
    const struct timespec at[2] = {{.tv_sec = sec}, {.tv_sec = sec}};
    test_write(t->dir, path, "bytes", 5);
    CHECK(utimensat(t->dir, path, at, 0) == 0);
}

TEST(what_nothing_uses_goes)
{
    static const struct {
        const char *path;
        int64_t sec;
        bool stays;
    } files[] = {
        {"packages/aa.deb", 1000, true},     {"decoded/aa.tar.zst", 1000, true},
        {"packages/bb.deb", 999, false},     {"decoded/bb.tar.zst", 1000, false}, // its package goes
        {"packages/cc.deb", 1000, true},     {"decoded/cc.tar.zst", 999, false},
        {"decoded/dd.tar.zst", 2000, false}, // has no package
        {"decoded/other", 0, true},          {"lists/x", 0, true},
        {"answers/aa", 1000, true},          {"answers/bb", 999, false},
    };
    struct deb_swept got;
    drop_(arena_free) struct arena *a = arena_new(1024);
    MUST(deb_cache_sweep(arena_printf(a, "%s/nowhere", t->path), 1000, false, &got, &e));
    EQ_UINT(got.packages + got.copies + got.bytes, 0);
    for (size_t i = 0; i < COUNT(files); i++)
        aged(t, files[i].path, files[i].sec);
    for (int dry = 1; dry >= 0; dry--) {
        MUST(deb_cache_sweep(t->path, 1000, dry, &got, &e));
        EQ_UINT(got.packages, 1);
        EQ_UINT(got.copies, 3);
        CHECK(got.bytes > 0);
        for (size_t i = 0; i < COUNT(files); i++)
            CHECK_MSG((dir_kind(t->dir, files[i].path) != DIR_ABSENT) == (dry || files[i].stays), "%s",
                      files[i].path);
    }
    MUST(deb_cache_sweep(t->path, 0, false, &got, &e)); // nothing is too old
    EQ_UINT(got.packages + got.copies, 0);
}

TEST(a_use_of_a_copy_is_noted)
{
    drop_fd int dir = deb_decoded_dir(t->path);
    struct digest d;
    struct stat st;
    char hex[DIGEST_TEXT], path[DIGEST_TEXT + 32];
    const struct timespec old[2] = {{.tv_sec = 1000}, {.tv_sec = 1000}};
    digest_of(HASH_SHA256, "package", 7, &d);
    (void)snprintf(path, sizeof path, "%s.tar.zst", digest_hex(&d, hex));
    drop_(source_drop) struct source *keep = deb_decoded_keep(source_memory("tar", 3), dir, &d);
    MUST(deb_decoded_end(keep, &e));
    CHECK(utimensat(dir, path, old, 0) == 0);
    drop_(source_drop) struct source *copy = deb_decoded_open(dir, &d);
    CHECK(copy && fstatat(dir, path, &st, 0) == 0 && st.st_mtim.tv_sec > 1000);
}

TEST(a_source_that_fails_leaves_no_copy)
{
    drop_(arena_free) struct arena *a = arena_new(4096);
    drop_fd int dir = deb_decoded_dir(t->path);
    struct strv names;
    struct digest d;
    digest_of(HASH_SHA256, "package", 7, &d);
    static const uint8_t torn[] = {0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 3, 1};
    drop_(source_drop) struct source *s =
        deb_decoded_keep(source_gzip(source_memory(torn, sizeof torn)), dir, &d);
    REFUSED(deb_decoded_end(s, &e), ERR_PARSE, "gzip");
    source_drop(steal_ptr(s));
    EQ_UINT(copies(dir, a, &names), 0);
}

TEST(a_damaged_copy_goes_away_and_the_package_is_decoded)
{
    drop_(arena_free) struct arena *a = arena_new(4096);
    drop_fd int dir = deb_decoded_dir(t->path);
    struct strv names;
    struct digest want = unpacked(t, "plain", dir);
    EQ_UINT(copies(dir, a, &names), COUNT(recipes));
    for (int how = 0; how < 6; how++) {
        char tree[16];
        for (size_t i = 0; i < names.n; i++) {
            struct str text = test_read(a, dir, names.v[i].p);
            char *p = arena_get(a, text.n + 1, 1);
            memcpy(p, text.p, text.n);
            size_t n = text.n, at = how == 1   ? text.n / 2
                                    : how == 2 ? text.n - 1
                                    : how == 3 ? text.n - 36
                                               : 0;
            p[at] ^= 1; // the head, the middle, the sum, the seal's head
            n = how == 4 ? n / 2 : how == 5 ? 0 : n;
            test_write(dir, names.v[i].p, p, n);
        }
        snprintf(tree, sizeof tree, "tree%d", how);
        struct digest got = unpacked(t, tree, dir);
        CHECK_MSG(digest_eq(&got, &want), "damage %d", how);
        EQ_UINT(copies(dir, a, &names), COUNT(recipes)); // made again
    }
}

TEST(a_copy_that_cannot_be_kept_is_no_error)
{
    drop_fd int gone = -1;
    EQ_INT(mkdirat(t->dir, "gone", 0755), 0);
    MUST(path_open_plain(t->dir, "gone", O_RDONLY | O_DIRECTORY, 0, &gone, &e));
    EQ_INT(unlinkat(t->dir, "gone", AT_REMOVEDIR), 0);
    struct digest want = unpacked(t, "plain", -1), got = unpacked(t, "tree", gone);
    CHECK(digest_eq(&got, &want));
    EQ_INT(deb_decoded_dir("/no/such/folder"), -1);
}

// On a disk without room the copy is given up in the middle, and what is read goes on.
TEST(a_full_disk_is_no_error)
{
    drop_fd int dir = deb_decoded_dir(t->path);
    struct rlimit none = {0, 0}, was;
    struct digest d;
    char text[1 << 16];
    digest_of(HASH_SHA256, "package", 7, &d);
    drop_buf struct buf big = BUF_INIT(MIB(4));
    for (uint32_t x = 1; big.n < MIB(3); buf_add(&big, &x, sizeof x))
        x = x * 1664525 + 1013904223;
    drop_(source_drop) struct source *s = deb_decoded_keep(source_memory(big.p, big.n), dir, &d);
    EQ_INT(getrlimit(RLIMIT_FSIZE, &was), 0);
    (void)signal(SIGXFSZ, SIG_IGN);
    none.rlim_max = was.rlim_max;
    EQ_INT(setrlimit(RLIMIT_FSIZE, &none), 0);
    for (size_t at = 0; at < big.n; at += sizeof text) {
        MUST(source_read(s, text, sizeof text, &e));
        CHECK(memcmp(text, big.p + at, sizeof text) == 0);
    }
    MUST(deb_decoded_end(s, &e));
    EQ_INT(setrlimit(RLIMIT_FSIZE, &was), 0);
    CHECK(deb_decoded_open(dir, &d) == NULL);
}
