// SPDX-License-Identifier: Apache-2.0
#include "archive/tar_read.h"
#include "image/archive_priv.h"
#include "stream/memory.h"

#define KEPT_MAX MIB(64) // documents of one archive in memory: a manifest and a config have 20 KiB

static bool is_document(struct str path, const struct view *first, uint64_t size)
{
    static const char *const names[] = {"oci-layout", "index.json", "manifest.json"};
    for (size_t i = 0; i < COUNT(names); i++)
        if (str_is(path, names[i]))
            return true;
    return size <= LIMIT_DOCUMENT && first->n && first->p[0] == '{';
}

// "blobs/sha256/HEX" names its digest; any other file has none.
static int named_digest(struct archive_reading *r, struct str path, struct digest *out, struct err *e)
{
    struct str rest = path, folder, alg;
    if (!str_cut(&rest, '/', &folder) || !str_is(folder, "blobs") || !str_cut(&rest, '/', &alg) || !rest.p)
        return 0;
    return digest_parse(str_printf(r->a, PRI_STR ":" PRI_STR, STR_ARG(alg), STR_ARG(rest)), out, e);
}

static int keep_bytes(struct archive_reading *r, struct archive_file *f, struct source *from, struct err *e)
{
    if (f->size > LIMIT_DOCUMENT)
        return err_set(e, ERR_LIMIT, "%ju bytes, the limit of a document is %ju", (uintmax_t)f->size,
                       (uintmax_t)LIMIT_DOCUMENT);
    r->kept += f->size;
    if (r->kept > KEPT_MAX)
        return err_set(e, ERR_LIMIT, "documents of more than %ju bytes", (uintmax_t)KEPT_MAX);
    char *p = arena_get(r->a, (size_t)f->size + 1, 1);
    if (source_read(from, p, (size_t)f->size, e) < 0)
        return -1;
    f->bytes = (struct str){p, (size_t)f->size};
    return 0;
}

static int put_blob(struct archive_reading *r, struct archive_file *f, struct source *from, struct err *e)
{
    drop_(sink_drop) struct sink *s = NULL;
    drop_(source_drop) struct source *kept = f->bytes.p ? source_memory(f->bytes.p, f->bytes.n) : NULL;
    struct blob_got got;
    bool named = f->digest.alg != HASH_NONE;
    drop_fd int fd = -1;
    uint64_t size;
    struct err absent = {0};
    // What the state has under this name need not be read again.
    if (named && !kept && state_blob_open(r->st, &f->digest, f->size, &fd, &size, &absent) == 0)
        return source_skip(from, f->size, e);
    if (txn_blob(r->t, named ? &f->digest : NULL, &got, &s, e) < 0 ||
        pump(kept ? kept : from, s, f->size, e) < 0 || sink_finish(s, e) < 0)
        return -1;
    f->digest = got.digest;
    return 0;
}

static int read_file(struct archive_reading *r, struct tar_reader *tar, struct str path,
                     struct archive_file *f, struct err *e)
{
    struct source *from = tar_data(tar);
    struct view first = {0};
    if (codec_sniff(from, &f->codec, e) < 0 || source_peek(from, 1, &first, e) < 0 ||
        named_digest(r, path, &f->digest, e) < 0)
        return -1;
    if (is_document(path, &first, f->size) && keep_bytes(r, f, from, e) < 0)
        return -1;
    if (put_blob(r, f, from, e) < 0)
        return -1;
    char text[DIGEST_TEXT];
    map_put(r->a, &r->digest, str_dup(r->a, str_of(digest_text(&f->digest, text))))->ptr = f;
    return 0;
}

// A link stands for another file of the archive.
static int read_link(struct archive_reading *r, const struct tar_entry *it, struct str path,
                     struct archive_file *f, struct err *e)
{
    char target[LIMIT_PATH];
    if (it->type == TAR_HARDLINK) {
        if (tar_name_clean(it->link, target, e) < 0)
            return -1;
        f->link = str_dup(r->a, str_of(target));
        return 0;
    }
    if (tar_symlink_clean(it->link, target, e) < 0)
        return -1;
    f->link = path_clean(r->a, path_join(r->a, path_dir(path), str_of(target)));
    if (target[0] == '/' || !path_is_safe(f->link))
        return err_set(e, ERR_DENIED, "a link that leads out of the archive");
    return 0;
}

static int read_entry(struct archive_reading *r, struct tar_reader *tar, const struct tar_entry *it,
                      struct str path, struct err *e)
{
    if (it->type == TAR_DIR || !path.n)
        return 0;
    if (it->type != TAR_FILE && it->type != TAR_HARDLINK && it->type != TAR_SYMLINK)
        return err_set(e, ERR_PARSE, "neither a file nor a directory nor a link");
    if (r->files.n == ARCHIVE_FILES)
        return err_set(e, ERR_LIMIT, "more than %d files", ARCHIVE_FILES);
    if (map_find(&r->files, path))
        return err_set(e, ERR_PARSE, "twice in the archive");
    struct archive_file *f = ARENA_NEW(r->a, struct archive_file);
    f->size = it->size;
    map_put(r->a, &r->files, str_dup(r->a, path))->ptr = f;
    return it->type == TAR_FILE ? read_file(r, tar, path, f, e) : read_link(r, it, path, f, e);
}

int archive_read_files(struct archive_reading *r, struct source *from, struct err *e)
{
    drop_(tar_reader_free) struct tar_reader *tar = tar_reader_new(from);
    for (;;) {
        const struct tar_entry *it;
        char path[LIMIT_PATH];
        enum tar_step step = tar_next(tar, &it, e);
        if (step == TAR_ERROR)
            return -1;
        if (step == TAR_END)
            return 0;
        if (tar_name_clean(it->name, path, e) < 0 || read_entry(r, tar, it, str_of(path), e) < 0)
            return err_wrap(e, "entry " PRI_STR, STR_ARG(str_printable(r->a, it->name, 100)));
    }
}

int archive_file_find(struct archive_reading *r, struct str name, struct archive_file **out, struct err *e)
{
    struct str at = name;
    for (int i = 0; i < ARCHIVE_LINKS; i++) {
        struct map_entry *m = map_find(&r->files, at);
        struct archive_file *f = m ? m->ptr : NULL;
        if (!f)
            break;
        if (!f->link.n) {
            *out = f;
            return 0;
        }
        at = f->link;
    }
    return err_set(e, ERR_NOT_FOUND, PRI_STR ": not in the archive", STR_ARG(str_printable(r->a, name, 100)));
}

void archive_images_add(struct arena *a, struct archive_images *v, const struct image *img,
                        struct str reference)
{
    v->v = arena_grow(a, v->v, v->n, &v->cap, sizeof *v->v);
    v->v[v->n++] = (struct archive_image){arena_copy(a, img, sizeof *img), reference};
}

int archive_read(struct state *st, struct txn *t, struct source *take_from, struct arena *a,
                 struct archive_images *out, struct err *e)
{
    struct archive_reading r = {.st = st, .t = t, .a = a};
    struct archive_images v = {0};
    drop_(source_drop) struct source *plain = source_decoded(take_from, NULL);
    if (archive_read_files(&r, plain, e) < 0)
        return err_wrap(e, "archive");
    bool oci = map_find(&r.files, STR("index.json")) != NULL;
    if (!oci && !map_find(&r.files, STR("manifest.json")))
        return err_set(e, ERR_PARSE,
                       "archive: neither an OCI layout (index.json) nor of Docker (manifest.json)");
    v.docker = !oci;
    if ((oci ? archive_oci_images(&r, &v, e) : archive_docker_images(&r, &v, e)) < 0)
        return err_wrap(e, "archive");
    *out = v;
    return 0;
}
