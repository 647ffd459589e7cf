// SPDX-License-Identifier: Apache-2.0
#include "image/image.h"
#include "image/referrers.h"
#include "rig.h"

TEST(names_are_complete)
{
    static const struct {
        const char *text, *want;
    } rows[] = {
        {"app", "docker.io/library/app:latest"},
        {"team/app:1", "docker.io/team/app:1"},
        {"localhost:5000/a@sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
         "localhost:5000/a:latest"},
    };
    drop_(arena_free) struct arena *a = arena_new(1024);
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct str got;
        MUST(image_name(a, str_of(rows[i].text), &got, &e));
        EQ_STR(got, rows[i].want);
    }
    struct str got;
    REFUSED(image_name(a, STR("UPPER/Case"), &got, &e), ERR_PARSE, "");
}

TEST(an_image_is_loaded_as_it_was_saved)
{
    RIG(r);
    struct image got;
    rig_image(t, &r);
    MUST(image_load(r.st, r.a, STR(NAME), NULL, &got, &e));
    CHECK(str_eq(got.manifest_bytes, r.img.manifest_bytes) && str_eq(got.config_bytes, r.img.config_bytes));
    CHECK(digest_eq(&got.desc.digest, &r.img.desc.digest));
    EQ_UINT(got.manifest.layers.n, 2);
    CHECK(got.note && !got.note[0].make.codec);
    EQ_TEXT(got.note[1].make.codec, GZIP);
    EQ_STR(got.note[1].make.at, "/layers/bp/jre");
    EQ_UINT(got.note[1].make.uid, 1000);
    EQ_UINT(image_layer_where(r.st, &got, 0), IMAGE_BLOB);
    EQ_UINT(image_layer_where(r.st, &got, 1), IMAGE_TREE);
}

TEST(an_image_is_found_by_its_digest)
{
    RIG(r);
    struct image got;
    char text[DIGEST_TEXT];
    rig_image(t, &r);
    struct str by = str_printf(r.a, "example.com/team/app@%s", digest_text(&r.img.desc.digest, text));
    MUST(image_load(r.st, r.a, by, NULL, &got, &e));
    CHECK(got.note != NULL);
    struct digest none = {.alg = HASH_SHA256};
    by = str_printf(r.a, "example.com/team/app@%s", digest_text(&none, text));
    REFUSED(image_load(r.st, r.a, by, NULL, &got, &e), ERR_NOT_FOUND, "example.com/team/app|no image");
    REFUSED(image_load(r.st, r.a, STR("example.com/team/other"), NULL, &got, &e), ERR_NOT_FOUND, "other");
}

TEST(bytes_that_are_not_the_named_ones_are_refused)
{
    RIG(r);
    struct image got;
    rig_image(t, &r);
    struct str config = str_printf(r.a, PRI_STR " ", STR_ARG(r.img.config_bytes));
    REFUSED(image_decode(r.a, r.img.manifest_bytes, NULL, config, &got, &e), ERR_DIGEST, "config");
    struct descriptor want = {.digest = r.img.manifest.config.digest, .size = DESCRIPTOR_ANY_SIZE};
    REFUSED(image_decode(r.a, r.img.manifest_bytes, &want, r.img.config_bytes, &got, &e), ERR_DIGEST,
            "manifest");
}

TEST(an_index_is_resolved_by_platform)
{
    RIG(r);
    struct image_index x = image_index_new(MEDIA_OCI);
    struct descriptor d = {0}, index;
    struct str bytes, json;
    struct image got;
    rig_image(t, &r);
    d.media_type = r.img.desc.media_type;
    d.size = r.img.desc.size;
    d.digest = r.img.desc.digest;
    d.platform = (struct oci_platform){.os = STR("linux"), .architecture = STR("s390x")};
    descriptors_add(r.a, &x.manifests, &d);
    MUST(image_index_encode(r.a, &x, OCI_CANONICAL, &bytes, &e));
    drop_(txn_drop) struct txn *tx = NULL;
    MUST(txn_begin(r.st, &tx, &e));
    MUST(image_put_blob(tx, STR(MEDIA_OCI_INDEX), bytes, &index, &e));
    MUST(descriptor_encode(r.a, &index, OCI_CANONICAL, &json, &e));
    struct state_name n = {.digest = index.digest, .size = (uint64_t)index.size, .json = json};
    MUST(txn_name(tx, STR("example.com/multi:1"), NULL, &n, &e));
    MUST(txn_commit(tx, &e));
    MUST(image_load(r.st, r.a, STR("example.com/multi:1"), &d.platform, &got, &e));
    CHECK(digest_eq(&got.desc.digest, &r.img.desc.digest));
    struct oci_platform other = {.os = STR("linux"), .architecture = STR("riscv64")};
    REFUSED(image_load(r.st, r.a, STR("example.com/multi:1"), &other, &got, &e), ERR_NOT_FOUND,
            "riscv64|s390x");
}

TEST(trees_are_made_from_blobs)
{
    RIG(r);
    struct image got;
    rig_image(t, &r);
    MUST(image_make_trees(r.st, &r.img, &e));
    MUST(image_load(r.st, r.a, STR(NAME), NULL, &got, &e));
    EQ_UINT(image_layer_where(r.st, &got, 0), IMAGE_BLOB | IMAGE_TREE);
    drop_fd int dir = -1;
    MUST(state_tree_open(r.st, &got.config.rootfs.diff_ids.v[0], &dir, &e));
    EQ_STR(test_read(r.a, dir, "etc/os-release"), "ID=x\n");
}

static size_t count(struct test *t, struct arena *a, const char *folder)
{
    struct strv names;
    MUST(dir_names(a, t->dir, folder, 1000, &names, &e));
    return names.n;
}

TEST(gc_keeps_what_names_need)
{
    RIG(r);
    struct gc_opts opts = {.refs = image_gc_refs};
    struct gc_stats stats;
    rig_image(t, &r);
    size_t blobs = count(t, r.a, "data/blobs/sha256"); // layer, config, manifest, notes
    EQ_UINT(blobs, 4);
    MUST(state_gc(r.st, &opts, &stats, &e));
    EQ_UINT(stats.blobs + stats.trees, 0);
    EQ_UINT(count(t, r.a, "data/blobs/sha256"), blobs);
    drop_(txn_drop) struct txn *tx = NULL;
    MUST(txn_begin(r.st, &tx, &e));
    MUST(txn_name(tx, STR(NAME), &txn_any, NULL, &e));
    MUST(txn_commit(tx, &e));
    txn_drop(steal_ptr(tx));
    MUST(state_gc(r.st, &opts, &stats, &e));
    EQ_UINT(stats.blobs, 4);
    EQ_UINT(stats.trees, 1);
}

static struct image artifact_of(struct rig *r, struct txn *tx, const char *type, const char *content)
{
    struct image x = image_artifact(str_of(type), &r->img.desc);
    struct descriptor d;
    MUST(image_put_blob(tx, STR("application/vnd.cyclonedx+json"), str_of(content), &d, &e));
    descriptors_add(r->a, &x.manifest.layers, &d);
    MUST(image_encode(r->a, &x, &e));
    return x;
}

static void add_artifact(struct rig *r, const char *type, const char *content)
{
    drop_(txn_drop) struct txn *tx = NULL;
    MUST(txn_begin(r->st, &tx, &e));
    struct image x = artifact_of(r, tx, type, content);
    MUST(referrers_add(tx, r->st, STR(NAME), &x, 1, &e));
    MUST(txn_commit(tx, &e));
}

TEST(referrers_stand_beside_their_subject)
{
    RIG(r);
    struct descriptors got;
    struct image x;
    struct gc_opts opts = {.refs = image_gc_refs};
    struct gc_stats stats;
    struct str bytes;
    rig_image(t, &r);
    MUST(referrers_list(r.st, r.a, &(struct referrers_query){STR(NAME), &r.img.desc.digest, STR("")}, &got,
                        &e));
    EQ_UINT(got.n, 0);
    add_artifact(&r, "application/one", "1");
    add_artifact(&r, "application/two", "2");
    add_artifact(&r, "application/one", "3"); // instead of the first
    MUST(state_gc(r.st, &opts, &stats, &e));
    MUST(referrers_list(
        r.st, r.a, &(struct referrers_query){STR("example.com/team/app:other"), &r.img.desc.digest, STR("")},
        &got, &e));
    EQ_UINT(got.n, 2);
    MUST(referrers_list(r.st, r.a,
                        &(struct referrers_query){STR(NAME), &r.img.desc.digest, STR("application/one")},
                        &got, &e));
    EQ_UINT(got.n, 1);
    MUST(image_load_desc(r.st, r.a, &got.v[0], &x, &e));
    CHECK(digest_eq(&x.manifest.subject.digest, &r.img.desc.digest));
    MUST(image_get_blob(r.st, r.a, &x.manifest.layers.v[0], &bytes, &e));
    EQ_STR(bytes, "3");
}

TEST(referrers_go_with_the_last_name_of_their_subject)
{
    RIG(r);
    struct descriptors got;
    rig_image(t, &r);
    add_artifact(&r, "application/one", "1");
    struct digest old = r.img.desc.digest;
    rig_save(&r, "example.com/team/app:2");
    image_config_env_set(r.a, &r.img.config, STR("X"), STR("1"));
    MUST(image_encode(r.a, &r.img, &e));
    rig_save(&r, NAME); // :2 is still the old one
    MUST(referrers_list(r.st, r.a, &(struct referrers_query){STR(NAME), &old, STR("")}, &got, &e));
    EQ_UINT(got.n, 1);
    rig_save(&r, "example.com/team/app:2");
    MUST(referrers_list(r.st, r.a, &(struct referrers_query){STR(NAME), &old, STR("")}, &got, &e));
    EQ_UINT(got.n, 0);
}

TEST(damaged_notes_are_refused)
{
    static const struct {
        const char *json, *words;
    } rows[] = {
        {"[]", "notes"},
        {"{\"layers\":[]}", "0, want 2"},
        {"{\"layers\":[{\"make\":{\"codec\":\"nope\"}},{}]}", "no codec \"nope\""},
        {"{\"layers\":[{\"make\":{\"codec\":\"plain\",\"uid\":-1}},{}]}", "an id"},
    };
    RIG(r);
    rig_image(t, &r);
    for (size_t i = 0; i < COUNT(rows); i++) {
        drop_(txn_drop) struct txn *tx = NULL;
        struct descriptor notes, desc = r.img.desc;
        struct image got;
        struct str json;
        char text[DIGEST_TEXT];
        MUST(txn_begin(r.st, &tx, &e));
        MUST(image_put_blob(tx, STR("application/json"), str_of(rows[i].json), &notes, &e));
        desc.annotations = (struct strmap){0};
        strmap_set(r.a, &desc.annotations, STR(IMAGE_ANNOTATION_NOTES),
                   str_of(digest_text(&notes.digest, text)));
        MUST(descriptor_encode(r.a, &desc, OCI_CANONICAL, &json, &e));
        struct state_name n = {.digest = desc.digest, .size = (uint64_t)desc.size, .json = json};
        MUST(txn_name(tx, STR(NAME), &txn_any, &n, &e));
        MUST(txn_commit(tx, &e));
        REFUSED(image_load(r.st, r.a, STR(NAME), NULL, &got, &e), ERR_PARSE, rows[i].words);
    }
}
