// SPDX-License-Identifier: Apache-2.0
#include "platform/kept.h"
#include "base/dir.h"
#include "base/file.h"
#include "platform/kept_priv.h"
#include "test.h"
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/xattr.h>

// One state and one app; what a build leaves is written straight into the upper.
struct rig {
    struct arena *a;
    struct state *st;
    struct kept *k;
    struct cnb_ref ref[2];
    struct cnb_selected group;
    struct lifecycle_metadata md;
    struct kept_previous previous;
    bool copies;
};

static void rig_open(struct test *t, struct rig *r)
{
    *r = (struct rig){.a = arena_new(4096)};
    r->ref[0] = (struct cnb_ref){.id = STR("test/one"), .version = STR("1"), .api = STR("0.10")};
    r->ref[1] = (struct cnb_ref){.id = STR("test/two"), .version = STR("1"), .api = STR("0.10")};
    r->group.buildpacks.v = r->ref;
    r->group.buildpacks.n = 1;
    MUST(state_open(str_c(r->a, str_printf(r->a, "%s/state", t->path)), NULL, &r->st, &e));
}

static void rig_close(struct rig *r)
{
    kept_close(r->k);
    state_close(r->st);
    arena_free(r->a);
}

static struct kept_opts opts(struct rig *r)
{
    return (struct kept_opts){.st = r->st,
                              .name = STR("host.example/app:latest"),
                              .uid = 1000,
                              .gid = 1000,
                              .out_uid = -1,
                              .out_gid = -1,
                              .copies = r->copies,
                              .codec = "gzip-libdeflate-1-1m"};
}

static void begin(struct rig *r)
{
    struct kept_opts o = opts(r);
    MUST(kept_open(r->a, &o, &r->k, &e));
    MUST(kept_restore(r->k, &r->group, &r->previous, &e));
}

static void put(struct rig *r, const char *path, const char *text)
{
    test_write(kept_upper_fd(r->k), path, text, strlen(text));
}

// What the exporter would say of the layer.
static void note(struct rig *r, const char *id, const char *layer, const char *content)
{
    struct layer l = {.blob_size = 7};
    digest_of(HASH_SHA256, content, strlen(content), &l.diff_id);
    digest_of(HASH_SHA256, layer, strlen(layer), &l.blob);
    kept_note(r->k, str_of(id), str_of(layer), &l);
}

static void end(struct rig *r)
{
    struct digest manifest;
    drop_fd int fd = -1;
    digest_of(HASH_SHA256, "m", 1, &manifest);
    MUST(path_open_plain(kept_upper_fd(r->k), ".", O_RDONLY | O_DIRECTORY, 0, &fd, &e));
    MUST(kept_keep(r->k, &r->group, &fd, &manifest, &e));
    EQ_INT(fd, -1);
    kept_close(r->k);
    r->k = NULL;
}

#define CACHED "[types]\nlaunch = true\ncache = true\n[metadata]\nday = 2024-01-02\n"

static void first_build(struct rig *r)
{
    begin(r);
    put(r, "test_one/jre/bin/java", "java");
    put(r, "test_one/jre.toml", CACHED);
    put(r, "test_one/jre.sbom.cdx.json", "{}");
    put(r, "test_one/launch.toml", "");
    put(r, "test_one/scratch/x", "no toml");
    put(r, "config/metadata.toml", "");
    note(r, "test/one", "jre", "java");
    end(r);
}

static const char *app_path(struct test *t, struct rig *r, const char *rest)
{
    struct digest d;
    char hex[DIGEST_TEXT];
    struct str name = STR("host.example/app:latest");
    digest_of(HASH_SHA256, name.p, name.n, &d);
    (void)t;
    return arena_printf(r->a, "state/apps/%s/%s", digest_hex(&d, hex), rest);
}

static bool there(struct test *t, struct rig *r, const char *rest)
{
    return dir_kind(t->dir, app_path(t, r, rest)) != DIR_ABSENT;
}

TEST(only_parts_of_layers_stay)
{
    struct rig r;
    rig_open(t, &r);
    first_build(&r);
    CHECK(there(t, &r, "gen-1/test_one/jre/bin/java"));
    CHECK(there(t, &r, "gen-1/test_one/jre.sbom.cdx.json"));
    CHECK(!there(t, &r, "gen-1/test_one/jre.toml") && !there(t, &r, "gen-1/test_one/launch.toml"));
    CHECK(!there(t, &r, "gen-1/test_one/scratch") && !there(t, &r, "gen-1/config") && !there(t, &r, "new"));
    begin(&r);
    EQ_UINT(kept_lower(r.k)->n, 1);
    struct str toml = test_read(r.a, kept_upper_fd(r.k), "test_one/jre.toml");
    EQ_STR(toml, "[metadata]\n  day = 2024-01-02\n");
    rig_close(&r);
}

// The first build writes where no overlay is in between; the next one's overlay would obey what it set.
TEST(attributes_of_overlays_do_not_stay)
{
    struct rig r;
    rig_open(t, &r);
    begin(&r);
    put(&r, "test_one/jre/file", "of the build");
    put(&r, "test_one/jre.toml", CACHED);
    note(&r, "test/one", "jre", "java");
    drop_fd int fd = -1;
    MUST(path_open(kept_upper_fd(r.k), "test_one/jre/file", O_RDONLY, 0, &fd, &e));
    if (fsetxattr(fd, "user.overlay.metacopy", "", 0, 0) < 0)
        SKIP("no extended attributes of users here");
    CHECK(fsetxattr(fd, "user.mine", "x", 1, 0) == 0);
    end(&r);
    char value[8];
    CHECK(fgetxattr(fd, "user.overlay.metacopy", value, sizeof value) < 0);
    EQ_INT(fgetxattr(fd, "user.mine", value, sizeof value), 1);
    rig_close(&r);
}

TEST(a_record_knows_its_folder)
{
    struct rig r;
    rig_open(t, &r);
    struct kept_opts o = opts(&r);
    EQ_STR(kept_source(r.st, r.a, o.name), "");
    first_build(&r);
    EQ_STR(kept_source(r.st, r.a, o.name), "");
    static const struct {
        const char *folder, *wanted;
    } cases[] = {{"/src/shop", "/src/shop"}, {"/elsewhere/\xff\"\n", "/elsewhere/\\xff\"\\x0a"}};
    for (size_t i = 0; i < COUNT(cases); i++) {
        o.source = cases[i].folder;
        MUST(kept_open(r.a, &o, &r.k, &e));
        MUST(kept_restore(r.k, &r.group, &r.previous, &e));
        end(&r);
        EQ_STR(kept_source(r.st, r.a, o.name), cases[i].wanted);
    }
    EQ_STR(kept_source(r.st, r.a, STR("host.example/other:latest")), "");
    rig_close(&r);
}

TEST(a_build_that_is_given_up_changes_nothing)
{
    struct rig r;
    rig_open(t, &r);
    first_build(&r);
    struct str before = test_read(r.a, t->dir, app_path(t, &r, KEPT_RECORD));
    begin(&r);
    put(&r, "test_one/jre/bin/java", "other");
    kept_close(r.k);
    r.k = NULL;
    CHECK(!there(t, &r, "new") && !there(t, &r, "gen-2"));
    CHECK(str_eq(before, test_read(r.a, t->dir, app_path(t, &r, KEPT_RECORD))));
    rig_close(&r);
}

TEST(an_app_that_was_never_built_leaves_no_directory)
{
    struct rig r;
    rig_open(t, &r);
    begin(&r);
    kept_close(r.k);
    r.k = NULL;
    CHECK(!there(t, &r, "."));
    rig_close(&r);
}

TEST(the_second_of_two_is_refused)
{
    struct rig r;
    struct kept *other;
    rig_open(t, &r);
    begin(&r);
    struct kept_opts o = opts(&r);
    REFUSED(kept_open(r.a, &o, &other, &e), ERR_BUSY, "host.example/app:latest|another build");
    o.name = STR("host.example/other:latest");
    MUST(kept_open(r.a, &o, &other, &e));
    kept_close(other);
    rig_close(&r);
}

// The merged directory is not mounted here: with whole copies it is the upper.
TEST(copies_are_recognised_by_their_prints)
{
    struct rig r;
    struct layer l;
    struct err why = {0};
    rig_open(t, &r);
    r.copies = true;
    first_build(&r);
    begin(&r);
    EQ_UINT(kept_lower(r.k)->n, 0);
    EQ_STR(test_read(r.a, kept_upper_fd(r.k), "test_one/jre/bin/java"), "java");
    // Its blob is not in the state: it has to be made.
    EQ_INT(kept_find(r.k, kept_upper_fd(r.k), STR("test/one"), STR("jre"), &l, &why), KNOWN_NO);
    put(&r, "test_one/jre.toml", CACHED);
    note(&r, "test/one", "jre", "java");
    end(&r);
    CHECK(there(t, &r, "gen-1") && !there(t, &r, "gen-2"));
    begin(&r);
    put(&r, "test_one/jre.toml", CACHED);
    put(&r, "test_one/jre/bin/java", "newer");
    note(&r, "test/one", "jre", "newer");
    end(&r);
    CHECK(!there(t, &r, "gen-1/test_one/jre"));
    EQ_STR(test_read(r.a, t->dir, app_path(t, &r, "gen-2/test_one/jre/bin/java")), "newer");
    rig_close(&r);
}

static void find_blob(struct rig *r)
{
    drop_(txn_drop) struct txn *tx = NULL;
    drop_(sink_drop) struct sink *s = NULL;
    MUST(txn_begin(r->st, &tx, &e));
    MUST(txn_blob(tx, NULL, NULL, &s, &e));
    MUST(sink_write(s, "jre", 3, &e));
    MUST(sink_finish(s, &e));
    MUST(txn_commit(tx, &e));
}

TEST(modes_of_parents_are_part_of_a_layer)
{
    struct rig r;
    struct layer l;
    struct err why = {0};
    rig_open(t, &r);
    r.copies = true;
    first_build(&r);
    find_blob(&r);
    begin(&r);
    EQ_INT(kept_find(r.k, kept_upper_fd(r.k), STR("test/one"), STR("jre"), &l, &why), KNOWN_YES);
    EQ_UINT(l.blob_size, 7);
    CHECK(fchmodat(kept_upper_fd(r.k), "test_one", 0700, 0) == 0);
    EQ_INT(kept_find(r.k, kept_upper_fd(r.k), STR("test/one"), STR("jre"), &l, &why), KNOWN_NO);
    CHECK(fchmodat(kept_upper_fd(r.k), "test_one", 0755, 0) == 0);
    put(&r, "test_one/jre/more", "x");
    EQ_INT(kept_find(r.k, kept_upper_fd(r.k), STR("test/one"), STR("jre"), &l, &why), KNOWN_NO);
    rig_close(&r);
}

TEST(another_codec_or_other_ids)
{
    struct rig r;
    struct layer l;
    struct err why = {0};
    rig_open(t, &r);
    r.copies = true;
    first_build(&r);
    find_blob(&r);
    struct kept_opts o = opts(&r);
    o.codec = "zstd-3";
    MUST(kept_open(r.a, &o, &r.k, &e));
    MUST(kept_restore(r.k, &r.group, &r.previous, &e));
    EQ_INT(kept_find(r.k, kept_upper_fd(r.k), STR("test/one"), STR("jre"), &l, &why), KNOWN_NO);
    kept_close(r.k);
    o = opts(&r);
    o.uid = 1001;
    MUST(kept_open(r.a, &o, &r.k, &e));
    MUST(kept_restore(r.k, &r.group, &r.previous, &e));
    CHECK(dir_kind(kept_upper_fd(r.k), "test_one") == DIR_ABSENT);
    CHECK(!there(t, &r, "gen-1"));
    rig_close(&r);
}

// cnb.md §5.2: what the label of the previous image and the record say of the layer, and what is restored.
TEST(which_layers_are_restored)
{
    static const struct {
        const char *types;        // of the layer as it was kept
        bool image, build, cache; // the previous image lists it as a launch layer, and how
        bool same, toml, dir;     // with the same diff ID; what is restored
    } rows[] = {
        {"launch = true\ncache = true\n", false, false, false, false, true, true}, // the image is gone
        {"launch = true\ncache = true\n", true, false, true, true, true, true},
        {"launch = true\ncache = true\n", true, false, true, false, false, false}, // made elsewhere
        {"launch = true\ncache = true\n", true, true, false, true, false, false},
        {"launch = true\ncache = true\nbuild = true\n", true, true, true, true, true, true},
        {"cache = true\n", false, false, false, false, true, true},
        {"launch = true\n", true, false, false, true, true, false},
        {"launch = true\n", false, false, false, false, false, false},
        {"launch = true\nbuild = true\n", true, true, false, true, false, false},
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct rig r;
        char text[DIGEST_TEXT];
        struct digest d;
        rig_open(t, &r);
        begin(&r);
        put(&r, "test_one/jre/f", "java");
        const char *toml = arena_printf(r.a, "[types]\n%s", rows[i].types);
        put(&r, "test_one/jre.toml", toml);
        note(&r, "test/one", "jre", "java");
        end(&r);
        digest_of(HASH_SHA256, rows[i].same ? "java" : "other", rows[i].same ? 4 : 5, &d);
        struct lm_layer layer = {.name = STR("jre"),
                                 .sha = str_dup(r.a, str_of(digest_text(&d, text))),
                                 .build = rows[i].build,
                                 .launch = true,
                                 .cache = rows[i].cache};
        struct lm_buildpack bp = {.key = STR("test/one"), .version = STR("1")};
        bp.layers.v = &layer;
        bp.layers.n = 1;
        r.md.buildpacks.v = &bp;
        r.md.buildpacks.n = 1;
        if (rows[i].image)
            r.previous.md = &r.md;
        begin(&r);
        CHECK_MSG((dir_kind(kept_upper_fd(r.k), "test_one/jre.toml") == DIR_FILE) == rows[i].toml,
                  "row %zu: toml", i);
        CHECK_MSG((kept_lower(r.k)->n == 1) == rows[i].dir, "row %zu: directory", i);
        rig_close(&r);
        MUST(tree_remove(t->dir, "state", &e));
    }
}

TEST(who_does_not_take_part_is_hidden_and_then_gone)
{
    struct rig r;
    struct stat st;
    rig_open(t, &r);
    r.group.buildpacks.n = 2;
    begin(&r);
    put(&r, "test_one/jre/f", "x");
    put(&r, "test_one/jre.toml", CACHED);
    put(&r, "test_two/deps/f", "x");
    put(&r, "test_two/deps.toml", CACHED);
    end(&r);
    r.group.buildpacks.n = 1;
    begin(&r);
    CHECK(fstatat(kept_upper_fd(r.k), "test_two", &st, AT_SYMLINK_NOFOLLOW) == 0 && S_ISCHR(st.st_mode) &&
          st.st_rdev == 0);
    kept_close(r.k);
    r.k = NULL;
    rig_close(&r);
}

TEST(records_that_are_refused)
{
    static const struct {
        const char *text;
        enum err_code code;
        const char *words;
    } rows[] = {
        {"", ERR_PARSE, "format"},
        {"format = 2\nuid = 1\ngid = 1\noutside-uid = 1\noutside-gid = 1\nimage = \"\"\n", ERR_API, "2|1"},
        {"format = 1\nuid = 1\ngid = 1\noutside-uid = 1\noutside-gid = 1\nimage = \"\"\n[[buildpacks]]\nid = "
         "\"..\"\n",
         ERR_PARSE, ".."},
        {"format = 1\nuid = 1\ngid = 1\noutside-uid = 1\noutside-gid = 1\nimage = \"\"\n[[buildpacks]]\nid = "
         "\"a\"\n"
         "[[buildpacks.layers]]\nname = \"../x\"\n",
         ERR_PARSE, "not a name for a layer"},
        {"format = 1\nuid = 1\ngid = 1\noutside-uid = 1\noutside-gid = 1\nimage = \"\"\n[[buildpacks]]\nid = "
         "\"a\"\n"
         "[[buildpacks.layers]]\nname = \"x\"\n[[buildpacks.layers.parts]]\nname = \"a/b\"\nfrom = "
         "[\"gen-1\"]\n",
         ERR_PARSE, "part \"a/b\""},
        {"format = 1\nuid = 1\ngid = 1\noutside-uid = 1\noutside-gid = 1\nimage = \"\"\n[[buildpacks]]\nid = "
         "\"a\"\n"
         "[[buildpacks.layers]]\nname = \"x\"\n[[buildpacks.layers.parts]]\nname = \"x\"\nfrom = [\"gen-1\", "
         "\"../y\"]\n",
         ERR_PARSE, "\"../y\" is not a generation"},
        {"format = 1\nuid = 1\ngid = 1\noutside-uid = 1\noutside-gid = 1\nimage = \"\"\n[[buildpacks]]\nid = "
         "\"a\"\n"
         "[[buildpacks.layers]]\nname = \"x\"\ndiff-id = \"sha256:12\"\n",
         ERR_PARSE, ""},
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        drop_(arena_free) struct arena *a = arena_new(4096);
        struct kept_record r;
        (void)t;
        REFUSED(kept_record_read(a, str_of(rows[i].text), &r, &e), rows[i].code, rows[i].words);
    }
}

static void lay(struct test *t, const char *from, const char *to)
{
    const struct kept_copy c = {t->dir, t->dir, from, to, -1, -1};
    MUST(kept_lay(&c, &e));
}

TEST(trees_are_laid_over_each_other_as_an_overlay_does)
{
    drop_(arena_free) struct arena *a = arena_new(4096);
    struct stat st;
    test_write(t->dir, "low/keep", "low", 3);
    test_write(t->dir, "low/gone", "low", 3);
    test_write(t->dir, "low/dir/below", "low", 3);
    test_write(t->dir, "low/opaque/below", "low", 3);
    test_write(t->dir, "low/file-to-dir", "low", 3);
    test_write(t->dir, "low/dir-to-file/x", "low", 3);
    test_write(t->dir, "up/dir/above", "up", 2);
    test_write(t->dir, "up/opaque/above", "up", 2);
    test_write(t->dir, "up/file-to-dir/x", "up", 2);
    test_write(t->dir, "up/dir-to-file", "up", 2);
    CHECK(mknodat(t->dir, "up/gone", S_IFCHR, 0) == 0);
    CHECK(symlinkat("/etc/passwd", t->dir, "up/link") == 0);
    CHECK(mkfifoat(t->dir, "up/pipe", 0600) == 0 && fchmodat(t->dir, "up/pipe", 0666, 0) == 0);
    CHECK(fchmodat(t->dir, "up/dir/above", 04751, 0) == 0 && fchmodat(t->dir, "up/dir", 0555, 0) == 0);
    if (setxattr(arena_printf(a, "%s/up/opaque", t->path), KEPT_OPAQUE, "y", 1, 0) < 0)
        SKIP("no user attributes here");
    const struct timespec times[2] = {{.tv_sec = 12345}, {.tv_sec = 12345, .tv_nsec = 678}};
    CHECK(utimensat(t->dir, "up/dir/above", times, 0) == 0);
    const mode_t before = umask(077);
    lay(t, "low", "out");
    lay(t, "up", "out");
    (void)umask(before);
    CHECK(fstatat(t->dir, "out/pipe", &st, 0) == 0 && S_ISFIFO(st.st_mode));
    EQ_UINT(st.st_mode & 07777, 0666);
    EQ_STR(test_read(a, t->dir, "out/keep"), "low");
    CHECK(dir_kind(t->dir, "out/gone") == DIR_ABSENT);
    EQ_STR(test_read(a, t->dir, "out/dir/below"), "low");
    EQ_STR(test_read(a, t->dir, "out/dir/above"), "up");
    CHECK(dir_kind(t->dir, "out/opaque/below") == DIR_ABSENT &&
          dir_kind(t->dir, "out/opaque/above") == DIR_FILE);
    EQ_STR(test_read(a, t->dir, "out/file-to-dir/x"), "up");
    EQ_STR(test_read(a, t->dir, "out/dir-to-file"), "up");
    CHECK(fstatat(t->dir, "out/link", &st, AT_SYMLINK_NOFOLLOW) == 0 && S_ISLNK(st.st_mode));
    CHECK(fstatat(t->dir, "out/dir/above", &st, 0) == 0);
    EQ_UINT(st.st_mode & 07777, 04751);
    EQ_INT(st.st_mtim.tv_sec, 12345);
    EQ_INT(st.st_mtim.tv_nsec, 678);
    CHECK(fstatat(t->dir, "out/dir", &st, 0) == 0);
    EQ_UINT(st.st_mode & 07777, 0555);
}

// A part of many generations becomes one, whatever the names of the buildpacks are.
TEST(many_generations_become_one_beside_what_buildpacks_wrote)
{
    struct rig r;
    rig_open(t, &r);
    r.ref[1].id = STR("flat");
    r.group.buildpacks.n = 2;
    for (int i = 1; i <= KEPT_DEPTH + 1; i++) {
        begin(&r);
        put(&r, arena_printf(r.a, "test_one/jre/file-%d", i), "x");
        put(&r, "test_one/jre.toml", CACHED);
        if (i > KEPT_DEPTH) {
            put(&r, "flat/own/file", "of another");
            put(&r, "flat/own.toml", CACHED);
        }
        end(&r);
    }
    const char *gen = arena_printf(r.a, "gen-%d", KEPT_DEPTH + 1);
    for (int i = 1; i <= KEPT_DEPTH + 1; i++)
        CHECK(there(t, &r, arena_printf(r.a, "%s/test_one/jre/file-%d", gen, i)));
    CHECK(there(t, &r, arena_printf(r.a, "%s/flat/own/file", gen)));
    CHECK(!there(t, &r, arena_printf(r.a, "%s/test_one/jre/own", gen)) && !there(t, &r, "gen-1"));
    rig_close(&r);
}

TEST(gc_takes_apps_without_an_image)
{
    struct rig r;
    uint64_t n;
    rig_open(t, &r);
    first_build(&r);
    begin(&r); // being built: it stays
    MUST(kept_gc(r.st, false, &n, &e));
    EQ_UINT(n, 0);
    kept_close(r.k);
    r.k = NULL;
    MUST(kept_gc(r.st, true, &n, &e));
    EQ_UINT(n, 1);
    CHECK(there(t, &r, KEPT_RECORD));
    MUST(kept_gc(r.st, false, &n, &e));
    EQ_UINT(n, 1);
    CHECK(!there(t, &r, "."));
    rig_close(&r);
}
