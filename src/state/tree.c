// SPDX-License-Identifier: Apache-2.0
#include "base/dir.h"
#include "state/state_priv.h"
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/file.h>

enum trust tree_trust(struct state *st, const char *entry, struct err *e)
{
    char path[SHELF_PATH + 16];
    if (dir_kind(st->dir, entry) == DIR_ABSENT)
        return TRUST_ABSENT;
    snprintf(path, sizeof path, "%s/synced", entry);
    if (dir_kind(st->dir, path) == DIR_FILE)
        return TRUST_GOOD;
    snprintf(path, sizeof path, "%s/boot", entry);
    drop_buf struct buf b = BUF_INIT(BOOT_MAX);
    struct err why = {0};
    if (file_read(st->dir, path, &b, &why) == 0)
        return str_is(buf_view(&b), st->boot) ? TRUST_GOOD : TRUST_STALE;
    // A power cut may have lost or torn the record: then the tree is what it protects against. So is one whose record
    // is no file of ours: a link, or shut. Only a disk that does not answer says nothing about the tree.
    if (why.code != ERR_IO)
        return TRUST_STALE;
    if (e)
        *e = why;
    return TRUST_ERROR;
}

static int absent(const struct digest *diff_id, struct err *e)
{
    char text[DIGEST_TEXT];
    return err_set(e, ERR_NOT_FOUND, "tree %s: not there", digest_text(diff_id, text));
}

// Locked, and still the one under that name: gc renames a tree away only while it holds its lock alone.
static bool is_held(struct state *st, const char *path, int fd)
{
    struct stat here, named;
    drop_fd int again = -1;
    return path_open_plain(st->dir, path, O_PATH | O_DIRECTORY, 0, &again, NULL) == 0 &&
           fstat(fd, &here) == 0 && fstat(again, &named) == 0 && here.st_ino == named.st_ino &&
           here.st_dev == named.st_dev;
}

int state_tree_open(struct state *st, const struct digest *diff_id, int *dirfd, struct err *e)
{
    char entry[SHELF_PATH], path[SHELF_PATH + 8];
    if (shelf_path(SHELF_TREES, diff_id, entry, e) < 0)
        return -1;
    enum trust trust = tree_trust(st, entry, e);
    if (trust == TRUST_ERROR)
        return -1;
    if (trust != TRUST_GOOD)
        return absent(diff_id, e);
    snprintf(path, sizeof path, "%s/root", entry);
    drop_fd int fd = -1;
    if (path_open_plain(st->dir, path, O_RDONLY | O_DIRECTORY, 0, &fd, e) < 0)
        return -1;
    if (flock(fd, LOCK_SH | LOCK_NB) < 0)
        return errno == EWOULDBLOCK ? absent(diff_id, e) : err_sys(e, "%s: lock", path);
    if (!is_held(st, path, fd))
        return absent(diff_id, e);
    *dirfd = steal_fd(&fd);
    return 0;
}

bool state_tree_has(struct state *st, const struct digest *diff_id)
{
    char entry[SHELF_PATH];
    return shelf_path(SHELF_TREES, diff_id, entry, NULL) == 0 && tree_trust(st, entry, NULL) == TRUST_GOOD;
}

struct str state_tree_path(struct state *st, struct arena *a, const struct digest *diff_id)
{
    char entry[SHELF_PATH];
    if (shelf_path(SHELF_TREES, diff_id, entry, NULL) < 0)
        BUG("tree path of a digest that has no place");
    return str_printf(a, "%s/%s/root", st->path, entry);
}

// Of one algorithm's folder: the entries of this boot that are not yet marked.
static int unsynced(struct state *st, struct arena *a, const char *folder, struct strv *to, struct err *e)
{
    struct strv names;
    if (dir_names(a, st->dir, folder, STATE_DIR_ENTRIES, &names, e) < 0)
        return -1;
    for (size_t i = 0; i < names.n; i++) {
        struct str entry = str_printf(a, "%s/" PRI_STR, folder, STR_ARG(names.v[i]));
        enum trust trust = tree_trust(st, entry.p, e);
        if (trust == TRUST_ERROR)
            return -1;
        struct str mark = str_printf(a, PRI_STR "/synced", STR_ARG(entry));
        if (trust == TRUST_GOOD && dir_kind(st->dir, mark.p) == DIR_ABSENT)
            strv_add(a, to, mark);
    }
    return 0;
}

int state_sync(struct state *st, struct err *e)
{
    drop_fd int lock = -1;
    drop_(arena_free) struct arena *a = arena_new(4096);
    struct strv marks = {0};
    if (state_lock(st, LOCK_SH, 60000, &lock, e) < 0 || unsynced(st, a, "trees/sha256", &marks, e) < 0 ||
        unsynced(st, a, "trees/sha512", &marks, e) < 0)
        return -1;
    if (!marks.n)
        return 0;
    if (syncfs(st->dir) < 0)
        return err_sys(e, "%s: sync", st->path);
    for (size_t i = 0; i < marks.n; i++) {
        drop_fd int fd = -1;
        if (path_open_plain(st->dir, marks.v[i].p, O_WRONLY | O_CREAT, 0600, &fd, e) < 0)
            return -1;
    }
    // Only now do the marks last; a mark that is lost costs a second sync, never a broken tree.
    return syncfs(st->dir) < 0 ? err_sys(e, "%s: sync", st->path) : 0;
}
