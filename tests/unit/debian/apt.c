// SPDX-License-Identifier: Apache-2.0
#include "base/file.h"
#include "base/proc.h"
#include "debian/apt_priv.h"
#include "debian/lock.h"
#include "debian/resolve.h"
#include "test.h"
#include <fcntl.h>
#include <stdio.h>

#define FPR_A "4CB50190207B4758A3F73A796ED0E7B82643E131"
#define FPR_B "B8B80B5B623EAB6AD8775C45B7C5D7D6350947F8"
#define GOOD "[GNUPG:] NEWSIG\n[GNUPG:] GOODSIG 6ED0E7B82643E131 Somebody <a@b>\n"
#define VALID(hash) "[GNUPG:] VALIDSIG " FPR_A " 2026-07-11 1783765031 0 4 0 1 " hash " 01 " FPR_B "\n"

TEST(apt_believes_a_good_signature)
{
    static const char *const good[] = {
        GOOD VALID("8"),
        "[GNUPG:] PLAINTEXT 74 0\n" GOOD VALID("10"),
        "[GNUPG:] NEWSIG\n[GNUPG:] ERRSIG 1 1 8 00 1 9 -\n[GNUPG:] NO_PUBKEY 6ED0E7B82643E131\n" GOOD VALID(
            "8"),
    };
    drop_(arena_free) struct arena *a = arena_new(4096);
    struct strv any = {0}, main_key = {0}, subkey = {0};
    strv_add(a, &main_key, STR(FPR_B));
    strv_add(a, &subkey, STR(FPR_A));
    for (size_t i = 0; i < COUNT(good); i++) {
        MUST(apt_status_check(str_of(good[i]), &any, &e));
        MUST(apt_status_check(str_of(good[i]), &main_key, &e));
        MUST(apt_status_check(str_of(good[i]), &subkey, &e));
    }
}

TEST(apt_does_not_believe)
{
    static const struct {
        const char *status, *words;
    } cases[] = {
        {"", "no good signature"},
        {VALID("8"), "no good signature"},
        {"gpgv: [GNUPG:] GOODSIG x\ngpgv: " VALID("8"), "no good signature"},
        {GOOD, "no good signature"},
        {GOOD VALID("2"), "no good signature"},
        {GOOD VALID("1"), "no good signature"},
        {GOOD "[GNUPG:] VALIDSIG " FPR_A "\n", "no good signature"},
        {"[GNUPG:] NEWSIG\n[GNUPG:] EXPKEYSIG 6ED0E7B82643E131 x\n" VALID("8"), "no good signature"},
        {"[GNUPG:] NEWSIG\n[GNUPG:] REVKEYSIG 6ED0E7B82643E131 x\n" VALID("8"), "no good signature"},
        {GOOD "[GNUPG:] NEWSIG\n" VALID("8"), "no good signature"},
        {"[GNUPG:] NO_PUBKEY 6ED0E7B82643E131\n", "key 6ED0E7B82643E131 is not among them"},
        {GOOD VALID("8") "[GNUPG:] BADSIG 6ED0E7B82643E131 Somebody\n", "key 6ED0E7B82643E131 is bad"},
        {"[GNUPG:] PLAINTEXT 74 0\n[GNUPG:] PLAINTEXT 74 0\n" GOOD VALID("8"), "more than one signed text"},
    };
    struct strv any = {0};
    for (size_t i = 0; i < COUNT(cases); i++)
        REFUSED(apt_status_check(str_of(cases[i].status), &any, &e), ERR_DENIED, cases[i].words);
}

TEST(apt_believes_only_the_keys_of_the_source)
{
    drop_(arena_free) struct arena *a = arena_new(4096);
    struct strv other = {0};
    strv_add(a, &other, STR("04B54C3CDCA79751B16BC6B5225629DF75B188BD"));
    REFUSED(apt_status_check(STR(GOOD VALID("8")), &other, &e), ERR_DENIED, "a key that this source may use");
}

TEST(apt_reads_dates)
{
    static const char *const wrong[] = {"",
                                        "2026-07-11",
                                        "Sat, 11 Jly 2026 10:16:37 UTC",
                                        "Sat, 32 Jul 2026 10:16:37 UTC",
                                        "Sat, 11 Jul 26 10:16:37 UTC",
                                        "Sat, 11 Jul 2026 10:16:37 CET",
                                        "Sat, 11 Jul 2026 10:16:37",
                                        "Sat, 11 J 2026 10:16:37 UTC",
                                        "Sat, 31 Feb 2026 10:16:37 UTC"};
    int64_t sec = 0;
    MUST(apt_date_parse(STR("Sat, 11 Jul 2026 10:17:11 UTC"), &sec, &e));
    EQ_INT(sec, 1783765031);
    MUST(apt_date_parse(STR("Sat,  1 Aug 2026  0:00:00 GMT"), &sec, &e));
    EQ_INT(sec, 1785542400);
    for (size_t i = 0; i < COUNT(wrong); i++) {
        struct err e = {0};
        CHECK_MSG(apt_date_parse(str_of(wrong[i]), &sec, &e) < 0, "%s", wrong[i]);
    }
    EQ_INT(sec, 1785542400);
}

#define SUM_OF_ABC "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"

TEST(apt_reads_a_release)
{
    drop_(arena_free) struct arena *a = arena_new(4096);
    struct apt_release r;
    MUST(apt_release_parse(a,
                           STR("Origin: Debian\nLabel: L\nSuite: stable\nCodename: bookworm\nDate: Sat, 11 "
                               "Jul 2026 10:17:11 UTC\n"
                               "SHA256:\n " SUM_OF_ABC " 3 main/binary-amd64/Packages\n " SUM_OF_ABC
                               " 4 other\n"),
                           "Release", &r, &e));
    EQ_STR(r.release.codename, "bookworm");
    EQ_INT(r.release.date_sec, 1783765031);
    MUST(apt_release_names(&r, STR("main/binary-amd64/Packages"), STR("abc"), &e));
    REFUSED(apt_release_names(&r, STR("main/binary-amd64/Packages"), STR("abd"), &e), ERR_DIGEST,
            "3 bytes|" SUM_OF_ABC);
    REFUSED(apt_release_names(&r, STR("other"), STR("abc"), &e), ERR_DIGEST, "other|signed Release has 4");
    REFUSED(apt_release_names(&r, STR("binary-amd64/Packages"), STR("abc"), &e), ERR_DIGEST,
            "does not name it");
    REFUSED(apt_release_parse(a, STR(""), "Release", &r, &e), ERR_PARSE, "Release|empty");
    REFUSED(apt_release_parse(a, STR("Origin: x\n"), "Release", &r, &e), ERR_PARSE, "Release|date");
}

TEST(apt_takes_armour_off)
{
    static const struct {
        const char *text, *words;
    } wrong[] = {
        {"", "no \"BEGIN"},
        {"-----BEGIN PGP PUBLIC KEY BLOCK-----\n\nAAEC\n", "end is missing"},
        {"-----BEGIN PGP PUBLIC KEY BLOCK-----\n\nA?EC\n-----END PGP PUBLIC KEY BLOCK-----\n",
         "byte 1 of a line"},
    };
    drop_buf struct buf out = BUF_INIT(100);
    MUST(apt_dearmor(
        STR("text\n-----BEGIN PGP PUBLIC KEY BLOCK-----\nVersion: 1\n\nAAEC/w==\n=abcd\n-----END PGP PUBLIC "
            "KEY BLOCK-----\n"
            " -----BEGIN PGP PUBLIC KEY BLOCK-----\n .\n Aw==\n -----END PGP PUBLIC KEY BLOCK-----"),
        &out, &e));
    EQ_UINT(out.n, 5);
    CHECK(memcmp(out.p, "\0\1\2\xff\3", 5) == 0);
    for (size_t i = 0; i < COUNT(wrong); i++) {
        struct buf none = BUF_INIT(100);
        REFUSED(apt_dearmor(str_of(wrong[i].text), &none, &e), ERR_PARSE, wrong[i].words);
        buf_free(&none);
    }
}

TEST(apt_finds_options_of_a_line)
{
    EQ_STR(apt_list_option(STR("deb [arch=amd64 signed-by=/k.gpg] u s main"), "signed-by"), "/k.gpg");
    EQ_STR(apt_list_option(STR("deb [ signed-by=/k.gpg,/l.gpg ] u s main"), "signed-by"), "/k.gpg,/l.gpg");
    EQ_STR(apt_list_option(STR("deb u s main"), "signed-by"), "");
    EQ_STR(apt_list_option(STR("deb ]signed-by=x[ u s main"), "signed-by"), "");
    EQ_STR(apt_list_option(STR("deb [not-signed-by=x] u s main"), "signed-by"), "");
}

TEST(apt_refuses_a_directory_that_its_configuration_cannot_hold)
{
    struct apt *apt = NULL;
    struct apt_spec spec = {.dir = "/tmp/a\"b", .architecture = STR("amd64")};
    REFUSED(apt_open(&spec, &apt, &e), ERR_USAGE, "/tmp/a\"b");
    spec.dir = "relative";
    REFUSED(apt_open(&spec, &apt, &e), ERR_USAGE, "not absolute");
}

// A repository of this test's own, signed with a key of its own, beneath t->path.
struct repo {
    struct arena *a;
    struct test *t;
    const char *env[3];
};

static bool run(const struct repo *r, const char *const *argv)
{
    int status = -1;
    struct err e = {0};
    char home[512];
    (void)snprintf(home, sizeof home, "GNUPGHOME=%s/gpg", r->t->path);
    const char *env[] = {home, "PATH=/usr/bin:/bin", NULL};
    struct proc_spec s = {.argv = argv, .envp = env, PROC_QUIET};
    return proc_run(&s, STR(""), NULL, NULL, &status, &e) == 0 && status == 0;
}

static void put(const struct repo *r, const char *path, struct str content)
{
    test_write(r->t->dir, path, content.p, content.n);
}

static void write_release(const struct repo *r, struct str packages, const char *origin)
{
    struct digest d;
    char hex[DIGEST_TEXT];
    digest_of(HASH_SHA256, packages.p, packages.n, &d);
    put(r, "repo/dists/test/main/binary-amd64/Packages", packages);
    put(r, "repo/dists/test/Release",
        str_printf(r->a,
                   "Origin: %s\nSuite: testing\nCodename: test\nDate: Sat, 11 Jul 2026 10:17:11 "
                   "UTC\nArchitectures: amd64\n"
                   "Components: main\nSHA256:\n %s %zu main/binary-amd64/Packages\n",
                   origin, digest_hex(&d, hex), packages.n));
}

static bool sign(const struct repo *r)
{
    const char *out = str_printf(r->a, "%s/repo/dists/test/InRelease", r->t->path).p;
    const char *in = str_printf(r->a, "%s/repo/dists/test/Release", r->t->path).p;
    const char *const argv[] = {"gpg", "--batch", "--yes", "-o", out, "--clearsign", in, NULL};
    return run(r, argv);
}

static const char deb[] = "not really a package";

static struct str packages_text(const struct repo *r)
{
    struct digest d;
    char hex[DIGEST_TEXT];
    digest_of(HASH_SHA256, deb, sizeof deb - 1, &d);
    return str_printf(
        r->a,
        "Package: aa\nVersion: 1.0\nArchitecture: amd64\nFilename: pool/aa_1.0.deb\nSize: %zu\nSHA256: %s\n",
        sizeof deb - 1, digest_hex(&d, hex));
}

// false: gpg or apt is not here.
static bool make_repo(struct repo *r, bool armoured)
{
    const char *key = str_printf(r->a, "%s/key.%s", r->t->path, armoured ? "asc" : "gpg").p;
    const char *const generate[] = {
        "gpg",     "--batch", "--passphrase", "",  "--quick-gen-key", "test@example.invalid",
        "ed25519", "sign",    "never",        NULL};
    const char *const export_[] = {"gpg",      "--batch", "-o", key, armoured ? "--armor" : "--no-armor",
                                   "--export", NULL};
    const char *const have[] = {"apt-get", "--version", NULL};
    MUST(path_mkdirs(r->t->dir, "gpg", 0700, &e));
    if (!run(r, have) || !run(r, generate) || !run(r, export_))
        return false;
    put(r, "repo/pool/aa_1.0.deb", str_of(deb));
    write_release(r, packages_text(r), "Test");
    put(r, "sources.list",
        str_printf(r->a, "deb [signed-by=%s arch=amd64] file:%s/repo test main\n", key, r->t->path));
    put(r, "apt.conf",
        str_printf(r->a,
                   "Dir::Etc::sourcelist \"%s/sources.list\";\nDir::Etc::sourceparts \"/dev/null\";\n"
                   "Dir::Etc::parts \"/dev/null\";\nDir::Etc::main \"/dev/null\";\n",
                   r->t->path));
    r->env[0] = str_printf(r->a, "APT_CONFIG=%s/apt.conf", r->t->path).p;
    return sign(r);
}

static void wanted(struct repo *r, struct base_debian *d)
{
    *d = (struct base_debian){.origin = STR("Test"), .suite = STR("test"), .architecture = STR("amd64")};
    strv_add(r->a, &d->components, STR("main"));
    strv_add(r->a, &d->packages, STR("aa"));
}

static void open_apt(const struct repo *r, struct apt **out)
{
    struct apt_spec spec = {
        .dir = str_printf(r->a, "%s/cache", r->t->path).p, .architecture = STR("amd64"), .envp = r->env};
    MUST(apt_open(&spec, out, &e));
}

static void download(struct apt *apt, const struct apt_indexes *x)
{
    const struct deb_package *p = &x->index.v[0];
    struct apt_file f = {.suite = STR("test"), .path = p->filename, .name = "aa", .size = p->size};
    drop_fd int fd = -1;
    drop_buf struct buf got = BUF_INIT(1000);
    memcpy(f.sha256, p->sha256, 32);
    REFUSED(apt_download(apt, NULL, &f, 1, &e), ERR_NOT_FOUND, "package aa|fetching is off");
    MUST(apt_download(apt, x, &f, 1, &e));
    MUST(apt_download(apt, NULL, &f, 1, &e)); // it is there now
    MUST(apt_package_open(apt, f.sha256, &fd, &e));
    MUST(file_read_fd(fd, "aa", &got, &e));
    EQ_TEXT(got.p, deb);
    f.sha256[0] ^= 1;
    REFUSED(apt_download(apt, x, &f, 1, &e), ERR_NETWORK, "apt-helper");
    f.suite = STR("other");
    REFUSED(apt_download(apt, x, &f, 1, &e), ERR_NOT_FOUND, "no source|other");
}

// The print is known before the packages are read, and is another one when a Release changes.
static void in_two_steps(struct repo *r, struct apt *apt, const struct apt_indexes *whole)
{
    drop_(apt_indexes_free) struct apt_indexes *x = NULL, *newer = NULL;
    struct base_debian d;
    wanted(r, &d);
    MUST(apt_releases_read(apt, &d, &x, &e));
    CHECK(digest_eq(&x->print, &whole->print));
    EQ_UINT(x->index.n, 0);
    EQ_UINT(x->releases.n, 1);
    MUST(apt_packages_read(apt, x, &e));
    EQ_UINT(x->index.n, 1);
    write_release(r, str_printf(r->a, PRI_STR "Section: x\n", STR_ARG(packages_text(r))), "Test");
    CHECK(sign(r));
    MUST(apt_update(apt, &e));
    MUST(apt_releases_read(apt, &d, &newer, &e));
    CHECK(!digest_eq(&newer->print, &whole->print));
}

TEST_SECONDS(apt_reads_a_signed_repository, 120)
{
    drop_(arena_free) struct arena *a = arena_new(4096);
    drop_(apt_close) struct apt *apt = NULL;
    drop_(apt_indexes_free) struct apt_indexes *x = NULL;
    struct repo r = {.a = a, .t = t};
    struct base_debian d;
    if (!make_repo(&r, false))
        SKIP("gpg or apt is not installed");
    wanted(&r, &d);
    open_apt(&r, &apt);
    REFUSED(apt_indexes_read(apt, &d, &x, &e), ERR_NOT_FOUND, "suite test|update first");
    MUST(apt_update(apt, &e));
    MUST(apt_indexes_read(apt, &d, &x, &e));
    EQ_UINT(x->index.n, 1);
    EQ_UINT(x->releases.n, 1);
    EQ_STR(x->index.v[0].release->origin, "Test");
    EQ_INT(x->releases.v[0].date_sec, 1783765031);
    download(apt, x);
    in_two_steps(&r, apt, x);
    struct apt_indexes *none = NULL;
    struct base_debian other = d;
    other.origin = STR("Debian");
    REFUSED(apt_indexes_read(apt, &other, &none, &e), ERR_NOT_FOUND, "suite test of origin Debian|Test test");
    other = d;
    strv_add(a, &other.pockets, STR("security"));
    REFUSED(apt_indexes_read(apt, &other, &none, &e), ERR_NOT_FOUND, "suite test-security");
    other = d;
    strv_add(a, &other.components, STR("contrib"));
    REFUSED(apt_indexes_read(apt, &other, &none, &e), ERR_NOT_FOUND, "component contrib");
    other = d;
    other.architecture = STR("arm64");
    REFUSED(apt_indexes_read(apt, &other, &none, &e), ERR_USAGE, "arm64|amd64");
}

// A damaged package in the cache goes, the whole ones beside it stay.
TEST_SECONDS(apt_fetches_again_what_was_damaged, 120)
{
    drop_(arena_free) struct arena *a = arena_new(4096);
    drop_(apt_close) struct apt *apt = NULL;
    struct repo r = {.a = a, .t = t};
    struct apt_file f[20];
    struct str name[COUNT(f)];
    open_apt(&r, &apt);
    for (size_t i = 0; i < COUNT(f); i++) {
        struct digest d;
        char hex[DIGEST_TEXT];
        struct str content = str_printf(a, "package %zu", i);
        digest_of(HASH_SHA256, content.p, content.n, &d);
        f[i] = (struct apt_file){.suite = STR("test"), .path = STR("x"), .name = "x", .size = content.n};
        memcpy(f[i].sha256, d.sum, sizeof f[i].sha256);
        name[i] = str_printf(a, "cache/packages/%s.deb", digest_hex(&d, hex));
        test_write(t->dir, name[i].p, content.p, content.n);
    }
    const struct timespec old[2] = {{.tv_sec = 1000}, {.tv_sec = 1000}};
    struct stat st;
    CHECK(utimensat(t->dir, name[0].p, old, 0) == 0);
    MUST(apt_download(apt, NULL, f, COUNT(f), &e));
    CHECK(fstatat(t->dir, name[0].p, &st, 0) == 0 && st.st_mtim.tv_sec > 1000); // it was used
    test_write(t->dir, name[3].p, "PACKAGE 3", 9);
    REFUSED(apt_download(apt, NULL, f, COUNT(f), &e), ERR_NOT_FOUND, "package x|not in the cache");
    for (size_t i = 0; i < COUNT(f); i++)
        EQ_INT(faccessat(t->dir, name[i].p, F_OK, 0), i == 3 ? -1 : 0);
}

static struct str list_name(const struct repo *r, const char *end)
{
    struct str path = str_printf(r->a, "%s/repo/dists/test/%s", r->t->path, end);
    struct buf b = BUF_INIT(4096);
    for (size_t i = 0; i < path.n; i++)
        if (path.p[i] == '_')
            buf_text(&b, "%5f");
        else
            buf_char(&b, path.p[i] == '/' ? '_' : path.p[i]);
    struct str name = str_printf(r->a, "cache/lists-amd64/" PRI_STR, STR_ARG(buf_view(&b)));
    buf_free(&b);
    return name;
}

// What apt left in its lists is changed behind its back: it is we who notice.
TEST_SECONDS(apt_notices_what_was_changed, 120)
{
    drop_(arena_free) struct arena *a = arena_new(4096);
    drop_(apt_close) struct apt *apt = NULL;
    struct apt_indexes *x = NULL;
    struct repo r = {.a = a, .t = t};
    struct base_debian d;
    if (!make_repo(&r, true))
        SKIP("gpg or apt is not installed");
    wanted(&r, &d);
    open_apt(&r, &apt);
    MUST(apt_update(apt, &e));
    MUST(apt_indexes_read(apt, &d, &x, &e));
    apt_indexes_free(steal_ptr(x));
    const char *packages = list_name(&r, "main/binary-amd64/Packages").p,
               *release = list_name(&r, "InRelease").p;
    struct str was = str_dup(a, test_read(a, t->dir, release));
    (void)unlinkat(t->dir, packages, 0); // apt links to the file of a local repository
    put(&r, packages, STR("Package: evil\n"));
    REFUSED(apt_indexes_read(apt, &d, &x, &e), ERR_DIGEST, "suite test|main/binary-amd64/Packages|14 bytes");
    (void)unlinkat(t->dir, release, 0);
    struct str changed = str_dup(a, was);
    char *at = memmem(changed.p, changed.n, "Origin: Test", 12);
    CHECK(at);
    at[8] = 'R';
    put(&r, release, changed);
    REFUSED(apt_indexes_read(apt, &d, &x, &e), ERR_DENIED, "suite test|is bad");
    (void)unlinkat(t->dir, release, 0);
    put(&r, release, STR("Origin: Test\nCodename: test\n"));
    REFUSED(apt_indexes_read(apt, &d, &x, &e), ERR_DENIED, "suite test|no good signature");
}

TEST_SECONDS(apt_does_not_take_an_unsigned_repository, 120)
{
    drop_(arena_free) struct arena *a = arena_new(4096);
    drop_(apt_close) struct apt *apt = NULL;
    struct repo r = {.a = a, .t = t};
    if (!make_repo(&r, false))
        SKIP("gpg or apt is not installed");
    (void)unlinkat(t->dir, "repo/dists/test/InRelease", 0);
    open_apt(&r, &apt);
    REFUSED(apt_update(apt, &e), ERR_NETWORK, "apt-get update|exit code 100");
}
