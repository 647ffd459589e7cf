// SPDX-License-Identifier: Apache-2.0
#include "base/path.h"
#include "base/buf.h"
#include "base/limits.h"
#include "test.h"
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>

typedef int opener(int dirfd, const char *path, int flags, mode_t mode, int *fd, struct err *e);

// What the descriptor is, as "dev:inode", so that two ways of opening are seen to reach the same thing.
static void identity(int fd, char *out, size_t n)
{
    struct stat st;
    EQ_INT(fstat(fd, &st), 0);
    snprintf(out, n, "%ju:%ju:%o", (uintmax_t)st.st_dev, (uintmax_t)st.st_ino, st.st_mode & S_IFMT);
}

static void outcome(opener *open_it, int dirfd, const char *path, int flags, char *out, size_t n)
{
    struct err e = {0};
    drop_fd int fd = -1;
    if (open_it(dirfd, path, flags, 0644, &fd, &e) < 0) {
        EQ_INT(fd, -1);
        CHECK(e.code != ERR_NONE);
        snprintf(out, n, "%s", err_code_name(e.code));
        return;
    }
    CHECK(fcntl(fd, F_GETFD) & FD_CLOEXEC);
    identity(fd, out, n);
}

// in/ is the tree; out is beside it.
static int make_tree(struct test *t)
{
    static const struct {
        const char *target, *at;
    } links[] = {
        {"file", "in/link"},           {"d", "in/dlink"},
        {"d/", "in/dslash"},           {"../out", "in/escape"},
        {"/etc/passwd", "in/abs"},     {"..", "in/up"},
        {"d/../file", "in/around"},    {"d/../../in/file", "in/out-and-in"},
        {"loop2", "in/loop1"},         {"loop1", "in/loop2"},
        {"self/x", "in/self"},         {"nowhere", "in/dangling"},
        {"../link", "in/d/up"},        {"../../out", "in/d/far"},
        {"./././d/./deep", "in/dots"}, {"link", "in/chain"},
        {"fresh-target", "in/make"},
    };
    test_write(t->dir, "out", "outside", 7);
    test_write(t->dir, "in/file", "file", 4);
    test_write(t->dir, "in/d/inner", "inner", 5);
    test_write(t->dir, "in/d/deep/bottom", "bottom", 6);
    for (size_t i = 0; i < COUNT(links); i++)
        EQ_INT(symlinkat(links[i].target, t->dir, links[i].at), 0);
    EQ_INT(mkfifoat(t->dir, "in/fifo", 0600), 0);
    struct err e = {0};
    int fd = -1;
    EQ_INT(path_open_plain(t->dir, "in", O_RDONLY | O_DIRECTORY, 0, &fd, &e), 0);
    return fd;
}

static const char *const paths[] = {
    "file",
    "./file",
    ".",
    "./",
    "./.",
    "",
    "/",
    "/etc",
    "..",
    "../out",
    "../in/file",
    "d",
    "d/",
    "d/.",
    "d/..",
    "d/../file",
    "d/../..",
    "d/../../out",
    "d/deep/../../file",
    "link",
    "link/",
    "dlink",
    "dlink/",
    "dlink/inner",
    "dlink/../file",
    "dslash",
    "dslash/inner",
    "escape",
    "escape/x",
    "abs",
    "up",
    "up/in/file",
    "around",
    "out-and-in",
    "loop1",
    "self",
    "dangling",
    "d/up",
    "d/far",
    "dots",
    "dots/bottom",
    "dots/../inner",
    "chain",
    "chain/",
    "file/",
    "file/x",
    "file/..",
    "file/.",
    "missing",
    "missing/",
    "missing/..",
    "missing/../file",
    "d//inner",
    "d///",
    "fifo",
    "fifo/x",
    "d/deep/bottom",
};

TEST(path_open_and_its_walk_agree)
{
    static const int flags[] = {O_PATH,
                                O_PATH | O_NOFOLLOW,
                                O_RDONLY | O_NONBLOCK,
                                O_RDONLY | O_NONBLOCK | O_NOFOLLOW,
                                O_RDONLY | O_DIRECTORY,
                                O_RDONLY | O_DIRECTORY | O_NOFOLLOW,
                                O_RDWR | O_NONBLOCK};
    drop_fd int in = make_tree(t);
    for (size_t i = 0; i < COUNT(paths); i++)
        for (size_t j = 0; j < COUNT(flags); j++) {
            char a[128], b[128];
            outcome(path_open, in, paths[i], flags[j], a, sizeof a);
            outcome(path_open_walk, in, paths[i], flags[j], b, sizeof b);
            CHECK_MSG(strcmp(a, b) == 0, "\"%s\" %#o: kernel %s, walk %s", paths[i], flags[j], a, b);
            outcome(path_open_plain, in, paths[i], flags[j], a, sizeof a);
            outcome(path_open_plain_walk, in, paths[i], flags[j], b, sizeof b);
            CHECK_MSG(strcmp(a, b) == 0, "plain \"%s\" %#o: kernel %s, walk %s", paths[i], flags[j], a, b);
        }
}

TEST(path_open_stays_inside)
{
    static const struct {
        const char *path;
        int flags;
        enum err_code code;
        const char *words;
    } cases[] = {
        {"../out", O_RDONLY, ERR_DENIED, "../out: leads out of its directory"},
        {"escape", O_RDONLY, ERR_DENIED, "escape: leads out"},
        {"abs", O_RDONLY, ERR_DENIED, "abs: leads out"},
        {"/etc/passwd", O_RDONLY, ERR_DENIED, "/etc/passwd: leads out"},
        {"out-and-in", O_RDONLY, ERR_DENIED, "out-and-in: leads out"},
        {"loop1", O_RDONLY, ERR_DENIED, "loop1: |too many"},
        {"self", O_RDONLY, ERR_DENIED, "self: |too many"},
        {"link", O_RDONLY | O_NOFOLLOW, ERR_DENIED, "link: a symbolic link"},
        {"dangling", O_RDONLY, ERR_NOT_FOUND, "dangling: No such file"},
        {"file/x", O_RDONLY, ERR_NOT_FOUND, "file/x: Not a directory"},
        {"", O_RDONLY, ERR_NOT_FOUND, "No such file"},
    };
    opener *const both[] = {path_open, path_open_walk};
    drop_fd int in = make_tree(t);
    for (size_t i = 0; i < COUNT(cases); i++)
        for (size_t j = 0; j < COUNT(both); j++) {
            int fd = 77;
            REFUSED(both[j](in, cases[i].path, cases[i].flags, 0, &fd, &e), cases[i].code, cases[i].words);
            EQ_INT(fd, 77);
        }
    struct stat st;
    EQ_INT(fstatat(t->dir, "out", &st, 0), 0);
    EQ_INT(st.st_size, 7);
}

TEST(path_open_makes_files_as_the_walk_does)
{
    static const struct {
        const char *path;
        int flags;
        bool made;
    } cases[] = {
        {"new", O_WRONLY | O_CREAT | O_EXCL, true},
        {"d/new", O_WRONLY | O_CREAT, true},
        {"file", O_WRONLY | O_CREAT | O_EXCL, false},
        {"link", O_WRONLY | O_CREAT | O_EXCL, false},
        {"dangling", O_WRONLY | O_CREAT | O_EXCL, false},
        {"escape", O_WRONLY | O_CREAT, true},
        {"make", O_WRONLY | O_CREAT, true},
        {"d", O_WRONLY | O_CREAT, false},
        {"missing/new", O_WRONLY | O_CREAT, false},
        {".", O_TMPFILE | O_WRONLY, true},
        {"d", O_TMPFILE | O_WRONLY, true},
        {"new/", O_WRONLY | O_CREAT, false},
    };
    opener *const both[] = {path_open, path_open_walk};
    for (size_t j = 0; j < COUNT(both); j++) {
        struct test own = {.dir = -1};
        char name[16];
        snprintf(name, sizeof name, "round%zu", j);
        MUST(path_mkdirs(t->dir, name, 0755, &e));
        MUST(path_open_plain(t->dir, name, O_RDONLY | O_DIRECTORY, 0, &own.dir, &e));
        drop_fd int in = make_tree(&own);
        for (size_t i = 0; i < COUNT(cases); i++) {
            struct err e = {0};
            drop_fd int fd = -1;
            bool escape = strcmp(cases[i].path, "escape") == 0;
            int rc = both[j](in, cases[i].path, cases[i].flags, 0600, &fd, &e);
            CHECK_MSG((rc == 0) == (cases[i].made && !escape), "\"%s\": %s", cases[i].path, e.cause);
        }
        (void)close(own.dir);
    }
}

TEST(path_open_limits_what_it_reads)
{
    drop_(arena_free) struct arena *a = arena_new(0);
    char *component = arena_get(a, 300, 1), *whole = arena_get(a, LIMIT_PATH + 10, 1),
         *deep = arena_get(a, 700, 1);
    memset(component, 'c', 256);
    for (int i = 0; i < LIMIT_PATH; i++)
        whole[i] = i % 2 ? '/' : '.';
    opener *const all[] = {path_open, path_open_walk, path_open_plain, path_open_plain_walk};
    int fd = 77;
    for (size_t i = 0; i < COUNT(all); i++) {
        REFUSED(all[i](t->dir, component, O_RDONLY, 0, &fd, &e), ERR_LIMIT, "ccccc|255");
        REFUSED(all[i](t->dir, whole, O_RDONLY, 0, &fd, &e), ERR_LIMIT, "./././|4095");
    }
    REFUSED(path_mkdirs(t->dir, whole, 0755, &e), ERR_LIMIT, "4095");
    for (int i = 0; i < 300; i++)
        memcpy(deep + 2 * i, "d/", 2);
    MUST(path_mkdirs(t->dir, deep, 0755, &e));
    MUST(path_open(t->dir, deep, O_PATH, 0, &fd, &e));
    (void)close(fd);
    REFUSED(path_open_walk(t->dir, deep, O_PATH, 0, &fd, &e), ERR_LIMIT, "more than 256 directories deep");
}

TEST(path_mkdirs_follows_no_link)
{
    drop_fd int in = make_tree(t);
    struct stat st;
    MUST(path_mkdirs(in, "x/./y//z/", 0755, &e));
    EQ_INT(fstatat(in, "x/y/z", &st, 0), 0);
    MUST(path_mkdirs(in, "x/y", 0755, &e));
    MUST(path_mkdirs(in, ".", 0755, &e));
    MUST(path_mkdirs(in, "", 0755, &e));
    REFUSED(path_mkdirs(in, "dlink/new", 0755, &e), ERR_NOT_FOUND, "dlink/new: |Not a directory");
    REFUSED(path_mkdirs(in, "escape/new", 0755, &e), ERR_NOT_FOUND, "escape/new");
    REFUSED(path_mkdirs(in, "../new", 0755, &e), ERR_DENIED, "leads out");
    REFUSED(path_mkdirs(in, "x/../../new", 0755, &e), ERR_DENIED, "leads out");
    REFUSED(path_mkdirs(in, "/new", 0755, &e), ERR_DENIED, "/new: leads out");
    REFUSED(path_mkdirs(in, "file/new", 0755, &e), ERR_NOT_FOUND, "file/new: |Not a directory");
    EQ_INT(fstatat(t->dir, "new", &st, 0), -1);
}

TEST(path_parent_splits)
{
    drop_fd int in = make_tree(t);
    static const struct {
        const char *path, *base;
        enum err_code code;
    } cases[] = {
        {"a", "a", 0},
        {"d/new", "new", 0},
        {"d/deep/x", "x", 0},
        {"d/", "", 0},
        {"..", NULL, ERR_DENIED},
        {"d/..", NULL, ERR_DENIED},
        {"/a", NULL, ERR_DENIED},
        {"dlink/x", NULL, ERR_NOT_FOUND},
        {"../out", NULL, ERR_DENIED},
        {"no/x", NULL, ERR_NOT_FOUND},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        drop_fd int fd = -1;
        const char *base = NULL;
        struct err e = {0};
        int rc = path_parent(in, cases[i].path, &fd, &base, &e);
        CHECK_MSG(e.code == cases[i].code, "\"%s\": %s", cases[i].path, e.cause);
        if (rc == 0)
            EQ_TEXT(base, cases[i].base);
    }
}

TEST(path_readlink_is_whole_or_refused)
{
    char out[LIMIT_PATH];
    EQ_INT(symlinkat("some/target", t->dir, "l"), 0);
    MUST(path_readlink(t->dir, "l", out, &e));
    EQ_TEXT(out, "some/target");
    REFUSED(path_readlink(t->dir, "none", out, &e), ERR_NOT_FOUND, "none");
}

TEST(path_clean_as_go_does)
{
    static const char *const cases[][2] = {
        {"", "."},
        {"abc", "abc"},
        {"abc/def", "abc/def"},
        {"a/b/c", "a/b/c"},
        {".", "."},
        {"..", ".."},
        {"../..", "../.."},
        {"../../abc", "../../abc"},
        {"/abc", "/abc"},
        {"/", "/"},
        {"abc/", "abc"},
        {"abc/def/", "abc/def"},
        {"./", "."},
        {"../", ".."},
        {"../../", "../.."},
        {"/abc/", "/abc"},
        {"abc//def//ghi", "abc/def/ghi"},
        {"//abc", "/abc"},
        {"///abc", "/abc"},
        {"//abc//", "/abc"},
        {"abc//", "abc"},
        {"abc/./def", "abc/def"},
        {"/./abc/def", "/abc/def"},
        {"abc/.", "abc"},
        {"abc/def/ghi/../jkl", "abc/def/jkl"},
        {"abc/def/../ghi/../jkl", "abc/jkl"},
        {"abc/def/..", "abc"},
        {"abc/def/../..", "."},
        {"/abc/def/../..", "/"},
        {"abc/def/../../..", ".."},
        {"/abc/def/../../..", "/"},
        {"abc/def/../../../ghi/jkl/../../../mno", "../../mno"},
        {"/..", "/"},
        {"/../abc", "/abc"},
        {"abc/./../def", "def"},
        {"abc//./../def", "def"},
        {"abc/../../././../def", "../../def"},
        {"..a/...", "..a/..."},
        {"a/..b/../c", "a/c"},
        {"../a/..", ".."},
        {"../a/../..", "../.."},
    };
    drop_(arena_free) struct arena *a = arena_new(0);
    for (size_t i = 0; i < COUNT(cases); i++)
        EQ_STR(path_clean(a, str_of(cases[i][0])), cases[i][1]);
    EQ_STR(path_join(a, STR("a/b"), STR("../c")), "a/c");
    EQ_STR(path_join(a, STR("/"), STR("x")), "/x");
    EQ_STR(path_join(a, STR(""), STR("x")), "/x");
}

TEST(path_base_and_dir)
{
    static const char *const cases[][3] = {
        {"a", "a", "."},    {"a/b", "b", "a"},  {"/a", "a", "/"},  {"/", "/", "/"}, {"//", "/", "/"},
        {"a/b/", "b", "a"}, {"a//b", "b", "a"}, {"//a", "a", "/"}, {"", "", "."},   {"/a/b/c", "c", "/a/b"},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        EQ_STR(path_base(str_of(cases[i][0])), cases[i][1]);
        EQ_STR(path_dir(str_of(cases[i][0])), cases[i][2]);
    }
}

TEST(path_is_within_counts_components)
{
    static const struct {
        const char *p, *dir;
        bool within;
    } cases[] = {
        {"/a/b", "/a", true}, {"/a", "/a", true}, {"/ab", "/a", false}, {"/a", "/a/b", false},
        {"/x", "/", true},    {"x", "/", false},  {"a/b", "a", true},   {"a", "", false},
    };
    for (size_t i = 0; i < COUNT(cases); i++)
        CHECK_MSG(path_is_within(str_of(cases[i].p), str_of(cases[i].dir)) == cases[i].within, "%s in %s",
                  cases[i].p, cases[i].dir);
}

TEST(path_is_safe_refuses_what_could_leave)
{
    static const char *const good[] = {"a", "a/b", "..a", "a..", "...", "a/.b", "a b", "-", "\xc3\xa4"};
    static const char *const bad[] = {"",     "/",     "/a",     ".",    "..",  "a/",
                                      "a//b", "a/./b", "a/../b", "../a", "./a", "a/.."};
    for (size_t i = 0; i < COUNT(good); i++)
        CHECK_MSG(path_is_safe(str_of(good[i])), "%s", good[i]);
    for (size_t i = 0; i < COUNT(bad); i++)
        CHECK_MSG(!path_is_safe(str_of(bad[i])), "%s", bad[i]);
    CHECK(!path_is_safe((struct str){"a\0b", 3}));
    char text[LIMIT_PATH + 1];
    memset(text, 'x', sizeof text);
    CHECK(path_is_safe((struct str){text, LIMIT_COMPONENT}));
    CHECK(!path_is_safe((struct str){text, LIMIT_COMPONENT + 1}));
    for (size_t i = 0; i < sizeof text; i++)
        text[i] = i % 2 ? '/' : 'x';
    CHECK(path_is_safe((struct str){text, LIMIT_PATH - 1}));
    CHECK(!path_is_safe((struct str){text, LIMIT_PATH + 1}));
}

TEST(path_mkdirs_makes_its_mode_under_every_umask)
{
    struct stat st;
    (void)umask(077);
    EQ_INT(mkdirat(t->dir, "old", 0700), 0);
    MUST(path_mkdirs(t->dir, "old/a/b", 0755, &e));
    EQ_INT(fstatat(t->dir, "old/a", &st, 0), 0);
    EQ_UINT(st.st_mode & 07777, 0755);
    EQ_INT(fstatat(t->dir, "old/a/b", &st, 0), 0);
    EQ_UINT(st.st_mode & 07777, 0755);
    EQ_INT(fstatat(t->dir, "old", &st, 0), 0);
    EQ_UINT(st.st_mode & 07777, 0700);
}

// A tree as deep as any that we make is reached without openat2 too.
TEST(l5_the_walk_goes_as_deep_as_a_tree_may)
{
    drop_buf struct buf b = BUF_INIT(LIMIT_PATH);
    for (int i = 0; i < LIMIT_TREE_DEPTH; i++)
        buf_text(&b, i ? "/d" : "d");
    MUST(path_mkdirs(t->dir, b.p, 0755, &e));
    buf_text(&b, "/file");
    test_write(t->dir, b.p, "x", 1);
    drop_fd int fd = -1;
    MUST(path_open_walk(t->dir, b.p, O_RDONLY, 0, &fd, &e));
    drop_fd_p(&fd);
    MUST(path_open_plain_walk(t->dir, b.p, O_RDONLY, 0, &fd, &e));
    drop_fd_p(&fd);
    MUST(path_open(t->dir, b.p, O_RDONLY, 0, &fd, &e));
    b.n -= strlen("/file");
    buf_text(&b, "/d/x");
    REFUSED(path_open_walk(t->dir, b.p, O_RDONLY, 0, &fd, &e), ERR_LIMIT, "more than 256 directories deep");
}
