// SPDX-License-Identifier: Apache-2.0
#include "debian/unpack.h"
#include "base/glob.h"
#include "base/limits.h"
#include "debian/crew.h"
#include "debian/decoded.h"
#include "debian/unpack_priv.h"
#include "stream/memory.h"
#include <fcntl.h>
#include <poll.h>

enum { DIR_MODE = 0755 }; // of a directory that no package names

static int place_all(struct package *p, struct source *plain, struct err *e)
{
    drop_(tar_reader_free) struct tar_reader *tar = tar_reader_new(plain);
    for (;;) {
        const struct tar_entry *t;
        enum tar_step step = tar_next(tar, &t, e);
        if (step == TAR_END)
            return 0;
        if (step == TAR_ERROR)
            return err_wrap(e, "data.tar");
        if (place_entry(p, t, tar, e) < 0) {
            drop_(arena_free) struct arena *a = arena_new(512);
            return err_wrap(e, "data.tar: " PRI_STR, STR_ARG(str_printable(a, t->name, 120)));
        }
    }
}

static int read_data(struct package *p, struct ar_reader *ar, struct err *e)
{
    const int *dir = p->in->digest.alg == HASH_NONE ? NULL : p->site->spec->decoded;
    drop_(source_drop) struct source *plain = dir ? deb_decoded_open(*dir, &p->in->digest) : NULL;
    if (plain)
        return place_all(p, plain, e);
    if (deb_member(ar, "data.tar", &plain, e) < 0)
        return -1;
    if (dir)
        plain = deb_decoded_keep(plain, *dir, &p->in->digest);
    if (place_all(p, plain, e) < 0)
        return -1;
    return dir && deb_decoded_end(plain, e) < 0 ? err_wrap(e, "data.tar") : 0;
}

static int unpack_one(struct package *p, struct err *e)
{
    const char *name = str_c(p->a, p->in->name);
    if (lseek(p->in->fd, 0, SEEK_SET) < 0)
        return err_sys(e, "%s", name);
    drop_(source_drop) struct source *bytes = source_fd(p->in->fd, name);
    drop_(ar_reader_free) struct ar_reader *ar = ar_reader_new(bytes);
    struct deb_control *c = &p->out.control;
    if (deb_open(ar, e) < 0 || deb_control_member(ar, p->a, c, e) < 0)
        return -1;
    if (deb_relations_read(p->a, paragraph_get(&c->fields, "Replaces"), &p->replaces, e) < 0)
        return err_wrap(e, "Replaces");
    return read_data(p, ar, e);
}

static int go_on(const struct deb_unpack_spec *s, struct err *e)
{
    struct pollfd stop = {.fd = s->stop ? *s->stop : -1, .events = POLLIN};
    return poll(&stop, 1, 0) == 1 ? err_set(e, ERR_CANCELLED, "stopped") : 0;
}

static void *work(void *ctx)
{
    struct site *s = ctx;
    for (;;) {
        (void)pthread_mutex_lock(&s->lock);
        size_t at = s->next;
        s->next += at < s->spec->n;
        (void)pthread_mutex_unlock(&s->lock);
        if (at == s->spec->n)
            return NULL;
        struct package *p = &s->package[s->order[at]];
        if (go_on(s->spec, &p->e) == 0 && unpack_one(p, &p->e) < 0)
            (void)err_wrap(&p->e, "package " PRI_STR, STR_ARG(p->in->name));
        drop_fd_p(&p->parent);
    }
}

static int report(const struct site *s, struct err *e)
{
    for (size_t i = 0; i < s->spec->n; i++) {
        if (s->package[i].e.code != ERR_NONE) {
            if (e)
                *e = s->package[i].e;
            return -1;
        }
    }
    if (!s->clash)
        return 0;
    const struct package *a = &s->package[s->conflict.a], *b = &s->package[s->conflict.b];
    return err_set(e, ERR_DENIED, "packages " PRI_STR " and " PRI_STR ": both hold " PRI_STR,
                   STR_ARG(a->out.control.package), STR_ARG(b->out.control.package),
                   STR_ARG(s->conflict.path));
}

// The first package that names a directory decides; what a file lost to another's does not count.
static void note_owners(const struct site *s, struct owners *o)
{
    for (size_t i = s->spec->n; i-- > 0;) {
        const struct deb_unpacked *u = &s->package[i].out;
        for (size_t k = 0; k < u->entry_n; k++)
            if (u->entry[k].fate == DEB_PLACED)
                owners_set(o, u->entry[k].path, u->entry[k].owner);
    }
}

// A package may have lost its file to one that was unpacked later.
static void note_lost(struct site *s)
{
    for (size_t i = 0; i < s->spec->n; i++) {
        struct deb_unpacked *u = &s->package[i].out;
        for (size_t k = 0; k < u->entry_n; k++) {
            const struct map_entry *at = map_find(&s->claims, u->entry[k].path);
            const struct claim *c = at ? at->ptr : NULL;
            if (c && c->type != TAR_DIR && u->entry[k].fate == DEB_PLACED && c->package != i)
                u->entry[k].fate = DEB_REPLACED;
        }
    }
}

static int set_dir_mode(const struct site *s, struct str dir, uint32_t mode, struct err *e)
{
    drop_(arena_free) struct arena *a = arena_new(LIMIT_PATH);
    drop_fd int fd = -1;
    const char *path = str_c(a, dir);
    if (path_open_plain(s->spec->root, path, O_RDONLY | O_DIRECTORY, 0, &fd, e) < 0)
        return -1;
    return fchmod(fd, (mode & 0777) | 0700) < 0 ? err_sys(e, "%s", path) : 0;
}

// Whatever the umask was, and whoever came first.
static int set_dirs(const struct site *s, struct owners *o, struct err *e)
{
    for (size_t i = 0; i < s->claims.n; i++) {
        struct str path = s->claims.v[i].key;
        if (((const struct claim *)s->claims.v[i].ptr)->type != TAR_DIR)
            continue;
        if (!owners_find(o, path))
            owners_set(o, path, (struct owner){.mode = DIR_MODE});
        if (set_dir_mode(s, path, owners_find(o, path)->mode, e) < 0)
            return -1;
    }
    return 0;
}

struct by_size {
    off_t size;
    size_t number;
};

static int larger_first(const void *x, const void *y)
{
    const struct by_size *a = x, *b = y;
    if (a->size != b->size)
        return a->size > b->size ? -1 : 1;
    return a->number < b->number ? -1 : a->number > b->number;
}

// The largest first: otherwise one of them is what all the others wait for in the end.
static void order(struct site *s)
{
    size_t n = s->spec->n;
    struct by_size *v = ARENA_ARRAY(s->a, struct by_size, n);
    s->order = ARENA_ARRAY(s->a, size_t, n);
    for (size_t i = 0; i < n; i++) {
        struct stat st;
        v[i] = (struct by_size){fstat(s->spec->deb[i].fd, &st) == 0 ? st.st_size : 0, i};
    }
    qsort(v, n, sizeof *v, larger_first);
    for (size_t i = 0; i < n; i++)
        s->order[i] = v[i].number;
}

void deb_elf_files(const struct deb_set *s, struct arena *a, struct strv *out)
{
    for (size_t i = 0; i < s->n; i++) {
        for (size_t k = 0; k < s->v[i].entry_n; k++) {
            const struct deb_entry *it = &s->v[i].entry[k];
            if (it->fate == DEB_PLACED && (it->is_elf || it->type == TAR_HARDLINK))
                strv_add(a, out, it->path);
        }
    }
    strv_sort(out);
}

void deb_set_free(struct deb_set *s)
{
    if (!s)
        return;
    for (size_t i = 0; i < s->n; i++)
        arena_free(s->arena[i]);
    free(s->arena);
    free(s->v);
    free(s);
}

static struct deb_set *set_new(struct site *s)
{
    struct deb_set *set = XNEW(struct deb_set);
    set->n = s->spec->n;
    set->v = xcalloc(set->n + 1, sizeof *set->v);
    set->arena = xcalloc(set->n + 1, sizeof *set->arena);
    s->package = ARENA_ARRAY(s->a, struct package, set->n);
    for (size_t i = 0; i < set->n; i++) {
        set->arena[i] = arena_new(16384);
        s->package[i] = (struct package){
            .site = s, .number = i, .in = &s->spec->deb[i], .a = set->arena[i], .parent = -1};
    }
    return set;
}

static int check_patterns(const struct strv *v, struct err *e)
{
    for (size_t i = 0; v && i < v->n; i++)
        if (glob_check(v->v[i], e) < 0)
            return err_wrap(e, "exclude \"" PRI_STR "\"", STR_ARG(v->v[i]));
    return 0;
}

int deb_unpack(const struct deb_unpack_spec *spec, struct owners *owners, struct deb_set **out, struct err *e)
{
    drop_(arena_free) struct arena *a = arena_new(1 << 16);
    struct site s = {.spec = spec, .a = a, .lock = PTHREAD_MUTEX_INITIALIZER};
    if (check_patterns(spec->exclude, e) < 0)
        return -1;
    drop_(deb_set_free) struct deb_set *set = set_new(&s);
    order(&s);
    crew_run(spec->threads, spec->n, work, &s);
    (void)pthread_mutex_destroy(&s.lock);
    if (report(&s, e) < 0)
        return -1;
    note_lost(&s);
    note_owners(&s, owners);
    if (set_dirs(&s, owners, e) < 0)
        return -1;
    for (size_t i = 0; i < set->n; i++)
        set->v[i] = s.package[i].out;
    *out = steal_ptr(set);
    return 0;
}
