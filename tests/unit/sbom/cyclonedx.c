// SPDX-License-Identifier: Apache-2.0
#include "sbom/cyclonedx.h"
#include "base/limits.h"
#include "base/proc.h"
#include "document/json.h"
#include "sbom/licence.h"
#include "test.h"

static struct strv texts(struct arena *a, const char *one, const char *two)
{
    struct strv v = {0};
    if (one)
        strv_add(a, &v, str_of(one));
    if (two)
        strv_add(a, &v, str_of(two));
    return v;
}

static const struct sbom_distro debian = {STR_INIT("debian"), STR_INIT("12")};

static struct sbom sample(struct arena *a, bool backwards)
{
    struct sbom s = {
        .tool = STR("dema"),
        .tool_version = STR("1"),
        .timestamp = STR("1980-01-01T00:00:01Z"),
        .serial = sbom_uuid(a, STR("x")),
        .subject = {.type = SBOM_CONTAINER, .name = STR("example.com/base"), .version = STR("sha256:00")}};
    struct sbom_deb p[2] = {
        {.name = STR("libssl3"),
         .version = STR("3.0.11-1~deb12u2"),
         .architecture = STR("amd64"),
         .source = STR("openssl"),
         .maintainer = STR("A <a@example.com>"),
         .licences = texts(a, "Apache-2.0", NULL),
         .depends = texts(a, "libc6", "x"),
         .listed_in = STR("/var/lib/dpkg/status.d/libssl3")},
        {.name = STR("libc6"),
         .version = STR("1:2.36-9+b1"),
         .architecture = STR("amd64"),
         .source = STR("glibc"),
         .source_version = STR("1:2.36-9"),
         .licences = texts(a, "LGPL-2.1+ or MIT", NULL)},
    };
    digest_of(HASH_SHA256, "x", 1, &p[0].sha256);
    if (backwards) {
        struct sbom_deb swap = p[0];
        p[0] = p[1];
        p[1] = swap;
    }
    sbom_add_debs(a, &s, &debian, p, 2);
    struct sbom_component *c = sbom_add(a, &s, SBOM_APPLICATION);
    c->name = STR("node");
    c->version = STR("22.1.0");
    c->purl = STR("pkg:generic/node@22.1.0");
    c->licences = texts(a, "MIT", "Something \"else\"");
    return s;
}

TEST(package_urls_of_debian_packages)
{
    static const struct {
        const char *name, *version, *source, *source_version, *want;
    } rows[] = {
        {"tzdata", "2024a-0+deb12u1", "", "",
         "pkg:deb/debian/tzdata@2024a-0%2Bdeb12u1?arch=all&distro=debian-12"},
        {"libssl3", "3.0.11-1~deb12u2", "openssl", "",
         "pkg:deb/debian/libssl3@3.0.11-1~deb12u2?arch=all&distro=debian-12&upstream=openssl"},
        {"libc6", "1:2.36-9+b1", "glibc", "1:2.36-9",
         "pkg:deb/debian/libc6@1:2.36-9%2Bb1?arch=all&distro=debian-12&upstream=glibc%401:2.36-9"},
        {"bash", "5.2-2+b1", "bash", "5.2-2",
         "pkg:deb/debian/bash@5.2-2%2Bb1?arch=all&distro=debian-12&upstream=bash%405.2-2"},
        {"g++", "1", "g++", "", "pkg:deb/debian/g%2B%2B@1?arch=all&distro=debian-12"},
    };
    drop_(arena_free) struct arena *a = arena_new(4096);
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct sbom_deb p = {.name = str_of(rows[i].name),
                             .version = str_of(rows[i].version),
                             .architecture = STR("all"),
                             .source = str_of(rows[i].source),
                             .source_version = str_of(rows[i].source_version)};
        EQ_STR(sbom_deb_purl(a, &debian, &p), rows[i].want);
    }
}

TEST(licences_become_expressions_or_stay_text)
{
    static const struct {
        const char *text, *want;
    } rows[] = {
        {"GPL-2+", "GPL-2.0-or-later"},
        {"expat", "MIT"},
        {"GPL-2+ or MIT", "GPL-2.0-or-later OR MIT"},
        {"MIT  and ISC", "MIT AND ISC"},
        {"Perl", "Artistic-1.0-Perl OR GPL-1.0-or-later"},
        {"Perl and MIT", "(Artistic-1.0-Perl OR GPL-1.0-or-later) AND MIT"},
        {"MIT and ISC or GPL-2", ""}, // what binds how?
        {"MIT ISC", ""},
        {"MIT or", ""},
        {"GPL", ""},
        {"public-domain", ""},
        {"", ""},
    };
    drop_(arena_free) struct arena *a = arena_new(4096);
    for (size_t i = 0; i < COUNT(rows); i++)
        EQ_STR(licence_expression(a, str_of(rows[i].text)), rows[i].want);
    CHECK(licence_is_id(STR("GPL-2.0-only")) && !licence_is_id(STR("GPL-2")) &&
          !licence_is_id(STR("MIT OR ISC")));
}

TEST(the_order_of_components_does_not_matter)
{
    drop_(arena_free) struct arena *a = arena_new(4096);
    drop_buf struct buf one = BUF_INIT(MIB(1)), two = BUF_INIT(MIB(1));
    struct sbom s = sample(a, false), turned = sample(a, true);
    cyclonedx_write(&s, CYCLONEDX_1_5, &one);
    cyclonedx_write(&turned, CYCLONEDX_1_5, &two);
    EQ_STR(buf_view(&one), two.p);
}

static struct str at(const struct val *v, const char *path)
{
    const struct val *got = val_at(v, path);
    return got && got->kind == VAL_STR ? got->s : STR("(none)");
}

TEST(a_document_has_what_readers_look_for)
{
    drop_(arena_free) struct arena *a = arena_new(4096);
    drop_buf struct buf b = BUF_INIT(MIB(1));
    struct sbom s = sample(a, false);
    struct val *doc;
    cyclonedx_write(&s, CYCLONEDX_1_5, &b);
    MUST(json_read(a, buf_view(&b), "bom", &doc, &e));
    EQ_STR(at(doc, "specVersion"), "1.5");
    EQ_STR(at(doc, "metadata.component.type"), "container");
    const struct val *c = val_get(doc, STR("components"));
    EQ_UINT(c->c.n, 4);
    EQ_STR(at(&c->c.v[0], "type"), "operating-system"); // it has no package URL
    EQ_STR(at(&c->c.v[1], "name"), "libc6");
    EQ_STR(at(&val_get(&c->c.v[1], STR("licenses"))->c.v[0], "expression"), "LGPL-2.1-or-later OR MIT");
    EQ_STR(at(&c->c.v[2], "name"), "libssl3");
    EQ_STR(at(&val_get(&c->c.v[2], STR("licenses"))->c.v[0], "license.id"), "Apache-2.0");
    EQ_STR(at(&val_get(&c->c.v[2], STR("hashes"))->c.v[0], "alg"), "SHA-256");
    EQ_STR(at(&val_get(&c->c.v[3], STR("licenses"))->c.v[1], "license.name"), "Something \"else\"");
    const struct val *edges = val_get(doc, STR("dependencies"));
    EQ_UINT(edges->c.n, 5);
    EQ_UINT(val_get(&edges->c.v[0], STR("dependsOn"))->c.n, 4);
    EQ_STR(val_get(&edges->c.v[3], STR("dependsOn"))->c.v[0].s,
           "pkg:deb/debian/libc6@1:2.36-9%2Bb1?arch=amd64&distro=debian-12&upstream=glibc%401:2.36-9");
}

TEST(an_empty_document_is_one_too)
{
    drop_buf struct buf b = BUF_INIT(MIB(1));
    cyclonedx_write(&(struct sbom){0}, CYCLONEDX_1_6, &b);
    EQ_STR(buf_view(&b),
           "{\"bomFormat\":\"CycloneDX\",\"specVersion\":\"1.6\",\"version\":1,\"components\":[],"
           "\"dependencies\":[]}");
}

TEST(text_that_is_not_utf8_is_made_printable)
{
    drop_(arena_free) struct arena *a = arena_new(4096);
    drop_buf struct buf b = BUF_INIT(MIB(1));
    struct sbom s = {0};
    struct val *doc;
    struct sbom_component *c = sbom_add(a, &s, SBOM_FILE);
    c->name = STR("x\xff\n");
    c->description = STR("\xc3");
    cyclonedx_write(&s, CYCLONEDX_1_4, &b);
    MUST(json_read(a, buf_view(&b), "bom", &doc, &e));
}

// python's jsonschema, with the schemas of tests/data.
static const char judge[] =
    "import json, sys, pathlib, warnings\n"
    "warnings.simplefilter('ignore')\n"
    "import jsonschema\n"
    "dir, version, bom = pathlib.Path(sys.argv[1]), sys.argv[2], "
    "json.loads(pathlib.Path(sys.argv[3]).read_text())\n"
    "load = lambda name: json.loads((dir / name).read_text())\n"
    "schema = load(f'bom-{version}.schema.json')\n"
    "store = {s['$id']: s for s in map(load, ['spdx.schema.json', 'jsf-0.82.schema.json'])}\n"
    "resolver = jsonschema.RefResolver(base_uri=schema['$id'], referrer=schema, store=store)\n"
    "errors = list(jsonschema.Draft7Validator(schema, resolver=resolver).iter_errors(bom))\n"
    "for e in errors: print(list(e.absolute_path), e.message[:300])\n"
    "sys.exit(1 if errors else 0)\n";

static int run_judge(struct test *t, struct arena *a, const char *version, struct str bom, struct str *said)
{
    drop_buf struct buf out = BUF_INIT(MIB(1)), err = BUF_INIT(MIB(1));
    test_write(t->dir, "bom.json", bom.p, bom.n);
    const char *path = getenv("PATH");
    const char *argv[] = {
        "python3", "-c", judge, test_data(a, "schemas"), version, arena_printf(a, "%s/bom.json", t->path),
        NULL};
    const char *env[] = {path ? arena_printf(a, "PATH=%s", path) : "PATH=/usr/bin:/bin", NULL};
    struct proc_spec s = {.argv = argv, .envp = env, .path = path, .timeout_ms = 60000, PROC_QUIET};
    int status = -1;
    struct err e = {0};
    if (proc_run(&s, STR(""), &out, &err, &status, &e) < 0)
        return -1;
    *said = str_printf(a, PRI_STR PRI_STR, STR_ARG(buf_view(&out)), STR_ARG(buf_view(&err)));
    return status;
}

TEST_SECONDS(documents_are_valid_by_the_published_schemas, 120)
{
    static const char *const versions[] = {"1.4", "1.5", "1.6"};
    drop_(arena_free) struct arena *a = arena_new(4096);
    struct str said = STR("");
    for (size_t i = 0; i < COUNT(versions); i++) {
        drop_buf struct buf b = BUF_INIT(MIB(1));
        struct sbom s = sample(a, false);
        cyclonedx_write(&s, (enum cyclonedx)i, &b);
        int status = run_judge(t, a, versions[i], buf_view(&b), &said);
        if (status < 0 || memmem(said.p, said.n, "No module named", 15) ||
            memmem(said.p, said.n, "not found", 9))
            SKIP("no python3 with jsonschema");
        CHECK_MSG(status == 0, "%s: " PRI_STR, versions[i], STR_ARG(said));
    }
    // The judge refuses what is wrong.
    CHECK(run_judge(t, a, "1.5", STR("{\"bomFormat\":\"CycloneDX\",\"specVersion\":\"1.5\",\"colour\":1}"),
                    &said) != 0);
}
