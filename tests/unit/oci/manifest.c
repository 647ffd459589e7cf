// SPDX-License-Identifier: Apache-2.0
#include "oci/manifest.h"
#include "base/buf.h"
#include "oci/index.h"
#include "test.h"
#include <fcntl.h>

#define HEX "e4f436c9bd4c371adc2be50818eb776fc522d2f82d52ea23986dcb25f60e6050"
#define DIGEST "sha256:" HEX
#define CONFIG "{\"mediaType\":\"" MEDIA_OCI_CONFIG "\",\"size\":2,\"digest\":\"" DIGEST "\"}"
#define LAYER "{\"mediaType\":\"" MEDIA_OCI_LAYER_GZIP "\",\"size\":3,\"digest\":\"" DIGEST "\"}"
#define HEAD "{\"schemaVersion\":2,\"mediaType\":\"" MEDIA_OCI_MANIFEST "\",\"config\":" CONFIG ",\"layers\":"
#define WITH_LAYER(members) HEAD "[{\"mediaType\":\"" MEDIA_OCI_LAYER "\"," members "}]}"
#define INDEX(manifests)                                                                                     \
    "{\"schemaVersion\":2,\"mediaType\":\"" MEDIA_OCI_INDEX "\",\"manifests\":[" manifests "]}"
#define ENTRY(platform)                                                                                      \
    "{\"mediaType\":\"" MEDIA_OCI_MANIFEST "\",\"size\":9,\"digest\":\"" DIGEST "\",\"platform\":{" platform \
    "}}"

TEST(manifest_of_the_reference_byte_for_byte)
{
    drop_(arena_free) struct arena *a = arena_new(4096);
    struct str bytes = test_read(a, AT_FDCWD, test_data(a, "oci/manifest.json")), out;
    struct manifest m, made = manifest_new(MEDIA_DOCKER);
    MUST(manifest_decode(a, bytes, NULL, &m, &e));
    EQ_UINT(m.layers.n, 10);
    EQ_INT(m.config.size, 4754);
    EQ_INT(manifest_family(&m), MEDIA_DOCKER);
    CHECK(manifest_is_image(&m));
    MUST(manifest_encode(a, &m, OCI_AS_READ, &out, &e));
    CHECK(str_eq(out, bytes));
    MUST(manifest_encode(a, &m, OCI_CANONICAL, &out, &e));
    CHECK(str_eq(out, bytes));
    // The same one, made anew.
    made.config.size = m.config.size;
    made.config.digest = m.config.digest;
    for (size_t i = 0; i < m.layers.n; i++)
        descriptors_add(a, &made.layers,
                        &(struct descriptor){.media_type = media_type_layer(MEDIA_DOCKER, CODEC_GZIP),
                                             .size = m.layers.v[i].size,
                                             .digest = m.layers.v[i].digest});
    MUST(manifest_encode(a, &made, OCI_CANONICAL, &out, &e));
    CHECK(str_eq(out, bytes));
    MUST(manifest_encode(a, &made, OCI_AS_READ, &out, &e));
    CHECK(str_eq(out, bytes));
}

TEST(manifest_edit_keeps_unknown_keys_order_and_numbers)
{
    static const char text[] = "{\"x.odd\":1e2,\"layers\":[" LAYER
                               "],\"schemaVersion\":2,\"config\":{\"size\":2,\"extra\":[1.50,null],"
                               "\"digest\":\"" DIGEST "\",\"mediaType\":\"" MEDIA_OCI_CONFIG
                               "\"},\"annotations\":{\"z\":\"1\",\"a\":\"2\"}}";
    drop_(arena_free) struct arena *a = arena_new(4096);
    struct manifest m;
    struct str out;
    MUST(manifest_decode(a, str_of(text), NULL, &m, &e));
    MUST(manifest_encode(a, &m, OCI_AS_READ, &out, &e));
    EQ_STR(out, text);
    strmap_set(a, &m.annotations, STR("b"), STR("<3>"));
    descriptors_add(a, &m.layers, &m.layers.v[0]);
    MUST(manifest_encode(a, &m, OCI_AS_READ, &out, &e));
    EQ_STR(out, "{\"x.odd\":1e2,\"layers\":[" LAYER "," LAYER "],\"schemaVersion\":2,\"config\":{\"size\":2,"
                "\"extra\":[1.50,null],\"digest\":\"" DIGEST "\",\"mediaType\":\"" MEDIA_OCI_CONFIG "\"},"
                "\"annotations\":{\"z\":\"1\",\"a\":\"2\",\"b\":\"\\u003c3\\u003e\"}}");
    MUST(manifest_encode(a, &m, OCI_CANONICAL, &out, &e));
    EQ_STR(out,
           "{\"schemaVersion\":2,\"config\":{\"mediaType\":\"" MEDIA_OCI_CONFIG
           "\",\"size\":2,\"digest\":\"" DIGEST "\",\"extra\":[1.50,null]},\"layers\":[" LAYER "," LAYER "],"
           "\"annotations\":{\"a\":\"2\",\"b\":\"\\u003c3\\u003e\",\"z\":\"1\"},\"x.odd\":1e2}");
}

static void refuse(const char *text, enum err_code code, const char *words)
{
    drop_(arena_free) struct arena *a = arena_new(4096);
    struct manifest m = {.schema_version = 77};
    REFUSED(manifest_decode(a, str_of(text), NULL, &m, &e), code, words);
    EQ_INT(m.schema_version, 77);
}

TEST(manifest_m1_duplicate_keys)
{
    refuse(HEAD "[],\"layers\":[]}", ERR_PARSE, "layers");
}

TEST(manifest_m2_digests)
{
    refuse(WITH_LAYER("\"size\":1,\"digest\":\"sha256:../../x\""), ERR_PARSE,
           "layers[0].digest|sha256:../../x");
    refuse(WITH_LAYER("\"size\":1,\"digest\":\"sha256:ABCDEF" HEX "\""), ERR_PARSE, "layers[0].digest|hex");
    refuse(WITH_LAYER("\"size\":1,\"digest\":\"sha256:"
                      "E4f436c9bd4c371adc2be50818eb776fc522d2f82d52ea23986dcb25f60e6050\""),
           ERR_PARSE, "layers[0].digest|lower-case");
    refuse(WITH_LAYER("\"size\":1,\"digest\":\"md5:d41d8cd98f00b204e9800998ecf8427e\""), ERR_PARSE,
           "neither sha256");
    refuse(WITH_LAYER("\"size\":1,\"digest\":\"" HEX "\""), ERR_PARSE, "algorithm");
    refuse(WITH_LAYER("\"size\":1"), ERR_PARSE, "layers[0].digest|missing");
    refuse(WITH_LAYER("\"size\":1,\"digest\":5"), ERR_PARSE, "layers[0].digest|text");
}

TEST(manifest_m3_sizes)
{
    refuse(WITH_LAYER("\"size\":-1,\"digest\":\"" DIGEST "\""), ERR_PARSE, "size -1, want 0 or more");
    refuse(WITH_LAYER("\"size\":9223372036854775808,\"digest\":\"" DIGEST "\""), ERR_PARSE,
           "layers[0].size|whole number");
    refuse(WITH_LAYER("\"size\":\"1\",\"digest\":\"" DIGEST "\""), ERR_PARSE, "layers[0].size|whole number");
    refuse(WITH_LAYER("\"digest\":\"" DIGEST "\""), ERR_PARSE, "layers[0].size|missing");
    drop_(arena_free) struct arena *a = arena_new(4096);
    struct descriptor want = {.media_type = STR(""), .size = 5};
    struct manifest m;
    REFUSED(manifest_decode(a, STR(HEAD "[]}"), &want, &m, &e), ERR_DIGEST, "bytes, want 5");
}

TEST(l6_a_size_of_0_is_a_size)
{
    struct descriptor d = {0};
    digest_of(HASH_SHA256, "x", 1, &d.digest);
    REFUSED(descriptor_check(&d, STR("x"), &e), ERR_DIGEST, "1 bytes, want 0");
    d.size = 1;
    MUST(descriptor_check(&d, STR("x"), &e));
    d.size = DESCRIPTOR_ANY_SIZE;
    MUST(descriptor_check(&d, STR("x"), &e));
    REFUSED(descriptor_check(&d, STR("y"), &e), ERR_DIGEST, "the bytes are");
    d.size = -2;
    REFUSED(descriptor_check(&d, STR("x"), &e), ERR_DIGEST, "want -2");
    digest_of(HASH_SHA256, "", 0, &d.digest);
    d.size = 0;
    MUST(descriptor_check(&d, STR(""), &e));
}

TEST(manifest_m4_media_types)
{
    drop_(arena_free) struct arena *a = arena_new(4096);
    struct descriptor want = {.media_type = STR(MEDIA_DOCKER_MANIFEST)};
    struct manifest m;
    REFUSED(manifest_decode(a, STR(HEAD "[]}"), &want, &m, &e), ERR_PARSE,
            "mediaType|is contradicted by|" MEDIA_DOCKER_MANIFEST);
    want.media_type = STR(MEDIA_OCI_MANIFEST "; charset=utf-8");
    MUST(manifest_decode(a, STR(HEAD "[]}"), &want, &m, &e));
    want.media_type = STR(MEDIA_OCI_INDEX);
    static const char bare[] = "{\"schemaVersion\":2,\"config\":" CONFIG ",\"layers\":[]}";
    REFUSED(manifest_decode(a, str_of(bare), &want, &m, &e), ERR_PARSE,
            "was announced, but this is an image manifest");
    MUST(manifest_decode(a, str_of(bare), NULL, &m, &e));
    EQ_INT(manifest_family(&m), MEDIA_OCI);
    refuse("{\"schemaVersion\":2,\"mediaType\":\"" MEDIA_OCI_INDEX "\",\"config\":" CONFIG ",\"layers\":[]}",
           ERR_PARSE, "is not that of an image manifest");
    refuse("{\"schemaVersion\":2,\"mediaType\":\"text/html\",\"config\":" CONFIG ",\"layers\":[]}", ERR_PARSE,
           "\"text/html\"|is not that of an image manifest");
}

TEST(manifest_m5_layers_and_manifests)
{
    refuse(HEAD "[],\"manifests\":[]}", ERR_PARSE, "\"manifests\" and with \"layers\"");
    drop_(arena_free) struct arena *a = arena_new(4096);
    struct image_index x;
    enum media_kind kind = MEDIA_OTHER;
    REFUSED(image_index_decode(a, STR(HEAD "[],\"manifests\":[]}"), NULL, &x, &e), ERR_PARSE, "want either");
    REFUSED(manifest_or_index(STR(HEAD "[],\"manifests\":[]}"), NULL, &kind, &e), ERR_PARSE, "want either");
    EQ_INT(kind, MEDIA_OTHER);
    MUST(manifest_or_index(STR(HEAD "[]}"), NULL, &kind, &e));
    EQ_INT(kind, MEDIA_MANIFEST);
    MUST(manifest_or_index(STR(INDEX("")), NULL, &kind, &e));
    EQ_INT(kind, MEDIA_INDEX);
}

TEST(manifest_m6_schema_1)
{
    refuse("{\"schemaVersion\":1,\"name\":\"a\",\"fsLayers\":[],\"signatures\":[]}", ERR_PARSE, "schema 1");
    refuse("{\"schemaVersion\":2,\"fsLayers\":[]}", ERR_PARSE, "schema 1");
    refuse("{\"mediaType\":\"application/vnd.docker.distribution.manifest.v1+prettyjws\"}", ERR_PARSE,
           "schema 1");
    refuse("{\"schemaVersion\":3,\"config\":" CONFIG ",\"layers\":[]}", ERR_PARSE, "schemaVersion 3, want 2");
    refuse("{\"config\":" CONFIG ",\"layers\":[]}", ERR_PARSE, "schemaVersion|missing");
    refuse("{\"schemaVersion\":2}", ERR_PARSE, "neither an image manifest nor an index");
    refuse("{}", ERR_PARSE, "neither");
}

TEST(manifest_m7_index_that_names_itself)
{
    drop_(arena_free) struct arena *a = arena_new(4096);
    struct descriptor want = {.media_type = STR(MEDIA_OCI_INDEX), .size = DESCRIPTOR_ANY_SIZE};
    struct image_index x;
    static const char nested[] =
        INDEX("{\"mediaType\":\"" MEDIA_OCI_INDEX "\",\"size\":9,\"digest\":\"" DIGEST "\"}");
    MUST(image_index_decode(a, str_of(nested), &want, &x, &e));
    EQ_INT(media_kind_of(x.manifests.v[0].media_type), MEDIA_INDEX); // whoever fetches it counts the depth
    MUST(digest_parse(STR(DIGEST), &want.digest, &e));
    REFUSED(image_index_decode(a, str_of(nested), &want, &x, &e), ERR_DIGEST, "want " DIGEST);
}

TEST(manifest_m8_ten_thousand_layers)
{
    drop_(arena_free) struct arena *a = arena_new(4096);
    drop_buf struct buf b = BUF_INIT(1 << 22);
    buf_text(&b, HEAD "[");
    for (int i = 0; i < 10000; i++)
        buf_text(&b, i ? "," LAYER : LAYER);
    buf_text(&b, "]}");
    struct manifest m;
    REFUSED(manifest_decode(a, buf_view(&b), NULL, &m, &e), ERR_LIMIT, "10000 layers, want at most 500");
}

TEST(manifest_m9_foreign_layer)
{
    drop_(arena_free) struct arena *a = arena_new(4096);
    struct manifest m;
    MUST(manifest_decode(a,
                         STR(HEAD
                             "[{\"mediaType\":\"application/vnd.docker.image.rootfs.foreign.diff.tar.gzip\","
                             "\"size\":1,\"digest\":\"" DIGEST "\",\"urls\":[\"https://example.com/x\"]}]}"),
                         NULL, &m, &e));
    CHECK(media_type_find(m.layers.v[0].media_type)->foreign);
    EQ_STR(m.layers.v[0].urls.v[0], "https://example.com/x");
    refuse(WITH_LAYER("\"size\":1,\"digest\":\"" DIGEST "\",\"urls\":\"https://example.com/x\""), ERR_PARSE,
           "layers[0].urls");
}

TEST(manifest_m10_data)
{
#define EMPTY_DIGEST "sha256:44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a"
    drop_(arena_free) struct arena *a = arena_new(4096);
    struct manifest m;
    MUST(manifest_decode(a, STR(WITH_LAYER("\"size\":2,\"digest\":\"" EMPTY_DIGEST "\",\"data\":\"e30=\"")),
                         NULL, &m, &e));
    EQ_STR(m.layers.v[0].data, "e30=");
    refuse(WITH_LAYER("\"size\":2,\"digest\":\"" DIGEST "\",\"data\":\"e30=\""), ERR_PARSE,
           "not what the digest names");
    refuse(WITH_LAYER("\"size\":3,\"digest\":\"" EMPTY_DIGEST "\",\"data\":\"e30=\""), ERR_PARSE,
           "2 bytes, size says 3");
    refuse(WITH_LAYER("\"size\":2,\"digest\":\"" EMPTY_DIGEST "\",\"data\":\"e30\""), ERR_PARSE,
           "not base64");
    refuse(WITH_LAYER("\"size\":2,\"digest\":\"" EMPTY_DIGEST "\",\"data\":\"=30=\""), ERR_PARSE,
           "not base64");
    refuse(WITH_LAYER("\"size\":2,\"digest\":\"" EMPTY_DIGEST "\",\"data\":\"e3==e30=\""), ERR_PARSE,
           "not base64");
}

TEST(manifest_m16_m17_m18_m19_hostile_json)
{
    drop_buf struct buf b = BUF_INIT(1 << 24);
    for (int i = 0; i < 100000; i++)
        buf_char(&b, '[');
    refuse(b.p, ERR_LIMIT, "deep");
    buf_clear(&b);
    buf_text(&b, HEAD "[],\"annotations\":{\"a\":\"");
    for (int i = 0; i < 5 << 20; i++)
        buf_char(&b, 'a');
    buf_text(&b, "\"}}");
    refuse(b.p, ERR_LIMIT, "want at most 4194304");
    refuse("\xef\xbb\xbf" HEAD "[]}", ERR_PARSE, "line 1");
    refuse(HEAD "[],\"x\":\"\\ud800\"}", ERR_PARSE, "surrogate");
    refuse(HEAD "[],\"x\":\"\xc0\xaf\"}", ERR_PARSE, "UTF-8");
    refuse(HEAD "[],\"annotations\":{\"a\":\"\\u0000\"}}", ERR_PARSE, "annotations.a|NUL");
    refuse(WITH_LAYER("\"size\":1e999,\"digest\":\"" DIGEST "\""), ERR_PARSE, "layers[0].size|whole number");
    refuse(WITH_LAYER("\"size\":1.0,\"digest\":\"" DIGEST "\""), ERR_PARSE, "layers[0].size|whole number");
    drop_(arena_free) struct arena *a = arena_new(4096);
    struct manifest m;
    MUST(manifest_decode(a, STR(WITH_LAYER("\"size\":9007199254740993,\"digest\":\"" DIGEST "\"")), NULL, &m,
                         &e));
    EQ_INT(m.layers.v[0].size, 9007199254740993);
}

TEST(manifest_m30_m31_m32_subject_artifact_type_annotations)
{
    drop_(arena_free) struct arena *a = arena_new(4096);
    struct manifest m;
    MUST(manifest_decode(a, STR(HEAD "[],\"subject\":" LAYER ",\"artifactType\":\"a/b\"}"), NULL, &m, &e));
    CHECK(m.subject.digest.alg != HASH_NONE);
    refuse(HEAD "[],\"artifactType\":\"not a type\"}", ERR_PARSE, "artifactType \"not a type\"");
    refuse(HEAD "[],\"annotations\":{\"a\":1}}", ERR_PARSE, "annotations.a|whole number|text");
    refuse(HEAD "[],\"annotations\":[]}", ERR_PARSE, "annotations|table of texts");
    refuse(HEAD "[{\"mediaType\":\"x\",\"size\":1,\"digest\":\"" DIGEST "\"}]}", ERR_PARSE,
           "layers[0]: mediaType|\"x\" is not a media type");
    refuse(HEAD "[],\"subject\":{}}", ERR_PARSE, "subject.mediaType|missing");
}

TEST(manifest_m33_empty_config_of_an_artifact)
{
    drop_(arena_free) struct arena *a = arena_new(4096);
    struct manifest m;
    MUST(manifest_decode(a,
                         STR("{\"schemaVersion\":2,\"config\":{\"mediaType\":\"" MEDIA_OCI_EMPTY
                             "\",\"size\":2,"
                             "\"digest\":\"" EMPTY_DIGEST "\"},\"layers\":[" LAYER "]}"),
                         NULL, &m, &e));
    CHECK(!manifest_is_image(&m));
}

TEST(manifest_m34_bytes_differ_from_digest)
{
    drop_(arena_free) struct arena *a = arena_new(4096);
    struct descriptor want = {.media_type = STR(""), .size = DESCRIPTOR_ANY_SIZE};
    struct manifest m;
    struct str good = STR(HEAD "[]}"), bad = STR(HEAD "[] }");
    digest_of(HASH_SHA256, good.p, good.n, &want.digest);
    MUST(manifest_decode(a, good, &want, &m, &e));
    REFUSED(manifest_decode(a, bad, &want, &m, &e), ERR_DIGEST, "the bytes are sha256:|want sha256:");
}

TEST(manifest_other_shapes)
{
    refuse("[]", ERR_PARSE, "wanted an object");
    refuse("null", ERR_PARSE, "wanted an object");
    refuse("", ERR_PARSE, "");
    refuse(HEAD "null}", ERR_PARSE, "layers|missing");
    refuse(HEAD "{}}", ERR_PARSE, "layers|list");
    refuse(HEAD "[null]}", ERR_PARSE, "layers[0]");
    refuse("{\"schemaVersion\":2,\"config\":[],\"layers\":[]}", ERR_PARSE, "config|table");
    refuse(INDEX(""), ERR_PARSE, "an index, want an image manifest");
}

#define AMD64 "\"architecture\":\"amd64\",\"os\":\"linux\""
#define ARM64 "\"architecture\":\"arm64\",\"os\":\"linux\",\"variant\":\"v8\""
#define ATTESTATION "\"architecture\":\"unknown\",\"os\":\"unknown\""

TEST(index_find)
{
    static const char entries[] =
        ENTRY(ATTESTATION) "," ENTRY(ARM64) "," ENTRY(AMD64) "," ENTRY(AMD64 ",\"variant\":\"v3\"");
    drop_(arena_free) struct arena *a = arena_new(4096);
    struct str text = str_printf(a, INDEX("%s"), entries);
    struct image_index x;
    struct oci_platform p;
    struct str out;
    size_t at = 99;
    MUST(image_index_decode(a, text, NULL, &x, &e));
    MUST(oci_platform_parse(a, STR("linux/aarch64"), &p, &e));
    MUST(image_index_find(&x, &p, &at, &e));
    EQ_UINT(at, 1);
    MUST(oci_platform_parse(a, STR("linux/amd64"), &p, &e));
    MUST(image_index_find(&x, &p, &at, &e));
    EQ_UINT(at, 2);
    MUST(oci_platform_parse(a, STR("linux/amd64/v4"), &p, &e));
    MUST(image_index_find(&x, &p, &at, &e));
    EQ_UINT(at, 3);
    MUST(oci_platform_parse(a, STR("linux/s390x"), &p, &e));
    REFUSED(image_index_find(&x, &p, &at, &e), ERR_NOT_FOUND,
            "linux/s390x|linux/arm64/v8, linux/amd64, linux/amd64/v3");
    EQ_UINT(at, 3);
    MUST(image_index_encode(a, &x, OCI_AS_READ, &out, &e));
    CHECK(str_eq(out, text));
    MUST(image_index_encode(a, &x, OCI_CANONICAL, &out, &e));
    CHECK(str_eq(out, text));
}

TEST(index_made_and_empty)
{
    drop_(arena_free) struct arena *a = arena_new(4096);
    struct image_index x = image_index_new(MEDIA_OCI), again;
    struct oci_platform p = {
        .os = STR("linux"), .architecture = STR("amd64"), .variant = STR(""), .os_version = STR("")};
    struct str out;
    size_t at;
    MUST(image_index_encode(a, &x, OCI_CANONICAL, &out, &e));
    EQ_STR(out, INDEX(""));
    MUST(image_index_decode(a, out, NULL, &again, &e));
    REFUSED(image_index_find(&again, &p, &at, &e), ERR_NOT_FOUND, "platforms of the index: none");
    REFUSED(image_index_decode(a, STR(HEAD "[]}"), NULL, &x, &e), ERR_PARSE,
            "an image manifest, want an index");
    REFUSED(image_index_decode(a, STR(INDEX("{}")), NULL, &x, &e), ERR_PARSE,
            "manifests[0].mediaType|missing");
    REFUSED(image_index_decode(a, STR(INDEX(ENTRY("\"os\":\"linux\""))), NULL, &x, &e), ERR_PARSE,
            "manifests[0].platform.architecture|missing");
}
