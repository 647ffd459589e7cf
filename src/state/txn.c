// SPDX-License-Identifier: Apache-2.0
#include "base/limits.h"
#include "state/state_priv.h"
#include "stream/memory.h"
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/file.h>
#include <sys/random.h>

enum { GC_WAIT_MS = 60000 };
const struct digest txn_any = {.alg = HASH_NONE};

int txn_begin(struct state *st, struct txn **out, struct err *e)
{
    drop_(txn_drop) struct txn *t = XNEW(struct txn);
    t->st = st;
    t->lock = t->tmp = -1;
    t->a = arena_new(1024);
    if (pthread_mutex_init(&t->m, NULL) != 0)
        BUG("pthread_mutex_init");
    if (state_lock(st, LOCK_SH, GC_WAIT_MS, &t->lock, e) < 0)
        return -1;
    *out = steal_ptr(t);
    return 0;
}

int state_lease(struct state *st, int *fd, struct err *e)
{
    return state_lock(st, LOCK_SH, GC_WAIT_MS, fd, e);
}

static int make_tmp(struct txn *t, struct err *e)
{
    uint64_t random;
    char path[48];
    if (getrandom(&random, sizeof random, 0) != (ssize_t)sizeof random)
        BUG("getrandom");
    snprintf(t->tmp_name, sizeof t->tmp_name, "T.%016jx", (uintmax_t)random);
    snprintf(path, sizeof path, "tmp/%s", t->tmp_name);
    if (mkdirat(t->st->dir, path, 0700) < 0) {
        t->tmp_name[0] = 0;
        return err_sys(e, "%s/%s", t->st->path, path);
    }
    return path_open_plain(t->st->dir, path, O_RDONLY | O_DIRECTORY, 0, &t->tmp, e);
}

int txn_stage(struct txn *t, unsigned *id, struct err *e)
{
    if (t->over)
        return err_set(e, ERR_USAGE, "transaction: already committed");
    if (t->tmp < 0 && make_tmp(t, e) < 0)
        return -1;
    *id = t->next_id++;
    return 0;
}

struct blob_sink {
    struct sink base;
    struct txn *t;
    struct sink *chain;
    int fd;
    enum shelf shelf;
    unsigned id;
    bool finished;
    struct digest want, sum; // want.alg HASH_NONE: whatever it is
    uint64_t size;
    struct blob_got *got;
};

static int blob_room(struct sink *s, size_t min, struct span *out, struct err *e)
{
    return sink_room(CONTAINER(s, struct blob_sink, base)->chain, min, out, e);
}

static int blob_commit(struct sink *s, size_t n, struct err *e)
{
    return sink_commit(CONTAINER(s, struct blob_sink, base)->chain, n, e);
}

static void blob_file(const struct blob_sink *b, char out[16])
{
    snprintf(out, 16, "b%u", b->id);
}

// A commit on another thread reads the list: what comes after it has begun is refused, not lost.
static int keep_file(struct blob_sink *b, struct err *e)
{
    struct txn *t = b->t;
    pthread_mutex_lock(&t->m);
    bool late = t->over;
    if (!late) {
        t->file = arena_grow(t->a, t->file, t->file_n, &t->file_cap, sizeof *t->file);
        t->file[t->file_n++] = (struct staged_file){.shelf = b->shelf, .digest = b->sum, .id = b->id};
    }
    pthread_mutex_unlock(&t->m);
    if (late)
        return err_set(e, ERR_USAGE, "transaction: already committed");
    b->finished = true;
    return 0;
}

static int blob_finish(struct sink *s, struct err *e)
{
    struct blob_sink *b = CONTAINER(s, struct blob_sink, base);
    char want[DIGEST_TEXT], sum[DIGEST_TEXT];
    if (b->finished)
        return err_set(e, ERR_USAGE, "blob: finished twice");
    if (sink_finish(b->chain, e) < 0)
        return -1;
    // Two whole sha512 are more than a message holds: their beginnings tell them apart.
    int shown = b->want.alg == HASH_SHA512 ? 48 : DIGEST_TEXT;
    if (b->want.alg && !digest_eq(&b->want, &b->sum))
        return err_set(e, ERR_DIGEST, "%.*s wanted, the bytes are %.*s", shown, digest_text(&b->want, want),
                       shown, digest_text(&b->sum, sum));
    if (fsync(b->fd) < 0)
        return err_sys(e, "blob %s: sync", digest_text(&b->sum, sum));
    if (close(steal_fd(&b->fd)) < 0)
        return err_sys(e, "blob %s: close", digest_text(&b->sum, sum));
    if (keep_file(b, e) < 0)
        return -1;
    if (b->got)
        *b->got = (struct blob_got){b->sum, b->size};
    return 0;
}

static void blob_drop(struct sink *s)
{
    struct blob_sink *b = CONTAINER(s, struct blob_sink, base);
    sink_drop(b->chain);
    drop_fd_p(&b->fd);
    char name[16];
    blob_file(b, name);
    if (!b->finished)
        (void)unlinkat(b->t->tmp, name, 0);
    free(b);
}

static int new_sink(struct txn *t, enum shelf shelf, const struct digest *want, struct blob_got *got,
                    struct sink **out, struct err *e)
{
    static const struct sink_ops ops = {blob_room, blob_commit, blob_finish, blob_drop};
    char path[SHELF_PATH], name[16];
    unsigned id = 0;
    if (want && shelf_path(shelf, want, path, e) < 0)
        return -1;
    pthread_mutex_lock(&t->m);
    int rc = txn_stage(t, &id, e);
    pthread_mutex_unlock(&t->m);
    if (rc < 0)
        return -1;
    struct blob_sink *b = XNEW(struct blob_sink);
    *b = (struct blob_sink){.base = {&ops}, .t = t, .shelf = shelf, .id = id, .got = got, .fd = -1};
    if (want)
        b->want = *want;
    blob_file(b, name);
    if (path_open_plain(t->tmp, name, O_WRONLY | O_CREAT | O_EXCL, 0600, &b->fd, e) < 0) {
        free(b);
        return -1;
    }
    b->chain = sink_hash(sink_count(sink_fd(b->fd, shelf_name(shelf)), &b->size),
                         want ? want->alg : HASH_SHA256, &b->sum);
    *out = &b->base;
    return 0;
}

int txn_blob(struct txn *t, const struct digest *want, struct blob_got *got, struct sink **out, struct err *e)
{
    return new_sink(t, SHELF_BLOBS, want, got, out, e);
}

int txn_dep(struct txn *t, const struct digest *want, struct sink **out, struct err *e)
{
    return new_sink(t, SHELF_DEPS, want, NULL, out, e);
}

static struct staged_tree *find_tree(struct txn *t, const struct digest *diff_id)
{
    for (size_t i = 0; i < t->tree_n; i++)
        if (digest_eq(&t->tree[i].diff_id, diff_id))
            return &t->tree[i];
    return NULL;
}

static int stage_tree(struct txn *t, const struct digest *diff_id, int *dirfd, struct err *e)
{
    char entry[SHELF_PATH], path[32], text[DIGEST_TEXT];
    unsigned id;
    drop_fd int fd = -1;
    if (shelf_path(SHELF_TREES, diff_id, entry, e) < 0)
        return -1;
    if (find_tree(t, diff_id))
        return err_set(e, ERR_USAGE, "tree %s: twice in one transaction", digest_text(diff_id, text));
    if (txn_stage(t, &id, e) < 0)
        return -1;
    snprintf(path, sizeof path, "t%u/root", id);
    if (path_mkdirs(t->tmp, path, 0700, e) < 0 ||
        path_open_plain(t->tmp, path, O_RDONLY | O_DIRECTORY, 0, &fd, e) < 0)
        return -1;
    if (fchmod(fd, 0755) < 0) // whatever the umask
        return err_sys(e, "%s", path);
    t->tree = arena_grow(t->a, t->tree, t->tree_n, &t->tree_cap, sizeof *t->tree);
    t->tree[t->tree_n++] = (struct staged_tree){.diff_id = *diff_id, .id = id};
    *dirfd = steal_fd(&fd);
    return 0;
}

int txn_tree(struct txn *t, const struct digest *diff_id, int *dirfd, struct err *e)
{
    pthread_mutex_lock(&t->m);
    int rc = stage_tree(t, diff_id, dirfd, e);
    pthread_mutex_unlock(&t->m);
    return rc;
}

static int rename_tree(struct txn *t, const struct digest *staged, const struct digest *diff_id,
                       struct err *e)
{
    char path[SHELF_PATH], text[DIGEST_TEXT];
    struct staged_tree *s = find_tree(t, staged);
    if (!s || s->done)
        return err_set(e, ERR_USAGE, "tree %s: not open in this transaction", digest_text(staged, text));
    if (digest_eq(staged, diff_id))
        return 0;
    if (find_tree(t, diff_id))
        return err_set(e, ERR_USAGE, "tree %s: twice in one transaction", digest_text(diff_id, text));
    if (shelf_path(SHELF_TREES, diff_id, path, e) < 0)
        return -1;
    s->diff_id = *diff_id;
    return 0;
}

int txn_tree_is(struct txn *t, const struct digest *staged, const struct digest *diff_id, struct err *e)
{
    pthread_mutex_lock(&t->m);
    int rc = rename_tree(t, staged, diff_id, e);
    pthread_mutex_unlock(&t->m);
    return rc;
}

static int end_tree(struct txn *t, const struct digest *diff_id, struct err *e)
{
    char path[32], text[DIGEST_TEXT];
    struct staged_tree *s = find_tree(t, diff_id);
    if (!s || s->done || t->over)
        return err_set(e, ERR_USAGE, "tree %s: not open in this transaction", digest_text(diff_id, text));
    // Not synced, like the tree: after a power cut neither counts, unless state_sync was called.
    snprintf(path, sizeof path, "t%u/boot", s->id);
    drop_fd int fd = -1;
    if (path_open_plain(t->tmp, path, O_WRONLY | O_CREAT | O_EXCL, 0600, &fd, e) < 0 ||
        file_write_all(fd, t->st->boot, strlen(t->st->boot), e) < 0)
        return -1;
    s->done = true;
    return 0;
}

int txn_tree_done(struct txn *t, const struct digest *diff_id, struct err *e)
{
    pthread_mutex_lock(&t->m);
    int rc = end_tree(t, diff_id, e);
    pthread_mutex_unlock(&t->m);
    return rc;
}

static int stage_record(struct txn *t, const struct digest *key, struct str record, struct err *e)
{
    char file[16];
    unsigned id;
    if (record.n > STATE_RECORD_MAX)
        return err_set(e, ERR_LIMIT, "record: %zu bytes, the limit is %d", record.n, STATE_RECORD_MAX);
    if (txn_stage(t, &id, e) < 0)
        return -1;
    snprintf(file, sizeof file, "k%u", id);
    if (file_make(t->tmp, file, record, e) < 0)
        return -1;
    t->record = arena_grow(t->a, t->record, t->record_n, &t->record_cap, sizeof *t->record);
    t->record[t->record_n++] = (struct staged_record){.key = *key, .id = id};
    return 0;
}

int txn_known(struct txn *t, const struct digest *key, struct str record, struct err *e)
{
    pthread_mutex_lock(&t->m);
    int rc = stage_record(t, key, record, e);
    pthread_mutex_unlock(&t->m);
    return rc;
}

static int stage_name(struct txn *t, struct staged_name *s, const struct state_name *now, struct err *e)
{
    char file[16], path[SHELF_PATH];
    drop_buf struct buf b = BUF_INIT(2 * STATE_RECORD_MAX);
    for (size_t i = 0; i < t->name_n; i++)
        if (strcmp(t->name[i].file, s->file) == 0)
            return err_set(e, ERR_USAGE, PRI_STR ": twice in one transaction", STR_ARG(s->name));
    if (txn_stage(t, &s->id, e) < 0)
        return -1;
    if (now && shelf_path(SHELF_BLOBS, &now->digest, path, e) < 0)
        return -1;
    if (now) {
        if (now->json.n > STATE_RECORD_MAX)
            return err_set(e, ERR_LIMIT, PRI_STR ": a descriptor of %zu bytes, the limit is %d",
                           STR_ARG(s->name), now->json.n, STATE_RECORD_MAX);
        struct state_name n = *now;
        n.name = s->name;
        name_record(&b, &n);
        snprintf(file, sizeof file, "n%u", s->id);
        if (buf_finish(&b, "name", e) < 0 || file_make(t->tmp, file, buf_view(&b), e) < 0)
            return -1;
        s->digest = now->digest;
    }
    s->del = !now;
    s->name = str_dup(t->a, s->name);
    t->name = arena_grow(t->a, t->name, t->name_n, &t->name_cap, sizeof *t->name);
    t->name[t->name_n++] = *s;
    return 0;
}

int txn_name(struct txn *t, struct str name, const struct digest *old, const struct state_name *now,
             struct err *e)
{
    struct staged_name s = {.name = name, .want = WANT_ABSENT};
    if (name_encode(name, s.file, e) < 0)
        return -1;
    if (old)
        s.want = old == &txn_any ? WANT_ANY : WANT_OLD;
    if (s.want == WANT_OLD)
        s.old = *old;
    pthread_mutex_lock(&t->m);
    int rc = stage_name(t, &s, now, e);
    pthread_mutex_unlock(&t->m);
    return rc;
}

void txn_drop(struct txn *t)
{
    if (!t)
        return;
    drop_fd int tmp = -1;
    struct err left = {0}; // what resists is left to gc
    if (t->tmp_name[0] && path_open_plain(t->st->dir, "tmp", O_RDONLY | O_DIRECTORY, 0, &tmp, &left) == 0 &&
        tree_remove(tmp, t->tmp_name, &left) < 0)
        err_clear(&left);
    drop_fd_p(&t->tmp);
    drop_fd_p(&t->lock);
    arena_free(t->a);
    pthread_mutex_destroy(&t->m);
    free(t);
}
