// SPDX-License-Identifier: Apache-2.0
#include "base/file.h"
#include "base/limits.h"
#include "test.h"
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/resource.h>

static int entries(int dirfd)
{
    DIR *d = fdopendir(openat(dirfd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    int n = 0;
    while (readdir(d))
        n++;
    closedir(d);
    return n - 2;
}

// Other people's trees are only interesting without root's powers; the parent process cleans up with them.
static void become_nobody(struct test *t)
{
    if (geteuid() != 0)
        return;
    EQ_INT(fchown(t->dir, 65534, 65534), 0);
    EQ_INT(setresgid(65534, 65534, 65534), 0);
    EQ_INT(setresuid(65534, 65534, 65534), 0);
}

TEST(file_read_keeps_its_limit)
{
    test_write(t->dir, "ten", "0123456789", 10);
    test_write(t->dir, "none", "", 0);
    drop_buf struct buf b = BUF_INIT(10);
    MUST(file_read(t->dir, "ten", &b, &e));
    EQ_STR(buf_view(&b), "0123456789");
    REFUSED(file_read(t->dir, "ten", &b, &e), ERR_LIMIT, "ten: |10 bytes");
    buf_clear(&b);
    MUST(file_read(t->dir, "none", &b, &e));
    EQ_UINT(b.n, 0);
    drop_buf struct buf nine = BUF_INIT(9);
    REFUSED(file_read(t->dir, "ten", &nine, &e), ERR_LIMIT, "ten: 10 bytes, the limit is 9");
    drop_buf struct buf zero = BUF_INIT(0);
    MUST(file_read(t->dir, "none", &zero, &e));
    REFUSED(file_read(t->dir, "ten", &zero, &e), ERR_LIMIT, "limit is 0");
    drop_buf struct buf all = BUF_INIT(SIZE_MAX);
    MUST(file_read(t->dir, "ten", &all, &e));
    EQ_STR(buf_view(&all), "0123456789");
}

TEST(file_read_without_a_size_keeps_its_limit)
{
    drop_buf struct buf b = BUF_INIT(1 << 20);
    MUST(file_read(AT_FDCWD, "/proc/self/maps", &b, &e));
    CHECK(b.n > 100);
    drop_buf struct buf few = BUF_INIT(100);
    REFUSED(file_read(AT_FDCWD, "/proc/self/maps", &few, &e), ERR_LIMIT,
            "maps: larger than the limit of 100");
    drop_buf struct buf zeros = BUF_INIT(3 << 16);
    REFUSED(file_read(AT_FDCWD, "/dev/zero", &zeros, &e), ERR_LIMIT, "/dev/zero: larger");
}

TEST(file_read_takes_regular_files_only)
{
    EQ_INT(mkdirat(t->dir, "d", 0755), 0);
    EQ_INT(mkfifoat(t->dir, "fifo", 0600), 0);
    EQ_INT(symlinkat("/etc/passwd", t->dir, "out"), 0);
    drop_buf struct buf b = BUF_INIT(100000);
    REFUSED(file_read(t->dir, "d", &b, &e), ERR_USAGE, "d: not a regular file");
    REFUSED(file_read(t->dir, "fifo", &b, &e), ERR_USAGE, "fifo: not a regular file");
    REFUSED(file_read(t->dir, "out", &b, &e), ERR_DENIED, "out: leads out");
    REFUSED(file_read(t->dir, "none", &b, &e), ERR_NOT_FOUND, "none: No such file");
    REFUSED(file_read(AT_FDCWD, "/", &b, &e), ERR_USAGE, "/: is a directory");
    REFUSED(file_read(AT_FDCWD, "/no/such/file", &b, &e), ERR_NOT_FOUND, "/no/such/file");
}

TEST(file_write_all_says_why)
{
    drop_fd int full = -1;
    MUST(path_open_host("/dev/full", O_WRONLY, 0, &full, &e));
    REFUSED(file_write_all(full, "x", 1, &e), ERR_IO, "No space left on device");
    MUST(file_write_all(full, "x", 0, &e));
}

// Published, replaced, dropped half-way: beneath a descriptor and by the operator's path.
static void check_newfile(int dirfd, int at, const char *path)
{
    drop_(arena_free) struct arena *a = arena_new(0);
    for (int i = 0; i < 3; i++) {
        drop_(newfile_drop) struct newfile *f = NULL;
        MUST(newfile_begin(at, path, 0644, &f, &e));
        MUST(file_write_all(f->fd, &"abc"[i], 1, &e));
        EQ_INT(entries(dirfd), (i > 0) + (f->temp != NULL));
        MUST(newfile_publish(f, i == 1, &e));
        CHECK(!f->temp);
    }
    EQ_STR(test_read(a, dirfd, "new"), "c");
    EQ_INT(entries(dirfd), 1);
    {
        drop_(newfile_drop) struct newfile *f = NULL;
        MUST(newfile_begin(at, path, 0600, &f, &e));
        MUST(file_write_all(f->fd, "lost", 4, &e));
    }
    EQ_STR(test_read(a, dirfd, "new"), "c");
    EQ_INT(entries(dirfd), 1);
    struct stat st;
    EQ_INT(fstatat(dirfd, "new", &st, 0), 0);
    EQ_INT(st.st_nlink, 1);
}

TEST(newfile_appears_at_once_or_not_at_all)
{
    check_newfile(t->dir, t->dir, "new");
    EQ_INT(unlinkat(t->dir, "new", 0), 0);
    drop_(arena_free) struct arena *a = arena_new(0);
    check_newfile(t->dir, AT_FDCWD, arena_printf(a, "%s/new", t->path));
}

TEST(newfile_on_another_filesystem)
{
    char dir[] = "/dev/shm/dema-test-XXXXXX";
    if (!mkdtemp(dir))
        SKIP("no /dev/shm to write to");
    drop_fd int fd = -1;
    MUST(path_open_host(dir, O_RDONLY | O_DIRECTORY, 0, &fd, &e));
    check_newfile(fd, fd, "new");
    MUST(tree_remove(AT_FDCWD, dir, &e));
}

// The kernel copies within a filesystem; between two of them it does not.
TEST(file_copy_leads_from_one_filesystem_to_another)
{
    drop_(arena_free) struct arena *a = arena_new(0);
    char dir[] = "/dev/shm/dema-test-XXXXXX";
    drop_fd int in = -1, here = -1, there = -1, deaf = -1;
    drop_free char *bytes = xmalloc(MIB(1));
    for (size_t i = 0; i < MIB(1); i++)
        bytes[i] = (char)(i * 7919 >> 8);
    test_write(t->dir, "from", bytes, MIB(1));
    MUST(path_open(t->dir, "from", O_RDONLY, 0, &in, &e));
    MUST(path_open(t->dir, "here", O_WRONLY | O_CREAT, 0644, &here, &e));
    MUST(file_copy(in, here, &e));
    CHECK(str_eq(test_read(a, t->dir, "here"), (struct str){bytes, MIB(1)}));
    if (!mkdtemp(dir))
        SKIP("no /dev/shm to write to");
    const char *to = arena_printf(a, "%s/to", dir);
    MUST(path_open_host(to, O_RDWR | O_CREAT, 0644, &there, &e));
    CHECK(lseek(in, 0, SEEK_SET) == 0);
    MUST(file_copy(in, there, &e));
    drop_buf struct buf got = BUF_INIT(MIB(2));
    MUST(file_read(AT_FDCWD, to, &got, &e));
    CHECK(str_eq(buf_view(&got), (struct str){bytes, MIB(1)}));
    CHECK(lseek(in, 0, SEEK_SET) == 0);
    MUST(path_open_host("/dev/null", O_RDONLY, 0, &deaf, &e));
    REFUSED(file_copy(in, deaf, &e), ERR_IO, "write|Bad file descriptor");
    MUST(tree_remove(AT_FDCWD, dir, &e));
}

TEST(newfile_publish_refuses_what_is_no_file)
{
    EQ_INT(mkdirat(t->dir, "d", 0755), 0);
    {
        drop_(newfile_drop) struct newfile *f = NULL;
        MUST(newfile_begin(t->dir, "d", 0644, &f, &e));
        REFUSED(newfile_publish(f, false, &e), ERR_IO, "d: Is a directory");
        REFUSED(newfile_publish(f, false, &e), ERR_IO, "d: Is a directory");
    }
    EQ_INT(entries(t->dir), 1);
    struct newfile *f = NULL;
    static const char *const bad[] = {"", "d/", ".", "d/."};
    for (size_t i = 0; i < COUNT(bad); i++)
        REFUSED(newfile_begin(t->dir, bad[i], 0644, &f, &e), ERR_USAGE, "names a directory");
    REFUSED(newfile_begin(t->dir, "..", 0644, &f, &e), ERR_DENIED, "leads out");
    REFUSED(newfile_begin(t->dir, "no/x", 0644, &f, &e), ERR_NOT_FOUND, "no: ");
    REFUSED(newfile_begin(AT_FDCWD, "/no/such/x", 0644, &f, &e), ERR_NOT_FOUND, "/no/such/");
    CHECK(!f);
}

TEST(newfile_replaces_a_link_and_not_its_target)
{
    test_write(t->dir, "target", "target", 6);
    EQ_INT(symlinkat("target", t->dir, "link"), 0);
    MUST(file_replace(t->dir, "link", 0644, STR("new"), &e));
    drop_(arena_free) struct arena *a = arena_new(0);
    EQ_STR(test_read(a, t->dir, "target"), "target");
    EQ_STR(test_read(a, t->dir, "link"), "new");
    EQ_INT(entries(t->dir), 2);
}

TEST(newfile_takes_the_longest_name)
{
    char name[LIMIT_COMPONENT + 2] = {0};
    memset(name, 'n', LIMIT_COMPONENT);
    for (int i = 0; i < 2; i++)
        MUST(file_replace(t->dir, name, 0644, STR("x"), &e));
    EQ_INT(entries(t->dir), 1);
    name[LIMIT_COMPONENT] = 'n';
    REFUSED(file_replace(t->dir, name, 0644, STR("x"), &e), ERR_IO, "nnn|too long");
    EQ_INT(entries(t->dir), 1);
}

TEST(tree_remove_takes_whatever_it_is)
{
    test_write(t->dir, "tree/a/b/c", "x", 1);
    test_write(t->dir, "outside/kept", "x", 1);
    EQ_INT(symlinkat("../outside", t->dir, "tree/link"), 0);
    EQ_INT(mkfifoat(t->dir, "tree/a/fifo", 0600), 0);
    EQ_INT(symlinkat("outside", t->dir, "link"), 0);
    MUST(tree_remove(t->dir, "tree/a/b/c", &e));
    MUST(tree_remove(t->dir, "tree", &e));
    MUST(tree_remove(t->dir, "link", &e));
    MUST(tree_remove(t->dir, "absent", &e));
    EQ_INT(entries(t->dir), 1);
    struct stat st;
    EQ_INT(fstatat(t->dir, "outside/kept", &st, 0), 0);
    REFUSED(tree_remove(t->dir, "..", &e), ERR_DENIED, "leads out");
    REFUSED(tree_remove(t->dir, ".", &e), ERR_USAGE, ".: does not name");
    REFUSED(tree_remove(t->dir, "", &e), ERR_USAGE, "does not name");
    REFUSED(tree_remove(t->dir, "outside/", &e), ERR_USAGE, "outside/: does not name");
    EQ_INT(symlinkat("outside", t->dir, "through"), 0);
    REFUSED(tree_remove(t->dir, "through/kept", &e), ERR_NOT_FOUND, "through");
    EQ_INT(fstatat(t->dir, "outside/kept", &st, 0), 0);
}

static void make_deep(int dirfd, const char *name, int depth, mode_t mode)
{
    drop_fd int here = -1;
    MUST(path_mkdirs(dirfd, name, 0755, &e));
    MUST(path_open_plain(dirfd, name, O_RDONLY | O_DIRECTORY, 0, &here, &e));
    for (int i = 0; i < depth; i++) {
        int next;
        EQ_INT(mkdirat(here, "d", 0755), 0);
        if (i % 50 == 0) {
            EQ_INT(mkdirat(here, "e", mode), 0);
            EQ_INT(symlinkat("/etc", here, "link"), 0);
            EQ_INT(mknodat(here, "file", S_IFREG | 0600, 0), 0);
        }
        next = openat(here, "d", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        CHECK(next >= 0);
        EQ_INT(fchmod(here, mode), 0);
        (void)close(here);
        here = next;
    }
}

TEST_SECONDS(tree_remove_takes_deep_trees_with_few_descriptors, 60)
{
    become_nobody(t);
    make_deep(t->dir, "deep", 3000, 0);
    make_deep(t->dir, "flat/one", 40, 0);
    struct rlimit few = {130, 130};
    EQ_INT(setrlimit(RLIMIT_NOFILE, &few), 0);
    MUST(tree_remove(t->dir, "deep", &e));
    MUST(tree_remove(t->dir, "flat", &e));
    EQ_INT(entries(t->dir), 0);
}

TEST(tree_remove_takes_many_directories_below_the_recursion)
{
    drop_(arena_free) struct arena *a = arena_new(0);
    struct str path = STR("top");
    for (int i = 0; i < 60; i++)
        path = str_printf(a, PRI_STR "/d", STR_ARG(path));
    for (int i = 0; i < 60; i++)
        MUST(path_mkdirs(t->dir, arena_printf(a, PRI_STR "/%d/x/y", STR_ARG(path), i), 0755, &e));
    MUST(tree_remove(t->dir, "top", &e));
    EQ_INT(entries(t->dir), 0);
}

TEST(tree_remove_says_what_stays)
{
    become_nobody(t);
    test_write(t->dir, "shut/in/x", "x", 1);
    EQ_INT(fchmodat(t->dir, "shut", 0555, 0), 0);
    MUST(tree_remove(t->dir, "shut", &e));
    test_write(t->dir, "d/x", "x", 1);
    EQ_INT(fchmod(t->dir, 0555), 0);
    REFUSED(tree_remove(t->dir, "d", &e), ERR_DENIED, "d: Permission denied");
}

TEST(newfile_beneath_a_directory_has_its_mode_under_every_umask)
{
    struct stat st;
    (void)umask(077);
    MUST(file_replace(t->dir, "f", 0755, STR("x"), &e));
    EQ_INT(fstatat(t->dir, "f", &st, 0), 0);
    EQ_UINT(st.st_mode & 07777, 0755);
    drop_(arena_free) struct arena *a = arena_new(0);
    MUST(file_replace(AT_FDCWD, arena_printf(a, "%s/own", t->path), 0644, STR("x"), &e));
    EQ_INT(fstatat(t->dir, "own", &st, 0), 0);
    EQ_UINT(st.st_mode & 07777, 0600);
}

TEST(l8_file_read_takes_back_what_it_read)
{
    drop_buf struct buf b = BUF_INIT(100);
    buf_text(&b, "before");
    int fds[2];
    EQ_INT(pipe2(fds, O_CLOEXEC), 0);
    char path[64], big[200];
    memset(big, 'x', sizeof big);
    EQ_INT(write(fds[1], big, sizeof big), sizeof big);
    (void)close(fds[1]);
    snprintf(path, sizeof path, "/dev/fd/%d", fds[0]);
    REFUSED(file_read(AT_FDCWD, path, &b, &e), ERR_LIMIT, "larger than the limit of 100 bytes");
    (void)close(fds[0]);
    EQ_STR(buf_view(&b), "before");
    EQ_TEXT(b.p, "before");
}

TEST(l8_file_read_fd_takes_regular_files_only)
{
    drop_buf struct buf b = BUF_INIT(100);
    EQ_INT(mkfifoat(t->dir, "fifo", 0600), 0);
    drop_fd int fifo = openat(t->dir, "fifo", O_RDONLY | O_NONBLOCK | O_CLOEXEC);
    REFUSED(file_read_fd(fifo, "fifo", &b, &e), ERR_USAGE, "fifo: not a regular file");
    REFUSED(file_read_fd(t->dir, "dir", &b, &e), ERR_USAGE, "dir: not a regular file");
}

// 6000 directories that are not empty, in one that lies deep: quadratic, this took minutes.
TEST(l4_tree_remove_of_many_deep_directories_is_linear)
{
    drop_(arena_free) struct arena *a = arena_new(0);
    struct str path = STR("top");
    for (int i = 0; i < 60; i++)
        path = str_printf(a, PRI_STR "/d", STR_ARG(path));
    MUST(path_mkdirs(t->dir, path.p, 0755, &e));
    drop_fd int deep = -1;
    MUST(path_open_plain(t->dir, path.p, O_RDONLY | O_DIRECTORY, 0, &deep, &e));
    for (int i = 0; i < 6000; i++) {
        char name[32];
        snprintf(name, sizeof name, "%d", i);
        EQ_INT(mkdirat(deep, name, 0755), 0);
        snprintf(name, sizeof name, "%d/in", i);
        EQ_INT(mkdirat(deep, name, 0755), 0);
    }
    MUST(tree_remove(t->dir, "top", &e));
    EQ_INT(entries(t->dir), 0);
}
