// SPDX-License-Identifier: Apache-2.0
#include "base/file.h"
#include "base/limits.h"
#include "image/fetch.h"
#include "image/layout.h"
#include "stream/memory.h"
#include <fcntl.h>
#include <stdio.h>

struct layout {
    struct arena *a;
    int dir;
    struct image_index index;
};

static int read_documents(struct layout *l, struct err *e)
{
    drop_buf struct buf marker = BUF_INIT(4096), index = BUF_INIT(LIMIT_DOCUMENT);
    if (file_read(l->dir, "oci-layout", &marker, e) < 0 || layout_check_marker(buf_view(&marker), e) < 0 ||
        file_read(l->dir, "index.json", &index, e) < 0)
        return -1;
    return layout_check_index(l->a, str_dup(l->a, buf_view(&index)), &l->index, e);
}

int layout_open(const char *path, struct layout **out, struct err *e)
{
    drop_(layout_close) struct layout *l = XNEW(struct layout);
    *l = (struct layout){.a = arena_new(8192), .dir = -1};
    if (path_open_host(path, O_RDONLY | O_DIRECTORY, 0, &l->dir, e) < 0 || read_documents(l, e) < 0)
        return err_wrap(e, "layout %s", path);
    *out = steal_ptr(l);
    return 0;
}

void layout_close(struct layout *l)
{
    if (!l)
        return;
    drop_fd_p(&l->dir);
    arena_free(l->a);
    free(l);
}

const struct image_index *layout_index(const struct layout *l)
{
    return &l->index;
}

static int open_blob(struct layout *l, const struct descriptor *d, int *fd, struct err *e)
{
    char path[DIGEST_TEXT + 16], hex[DIGEST_TEXT];
    struct stat st;
    drop_fd int blob = -1;
    snprintf(path, sizeof path, "blobs/%s/%s", hash_name(d->digest.alg), digest_hex(&d->digest, hex));
    if (path_open(l->dir, path, O_RDONLY | O_NONBLOCK, 0, &blob, e) < 0)
        return -1;
    if (fstat(blob, &st) < 0)
        return err_sys(e, "%s", path);
    if (!S_ISREG(st.st_mode))
        return err_set(e, ERR_PARSE, "%s: not a regular file", path);
    if (st.st_size != d->size)
        return err_set(e, ERR_DIGEST, "%s: %jd bytes, want %jd", path, (intmax_t)st.st_size,
                       (intmax_t)d->size);
    *fd = steal_fd(&blob);
    return 0;
}

int layout_get(struct layout *l, struct arena *a, const struct descriptor *d, struct str *out, struct err *e)
{
    drop_buf struct buf b = BUF_INIT(LIMIT_DOCUMENT);
    drop_fd int fd = -1;
    char text[DIGEST_TEXT];
    if (open_blob(l, d, &fd, e) < 0)
        return -1;
    if (file_read_fd(fd, digest_text(&d->digest, text), &b, e) < 0 ||
        descriptor_check(d, buf_view(&b), e) < 0)
        return err_wrap(e, "blob %s", digest_text(&d->digest, text));
    *out = str_dup(a, buf_view(&b));
    return 0;
}

struct layout_getter {
    struct image_get base;
    struct layout *l;
};

static int get_blob(struct image_get *g, struct arena *a, const struct descriptor *d, struct str *out,
                    struct err *e)
{
    return layout_get(CONTAINER(g, struct layout_getter, base)->l, a, d, out, e);
}

int layout_image(struct layout *l, struct arena *a, struct str ref_name, const struct oci_platform *want,
                 struct image *out, struct err *e)
{
    struct layout_getter g = {.base = {get_blob}, .l = l};
    struct image img;
    size_t i;
    if (layout_pick(&l->index, ref_name, &i, e) < 0 ||
        image_fetch(&g.base, a, &l->index.manifests.v[i], want, &img, e) < 0)
        return err_wrap(e, "layout");
    img.desc.annotations = (struct strmap){0};
    *out = img;
    return 0;
}

struct from_layout {
    struct image_from base;
    struct layout *l;
};

static int layout_send(struct image_from *base, const struct image_blob *b, struct sink *to, struct err *e)
{
    struct from_layout *f = CONTAINER(base, struct from_layout, base);
    drop_fd int fd = -1;
    if (open_blob(f->l, b->desc, &fd, e) < 0)
        return -1;
    drop_(source_drop) struct source *s = source_fd(fd, "blob");
    return pump(s, to, (uint64_t)b->desc->size, e);
}

static void from_layout_drop(struct image_from *base)
{
    free(CONTAINER(base, struct from_layout, base));
}

struct image_from *layout_from(struct layout *l)
{
    static const struct image_from_ops ops = {layout_send, from_layout_drop};
    struct from_layout *f = XNEW(struct from_layout);
    *f = (struct from_layout){.base = {&ops}, .l = l};
    return &f->base;
}
