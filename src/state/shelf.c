// SPDX-License-Identifier: Apache-2.0
#include "state/state_priv.h"
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/file.h>
#include <time.h>

enum { USED_STEP_SEC = 86400 }; // a use is written down once a day: reading must not mean writing

const char *shelf_name(enum shelf s)
{
    static const char *const names[] = {
        [SHELF_BLOBS] = "blobs", [SHELF_DEPS] = "deps", [SHELF_TREES] = "trees"};
    _Static_assert(COUNT(names) == SHELF_MAX_, "one folder per shelf");
    return names[s];
}

int shelf_path(enum shelf s, const struct digest *d, char out[SHELF_PATH], struct err *e)
{
    char hex[DIGEST_TEXT];
    if (d->alg != HASH_SHA256 && d->alg != HASH_SHA512)
        return err_set(e, ERR_USAGE, "%s: a %s digest has no place here, sha256 and sha512 have",
                       shelf_name(s), hash_name(d->alg));
    snprintf(out, SHELF_PATH, "%s/%s/%s", shelf_name(s), hash_name(d->alg), digest_hex(d, hex));
    return 0;
}

int shelf_open(struct state *st, enum shelf s, const struct digest *d, int *fd, uint64_t *size, struct err *e)
{
    char path[SHELF_PATH];
    drop_fd int got = -1;
    struct stat info;
    if (shelf_path(s, d, path, e) < 0 ||
        path_open_plain(st->dir, path, O_RDONLY | O_NONBLOCK, 0, &got, e) < 0)
        return -1;
    if (fstat(got, &info) < 0)
        return err_sys(e, "%s", path);
    if (!S_ISREG(info.st_mode))
        return err_set(e, ERR_DIGEST, "%s: not a regular file", path);
    *size = (uint64_t)info.st_size;
    *fd = steal_fd(&got);
    return 0;
}

int state_blob_open(struct state *st, const struct digest *d, uint64_t want_size, int *fd, uint64_t *size,
                    struct err *e)
{
    drop_fd int got = -1;
    uint64_t n;
    char text[DIGEST_TEXT];
    if (shelf_open(st, SHELF_BLOBS, d, &got, &n, e) < 0)
        return -1;
    if (want_size != STATE_ANY_SIZE && n != want_size)
        return err_set(e, ERR_DIGEST, "blob %s: %ju bytes, its descriptor says %ju", digest_text(d, text),
                       (uintmax_t)n, (uintmax_t)want_size);
    *fd = steal_fd(&got);
    if (size)
        *size = n;
    return 0;
}

bool state_blob_has(struct state *st, const struct digest *d)
{
    drop_fd int fd = -1;
    uint64_t size;
    return shelf_open(st, SHELF_BLOBS, d, &fd, &size, NULL) == 0;
}

void state_mark_used(int fd)
{
    struct stat info;
    struct timespec now;
    if (fstat(fd, &info) == 0 && clock_gettime(CLOCK_REALTIME, &now) == 0 &&
        (now.tv_sec - info.st_mtim.tv_sec > USED_STEP_SEC || info.st_mtim.tv_sec > now.tv_sec))
        (void)futimens(fd, NULL);
}

int state_dep_open(struct state *st, const struct digest *d, int *fd, uint64_t *size, struct err *e)
{
    uint64_t n;
    if (shelf_open(st, SHELF_DEPS, d, fd, &n, e) < 0)
        return -1;
    state_mark_used(*fd);
    if (size)
        *size = n;
    return 0;
}

int state_known_get(struct state *st, struct arena *a, const struct digest *key, struct str *out,
                    struct err *e)
{
    char path[SHELF_PATH], hex[DIGEST_TEXT];
    drop_fd int fd = -1;
    drop_buf struct buf b = BUF_INIT(STATE_RECORD_MAX);
    snprintf(path, sizeof path, "known/%s", digest_hex(key, hex));
    if (path_open_plain(st->dir, path, O_RDONLY | O_NONBLOCK, 0, &fd, e) < 0 ||
        file_read_fd(fd, path, &b, e) < 0)
        return -1;
    state_mark_used(fd);
    *out = str_dup(a, buf_view(&b));
    return 0;
}

static bool is_app_key(struct str key)
{
    bool good = key.n >= 1 && key.n <= 64;
    for (size_t i = 0; i < key.n && good; i++) {
        char c = key.p[i];
        good = (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || (c == '-' && i > 0);
    }
    return good;
}

int state_app_open(struct state *st, struct str key, int *dirfd, struct err *e)
{
    char path[80];
    drop_fd int fd = -1;
    if (!is_app_key(key))
        return err_set(e, ERR_USAGE, "app key of %zu bytes: not 1 to 64 of a-z, 0-9 and '-'", key.n);
    snprintf(path, sizeof path, "apps/" PRI_STR, STR_ARG(key));
    if (path_mkdirs(st->dir, path, 0700, e) < 0 ||
        path_open_plain(st->dir, path, O_RDONLY | O_DIRECTORY, 0, &fd, e) < 0 ||
        lock_take(fd, LOCK_EX, 0, path, e) < 0)
        return -1;
    *dirfd = steal_fd(&fd);
    return 0;
}
