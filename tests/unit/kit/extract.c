// SPDX-License-Identifier: Apache-2.0
#include "kit/extract.h"
#include "archive/tar_write.h"
#include "base/dir.h"
#include "base/file.h"
#include "base/limits.h"
#include "stream/codec.h"
#include "stream/memory.h"
#include "test.h"
#include <fcntl.h>

struct row {
    enum tar_type type;
    const char *name, *text; // content, or target
    unsigned mode;
};

static void make_tar(struct test *t, const char *file, const struct row *rows, size_t n, const char *encoder)
{
    drop_buf struct buf tar = BUF_INIT(MIB(8));
    drop_(sink_drop) struct sink *plain = sink_buffer(&tar);
    drop_(sink_drop) struct sink *s =
        encoder ? sink_encoded(steal_ptr(plain), encoder_find(str_of(encoder)), NULL) : steal_ptr(plain);
    drop_(tar_writer_free) struct tar_writer *w = tar_writer_new(s);
    for (size_t i = 0; i < n; i++) {
        bool file_row = rows[i].type == TAR_FILE;
        struct tar_entry en = {.type = rows[i].type, .name = str_of(rows[i].name), .mode = rows[i].mode};
        if (file_row)
            en.size = strlen(rows[i].text);
        else if (rows[i].text)
            en.link = str_of(rows[i].text);
        MUST(tar_write_entry(w, &en, &e));
        if (file_row)
            MUST(tar_write_data(w, rows[i].text, en.size, &e));
    }
    MUST(tar_write_end(w, &e));
    MUST(sink_finish(s, &e));
    test_write(t->dir, file, tar.p, tar.n);
}

static int unpack(struct test *t, const char *file, struct extract x, struct extracted *out, struct err *e)
{
    drop_fd int fd = -1, dir = -1;
    if (path_mkdirs(t->dir, "layer", 0755, e) < 0 ||
        path_open(t->dir, "layer", O_RDONLY | O_DIRECTORY, 0, &dir, e) < 0 ||
        path_open(t->dir, file, O_RDONLY, 0, &fd, e) < 0)
        return -1;
    x.name = "dep";
    x.dirfd = dir;
    return extract(&x, fd, out, e);
}

static const struct row node[] = {
    {TAR_DIR, "node-24/", NULL, 0755},
    {TAR_FILE, "node-24/LICENSE", "licence", 0600},
    {TAR_FILE, "node-24/bin/node", "program", 04775},
    {TAR_SYMLINK, "node-24/bin/npm", "../lib/npm.js", 0777},
    {TAR_HARDLINK, "node-24/bin/again", "node-24/bin/node", 0755},
    {TAR_FILE, "node-24/lib/npm.js", "js", 0644},
    {TAR_FILE, "node-24/include/v8.h", "h", 0644},
};

TEST(an_archive_is_unpacked_without_its_first_folder)
{
    static const char *const encoders[] = {NULL, "gzip-libdeflate-1-1m"};
    for (size_t i = 0; i < COUNT(encoders); i++) {
        drop_(arena_free) struct arena *a = arena_new(0);
        struct extracted did;
        struct strv drop = {0};
        struct stat st;
        char target[LIMIT_PATH];
        strv_add(a, &drop, STR("include"));
        make_tar(t, "x", node, COUNT(node), encoders[i]);
        MUST(unpack(t, "x", (struct extract){.strip = 1, .drop = &drop}, &did, &e));
        EQ_UINT(did.entries, 5);
        EQ_UINT(did.bytes, 7 + 7 + 2);
        EQ_STR(test_read(a, t->dir, "layer/bin/again"), "program");
        CHECK(fstatat(t->dir, "layer/bin/node", &st, 0) == 0 && (st.st_mode & 07777) == 0755);
        CHECK(fstatat(t->dir, "layer/LICENSE", &st, 0) == 0 && (st.st_mode & 07777) == 0644);
        CHECK(fstatat(t->dir, "layer/include", &st, 0) < 0);
        drop_fd int bin = -1;
        MUST(path_open(t->dir, "layer/bin", O_RDONLY | O_DIRECTORY, 0, &bin, &e));
        MUST(path_readlink(bin, "npm", target, &e));
        EQ_TEXT(target, "../lib/npm.js");
    }
}

TEST(only_what_is_wanted)
{
    drop_(arena_free) struct arena *a = arena_new(0);
    struct extracted did;
    struct strv only = {0};
    strv_add(a, &only, STR("bin"));
    strv_add(a, &only, STR("LIC*"));
    make_tar(t, "x", node, COUNT(node), NULL);
    MUST(unpack(t, "x", (struct extract){.strip = 1, .only = &only}, &did, &e));
    EQ_UINT(did.entries, 4);
    CHECK(extract_matches(&only, STR("bin/node")));
    CHECK(!extract_matches(&only, STR("binary")));
    CHECK(!extract_matches(&only, STR("lib/bin")));
}

// As git has them: which of its names has the content depends on the archive, not on what is wanted.
TEST(hard_links_to_what_is_left_out)
{
    static const struct row rows[] = {
        {TAR_FILE, "top", "top", 0644},
        {TAR_FILE, "git/lib/git", "git", 0755},
        {TAR_FILE, "git/lib/other", "other", 0755},
        {TAR_HARDLINK, "git/bin/top", "top", 0644},
        {TAR_HARDLINK, "git/bin/git", "git/lib/git", 0755},
        {TAR_HARDLINK, "git/bin/again", "git/lib/git", 0755},
        {TAR_HARDLINK, "git/bin/of-a-link", "git/bin/git", 0755},
        {TAR_HARDLINK, "git/bin/replaced", "git/lib/git", 0755},
        {TAR_FILE, "git/bin/replaced", "new", 0644},
        {TAR_FILE, "git/lib/git", "a later one", 0644},
        {TAR_HARDLINK, "git/share/left-out", "git/lib/other", 0644},
    };
    static const char *const encoders[] = {NULL, "gzip-libdeflate-1-1m"};
    for (size_t i = 0; i < COUNT(encoders); i++) {
        drop_(arena_free) struct arena *a = arena_new(0);
        struct extracted did;
        struct strv only = {0}, drop = {0}, names;
        struct stat st, again;
        struct digest sum;
        drop_fd int layer = -1;
        strv_add(a, &only, STR("bin"));
        strv_add(a, &drop, STR("lib"));
        strv_add(a, &drop, STR("share"));
        MUST(tree_remove(t->dir, "layer", &e));
        make_tar(t, "x", rows, COUNT(rows), encoders[i]);
        struct str whole = test_read(a, t->dir, "x");
        digest_of(HASH_SHA256, whole.p, whole.n, &sum);
        struct extract x = {.strip = 1, .sum = &sum};
        *(i ? &x.only : &x.drop) = i ? &only : &drop;
        MUST(unpack(t, "x", x, &did, &e));
        EQ_UINT(did.entries, 6);
        EQ_UINT(did.bytes, 3 + 3 + 3); // "top", "git" and "new"
        MUST(path_open(t->dir, "layer", O_RDONLY | O_DIRECTORY, 0, &layer, &e));
        MUST(dir_names(a, layer, ".", 100, &names, &e));
        EQ_UINT(names.n, 1); // bin, and nothing that stood aside
        EQ_STR(test_read(a, layer, "bin/top"), "top");
        EQ_STR(test_read(a, layer, "bin/git"), "git");
        EQ_STR(test_read(a, layer, "bin/again"), "git");
        EQ_STR(test_read(a, layer, "bin/of-a-link"), "git");
        EQ_STR(test_read(a, layer, "bin/replaced"), "new");
        CHECK(fstatat(layer, "bin/git", &st, 0) == 0 && (st.st_mode & 07777) == 0755 && st.st_nlink == 3);
        CHECK(fstatat(layer, "bin/again", &again, 0) == 0 && st.st_ino == again.st_ino);
    }
}

TEST(hard_links_to_what_is_left_out_and_no_file)
{
    static const struct row rows[][2] = {
        {{TAR_SYMLINK, "lib/git", "/etc/passwd", 0777}, {TAR_HARDLINK, "bin/git", "lib/git", 0755}},
        {{TAR_DIR, "lib/git", NULL, 0755}, {TAR_HARDLINK, "bin/git", "lib/git", 0755}},
        {{TAR_FILE, "lib/got", "x", 0755}, {TAR_HARDLINK, "bin/git", "lib/git", 0755}},
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        drop_(arena_free) struct arena *a = arena_new(0);
        struct extracted did;
        struct strv drop = {0};
        strv_add(a, &drop, STR("lib"));
        MUST(tree_remove(t->dir, "layer", &e));
        make_tar(t, "x", rows[i], 2, NULL);
        REFUSED(unpack(t, "x", (struct extract){.drop = &drop}, &did, &e), ERR_PARSE,
                "dep: bin/git: a hard link to \"lib/git\"");
    }
}

TEST(one_file_wants_a_place)
{
    struct extracted did;
    struct stat st;
    test_write(t->dir, "x", "#!/bin/sh\n", 10);
    REFUSED(unpack(t, "x", (struct extract){0}, &did, &e), ERR_PARSE, "dep|into");
    MUST(unpack(t, "x", (struct extract){.into = STR("bin/tini")}, &did, &e));
    CHECK(fstatat(t->dir, "layer/bin/tini", &st, 0) == 0 && (st.st_mode & 07777) == 0755);
    test_write(t->dir, "x", "PK\003\004rest", 8);
    REFUSED(unpack(t, "x", (struct extract){.into = STR("y")}, &did, &e), ERR_PARSE, "zip");
}

TEST(hostile_archives_are_refused)
{
    static const struct {
        struct row rows[3];
        enum err_code code;
        const char *words;
    } cases[] = {
        {{{TAR_FILE, "../secret", "evil", 0644}}, ERR_DENIED, "../secret"},
        {{{TAR_FILE, "a/../../secret", "evil", 0644}}, ERR_DENIED, "secret"},
        {{{TAR_SYMLINK, "a", "../..", 0777}}, ERR_DENIED, "a|leads out"},
        {{{TAR_SYMLINK, "a", "/tmp", 0777}, {TAR_FILE, "a/secret", "evil", 0644}},
         ERR_DENIED,
         "symbolic link"},
        {{{TAR_SYMLINK, "b/a", "/tmp", 0777}, {TAR_DIR, "b/a/new", NULL, 0755}}, ERR_DENIED, "symbolic link"},
        {{{TAR_FILE, "b/x", "1", 0644}, {TAR_SYMLINK, "b", "/tmp", 0777}}, ERR_PARSE, "directory"},
        {{{TAR_SYMLINK, "s", "/etc/passwd", 0777}, {TAR_HARDLINK, "h", "s", 0644}}, ERR_PARSE, "h|hard link"},
        {{{TAR_HARDLINK, "h", "../../etc/passwd", 0644}}, ERR_DENIED, "h"},
        {{{TAR_HARDLINK, "h", "nothing", 0644}}, ERR_PARSE, "h|nothing"},
        {{{TAR_CHAR, "null", NULL, 0666}}, ERR_DENIED, "null|device"},
        {{{TAR_FIFO, "pipe", NULL, 0666}}, ERR_DENIED, "pipe|device or pipe"},
        {{{TAR_SYMLINK, "f", "/tmp/dema-secret", 0777}, {TAR_FILE, "f", "kept inside", 0644}}, ERR_NONE, ""},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct extracted did;
        size_t n = 0;
        while (n < 3 && cases[i].rows[n].name)
            n++;
        MUST(tree_remove(t->dir, "layer", &e));
        make_tar(t, "x", cases[i].rows, n, NULL);
        if (cases[i].code == ERR_NONE)
            MUST(unpack(t, "x", (struct extract){0}, &did, &e));
        else
            REFUSED(unpack(t, "x", (struct extract){0}, &did, &e), cases[i].code, cases[i].words);
    }
    struct stat st;
    CHECK(fstatat(t->dir, "secret", &st, 0) < 0);
    CHECK(fstatat(AT_FDCWD, "/tmp/dema-secret", &st, 0) < 0);
}

// What somebody else may write to while it is read: the bytes that were unpacked decide.
TEST(other_bytes_than_the_catalogue_wants)
{
    drop_(arena_free) struct arena *a = arena_new(0);
    static const char *const encoders[] = {NULL, "gzip-libdeflate-1-1m"};
    for (size_t i = 0; i < COUNT(encoders); i++) {
        struct extracted did;
        struct digest sum;
        make_tar(t, "x", node, COUNT(node), encoders[i]);
        struct str whole = test_read(a, t->dir, "x");
        for (int alg = 0; alg < 2; alg++) {
            digest_of(alg ? HASH_SHA512 : HASH_SHA256, whole.p, whole.n, &sum);
            MUST(unpack(t, "x", (struct extract){.strip = 1, .sum = &sum}, &did, &e));
        }
        sum.sum[0] ^= 1;
        REFUSED(unpack(t, "x", (struct extract){.strip = 1, .sum = &sum}, &did, &e), ERR_DIGEST,
                "dep|changed");
    }
    // Behind the end of an archive too.
    struct digest sum;
    struct extracted did;
    make_tar(t, "x", node, COUNT(node), NULL);
    drop_buf struct buf more = BUF_INIT(MIB(1));
    buf_str(&more, test_read(a, t->dir, "x"));
    digest_of(HASH_SHA256, more.p, more.n, &sum);
    buf_add(&more, "\0\0\0\0", 4);
    test_write(t->dir, "x", more.p, more.n);
    REFUSED(unpack(t, "x", (struct extract){.strip = 1, .sum = &sum}, &did, &e), ERR_DIGEST, "dep");
}

TEST(a_cut_archive_is_refused)
{
    drop_(arena_free) struct arena *a = arena_new(0);
    struct extracted did;
    make_tar(t, "x", node, COUNT(node), "gzip-libdeflate-1-1m");
    struct str whole = test_read(a, t->dir, "x");
    test_write(t->dir, "y", whole.p, whole.n / 2);
    REFUSED(unpack(t, "y", (struct extract){.strip = 1}, &did, &e), ERR_PARSE, "dep");
}
