// SPDX-License-Identifier: Apache-2.0
#include "debian/declare.h"
#include "base/dir.h"
#include "base/file.h"
#include "test.h"
#include <fcntl.h>
#include <stdlib.h>

#define DEBIAN "[debian]\norigin = \"Debian\"\nsuite = \"bookworm\"\npackages = [\"bb\", \"aa=1.0\"]\n"
#define IMAGE "[image]\nreference = \"dema/x\"\n"
#define USER "[user]\nname = \"cnb\"\nuid = 1001\ngid = 1000\nhome = \"/home/cnb\"\n"
#define NAME "name = \"x\"\nkind = \"run\"\n"

TEST(declaration_is_read)
{
    drop_(arena_free) struct arena *a = arena_new(4096);
    struct base_declaration d;
    MUST(declaration_read(
        a,
        STR(NAME
            "description = \"d\"\n" DEBIAN
            "exclude-paths = [\"/usr/share/doc/*\", \"!/usr/share/doc/*/copyright\"]\n" IMAGE
            "mirrors = [\"mirror.example/x\"]\n[labels]\na = \"b\"\n[env]\nLANG = \"C.UTF-8\"\n" USER
            "[[users]]\nname = \"two\"\nuid = 7\ngid = 8\ngroup = \"g\"\nhome = \"/x\"\nshell = \"/bin/sh\"\n"
            "[[alternatives]]\nlink = \"/usr/bin/awk\"\ntarget = \"/usr/bin/mawk\"\n"),
        "x.toml", NULL, &d, &e));
    EQ_STR(d.name, "x");
    EQ_TEXT(base_kind_name(d.kind), "run");
    EQ_UINT(d.debian.packages.n, 2);
    EQ_STR(d.debian.packages.v[0], "aa=1.0");
    EQ_UINT(d.debian.pockets.n, 2);
    EQ_STR(d.debian.components.v[0], "main");
    EQ_STR(d.debian.architecture, debian_architecture());
    EQ_STR(d.debian.exclude_paths.v[0], "/usr/share/doc/*");
    EQ_STR(d.image.mirrors.v[0], "mirror.example/x");
    EQ_STR(d.labels.v[0].val, "b");
    EQ_STR(d.env.v[0].key, "LANG");
    EQ_STR(d.user.group, "cnb");
    EQ_INT(d.users.v[0].gid, 8);
    EQ_STR(d.users.v[0].group, "g");
    EQ_STR(d.alternatives.v[0].target, "/usr/bin/mawk");
    struct strv suites;
    declaration_suites(a, &d.debian, &suites);
    EQ_UINT(suites.n, 3);
    EQ_STR(suites.v[2], "bookworm-security");
}

TEST(declaration_without_pockets)
{
    drop_(arena_free) struct arena *a = arena_new(4096);
    struct base_declaration d;
    struct strv suites;
    MUST(declaration_read(a, STR(NAME DEBIAN "pockets = []\narchitecture = \"arm64\"\n" IMAGE USER), "x.toml",
                          NULL, &d, &e));
    declaration_suites(a, &d.debian, &suites);
    EQ_UINT(suites.n, 1);
    EQ_STR(d.debian.architecture, "arm64");
}

static const struct {
    const char *text, *words;
} wrong[] = {
    {"", "x.toml|name"},
    {NAME, "debian"},
    {NAME DEBIAN, "image"},
    {NAME DEBIAN IMAGE, "user"},
    {"name = \"X\"\nkind = \"run\"\n", "x.toml:1|name"},
    {"name = \"../x\"\nkind = \"run\"\n", "x.toml:1|name"},
    {"name = \"x\"\nkind = \"launch\"\n", "x.toml:2|kind|\"run\" or \"build\""},
    {NAME "[debian]\norigin = \"D\"\nsuite = \"a/b\"\npackages = [\"aa\"]\n", "x.toml:5|debian.suite"},
    {NAME "[debian]\norigin = \"D\"\nsuite = \"a\"\npackages = []\n", "x.toml:6|debian.packages|no package"},
    {NAME "[debian]\norigin = \"D\"\nsuite = \"a\"\npackages = [\"AA\"]\n", "x.toml:6|debian.packages"},
    {NAME "[debian]\norigin = \"D\"\nsuite = \"a\"\npackages = [\"aa=\"]\n", "debian.packages"},
    {NAME "[debian]\norigin = \"D\"\nsuite = \"a\"\npackages = [\"aa\", \"aa\"]\n", "\"aa\" is there twice"},
    {NAME "[debian]\norigin = \"D\"\nsuite = \"a\"\npackages = [1]\n", "debian.packages"},
    {NAME "[debian]\norigin = \"D\"\nsuite = \"a\"\npackages = \"aa\"\n", "debian.packages|list"},
    {NAME DEBIAN "components = [\"a b\"]\n", "debian.components"},
    {NAME DEBIAN "pockets = [\"\"]\n", "debian.pockets"},
    {NAME DEBIAN "exclude-paths = [\"usr/share\"]\n", "debian.exclude-paths|absolute"},
    {NAME DEBIAN "exclude-paths = [\"/usr/[a\"]\n", "debian.exclude-paths"},
    {NAME DEBIAN "[image]\nreference = \"UPPER/x\"\nmirrors = [\"Upper/Case:!\"]\n", "image"},
    {NAME DEBIAN "[image]\nreference = \"\"\n", "image.reference"},
    {NAME DEBIAN IMAGE "mirrors = [\"a/b\", \"a/b\"]\n", "image.mirrors|twice"},
    {NAME DEBIAN IMAGE "[user]\nname = \"a:b\"\nuid = 1\ngid = 1\nhome = \"/h\"\n", "user.name"},
    {NAME DEBIAN IMAGE "[user]\nname = \"a\"\nuid = -1\ngid = 1\nhome = \"/h\"\n", "user.uid"},
    {NAME DEBIAN IMAGE "[user]\nname = \"a\"\nuid = 4294967295\ngid = 1\nhome = \"/h\"\n", "user.uid"},
    {NAME DEBIAN IMAGE "[user]\nname = \"a\"\nuid = 0\ngid = 1\nhome = \"/h\"\n", "user.uid|root"},
    {NAME DEBIAN IMAGE "[user]\nname = \"a\"\nuid = 1\ngid = 1\nhome = \"/h/../x\"\n", "user.home"},
    {NAME DEBIAN IMAGE "[user]\nname = \"a\"\nuid = 1\ngid = 1\nhome = \"/h:x\"\n", "user.home"},
    {NAME DEBIAN IMAGE "[user]\nname = \"a\"\nuid = 1\ngid = 1\nhome = \"h\"\n", "user.home"},
    {NAME DEBIAN IMAGE USER "[[users]]\nname = \"cnb\"\nuid = 2\ngid = 1\nhome = \"/h\"\n",
     "\"cnb\"|same name or uid"},
    {NAME DEBIAN IMAGE USER "[[users]]\nname = \"b\"\nuid = 1001\ngid = 1\nhome = \"/h\"\n",
     "\"b\"|same name or uid"},
    {NAME DEBIAN IMAGE USER "[[alternatives]]\nlink = \"x\"\ntarget = \"y\"\n", "alternatives[0].link"},
    {NAME DEBIAN IMAGE USER "[[alternatives]]\nlink = \"/x\"\ntarget = \"\"\n", "alternatives[0].target"},
    {NAME DEBIAN IMAGE USER "[env]\n\"A=B\" = \"x\"\n", "env|A=B"},
};

TEST(declaration_refuses)
{
    drop_(arena_free) struct arena *a = arena_new(4096);
    for (size_t i = 0; i < COUNT(wrong); i++) {
        struct base_declaration d;
        REFUSED(declaration_read(a, str_of(wrong[i].text), "x.toml", NULL, &d, &e), ERR_PARSE,
                wrong[i].words);
    }
}

TEST(declaration_refuses_a_digest)
{
    drop_(arena_free) struct arena *a = arena_new(4096);
    struct base_declaration d;
    REFUSED(declaration_read(a,
                             STR(NAME DEBIAN
                                 "[image]\nreference = \"a/b@sha256:"
                                 "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef\"\n" USER),
                             "x.toml", NULL, &d, &e),
            ERR_PARSE, "image.reference|without digest");
}

static void count(struct events *self, const struct event *ev);
struct counter {
    struct events base;
    unsigned n;
};
static void count(struct events *self, const struct event *ev)
{
    CONTAINER(self, struct counter, base)->n += ev->kind == EV_WARN;
}

TEST(declaration_warns_of_unknown_keys)
{
    drop_(arena_free) struct arena *a = arena_new(4096);
    struct base_declaration d;
    struct counter c = {{count}, 0};
    MUST(declaration_read(a, STR(NAME "colour = 1\n" DEBIAN IMAGE USER), "x.toml", &c.base, &d, &e));
    EQ_UINT(c.n, 1);
}

TEST(declarations_of_this_project_are_read)
{
    drop_(arena_free) struct arena *a = arena_new(65536);
    drop_fd int fd = -1;
    struct strv names;
    const char *source = getenv("TEST_SOURCE");
    if (!source)
        SKIP("TEST_SOURCE is not set");
    MUST(path_open_host(str_printf(a, "%s/bases", source).p, O_RDONLY | O_DIRECTORY, 0, &fd, &e));
    MUST(dir_names(a, fd, ".", 100, &names, &e));
    unsigned read = 0;
    for (size_t i = 0; i < names.n; i++) {
        struct buf text = BUF_INIT(1 << 20);
        struct counter c = {{count}, 0};
        struct base_declaration d;
        if (!str_has_suffix(names.v[i], ".toml"))
            continue;
        MUST(file_read(fd, str_c(a, names.v[i]), &text, &e));
        MUST(declaration_read(a, str_dup(a, buf_view(&text)), str_c(a, names.v[i]), &c.base, &d, &e));
        buf_free(&text);
        EQ_UINT(c.n, 0);
        CHECK(str_eq(str_head(names.v[i], names.v[i].n - 5), d.name));
        EQ_INT(d.user.uid, d.kind == BASE_RUN ? 1002 : 1001);
        read++;
    }
    EQ_UINT(read, 5);
}
