// SPDX-License-Identifier: Apache-2.0
#include "archive/tar_read.h"
#include "unpack_rig.h"
#include <elf.h>
#include <sys/stat.h>

static void unpacks(struct test *t, const struct recipe *r, size_t n, const struct want *w, size_t wn)
{
    drop_run struct rig_run run = {.root = rig_root(t, "tree")};
    MUST(rig_unpack(t, r, n, NULL, &run, &e));
    EQ_UINT(run.set->n, n);
    for (size_t i = 0; i < wn; i++)
        rig_want(run.root, &w[i]);
}
#define UNPACKS(in, want) unpacks(t, in, COUNT(in), want, COUNT(want))

static void refuses(struct test *t, const struct recipe *r, size_t n, enum err_code code, const char *words)
{
    drop_run struct rig_run run = {.root = rig_root(t, "tree")};
    test_write(t->dir, "out/secret", "secret", 6);
    REFUSED(rig_unpack(t, r, n, NULL, &run, &e), code, words);
    CHECK(!run.set);
    rig_want(t->dir, &(struct want){'f', "out/secret", "secret"});
    rig_want(t->dir, &(struct want){'-', "out/new", NULL});
}
#define REFUSES(in, code, words) refuses(t, in, COUNT(in), code, words)

TEST(every_codec)
{
    for (enum codec c = CODEC_PLAIN; c < CODEC_MAX_; c++) {
        char dir[16];
        const struct recipe in = {
            .name = "hello",
            .row = {DIR_("./"), DIR_("./usr"), DIR_("./usr/bin"), FILE_("./usr/bin/hello", "hi", 0755),
                    LINK_("./usr/bin/hi", "hello"), HARD_("./usr/bin/hey", "./usr/bin/hello")},
            .codec = c};
        const struct want want[] = {{'d', "usr/bin", NULL},
                                    {'f', "usr/bin/hello", "hi"},
                                    {'l', "usr/bin/hi", "hello"},
                                    {'f', "usr/bin/hey", "hi"}};
        (void)snprintf(dir, sizeof dir, "tree%d", (int)c);
        drop_run struct rig_run run = {.root = rig_root(t, dir)};
        MUST(rig_unpack(t, &in, 1, NULL, &run, &e));
        WANTS(run.root, want);
    }
}

TEST(usr_is_merged)
{
    const struct recipe in[] = {
        {.name = "pa",
         .more = NULL,
         .row = {DIR_("./bin"), FILE_("./bin/sh", "sh", 0755), FILE_("./lib/x/libc.so", "c"),
                 FILE_("./lib64/ld", "ld")}},
        {.name = "pb",
         .more = NULL,
         .row = {LINK_("./bin", "usr/bin"), DIR_("./var/run"), DIR_("./var/lock", NULL, 01777),
                 FILE_("./libexec", "no")}},
    };
    const struct want want[] = {{'f', "usr/bin/sh", "sh"},   {'f', "usr/lib/x/libc.so", "c"},
                                {'f', "usr/lib64/ld", "ld"}, {'-', "bin", NULL},
                                {'-', "lib", NULL},          {'d', "run/lock", NULL},
                                {'-', "var/run", NULL},      {'f', "libexec", "no"}};
    UNPACKS(in, want);
}

TEST(what_a_package_says_is_kept)
{
    const struct recipe in = {
        .name = "tool",
        .more = "Multi-Arch: same\nReplaces: other\nDescription: one\n two\n",
        .row = {FILE_("./bin/tool", "t", 02755, 3, 42), DIR_("./etc", NULL, 0700),
                FILE_("./etc/tool", "c", 0600)},
        {FILE_("./postinst", "#!/bin/sh\n", 0755), FILE_("./conffiles", "/etc/tool\n")}};
    drop_run struct rig_run run = {.root = rig_root(t, "tree")};
    MUST(rig_unpack(t, &in, 1, NULL, &run, &e));
    const struct deb_unpacked *u = run.set->v;
    EQ_STR(u->control.package, "tool");
    EQ_STR(u->control.version, "1.0");
    EQ_STR(u->control.architecture, "amd64");
    EQ_STR(paragraph_get(&u->control.fields, "Description"), "one\n two");
    EQ_UINT(u->control.file_n, 2);
    EQ_STR(u->control.file[0].name, "conffiles");
    EQ_STR(deb_control_file(&u->control, "postinst")->text, "#!/bin/sh\n");
    CHECK(!deb_control_file(&u->control, "prerm"));
    EQ_UINT(u->entry_n, 3);
    EQ_STR(u->entry[0].named, "bin/tool");
    EQ_STR(u->entry[0].path, "usr/bin/tool");
    const struct owner *o = owners_find(run.owners, STR("usr/bin/tool"));
    CHECK(o && o->uid == 3 && o->gid == 42 && o->mode == 02755);
    struct stat st;
    CHECK(fstatat(run.root, "usr/bin/tool", &st, 0) == 0);
    EQ_UINT(st.st_mode & 07777, 0755); // setgid of the wrong group never comes to the disk
    o = owners_find(run.owners, STR("usr"));
    CHECK(o && o->mode == 0755);
    o = owners_find(run.owners, STR("etc"));
    CHECK(o && o->mode == 0700);
}

TEST(hostile_names_and_types)
{
    static const struct {
        struct row row[3];
        enum err_code code;
        const char *words;
    } bad[] = {
        {{FILE_("../out/new", "x")}, ERR_DENIED, "evil.deb|../out/new"},
        {{FILE_("a/../../out/new", "x")}, ERR_DENIED, "evil.deb"},
        {{LINK_("a", "../out"), FILE_("a/new", "x")}, ERR_DENIED, "evil and evil|both hold a"},
        {{LINK_("a", "/tmp"), DIR_("a")}, ERR_PARSE, "a second entry|another type"},
        {{FILE_("a", "1"), FILE_("a", "2")}, ERR_PARSE, "data.tar: a: a second entry"},
        {{FILE_("bin/a", "1"), LINK_("usr/bin/a", "../../bin/a")}, ERR_PARSE, "usr/bin/a: a second entry"},
        {{HARD_("a", "../out/secret")}, ERR_DENIED, "a"},
        {{HARD_("a", "etc/passwd")}, ERR_PARSE, "hard link to etc/passwd: no earlier file"},
        {{LINK_("l", "../out/secret"), HARD_("a", "l")}, ERR_PARSE, "hard link to l: no earlier file"},
        {{FILE_("a", "1"), HARD_("a", "a")}, ERR_PARSE, "a second entry"},
        {{{TAR_CHAR, "null", NULL, 0666, 0, 0}}, ERR_DENIED, "null: a device or fifo"},
        {{{TAR_FIFO, "pipe", NULL, 0666, 0, 0}}, ERR_DENIED, "pipe: a device or fifo"},
        {{FILE_(".", "x")}, ERR_PARSE, "the root is no directory"},
    };
    for (size_t i = 0; i < COUNT(bad); i++) {
        struct recipe in = {.name = "evil"};
        memcpy(in.row, bad[i].row, sizeof bad[i].row);
        refuses(t, &in, 1, bad[i].code, bad[i].words);
        MUST(tree_remove(t->dir, "tree", &e));
    }
}

TEST(a_hard_link_to_the_file_of_another_package)
{
    const struct recipe in[] = {{.name = "pa", .more = NULL, .row = {FILE_("x", "1")}},
                                {.name = "pb", .more = NULL, .row = {HARD_("y", "x")}}};
    REFUSES(in, ERR_PARSE, "package pb.deb|hard link to x");
}

TEST(one_file_in_two_packages)
{
    const struct recipe in[] = {{.name = "pb", .more = NULL, .row = {FILE_("x", "b"), FILE_("w", "b")}},
                                {.name = "pa", .more = NULL, .row = {FILE_("x", "a"), FILE_("w", "a")}},
                                {.name = "pc", .more = NULL, .row = {DIR_("d"), FILE_("d/x", "c")}}};
    REFUSES(in, ERR_DENIED, "packages pb and pa: both hold w");
}

TEST(a_link_and_a_directory)
{
    const struct recipe in[] = {{.name = "pa", .more = NULL, .row = {LINK_("d", "e")}},
                                {.name = "pb", .more = NULL, .row = {FILE_("d/x", "b")}}};
    REFUSES(in, ERR_DENIED, "packages pa and pb: both hold d");
}

TEST(replaces_decides_in_either_order)
{
    static const struct {
        const char *a, *b, *winner; // NULL: neither
    } row[] = {
        {"Replaces: pb\n", NULL, "pa"},
        {NULL, "Replaces: qq, pa (<< 2)\n", "pb"},
        {NULL, "Replaces: pa (<< 1.0)\n", NULL},
        {"Replaces: pb (<= 1.0)\n", NULL, "pa"},
        {"Replaces: pb\n", "Replaces: pa\n", "second"},
    };
    for (size_t i = 0; i < COUNT(row); i++) {
        for (int swap = 0; swap < 2; swap++) {
            const struct recipe a = {
                .name = "pa", .more = row[i].a, .row = {FILE_("x", "pa", 0600), FILE_("only-a", "a")}};
            const struct recipe b = {.name = "pb", .more = row[i].b, .row = {FILE_("x", "pb")}};
            const struct recipe in[2] = {swap ? b : a, swap ? a : b};
            drop_run struct rig_run run = {.root = rig_root(t, "tree")};
            if (row[i].winner) {
                const char *winner = strcmp(row[i].winner, "second") == 0 ? in[1].name : row[i].winner;
                MUST(rig_unpack(t, in, 2, NULL, &run, &e));
                rig_want(run.root, &(struct want){'f', "x", winner});
                size_t loser = strcmp(in[0].name, winner) == 0;
                EQ_INT(run.set->v[loser].entry[0].fate, DEB_REPLACED);
                EQ_INT(run.set->v[!loser].entry[0].fate, DEB_PLACED);
                EQ_UINT(owners_find(run.owners, STR("x"))->mode, winner[1] == 'a' ? 0600 : 0644);
            } else {
                REFUSED(rig_unpack(t, in, 2, NULL, &run, &e), ERR_DENIED, "both hold x");
            }
            MUST(tree_remove(t->dir, "tree", &e));
        }
    }
}

TEST(exclusions)
{
    const struct recipe in = {.name = "pa",
                              .row = {DIR_("usr/share/doc/a"), FILE_("usr/share/doc/a/README", "r"),
                                      FILE_("usr/share/doc/a/copyright", "c"), FILE_("usr/share/docs", "d"),
                                      FILE_("usr/share/man/man1/a.1", "m"),
                                      HARD_("usr/share/other", "usr/share/docs"),
                                      FILE_("lib/systemd/x", "s")}};
    struct str pattern[] = {STR("/usr/share/doc/*"), STR("!/usr/share/doc/*/copyright"), STR("usr/share/man"),
                            STR("usr/lib/systemd")};
    struct strv v = {pattern, COUNT(pattern), COUNT(pattern)};
    const struct deb_unpack_spec how = {.exclude = &v};
    const struct want want[] = {
        {'-', "usr/share/doc/a/README", NULL}, {'f', "usr/share/doc/a/copyright", "c"},
        {'f', "usr/share/docs", "d"},          {'-', "usr/share/man", NULL},
        {'f', "usr/share/other", "d"},         {'-', "usr/lib", NULL}};
    drop_run struct rig_run run = {.root = rig_root(t, "tree")};
    MUST(rig_unpack(t, &in, 1, &how, &run, &e));
    WANTS(run.root, want);
    EQ_INT(run.set->v[0].entry[1].fate, DEB_EXCLUDED);
    EQ_INT(run.set->v[0].entry[2].fate, DEB_PLACED);
    pattern[2] = STR("usr/[");
    drop_run struct rig_run bad = {.root = rig_root(t, "bad")};
    REFUSED(rig_unpack(t, &in, 1, &how, &bad, &e), ERR_USAGE, "exclude \"usr/[\"");
}

// Bytes that are no UTF-8 are one character to a pattern: only ASCII at its front may be compared as it is.
TEST(an_exclusion_that_is_not_ascii)
{
    const struct recipe in = {.name = "pa",
                              .row = {FILE_("doc/\xc3\xa4/x", "x"), FILE_("doc/\xc3\xb6/x", "x"),
                                      FILE_("doc/a", "a"), FILE_("d", "d"), FILE_("docs", "d")}};
    struct str pattern[] = {STR("/doc/\xc3\xa4"), STR("/doc/[a-b]"), STR("/?")};
    struct strv v = {pattern, COUNT(pattern), COUNT(pattern)};
    const struct deb_unpack_spec how = {.exclude = &v};
    const struct want want[] = {{'-', "doc/\xc3\xa4", NULL},
                                {'f', "doc/\xc3\xb6/x", "x"},
                                {'-', "doc/a", NULL},
                                {'-', "d", NULL},
                                {'f', "docs", "d"}};
    drop_run struct rig_run run = {.root = rig_root(t, "tree")};
    MUST(rig_unpack(t, &in, 1, &how, &run, &e));
    WANTS(run.root, want);
}

TEST(where_elf_files_are)
{
    const struct recipe in[] = {
        {.name = "pa",
         .row = {FILE_("lib/z", ELFMAG "x"), FILE_("usr/bin/a", ELFMAG), FILE_("usr/bin/short", "\177E"),
                 FILE_("usr/bin/script", "#!/bin/sh\n"), FILE_("usr/bin/empty", NULL),
                 HARD_("usr/bin/b", "usr/bin/a"), FILE_("usr/share/doc/x", ELFMAG), LINK_("usr/bin/l", "a"),
                 FILE_("usr/bin/lost", ELFMAG)}},
        {.name = "pb", .more = "Replaces: pa\n", .row = {FILE_("usr/bin/lost", "script")}}};
    drop_(arena_free) struct arena *a = arena_new(1024);
    struct str pattern = STR("/usr/share/doc/*"), all = STR("");
    struct strv v = {&pattern, 1, 1}, files = {0};
    const struct deb_unpack_spec how = {.exclude = &v};
    drop_run struct rig_run run = {.root = rig_root(t, "tree")};
    MUST(rig_unpack(t, in, COUNT(in), &how, &run, &e));
    deb_elf_files(run.set, a, &files);
    for (size_t i = 0; i < files.n; i++)
        all = str_printf(a, PRI_STR " " PRI_STR, STR_ARG(all), STR_ARG(files.v[i]));
    EQ_STR(all, " usr/bin/a usr/bin/b usr/lib/z");
}

TEST(a_hard_link_to_what_is_excluded)
{
    const struct recipe in = {.name = "pa", .row = {FILE_("doc/x", "x"), HARD_("y", "doc/x")}};
    struct str pattern = STR("doc");
    struct strv v = {&pattern, 1, 1};
    const struct deb_unpack_spec how = {.exclude = &v};
    drop_run struct rig_run run = {.root = rig_root(t, "tree")};
    REFUSED(rig_unpack(t, &in, 1, &how, &run, &e), ERR_PARSE, "y: hard link to doc/x");
}

// The frame of a package: members as given.
struct frame {
    struct {
        const char *name;
        struct str data;
    } m[4];
    enum err_code code; // ERR_NONE: good
    const char *words;
};

static void try_frames(struct test *t, const struct frame *row, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        drop_buf struct buf ar = BUF_INIT(MIB(1));
        drop_run struct rig_run run = {.root = rig_root(t, "tree"), .owners = owners_new()};
        for (size_t k = 0; k < 4 && row[i].m[k].name; k++)
            rig_member(&ar, row[i].m[k].name, row[i].m[k].data);
        struct deb_input in = rig_input(t, "p.deb", buf_view(&ar));
        drop_fd int fd = in.fd;
        const struct deb_unpack_spec s = {.root = run.root, .deb = &in, .n = 1};
        if (row[i].code == ERR_NONE)
            MUST(deb_unpack(&s, run.owners, &run.set, &e));
        else
            REFUSED(deb_unpack(&s, run.owners, &run.set, &e), row[i].code, row[i].words);
        MUST(tree_remove(t->dir, "tree", &e));
    }
}

#define CONTROL_OF_PA "Package: pa\nVersion: 1\nArchitecture: all\n"

TEST(malformed_frames)
{
    drop_buf struct buf control = BUF_INIT(MIB(1)), data = BUF_INIT(MIB(1));
    const struct row file[] = {FILE_("x", "1")};
    rig_tar(&control, CONTROL_OF_PA, NULL, 0);
    rig_tar(&data, NULL, file, 1);
    struct str c = buf_view(&control), d = buf_view(&data), v2 = STR("2.0\n");
    const struct frame row[] = {
        {{{"debian-binary", v2}, {"control.tar", c}, {"data.tar", d}}, ERR_NONE, NULL},
        {{{"debian-binary", STR("2.1\nmore\n")}, {"_x", v2}, {"control.tar", c}, {"data.tar", d}},
         ERR_NONE,
         NULL},
        {{{"debian-binary", v2}, {"control.tar", c}, {"data.tar", d}, {"more", d}}, ERR_NONE, NULL},
        {{{"control.tar", c}, {"data.tar", d}},
         ERR_PARSE,
         "member \"control.tar\", want debian-binary first"},
        {{{"debian-binary", STR("3.0\n")}, {"control.tar", c}, {"data.tar", d}},
         ERR_PARSE,
         "version \"3.0\", want \"2.0\""},
        {{{"debian-binary", STR("2.0")}, {"control.tar", c}, {"data.tar", d}}, ERR_PARSE, "version"},
        {{{"debian-binary", v2}, {"data.tar", d}, {"control.tar", c}},
         ERR_PARSE,
         "member \"data.tar\", want control.tar"},
        {{{"debian-binary", v2}, {"control.tar", c}}, ERR_PARSE, "ends without data.tar"},
        {{{"debian-binary", v2}}, ERR_PARSE, "ends without control.tar"},
        {{{"debian-binary", v2}, {"control.tar", c}, {"x", c}, {"data.tar", d}},
         ERR_PARSE,
         "member \"x\", want data.tar"},
        {{{"debian-binary", v2}, {"control.tar", c}, {"data.tar.bz2", d}},
         ERR_PARSE,
         "data.tar.bz2|want data.tar, or"},
        {{{"debian-binary", v2}, {"control.tar", c}, {"data.tar.xz", d}}, ERR_PARSE, "xz"},
        {{{"debian-binary", v2}, {"control.tar", c}, {"data.tar", str_head(d, 700)}}, ERR_PARSE, "data.tar"},
    };
    try_frames(t, row, COUNT(row));
}

TEST(malformed_control)
{
    drop_buf struct buf data = BUF_INIT(MIB(1)), none = BUF_INIT(MIB(1)), two = BUF_INIT(MIB(1)),
                        nameless = BUF_INIT(MIB(1)), odd = BUF_INIT(MIB(1)), deep = BUF_INIT(MIB(1)),
                        slash = BUF_INIT(MIB(1));
    const struct row file[] = {FILE_("x", "1")}, in_dir[] = {FILE_("d/x", "1")};
    rig_tar(&data, NULL, file, 1);
    rig_tar(&none, NULL, NULL, 0);
    rig_tar(&two, CONTROL_OF_PA "\nPackage: pb\n", NULL, 0);
    rig_tar(&nameless, "Version: 1\nArchitecture: all\n", NULL, 0);
    rig_tar(&odd, "Package: pa\nVersion: x y\nArchitecture: all\n", NULL, 0);
    rig_tar(&deep, CONTROL_OF_PA, in_dir, 1);
    rig_tar(&slash, "Package: ../a\nVersion: 1\nArchitecture: all\n", NULL, 0);
    struct str d = buf_view(&data), v2 = STR("2.0\n");
    const struct frame row[] = {
        {{{"debian-binary", v2}, {"control.tar", buf_view(&none)}, {"data.tar", d}},
         ERR_PARSE,
         "no control file"},
        {{{"debian-binary", v2}, {"control.tar", buf_view(&two)}, {"data.tar", d}},
         ERR_PARSE,
         "two paragraphs"},
        {{{"debian-binary", v2}, {"control.tar", buf_view(&nameless)}, {"data.tar", d}},
         ERR_PARSE,
         "Package: \"\""},
        {{{"debian-binary", v2}, {"control.tar", buf_view(&slash)}, {"data.tar", d}},
         ERR_PARSE,
         "Package: \"../a\""},
        {{{"debian-binary", v2}, {"control.tar", buf_view(&odd)}, {"data.tar", d}}, ERR_PARSE, "Version"},
        {{{"debian-binary", v2}, {"control.tar", buf_view(&deep)}, {"data.tar", d}},
         ERR_PARSE,
         "d/x|only files"},
    };
    try_frames(t, row, COUNT(row));
}

TEST(control_alone)
{
    drop_(arena_free) struct arena *a = arena_new(4096);
    drop_buf struct buf ar = BUF_INIT(MIB(1));
    const struct recipe r = {.name = "some", .row = {FILE_("x", "1")}};
    struct deb_control c;
    rig_deb(&r, &ar);
    struct deb_input in = rig_input(t, "p.deb", buf_view(&ar));
    drop_fd int fd = in.fd;
    MUST(deb_read_control(&in, a, &c, &e));
    EQ_STR(c.package, "some");
    struct deb_input cut = rig_input(t, "cut.deb", str_head(buf_view(&ar), 100));
    drop_fd int cut_fd = cut.fd;
    REFUSED(deb_read_control(&cut, a, &c, &e), ERR_PARSE, "package cut.deb");
}

// Every cut of a package is refused, in whatever codec.
TEST(cut_packages)
{
    for (enum codec c = CODEC_PLAIN; c < CODEC_MAX_; c++) {
        drop_buf struct buf ar = BUF_INIT(MIB(1));
        const struct recipe r = {.name = "pa", .row = {FILE_("x", "1")}, .codec = c};
        rig_deb(&r, &ar);
        for (size_t n = 0; n + 1 < ar.n; n += 1 + n / 16) {
            drop_run struct rig_run run = {.root = rig_root(t, "tree"), .owners = owners_new()};
            struct deb_input in = rig_input(t, "p.deb", str_head(buf_view(&ar), n));
            drop_fd int fd = in.fd;
            const struct deb_unpack_spec s = {.root = run.root, .deb = &in, .n = 1};
            REFUSED(deb_unpack(&s, run.owners, &run.set, &e), ERR_PARSE, "package p.deb");
            MUST(tree_remove(t->dir, "tree", &e));
        }
    }
}

static void many(struct test *t, const char *dir, unsigned threads, mode_t mask, struct digest *out)
{
    char name[RIG_DEBS][16], shared[RIG_DEBS][32], own[RIG_DEBS][32];
    struct recipe in[RIG_DEBS];
    for (unsigned i = 0; i < RIG_DEBS; i++) {
        (void)snprintf(name[i], sizeof name[i], "p%u", i);
        (void)snprintf(shared[i], sizeof shared[i], "usr/share/p%u", i % 7);
        (void)snprintf(own[i], sizeof own[i], "opt/p%u/x", i);
        in[i] = (struct recipe){
            .name = name[i],
            .more = "Replaces: p1\n",
            .row = {DIR_(shared[i], NULL, 0700 + i % 3 * 011, i), FILE_(own[i], own[i], 0666)},
            .codec = (enum codec)(i % CODEC_MAX_)};
        if (i < 2)
            in[i].row[2] = (struct row)FILE_("usr/bin/same", name[i]);
    }
    mode_t before = umask(mask);
    const struct deb_unpack_spec how = {.threads = threads};
    drop_run struct rig_run run = {.root = rig_root(t, dir)};
    MUST(rig_unpack(t, in, RIG_DEBS, &how, &run, &e));
    (void)umask(before);
    rig_want(run.root, &(struct want){'f', "usr/bin/same", "p0"});
    EQ_UINT(owners_find(run.owners, STR("usr/share/p6"))->uid, 6); // the first that names it
    rig_digest(&run, out);
}

TEST(unpack_ends_when_it_is_told_to)
{
    const struct recipe in = {.name = "tool", .row = {FILE_("usr/bin/tool", "t", 0755)}};
    drop_run struct rig_run run = {.root = rig_root(t, "tree")};
    int ends[2];
    CHECK(pipe2(ends, O_CLOEXEC) == 0);
    const struct deb_unpack_spec how = {.stop = &ends[0]};
    CHECK(close(ends[1]) == 0); // readable from now on
    REFUSED(rig_unpack(t, &in, 1, &how, &run, &e), ERR_CANCELLED, "stopped");
    CHECK(close(ends[0]) == 0);
}

// The layer has the ids and modes of the packages, whoever unpacked them.
TEST(owners_in_the_layer)
{
    const struct recipe in = {
        .name = "tool",
        .row = {FILE_("usr/bin/su", "s", 04755, 0, 0), FILE_("usr/bin/wall", "w", 02755, 0, 5),
                DIR_("var/mail", NULL, 02775, 0, 8), FILE_("etc/key", "k", 0400, 7, 7)}};
    static const struct {
        const char *name;
        struct owner is;
    } want[] = {{"/etc/key", {7, 7, 0400}},
                {"/usr/bin/su", {0, 0, 04755}},
                {"/usr/bin/wall", {0, 5, 02755}},
                {"/var/mail", {0, 8, 02775}},
                {"/var", {0, 0, 0755}}};
    drop_run struct rig_run run = {.root = rig_root(t, "tree")};
    drop_buf struct buf tar = BUF_INIT(MIB(1));
    struct layer l;
    MUST(rig_unpack(t, &in, 1, NULL, &run, &e));
    rig_layer(&run, sink_buffer(&tar), &l);
    drop_(source_drop) struct source *s = source_memory(tar.p, tar.n);
    drop_(tar_reader_free) struct tar_reader *r = tar_reader_new(s);
    const struct tar_entry *it;
    size_t seen = 0;
    while (tar_next(r, &it, NULL) == TAR_ENTRY) {
        for (size_t i = 0; i < COUNT(want); i++) {
            if (!str_is(it->name, want[i].name))
                continue;
            seen++;
            CHECK_MSG(it->uid == want[i].is.uid && it->gid == want[i].is.gid && it->mode == want[i].is.mode,
                      "%s: %u:%u %o", want[i].name, it->uid, it->gid, it->mode);
        }
    }
    EQ_UINT(seen, COUNT(want));
}

TEST(threads_and_umask_do_not_show)
{
    struct digest one, four;
    many(t, "one", 1, 077, &one);
    for (int i = 0; i < 5; i++) {
        char dir[16];
        (void)snprintf(dir, sizeof dir, "four%d", i);
        many(t, dir, 4, 0, &four);
        CHECK(digest_eq(&one, &four));
    }
}
