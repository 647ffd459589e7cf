// SPDX-License-Identifier: Apache-2.0
#include "cnb/labels.h"
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
    MUST(build_metadata_json(a, &m, &l, &out, &e));
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
