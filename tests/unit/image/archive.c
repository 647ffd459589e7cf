// SPDX-License-Identifier: Apache-2.0
#include "image/archive.h"
#include "archive/tar_write.h"
#include "base/limits.h"
#include "image/layout.h"
#include "rig.h"

static void write_archive(struct rig *r, struct buf *to)
{
    drop_(image_from_drop) struct image_from *from = image_from_state(r->st, NULL);
    drop_(sink_drop) struct sink *s = sink_buffer(to);
    struct archive_image v[] = {{&r->img, STR(NAME)}, {&r->img, STR("example.com/team/app:2")}};
    MUST(archive_write(v, COUNT(v), from, s, &e));
    MUST(sink_finish(s, &e));
}

static int read_archive(struct rig *r, struct txn *tx, const struct buf *b, struct archive_images *out,
                        struct err *e)
{
    return archive_read(r->st, tx, source_memory(b->p, b->n), r->a, out, e);
}

TEST(an_archive_goes_out_and_comes_back)
{
    RIG(r);
    RIG_SECOND(other);
    struct archive_images got;
    struct image again;
    drop_buf struct buf b = BUF_INIT(MIB(1)), twice = BUF_INIT(MIB(1));
    rig_image(t, &r);
    write_archive(&r, &b);
    write_archive(&r, &twice);
    CHECK(str_eq(buf_view(&b), buf_view(&twice)));
    drop_(txn_drop) struct txn *tx = NULL;
    MUST(txn_begin(other.st, &tx, &e));
    MUST(read_archive(&other, tx, &b, &got, &e));
    EQ_UINT(got.n, 2);
    CHECK(!got.docker);
    EQ_STR(got.v[1].reference, "example.com/team/app:2");
    MUST(image_save(tx, other.st, got.v[0].reference, NULL, got.v[0].img, &e));
    MUST(txn_commit(tx, &e));
    MUST(image_load(other.st, r.a, STR(NAME), NULL, &again, &e));
    CHECK(digest_eq(&again.desc.digest, &r.img.desc.digest));
    EQ_UINT(image_layer_where(other.st, &again, 0), IMAGE_BLOB);
    EQ_UINT(image_layer_where(other.st, &again, 1), IMAGE_BLOB);
}

struct row {
    enum tar_type type;
    const char *name, *data;
};

static void write_tar(struct buf *to, const struct row *rows, size_t n)
{
    drop_(sink_drop) struct sink *s = sink_buffer(to);
    drop_(tar_writer_free) struct tar_writer *w = tar_writer_new(s);
    for (size_t i = 0; i < n && rows[i].name; i++) {
        bool file = rows[i].type == TAR_FILE;
        struct tar_entry it = {.type = rows[i].type,
                               .name = str_of(rows[i].name),
                               .mode = 0644,
                               .size = file ? strlen(rows[i].data) : 0,
                               .link = file ? STR("") : str_of(rows[i].data)};
        MUST(tar_write_entry(w, &it, &e));
        if (file)
            MUST(tar_write_data(w, rows[i].data, it.size, &e));
    }
    MUST(tar_write_end(w, &e));
    MUST(sink_finish(s, &e));
}

// Its one layer is "x".
#define CONFIG                                                                                               \
    "{\"architecture\":\"amd64\",\"os\":\"linux\",\"config\":{},\"rootfs\":{\"type\":\"layers\",\"diff_"     \
    "ids\":["                                                                                                \
    "\"sha256:2d711642b726b04401627ca9fbac32f5c8530fb1903cc4db02258717921a4881\"]}}"
#define DOCKER "[{\"Config\":\"c.json\",\"RepoTags\":[\"a:1\",\"a:2\"],\"Layers\":[\"1/layer.tar\"]}]"

TEST(a_docker_save_file_is_read)
{
    static const struct row rows[] = {
        {TAR_DIR, "1/", ""},
        {TAR_FILE, "2/layer.tar", "x"},
        {TAR_SYMLINK, "1/layer.tar", "../2/layer.tar"},
        {TAR_FILE, "c.json", CONFIG},
        {TAR_FILE, "manifest.json", DOCKER},
    };
    RIG(r);
    struct archive_images got;
    drop_buf struct buf b = BUF_INIT(MIB(1));
    drop_(txn_drop) struct txn *tx = NULL;
    write_tar(&b, rows, COUNT(rows));
    MUST(txn_begin(r.st, &tx, &e));
    MUST(read_archive(&r, tx, &b, &got, &e));
    EQ_UINT(got.n, 2);
    CHECK(got.docker);
    EQ_STR(got.v[1].reference, "a:2");
    EQ_STR(got.v[0].img->manifest.media_type, MEDIA_DOCKER_MANIFEST);
    EQ_STR(got.v[0].img->manifest.layers.v[0].media_type, MEDIA_DOCKER_LAYER);
    MUST(image_save(tx, r.st, STR("a:1"), NULL, got.v[0].img, &e));
    MUST(txn_commit(tx, &e));
    EQ_UINT(image_layer_where(r.st, got.v[0].img, 0), IMAGE_BLOB);
}

#define EMPTY "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
TEST(hostile_archives_are_refused)
{
    static const struct {
        struct row rows[5];
        enum err_code code;
        const char *words;
    } cases[] = {
        {{{TAR_FILE, "x", "y"}}, ERR_PARSE, "neither an OCI layout"},
        {{{TAR_FILE, "../x", "y"}}, ERR_DENIED, "entry ../x"},
        {{{TAR_FILE, "x", "y"}, {TAR_FILE, "./x", "z"}}, ERR_PARSE, "entry ./x|twice"},
        {{{TAR_SYMLINK, "a/x", "../../y"}}, ERR_DENIED, "leads out"},
        {{{TAR_SYMLINK, "x", "/etc/passwd"}}, ERR_DENIED, "leads out"},
        {{{TAR_FIFO, "x", ""}}, ERR_PARSE, "entry x|neither a file"},
        {{{TAR_FILE, "blobs/sha256/" EMPTY, "evil"}}, ERR_DIGEST, "blobs/sha256"},
        {{{TAR_FILE, "blobs/sha256/ABC", "evil"}}, ERR_PARSE, "blobs/sha256/ABC"},
        {{{TAR_FILE, "index.json", "{}"}}, ERR_NOT_FOUND, "oci-layout"},
        {{{TAR_FILE, "manifest.json", "{}"}}, ERR_PARSE, "manifest.json"},
        {{{TAR_FILE, "manifest.json", DOCKER}}, ERR_NOT_FOUND, "c.json"},
        {{{TAR_FILE, "manifest.json", DOCKER}, {TAR_FILE, "c.json", CONFIG}}, ERR_NOT_FOUND, "1/layer.tar"},
        {{{TAR_FILE, "manifest.json", DOCKER}, {TAR_FILE, "c.json", CONFIG}, {TAR_FILE, "1/layer.tar", "y"}},
         ERR_DIGEST,
         "want diff ID sha256:2d711642"},
        {{{TAR_FILE, "manifest.json", DOCKER},
          {TAR_FILE, "c.json", CONFIG},
          {TAR_SYMLINK, "1/layer.tar", "layer.tar"}},
         ERR_NOT_FOUND,
         "1/layer.tar"},
    };
    RIG(r);
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct archive_images got;
        drop_buf struct buf b = BUF_INIT(MIB(1));
        drop_(txn_drop) struct txn *tx = NULL;
        write_tar(&b, cases[i].rows, COUNT(cases[i].rows));
        MUST(txn_begin(r.st, &tx, &e));
        REFUSED(read_archive(&r, tx, &b, &got, &e), cases[i].code, cases[i].words);
    }
}

static const char *blob_name(struct arena *a, const struct digest *d)
{
    char hex[DIGEST_TEXT];
    return arena_printf(a, "blobs/sha256/%s", digest_hex(d, hex));
}

TEST(an_archive_that_lacks_a_blob_is_refused)
{
    RIG(r);
    RIG_SECOND(other);
    struct image_index x = image_index_new(MEDIA_OCI);
    struct str index;
    rig_image(t, &r);
    layout_entry(r.a, &x, &r.img, STR(""));
    MUST(image_index_encode(r.a, &x, OCI_CANONICAL, &index, &e));
    struct row rows[] = {
        {TAR_FILE, "oci-layout", layout_marker().p},
        {TAR_FILE, "index.json", index.p},
        {TAR_FILE, blob_name(r.a, &r.img.desc.digest), r.img.manifest_bytes.p},
        {TAR_FILE, blob_name(r.a, &r.img.manifest.config.digest), r.img.config_bytes.p},
    };
    static const char *const lacks[] = {"", "", "image 1|blobs/sha256", "image 1|blobs/sha256",
                                        "image 1|layer 1|not in the archive"};
    for (size_t n = 2; n <= COUNT(rows); n++) {
        struct archive_images got;
        drop_buf struct buf b = BUF_INIT(MIB(1));
        drop_(txn_drop) struct txn *tx = NULL;
        write_tar(&b, rows, n);
        MUST(txn_begin(other.st, &tx, &e));
        REFUSED(read_archive(&other, tx, &b, &got, &e), ERR_NOT_FOUND, lacks[n]);
    }
}
