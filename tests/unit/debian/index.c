// SPDX-License-Identifier: Apache-2.0
#include "debian/index.h"
#include "base/buf.h"
#include "debian/paragraph.h"
#include "debian/relation.h"
#include "test.h"

#define SUM "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
#define BASE                                                                                                 \
    "Package: one\nVersion: 1:2.0-3\nArchitecture: amd64\nFilename: pool/o/one.deb\nSize: 10\nSHA256: " SUM  \
    "\n"

static int read_index(struct arena *a, const char *text, struct deb_index *out, struct err *e)
{
    struct deb_index_spec spec = {str_of(text), "Packages", STR("amd64"), NULL};
    return deb_index_read(a, &spec, out, e);
}

TEST(index_reads_what_a_package_says)
{
    drop_(arena_free) struct arena *a = arena_new(4096);
    struct deb_index x = {0};
    MUST(read_index(
        a,
        BASE "Source: src (1.9)\nEssential: yes\nInstalled-Size: 77\nMulti-Arch: foreign\nDepends: libc6 (>= "
             "2.3),\n"
             " awk\nPROVIDES: uno\nDescription: first\n more\n .\n text\nTag: x::y\n\n\n"
             "Package: two\nVersion: 2\nArchitecture: all\nFilename: ./pool/two.deb\nSize: 1\nSHA256: " SUM
             "\nDescription:\n second\n\nPackage: zz\nVersion: 2\nArchitecture: i386\nFilename: a\nSize: "
             "1\nSHA256: " SUM "\n",
        &x, &e));
    EQ_UINT(x.n, 2);
    const struct deb_package *p = &x.v[0];
    EQ_STR(p->name, "one");
    EQ_UINT(p->version.epoch, 1);
    EQ_STR(p->version_text, "1:2.0-3");
    EQ_STR(p->source, "src (1.9)");
    EQ_STR(p->depends, "libc6 (>= 2.3),\n awk");
    EQ_STR(p->provides, "uno");
    EQ_STR(p->description, "first");
    EQ_STR(p->filename, "pool/o/one.deb");
    EQ_UINT(p->size, 10);
    EQ_UINT(p->installed_kib, 77);
    EQ_UINT(p->sha256[1], 0x23);
    CHECK(p->essential && p->multi_arch == DEB_MULTI_FOREIGN);
    CHECK(str_has_suffix(p->paragraph, "Tag: x::y\n") && str_has_prefix(p->paragraph, "Package: one\n"));
    EQ_STR(x.v[1].filename, "pool/two.deb");
    EQ_STR(x.v[1].architecture, "all");
}

TEST(index_of_nothing)
{
    drop_(arena_free) struct arena *a = arena_new(4096);
    struct deb_index x = {0};
    MUST(read_index(a, "", &x, &e));
    MUST(read_index(a, "\n\n \n", &x, &e));
    EQ_UINT(x.n, 0);
    MUST(read_index(a, BASE, &x, &e));
    MUST(read_index(a, BASE, &x, &e));
    EQ_UINT(x.n, 2);
}

static const struct {
    const char *text, *words;
} wrong[] = {
    {"no colon here\n", "Packages:1|neither a field"},
    {" begins with a blank\n", "Packages:1|continues nothing"},
    {"Pack age: x\n", "Packages:1|neither"},
    {"-x: 1\n", "neither"},
    {": x\n", "neither"},
    {"Package: one\nVersion: 1\n", "Packages:1|without the field Architecture"},
    {BASE "\nPackage: x\n", "Packages:8: Package|package name"},
    {BASE "\n\n\nVersion: 1\n", "Packages:10|without the field Package"},
    {"Package: One\n", "Package|package name"},
    {"Package: ../x\n", "package name"},
    {"Package: o\n", "package name"},
    {"Version: a.b\n", "Version"},
    {"Version: 1 2\n", "Version"},
    {"Architecture: a/b\n", "architecture"},
    {"Architecture:\n", "architecture"},
    {"Size: 0\n", "Size|found \"0\""},
    {"Size: -1\n", "found \"-1\""},
    {"Size: 99999999999999999999999\n", "Size"},
    {"Installed-Size: x\n", "Installed-Size"},
    {"SHA256: 1234\n", "SHA256|64"},
    {"SHA256: "
     "x123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef\n",
     "SHA256|64"},
    {"SHA256: "
     "0123456789ABCDEF0123456789abcdef0123456789abcdef0123456789abcdef\n",
     "lower case"},
    {"Filename: /etc/passwd\n", "beneath the repository"},
    {"Filename: pool/../../x\n", "beneath"},
    {"Filename: pool/a b\n", "printable"},
    {"Filename:\n", "beneath"},
    {"Essential: maybe\n", "yes or no"},
    {"Multi-Arch: perhaps\n", "foreign"},
    {BASE "Size: 10\n", "each field once"},
    {BASE "package: one\n", "each field once"},
};

TEST(index_refuses)
{
    drop_(arena_free) struct arena *a = arena_new(4096);
    for (size_t i = 0; i < COUNT(wrong); i++) {
        struct deb_index x = {0};
        REFUSED(read_index(a, wrong[i].text, &x, &e), ERR_PARSE, wrong[i].words);
        CHECK(x.n == 0);
    }
}

TEST(index_refuses_a_nul_byte)
{
    drop_(arena_free) struct arena *a = arena_new(4096);
    struct deb_index x = {0};
    struct deb_index_spec spec = {STR("Package: a\0b\n"), "Packages", STR("amd64"), NULL};
    REFUSED(deb_index_read(a, &spec, &x, &e), ERR_PARSE, "NUL byte at byte 10");
}

TEST(paragraph_has_few_fields)
{
    struct buf text = BUF_INIT(65536);
    struct paragraph p;
    for (unsigned i = 0; i < PARAGRAPH_FIELDS + 1; i++)
        buf_printf(&text, "F%u: x\n", i);
    struct paragraphs from = {.rest = buf_view(&text), .file = "f"};
    REFUSED(paragraph_next(&from, &p, &e), ERR_LIMIT, "f:65|64");
    buf_free(&text);
}

TEST(paragraph_comments)
{
    struct paragraphs from = {
        .rest = STR(
            "# a\nTypes: deb\n# b\nURIs: u\nSigned-By:\n -----BEGIN\n # no comment\n .\n\n#x\n\nTypes: two"),
        .comments = true};
    struct paragraph p;
    struct err e = {0};
    CHECK(paragraph_next(&from, &p, &e) == PARAGRAPH_ONE);
    EQ_UINT(p.n, 3);
    EQ_UINT(p.line, 2);
    EQ_STR(paragraph_get(&p, "uris"), "u");
    EQ_STR(paragraph_get(&p, "Signed-By"), "\n -----BEGIN\n # no comment\n .");
    EQ_STR(paragraph_get(&p, "Suites"), "");
    CHECK(paragraph_next(&from, &p, &e) == PARAGRAPH_ONE);
    EQ_STR(p.text, "Types: two");
    CHECK(paragraph_next(&from, &p, &e) == PARAGRAPH_END);
}

TEST(relations_are_read)
{
    drop_(arena_free) struct arena *a = arena_new(4096);
    struct deb_relations r;
    MUST(deb_relations_read(a, STR(" libc6 (>= 2.36), awk|mawk:any ,\n perl:native(<<5.36~) "), &r, &e));
    EQ_UINT(r.n, 3);
    CHECK(r.v[0].v[0].has_version && r.v[0].v[0].relation == DPKG_GE);
    EQ_STR(r.v[0].v[0].version.upstream, "2.36");
    EQ_UINT(r.v[1].n, 2);
    EQ_STR(r.v[1].text, "awk|mawk:any");
    EQ_STR(r.v[1].v[1].qualifier, "any");
    EQ_STR(r.v[2].v[0].name, "perl");
    EQ_STR(r.v[2].v[0].qualifier, "native");
    CHECK(r.v[2].v[0].relation == DPKG_LT);
    MUST(deb_relations_read(a, STR(""), &r, &e));
    EQ_UINT(r.n, 0);
    MUST(deb_relations_read(a, STR("aa, bb,"), &r, &e));
    EQ_UINT(r.n, 2);
}

TEST(relations_refuse)
{
    static const struct {
        const char *text, *words;
    } cases[] = {
        {"aa,,bb", "\"\"|no package name"},
        {"aa |", "no package name"},
        {"|", "no package name"},
        {"UPPER", "no package name"},
        {"aa bb", "\"aa bb\"|text behind"},
        {"aa (>= 1", "')' is missing"},
        {"aa (1)", "aa"},
        {"aa (>= )", "aa"},
        {"aa (>< 1)", "aa"},
        {"aa (>= 1) (<< 2)", "text behind"},
        {"aa [amd64]", "only source packages"},
        {"aa <!nocheck>", "only source packages"},
        {"aa:", "nothing behind"},
        {"aa: any", "nothing behind"},
    };
    drop_(arena_free) struct arena *a = arena_new(4096);
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct deb_relations r = {0};
        REFUSED(deb_relations_read(a, str_of(cases[i].text), &r, &e), ERR_PARSE, cases[i].words);
    }
}

TEST(relations_are_limited)
{
    drop_(arena_free) struct arena *a = arena_new(4096);
    struct buf text = BUF_INIT(1 << 20);
    struct deb_relations r;
    for (unsigned i = 0; i <= DEB_RELATIONS; i++)
        buf_text(&text, i ? ",aa" : "aa");
    REFUSED(deb_relations_read(a, buf_view(&text), &r, &e), ERR_LIMIT, "16385|16384");
    buf_free(&text);
}
