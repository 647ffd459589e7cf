// SPDX-License-Identifier: Apache-2.0
#include "archive/walk.h"
#include "base/buf.h"
#include "base/limits.h"
#include "test.h"
#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/un.h>

#define TEXT(name) drop_buf struct buf name = BUF_INIT(MIB(16))

// One line an entry: the path, '/' behind a directory, the target of a link.
static int list(int dirfd, const char *path, enum tree_order order, struct buf *out, struct err *e)
{
    drop_(walk_free) struct walk *w = NULL;
    if (walk_open(dirfd, path, order, &w, e) < 0)
        return -1;
    for (;;) {
        const struct walk_entry *at;
        enum walk_step step = walk_next(w, &at, e);
        if (step != WALK_ENTRY)
            return step == WALK_END ? 0 : -1;
        buf_printf(out, "%s%s%s%s%s\n", at->path.p, S_ISDIR(at->st.st_mode) ? "/" : "", at->link.n ? ">" : "",
                   at->link.p, at->socket ? "=" : "");
        CHECK(at->path.n == 0 ||
              strcmp(at->name, strrchr(at->path.p, '/') ? strrchr(at->path.p, '/') + 1 : at->path.p) == 0);
    }
}

static void lists(struct test *t, enum tree_order order, const char *want)
{
    TEXT(got);
    MUST(list(t->dir, ".", order, &got, &e));
    EQ_STR(buf_view(&got), want);
}

static void make(struct test *t, const char *path)
{
    test_write(t->dir, path, "x", 1);
}

TEST(both_orders)
{
    make(t, "a/b");
    make(t, "a/c/d");
    make(t, "a-b");
    make(t, "a.d/e");
    make(t, "a!");
    make(t, "a0");
    make(t, "B");
    lists(t, TREE_WALK, "/\nB\na/\na/b\na/c/\na/c/d\na!\na-b\na.d/\na.d/e\na0\n");
    lists(t, TREE_FULL_PATH, "/\nB\na/\na!\na-b\na.d/\na.d/e\na/b\na/c/\na/c/d\na0\n");
}

TEST(an_empty_directory_is_one_entry)
{
    lists(t, TREE_WALK, "/\n");
    lists(t, TREE_FULL_PATH, "/\n");
}

TEST(names_are_bytes)
{
    make(t, "\xff\x80");
    make(t, "\n");
    make(t, "\xc3\xa9");
    make(t, " ");
    lists(t, TREE_WALK, "/\n\n\n \n\xc3\xa9\n\xff\x80\n");
}

TEST(links_are_reported_and_never_followed)
{
    make(t, "dir/f");
    CHECK(symlinkat("dir", t->dir, "link") == 0 && symlinkat("/nowhere", t->dir, "dir/out") == 0 &&
          symlinkat(".", t->dir, "self") == 0);
    lists(t, TREE_FULL_PATH, "/\ndir/\ndir/f\ndir/out>/nowhere\nlink>dir\nself>.\n");
    TEXT(got);
    MUST(list(t->dir, "link", TREE_WALK, &got, &e)); // the link itself
    EQ_STR(buf_view(&got), ">dir\n");
    REFUSED(list(t->dir, "link/f", TREE_WALK, &got, &e), ERR_DENIED, "link/f");
    REFUSED(list(t->dir, "..", TREE_WALK, &got, &e), ERR_DENIED, "");
    REFUSED(list(t->dir, "absent", TREE_WALK, &got, &e), ERR_NOT_FOUND, "absent");
}

TEST(a_file_can_be_the_start)
{
    make(t, "dir/f");
    drop_(walk_free) struct walk *w = NULL;
    const struct walk_entry *at;
    struct err last = {0};
    drop_fd int fd = -1;
    MUST(walk_open(t->dir, "dir/f", TREE_WALK, &w, &e));
    EQ_INT(walk_next(w, &at, &last), WALK_ENTRY);
    EQ_STR(at->path, "");
    MUST(walk_open_file(w, &fd, &e));
    EQ_INT(walk_next(w, &at, &last), WALK_END);
    EQ_INT(walk_next(w, &at, &last), WALK_END);
}

TEST(sockets_and_fifos)
{
    struct sockaddr_un un = {.sun_family = AF_UNIX};
    (void)snprintf(un.sun_path, sizeof un.sun_path, "/proc/self/fd/%d/sock", t->dir);
    drop_fd int s = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    CHECK(s >= 0 && bind(s, (const struct sockaddr *)&un, sizeof un) == 0);
    CHECK(mkfifoat(t->dir, "fifo", 0600) == 0);
    lists(t, TREE_WALK, "/\nfifo\nsock=\n");
}

TEST(pruned_directories_are_not_entered)
{
    make(t, "a/b/c");
    make(t, "a-b/c");
    make(t, "a/d");
    for (int order = TREE_WALK; order <= TREE_FULL_PATH; order++) {
        TEXT(got);
        drop_(walk_free) struct walk *w = NULL;
        MUST(walk_open(t->dir, ".", (enum tree_order)order, &w, &e));
        const struct walk_entry *at;
        struct err last = {0};
        while (walk_next(w, &at, &last) == WALK_ENTRY) {
            buf_printf(&got, "%s ", at->path.p);
            if (str_is(at->path, "a/b") || str_is(at->path, "a-b"))
                walk_prune(w);
        }
        EQ_INT(last.code, ERR_NONE);
        EQ_STR(buf_view(&got), order == TREE_WALK ? " a a/b a/d a-b " : " a a-b a/b a/d ");
    }
}

static void dig(struct test *t, size_t levels, size_t width)
{
    int here = dup(t->dir);
    for (size_t i = 0; i < levels; i++) {
        char name[LIMIT_COMPONENT + 1] = {0};
        memset(name, 'd', width);
        CHECK(mkdirat(here, name, 0755) == 0);
        int next = openat(here, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        CHECK(next >= 0);
        // Behind the directory in both orders, so that every level is returned to.
        int file = openat(here, "z", O_WRONLY | O_CREAT | O_CLOEXEC, 0644);
        CHECK(file >= 0);
        (void)close(file);
        (void)close(here);
        here = next;
    }
    (void)close(here);
}

TEST(deep_trees_need_few_descriptors)
{
    dig(t, 1000, 1);
    struct rlimit few = {WALK_FDS + 16, WALK_FDS + 16};
    CHECK(setrlimit(RLIMIT_NOFILE, &few) == 0);
    for (int order = TREE_WALK; order <= TREE_FULL_PATH; order++) {
        TEXT(got);
        MUST(list(t->dir, ".", (enum tree_order)order, &got, &e));
        size_t lines = 0;
        for (size_t i = 0; i < got.n; i++)
            lines += got.p[i] == '\n';
        EQ_UINT(lines, 2001);
        CHECK(memcmp(got.p + got.n - 3, "\nz\n", 3) == 0);
    }
}

TEST(T22_too_deep_is_refused_by_name)
{
    TEXT(got);
    dig(t, 2100, 1);
    REFUSED(list(t->dir, ".", TREE_WALK, &got, &e), ERR_LIMIT, "d/d/d|2048");
    REFUSED(list(t->dir, ".", TREE_FULL_PATH, &got, &e), ERR_LIMIT, "d/d/d|2048");
}

TEST(long_paths_are_refused_by_name)
{
    TEXT(got);
    dig(t, 17, 255);
    REFUSED(list(t->dir, ".", TREE_WALK, &got, &e), ERR_LIMIT, "dddd|longer than 4095");
}

// S12, S13, S15: what changes, vanishes or cannot be read is an error with its path.
TEST(a_changing_tree_is_an_error)
{
    static const struct {
        const char *at; // when this was reported
        const char *words;
    } rows[] = {{"a", "a: has changed"}, {"", "b"}};
    for (size_t i = 0; i < COUNT(rows); i++) {
        CHECK(mkdirat(t->dir, i ? "two" : "one", 0755) == 0);
        drop_fd int dir = openat(t->dir, i ? "two" : "one", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        test_write(dir, "a/f", "x", 1);
        test_write(dir, "b", "x", 1);
        for (int order = TREE_WALK; order <= TREE_FULL_PATH; order++) {
            drop_(walk_free) struct walk *w = NULL;
            const struct walk_entry *at;
            struct err last = {0};
            MUST(walk_open(dir, ".", (enum tree_order)order, &w, &e));
            EQ_INT(walk_next(w, &at, &last), WALK_ENTRY);
            EQ_INT(walk_next(w, &at, &last), WALK_ENTRY);
            EQ_STR(at->path, "a");
            if (i == 0) { // the directory that was reported becomes another one
                CHECK(renameat(dir, "a", dir, "moved") == 0 && mkdirat(dir, "a", 0755) == 0);
                REFUSED(walk_next(w, &at, &e), ERR_IO, "a: has changed while it was read");
                CHECK(unlinkat(dir, "a", AT_REMOVEDIR) == 0 && renameat(dir, "moved", dir, "a") == 0);
            } else { // a file that was listed goes away
                EQ_INT(walk_next(w, &at, &last), WALK_ENTRY);
                CHECK(renameat(dir, "b", dir, "moved") == 0);
                REFUSED(walk_next(w, &at, &e), ERR_IO, "b: has changed");
                CHECK(renameat(dir, "moved", dir, "b") == 0);
            }
        }
    }
}

TEST(the_file_that_is_opened_is_the_one_reported)
{
    make(t, "f");
    drop_(walk_free) struct walk *w = NULL;
    const struct walk_entry *at;
    struct err last = {0};
    drop_fd int fd = -1;
    MUST(walk_open(t->dir, ".", TREE_WALK, &w, &e));
    EQ_INT(walk_next(w, &at, &last), WALK_ENTRY);
    EQ_INT(walk_next(w, &at, &last), WALK_ENTRY);
    drop_fd int more = openat(t->dir, "f", O_WRONLY | O_APPEND | O_CLOEXEC);
    CHECK(write(more, "longer", 6) == 6);
    MUST(walk_open_file(w, &fd, &e)); // the same inode: its new size counts
    EQ_INT(at->st.st_size, 7);
    drop_fd_p(&fd);
    CHECK(renameat(t->dir, "f", t->dir, "g") == 0);
    REFUSED(walk_open_file(w, &fd, &e), ERR_IO, "f: has changed");
    CHECK(mkfifoat(t->dir, "f", 0600) == 0); // opening it must not wait for a writer
    REFUSED(walk_open_file(w, &fd, &e), ERR_IO, "f: has changed");
    CHECK(unlinkat(t->dir, "f", 0) == 0 && symlinkat("g", t->dir, "f") == 0);
    REFUSED(walk_open_file(w, &fd, &e), ERR_IO, "f: has changed");
    EQ_INT(fd, -1);
}

TEST(what_cannot_be_read_is_named)
{
    TEXT(got);
    make(t, "a/secret/f");
    CHECK(fchmod(t->dir, 0755) == 0 && fchmodat(t->dir, "a/secret", 0, 0) == 0);
    if (geteuid() == 0 && setresuid(65534, 65534, 65534) != 0)
        SKIP("cannot become another user");
    REFUSED(list(t->dir, ".", TREE_WALK, &got, &e), ERR_DENIED, "a/secret: Permission denied");
    REFUSED(list(t->dir, ".", TREE_FULL_PATH, &got, &e), ERR_DENIED, "a/secret: Permission denied");
}
