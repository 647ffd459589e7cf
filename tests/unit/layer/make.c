// SPDX-License-Identifier: Apache-2.0
#include "archive/tar_read.h"
#include "rig.h"
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>

#define PLAIN "plain"

static struct layer_spec spec_of(struct test *t, const char *sub, const char *at)
{
    return (struct layer_spec){.dirfd = t->dir,
                               .sub = str_of(sub),
                               .at = str_of(at),
                               .uid = 1000,
                               .gid = 1001,
                               .mtime_sec = LAYER_MTIME,
                               .codec = PLAIN};
}

static int make(const struct layer_spec *s, struct pool *p, struct buf *to, struct layer *l, struct err *e)
{
    drop_(sink_drop) struct sink *sink = sink_buffer(to);
    return layer_make(s, p, sink, l, e) < 0 ? -1 : sink_finish(sink, e);
}

// "type mode uid:gid size name -> link" a line.
static struct str list_tar(struct arena *a, const struct buf *tar)
{
    drop_(source_drop) struct source *s = source_memory(tar->p, tar->n);
    drop_(tar_reader_free) struct tar_reader *r = tar_reader_new(s);
    drop_buf struct buf b = BUF_INIT(MIB(1));
    for (;;) {
        const struct tar_entry *it;
        struct err e = {0};
        enum tar_step step = tar_next(r, &it, &e);
        CHECK(step != TAR_ERROR);
        if (step == TAR_END)
            return str_dup(a, buf_view(&b));
        EQ_INT(it->mtime_sec, LAYER_MTIME);
        EQ_UINT(it->uname.n + it->gname.n, 0);
        buf_printf(&b, "%c %04o %u:%u %ju " PRI_STR "%s" PRI_STR "\n", it->type, it->mode, it->uid, it->gid,
                   (uintmax_t)it->size, STR_ARG(it->name), it->link.n ? " -> " : "", STR_ARG(it->link));
    }
}

static void fill(struct test *t)
{
    test_write(t->dir, "layers/bp/jre/bin/java", "java", 4);
    test_write(t->dir, "layers/bp/jre/a-b", "1", 1);
    test_write(t->dir, "layers/bp/jre/a/b", "22", 2);
    CHECK(symlinkat("../nowhere", t->dir, "layers/bp/jre/link") == 0);
    CHECK(linkat(t->dir, "layers/bp/jre/a/b", t->dir, "layers/bp/jre/hard", 0) == 0);
    CHECK(mkfifoat(t->dir, "layers/bp/jre/pipe", 0600) == 0);
    CHECK(fchmodat(t->dir, "layers/bp/jre/bin/java", 06755, 0) == 0);
    CHECK(fchmodat(t->dir, "layers/bp/jre", 0750, 0) == 0);
    CHECK(fchmodat(t->dir, "layers/bp", 0711, 0) == 0);
    CHECK(fchmodat(t->dir, "layers", 02777, 0) == 0);
    drop_fd int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    struct sockaddr_un name = {.sun_family = AF_UNIX};
    int n = snprintf(name.sun_path, sizeof name.sun_path, "/proc/self/fd/%d/layers/bp/jre/socket", t->dir);
    CHECK(n > 0 && bind(fd, (struct sockaddr *)&name, sizeof name) == 0);
}

TEST(a_layer_holds_its_parents_and_what_lies_in_it)
{
    drop_(arena_free) struct arena *a = arena_new(4096);
    drop_buf struct buf tar = BUF_INIT(MIB(1));
    struct layer l;
    fill(t);
    drop_fd int layers = -1;
    MUST(path_open_plain(t->dir, "layers", O_RDONLY | O_DIRECTORY, 0, &layers, &e));
    struct layer_spec s = spec_of(t, "bp/jre", "/layers/bp/jre");
    s.dirfd = layers;
    MUST(make(&s, NULL, &tar, &l, &e));
    EQ_STR(list_tar(a, &tar), "5 2777 0:0 0 /layers\n"
                              "5 0711 0:0 0 /layers/bp\n"
                              "5 0750 1000:1001 0 /layers/bp/jre\n"
                              "5 0755 1000:1001 0 /layers/bp/jre/a\n"
                              "0 0644 1000:1001 2 /layers/bp/jre/a/b\n"
                              "0 0644 1000:1001 1 /layers/bp/jre/a-b\n"
                              "5 0755 1000:1001 0 /layers/bp/jre/bin\n"
                              "0 6755 1000:1001 4 /layers/bp/jre/bin/java\n"
                              "0 0644 1000:1001 2 /layers/bp/jre/hard\n"
                              "2 0777 1000:1001 0 /layers/bp/jre/link -> ../nowhere\n"
                              "6 0600 1000:1001 0 /layers/bp/jre/pipe\n");
    EQ_UINT(l.entries, 11);
    EQ_UINT(l.plain, tar.n);
    EQ_UINT(l.blob_size, tar.n);
    struct digest want;
    digest_of(HASH_SHA256, tar.p, tar.n, &want);
    CHECK(digest_eq(&want, &l.diff_id) && digest_eq(&want, &l.blob));
}

TEST(parents_that_are_not_on_disk_are_0755)
{
    drop_(arena_free) struct arena *a = arena_new(4096);
    drop_buf struct buf tar = BUF_INIT(MIB(1));
    struct layer l;
    test_write(t->dir, "x/y", "1", 1);
    CHECK(fchmodat(t->dir, "x", 0700, 0) == 0);
    struct layer_spec s = spec_of(t, "x", "/deep/er/x");
    s.parent_uid = 7;
    s.parent_gid = 8;
    s.order = TREE_FULL_PATH;
    CHECK(fchmod(t->dir, 0751) == 0);
    MUST(make(&s, NULL, &tar, &l, &e));
    // dirfd stands for /deep/er, what is above it is on no disk
    EQ_STR(list_tar(a, &tar), "5 0755 7:8 0 /deep\n5 0751 7:8 0 /deep/er\n5 0700 1000:1001 0 /deep/er/x\n"
                              "0 0644 1000:1001 1 /deep/er/x/y\n");
    buf_clear(&tar);
    s.at = STR("/other");
    MUST(make(&s, NULL, &tar, &l, &e));
    EQ_STR(list_tar(a, &tar), "5 0700 1000:1001 0 /other\n0 0644 1000:1001 1 /other/y\n");
    buf_clear(&tar);
    s.at = STR("/");
    MUST(make(&s, NULL, &tar, &l, &e));
    EQ_STR(list_tar(a, &tar), "0 0644 1000:1001 1 /y\n");
}

TEST(one_file_can_be_a_layer)
{
    drop_(arena_free) struct arena *a = arena_new(4096);
    drop_buf struct buf tar = BUF_INIT(MIB(1));
    struct layer l;
    test_write(t->dir, "launcher", "elf", 3);
    struct layer_spec s = spec_of(t, "launcher", "/cnb/lifecycle/launcher");
    CHECK(fchmod(t->dir, 0700) == 0);
    MUST(make(&s, NULL, &tar, &l, &e));
    EQ_STR(list_tar(a, &tar),
           "5 0755 0:0 0 /cnb\n5 0700 0:0 0 /cnb/lifecycle\n0 0644 1000:1001 3 /cnb/lifecycle/launcher\n");
}

static enum layer_pick pick_b(void *ctx, const struct walk_entry *w)
{
    ++*(int *)ctx;
    if (str_is(w->path, "skip"))
        return LAYER_PRUNE;
    return str_has_suffix(w->path, ".b") ? LAYER_TAKE : LAYER_LEAVE;
}

TEST(slices_pick_entries)
{
    drop_(arena_free) struct arena *a = arena_new(4096);
    drop_buf struct buf tar = BUF_INIT(MIB(1));
    struct layer l;
    int asked = 0;
    test_write(t->dir, "app/d/x.b", "1", 1);
    test_write(t->dir, "app/skip/y.b", "1", 1);
    test_write(t->dir, "app/z.a", "1", 1);
    struct layer_spec s = spec_of(t, "app", "/workspace");
    s.pick = pick_b;
    s.pick_ctx = &asked;
    MUST(make(&s, NULL, &tar, &l, &e));
    EQ_STR(list_tar(a, &tar), "5 0755 1000:1001 0 /workspace\n0 0644 1000:1001 1 /workspace/d/x.b\n");
    EQ_INT(asked, 4);
}

static void fill_large(struct test *t)
{
    drop_free char *p = xmalloc(3 << 20);
    uint32_t x = 7;
    for (size_t i = 0; i < 3 << 20; i++) {
        x = x * 1664525 + 1013904223;
        p[i] = (char)(x >> 28);
    }
    test_write(t->dir, "big/one", p, 3 << 20);
    test_write(t->dir, "big/two", p, 1 << 20);
    for (int i = 0; i < 200; i++) {
        char name[64];
        snprintf(name, sizeof name, "big/d%d/file-%d", i % 7, i);
        test_write(t->dir, name, p + i, (size_t)(i * 37));
    }
}

TEST(the_bytes_depend_on_neither_threads_nor_runs)
{
    size_t n;
    const struct encoder *enc = encoder_list(&n);
    fill_large(t);
    for (size_t i = 0; i < n; i++) {
        if (enc[i].level > 9)
            continue; // slow and no other path
        struct layer first = {0};
        for (unsigned threads = 0; threads < 5; threads++) {
            drop_(pool_free) struct pool *pool = threads ? pool_new(threads) : NULL;
            drop_(sink_drop) struct sink *to = sink_null();
            struct layer_spec s = spec_of(t, "big", "/workspace");
            struct layer l;
            s.codec = enc[i].name;
            MUST(layer_make(&s, pool, to, &l, &e));
            if (!threads)
                first = l;
            CHECK(digest_eq(&l.blob, &first.blob) && digest_eq(&l.diff_id, &first.diff_id));
            CHECK(l.blob_size == first.blob_size && l.plain == first.plain && l.entries == first.entries);
        }
    }
}

TEST(a_sink_that_takes_the_digest_itself)
{
    struct layer l[2];
    drop_buf struct buf one = BUF_INIT(MIB(64)), two = BUF_INIT(MIB(64));
    fill_large(t);
    struct layer_spec s = spec_of(t, "big", "/workspace");
    MUST(make(&s, NULL, &one, &l[0], &e));
    s.sink_digests = true;
    MUST(make(&s, NULL, &two, &l[1], &e));
    CHECK(one.n == two.n && memcmp(one.p, two.p, one.n) == 0);
    CHECK(digest_eq(&l[0].diff_id, &l[1].diff_id) && l[0].blob_size == l[1].blob_size);
    EQ_INT(l[0].blob.alg, HASH_SHA256);
    EQ_INT(l[1].blob.alg, HASH_NONE);
}

TEST(the_bytes_depend_on_neither_umask_nor_user)
{
    struct layer l[2];
    fill_large(t);
    CHECK(fchmod(t->dir, 0755) == 0);
    struct layer_spec s = spec_of(t, "big", "/workspace");
    drop_(sink_drop) struct sink *one = sink_null();
    MUST(layer_make(&s, NULL, one, &l[0], &e));
    umask(077);
    if (geteuid() == 0) {
        drop_fd int big = -1; // the parent of the test's directory may be closed to others
        MUST(path_open_plain(t->dir, "big", O_RDONLY | O_DIRECTORY, 0, &big, &e));
        CHECK(seteuid(4242) == 0);
    }
    drop_(sink_drop) struct sink *two = sink_null();
    MUST(layer_make(&s, NULL, two, &l[1], &e));
    CHECK(digest_eq(&l[0].diff_id, &l[1].diff_id) && digest_eq(&l[0].blob, &l[1].blob));
    CHECK(seteuid(getuid()) == 0);
}

TEST(the_bytes_depend_on_neither_times_nor_order_of_making)
{
    static const char *const names[] = {"a", "b", "c/d", "c/e", "f"};
    struct layer l[2];
    for (size_t i = 0; i < 2 * COUNT(names); i++) {
        bool second = i >= COUNT(names);
        char path[64];
        snprintf(path, sizeof path, "%s/%s", second ? "y" : "x",
                 second ? names[2 * COUNT(names) - 1 - i] : names[i]);
        test_write(t->dir, path, "1", 1);
        const struct timespec when[2] = {{(time_t)i, 5}, {(time_t)i, 5}};
        CHECK(utimensat(t->dir, path, when, 0) == 0);
    }
    for (int i = 0; i < 2; i++) {
        struct layer_spec s = spec_of(t, i ? "y" : "x", "/workspace");
        drop_(sink_drop) struct sink *to = sink_null();
        MUST(layer_make(&s, NULL, to, &l[i], &e));
    }
    CHECK(digest_eq(&l[0].diff_id, &l[1].diff_id));
}

TEST(an_unpacked_layer_is_made_again_to_the_bit)
{
    drop_buf struct buf tar = BUF_INIT(MIB(1));
    struct layer l, again;
    struct unpacked un;
    fill(t);
    const struct unpack_opts opts = {.keep_setid = true};
    struct layer_spec s = spec_of(t, "layers", "/layers");
    MUST(make(&s, NULL, &tar, &l, &e));
    CHECK(mkdirat(t->dir, "tree", 0755) == 0);
    drop_fd int dir = -1;
    MUST(path_open_plain(t->dir, "tree", O_RDONLY | O_DIRECTORY, 0, &dir, &e));
    drop_(source_drop) struct source *from = source_memory(tar.p, tar.n);
    MUST(layer_unpack(from, dir, &opts, &un, &e));
    CHECK(digest_eq(&un.diff_id, &l.diff_id));
    s.dirfd = dir;
    drop_(sink_drop) struct sink *to = sink_null();
    MUST(layer_make(&s, NULL, to, &again, &e));
    CHECK(digest_eq(&again.diff_id, &l.diff_id));
}

TEST(an_upper_becomes_a_layer_with_whiteouts)
{
    static const struct row in[] = {
        ROW_DIR("d", 0755),     ROW_FILE("d/.wh..wh..opq", ""), ROW_FILE("d/.wh.gone", ""),
        ROW_FILE("d/new", "1"), ROW_FILE(".wh.top", ""),
    };
    drop_(arena_free) struct arena *a = arena_new(4096);
    drop_buf struct buf tar = BUF_INIT(MIB(1)), again = BUF_INIT(MIB(1));
    struct unpacked un;
    struct layer l;
    CHECK(mkdirat(t->dir, "tree", 0755) == 0);
    drop_fd int dir = -1;
    MUST(path_open_plain(t->dir, "tree", O_RDONLY | O_DIRECTORY, 0, &dir, &e));
    rig_tar(&tar, in, COUNT(in));
    drop_(source_drop) struct source *from = source_memory(tar.p, tar.n);
    MUST(layer_unpack(from, dir, NULL, &un, &e));
    EQ_UINT(un.whiteouts, 3);
    struct layer_spec s = spec_of(t, "tree", "/");
    s.whiteouts = true;
    MUST(make(&s, NULL, &again, &l, &e));
    EQ_STR(list_tar(a, &again), "5 0755 1000:1001 0 /d\n0 0644 1000:1001 0 /d/.wh..wh..opq\n"
                                "0 0644 1000:1001 0 /d/.wh.gone\n0 0644 1000:1001 1 /d/new\n"
                                "0 0644 1000:1001 0 /.wh.top\n");
    EQ_UINT(l.entries, 5);
}

// A sink that changes the tree while the layer is made.
struct meddler {
    struct sink base;
    struct sink *to;
    int dir;
    bool grow;
    int calls;
};
static int meddle_room(struct sink *s, size_t min, struct span *out, struct err *e)
{
    struct meddler *m = CONTAINER(s, struct meddler, base);
    drop_fd int fd = -1;
    bool now = ++m->calls == 8; // the file is being read by then
    if (now && path_open_plain(m->dir, "app/big", O_WRONLY, 0, &fd, e) < 0)
        return -1;
    if (now && ftruncate(fd, m->grow ? 9 << 20 : 100) < 0)
        return err_sys(e, "meddler");
    return sink_room(m->to, min, out, e);
}
static int meddle_commit(struct sink *s, size_t n, struct err *e)
{
    return sink_commit(CONTAINER(s, struct meddler, base)->to, n, e);
}
static int meddle_finish(struct sink *s, struct err *e)
{
    return sink_finish(CONTAINER(s, struct meddler, base)->to, e);
}
static void meddle_drop(struct sink *s)
{
    (void)s;
}

TEST(a_file_that_changes_while_it_is_read_is_named)
{
    static const struct sink_ops ops = {meddle_room, meddle_commit, meddle_finish, meddle_drop};
    for (int grow = 0; grow < 2; grow++) {
        drop_free char *p = xcalloc(1, 4 << 20);
        test_write(t->dir, "app/big", p, 4 << 20);
        drop_(sink_drop) struct sink *null = sink_null();
        struct meddler m = {.base = {&ops}, .to = null, .dir = t->dir, .grow = grow};
        struct layer_spec s = spec_of(t, "app", "/workspace");
        struct layer l;
        REFUSED(layer_make(&s, NULL, &m.base, &l, &e), ERR_IO, "layer /workspace|/workspace/big");
    }
}

TEST(specs_that_make_no_sense_are_refused)
{
    struct layer l;
    drop_(sink_drop) struct sink *to = sink_null();
    static const char *const at[] = {"", "workspace", "/a/../b", "/a/", "//a", "/./a"};
    for (size_t i = 0; i < COUNT(at); i++) {
        struct layer_spec s = spec_of(t, ".", at[i]);
        REFUSED(layer_make(&s, NULL, to, &l, &e), ERR_USAGE, "not an absolute clean path");
    }
    struct layer_spec s = spec_of(t, "../x", "/x");
    REFUSED(layer_make(&s, NULL, to, &l, &e), ERR_USAGE, "../x|beneath");
    s = spec_of(t, ".", "/x");
    s.codec = "lzw";
    REFUSED(layer_make(&s, NULL, to, &l, &e), ERR_USAGE, "no codec \"lzw\"");
    s.codec = NULL;
    REFUSED(layer_make(&s, NULL, to, &l, &e), ERR_USAGE, "no codec \"\"");
    s = spec_of(t, "absent", "/x");
    REFUSED(layer_make(&s, NULL, to, &l, &e), ERR_NOT_FOUND, "layer /x|absent");
}

TEST(a_link_in_the_way_is_not_followed)
{
    struct layer l;
    drop_(sink_drop) struct sink *to = sink_null();
    test_write(t->dir, "secret/x/y", "1", 1);
    CHECK(symlinkat("secret", t->dir, "link") == 0);
    struct layer_spec s = spec_of(t, "link/x", "/layers/link/x");
    REFUSED(layer_make(&s, NULL, to, &l, &e), ERR_NOT_FOUND, "layer /layers/link/x: link");
}

TEST(a_file_whose_name_would_be_a_deletion_is_refused)
{
    struct layer l;
    drop_(sink_drop) struct sink *to = sink_null();
    test_write(t->dir, "app/sub/.wh.x", "1", 1);
    struct layer_spec s = spec_of(t, "app", "/workspace");
    REFUSED(layer_make(&s, NULL, to, &l, &e), ERR_USAGE, "layer /workspace|sub/.wh.x|deletion");
}
