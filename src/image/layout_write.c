// SPDX-License-Identifier: Apache-2.0
#include "base/dir.h"
#include "base/file.h"
#include "base/limits.h"
#include "image/layout.h"
#include "stream/memory.h"
#include <fcntl.h>
#include <stdio.h>
#include <sys/random.h>

enum { LAYOUT_DIR_ENTRIES = 65536 }; // of a directory that is looked at whether it is a layout

struct layout_writer {
    struct image_to to;
    struct arena *a;
    int parent, dir;   // dir: of what is written; parent: of a new layout's place
    char *base, *temp; // a new layout: its name and the name that it has until the commit
    struct image_index index;
};

#define BLOB_PATH (sizeof "blobs/sha256/" + 128)
static const char *blob_path(const struct digest *d, char out[BLOB_PATH])
{
    char hex[DIGEST_TEXT];
    snprintf(out, BLOB_PATH, "blobs/%s/%s", hash_name(d->alg), digest_hex(d, hex));
    return out;
}

static bool layout_has(struct image_to *to, const struct digest *d)
{
    struct layout_writer *w = CONTAINER(to, struct layout_writer, to);
    char path[BLOB_PATH];
    return dir_kind(w->dir, blob_path(d, path)) == DIR_FILE;
}

struct file_sink {
    struct sink base;
    struct newfile *file;
    struct sink *to;
};

static int file_room(struct sink *s, size_t min, struct span *out, struct err *e)
{
    return sink_room(CONTAINER(s, struct file_sink, base)->to, min, out, e);
}

static int file_commit(struct sink *s, size_t n, struct err *e)
{
    return sink_commit(CONTAINER(s, struct file_sink, base)->to, n, e);
}

static int file_finish(struct sink *s, struct err *e)
{
    struct file_sink *f = CONTAINER(s, struct file_sink, base);
    return sink_finish(f->to, e) < 0 ? -1 : newfile_publish(f->file, false, e);
}

static void file_drop(struct sink *s)
{
    struct file_sink *f = CONTAINER(s, struct file_sink, base);
    sink_drop(f->to);
    newfile_drop_p(&f->file);
    free(f);
}

static int layout_take(struct image_to *to, const struct descriptor *d, struct sink **out, struct err *e)
{
    static const struct sink_ops ops = {file_room, file_commit, file_finish, file_drop};
    struct layout_writer *w = CONTAINER(to, struct layout_writer, to);
    char path[BLOB_PATH], dir[32];
    drop_(newfile_drop) struct newfile *file = NULL;
    snprintf(dir, sizeof dir, "blobs/%s", hash_name(d->digest.alg));
    if (path_mkdirs(w->dir, dir, 0755, e) < 0 ||
        newfile_begin(w->dir, blob_path(&d->digest, path), 0644, &file, e) < 0)
        return -1;
    struct file_sink *f = XNEW(struct file_sink);
    *f = (struct file_sink){.base = {&ops}, .to = sink_fd(file->fd, path)};
    f->file = steal_ptr(file);
    *out = sink_checked(&f->base, d, true);
    return 0;
}

static void to_drop(struct image_to *to)
{
    (void)to; // the writer's
}

static int read_index(struct layout_writer *w, struct err *e)
{
    drop_buf struct buf marker = BUF_INIT(4096), index = BUF_INIT(LIMIT_DOCUMENT);
    if (file_read(w->dir, "oci-layout", &marker, e) < 0 || layout_check_marker(buf_view(&marker), e) < 0 ||
        file_read(w->dir, "index.json", &index, e) < 0)
        return -1;
    if (layout_check_index(w->a, str_dup(w->a, buf_view(&index)), &w->index, e) < 0)
        return -1;
    w->index.rest = NULL;
    return 0;
}

// A directory of its own beside the place.
static int make_temp(struct layout_writer *w, struct err *e)
{
    uint64_t random;
    char name[64];
    if (getrandom(&random, sizeof random, 0) != (ssize_t)sizeof random)
        BUG("getrandom");
    snprintf(name, sizeof name, ".layout.%016jx", (uintmax_t)random);
    if (mkdirat(w->parent, name, 0755) < 0)
        return err_sys(e, "%s", name);
    w->temp = xstrdup(name);
    w->index = image_index_new(MEDIA_OCI);
    return path_open_plain(w->parent, name, O_RDONLY | O_DIRECTORY, 0, &w->dir, e);
}

static int begin(struct layout_writer *w, const char *path, struct err *e)
{
    struct str clean = path_clean(w->a, str_of(path)), base = path_base(clean);
    struct strv names = {0};
    if (path_open_host(str_c(w->a, path_dir(clean)), O_RDONLY | O_DIRECTORY, 0, &w->parent, e) < 0)
        return -1;
    struct err why = {0};
    if (path_open_host(path, O_RDONLY | O_DIRECTORY, 0, &w->dir, &why) == 0) {
        if (dir_names(w->a, w->dir, ".", LAYOUT_DIR_ENTRIES, &names, e) < 0)
            return -1;
        if (strv_has(&names, STR("oci-layout")))
            return read_index(w, e);
        if (names.n)
            return err_set(e, ERR_USAGE, "a directory that is neither empty nor an OCI layout");
        drop_fd_p(&w->dir);
    } else if (why.code != ERR_NOT_FOUND) {
        if (e)
            *e = why;
        return -1;
    }
    if (str_is(base, ".") || str_is(base, "..") || str_is(base, "/"))
        return err_set(e, ERR_USAGE, "has no name of its own: give the path of a directory that can be made");
    w->base = xstrdup(str_c(w->a, base));
    struct stat st;
    if (fstatat(w->parent, w->base, &st, AT_SYMLINK_NOFOLLOW) == 0 && !S_ISDIR(st.st_mode))
        return err_set(e, ERR_USAGE, "is there, and is no directory");
    return make_temp(w, e);
}

int layout_begin(const char *path, struct layout_writer **out, struct err *e)
{
    static const struct image_to_ops ops = {layout_has, layout_take, to_drop};
    drop_(layout_writer_drop) struct layout_writer *w = XNEW(struct layout_writer);
    *w = (struct layout_writer){.to = {&ops}, .a = arena_new(8192), .parent = -1, .dir = -1};
    if (begin(w, path, e) < 0)
        return err_wrap(e, "layout %s", path);
    *out = steal_ptr(w);
    return 0;
}

struct image_to *layout_to(struct layout_writer *w)
{
    return &w->to;
}

void layout_add(struct layout_writer *w, const struct image *img, struct str ref_name)
{
    layout_entry(w->a, &w->index, img, str_dup(w->a, ref_name));
}

static int publish(struct layout_writer *w, struct err *e)
{
    // rename(2) replaces an empty directory, and refuses a file or a directory that has something in it.
    if (renameat(w->parent, w->temp, w->parent, w->base) < 0)
        return err_sys(e, "%s", w->base);
    free(steal_ptr(w->temp));
    return fsync(w->parent) < 0 ? err_sys(e, "%s", w->base) : 0;
}

int layout_commit(struct layout_writer *w, struct err *e)
{
    struct str index;
    if (image_index_encode(w->a, &w->index, OCI_CANONICAL, &index, e) < 0)
        return -1;
    if (syncfs(w->dir) < 0)
        return err_sys(e, "layout");
    if (w->temp && (path_mkdirs(w->dir, "blobs/sha256", 0755, e) < 0 ||
                    file_replace(w->dir, "oci-layout", 0644, layout_marker(), e) < 0))
        return -1;
    if (file_replace(w->dir, "index.json", 0644, index, e) < 0)
        return -1;
    return w->temp ? publish(w, e) : 0;
}

void layout_writer_drop(struct layout_writer *w)
{
    if (!w)
        return;
    struct err ignored = {0};
    drop_fd_p(&w->dir);
    if (w->temp && tree_remove(w->parent, w->temp, &ignored) < 0)
        err_clear(&ignored); // what is left has a name that nobody takes for a layout
    drop_fd_p(&w->parent);
    free(w->base);
    free(w->temp);
    arena_free(w->a);
    free(w);
}
