// SPDX-License-Identifier: Apache-2.0
#include "debian/resolve.h"
#include "base/buf.h"
#include "test.h"

// "name version: field value; field value", one package a line, made into a Packages file.
static void add_package(struct buf *b, struct str line)
{
    struct str rest = line, name, version, field;
    CHECK(str_cut(&rest, ' ', &name) && str_cut(&rest, ':', &version));
    buf_printf(b, "Package: " PRI_STR "\nVersion: " PRI_STR "\n", STR_ARG(name), STR_ARG(version));
    bool has_arch = false;
    while (rest.p && str_cut(&rest, ';', &field)) {
        field = str_trim(field);
        if (!field.n)
            continue;
        size_t at;
        CHECK(str_find(field, ' ', &at));
        has_arch |= str_has_prefix(field, "Architecture");
        buf_printf(b, PRI_STR ": " PRI_STR "\n", STR_ARG(str_head(field, at)),
                   STR_ARG(str_from(field, at + 1)));
    }
    buf_printf(b, "%sFilename: x\nSize: 1\nSHA256: %064d\n\n", has_arch ? "" : "Architecture: amd64\n", 0);
}

static int resolve(struct arena *a, const char *packages, const char *wanted, struct deb_selection *out,
                   struct err *e)
{
    struct buf text = BUF_INIT(1 << 24);
    struct str rest = str_of(packages), line, word;
    struct deb_index x = {0};
    struct strv list = {0};
    while (str_cut(&rest, '\n', &line))
        if (line.n)
            add_package(&text, line);
    struct deb_index_spec spec = {str_dup(a, buf_view(&text)), "Packages", STR("amd64"), NULL};
    buf_free(&text);
    rest = str_of(wanted);
    while (str_cut(&rest, ' ', &word))
        strv_add(a, &list, word);
    return deb_index_read(a, &spec, &x, e) < 0 ? -1 : deb_resolve(a, &x, &list, out, e);
}

static const char *text_of(struct arena *a, const struct deb_selection *s)
{
    struct str out = STR("");
    for (size_t i = 0; i < s->n; i++)
        out = str_printf(a, PRI_STR "%s" PRI_STR "=" PRI_STR, STR_ARG(out), i ? " " : "",
                         STR_ARG(s->v[i].package->name), STR_ARG(s->v[i].package->version_text));
    return str_c(a, out);
}

static const struct {
    const char *what, *packages, *wanted, *answer;
} cases[] = {
    {"alone", "aa 1:\nbb 1:", "aa", "aa=1"},
    {"nothing", "aa 1:", "aa aa", "aa=1"},
    {"the newest", "aa 1:\naa 1.10:\naa 1.9:", "aa", "aa=1.10"},
    {"a version", "aa 1:\naa 2:", "aa=1", "aa=1"},
    {"a version is kept for others too", "aa 1:\naa 2:\nbb 1: Depends aa", "bb aa=1", "aa=1 bb=1"},
    {"depends", "aa 1: Depends bb, cc\nbb 1: Pre-Depends dd\ncc 1:\ndd 1:\nee 1:", "aa",
     "aa=1 bb=1 cc=1 dd=1"},
    {"a circle", "aa 1: Depends bb\nbb 1: Depends aa", "bb", "aa=1 bb=1"},
    {"itself", "aa 1: Depends aa", "aa", "aa=1"},
    {"recommends", "aa 1: Recommends bb; Suggests bb\nbb 1:", "aa", "aa=1"},
    {"the first alternative", "aa 1: Depends bb | cc\nbb 1:\ncc 1:", "aa", "aa=1 bb=1"},
    {"one that is there", "aa 1: Depends zz | cc\ncc 1:", "aa", "aa=1 cc=1"},
    {"one that is asked for", "aa 1: Depends bb | cc\nbb 1:\ncc 1:", "aa cc", "aa=1 cc=1"},
    {"one that is new enough", "aa 1: Depends bb (>= 2) | cc\nbb 1:\ncc 1:", "aa", "aa=1 cc=1"},
    {"one that does not conflict", "aa 1: Depends bb | cc; Conflicts bb\nbb 1:\ncc 1:", "aa", "aa=1 cc=1"},
    {"one that is not conflicted with", "aa 1: Depends bb | cc\nbb 1: Breaks aa\ncc 1:", "aa", "aa=1 cc=1"},
    {"one whose other name conflicts", "aa 1: Depends bb | cc; Conflicts vv\nbb 1: Provides vv\ncc 1:", "aa",
     "aa=1 cc=1"},
    {"chosen before", "aa 1: Depends cc, bb | cc\nbb 1:\ncc 1:", "aa", "aa=1 cc=1"},
    {"a provider", "aa 1: Depends vv\nbb 1: Provides vv", "aa", "aa=1 bb=1"},
    {"a provider that is there", "aa 1: Depends vv\nbb 1: Provides vv\ncc 1: Provides vv", "cc aa",
     "aa=1 cc=1"},
    {"the real one first", "aa 1: Depends vv\nbb 1: Provides vv\nvv 1:", "aa", "aa=1 vv=1"},
    {"by priority",
     "aa 1: Depends vv\nbb 1: Provides vv; Priority optional\ncc 1: Provides vv; Priority required", "aa",
     "aa=1 cc=1"},
    {"essential first",
     "aa 1: Depends vv\nbb 1: Provides vv; Priority required\ncc 1: Provides vv; Essential yes", "aa",
     "aa=1 cc=1"},
    {"by name", "aa 1: Depends vv\ncc 1: Provides vv\nbb 1: Provides vv", "aa", "aa=1 bb=1"},
    {"a versioned provider", "aa 1: Depends vv (>= 2)\nbb 1: Provides vv\ncc 1: Provides vv (= 2)", "aa",
     "aa=1 cc=1"},
    {"the real one is too old", "aa 1: Depends vv (>= 2)\nvv 1:\ncc 1: Provides vv (= 2.1)", "aa",
     "aa=1 cc=1"},
    {"one provider of what is asked", "bb 1: Provides vv", "vv", "bb=1"},
    {"any", "aa 1: Depends bb:any\nbb 1: Multi-Arch allowed", "aa", "aa=1 bb=1"},
    {"all", "aa 1: Depends bb\nbb 1: Architecture all", "aa", "aa=1 bb=1"},
    {"of another architecture", "aa 1:\naa 2: Architecture arm64", "aa", "aa=1"},
    {"a conflict with its own other name", "aa 1: Provides vv; Conflicts vv", "aa", "aa=1"},
    {"breaks what is older", "aa 1: Breaks bb (<< 2)\nbb 2:", "aa bb", "aa=1 bb=2"},
    {"an unversioned other name does not break", "aa 1: Breaks vv (<< 2)\nbb 2: Provides vv", "aa bb",
     "aa=1 bb=2"},
    {"two versions provide", "aa 1: Depends vv\nbb 1: Provides vv\nbb 2:\ncc 1: Provides vv", "aa",
     "aa=1 cc=1"},
};

TEST(resolve_chooses)
{
    for (size_t i = 0; i < COUNT(cases); i++) {
        drop_(arena_free) struct arena *a = arena_new(4096);
        struct deb_selection s = {0};
        MUST(resolve(a, cases[i].packages, cases[i].wanted, &s, &e));
        CHECK_MSG(strcmp(text_of(a, &s), cases[i].answer) == 0, "%s: got %s, want %s", cases[i].what,
                  text_of(a, &s), cases[i].answer);
    }
}

static const struct {
    const char *packages, *wanted;
    enum err_code code;
    const char *words;
} refused[] = {
    {"aa 1:", "bb", ERR_NOT_FOUND, "package bb|not in the index of 1 packages"},
    {"aa 1:", "bb=1", ERR_NOT_FOUND, "package bb|not in the index"},
    {"aa 1:", "aa=2", ERR_NOT_FOUND, "package aa|no version 2|newest is 1"},
    {"aa 1:", "aa=x", ERR_PARSE, "package aa"},
    {"aa 1: Depends bb", "aa", ERR_NOT_FOUND, "package aa|depends on \"bb\"|nothing of that name"},
    {"aa 1: Depends bb (>= 2) | cc\nbb 1:", "aa", ERR_NOT_FOUND,
     "depends on \"bb (>= 2) | cc\"|newest bb is 1"},
    {"aa 1: Depends bb\nbb 1: Pre-Depends zz", "aa", ERR_NOT_FOUND, "package bb|needed by aa|\"zz\""},
    {"aa 1: Provides vv\nbb 1: Provides vv", "vv", ERR_NOT_FOUND, "package vv|several provide it|aa|bb"},
    {"aa 1: Conflicts bb\nbb 1:", "aa bb", ERR_USAGE, "package aa 1|conflicts with \"bb\"|bb 1 is chosen"},
    {"aa 1: Conflicts bb\nbb 1:", "bb aa", ERR_USAGE, "package aa 1|conflicts with \"bb\"|bb 1 is chosen"},
    {"aa 1: Breaks bb (<< 2)\nbb 1:", "bb aa", ERR_USAGE, "breaks \"bb (<< 2)\""},
    {"aa 1: Conflicts vv\nbb 1: Provides vv", "aa bb", ERR_USAGE, "conflicts with \"vv\"|bb 1"},
    {"aa 1: Depends bb\nbb 1: Conflicts aa", "aa", ERR_USAGE, "bb 1|conflicts with \"aa\""},
    {"aa 1: Depends b", "aa", ERR_PARSE, "package aa 1|Depends|\"b\""},
    {"aa 1: Provides B", "aa", ERR_PARSE, "package aa 1|Provides"},
    {"aa 1: Breaks B", "aa", ERR_PARSE, "package aa 1|Breaks"},
    {"aa 1: Depends bb:any\nbb 1:", "aa", ERR_NOT_FOUND, "bb:any"},
    {"aa 1: Depends bb:arm64\nbb 1:", "aa", ERR_NOT_FOUND, "bb:arm64"},
};

TEST(resolve_refuses)
{
    for (size_t i = 0; i < COUNT(refused); i++) {
        drop_(arena_free) struct arena *a = arena_new(4096);
        struct deb_selection s = {0};
        REFUSED(resolve(a, refused[i].packages, refused[i].wanted, &s, &e), refused[i].code,
                refused[i].words);
        CHECK(!s.v);
    }
}

TEST(resolve_says_who_needs_it)
{
    drop_(arena_free) struct arena *a = arena_new(4096);
    struct deb_selection s;
    MUST(resolve(a, "aa 1: Depends bb\nbb 1: Depends cc\ncc 1:", "aa", &s, &e));
    CHECK(!s.v[0].because);
    EQ_STR(s.v[1].because->name, "aa");
    EQ_STR(s.v[2].because->name, "bb");
}

// A chain as long as an index may be must not need a stack as deep.
TEST(resolve_follows_a_long_chain)
{
    enum { N = 20000 };
    drop_(arena_free) struct arena *a = arena_new(1 << 20);
    drop_buf struct buf b = BUF_INIT(1 << 24);
    struct deb_selection s;
    for (unsigned i = 0; i < N; i++)
        buf_printf(&b, "p%05u 1: Depends p%05u\n", i, (i + 1) % N);
    MUST(resolve(a, b.p, "p00000", &s, &e));
    EQ_UINT(s.n, N);
}
