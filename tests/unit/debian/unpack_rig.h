// SPDX-License-Identifier: Apache-2.0
// Small binary packages from short rows.
#pragma once
#include "archive/tar_write.h"
#include "base/file.h"
#include "base/limits.h"
#include "debian/unpack.h"
#include "layer/make.h"
#include "stream/codec.h"
#include "stream/memory.h"
#include "test.h"
#include <fcntl.h>
#include <lzma.h>
#include <stdio.h>

// One entry of data.tar; `data` is the content of a file or the target of a link. Mode 0: 0644, 0755 of directories.
struct row {
    enum tar_type type;
    const char *name, *data;
    uint32_t mode, uid, gid;
};
#define FILE_(...)                                                                                           \
    {                                                                                                        \
        .type = TAR_FILE, .name = __VA_ARGS__                                                                \
    }
#define DIR_(...)                                                                                            \
    {                                                                                                        \
        .type = TAR_DIR, .name = __VA_ARGS__                                                                 \
    }
#define LINK_(from, to)                                                                                      \
    {                                                                                                        \
        .type = TAR_SYMLINK, .name = from, .data = to, .mode = 0777                                          \
    }
#define HARD_(from, to)                                                                                      \
    {                                                                                                        \
        .type = TAR_HARDLINK, .name = from, .data = to                                                       \
    }

struct recipe {
    const char *name, *more; // package; further fields, each with its LF
    struct row row[10];      // ends with a name of NULL
    struct row control[8];   // members of control.tar beside the control file
    enum codec codec;        // of both tars
};

static inline void rig_row(struct tar_writer *w, const struct row *r)
{
    bool file = r->type == TAR_FILE;
    struct tar_entry t = {.type = r->type,
                          .name = str_of(r->name),
                          .link = file ? STR("") : str_of(r->data),
                          .mode = r->mode              ? r->mode
                                  : r->type == TAR_DIR ? 0755
                                                       : 0644,
                          .uid = r->uid,
                          .gid = r->gid,
                          .mtime_sec = 1000,
                          .size = file && r->data ? strlen(r->data) : 0};
    MUST(tar_write_entry(w, &t, &e));
    if (t.size)
        MUST(tar_write_data(w, r->data, t.size, &e));
}

static inline void rig_tar(struct buf *to, const char *control, const struct row *r, size_t n)
{
    const struct row first = FILE_("./control", control);
    drop_(sink_drop) struct sink *s = sink_buffer(to);
    drop_(tar_writer_free) struct tar_writer *w = tar_writer_new(s);
    if (control)
        rig_row(w, &first);
    for (size_t i = 0; i < n && r[i].name; i++)
        rig_row(w, &r[i]);
    MUST(tar_write_end(w, &e));
    MUST(sink_finish(s, &e));
}

static inline void rig_pack(enum codec codec, const struct buf *plain, struct buf *to)
{
    if (codec == CODEC_XZ) {
        size_t n = 0;
        char *room = buf_room(to, plain->n + 4096);
        CHECK(lzma_easy_buffer_encode(1, LZMA_CHECK_CRC32, NULL, (const uint8_t *)plain->p, plain->n,
                                      (uint8_t *)room, &n, plain->n + 4096) == LZMA_OK);
        buf_commit(to, n);
        return;
    }
    struct sink *s = sink_buffer(to);
    if (codec == CODEC_GZIP)
        s = sink_gzip(s, NULL, 1);
    if (codec == CODEC_ZSTD)
        s = sink_zstd(s, 1);
    drop_(sink_drop) struct sink *owned = s;
    MUST(sink_write(owned, plain->p, plain->n, &e));
    MUST(sink_finish(owned, &e));
}

static inline void rig_member(struct buf *ar, const char *name, struct str data)
{
    if (!ar->n)
        buf_text(ar, "!<arch>\n");
    buf_printf(ar, "%-16s%-12d%-6d%-6d%-8o%-10zu`\n", name, 0, 0, 0, 0100644u, data.n);
    buf_str(ar, data);
    if (data.n % 2)
        buf_char(ar, '\n');
}

static inline const char *rig_suffix(enum codec c)
{
    static const char *const suffix[] = {
        [CODEC_PLAIN] = "", [CODEC_GZIP] = ".gz", [CODEC_XZ] = ".xz", [CODEC_ZSTD] = ".zst"};
    return suffix[c];
}

static inline void rig_tar_member(struct buf *ar, const char *stem, const struct buf *plain, enum codec codec)
{
    char name[32];
    drop_buf struct buf packed = BUF_INIT(MIB(16));
    rig_pack(codec, plain, &packed);
    (void)snprintf(name, sizeof name, "%s%s", stem, rig_suffix(codec));
    rig_member(ar, name, buf_view(&packed));
}

static inline void rig_deb(const struct recipe *r, struct buf *ar)
{
    drop_buf struct buf control = BUF_INIT(MIB(8)), data = BUF_INIT(MIB(8)), text = BUF_INIT(MIB(1));
    buf_printf(&text, "Package: %s\nVersion: 1.0\nArchitecture: amd64\n%s", r->name, r->more ? r->more : "");
    rig_tar(&control, text.p, r->control, COUNT(r->control));
    rig_tar(&data, NULL, r->row, COUNT(r->row));
    rig_member(ar, "debian-binary", STR("2.0\n"));
    rig_tar_member(ar, "control.tar", &control, r->codec);
    rig_tar_member(ar, "data.tar", &data, r->codec);
}

// The archive as a file in the test's directory.
static inline struct deb_input rig_input(struct test *t, const char *name, struct str ar)
{
    struct deb_input in = {.name = str_of(name)};
    test_write(t->dir, name, ar.p, ar.n);
    MUST(path_open_plain(t->dir, name, O_RDONLY, 0, &in.fd, &e));
    return in;
}

static inline int rig_root(struct test *t, const char *name)
{
    int fd = -1;
    MUST(path_mkdirs(t->dir, name, 0755, &e));
    MUST(path_open_plain(t->dir, name, O_RDONLY | O_DIRECTORY, 0, &fd, &e));
    return fd;
}

enum { RIG_DEBS = 64 };

// Unpacks the recipes into the directory `root`.
struct rig_run {
    int root;
    struct owners *owners;
    struct deb_set *set;
};
static inline int rig_unpack(struct test *t, const struct recipe *r, size_t n,
                             const struct deb_unpack_spec *how, struct rig_run *run, struct err *e)
{
    struct deb_input in[RIG_DEBS];
    char name[RIG_DEBS][64];
    struct deb_unpack_spec s = how ? *how : (struct deb_unpack_spec){0};
    for (size_t i = 0; i < n; i++) {
        drop_buf struct buf ar = BUF_INIT(MIB(16));
        rig_deb(&r[i], &ar);
        (void)snprintf(name[i], sizeof name[i], "%s.deb", r[i].name);
        in[i] = rig_input(t, name[i], buf_view(&ar));
        digest_of(HASH_SHA256, ar.p, ar.n, &in[i].digest);
    }
    run->owners = owners_new();
    s.root = run->root;
    s.deb = in;
    s.n = n;
    int rc = deb_unpack(&s, run->owners, &run->set, e);
    for (size_t i = 0; i < n; i++)
        (void)close(in[i].fd);
    return rc;
}
static inline void rig_done(struct rig_run *run)
{
    deb_set_free(run->set);
    owners_free(run->owners);
    drop_fd_p(&run->root);
}
#define drop_run __attribute__((cleanup(rig_done)))

static inline void rig_layer(const struct rig_run *run, struct sink *take_to, struct layer *out)
{
    struct layer_spec s = {.dirfd = run->root,
                           .at = STR("/"),
                           .order = TREE_FULL_PATH,
                           .mtime_sec = LAYER_MTIME,
                           .codec = "plain",
                           .owner = owners_entry,
                           .owner_ctx = run->owners};
    drop_(sink_drop) struct sink *to = take_to;
    MUST(layer_make(&s, NULL, to, out, &e));
    MUST(sink_finish(to, &e));
}

static inline void rig_digest(const struct rig_run *run, struct digest *out)
{
    struct layer l;
    rig_layer(run, sink_null(), &l);
    *out = l.diff_id;
}

// 'f' a file with this content, 'l' a link with this target, 'd' a directory, '-' nothing.
struct want {
    char kind;
    const char *path, *data;
};
static inline void rig_want(int dir, const struct want *w)
{
    struct stat st = {0};
    char kind = '-', target[LIMIT_PATH];
    drop_(arena_free) struct arena *a = arena_new(LIMIT_PATH);
    if (fstatat(dir, w->path, &st, AT_SYMLINK_NOFOLLOW) == 0)
        kind = S_ISREG(st.st_mode) ? 'f' : S_ISLNK(st.st_mode) ? 'l' : S_ISDIR(st.st_mode) ? 'd' : '?';
    CHECK_MSG(kind == w->kind, "%s: is '%c', want '%c'", w->path, kind, w->kind);
    if (kind == 'f' && w->data) {
        EQ_STR(test_read(a, dir, w->path), w->data);
    } else if (kind == 'l') {
        MUST(path_readlink(dir, w->path, target, &e));
        EQ_TEXT(target, w->data);
    }
}
#define WANTS(dir, list)                                                                                     \
    do {                                                                                                     \
        for (size_t i_ = 0; i_ < COUNT(list); i_++)                                                          \
            rig_want(dir, &(list)[i_]);                                                                      \
    } while (0)
