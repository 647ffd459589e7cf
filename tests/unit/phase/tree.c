// SPDX-License-Identifier: Apache-2.0
#include "phase/tree.h"
#include "test.h"

#define HEX "e4f436c9bd4c371adc2be50818eb776fc522d2f82d52ea23986dcb25f60e6050"

TEST(tree_paths_of_names)
{
    static const struct {
        const char *name, *path;
    } rows[] = {
        {"app", "index.docker.io/library/app/latest"},
        {"team/app:2", "index.docker.io/team/app/2"},
        {"docker.io/library/app", "index.docker.io/library/app/latest"},
        {"localhost:5000/a/b/c:v1", "localhost:5000/a/b/c/v1"},
        {"example.com/app@sha256:" HEX, "example.com/app/sha256/" HEX},
        {"example.com/app:1@sha256:" HEX, "example.com/app/sha256/" HEX},
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        drop_(arena_free) struct arena *a = arena_new(0);
        struct str got;
        MUST(layout_tree_path(a, str_of(rows[i].name), &got, &e));
        EQ_STR(got, rows[i].path);
    }
}

TEST(tree_paths_of_what_is_no_name)
{
    static const char *const names[] = {"",     "/",  "../x", "a/../b",      "example.com/../x",
                                        "a:..", "a:", "A",    "a@sha256:00", "example.com/",
                                        "a\nb", "a b"};
    for (size_t i = 0; i < COUNT(names); i++) {
        drop_(arena_free) struct arena *a = arena_new(0);
        struct str got;
        REFUSED(layout_tree_path(a, str_of(names[i]), &got, &e), ERR_PARSE, "");
    }
}

TEST(tree_images_only_from_within)
{
    static const struct {
        const char *reference;
        enum err_code code;
        const char *words;
    } rows[] = {
        {"/etc/x@sha256:" HEX, ERR_DENIED, "/etc/x|not in the tree of layouts /repo"},
        {"/repo/../etc@sha256:" HEX, ERR_DENIED, "/etc|not in the tree"},
        {"/repository/x@sha256:" HEX, ERR_DENIED, "not in the tree"},
        {"/repo@sha256:" HEX, ERR_DENIED, "not in the tree"},
        {"/repo/x", ERR_PARSE, "no digest"},
        {"/repo/x@sha256:../..", ERR_PARSE, "sha256"},
        {"/repo/none@sha256:" HEX, ERR_NOT_FOUND, "/repo/none"},
        {"none", ERR_NOT_FOUND, "/repo/index.docker.io/library/none/latest"},
        {"-", ERR_PARSE, ""},
    };
    const struct layout_tree tree = {.dir = STR("/repo")};
    for (size_t i = 0; i < COUNT(rows); i++) {
        drop_(arena_free) struct arena *a = arena_new(0);
        struct layout_found f = {0};
        REFUSED(layout_tree_image(&tree, a, str_of(rows[i].reference), &f, &e), rows[i].code, rows[i].words);
        CHECK(!f.layout);
    }
}

#define MANIFEST "application/vnd.oci.image.manifest.v1+json"
#define INDEX "application/vnd.oci.image.index.v1+json"
#define CONFIG "application/vnd.oci.image.config.v1+json"

// A blob of the layout "x"; its digest.
static const char *blob(struct test *t, struct arena *a, const char *text)
{
    struct digest d;
    char hex[DIGEST_TEXT], all[DIGEST_TEXT];
    digest_of(HASH_SHA256, text, strlen(text), &d);
    test_write(t->dir, arena_printf(a, "x/blobs/sha256/%s", digest_hex(&d, hex)), text, strlen(text));
    return arena_printf(a, "%s", digest_text(&d, all));
}

static const char *descriptor(struct arena *a, const char *type, const char *digest, size_t size,
                              const char *name)
{
    static const char platform[] = ",\"platform\":{\"architecture\":\"amd64\",\"os\":\"linux\"}";
    return arena_printf(a, "{\"mediaType\":\"%s\",\"digest\":\"%s\",\"size\":%zu%s%s%s%s}", type, digest,
                        size, strcmp(type, MANIFEST) == 0 ? platform : "",
                        name ? ",\"annotations\":{\"" LAYOUT_REF_NAME "\":\"" : "", name ? name : "",
                        name ? "\"}" : "");
}

static const char *image(struct test *t, struct arena *a, const char *author, size_t *size)
{
    const char *config =
        arena_printf(a,
                     "{\"author\":\"%s\",\"architecture\":\"amd64\",\"os\":\"linux\",\"rootfs\":{"
                     "\"type\":\"layers\",\"diff_ids\":[]}}",
                     author);
    const char *manifest =
        arena_printf(a, "{\"schemaVersion\":2,\"mediaType\":\"" MANIFEST "\",\"config\":%s,\"layers\":[]}",
                     descriptor(a, CONFIG, blob(t, a, config), strlen(config), NULL));
    *size = strlen(manifest);
    return blob(t, a, manifest);
}

static const char *index_of(struct arena *a, const char *one, const char *two)
{
    return arena_printf(a, "{\"schemaVersion\":2,\"mediaType\":\"" INDEX "\",\"manifests\":[%s%s%s]}", one,
                        two ? "," : "", two ? two : "");
}

// The digest decides, whatever the entries of index.json are called.
TEST(tree_images_are_those_of_the_digest)
{
    drop_(arena_free) struct arena *a = arena_new(0);
    const struct layout_tree tree = {.dir = str_of(t->path)};
    size_t n1, n2;
    const char *one = image(t, a, "one", &n1), *two = image(t, a, "two", &n2);
    const char *index = index_of(a, descriptor(a, MANIFEST, two, n2, NULL), NULL), *inner = blob(t, a, index);
    const struct {
        const char *index, *want, *got; // got NULL: refused
    } rows[] = {
        {index_of(a, descriptor(a, MANIFEST, one, n1, "a"), descriptor(a, MANIFEST, two, n2, "b")), two, two},
        {index_of(a, descriptor(a, MANIFEST, one, n1, "a"), descriptor(a, MANIFEST, two, n2, "a")), one, one},
        {index_of(a, descriptor(a, MANIFEST, one, n1, "a"), descriptor(a, MANIFEST, two, n2, "a")), two,
         NULL},
        {index_of(a, descriptor(a, MANIFEST, one, n1, NULL), NULL), one, one},
        {index_of(a, descriptor(a, MANIFEST, one, n1, NULL), NULL), two, NULL},
        {index_of(a, descriptor(a, INDEX, inner, strlen(index), "a"), NULL), inner, two},
        {index_of(a, descriptor(a, INDEX, inner, strlen(index), "a"), NULL), two, two},
        {index_of(a, descriptor(a, MANIFEST, one, n1, "a"), descriptor(a, INDEX, inner, strlen(index), "a")),
         inner, NULL},
    };
    test_write(t->dir, "x/oci-layout", "{\"imageLayoutVersion\":\"1.0.0\"}", 30);
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct layout_found f = {0};
        char text[DIGEST_TEXT];
        struct str reference = str_printf(a, "%s/x@%s", t->path, rows[i].want);
        test_write(t->dir, "x/index.json", rows[i].index, strlen(rows[i].index));
        if (!rows[i].got) {
            REFUSED(layout_tree_image(&tree, a, reference, &f, &e), ERR_DIGEST, "x: holds |, want ");
            CHECK(!f.layout);
            continue;
        }
        MUST(layout_tree_image(&tree, a, reference, &f, &e));
        EQ_TEXT(digest_text(&f.image.desc.digest, text), rows[i].got);
        layout_close(f.layout);
    }
}
