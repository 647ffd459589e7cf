// SPDX-License-Identifier: Apache-2.0
#include "cnb/labels.h"
#include "cnb/api.h"
#include "cnb/layer.h"
#include "document/json.h"
#include "document/toml.h"
#include "test.h"
#include <fcntl.h>

// The raw label files end with a line feed of their own.
static struct str reference(struct arena *a, const char *name)
{
    return str_trim(test_read(a, AT_FDCWD, test_data(a, arena_printf(a, "reference-image/%s", name))));
}

TEST(labels_lifecycle_metadata_comes_out_with_the_references_bytes)
{
    drop_(arena_free) struct arena *a = arena_new(0);
    struct str raw = reference(a, "io.buildpacks.lifecycle.metadata.raw.json");
    struct val *doc;
    struct lifecycle_metadata m = {0};
    drop_buf struct buf out = BUF_INIT(1 << 20);
    MUST(json_read(a, raw, "label", &doc, &e));
    MUST(lifecycle_metadata_read(a, doc, "label", &m, &e));
    EQ_UINT(m.app.n, 3);
    EQ_UINT(m.buildpacks.n, 2);
    CHECK(lm_find(&m, STR("bench/golden"), STR("gold"))->cache);
    CHECK(!lm_find(&m, STR("bench/golden"), STR("none")));
    MUST(lifecycle_metadata_json(a, &m, &out, &e));
    EQ_STR(buf_view(&out), str_c(a, raw));
}

TEST(labels_layer_data_is_what_go_makes_of_toml)
{
    drop_(arena_free) struct arena *a = arena_new(0);
    struct val *doc, *json;
    drop_buf struct buf out = BUF_INIT(65536);
    MUST(toml_read(
        a,
        STR("b = 1.0\na = 1e3\nc = 1e21\nd = 1e-7\ne = -0.5\nf = 123456789.25\nt = 2024-01-02 03:04:05Z\n"
            "x = '<&>'\nn = {z = 1, y = [0.1, 5e-324]}\n"),
        "t", &doc, &e));
    MUST(toml_as_json(a, doc, &json, &e));
    json_write(json, JSON_GO, &out);
    EQ_STR(buf_view(&out), "{\"a\":1000,\"b\":1,\"c\":1e+21,\"d\":1e-7,\"e\":-0.5,\"f\":123456789.25,"
                           "\"n\":{\"y\":[0.1,5e-324],\"z\":1},\"t\":\"2024-01-02T03:04:05Z\","
                           "\"x\":\"\\u003c\\u0026\\u003e\"}");
    MUST(toml_read(a, STR("a = {b = inf}"), "t", &doc, &e));
    REFUSED(toml_as_json(a, doc, &json, &e), ERR_USAGE, "a: b|inf");
}

TEST(labels_build_metadata_comes_out_with_the_references_bytes)
{
    drop_(arena_free) struct arena *a = arena_new(0);
    struct val *doc;
    struct cnb_metadata m = {0};
    struct launcher_source l = {STR("0.21.17-2+4bd4b13e"), STR("github.com/buildpacks/lifecycle"),
                                STR("4bd4b13e")};
    drop_buf struct buf out = BUF_INIT(1 << 20), toml = BUF_INIT(1 << 20), none = BUF_INIT(64);
    struct str text = test_read(a, AT_FDCWD, test_data(a, "reference-image/config-metadata.toml"));
    MUST(toml_read(a, text, "metadata.toml", &doc, &e));
    MUST(cnb_metadata_read(a, doc, "metadata.toml", NULL, &m, &e));
    MUST(build_metadata_json(a, &m, &l, 0x000f, &out, &e));
    EQ_STR(buf_view(&out), str_c(a, reference(a, "io.buildpacks.build.metadata.raw.json")));
    MUST(cnb_metadata_write(a, &m, 0x000f, &doc, &e));
    MUST(toml_write(doc, &toml, &e));
    EQ_STR(buf_view(&toml), str_c(a, text));
    MUST(project_metadata_json(a, NULL, &none, &e));
    EQ_STR(buf_view(&none), str_c(a, reference(a, "io.buildpacks.project.metadata.raw.json")));
}

TEST(M27_label_of_a_previous_image_with_wrong_types)
{
    static const struct {
        const char *json, *words;
    } rows[] = {
        {"[]", "label"},
        {"{\"app\":1}", "app|list"},
        {"{\"app\":[{\"sha\":\"sha256:zz\"}]}", "app|sha256"},
        {"{\"sbom\":{\"sha\":7}}", "sbom|text"},
        {"{\"buildpacks\":[{\"key\":\"../x\"}]}", "buildpacks|key|not an id"},
        {"{\"buildpacks\":[{\"key\":\"a\",\"layers\":[]}]}", "layers|table"},
        {"{\"buildpacks\":[{\"key\":\"a\",\"layers\":{\"l\":{\"sha\":\"sha256:../../x\"}}}]}", "layers"},
        {"{\"runImage\":\"x\"}", "runImage|table"},
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        drop_(arena_free) struct arena *a = arena_new(0);
        struct val *doc;
        struct lifecycle_metadata m = {0};
        MUST(json_read(a, str_of(rows[i].json), "label", &doc, &e));
        REFUSED(lifecycle_metadata_read(a, doc, "label", &m, &e), ERR_PARSE, rows[i].words);
    }
}

static const struct val *toml(struct arena *a, const char *text)
{
    struct val *doc = NULL;
    MUST(toml_read(a, str_of(text), "x.toml", &doc, &e));
    return doc;
}

static const char bom_text[] = "[[bom]]\nname = 'jre'\n[bom.metadata]\nversion = '17'\nb = 1\na = '<'\n"
                               "[[bom]]\nname = 'bare'\n";

static struct cnb_bom bom_of(struct arena *a)
{
    struct doc how = {.names = NAMES_TOML, .api = API(0, 5), .file = "launch.toml", .a = a};
    struct cnb_launch_toml l = {0};
    MUST(launch_toml_read(&how, toml(a, bom_text), &l, &e));
    for (size_t i = 0; i < l.bom.n; i++)
        l.bom.v[i].buildpack = (struct cnb_bom_source){STR("a/b"), STR("1")};
    return l.bom;
}

#define BOM_JSON                                                                                             \
    "[{\"name\":\"jre\",\"metadata\":{\"a\":\"\\u003c\",\"b\":1,\"version\":\"17\"},"                        \
    "\"buildpack\":{\"id\":\"a/b\",\"version\":\"1\"}},"                                                     \
    "{\"name\":\"bare\",\"metadata\":null,\"buildpack\":{\"id\":\"a/b\",\"version\":\"1\"}}]"

TEST(legacy_bill_of_materials_as_json)
{
    drop_(arena_free) struct arena *a = arena_new(0);
    drop_buf struct buf out = BUF_INIT(65536), none = BUF_INIT(64);
    const struct cnb_bom bom = bom_of(a), empty = {0};
    MUST(bom_json(a, &bom, &out, &e));
    EQ_STR(buf_view(&out), BOM_JSON);
    MUST(bom_json(a, &empty, &none, &e));
    EQ_STR(buf_view(&none), "null");
}

TEST(legacy_bill_of_materials_in_build_toml_and_with_versions)
{
    static const struct {
        const char *text, *words;
    } rows[] = {
        {"[[bom]]\nname = 'x'\nversion = '1'", "bom[0].version|metadata"},
        {"[[bom]]\nname = 'x'\nmetadata = 3", "bom[0].metadata|table"},
        {"[[bom]]\nname = 3", "bom[0].name|text"},
        {"bom = 3", "bom|list of tables"},
    };
    drop_(arena_free) struct arena *a = arena_new(0);
    struct doc how = {.names = NAMES_TOML, .api = API(0, 8), .file = "launch.toml", .a = a};
    struct cnb_launch_toml l = {0};
    struct cnb_build_toml b = {{0}, {0}};
    for (size_t i = 0; i < COUNT(rows); i++) {
        REFUSED(launch_toml_read(&how, toml(a, rows[i].text), &l, &e), ERR_PARSE, rows[i].words);
        REFUSED(build_toml_read(a, toml(a, rows[i].text), "build.toml", NULL, &b, &e), ERR_PARSE,
                rows[i].words);
    }
    MUST(build_toml_read(a, toml(a, "[[unmet]]\nname = 'y'\n[[bom]]\nname = 'x'"), "build.toml", NULL, &b,
                         &e));
    EQ_STR(b.bom.v[0].name, "x");
    EQ_STR(b.unmet.v[0], "y");
}

// With Platform API 0.8 it is a part of metadata.toml and of the label, and a command is a text; not since.
TEST(build_metadata_of_old_platforms)
{
    drop_(arena_free) struct arena *a = arena_new(0);
    const struct launcher_source l = {STR("1"), STR("r"), STR("c")};
    struct cnb_process web = {.type = STR("web"), .buildpack_id = STR("a/b")};
    strv_add(a, &web.command, STR("run"));
    struct cnb_metadata m = {.bom = bom_of(a), .processes = {&web, 1}}, again = {0}, bare = {0};
    struct val *doc;
    drop_buf struct buf old = BUF_INIT(65536), now = BUF_INIT(65536), none = BUF_INIT(65536);
    MUST(cnb_metadata_write(a, &m, API(0, 8), &doc, &e));
    MUST(cnb_metadata_read(a, doc, "metadata.toml", NULL, &again, &e));
    EQ_UINT(again.bom.n, 2);
    EQ_STR(again.processes.v[0].command.v[0], "run");
    EQ_INT(val_get(doc, STR("processes"))->c.v[0].c.v[1].kind, VAL_STR);
    MUST(build_metadata_json(a, &again, &l, API(0, 8), &old, &e));
#define REST(command)                                                                                        \
    "\"buildpacks\":[],\"launcher\":{\"version\":\"1\",\"source\":{\"git\":{\"repository\":\"r\","           \
    "\"commit\":\"c\"}}},\"processes\":[{\"type\":\"web\",\"command\":" command ",\"args\":null,"            \
    "\"direct\":false,\"buildpackID\":\"a/b\"}]}"
    EQ_STR(buf_view(&old), "{\"bom\":" BOM_JSON "," REST("\"run\""));
    MUST(build_metadata_json(a, &again, &l, API(0, 10), &now, &e));
    EQ_STR(buf_view(&now), "{" REST("[\"run\"]"));
    MUST(build_metadata_json(a, &bare, &l, API(0, 7), &none, &e));
    CHECK(str_has_prefix(buf_view(&none), "{\"bom\":null,\"buildpacks\":[],"));
    MUST(cnb_metadata_write(a, &m, API(0, 9), &doc, &e));
    CHECK(!val_get(doc, STR("bom")));
}
