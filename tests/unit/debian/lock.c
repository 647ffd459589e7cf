// SPDX-License-Identifier: Apache-2.0
#include "debian/lock.h"
#include "test.h"

#define SUM "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"

static void make(struct arena *a, struct base_debian *d, struct deb_lock *out)
{
    static const struct deb_release main_release = {.codename = STR_INIT("bookworm"), .date_sec = 1783765031},
                                    security = {.codename = STR_INIT("bookworm-security"),
                                                .date_sec = 1783765032};
    static const char text[] =
        "Package: aa\nVersion: 1:1.0-1\nArchitecture: amd64\nFilename: pool/a/aa_1.0-1_amd64.deb\nSize: "
        "7\nSHA256: " SUM
        "\n\nPackage: bb\nVersion: 2\nArchitecture: all\nFilename: pool/b/bb.deb\nSize: 8\nSHA256: " SUM "\n";
    struct deb_index x = {0};
    struct deb_index_spec spec = {str_of(text), "Packages", STR("amd64"), &main_release};
    *d =
        (struct base_debian){.origin = STR("Debian"), .suite = STR("bookworm"), .architecture = STR("amd64")};
    strv_add(a, &d->packages, STR("aa"));
    MUST(deb_index_read(a, &spec, &x, &e));
    x.v[1].release = &security;
    struct deb_selected v[] = {{&x.v[0], NULL}, {&x.v[1], &x.v[0]}};
    struct deb_selection s = {v, 2};
    deb_lock_make(a, d, &s, out);
}

TEST(lock_is_read_as_it_was_written)
{
    drop_(arena_free) struct arena *a = arena_new(4096);
    drop_buf struct buf one = BUF_INIT(1 << 20), two = BUF_INIT(1 << 20);
    struct base_debian d;
    struct deb_lock l, back;
    make(a, &d, &l);
    MUST(deb_lock_write(&l, &one, &e));
    MUST(deb_lock_read(a, buf_view(&one), "x.lock", &back, &e));
    MUST(deb_lock_write(&back, &two, &e));
    EQ_TEXT(two.p, one.p);
    EQ_UINT(back.packages.n, 2);
    EQ_STR(back.packages.v[0].version, "1:1.0-1");
    EQ_STR(back.packages.v[1].suite, "bookworm-security");
    EQ_STR(back.packages.v[1].filename, "pool/b/bb.deb");
    EQ_UINT(back.packages.v[1].digest.sum[1], 0x23);
    EQ_UINT(back.releases.n, 2);
    EQ_STR(back.releases.v[0].date, "2026-07-11T10:17:11Z");
    EQ_INT(deb_lock_date(&back), 1783765032);
    MUST(deb_lock_check(&back, &d, &e));
    CHECK(!strstr(one.p, "http"));
}

TEST(lock_belongs_to_what_was_asked_for)
{
    drop_(arena_free) struct arena *a = arena_new(4096);
    struct base_debian d;
    struct deb_lock l;
    make(a, &d, &l);
    struct base_debian other = d;
    strv_add(a, &other.exclude_paths, STR("/usr/share/man"));
    MUST(deb_lock_check(&l, &other, &e));
    other.suite = STR("trixie");
    REFUSED(deb_lock_check(&l, &other, &e), ERR_USAGE, "suite|\"bookworm\"|\"trixie\"");
    other = d;
    other.architecture = STR("arm64");
    REFUSED(deb_lock_check(&l, &other, &e), ERR_USAGE, "architecture|amd64|arm64");
    other = d;
    strv_add(a, &other.packages, STR("bb"));
    REFUSED(deb_lock_check(&l, &other, &e), ERR_USAGE, "another list of packages");
    other = d;
    strv_add(a, &other.components, STR("aa"));
    other.packages = (struct strv){0};
    REFUSED(deb_lock_check(&l, &other, &e), ERR_USAGE, "another list");
}

#define HEAD                                                                                                 \
    "format = 1\ndeclaration = \"sha256:" SUM                                                                \
    "\"\norigin = \"Debian\"\nsuite = \"bookworm\"\narchitecture = \"amd64\"\n"
#define PACKAGE(name, version, file, size, sum)                                                              \
    "[[packages]]\nname = \"" name "\"\nversion = \"" version                                                \
    "\"\narchitecture = \"all\"\nsuite = \"bookworm\"\n"                                                     \
    "filename = \"" file "\"\nsize = " size "\ndigest = \"sha256:" sum "\"\n"

TEST(lock_refuses)
{
    static const struct {
        const char *text, *words;
    } cases[] = {
        {"", "x.lock|format"},
        {"format = 2\n", "x.lock:1|format|wanted 1"},
        {"format = 1\ndeclaration = \"sha256:12\"\n", "x.lock:2|declaration"},
        {"format = 1\ndeclaration = \"md5:0123456789abcdef0123456789abcdef\"\n", "declaration"},
        {HEAD, "packages"},
        {HEAD PACKAGE("Aa", "1", "f", "1", SUM), "packages[0].name"},
        {HEAD PACKAGE("aa", "x", "f", "1", SUM), "packages[0].version"},
        {HEAD PACKAGE("aa", "1", "/f", "1", SUM), "packages[0].filename"},
        {HEAD PACKAGE("aa", "1", "a/../../f", "1", SUM), "packages[0].filename"},
        {HEAD PACKAGE("aa", "1", "f", "0", SUM), "packages[0].size"},
        {HEAD PACKAGE("aa", "1", "f", "1", "12"), "packages[0].digest"},
        {HEAD PACKAGE("bb", "1", "f", "1", SUM) PACKAGE("aa", "1", "f", "1", SUM), "aa stands behind bb"},
        {HEAD PACKAGE("aa", "1", "f", "1", SUM) PACKAGE("aa", "2", "f", "1", SUM), "aa stands behind aa"},
        {HEAD "[[releases]]\ncodename = \"x\"\ndate = \"yesterday\"\ndigest = \"sha256:" SUM "\"\n",
         "releases[0].date"},
    };
    drop_(arena_free) struct arena *a = arena_new(4096);
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct deb_lock l;
        REFUSED(deb_lock_read(a, str_of(cases[i].text), "x.lock", &l, &e), ERR_PARSE, cases[i].words);
    }
}
