// SPDX-License-Identifier: Apache-2.0
#include "image/layout.h"
#include "rig.h"

static void write_layout(struct rig *r, const char *path, const char *name)
{
    drop_(layout_writer_drop) struct layout_writer *w = NULL;
    drop_(image_from_drop) struct image_from *from = image_from_state(r->st, NULL);
    MUST(layout_begin(path, &w, &e));
    MUST(image_copy(from, &r->img, layout_to(w), &e));
    layout_add(w, &r->img, str_of(name));
    MUST(layout_commit(w, &e));
}

static const char *in(struct test *t, struct arena *a, const char *name)
{
    return arena_printf(a, "%s/%s", t->path, name);
}

TEST(a_layout_goes_out_and_comes_back)
{
    RIG(r);
    RIG_SECOND(other);
    struct image got, again;
    rig_image(t, &r);
    write_layout(&r, in(t, r.a, "out"), NAME);
    EQ_STR(test_read(r.a, t->dir, "out/oci-layout"), "{\"imageLayoutVersion\":\"1.0.0\"}");
    drop_(layout_close) struct layout *l = NULL;
    MUST(layout_open(in(t, r.a, "out"), &l, &e));
    EQ_UINT(layout_index(l)->manifests.n, 1);
    EQ_STR(layout_index(l)->manifests.v[0].platform.architecture, "amd64");
    MUST(layout_image(l, r.a, STR(NAME), NULL, &got, &e));
    CHECK(str_eq(got.manifest_bytes, r.img.manifest_bytes));
    drop_(image_from_drop) struct image_from *from = layout_from(l);
    drop_(txn_drop) struct txn *tx = NULL;
    MUST(txn_begin(other.st, &tx, &e));
    drop_(image_to_drop) struct image_to *to = image_to_state(other.st, tx);
    MUST(image_copy(from, &got, to, &e));
    MUST(image_save(tx, other.st, STR("x:1"), NULL, &got, &e));
    MUST(txn_commit(tx, &e));
    MUST(image_load(other.st, r.a, STR("x:1"), NULL, &again, &e));
    CHECK(digest_eq(&again.desc.digest, &r.img.desc.digest));
    EQ_UINT(image_layer_where(other.st, &again, 1), IMAGE_BLOB);
}

TEST(layouts_of_one_image_are_the_same)
{
    RIG(r);
    rig_image(t, &r);
    write_layout(&r, in(t, r.a, "one"), NAME);
    umask(077);
    write_layout(&r, in(t, r.a, "two"), NAME);
    umask(022);
    EQ_STR(rig_files(r.a, t->dir, "two"), str_c(r.a, rig_files(r.a, t->dir, "one")));
}

TEST(a_layout_that_is_there_gets_more)
{
    RIG(r);
    struct image got;
    rig_image(t, &r);
    write_layout(&r, in(t, r.a, "out"), "1");
    struct digest first = r.img.desc.digest;
    image_config_env_set(r.a, &r.img.config, STR("X"), STR("1"));
    MUST(image_encode(r.a, &r.img, &e));
    write_layout(&r, in(t, r.a, "out"), "2");
    drop_(layout_close) struct layout *l = NULL;
    MUST(layout_open(in(t, r.a, "out"), &l, &e));
    EQ_UINT(layout_index(l)->manifests.n, 2);
    MUST(layout_image(l, r.a, STR("1"), NULL, &got, &e));
    CHECK(digest_eq(&got.desc.digest, &first));
    MUST(layout_image(l, r.a, STR("2"), NULL, &got, &e));
    CHECK(digest_eq(&got.desc.digest, &r.img.desc.digest));
    REFUSED(layout_image(l, r.a, STR(""), NULL, &got, &e), ERR_USAGE, "2 images, name one: 1, 2");
    REFUSED(layout_image(l, r.a, STR("3"), NULL, &got, &e), ERR_NOT_FOUND, "no image \"3\"|there are: 1, 2");
    write_layout(&r, in(t, r.a, "out"), "1"); // in its place
    drop_(layout_close) struct layout *now = NULL;
    MUST(layout_open(in(t, r.a, "out"), &now, &e));
    EQ_UINT(layout_index(now)->manifests.n, 2);
    MUST(layout_image(now, r.a, STR("1"), NULL, &got, &e));
    CHECK(digest_eq(&got.desc.digest, &r.img.desc.digest));
}

TEST(an_empty_directory_becomes_a_layout_any_other_is_refused)
{
    RIG(r);
    struct layout_writer *w = NULL;
    rig_image(t, &r);
    CHECK(mkdirat(t->dir, "empty", 0755) == 0);
    write_layout(&r, in(t, r.a, "empty"), NAME);
    test_write(t->dir, "full/file", "x", 1);
    REFUSED(layout_begin(in(t, r.a, "full"), &w, &e), ERR_USAGE, "full|neither empty nor an OCI layout");
    REFUSED(layout_begin(in(t, r.a, "full/file"), &w, &e), ERR_USAGE, "full/file|no directory");
    REFUSED(layout_begin(in(t, r.a, "absent/out"), &w, &e), ERR_NOT_FOUND, "absent");
    test_write(t->dir, "newer/oci-layout", "{\"imageLayoutVersion\":\"2.0.0\"}", 30);
    REFUSED(layout_begin(in(t, r.a, "newer"), &w, &e), ERR_PARSE, "2.0.0|1.0.0");
}

TEST(without_commit_nothing_is_left)
{
    RIG(r);
    rig_image(t, &r);
    {
        drop_(layout_writer_drop) struct layout_writer *w = NULL;
        drop_(image_from_drop) struct image_from *from = image_from_state(r.st, NULL);
        MUST(layout_begin(in(t, r.a, "out"), &w, &e));
        MUST(image_copy(from, &r.img, layout_to(w), &e));
    }
    struct strv names;
    MUST(dir_names(r.a, t->dir, ".", 100, &names, &e));
    for (size_t i = 0; i < names.n; i++)
        CHECK(!str_has_prefix(names.v[i], ".") && !str_is(names.v[i], "out"));
}

TEST(hostile_layouts_are_refused)
{
    static const struct {
        const char *file, *bytes;
        enum err_code code;
        const char *words;
    } rows[] = {
        {"oci-layout", "{}", ERR_PARSE, "imageLayoutVersion"},
        {"oci-layout", "", ERR_PARSE, "oci-layout"},
        {"index.json", "{\"schemaVersion\":2,\"manifests\":[],\"layers\":[]}", ERR_PARSE, "index.json"},
        {"index.json", "{\"schemaVersion\":2,\"manifests\":[]}", ERR_NOT_FOUND, "no image"},
        {"index.json",
         "{\"schemaVersion\":2,\"manifests\":[{\"mediaType\":\"application/"
         "vnd.oci.image.manifest.v1+json\",\"size\":9,"
         "\"digest\":\"sha256:../../../../etc/passwd\"}]}",
         ERR_PARSE, "digest"},
        {"index.json",
         "{\"schemaVersion\":2,\"manifests\":[{\"mediaType\":\"application/"
         "vnd.oci.image.manifest.v1+json\",\"size\":9,"
         "\"digest\":\"sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855\"}]}",
         ERR_NOT_FOUND, "e3b0c442"},
    };
    RIG(r);
    rig_image(t, &r);
    for (size_t i = 0; i < COUNT(rows); i++) {
        const char *dir = arena_printf(r.a, "l%zu", i);
        drop_(layout_close) struct layout *l = NULL;
        struct image got;
        write_layout(&r, in(t, r.a, dir), NAME);
        test_write(t->dir, arena_printf(r.a, "%s/%s", dir, rows[i].file), rows[i].bytes,
                   strlen(rows[i].bytes));
        REFUSED(layout_open(in(t, r.a, dir), &l, &e) < 0 ? -1 : layout_image(l, r.a, STR(""), NULL, &got, &e),
                rows[i].code, rows[i].words);
    }
}

static const char *blob_of(struct arena *a, const char *dir, const struct digest *d)
{
    char hex[DIGEST_TEXT];
    return arena_printf(a, "%s/blobs/sha256/%s", dir, digest_hex(d, hex));
}

TEST(changed_blobs_are_not_taken_over)
{
    RIG(r);
    RIG_SECOND(other);
    struct image got;
    rig_image(t, &r);
    write_layout(&r, in(t, r.a, "out"), NAME);
    drop_(layout_close) struct layout *l = NULL;
    MUST(layout_open(in(t, r.a, "out"), &l, &e));
    MUST(layout_image(l, r.a, STR(NAME), NULL, &got, &e));
    const struct descriptor *layer = &got.manifest.layers.v[0];
    const char *path = blob_of(r.a, "out", &layer->digest);
    struct str bytes = test_read(r.a, t->dir, path);
    char *changed = arena_copy(r.a, bytes.p, bytes.n);
    changed[bytes.n / 2] ^= 1;
    test_write(t->dir, path, changed, bytes.n);
    drop_(image_from_drop) struct image_from *from = layout_from(l);
    drop_(txn_drop) struct txn *tx = NULL;
    MUST(txn_begin(other.st, &tx, &e));
    drop_(image_to_drop) struct image_to *to = image_to_state(other.st, tx);
    REFUSED(image_copy(from, &got, to, &e), ERR_DIGEST, "layer 1 of 2|wanted");
    test_write(t->dir, path, changed, bytes.n - 1);
    REFUSED(image_copy(from, &got, to, &e), ERR_DIGEST, "layer 1 of 2|bytes, want");
    CHECK(unlinkat(t->dir, path, 0) == 0 && symlinkat("/etc/passwd", t->dir, path) == 0);
    REFUSED(image_copy(from, &got, to, &e), ERR_DENIED, "layer 1 of 2");
}

TEST(a_tree_that_was_changed_is_not_sent)
{
    RIG(r);
    rig_image(t, &r);
    drop_fd int dir = -1;
    MUST(state_tree_open(r.st, &r.img.config.rootfs.diff_ids.v[1], &dir, &e));
    test_write(dir, "layers/bp/jre/bin/java", "evil", 4);
    drop_(layout_writer_drop) struct layout_writer *w = NULL;
    drop_(image_from_drop) struct image_from *from = image_from_state(r.st, NULL);
    MUST(layout_begin(in(t, r.a, "out"), &w, &e));
    REFUSED(image_copy(from, &r.img, layout_to(w), &e), ERR_DIGEST, "layer 2 of 2");
}

TEST(a_layer_that_is_elsewhere_says_where)
{
    RIG(r);
    struct image got;
    rig_image(t, &r);
    image_note_at(r.a, &r.img, 0)->from = STR("registry.example.com/base");
    rig_save(&r, NAME);
    MUST(image_load(r.st, r.a, STR(NAME), NULL, &got, &e));
    EQ_STR(got.note[0].from, "registry.example.com/base");
    CHECK(unlinkat(t->dir, blob_of(r.a, "data", &got.manifest.layers.v[0].digest), 0) == 0);
    drop_(layout_writer_drop) struct layout_writer *w = NULL;
    drop_(image_from_drop) struct image_from *from = image_from_state(r.st, NULL);
    MUST(layout_begin(in(t, r.a, "out"), &w, &e));
    REFUSED(image_copy(from, &got, layout_to(w), &e), ERR_NOT_FOUND,
            "layer 1 of 2|registry.example.com/base");
}
