// SPDX-License-Identifier: Apache-2.0
#include "archive/tar_write.h"
#include "base/limits.h"
#include "document/json.h"
#include "image/archive.h"
#include "image/layout.h"
#include "layer/make.h"
#include <stdio.h>

struct archive_to {
    struct image_to to;
    struct arena *a;
    struct tar_writer *tar;
    struct strmap sent; // "blobs/ALG/HEX"
};

static struct str blob_name(struct arena *a, const struct digest *d)
{
    char hex[DIGEST_TEXT];
    return str_printf(a, "blobs/%s/%s", hash_name(d->alg), digest_hex(d, hex));
}

static int write_header(struct tar_writer *tar, enum tar_type type, struct str name, uint64_t size,
                        struct err *e)
{
    struct tar_entry t = {.type = type,
                          .name = name,
                          .mode = type == TAR_DIR ? 0755 : 0644,
                          .size = size,
                          .mtime_sec = LAYER_MTIME};
    return tar_write_entry(tar, &t, e);
}

static int write_file(struct tar_writer *tar, const char *name, struct str bytes, struct err *e)
{
    if (write_header(tar, TAR_FILE, str_of(name), bytes.n, e) < 0)
        return -1;
    return tar_write_data(tar, bytes.p, bytes.n, e);
}

// --- Blobs go into the tar one behind the other.

struct entry_sink {
    struct sink base;
    struct tar_writer *tar;
    uint8_t window[STREAM_WINDOW];
};

static int entry_room(struct sink *s, size_t min, struct span *out, struct err *e)
{
    struct entry_sink *t = CONTAINER(s, struct entry_sink, base);
    (void)min;
    (void)e;
    *out = (struct span){t->window, sizeof t->window};
    return 0;
}

static int entry_commit(struct sink *s, size_t n, struct err *e)
{
    struct entry_sink *t = CONTAINER(s, struct entry_sink, base);
    return tar_write_data(t->tar, t->window, n, e);
}

static int entry_finish(struct sink *s, struct err *e)
{
    (void)s; // the next header says whether all came
    (void)e;
    return 0;
}

static void entry_drop(struct sink *s)
{
    free(CONTAINER(s, struct entry_sink, base));
}

static bool archive_has(struct image_to *base, const struct digest *d)
{
    struct archive_to *w = CONTAINER(base, struct archive_to, to);
    return map_find(&w->sent, blob_name(w->a, d)) != NULL;
}

static int archive_take(struct image_to *base, const struct descriptor *d, struct sink **out, struct err *e)
{
    static const struct sink_ops ops = {entry_room, entry_commit, entry_finish, entry_drop};
    struct archive_to *w = CONTAINER(base, struct archive_to, to);
    struct str name = blob_name(w->a, &d->digest);
    if (write_header(w->tar, TAR_FILE, name, (uint64_t)d->size, e) < 0)
        return -1;
    map_put(w->a, &w->sent, name);
    struct entry_sink *s = XNEW(struct entry_sink);
    s->base.ops = &ops;
    s->tar = w->tar;
    *out = sink_checked(&s->base, d, true);
    return 0;
}

// --- Documents

static int write_index(struct archive_to *w, const struct archive_image *v, size_t n, struct err *e)
{
    struct image_index x = image_index_new(MEDIA_OCI);
    struct str bytes;
    for (size_t i = 0; i < n; i++)
        layout_entry(w->a, &x, v[i].img, v[i].reference);
    if (image_index_encode(w->a, &x, OCI_CANONICAL, &bytes, e) < 0)
        return -1;
    return write_file(w->tar, "index.json", bytes, e);
}

static void add_row(struct arena *a, struct val *list, const struct archive_image *it)
{
    const struct manifest *m = &it->img->manifest;
    struct val *row = val_add(a, list), *tags, *layers;
    val_set_map(row);
    val_set_str(val_put(a, row, STR("Config")), blob_name(a, &m->config.digest));
    tags = val_put(a, row, STR("RepoTags"));
    if (it->reference.n) {
        val_set_list(tags);
        val_set_str(val_add(a, tags), it->reference);
    }
    layers = val_put(a, row, STR("Layers"));
    val_set_list(layers);
    for (size_t i = 0; i < m->layers.n; i++)
        val_set_str(val_add(a, layers), blob_name(a, &m->layers.v[i].digest));
}

static int write_docker(struct archive_to *w, const struct archive_image *v, size_t n, struct err *e)
{
    struct val list = {0};
    drop_buf struct buf b = BUF_INIT(LIMIT_DOCUMENT);
    val_set_list(&list);
    for (size_t i = 0; i < n; i++)
        if (manifest_is_image(&v[i].img->manifest))
            add_row(w->a, &list, &v[i]);
    json_write(&list, JSON_GO, &b);
    if (buf_finish(&b, "manifest.json", e) < 0)
        return -1;
    return write_file(w->tar, "manifest.json", buf_view(&b), e);
}

static int write_all(struct archive_to *w, const struct archive_image *v, size_t n, struct image_from *from,
                     struct err *e)
{
    static const char *const dirs[] = {"blobs/", "blobs/sha256/"};
    // What says what is there comes first: who reads a pipe need not keep the blobs.
    if (write_file(w->tar, "oci-layout", layout_marker(), e) < 0 || write_index(w, v, n, e) < 0 ||
        write_docker(w, v, n, e) < 0)
        return -1;
    for (size_t i = 0; i < COUNT(dirs); i++)
        if (write_header(w->tar, TAR_DIR, str_of(dirs[i]), 0, e) < 0)
            return -1;
    for (size_t i = 0; i < n; i++)
        if (image_copy(from, v[i].img, &w->to, e) < 0)
            return err_wrap(e, PRI_STR, STR_ARG(v[i].reference));
    return tar_write_end(w->tar, e);
}

int archive_write(const struct archive_image *v, size_t n, struct image_from *from, struct sink *to,
                  struct err *e)
{
    static const struct image_to_ops ops = {archive_has, archive_take, NULL};
    drop_(arena_free) struct arena *a = arena_new(8192);
    drop_(tar_writer_free) struct tar_writer *tar = tar_writer_new(to);
    struct archive_to w = {.to = {&ops}, .a = a, .tar = tar};
    return write_all(&w, v, n, from, e) < 0 ? err_wrap(e, "archive") : 0;
}
