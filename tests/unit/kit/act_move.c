// SPDX-License-Identifier: Apache-2.0
// Paths of the app that move into a layer.
#include "base/dir.h"
#include "base/file.h"
#include "base/limits.h"
#include "site.h"
#include <fcntl.h>
#include <sys/stat.h>

TEST(paths_of_the_app_move_into_a_layer)
{
    drop_(arena_free) struct arena *a = arena_new(1 << 16);
    drop_site struct site s;
    site_init(&s, t, a,
              "[[layer]]\nname = 'm'\nlaunch = true\ncache = true\nfiles = ['lock']\nmove = { 'mods' = "
              "'deep/mods' }\n"
              "[[step]]\nlayer = 'm'\nrun = ['sh', '-c', 'mkdir mods; cp lock mods/x']\n");
    test_write(t->dir, "app/lock", "1", 1);
    MUST(build(&s, &e));
    EQ_STR(content(&s, "layers/bp/m/deep/mods/x"), "1");
    char target[LIMIT_PATH];
    drop_fd int app = -1;
    MUST(path_open(t->dir, "app", O_RDONLY | O_DIRECTORY, 0, &app, &e));
    MUST(path_readlink(app, "mods", target, &e));
    EQ_STR(place(&s, "layers/bp/m/deep/mods"), target);
    // The next build has the app as it came.
    CHECK(unlinkat(app, "mods", 0) == 0);
    test_write(t->dir, "app/mods/vendored", "v", 1);
    MUST(build(&s, &e));
    LOGGED("Reusing cached layer");
    MUST(path_readlink(app, "mods", target, &e));
    EQ_STR(place(&s, "layers/bp/m/deep/mods"), target);
}

TEST(a_move_leaves_no_link_to_nothing)
{
    drop_(arena_free) struct arena *a = arena_new(1 << 16);
    drop_site struct site s;
    site_init(&s, t, a,
              "[[layer]]\nname = 'm'\ncache = true\nfiles = ['lock']\nmove = { 'mods' = 'deep/mods' }\n");
    test_write(t->dir, "app/lock", "1", 1);
    CHECK(symlinkat("/nowhere", t->dir, "app/mods") == 0);
    MUST(build(&s, &e));
    CHECK(there(&s, "layers/bp/m/deep/mods"));
}

// A folder of the app's that went into a layer does not go with it. `away`: where the layers are.
static void no_failure_loses(struct test *t, const char *away)
{
    static const char *const rest[] = {
        "move = { 'mods' = 'deep/mods', 'gone/x' = 'x' }\n", // the second one fails
        "move = { 'mods' = 'deep/mods' }\n"                  // its environment fails
        "[[env]]\nlayer = 'm'\noverride = { '${long}' = 'x' }\n",
        "move = { 'mods' = 'deep/mods' }\nwrite = { 'deep/mods/in' = '' }\n", // nothing fails
    };
    for (size_t i = 0; i < COUNT(rest); i++) {
        bool fails = i + 1 < COUNT(rest);
        drop_(arena_free) struct arena *a = arena_new(1 << 16);
        drop_site struct site s;
        drop_buf struct buf recipe = BUF_INIT(8192);
        buf_text(&recipe, "[[fact]]\nname = 'long'\nvalue = '");
        for (size_t n = 0; n < 250; n++) // its file has a longer name than there can be
            buf_char(&recipe, 'V');
        buf_printf(&recipe, "'\n[[layer]]\nname = 'm'\ncache = true\nfiles = ['lock']\n%s", rest[i]);
        MUST(tree_remove(t->dir, "app", &e));
        MUST(tree_remove(t->dir, "layers", &e));
        site_init(&s, t, a, recipe.p);
        if (away)
            CHECK(unlinkat(t->dir, "layers/bp", AT_REMOVEDIR) == 0 &&
                  symlinkat(away, t->dir, "layers/bp") == 0);
        test_write(t->dir, "app/lock", "1", 1);
        test_write(t->dir, "app/mods/x", "mine", 4);
        struct err why = {0};
        EQ_INT(build(&s, &why), fails ? -1 : 0);
        if (!fails)
            continue;
        EQ_STR(content(&s, "app/mods/x"), "mine");
        CHECK_MSG(!there(&s, "layers/bp/m"), "%zu: %s", i, why.cause);
        drop_fd int app = -1;
        struct strv names;
        MUST(path_open(t->dir, "app", O_RDONLY | O_DIRECTORY, 0, &app, &e));
        MUST(dir_names(a, app, ".", 100, &names, &e));
        EQ_UINT(names.n, 2); // no link is left either
    }
}

TEST(a_folder_of_the_app_is_not_lost_with_a_layer)
{
    struct stat here, other;
    char away[] = "/dev/shm/dema-unit-XXXXXX";
    no_failure_loses(t, NULL);
    if (stat("/dev/shm", &other) < 0 || fstat(t->dir, &here) < 0 || here.st_dev == other.st_dev ||
        !mkdtemp(away))
        return;
    no_failure_loses(t, away);
    MUST(tree_remove(AT_FDCWD, away, &e));
}

// Below another file system's mount point nothing is renamed.
TEST(what_is_copied_into_a_layer_keeps_its_modes)
{
    drop_(arena_free) struct arena *a = arena_new(1 << 16);
    drop_site struct site s;
    struct stat here, other, st;
    char away[] = "/dev/shm/dema-unit-XXXXXX";
    if (stat("/dev/shm", &other) < 0 || fstat(t->dir, &here) < 0 || here.st_dev == other.st_dev ||
        !mkdtemp(away))
        SKIP("one file system");
    site_init(&s, t, a,
              "[[layer]]\nname = 'm'\ncache = true\nfiles = ['lock']\nmove = { 'mods' = 'mods' }\n"
              "[[step]]\nlayer = 'm'\nrun = ['sh', '-c', 'mkdir mods; echo > mods/x; chmod 664 mods/x']\n");
    CHECK(unlinkat(t->dir, "layers/bp", AT_REMOVEDIR) == 0 && symlinkat(away, t->dir, "layers/bp") == 0);
    test_write(t->dir, "app/lock", "1", 1);
    mode_t before = umask(077);
    struct err why = {0};
    int rc = build(&s, &why);
    (void)umask(before);
    int there = stat(arena_printf(a, "%s/m/mods/x", away), &st);
    MUST(tree_remove(AT_FDCWD, away, &e));
    CHECK_MSG(rc == 0, "%s", why.cause);
    EQ_INT(there, 0);
    EQ_UINT(st.st_mode & 07777, 0664);
}

// `away`: where the layers are, on another file system.
static void a_file_moves(struct test *t, const char *away)
{
    drop_(arena_free) struct arena *a = arena_new(1 << 16);
    drop_site struct site s;
    struct stat st;
    char target[LIMIT_PATH];
    drop_fd int app = -1, layers = -1;
    MUST(tree_remove(t->dir, "layers", &e));
    site_init(&s, t, a,
              "[[layer]]\nname = 'm'\ncache = true\nfiles = ['lock']\nmove = { 'out.bin' = 'bin/out' }\n"
              "[[step]]\nlayer = 'm'\nrun = ['sh', '-c', 'echo made > out.bin; chmod 755 out.bin']\n");
    if (away)
        CHECK(unlinkat(t->dir, "layers/bp", AT_REMOVEDIR) == 0 && symlinkat(away, t->dir, "layers/bp") == 0);
    test_write(t->dir, "app/lock", "1", 1);
    MUST(build(&s, &e));
    MUST(path_open_host(str_c(a, place(&s, "layers/bp")), O_RDONLY | O_DIRECTORY, 0, &layers, &e));
    EQ_STR(test_read(a, layers, "m/bin/out"), "made\n");
    CHECK(fstatat(layers, "m/bin/out", &st, 0) == 0 && (st.st_mode & 07777) == 0755);
    MUST(path_open(t->dir, "app", O_RDONLY | O_DIRECTORY, 0, &app, &e));
    MUST(path_readlink(app, "out.bin", target, &e));
    EQ_STR(place(&s, "layers/bp/m/bin/out"), target);
    // What fails behind it gives the file back.
    s.recipe = "[[layer]]\nname = 'm'\ncache = true\nmove = { 'out.bin' = 'out', 'gone/x' = 'x' }\n"
               "write = { f = '' }\n";
    CHECK(unlinkat(app, "out.bin", 0) == 0);
    test_write(t->dir, "app/out.bin", "mine", 4);
    REFUSED(build(&s, &e), ERR_NOT_FOUND, "m: move");
    EQ_STR(content(&s, "app/out.bin"), "mine");
    // What is neither a file nor a folder stays where it is.
    s.recipe = "[[layer]]\nname = 'm'\ncache = true\nmove = { 'out.bin' = 'out' }\nwrite = { f = '' }\n";
    CHECK(unlinkat(app, "out.bin", 0) == 0 && mkfifoat(app, "out.bin", 0644) == 0);
    REFUSED(build(&s, &e), ERR_DENIED, "move: out.bin: neither file, folder nor link");
    CHECK(fstatat(app, "out.bin", &st, AT_SYMLINK_NOFOLLOW) == 0 && S_ISFIFO(st.st_mode));
    CHECK(unlinkat(app, "out.bin", 0) == 0);
}

TEST(a_file_of_the_app_moves_into_a_layer)
{
    struct stat here, other;
    char away[] = "/dev/shm/dema-unit-XXXXXX";
    a_file_moves(t, NULL);
    if (stat("/dev/shm", &other) < 0 || fstat(t->dir, &here) < 0 || here.st_dev == other.st_dev ||
        !mkdtemp(away))
        return;
    a_file_moves(t, away);
    MUST(tree_remove(AT_FDCWD, away, &e));
}
