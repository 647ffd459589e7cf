// SPDX-License-Identifier: Apache-2.0
#include "base/dir.h"
#include "base/file.h"
#include "base/limits.h"
#include "cnb/buildpack.h"
#include "platform/kept_priv.h"
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/file.h>

struct str kept_key(struct arena *a, struct str name)
{
    struct digest d;
    char hex[DIGEST_TEXT];
    digest_of(HASH_SHA256, name.p, name.n, &d);
    return str_dup(a, str_of(digest_hex(&d, hex)));
}

// gc may take the directory away between its opening and its lock: then there is a new one to be made.
static int open_locked(struct state *st, struct str key, int *dir, struct err *e)
{
    for (int tries = 0; tries < 10; tries++) {
        drop_fd int fd = -1;
        struct stat info;
        if (state_app_open(st, key, &fd, e) < 0)
            return -1;
        if (fstat(fd, &info) < 0)
            return err_sys(e, "apps");
        if (info.st_nlink) {
            *dir = steal_fd(&fd);
            return 0;
        }
    }
    return err_set(e, ERR_BUSY, "its directory of kept layers is removed again and again");
}

struct str kept_folder(struct arena *a, const char *source)
{
    return source ? str_printable(a, str_of(source), LIMIT_PATH) : STR("");
}

// Without its lock: a record is replaced at once.
struct str kept_source(struct state *st, struct arena *a, struct str name)
{
    drop_buf struct buf text = BUF_INIT(LIMIT_DOCUMENT);
    struct kept_record r;
    struct err ignored = {0};
    const char *path =
        arena_printf(a, "%s/apps/" PRI_STR "/" KEPT_RECORD, state_path(st), STR_ARG(kept_key(a, name)));
    return file_read(AT_FDCWD, path, &text, &ignored) == 0 &&
                   kept_record_read(a, str_dup(a, buf_view(&text)), &r, &ignored) == 0
               ? r.source
               : STR("");
}

static bool same_ids(const struct kept *k)
{
    const struct kept_opts *o = &k->o;
    return k->rec.uid == o->uid && k->rec.gid == o->gid && k->rec.out_uid == o->out_uid &&
           k->rec.out_gid == o->out_gid;
}

static int check_generations(const struct kept *k, const struct kept_record *r, struct err *e)
{
    struct strv gens = {0};
    kept_generations(k->a, r, &gens);
    for (size_t i = 0; i < gens.n; i++)
        if (dir_kind(k->dir, str_c(k->a, gens.v[i])) != DIR_DIR)
            return err_set(e, ERR_NOT_FOUND, KEPT_RECORD ": " PRI_STR " is not there", STR_ARG(gens.v[i]));
    return 0;
}

// A disk that cannot be read now is no reason to throw away what it holds.
static int read_record(struct kept *k, struct err *e)
{
    drop_buf struct buf text = BUF_INIT(LIMIT_DOCUMENT);
    struct err why = {0};
    char said[512];
    if (dir_kind(k->dir, KEPT_RECORD) == DIR_ABSENT)
        return 0;
    int rc = file_read(k->dir, KEPT_RECORD, &text, &why);
    if (rc < 0 && why.code == ERR_IO) {
        if (e)
            *e = why;
        return -1;
    }
    if (rc < 0 || kept_record_read(k->a, str_dup(k->a, buf_view(&text)), &k->rec, &why) < 0 ||
        check_generations(k, &k->rec, &why) < 0) {
        k->rec = (struct kept_record){0};
        event_warn(k->o.ev, NULL, "kept layers are made anew: %s", err_text(&why, said, sizeof said));
        return 0;
    }
    if (same_ids(k)) {
        k->text = str_dup(k->a, buf_view(&text));
        return 0;
    }
    struct str other = STR("kept layers are made anew: they are of a build by another id");
    event_emit(k->o.ev, &(struct event){.kind = EV_FACT, .text = other});
    k->rec = (struct kept_record){0}; // the files would belong to somebody else inside
    return 0;
}

int kept_open(struct arena *a, const struct kept_opts *o, struct kept **out, struct err *e)
{
    drop_(kept_close) struct kept *k = XNEW(struct kept);
    struct str key = kept_key(a, o->name);
    *k = (struct kept){.a = a, .o = *o, .dir = -1, .upper = -1, .text = STR("")};
    if (open_locked(o->st, key, &k->dir, e) < 0) {
        bool busy = e && e->code == ERR_BUSY;
        if (busy) {
            *e = (struct err){0};
            err_set(e, ERR_BUSY,
                    "another build of " PRI_STR " is running; wait for it, or give this one another name",
                    STR_ARG(o->name));
            e->transient = true;
        }
        return -1;
    }
    k->path = arena_printf(a, "%s/apps/" PRI_STR, state_path(o->st), STR_ARG(key));
    k->scratch_path = arena_printf(a, "%s/" KEPT_NEW, k->path);
    k->upper_path = arena_printf(a, "%s/upper", k->scratch_path);
    if (read_record(k, e) < 0 || kept_clean(k, e) < 0)
        return err_wrap(e, "kept layers");
    *out = steal_ptr(k);
    return 0;
}

void kept_close(struct kept *k)
{
    struct err left = {0}; // what resists goes with the next kept_open
    if (!k)
        return;
    drop_fd_p(&k->upper);
    if (k->dir >= 0 && tree_remove(k->dir, KEPT_NEW, &left) < 0)
        err_clear(&left);
    // Nothing is kept of an app that was never built: who waits for the lock makes the directory again
    // (open_locked).
    if (k->path)
        (void)unlinkat(AT_FDCWD, k->path, AT_REMOVEDIR);
    drop_fd_p(&k->dir);
    free(k);
}

const struct strv *kept_lower(const struct kept *k)
{
    return &k->lower;
}

const char *kept_scratch(const struct kept *k)
{
    return k->scratch_path;
}

const char *kept_upper(const struct kept *k)
{
    return k->upper_path;
}

int kept_upper_fd(const struct kept *k)
{
    return k->upper;
}

// --- What the record does not name.

// "gen-7/paketo_jre/jre" for every part of every generation, and what leads to it.
static int mark_live(struct kept *k, struct strmap *live, struct err *e)
{
    for (size_t i = 0; i < k->rec.buildpacks.n; i++) {
        const struct kept_buildpack *bp = &k->rec.buildpacks.v[i];
        const char *dir;
        if (buildpack_dir_name(k->a, bp->id, &dir, e) < 0)
            return -1;
        for (size_t j = 0; j < bp->layers.n; j++)
            for (size_t p = 0; p < bp->layers.v[j].parts.n; p++) {
                const struct kept_part *part = &bp->layers.v[j].parts.v[p];
                for (size_t g = 0; g < part->from.n; g++) {
                    struct str gen = part->from.v[g];
                    map_put(k->a, live, gen);
                    map_put(k->a, live, str_printf(k->a, PRI_STR "/%s", STR_ARG(gen), dir));
                    map_put(k->a, live,
                            str_printf(k->a, PRI_STR "/%s/" PRI_STR, STR_ARG(gen), dir, STR_ARG(part->name)));
                }
            }
    }
    return 0;
}

// Entries of `path` that are not live; live ones are noted in `into` (may be NULL).
static int sweep(struct kept *k, const char *path, const struct strmap *live, struct strv *into,
                 struct err *e)
{
    struct strv names;
    if (dir_names(k->a, k->dir, path, KEPT_ENTRIES, &names, e) < 0)
        return -1;
    for (size_t i = 0; i < names.n; i++) {
        struct str at = str_is(str_of(path), ".")
                            ? names.v[i]
                            : str_printf(k->a, "%s/" PRI_STR, path, STR_ARG(names.v[i]));
        if (map_find(live, at)) {
            if (into)
                strv_add(k->a, into, at);
            continue;
        }
        drop_fd int parent = -1;
        const char *base;
        if (path_parent(k->dir, str_c(k->a, at), &parent, &base, e) < 0 || tree_remove(parent, base, e) < 0)
            return -1;
    }
    return 0;
}

int kept_clean(struct kept *k, struct err *e)
{
    struct strmap live = {0};
    struct strv gens = {0}, dirs = {0};
    map_put(k->a, &live, STR(KEPT_RECORD));
    if (mark_live(k, &live, e) < 0 || sweep(k, ".", &live, &gens, e) < 0)
        return -1;
    for (size_t i = 0; i < gens.n; i++)
        if (!str_is(gens.v[i], KEPT_RECORD) && sweep(k, str_c(k->a, gens.v[i]), &live, &dirs, e) < 0)
            return -1;
    for (size_t i = 0; i < dirs.n; i++)
        if (sweep(k, str_c(k->a, dirs.v[i]), &live, NULL, e) < 0)
            return -1;
    return 0;
}

// --- Apps whose image is gone.

static int drop_app(struct state *st, int apps, struct str key, bool dry_run, uint64_t *n, struct err *e)
{
    drop_fd int dir = -1;
    struct err why = {0};
    if (state_app_open(st, key, &dir, &why) < 0)
        return 0; // being built, or not one of ours
    ++*n;
    if (dry_run)
        return 0;
    // The record first: it must never name what is gone.
    char name[80];
    snprintf(name, sizeof name, PRI_STR, STR_ARG(key));
    if (tree_remove(dir, KEPT_RECORD, e) < 0)
        return -1;
    return fsync(dir) < 0 ? err_sys(e, "apps/%s", name) : tree_remove(apps, name, e);
}

int kept_gc(struct state *st, bool dry_run, uint64_t *n, struct err *e)
{
    drop_(arena_free) struct arena *a = arena_new(8192);
    drop_fd int apps = -1;
    struct state_name *names;
    struct strv dirs;
    struct strmap used = {0};
    size_t count;
    uint64_t gone = 0;
    if (path_open_host(arena_printf(a, "%s/apps", state_path(st)), O_RDONLY | O_DIRECTORY, 0, &apps, e) < 0 ||
        state_names(st, a, &names, &count, e) < 0 || dir_names(a, apps, ".", KEPT_ENTRIES, &dirs, e) < 0)
        return -1;
    for (size_t i = 0; i < count; i++)
        map_put(a, &used, kept_key(a, names[i].name));
    for (size_t i = 0; i < dirs.n; i++)
        if (!map_find(&used, dirs.v[i]) && drop_app(st, apps, dirs.v[i], dry_run, &gone, e) < 0)
            return -1;
    *n = gone;
    return 0;
}
