// SPDX-License-Identifier: Apache-2.0
#include "layer/make.h"
#include "archive/tar_write.h"
#include "base/limits.h"
#include "layer/make_priv.h"
#include "layer/pipe.h"
#include <fcntl.h>
#include <sys/sysmacros.h>
#include <sys/xattr.h>

enum { PARENT_MODE = 0755 }; // of parents that are not on this disk

struct making {
    const struct layer_spec *spec;
    struct tar_writer *tar;
    struct arena *a;         // of one entry's name
    uint64_t entries, bytes; // of files
};

static int check_spec(const struct layer_spec *s, struct err *e)
{
    bool root = str_is(s->at, "/");
    if (!root && (!s->at.n || s->at.p[0] != '/' || !path_is_safe(str_from(s->at, 1))))
        return err_set(e, ERR_USAGE, "layer \"" PRI_STR "\": not an absolute clean path", STR_ARG(s->at));
    if (s->sub.n && !str_is(s->sub, ".") && !path_is_safe(s->sub))
        return err_set(e, ERR_USAGE,
                       "layer " PRI_STR ": \"" PRI_STR "\" is not a clean path beneath its directory",
                       STR_ARG(s->at), STR_ARG(s->sub));
    return 0;
}

static size_t components(struct str path)
{
    size_t n = path.n > 0;
    for (size_t i = 0; i < path.n; i++)
        n += path.p[i] == '/';
    return n;
}

size_t layer_parents_on_disk(const struct layer_spec *s)
{
    if (!s->sub.n || str_is(s->sub, ".") || s->at.n <= s->sub.n)
        return 0;
    size_t at = s->at.n - s->sub.n;
    return str_eq(str_from(s->at, at), s->sub) && s->at.p[at - 1] == '/' ? components(s->sub) : 0;
}

struct str layer_parent_path(const struct layer_spec *s, size_t number)
{
    struct str rest = s->sub, part;
    size_t n = 0;
    for (size_t i = 0; i < number && str_cut(&rest, '/', &part); i++)
        n = (size_t)(part.p - s->sub.p) + part.n;
    return n ? str_head(s->sub, n) : STR(".");
}

int layer_parent_stat(const struct layer_spec *s, size_t number, struct stat *st, struct err *e)
{
    drop_(arena_free) struct arena *a = arena_new(256);
    drop_fd int fd = -1;
    const char *path = str_c(a, layer_parent_path(s, number));
    if (path_open_plain(s->dirfd, path, O_PATH | O_DIRECTORY, 0, &fd, e) < 0)
        return -1;
    return fstat(fd, st) < 0 ? err_sys(e, "%s", path) : 0;
}

// The entry at "/a/b" of `at`, which is the `number`th of `total` components from the top.
static int write_parent(struct making *m, struct str name, size_t number, size_t total, struct err *e)
{
    size_t on_disk = layer_parents_on_disk(m->spec),
           first = total - on_disk; // that many parents are above the disk
    struct tar_entry t = {.type = TAR_DIR,
                          .name = name,
                          .mode = PARENT_MODE,
                          .uid = m->spec->parent_uid,
                          .gid = m->spec->parent_gid,
                          .mtime_sec = m->spec->mtime_sec};
    if (on_disk && number >= first) {
        struct stat st;
        if (layer_parent_stat(m->spec, number - first, &st, e) < 0)
            return -1;
        t.mode = st.st_mode & 07777;
    }
    m->entries++;
    return tar_write_entry(m->tar, &t, e);
}

static int write_parents(struct making *m, struct err *e)
{
    struct str at = m->spec->at;
    size_t total = components(str_from(at, 1)), number = 1;
    for (size_t i = 1; i < at.n; i++)
        if (at.p[i] == '/' && write_parent(m, str_head(at, i), number++, total, e) < 0)
            return -1;
    return 0;
}

static struct str name_of(struct making *m, struct str path)
{
    struct str at = m->spec->at;
    if (!path.n)
        return at;
    return str_printf(m->a, PRI_STR "/" PRI_STR, STR_ARG(str_is(at, "/") ? STR("") : at), STR_ARG(path));
}

static int write_one(struct making *m, struct walk *w, const struct walk_entry *it, struct err *e)
{
    struct tar_entry t = {0};
    drop_fd int fd = -1;
    // Every reader of layers would take it for the deletion of another file.
    if (it->path.n && strncmp(it->name, ".wh.", 4) == 0)
        return err_set(e, ERR_USAGE,
                       "%s: a name that begins with .wh. means a deletion in a layer; rename it", it->path.p);
    // Opening looks again: the size in the header is that of the file which is read.
    if (S_ISREG(it->st.st_mode) && walk_open_file(w, &fd, e) < 0)
        return -1;
    if (!tar_entry_from_stat(&it->st, &t))
        return 0;
    t.name = name_of(m, it->path);
    if (fd >= 0 && t.size > LIMIT_LAYER - m->bytes)
        return err_set(e, ERR_LIMIT, PRI_STR ": with it the layer has more than %ju bytes", STR_ARG(t.name),
                       (uintmax_t)LIMIT_LAYER);
    m->bytes += fd >= 0 ? t.size : 0;
    t.link = it->link;
    t.uid = m->spec->uid;
    t.gid = m->spec->gid;
    t.mtime_sec = m->spec->mtime_sec;
    t.mtime_nsec = 0;
    if (m->spec->owner && it->path.n)
        m->spec->owner(m->spec->owner_ctx, it, &t);
    m->entries++;
    if (tar_write_entry(m->tar, &t, e) < 0)
        return -1;
    return fd >= 0 ? tar_write_fd(m->tar, fd, e) : 0;
}

// An empty file beside `path` that says what is not there.
static int write_whiteout(struct making *m, struct str dir, struct str name, struct err *e)
{
    struct str path = dir.n ? str_printf(m->a, PRI_STR "/.wh." PRI_STR, STR_ARG(dir), STR_ARG(name))
                            : str_printf(m->a, ".wh." PRI_STR, STR_ARG(name));
    struct tar_entry t = {.type = TAR_FILE,
                          .name = name_of(m, path),
                          .mode = 0644,
                          .uid = m->spec->uid,
                          .gid = m->spec->gid,
                          .mtime_sec = m->spec->mtime_sec};
    m->entries++;
    return tar_write_entry(m->tar, &t, e);
}

static bool is_whiteout(const struct layer_spec *s, const struct walk_entry *it)
{
    return s->whiteouts && it->path.n && S_ISCHR(it->st.st_mode) && it->st.st_rdev == makedev(0, 0);
}

static int write_opaque(struct making *m, const struct walk_entry *it, struct err *e)
{
    drop_fd int fd = -1;
    char value[4];
    struct str sub = m->spec->sub.n ? m->spec->sub : STR(".");
    const char *path =
        arena_printf(m->a, PRI_STR "%s" PRI_STR, STR_ARG(sub), it->path.n ? "/" : "", STR_ARG(it->path));
    if (path_open_plain(m->spec->dirfd, path, O_RDONLY | O_DIRECTORY, 0, &fd, e) < 0)
        return -1;
    if (fgetxattr(fd, OVERLAY_OPAQUE, value, sizeof value) != 1 || value[0] != 'y')
        return 0;
    return write_whiteout(m, it->path, STR(".wh..opq"), e);
}

static int write_upper(struct making *m, struct walk *w, const struct walk_entry *it, struct err *e)
{
    if (is_whiteout(m->spec, it)) {
        struct str dir = path_dir(it->path);
        return write_whiteout(m, str_is(dir, ".") ? STR("") : dir, path_base(it->path), e);
    }
    if (!(it->path.n == 0 && str_is(m->spec->at, "/")) && write_one(m, w, it, e) < 0)
        return -1;
    return m->spec->whiteouts && S_ISDIR(it->st.st_mode) ? write_opaque(m, it, e) : 0;
}

static int write_entry(struct making *m, struct walk *w, const struct walk_entry *it, struct err *e)
{
    const struct layer_spec *s = m->spec;
    if (it->socket)
        return 0;
    enum layer_pick pick = s->pick && it->path.n ? s->pick(s->pick_ctx, it) : LAYER_TAKE;
    if (pick == LAYER_PRUNE && S_ISDIR(it->st.st_mode))
        walk_prune(w);
    if (pick != LAYER_TAKE)
        return 0;
    drop_(arena_free) struct arena *a = arena_new(512);
    m->a = a;
    return write_upper(m, w, it, e);
}

static int write_tree(struct making *m, struct err *e)
{
    drop_(arena_free) struct arena *a = arena_new(512);
    drop_(walk_free) struct walk *w = NULL;
    const struct layer_spec *s = m->spec;
    const char *sub = s->sub.n ? str_c(a, s->sub) : ".";
    if (write_parents(m, e) < 0 || walk_open(s->dirfd, sub, s->order, &w, e) < 0)
        return -1;
    for (;;) {
        const struct walk_entry *it;
        enum walk_step step = walk_next(w, &it, e);
        if (step == WALK_ERROR || (step == WALK_ENTRY && write_entry(m, w, it, e) < 0))
            return -1;
        if (step == WALK_END)
            return tar_write_end(m->tar, e);
    }
}

int layer_make(const struct layer_spec *s, struct pool *p, struct sink *to, struct layer *out, struct err *e)
{
    drop_(layer_pipe_free) struct layer_pipe *pipe = NULL;
    struct layer l;
    if (check_spec(s, e) < 0)
        return -1;
    if (layer_pipe_new(s->codec, s->sink_digests, p, to, &pipe, e) < 0)
        return err_wrap(e, PRI_STR, STR_ARG(s->at));
    drop_(tar_writer_free) struct tar_writer *tar = tar_writer_new(layer_pipe_in(pipe));
    struct making m = {.spec = s, .tar = tar};
    if (write_tree(&m, e) < 0 || layer_pipe_finish(pipe, &l, e) < 0)
        return err_wrap(e, "layer " PRI_STR, STR_ARG(s->at));
    l.entries = m.entries;
    *out = l;
    return 0;
}
