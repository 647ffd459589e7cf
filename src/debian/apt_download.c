// SPDX-License-Identifier: Apache-2.0
// The cache of packages, by their checksum, and how they get into it.
#include "base/file.h"
#include "base/limits.h"
#include "debian/apt_priv.h"
#include "debian/crew.h"
#include "state/state.h"
#include "stream/memory.h"
#include <fcntl.h>
#include <stdatomic.h>
#include <stdio.h>

enum { BATCH = 100, DOWNLOAD_MS = 60 * 60 * 1000, NAME_BYTES = 96 };

static const char *hex_of(const uint8_t sha256[32], char out[DIGEST_TEXT])
{
    struct digest d = {.alg = HASH_SHA256};
    memcpy(d.sum, sha256, 32);
    return digest_hex(&d, out);
}

static void cached_name(const uint8_t sha256[32], char out[NAME_BYTES])
{
    char hex[DIGEST_TEXT];
    (void)snprintf(out, NAME_BYTES, "packages/%s.deb", hex_of(sha256, hex));
}

// Copies to `to` (NULL: only reads) and says whether it is what was asked for: ERR_DIGEST.
static int check_bytes(int fd, const struct apt_file *what, struct sink *to, struct err *e)
{
    struct digest got, want = {.alg = HASH_SHA256};
    char a[DIGEST_TEXT], b[DIGEST_TEXT];
    memcpy(want.sum, what->sha256, 32);
    drop_(source_drop) struct source *from = source_fd(fd, what->name);
    drop_(sink_drop) struct sink *sink = sink_hash(to ? sink_keep(to) : sink_null(), HASH_SHA256, &got);
    if (pump(from, sink, what->size, e) < 0 || sink_finish(sink, e) < 0)
        return err_wrap(e, "package %s", what->name);
    if (!digest_eq(&got, &want))
        return err_set(e, ERR_DIGEST, "package %s: %s, wanted %s", what->name, digest_text(&got, a),
                       digest_text(&want, b));
    return 0;
}

enum cached { CACHED_NO, CACHED_YES, CACHED_DAMAGED };

static enum cached look(const struct apt *apt, const struct apt_file *what)
{
    char name[NAME_BYTES];
    drop_fd int fd = -1;
    struct stat st;
    struct err why = {0};
    cached_name(what->sha256, name);
    if (path_open_plain(apt->dirfd, name, O_RDONLY | O_NONBLOCK, 0, &fd, &why) < 0)
        return CACHED_NO;
    if (fstat(fd, &st) < 0 || !S_ISREG(st.st_mode) || (uint64_t)st.st_size != what->size ||
        check_bytes(fd, what, NULL, &why) < 0)
        return CACHED_DAMAGED;
    state_mark_used(fd);
    return CACHED_YES;
}

// Checksums are most of the time when all packages are there: all processors take part in them.
struct looking {
    const struct apt *apt;
    const struct apt_file *v;
    enum cached *found;
    size_t n;
    atomic_size_t next;
};

static void *look_at_next(void *ctx)
{
    struct looking *l = ctx;
    for (size_t i; (i = atomic_fetch_add(&l->next, 1)) < l->n;)
        l->found[i] = look(l->apt, &l->v[i]);
    return NULL;
}

// What is in the cache and is not right goes away.
static void drop_damaged(struct apt *apt, const struct apt_file *what)
{
    char name[NAME_BYTES];
    cached_name(what->sha256, name);
    event_warn(apt->ev, NULL, "package %s: the copy in the cache is damaged and is fetched again",
               what->name);
    (void)unlinkat(apt->dirfd, name, 0); // if it stays, what replaces it says so
}

int apt_package_put(struct apt *apt, int fd, const struct apt_file *what, struct err *e)
{
    char name[NAME_BYTES];
    drop_(newfile_drop) struct newfile *f = NULL;
    cached_name(what->sha256, name);
    if (newfile_begin(apt->dirfd, name, 0644, &f, e) < 0)
        return -1;
    drop_(sink_drop) struct sink *to = sink_fd(f->fd, name);
    if (check_bytes(fd, what, to, e) < 0 || sink_finish(to, e) < 0)
        return -1;
    return newfile_publish(f, false, e);
}

int apt_package_open(struct apt *apt, const uint8_t sha256[32], int *fd, struct err *e)
{
    char name[NAME_BYTES];
    cached_name(sha256, name);
    return path_open_plain(apt->dirfd, name, O_RDONLY, 0, fd, e);
}

static struct str repo_of(const struct apt_indexes *x, struct str suite)
{
    for (size_t i = 0; x && i < x->releases.n; i++)
        if (str_eq(x->releases.v[i].codename, suite))
            return x->releases.v[i].repo_uri;
    return STR("");
}

struct batch {
    struct arena *a;
    const struct apt_file *what[BATCH];
    const char *temp[BATCH]; // beneath apt->dir
    size_t n;
};

// What apt left under the temporary name becomes the package, if it is the right one: a file of ours is renamed; a link
// to a file of a local repository is copied.
static int take(struct apt *apt, const char *temp, const struct apt_file *what, struct err *e)
{
    char name[NAME_BYTES];
    struct stat st;
    drop_fd int fd = -1;
    cached_name(what->sha256, name);
    if (fstatat(apt->dirfd, temp, &st, AT_SYMLINK_NOFOLLOW) < 0)
        return err_sys(e, "package %s: apt-helper left no file", what->name);
    if (!S_ISREG(st.st_mode)) {
        drop_(arena_free) struct arena *a = arena_new(4096);
        return path_open_host(str_printf(a, "%s/%s", apt->dir, temp).p, O_RDONLY, 0, &fd, e) < 0
                   ? -1
                   : apt_package_put(apt, fd, what, e);
    }
    if (path_open_plain(apt->dirfd, temp, O_RDONLY, 0, &fd, e) < 0 || check_bytes(fd, what, NULL, e) < 0)
        return -1;
    // What a server says of the time of its file says nothing of when it was used here.
    if (fchmod(fd, 0644) < 0 || futimens(fd, NULL) < 0 || renameat(apt->dirfd, temp, apt->dirfd, name) < 0)
        return err_sys(e, "package %s", what->name);
    return 0;
}

static int fetch(struct apt *apt, const struct apt_indexes *uris, struct batch *b, struct err *e)
{
    const char **args = ARENA_ARRAY(b->a, const char *, 3 * b->n + 2);
    size_t n = 0;
    char hex[DIGEST_TEXT];
    args[n++] = "download-file";
    for (size_t i = 0; i < b->n; i++) {
        const struct apt_file *f = b->what[i];
        struct str repo = repo_of(uris, f->suite);
        if (!repo.n)
            return err_set(e, ERR_NOT_FOUND, "package %s: not in the cache, and %s " PRI_STR, f->name,
                           uris ? "no source of this machine's apt has the suite" : "fetching is off: suite",
                           STR_ARG(f->suite));
        b->temp[i] = str_printf(b->a, "partial/%s.%d", hex_of(f->sha256, hex), (int)getpid()).p;
        args[n++] = str_printf(b->a, PRI_STR PRI_STR, STR_ARG(repo), STR_ARG(f->path)).p;
        args[n++] = str_printf(b->a, "%s/%s", apt->dir, b->temp[i]).p;
        args[n++] = str_printf(b->a, "SHA256:%s", hex).p;
    }
    struct apt_call call = {
        .program = "apt-helper", .args = args, .code = ERR_NETWORK, .timeout_ms = DOWNLOAD_MS};
    int rc = apt_run(apt, &call, e);
    for (size_t i = 0; i < b->n; i++) {
        if (rc == 0 && take(apt, b->temp[i], b->what[i], e) < 0)
            rc = -1;
        (void)unlinkat(apt->dirfd, b->temp[i], 0); // gone already if it was taken
    }
    return rc;
}

static void progress(struct apt *apt, uint64_t done, uint64_t total)
{
    struct event ev = {.kind = EV_PROGRESS, .subject = STR("packages"), .done = done, .total = total};
    event_emit(apt->ev, &ev);
}

int apt_download(struct apt *apt, const struct apt_indexes *uris, const struct apt_file *v, size_t n,
                 struct err *e)
{
    drop_(arena_free) struct arena *a = arena_new(65536);
    const struct apt_file **todo = ARENA_ARRAY(a, const struct apt_file *, n + 1);
    size_t left = 0;
    uint64_t done = 0, total = 0;
    struct looking l = {.apt = apt, .v = v, .found = ARENA_ARRAY(a, enum cached, n + 1), .n = n};
    crew_run(0, n, look_at_next, &l);
    for (size_t i = 0; i < n; i++) {
        if (l.found[i] == CACHED_YES)
            continue;
        if (l.found[i] == CACHED_DAMAGED)
            drop_damaged(apt, &v[i]);
        todo[left++] = &v[i];
        total += v[i].size;
    }
    if (left && uris && apt_room(apt, total, "packages", e) < 0)
        return -1;
    for (size_t at = 0; at < left;) {
        struct batch b = {.a = a};
        for (; at < left && b.n < BATCH; at++)
            b.what[b.n++] = todo[at];
        if (fetch(apt, uris, &b, e) < 0)
            return -1;
        for (size_t i = 0; i < b.n; i++)
            done += b.what[i]->size;
        progress(apt, done, total);
    }
    return 0;
}
