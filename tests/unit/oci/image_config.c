// SPDX-License-Identifier: Apache-2.0
#include "oci/image_config.h"
#include "base/buf.h"
#include "base/limits.h"
#include "test.h"
#include <fcntl.h>
#include <sys/resource.h>

#define HEX "e4f436c9bd4c371adc2be50818eb776fc522d2f82d52ea23986dcb25f60e6050"
#define DIGEST "sha256:" HEX
#define ROOTFS "\"rootfs\":{\"type\":\"layers\",\"diff_ids\":[\"" DIGEST "\"]}"
#define IMAGE(more) "{\"architecture\":\"amd64\",\"os\":\"linux\"," ROOTFS more "}"
#define WITH(config) IMAGE(",\"config\":{" config "}")

TEST(image_config_of_the_reference_byte_for_byte)
{
    drop_(arena_free) struct arena *a = arena_new(4096);
    struct str bytes = test_read(a, AT_FDCWD, test_data(a, "oci/config.json")), out;
    struct descriptor want = {.media_type = STR(MEDIA_DOCKER_CONFIG), .size = 4754};
    struct image_config c;
    MUST(digest_parse(STR("sha256:f2cd6d703ebdef1f6bb887b2496f20089942667515178d48132b2569b095ef90"),
                      &want.digest, &e));
    MUST(image_config_decode(a, bytes, &want, &c, &e));
    EQ_UINT(c.rootfs.diff_ids.n, 10);
    EQ_UINT(c.history.n, 10);
    EQ_STR(c.config.user, "1000:1000");
    MUST(image_config_encode(a, &c, OCI_AS_READ, &out, &e));
    CHECK(str_eq(out, bytes));
    MUST(image_config_encode(a, &c, OCI_CANONICAL, &out, &e));
    CHECK(str_eq(out, bytes));
}

TEST(image_config_of_docker_made_canonical)
{
    static const char docker[] =
        "{\"config\":{\"Hostname\":\"\",\"User\":\"\",\"Env\":[\"PATH=/"
        "bin\"],\"Cmd\":null,\"OnBuild\":null,\"Volumes\":"
        "{\"/z\":{},\"/"
        "a\":{}},\"Labels\":{\"b\":\"2\",\"a\":\"1\"},\"Healthcheck\":{\"Test\":[\"NONE\"],\"Interval\":5}},"
        "\"architecture\":\"amd64\",\"os\":\"linux\"," ROOTFS
        ",\"history\":[{\"created\":\"2024-01-02T03:04:05.678Z\","
        "\"created_by\":\"x\",\"odd\":1.0}],\"moby.buildkit\":{\"z\":1,\"a\":1e3}}";
    drop_(arena_free) struct arena *a = arena_new(4096);
    struct image_config c;
    struct str out;
    MUST(image_config_decode(a, str_of(docker), NULL, &c, &e));
    MUST(image_config_encode(a, &c, OCI_AS_READ, &out, &e));
    EQ_STR(out, docker);
    MUST(image_config_encode(a, &c, OCI_CANONICAL, &out, &e));
    EQ_STR(out,
           "{\"architecture\":\"amd64\",\"history\":[{\"created\":\"2024-01-02T03:04:05.678Z\",\"created_"
           "by\":\"x\","
           "\"odd\":1.0}],\"os\":\"linux\"," ROOTFS
           ",\"config\":{\"Healthcheck\":{\"Test\":[\"NONE\"],\"Interval\":5},"
           "\"Env\":[\"PATH=/bin\"],\"Labels\":{\"a\":\"1\",\"b\":\"2\"},\"Volumes\":{\"/a\":{},\"/z\":{}}},"
           "\"moby.buildkit\":{\"z\":1,\"a\":1e3}}");
    image_config_label_set(a, &c, STR("c"), STR("3"));
    image_config_set_entrypoint(&c, (struct strv){0});
    MUST(image_config_encode(a, &c, OCI_AS_READ, &out, &e));
    CHECK(memmem(out.p, out.n, "\"Cmd\":null,\"OnBuild\":null", 25));
    CHECK(memmem(out.p, out.n, "{\"b\":\"2\",\"a\":\"1\",\"c\":\"3\"}", 25));
}

TEST(image_config_made_from_nothing)
{
    drop_(arena_free) struct arena *a = arena_new(4096);
    struct oci_platform p;
    struct digest diff_id;
    struct str out;
    MUST(oci_platform_parse(a, STR("linux/arm64"), &p, &e));
    MUST(digest_parse(STR(DIGEST), &diff_id, &e));
    struct image_config c = image_config_new(&p);
    MUST(image_config_encode(a, &c, OCI_CANONICAL, &out, &e));
    EQ_STR(out, "{\"architecture\":\"arm64\",\"os\":\"linux\",\"rootfs\":{\"type\":\"layers\",\"diff_ids\":[]"
                "},\"config\":{}}");
    image_config_add_layer(
        a, &c, &diff_id,
        &(struct history){.created = STR("1980-01-01T00:00:01Z"), .created_by = STR("a & b")});
    image_config_set_created(&c, STR("1980-01-01T00:00:01Z"));
    image_config_env_set(a, &c, STR("A"), STR("1"));
    image_config_set_user(&c, STR("1000:1000"));
    image_config_set_workdir(&c, STR("/workspace"));
    image_config_label_set(a, &c, STR("z"), STR("1"));
    image_config_label_set(a, &c, STR("b"), STR("2"));
    struct strv entry = {0};
    strv_add(a, &entry, STR("/cnb/process/web"));
    image_config_set_entrypoint(&c, entry);
    MUST(image_config_encode(a, &c, OCI_CANONICAL, &out, &e));
    EQ_STR(out,
           "{\"architecture\":\"arm64\",\"created\":\"1980-01-01T00:00:01Z\",\"history\":[{\"created\":"
           "\"1980-01-01T00:00:01Z\",\"created_by\":\"a \\u0026 b\"}],\"os\":\"linux\"," ROOTFS
           ",\"config\":{"
           "\"Entrypoint\":[\"/cnb/process/web\"],\"Env\":[\"A=1\"],\"Labels\":{\"b\":\"2\",\"z\":\"1\"},"
           "\"User\":\"1000:1000\",\"WorkingDir\":\"/workspace\"}}");
    struct image_config again;
    MUST(image_config_decode(a, out, NULL, &again, &e));
    EQ_STR(again.config.working_dir, "/workspace");
}

static void refuse(const char *text, enum err_code code, const char *words)
{
    drop_(arena_free) struct arena *a = arena_new(4096);
    struct image_config c = {.os = STR("untouched")};
    REFUSED(image_config_decode(a, str_of(text), NULL, &c, &e), code, words);
    EQ_STR(c.os, "untouched");
}

TEST(image_config_m11_m33_not_a_config)
{
    refuse("[]", ERR_PARSE, "list|wanted an object");
    refuse("5", ERR_PARSE, "wanted an object");
    refuse("null", ERR_PARSE, "wanted an object");
    refuse("{}", ERR_PARSE, "architecture|missing");
    refuse("{\"architecture\":\"amd64\",\"os\":\"linux\"}", ERR_PARSE, "rootfs|missing");
    refuse("{\"architecture\":1}", ERR_PARSE, "architecture|text");
    refuse(IMAGE(",\"os\":\"linux\""), ERR_PARSE, "os"); // M1
}

TEST(image_config_m12_m13_diff_ids)
{
    drop_(arena_free) struct arena *a = arena_new(4096);
    struct image_config c;
    struct manifest m = manifest_new(MEDIA_OCI);
    MUST(image_config_decode(a, STR(IMAGE("")), NULL, &c, &e));
    REFUSED(image_config_check_layers(&c, &m, &e), ERR_PARSE, "1 diff_ids, the manifest has 0 layers");
    descriptors_add(a, &m.layers, &(struct descriptor){0});
    MUST(image_config_check_layers(&c, &m, &e));
    refuse(
        "{\"architecture\":\"a\",\"os\":\"l\",\"rootfs\":{\"type\":\"layers\",\"diff_ids\":[\"sha256:x\"]}}",
        ERR_PARSE, "rootfs.diff_ids|diff_ids[0]|hex digits");
    refuse("{\"architecture\":\"a\",\"os\":\"l\",\"rootfs\":{\"type\":\"layers\",\"diff_ids\":[1]}}",
           ERR_PARSE, "text");
    refuse("{\"architecture\":\"a\",\"os\":\"l\",\"rootfs\":{\"type\":\"layers\",\"diff_ids\":\"x\"}}",
           ERR_PARSE, "rootfs.diff_ids|list of digests");
}

TEST(image_config_m14_rootfs_type)
{
    refuse("{\"architecture\":\"a\",\"os\":\"l\",\"rootfs\":{\"type\":\"magic\",\"diff_ids\":[]}}", ERR_PARSE,
           "rootfs: type|\"magic\", want \"layers\"");
    refuse("{\"architecture\":\"a\",\"os\":\"l\",\"rootfs\":{\"diff_ids\":[]}}", ERR_PARSE,
           "rootfs.type|missing");
}

TEST(image_config_m15_history)
{
    static const struct {
        const char *history;
        const char *first;
    } cases[] = {
        {"[]", ""},
        {"[{\"created_by\":\"a\"}]", "a"},
        {"[{\"created_by\":\"e\",\"empty_layer\":true},{\"created_by\":\"a\"}]", "a"},
        {"[{\"created_by\":\"a\"},{\"created_by\":\"b\"}]", ""},
        {"[{\"created_by\":\"a\",\"empty_layer\":true}]", ""},
    };
    drop_(arena_free) struct arena *a = arena_new(4096);
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct image_config c;
        struct str text = str_printf(
            a, "{\"architecture\":\"amd64\",\"os\":\"linux\"," ROOTFS ",\"history\":%s}", cases[i].history);
        MUST(image_config_decode(a, text, NULL, &c, &e));
        image_config_align_history(a, &c);
        EQ_UINT(c.history.n, 1);
        EQ_STR(c.history.v[0].created_by, cases[i].first);
    }
}

static uint64_t memory_kib(void)
{
    struct rusage u;
    EQ_INT(getrusage(RUSAGE_SELF, &u), 0);
    return (uint64_t)u.ru_maxrss;
}

// As many lines as a document may have bytes for: refused before they take memory (563 MB in a review).
TEST(m4_history_without_end_is_refused_early)
{
    drop_buf struct buf b = BUF_INIT(LIMIT_DOCUMENT);
    drop_(arena_free) struct arena *a = arena_new(4096);
    struct image_config c;
    buf_text(&b, "{\"architecture\":\"amd64\",\"os\":\"linux\"," ROOTFS ",\"history\":[{}");
    size_t head = b.n - strlen("{}");
    while (b.n + 16 < LIMIT_DOCUMENT)
        buf_text(&b, ",{}");
    buf_text(&b, "]}");
    uint64_t before = memory_kib();
    REFUSED(image_config_decode(a, buf_view(&b), NULL, &c, &e), ERR_LIMIT, "more than 65536 values");
    CHECK_MSG(memory_kib() - before < 64 * 1024, "%ju KiB", (uintmax_t)(memory_kib() - before));
    for (size_t rows = LIMIT_IMAGE_HISTORY; rows <= LIMIT_IMAGE_HISTORY + 1; rows++) {
        b.n = head;
        for (size_t i = 0; i < rows; i++)
            buf_text(&b, i ? ",{}" : "{}");
        buf_text(&b, "]}");
        if (rows > LIMIT_IMAGE_HISTORY)
            REFUSED(image_config_decode(a, buf_view(&b), NULL, &c, &e), ERR_LIMIT,
                    "4097 lines of history, want at most 4096");
        else
            MUST(image_config_decode(a, buf_view(&b), NULL, &c, &e));
    }
}

TEST(image_config_m20_created)
{
    drop_(arena_free) struct arena *a = arena_new(4096);
    struct image_config c;
    refuse(IMAGE(",\"created\":\"yesterday\""), ERR_PARSE, "created");
    refuse(IMAGE(",\"created\":5"), ERR_PARSE, "created|text");
    refuse(IMAGE(",\"history\":[{\"created\":\"2024-13-01T00:00:00Z\"}]"), ERR_PARSE, "history[0]");
    MUST(image_config_decode(a, STR(IMAGE(",\"created\":\"0001-01-01T00:00:00Z\"")), NULL, &c, &e));
    MUST(image_config_decode(a, STR(IMAGE(",\"created\":\"\"")), NULL, &c, &e));
    MUST(image_config_decode(a, STR(IMAGE(",\"created\":null")), NULL, &c, &e));
}

TEST(image_config_m22_env)
{
    static const char text[] =
        WITH("\"Env\":[\"NOVALUE\",\"A=1\",\"LINES=a\\nb\",\"=x\",\"LD_PRELOAD=/x.so\",\"A=2\",\"AB=3\"]");
    drop_(arena_free) struct arena *a = arena_new(4096);
    struct image_config c;
    struct str value = STR("untouched"), out;
    MUST(image_config_decode(a, str_of(text), NULL, &c, &e));
    CHECK(!image_config_env_get(&c, STR("NOVALUE"), &value));
    EQ_STR(value, "untouched");
    CHECK(image_config_env_get(&c, STR("A"), &value));
    EQ_STR(value, "2");
    CHECK(image_config_env_get(&c, STR("LINES"), &value));
    EQ_STR(value, "a\nb");
    MUST(image_config_encode(a, &c, OCI_AS_READ, &out, &e));
    EQ_STR(out, text);
    image_config_env_set(a, &c, STR("A"), STR("9"));
    image_config_env_set(a, &c, STR("NEW"), STR("="));
    image_config_env_del(&c, STR("LD_PRELOAD"));
    image_config_env_append(a, &c, STR("RAW=1"));
    MUST(image_config_encode(a, &c, OCI_AS_READ, &out, &e));
    EQ_STR(out, WITH("\"Env\":[\"NOVALUE\",\"A=9\",\"LINES=a\\nb\",\"=x\",\"AB=3\",\"NEW==\",\"RAW=1\"]"));
    refuse(WITH("\"Env\":[\"A=\\u0000\"]"), ERR_PARSE, "config.Env[0]|NUL");
    refuse(WITH("\"Env\":{\"A\":\"1\"}"), ERR_PARSE, "config.Env|list");
}

TEST(image_config_m23_working_dir)
{
    static const char *const bad[] = {"..",    "a/b",          "/a/../../x", "/..", "/proc/self/fd/7",
                                      "/proc", "//proc//self", "/./sys/x",   "."};
    drop_(arena_free) struct arena *a = arena_new(4096);
    struct image_config c;
    for (size_t i = 0; i < COUNT(bad); i++)
        refuse(arena_printf(a, WITH("\"WorkingDir\":\"%s\""), bad[i]), ERR_PARSE, "config: WorkingDir \"");
    MUST(image_config_decode(a, STR(WITH("\"WorkingDir\":\"\"")), NULL, &c, &e));
    MUST(image_config_decode(a, STR(WITH("\"WorkingDir\":\"/proc2/..a\"")), NULL, &c, &e));
}

TEST(image_config_m24_entrypoint_empty)
{
    drop_(arena_free) struct arena *a = arena_new(4096);
    struct image_config c;
    MUST(image_config_decode(a, STR(WITH("\"Entrypoint\":[],\"Cmd\":null")), NULL, &c, &e));
    EQ_UINT(c.config.entrypoint.n + c.config.cmd.n, 0);
    refuse(WITH("\"Entrypoint\":\"/bin/sh\""), ERR_PARSE, "config.Entrypoint|list");
    refuse(WITH("\"Entrypoint\":[1]"), ERR_PARSE, "config.Entrypoint[0]");
    refuse(WITH("\"Labels\":{\"a\":1}"), ERR_PARSE, "config.Labels.a|text");
}

TEST(image_config_m25_m26_platform)
{
    drop_(arena_free) struct arena *a = arena_new(4096);
    struct image_config c;
    struct oci_platform want;
    MUST(image_config_decode(a, STR(IMAGE(",\"variant\":\"v9\\u001b[2J\"")), NULL, &c, &e));
    MUST(oci_platform_parse(a, STR("linux/amd64"), &want, &e));
    REFUSED(image_config_check_platform(&c, &want, &e), ERR_PARSE,
            "linux/amd64/v9\\x1b[2J, want linux/amd64");
    MUST(image_config_decode(a, STR(IMAGE("")), NULL, &c, &e));
    MUST(image_config_check_platform(&c, &want, &e));
    MUST(oci_platform_parse(a, STR("linux/arm64"), &want, &e));
    REFUSED(image_config_check_platform(&c, &want, &e), ERR_PARSE,
            "the platform is linux/amd64, want linux/arm64");
}

TEST(image_config_labels_and_layers)
{
    drop_(arena_free) struct arena *a = arena_new(4096);
    struct str bytes = test_read(a, AT_FDCWD, test_data(a, "oci/config.json")), out;
    struct image_config c, again;
    MUST(image_config_decode(a, bytes, NULL, &c, &e));
    EQ_STR(*image_config_label_get(&c, STR("io.buildpacks.stack.id")), "base.debian");
    image_config_label_del(&c, STR("io.buildpacks.stack.id"));
    CHECK(!image_config_label_get(&c, STR("io.buildpacks.stack.id")));
    image_config_cut_layers(a, &c, 1);
    EQ_STR(c.history.v[0].comment, "Imported from -");
    image_config_cut_layers(a, &c, 5);
    EQ_UINT(c.rootfs.diff_ids.n, 1);
    for (int i = 0; i < 20; i++)
        image_config_add_layer(a, &c, &c.rootfs.diff_ids.v[0], &(struct history){.created_by = STR("again")});
    MUST(image_config_encode(a, &c, OCI_CANONICAL, &out, &e));
    MUST(image_config_decode(a, out, NULL, &again, &e));
    EQ_UINT(again.rootfs.diff_ids.n, 21);
    EQ_UINT(again.history.n, 21);
    EQ_STR(again.history.v[20].created_by, "again");
}
