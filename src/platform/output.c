// SPDX-License-Identifier: Apache-2.0
#include "platform/output.h"
#include "base/dir.h"
#include "base/file.h"
#include "image/archive.h"
#include "image/layout.h"
#include "stream/memory.h"
#include <fcntl.h>

enum { NAMES_MAX = 1000000 };
enum there { THERE_NOTHING, THERE_FOLDER, THERE_FILE, THERE_ELSE };

// A path of the operator's: links are followed.
static enum there what_is(const char *path)
{
    struct stat st;
    if (fstatat(AT_FDCWD, path, &st, 0) < 0)
        return THERE_NOTHING;
    return S_ISDIR(st.st_mode) ? THERE_FOLDER : S_ISREG(st.st_mode) ? THERE_FILE : THERE_ELSE;
}

// Nothing, or a layout. What is wrong inside of one is told when it is written.
static bool may_be_layout(struct arena *a, const char *path)
{
    struct strv names;
    struct err none = {0};
    drop_fd int fd = -1;
    return path_open_host(path, O_RDONLY | O_DIRECTORY, 0, &fd, &none) < 0 ||
           dir_names(a, fd, ".", NAMES_MAX, &names, &none) < 0 || !names.n ||
           faccessat(fd, "oci-layout", F_OK, AT_SYMLINK_NOFOLLOW) == 0;
}

int output_parse(struct arena *a, struct str word, struct output *out, struct err *e)
{
    static const struct {
        const char *prefix;
        enum output_kind kind;
    } kinds[] = {{"layout:", OUTPUT_LAYOUT}, {"archive:", OUTPUT_ARCHIVE}};
    for (size_t i = 0; i < COUNT(kinds); i++) {
        if (!str_has_prefix(word, kinds[i].prefix) || word.n == strlen(kinds[i].prefix))
            continue;
        struct output o = {kinds[i].kind, str_c(a, str_from(word, strlen(kinds[i].prefix)))};
        struct str clean = path_clean(a, str_of(o.path));
        const char *dir = str_c(a, path_dir(clean));
        enum there there = what_is(o.path);
        if (what_is(dir) != THERE_FOLDER || faccessat(AT_FDCWD, dir, W_OK | X_OK, AT_EACCESS) < 0)
            return err_set(e, ERR_USAGE, "--output " PRI_STR ": %s is not a folder that can be written to",
                           STR_ARG(word), dir);
        if (there == THERE_ELSE)
            return err_set(e, ERR_USAGE, "--output " PRI_STR ": is there, and is neither a file nor a folder",
                           STR_ARG(word));
        if (there != THERE_NOTHING && (there == THERE_FOLDER) != (o.kind == OUTPUT_LAYOUT))
            return err_set(e, ERR_USAGE, "--output " PRI_STR ": there is a %s already", STR_ARG(word),
                           there == THERE_FOLDER ? "folder" : "file");
        if (there == THERE_FOLDER && !may_be_layout(a, o.path))
            return err_set(e, ERR_USAGE,
                           "--output " PRI_STR ": the folder has other things in it and is no OCI layout",
                           STR_ARG(word));
        *out = o;
        return 0;
    }
    return err_set(e, ERR_USAGE, "--output " PRI_STR ": want layout:FOLDER or archive:FILE", STR_ARG(word));
}

static int write_layout(const char *path, struct image_from *from, const struct image *img, struct str name,
                        struct err *e)
{
    drop_(layout_writer_drop) struct layout_writer *w = NULL;
    if (layout_begin(path, &w, e) < 0 || image_copy(from, img, layout_to(w), e) < 0)
        return -1;
    layout_add(w, img, name);
    return layout_commit(w, e);
}

static int write_archive(const char *path, struct image_from *from, const struct image *img, struct str name,
                         struct err *e)
{
    const struct archive_image v = {img, name};
    drop_(newfile_drop) struct newfile *f = NULL;
    if (newfile_begin(AT_FDCWD, path, 0644, &f, e) < 0)
        return -1;
    drop_(sink_drop) struct sink *to = sink_fd(f->fd, path);
    if (archive_write(&v, 1, from, to, e) < 0 || sink_finish(to, e) < 0)
        return -1;
    return newfile_publish(f, false, e);
}

static int write_it(struct state *st, const struct image *img, struct str name, const struct output *o,
                    struct pool *pool, struct err *e)
{
    drop_(image_from_drop) struct image_from *from = image_from_state(st, pool);
    int rc = o->kind == OUTPUT_LAYOUT ? write_layout(o->path, from, img, name, e)
                                      : write_archive(o->path, from, img, name, e);
    return rc < 0 ? err_wrap(e, "%s", o->path) : 0;
}

int output_write(struct state *st, struct str reference, const struct output *o, unsigned threads,
                 struct err *e)
{
    drop_(arena_free) struct arena *a = arena_new(8192);
    struct reference ref;
    struct image img;
    if (o->kind == OUTPUT_NONE)
        return 0;
    if (image_load(st, a, reference, NULL, &img, e) < 0 || reference_parse(a, reference, &ref, e) < 0)
        return -1;
    ref.tag = reference_tag(&ref);
    ref.digest = (struct digest){0};
    struct pool *pool = pool_new(threads);
    int rc = write_it(st, &img, reference_familiar(a, &ref), o, pool, e);
    pool_free(pool);
    return rc;
}
