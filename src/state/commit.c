// SPDX-License-Identifier: Apache-2.0
#include "state/state_priv.h"
#include <errno.h>
#include <fcntl.h>
#include <linux/fs.h>
#include <stdio.h>
#include <sys/file.h>

enum {
    NAMES_WAIT_MS = 30000, // as long as some hundred renames and one sync may take
    STALE_WAIT_MS = 1000,  // one rename
};

// Which folders were renamed into, so that each is synced once.
struct touched {
    bool shelf[SHELF_MAX_][HASH_ALG_MAX_];
};

static int publish_file(struct txn *t, const struct staged_file *f, struct touched *hit, struct err *e)
{
    char from[16], to[SHELF_PATH];
    if (shelf_path(f->shelf, &f->digest, to, e) < 0)
        return -1;
    snprintf(from, sizeof from, "b%u", f->id);
    if (renameat(t->tmp, from, t->st->dir, to) < 0)
        return err_sys(e, "%s", to);
    hit->shelf[f->shelf][f->digest.alg] = true;
    return 0;
}

// Of two that replace a stale tree at once, the slower one would take away what the other has put there, perhaps opened
// since. So each takes the stale one for itself and looks again. What is no directory (*held -1) was never opened.
static enum trust take_stale(struct state *st, const char *entry, int *held, struct err *e)
{
    if (path_open_plain(st->dir, entry, O_RDONLY | O_DIRECTORY, 0, held, NULL) == 0 &&
        lock_take(*held, LOCK_EX, STALE_WAIT_MS, entry, e) < 0)
        return TRUST_ERROR;
    return tree_trust(st, entry, e);
}

// One that is there and trusted stays: somebody may have it mounted. An
// untrusted one changes places with ours, and goes
// with the transaction's directory.
static int publish_tree(struct txn *t, const struct staged_tree *s, struct touched *hit, struct err *e)
{
    char from[16], to[SHELF_PATH];
    if (!s->done)
        return 0;
    if (shelf_path(SHELF_TREES, &s->diff_id, to, e) < 0)
        return -1;
    snprintf(from, sizeof from, "t%u", s->id);
    drop_fd int held = -1;
    enum trust trust = tree_trust(t->st, to, e);
    if (trust == TRUST_STALE)
        trust = take_stale(t->st, to, &held, e);
    if (trust == TRUST_ERROR)
        return -1;
    if (trust == TRUST_GOOD)
        return 0;
    unsigned how = trust == TRUST_STALE ? RENAME_EXCHANGE : RENAME_NOREPLACE;
    if (renameat2(t->tmp, from, t->st->dir, to, how) < 0 && errno != EEXIST && errno != ENOENT)
        return err_sys(e, "%s", to);
    if (tree_trust(t->st, to, e) != TRUST_GOOD)
        return err_set(e, ERR_BUSY, "%s: changed by another dema meanwhile", to);
    hit->shelf[SHELF_TREES][s->diff_id.alg] = true;
    return 0;
}

static int sync_touched(struct state *st, const struct touched *hit, struct err *e)
{
    for (enum shelf s = 0; s < SHELF_MAX_; s++)
        for (enum hash_alg alg = HASH_SHA256; alg <= HASH_SHA512; alg++) {
            char path[SHELF_PATH];
            snprintf(path, sizeof path, "%s/%s", shelf_name(s), hash_name(alg));
            if (hit->shelf[s][alg] && dir_sync(st->dir, path, e) < 0)
                return -1;
        }
    return 0;
}

static int publish_shelves(struct txn *t, struct err *e)
{
    struct touched hit = {0};
    for (size_t i = 0; i < t->file_n; i++)
        if (publish_file(t, &t->file[i], &hit, e) < 0)
            return -1;
    for (size_t i = 0; i < t->tree_n; i++)
        if (publish_tree(t, &t->tree[i], &hit, e) < 0)
            return -1;
    return sync_touched(t->st, &hit, e);
}

static int publish_records(struct txn *t, struct err *e)
{
    for (size_t i = 0; i < t->record_n; i++) {
        char from[16], to[SHELF_PATH], hex[DIGEST_TEXT];
        snprintf(from, sizeof from, "k%u", t->record[i].id);
        snprintf(to, sizeof to, "known/%s", digest_hex(&t->record[i].key, hex));
        if (renameat(t->tmp, from, t->st->dir, to) < 0)
            return err_sys(e, "%s", to);
    }
    return t->record_n ? dir_sync(t->st->dir, "known", e) : 0;
}

static int check_blob(struct txn *t, const struct staged_name *s, struct err *e)
{
    char text[DIGEST_TEXT];
    if (s->del || state_blob_has(t->st, &s->digest))
        return 0;
    return err_set(e, ERR_NOT_FOUND, PRI_STR ": blob %s is not in the state", STR_ARG(s->name),
                   digest_text(&s->digest, text));
}

static int moved(const struct staged_name *s, const char *is, const char *was, struct err *e)
{
    return err_set(e, ERR_BUSY, PRI_STR ": now %s, expected %s: changed meanwhile", STR_ARG(s->name), is,
                   was);
}

// Under the lock of names/.
static int check_name_now(struct txn *t, const struct staged_name *s, struct err *e)
{
    drop_(arena_free) struct arena *a = arena_new(1024);
    struct state_name n;
    struct err why = {0};
    char is[DIGEST_TEXT], was[DIGEST_TEXT];
    if (s->want == WANT_ANY)
        return 0;
    const char *expected = s->want == WANT_ABSENT ? "no image" : digest_text(&s->old, was);
    if (state_name_get(t->st, a, s->name, &n, &why) < 0) {
        if (why.code == ERR_NOT_FOUND)
            return s->want == WANT_ABSENT ? 0 : moved(s, "no image", expected, e);
        if (e)
            *e = why;
        return -1;
    }
    if (s->want == WANT_OLD && digest_eq(&s->old, &n.digest))
        return 0;
    return moved(s, digest_text(&n.digest, is), expected, e);
}

static int publish_name(struct txn *t, int names, const struct staged_name *s, struct err *e)
{
    char from[16];
    snprintf(from, sizeof from, "n%u", s->id);
    if (s->del)
        return unlinkat(names, s->file, 0) < 0 && errno != ENOENT ? err_sys(e, PRI_STR, STR_ARG(s->name)) : 0;
    return renameat(t->tmp, from, names, s->file) < 0 ? err_sys(e, PRI_STR, STR_ARG(s->name)) : 0;
}

static int publish_names(struct txn *t, struct err *e)
{
    if (!t->name_n)
        return 0;
    drop_fd int names = -1;
    for (size_t i = 0; i < t->name_n; i++)
        if (check_blob(t, &t->name[i], e) < 0)
            return -1;
    if (path_open_plain(t->st->dir, "names", O_RDONLY | O_DIRECTORY, 0, &names, e) < 0 ||
        lock_take(names, LOCK_EX, NAMES_WAIT_MS, "names", e) < 0)
        return -1;
    for (size_t i = 0; i < t->name_n; i++)
        if (check_name_now(t, &t->name[i], e) < 0)
            return -1;
    for (size_t i = 0; i < t->name_n; i++)
        if (publish_name(t, names, &t->name[i], e) < 0)
            return -1;
    return fsync(names) < 0 ? err_sys(e, "names: sync") : 0;
}

int txn_commit(struct txn *t, struct err *e)
{
    pthread_mutex_lock(&t->m);
    bool again = t->over;
    t->over = true;
    pthread_mutex_unlock(&t->m);
    if (again)
        return err_set(e, ERR_USAGE, "transaction: already committed");
    if (publish_shelves(t, e) < 0 || publish_records(t, e) < 0 || publish_names(t, e) < 0)
        return err_wrap(e, "%s", t->st->path);
    return 0;
}
