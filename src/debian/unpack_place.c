// SPDX-License-Identifier: Apache-2.0
#include "base/file.h"
#include "base/limits.h"
#include "debian/unpack_priv.h"
#include <elf.h>
#include <fcntl.h>

enum { DIR_FIRST = 0755 }; // until all packages are there: then the manifest decides

// Where an entry goes, with the lock held.
struct spot {
    struct str path;
    int parent; // kept by the package
    const char *base;
    bool lost;  // another package's file stays
    bool there; // a directory that is made already
};

static struct claim *claim_put(struct site *s, struct str path, size_t package, enum tar_type type)
{
    struct map_entry *at = map_put(s->a, &s->claims, str_dup(s->a, path));
    struct claim *c = ARENA_NEW(s->a, struct claim);
    *c = (struct claim){package, type};
    at->ptr = c;
    return c;
}

static struct claim *claim_find(const struct site *s, struct str path)
{
    const struct map_entry *at = map_find(&s->claims, path);
    return at ? at->ptr : NULL;
}

static void clash(struct site *s, struct str path, size_t x, size_t y)
{
    struct conflict c = {path, x < y ? x : y, x < y ? y : x};
    int order = s->clash ? str_cmp(path, s->conflict.path) : -1;
    if (order > 0 || (order == 0 && (c.a > s->conflict.a || (c.a == s->conflict.a && c.b >= s->conflict.b))))
        return;
    c.path = str_dup(s->a, path);
    s->conflict = c;
    s->clash = true;
}

static bool replaces(const struct package *p, const struct deb_control *other)
{
    for (size_t i = 0; i < p->replaces.n; i++) {
        for (size_t k = 0; k < p->replaces.v[i].n; k++) {
            const struct deb_relation *r = &p->replaces.v[i].v[k];
            struct dpkg_version version;
            if (!str_eq(r->name, other->package))
                continue;
            if (!r->has_version)
                return true;
            if (dpkg_version_parse(other->version, &version, NULL) == 0 &&
                dpkg_relation_holds(&version, r->relation, &r->version))
                return true;
        }
    }
    return false;
}

// Both hold a file at the path: whose stays? Where each replaces the other, the later one's.
static int contest(struct package *p, struct claim *c, struct spot *at, struct err *e)
{
    struct site *s = p->site;
    const struct package *other = &s->package[c->package];
    if (other == p)
        return err_set(e, ERR_PARSE, "a second entry of this name");
    bool mine = replaces(p, &other->out.control), theirs = replaces(other, &p->out.control);
    if (!mine && !theirs)
        clash(s, at->path, p->number, other->number);
    at->lost = !mine || (theirs && other->number > p->number);
    if (at->lost)
        return 0;
    if (unlinkat(at->parent, at->base, 0) < 0)
        return err_sys(e, "%s", at->base);
    c->package = p->number;
    return 0;
}

// Every directory on the way is claimed as one; *made: not all were before. false: something else is there.
static bool claim_parents(struct package *p, struct str dir, bool *made)
{
    struct site *s = p->site;
    *made = false;
    for (size_t i = 1; i <= dir.n; i++) {
        if (i < dir.n && dir.p[i] != '/')
            continue;
        const struct claim *c = claim_find(s, str_head(dir, i));
        if (c && c->type != TAR_DIR) {
            clash(s, str_head(dir, i), p->number, c->package);
            return false;
        }
        if (!c)
            claim_put(s, str_head(dir, i), p->number, TAR_DIR);
        *made |= !c;
    }
    return true;
}

// What is claimed as a directory is one on disk, too: the same hold of the lock makes it.
static int find_parent(struct package *p, struct spot *at, struct err *e)
{
    size_t slash = 0;
    bool made;
    struct str dir = STR("");
    if (str_find_last(at->path, '/', &slash))
        dir = str_head(at->path, slash);
    at->base = at->path.p + (dir.n ? slash + 1 : 0);
    if (p->parent < 0 || !str_is(dir, p->parent_path)) {
        char path[LIMIT_PATH] = ".";
        int fd = -1;
        memcpy(path, dir.n ? dir.p : ".", dir.n ? dir.n : 1);
        path[dir.n ? dir.n : 1] = 0;
        at->lost = !claim_parents(p, dir, &made);
        if (at->lost)
            return 0;
        if ((made && path_mkdirs(p->site->spec->root, path, DIR_FIRST, e) < 0) ||
            path_open_plain(p->site->spec->root, path, O_RDONLY | O_DIRECTORY, 0, &fd, e) < 0)
            return -1;
        drop_fd_p(&p->parent);
        p->parent = fd;
        memcpy(p->parent_path, path, dir.n);
        p->parent_path[dir.n] = 0;
    }
    at->parent = p->parent;
    return 0;
}

// A directory is everybody's; anything else is one package's.
static int claim(struct package *p, enum tar_type type, struct spot *at, struct err *e)
{
    struct claim *c = claim_find(p->site, at->path);
    if (!c) {
        claim_put(p->site, at->path, p->number, type);
        return 0;
    }
    if (type == TAR_DIR && c->type == TAR_DIR) {
        at->there = true;
        return 0;
    }
    if (type == TAR_DIR || c->type == TAR_DIR) {
        if (c->package == p->number)
            return err_set(e, ERR_PARSE, "a second entry of this name, of another type");
        clash(p->site, at->path, p->number, c->package);
        at->lost = true;
        return 0;
    }
    if (contest(p, c, at, e) < 0)
        return -1;
    if (!at->lost)
        c->type = type;
    return 0;
}

static int make_hardlink(struct package *p, const struct tar_entry *t, const struct spot *at, struct err *e)
{
    char named[LIMIT_PATH];
    const char *base;
    drop_fd int from = -1;
    if (tar_name_clean(t->link, named, e) < 0)
        return -1;
    struct str target = deb_merged(p->a, str_of(named));
    const struct claim *c = claim_find(p->site, target);
    if (!c || c->package != p->number || c->type != TAR_FILE || str_eq(target, at->path))
        return err_set(e, ERR_PARSE, "hard link to %s: no earlier file of this package that is unpacked",
                       named);
    if (path_parent(p->site->spec->root, str_c(p->a, target), &from, &base, e) < 0)
        return -1;
    return linkat(from, base, at->parent, at->base, 0) < 0 ? err_sys(e, "hard link to %s", named) : 0;
}

static int make(struct package *p, const struct tar_entry *t, const struct spot *at, int *fd, struct err *e)
{
    char target[LIMIT_PATH];
    switch ((int)t->type) {
    case TAR_DIR:
        return path_mkdirs(at->parent, at->base, DIR_FIRST, e);
    case TAR_SYMLINK:
        if (tar_symlink_clean(t->link, target, e) < 0)
            return -1;
        return symlinkat(target, at->parent, at->base) < 0 ? err_sys(e, "%s", at->base) : 0;
    case TAR_HARDLINK:
        return make_hardlink(p, t, at, e);
    default:
        if (t->size > LIMIT_LAYER - p->site->bytes)
            return err_set(e, ERR_LIMIT, "more than %ju bytes in all packages", (uintmax_t)LIMIT_LAYER);
        p->site->bytes += t->size;
        return path_open_plain(at->parent, at->base, O_WRONLY | O_CREAT | O_EXCL, 0600, fd, e);
    }
}

static int settle(struct package *p, const struct tar_entry *t, struct spot *at, int *fd, struct err *e)
{
    if (find_parent(p, at, e) < 0)
        return -1;
    if (at->lost)
        return 0;
    // The file of a hard link is one file: it is claimed as such.
    if (claim(p, t->type == TAR_HARDLINK ? TAR_FILE : t->type, at, e) < 0)
        return -1;
    return at->lost || at->there ? 0 : make(p, t, at, fd, e);
}

// Straight out of the decoder's window. Outside of the lock: nobody else writes to this file, even when its name is
// taken away meanwhile.
static int fill(struct package *p, const struct tar_entry *t, struct tar_reader *from, struct deb_entry *it,
                int fd, struct err *e)
{
    struct source *data = tar_data(from);
    struct view head;
    if (source_peek(data, SELFMAG, &head, e) < 0)
        return -1;
    it->is_elf = head.n >= SELFMAG && memcmp(head.p, ELFMAG, SELFMAG) == 0;
    for (uint64_t left = t->size; left;) {
        struct view v;
        if (source_peek(data, 1, &v, e) < 0)
            return -1;
        if (!v.n)
            return err_set(e, ERR_PARSE, "ends %ju bytes early", (uintmax_t)left);
        if (file_write_all(fd, v.p, v.n, e) < 0 || source_skip(data, v.n, e) < 0)
            return -1;
        left -= v.n;
    }
    p->out.bytes += t->size;
    return fchmod(fd, (t->mode & 0777) | 0400) < 0 ? err_sys(e, "mode") : 0;
}

static void record(struct package *p, const struct tar_entry *t, struct deb_entry it)
{
    it.type = t->type;
    it.owner = (struct owner){t->uid, t->gid, t->mode & 07777};
    p->out.entry = arena_grow(p->a, p->out.entry, p->out.entry_n, &p->entry_cap, sizeof *p->out.entry);
    p->out.entry[p->out.entry_n++] = it;
}

static bool is_alias_link(const struct tar_entry *t, struct str named)
{
    size_t n;
    const struct deb_alias *v = deb_aliases(&n);
    for (size_t i = 0; i < n; i++)
        if (t->type == TAR_SYMLINK && str_eq(v[i].name, named))
            return true;
    return false;
}

static int place(struct package *p, const struct tar_entry *t, struct tar_reader *from, struct deb_entry *it,
                 struct err *e)
{
    drop_fd int fd = -1;
    struct spot at = {.path = it->path, .parent = -1};
    (void)pthread_mutex_lock(&p->site->lock);
    int rc = settle(p, t, &at, &fd, e);
    (void)pthread_mutex_unlock(&p->site->lock);
    if (rc < 0 || (fd >= 0 && fill(p, t, from, it, fd, e) < 0))
        return -1;
    it->fate = at.lost ? DEB_REPLACED : DEB_PLACED;
    return fd >= 0 && close(steal_fd(&fd)) < 0 ? err_sys(e, "close") : 0;
}

int place_entry(struct package *p, const struct tar_entry *t, struct tar_reader *from, struct err *e)
{
    char name[LIMIT_PATH];
    if (tar_name_clean(t->name, name, e) < 0)
        return -1;
    if (!*name)
        return t->type == TAR_DIR ? 0 : err_set(e, ERR_PARSE, "the root is no directory");
    if (t->type == TAR_CHAR || t->type == TAR_BLOCK || t->type == TAR_FIFO)
        return err_set(e, ERR_DENIED, "a device or fifo");
    struct deb_entry it = {.named = str_dup(p->a, str_of(name))};
    // The links of the merged /usr themselves are not the package's.
    bool link = is_alias_link(t, it.named);
    it.path = link ? it.named : deb_merged(p->a, it.named);
    if (it.path.n >= LIMIT_PATH)
        return err_set(e, ERR_LIMIT, "longer than %d bytes in a merged /usr", LIMIT_PATH - 1);
    if (deb_excluded(p->site->spec->exclude, it.path))
        it.fate = DEB_EXCLUDED;
    else if (!link && place(p, t, from, &it, e) < 0)
        return -1;
    record(p, t, it);
    return 0;
}
