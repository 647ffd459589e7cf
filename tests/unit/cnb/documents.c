// SPDX-License-Identifier: Apache-2.0
// The documents between the phases, read, written and hostile: analyzed.toml, run.toml, stack.toml, report.toml,
// project-metadata.toml.
#include "base/buf.h"
#include "cnb/analyzed.h"
#include "cnb/layer.h"
#include "cnb/project.h"
#include "cnb/report.h"
#include "cnb/run_toml.h"
#include "document/json.h"
#include "document/toml.h"
#include "test.h"
#include <fcntl.h>

static const struct val *toml(struct arena *a, const char *text)
{
    struct val *doc = NULL;
    MUST(toml_read(a, str_of(text), "x.toml", &doc, &e));
    return doc;
}

static struct str text_of(struct arena *a, const struct val *doc)
{
    drop_buf struct buf out = BUF_INIT(1 << 20);
    MUST(toml_write(doc, &out, &e));
    return str_dup(a, buf_view(&out));
}

#define SHA "sha256:e4f436c9bd4c371adc2be50818eb776fc522d2f82d52ea23986dcb25f60e6050"

// In the order and the layout in which it is written.
static const char analyzed_text[] = "[image]\n"
                                    "  reference = \"/repo/app@" SHA "\"\n"
                                    "\n"
                                    "[metadata]\n"
                                    "\n"
                                    "  [[metadata.app]]\n"
                                    "    sha = \"" SHA "\"\n"
                                    "\n"
                                    "  [[metadata.buildpacks]]\n"
                                    "    key = \"a/b\"\n"
                                    "    version = \"1\"\n"
                                    "    [metadata.buildpacks.layers]\n"
                                    "      [metadata.buildpacks.layers.jre]\n"
                                    "        sha = \"" SHA "\"\n"
                                    "        build = false\n"
                                    "        launch = true\n"
                                    "        cache = true\n"
                                    "        [metadata.buildpacks.layers.jre.metadata]\n"
                                    "          version = \"17\"\n"
                                    "    [metadata.buildpacks.store]\n"
                                    "      [metadata.buildpacks.store.metadata]\n"
                                    "        k = 1\n";

TEST(analyzed_is_read_with_all_that_it_says)
{
    drop_(arena_free) struct arena *a = arena_new(0);
    struct cnb_analyzed x;
    struct cnb_target target;
    const char *text =
        arena_printf(a,
                     "%s\n[run-image]\nreference = '/repo/run@" SHA "'\nimage = 'run:1'\nextend = true\n"
                     "[run-image.target]\nid = 'i'\nos = 'linux'\narch = 'arm'\narch-variant = 'v7'\n"
                     "[run-image.target.distro]\nname = 'debian'\nversion = '12'\n"
                     "[build-image]\nreference = 'b'\n",
                     analyzed_text);
    MUST(analyzed_read(a, toml(a, text), "analyzed.toml", NULL, &x, &e));
    EQ_STR(x.previous, "/repo/app@" SHA);
    EQ_STR(x.metadata.app.v[0], SHA);
    const struct lm_layer *jre = lm_find(&x.metadata, STR("a/b"), STR("jre"));
    CHECK(jre && jre->cache && jre->launch && !jre->build);
    EQ_STR(val_get(jre->data, STR("version"))->s, "17");
    EQ_INT(val_get(x.metadata.buildpacks.v[0].store, STR("k"))->i, 1);
    EQ_STR(x.run_image.image, "run:1");
    CHECK(x.run_image.extend);
    EQ_STR(x.build_image.reference, "b");
    analyzed_target(a, &x.run_image.target, &target);
    EQ_STR(target.variant, "v7");
    EQ_STR(target.distros.v[0].version, "12");
}

TEST(analyzed_comes_out_as_it_was_read)
{
    drop_(arena_free) struct arena *a = arena_new(0);
    struct cnb_analyzed x, again;
    struct val *doc;
    MUST(analyzed_read(a, toml(a, analyzed_text), "analyzed.toml", NULL, &x, &e));
    x.run_image.image = STR("run:1");
    x.run_image.target =
        (struct cnb_analyzed_target){.os = STR("linux"), .arch = STR("arm"), .variant = STR("v7")};
    MUST(analyzed_write(a, &x, &doc, &e));
    struct str first = text_of(a, doc);
    const struct val *target = val_at(doc, "run-image.target");
    EQ_STR(val_get(target, STR("variant"))->s, "v7"); // both spellings
    EQ_STR(val_get(target, STR("arch-variant"))->s, "v7");
    MUST(analyzed_read(a, toml(a, str_c(a, first)), "analyzed.toml", NULL, &again, &e));
    EQ_STR(again.run_image.target.variant, "v7");
    MUST(analyzed_write(a, &again, &doc, &e));
    EQ_STR(text_of(a, doc), str_c(a, first));
    CHECK(str_has_prefix(first, "[image]\n  reference = \"/repo/app@" SHA "\"\n\n[metadata]\n"));
}

// What a label says as JSON and what analyzed.toml says as TOML of it is the same.
TEST(analyzed_says_what_the_references_label_says)
{
    drop_(arena_free) struct arena *a = arena_new(0);
    struct str raw = str_trim(
        test_read(a, AT_FDCWD, test_data(a, "reference-image/io.buildpacks.lifecycle.metadata.raw.json")));
    struct cnb_analyzed x = {0}, again;
    struct val *doc;
    drop_buf struct buf json = BUF_INIT(1 << 20);
    MUST(json_read(a, raw, "label", &doc, &e));
    MUST(lifecycle_metadata_read(a, doc, "label", &x.metadata, &e));
    MUST(analyzed_write(a, &x, &doc, &e));
    MUST(analyzed_read(a, toml(a, str_c(a, text_of(a, doc))), "analyzed.toml", NULL, &again, &e));
    MUST(lifecycle_metadata_json(a, &again.metadata, &json, &e));
    EQ_STR(buf_view(&json), str_c(a, raw));
}

TEST(analyzed_that_says_nothing)
{
    drop_(arena_free) struct arena *a = arena_new(0);
    static const char *const texts[] = {"", "[image]\nreference = ''\n",
                                        "[image]\n[metadata]\n[run-image]\n"};
    for (size_t i = 0; i < COUNT(texts); i++) {
        struct cnb_analyzed x;
        struct cnb_target target;
        MUST(analyzed_read(a, toml(a, texts[i]), "analyzed.toml", NULL, &x, &e));
        EQ_STR(x.previous, "");
        analyzed_target(a, &x.run_image.target, &target);
        EQ_UINT(target.distros.n, 0);
    }
}

struct refused {
    const char *text, *words;
};

TEST(M27_M28_M29_O8_analyzed_that_is_hostile)
{
    static const struct refused rows[] = {
        {"image = 'x'", "image|table"},
        {"[image]\nreference = 7", "analyzed.toml:2|reference|whole number"},
        {"[image]\nreference = \"a\\u0000b\"", "reference|NUL"},
        {"metadata = []", "metadata|table"},
        {"[metadata]\napp = [1]", "app|table"},
        {"[metadata]\napp = [{sha = 'sha256:../../x'}]", "app|sha"},
        {"[metadata]\nsbom = {sha = 'md5:00'}", "sbom"},
        {"[[metadata.buildpacks]]\nkey = 'a/../../etc'", "key|not an id"},
        {"[[metadata.buildpacks]]\nkey = ''", "key|not an id"},
        {"[[metadata.buildpacks]]\nkey = 'a'\nlayers = 1", "layers|table"},
        {"[[metadata.buildpacks]]\nkey = 'a'\n[metadata.buildpacks.layers.l]\nsha = '" SHA "0'", "layers"},
        {"[[metadata.buildpacks]]\nkey = 'a'\n[metadata.buildpacks.layers.l]\nlaunch = 'true'", "launch"},
        {"[[metadata.buildpacks]]\nkey = 'a'\nstore = 'x'", "store|table"},
        {"run-image = []", "run-image|table"},
        {"[run-image]\nextend = 'yes'", "extend"},
        {"[run-image.target]\nos = ['linux']", "os|text"},
        {"[run-image.target]\ndistro = 'debian'", "distro|table"},
        {"[build-image]\nreference = {}", "reference"},
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        drop_(arena_free) struct arena *a = arena_new(0);
        struct cnb_analyzed x = {.previous = STR("untouched")};
        REFUSED(analyzed_read(a, toml(a, rows[i].text), "analyzed.toml", NULL, &x, &e), ERR_PARSE,
                rows[i].words);
        EQ_STR(x.previous, "untouched");
    }
}

TEST(run_toml_both_ways)
{
    drop_(arena_free) struct arena *a = arena_new(0);
    static const char text[] =
        "[[images]]\n  image = \"example.com/run:1\"\n  mirrors = [\"a.example.com/run:1\"]\n"
        "\n[[images]]\n  image = \"example.com/other\"\n";
    struct cnb_run r;
    struct val *doc;
    MUST(run_toml_read(a, toml(a, text), "run.toml", NULL, &r, &e));
    EQ_UINT(r.images.n, 2);
    MUST(run_toml_write(a, &r, &doc, &e));
    EQ_STR(text_of(a, doc), text);
    MUST(run_toml_read(a, toml(a, ""), "run.toml", NULL, &r, &e));
    EQ_UINT(r.images.n, 0);
}

TEST(run_toml_finds_by_name_in_any_spelling)
{
    static const struct {
        const char *name;
        int at;
    } rows[] = {
        {"example.com/run:1", 0},
        {"example.com/run:1@" SHA, 0},
        {"a.example.com/run:1", 0},
        {"example.com/run", -1},
        {"debian:latest", 1},
        {"docker.io/library/debian", 1},
        {"debian", 1},
        {"example.com/no", -1},
        {"NOT A NAME", -1},
        {"", -1},
    };
    drop_(arena_free) struct arena *a = arena_new(0);
    struct cnb_run r;
    MUST(run_toml_read(
        a,
        toml(a, "[[images]]\nimage = 'example.com/run:1'\nmirrors = ['a.example.com/run:1', 'B!']\n"
                "[[images]]\nimage = 'debian'\n"),
        "run.toml", NULL, &r, &e));
    for (size_t i = 0; i < COUNT(rows); i++) {
        const struct cnb_run_image *got = run_toml_find(&r, str_of(rows[i].name));
        CHECK_MSG(rows[i].at < 0 ? !got : got == &r.images.v[rows[i].at], "%s", rows[i].name);
    }
}

TEST(stack_toml_has_one_image)
{
    drop_(arena_free) struct arena *a = arena_new(0);
    struct cnb_run r;
    MUST(stack_toml_read(a, toml(a, "[run-image]\nimage = 'x'\nmirrors = ['y']\n"), "stack.toml", NULL, &r,
                         &e));
    EQ_UINT(r.images.n, 1);
    EQ_STR(r.images.v[0].mirrors.v[0], "y");
    MUST(stack_toml_read(a, toml(a, ""), "stack.toml", NULL, &r, &e));
    EQ_UINT(r.images.n, 0);
    REFUSED(stack_toml_read(a, toml(a, "run-image = 'x'"), "stack.toml", NULL, &r, &e), ERR_PARSE,
            "stack.toml|run-image");
}

TEST(O8_run_toml_that_is_hostile)
{
    static const struct refused rows[] = {
        {"images = 'x'", "images"},
        {"images = [1]", "images|table"},
        {"[[images]]\nmirrors = []", "image"},
        {"[[images]]\nimage = 1", "image|text"},
        {"[[images]]\nimage = 'x'\nmirrors = 'y'", "mirrors|list"},
        {"[[images]]\nimage = 'x'\nmirrors = [1]", "mirrors|text"},
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        drop_(arena_free) struct arena *a = arena_new(0);
        struct cnb_run r;
        REFUSED(run_toml_read(a, toml(a, rows[i].text), "run.toml", NULL, &r, &e), ERR_PARSE, rows[i].words);
    }
}

TEST(report_both_ways)
{
    drop_(arena_free) struct arena *a = arena_new(0);
    static const char text[] =
        "[image]\n  tags = [\"a:1\", \"a:2\"]\n  digest = \"" SHA "\"\n  manifest-size = 1234\n";
    struct cnb_report r;
    struct val *doc;
    MUST(report_read(a, toml(a, text), "report.toml", NULL, &r, &e));
    EQ_INT(r.manifest_size, 1234);
    MUST(report_write(a, &r, &doc, &e));
    EQ_STR(text_of(a, doc), text);
}

TEST(O4_O8_report_that_is_hostile)
{
    static const struct refused rows[] = {
        {"image = 1", "image|table"},
        {"[image]\ntags = 'x'", "tags|list"},
        {"[image]\ndigest = 'sha256:xyz'", "digest"},
        {"[image]\ndigest = 1", "digest|text"},
        {"[image]\nmanifest-size = -1", "manifest-size|-1"},
        {"[image]\nmanifest-size = '12'", "manifest-size|whole number"},
        {"[image]\nmanifest-size = 1.5", "manifest-size"},
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        drop_(arena_free) struct arena *a = arena_new(0);
        struct cnb_report r;
        REFUSED(report_read(a, toml(a, rows[i].text), "report.toml", NULL, &r, &e), ERR_PARSE, rows[i].words);
    }
}

TEST(project_becomes_the_label)
{
    drop_(arena_free) struct arena *a = arena_new(0);
    struct cnb_project p;
    struct val *doc;
    drop_buf struct buf json = BUF_INIT(4096), none = BUF_INIT(64);
    MUST(project_read(
        a,
        toml(a, "[source]\ntype = 'git'\n[source.version]\ncommit = 'abc'\n[source.metadata]\nrefs = ['v1']\n"
                "[other]\nx = 1\n"),
        "project-metadata.toml", NULL, &p, &e));
    MUST(project_write(a, &p, &doc, &e));
    MUST(project_metadata_json(a, doc, &json, &e));
    EQ_STR(
        buf_view(&json),
        "{\"source\":{\"type\":\"git\",\"version\":{\"commit\":\"abc\"},\"metadata\":{\"refs\":[\"v1\"]}}}");
    MUST(project_read(a, toml(a, ""), "project-metadata.toml", NULL, &p, &e));
    MUST(project_write(a, &p, &doc, &e));
    MUST(project_metadata_json(a, doc, &none, &e));
    EQ_STR(buf_view(&none), "{}");
}

TEST(O8_project_that_is_hostile)
{
    static const struct refused rows[] = {
        {"source = 'git'", "source|table"},
        {"[source]\ntype = 1", "type|text"},
        {"[source]\nversion = '1'", "version|table"},
        {"[source]\nmetadata = [1]", "metadata|table"},
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        drop_(arena_free) struct arena *a = arena_new(0);
        struct cnb_project p;
        REFUSED(project_read(a, toml(a, rows[i].text), "project-metadata.toml", NULL, &p, &e), ERR_PARSE,
                rows[i].words);
    }
}

TEST(store_toml_and_its_metadata)
{
    drop_(arena_free) struct arena *a = arena_new(0);
    const struct val *metadata = NULL;
    MUST(store_toml_read(a, toml(a, ""), "store.toml", NULL, &metadata, &e));
    CHECK(!metadata);
    MUST(store_toml_read(a, toml(a, "[metadata]\nk = 1"), "store.toml", NULL, &metadata, &e));
    EQ_INT(val_get(metadata, STR("k"))->i, 1);
    REFUSED(store_toml_read(a, toml(a, "metadata = 1"), "store.toml", NULL, &metadata, &e), ERR_PARSE,
            "store.toml:1|metadata|table");
}

TEST(report_with_the_legacy_bill_of_materials_of_the_build)
{
    drop_(arena_free) struct arena *a = arena_new(0);
    struct cnb_bom_entry one = {.name = STR("x"), .buildpack = {STR("a/b"), STR("1")}};
    struct cnb_report report = {.build_bom = {&one, 1}}, again = {0};
    struct val *doc;
    strv_add(a, &report.tags, STR("app"));
    MUST(report_write(a, &report, &doc, &e));
    EQ_STR(val_at(&val_at(doc, "build.bom")->c.v[0], "buildpack.id")->s, "a/b");
    MUST(report_read(a, doc, "report.toml", NULL, &again, &e));
    EQ_STR(again.build_bom.v[0].name, "x");
    report.build_bom.n = 0;
    MUST(report_write(a, &report, &doc, &e));
    CHECK(!val_get(doc, STR("build")));
}
