// SPDX-License-Identifier: Apache-2.0
#include "deps/copy.h"
#include "base/file.h"
#include "deps/deps.h"
#include "stream/memory.h"
#include <fcntl.h>
#include <stdio.h>

// Both descriptors are of one file: newfile leaves nothing behind once it is dropped, but they stay good.
static int nameless_file(const char *dir, int *out, int *ro, struct err *e)
{
    drop_(newfile_drop) struct newfile *f = NULL;
    drop_fd int at = -1, w = -1, r = -1;
    char self[48];
    if (path_open_host(dir, O_PATH | O_DIRECTORY, 0, &at, e) < 0 ||
        newfile_begin(at, "download", 0600, &f, e) < 0)
        return err_wrap(e, "%s", dir);
    w = fcntl(f->fd, F_DUPFD_CLOEXEC, 3);
    if (w < 0)
        return err_sys(e, "%s", dir);
    (void)snprintf(self, sizeof self, "/proc/self/fd/%d", w);
    if (path_open_host(self, O_RDONLY, 0, &r, e) < 0)
        return -1;
    *out = steal_fd(&w);
    *ro = steal_fd(&r);
    return 0;
}

int digest_differs(const char *name, const struct digest *want, const struct digest *got, struct err *e)
{
    char a[DIGEST_TEXT], b[DIGEST_TEXT];
    // Two whole sha512 are more than a message holds: their beginnings tell them apart.
    int n = want->alg == HASH_SHA512 ? 40 : DIGEST_TEXT;
    return err_set(e, ERR_DIGEST, "%.60s: the bytes are %.*s, wanted %.*s", name, n, digest_text(got, b), n,
                   digest_text(want, a));
}

int copy_hashed(struct source *from, const char *dir, const char *name, struct digest *got, int *ro,
                struct err *e)
{
    drop_fd int w = -1, r = -1;
    struct digest sum;
    if (nameless_file(dir, &w, &r, e) < 0)
        return -1;
    drop_(sink_drop) struct sink *to = sink_hash(sink_fd(w, "its copy"), got->alg, &sum);
    if (pump(from, to, DEP_MAX, e) < 0 || sink_finish(to, e) < 0)
        return err_wrap(e, "%s", name);
    *got = sum;
    *ro = steal_fd(&r);
    return 0;
}

int copy_verified(struct source *from, const struct digest *sum, const char *dir, const char *name, int *ro,
                  struct err *e)
{
    drop_fd int r = -1;
    struct digest got = {.alg = sum->alg};
    if (copy_hashed(from, dir, name, &got, &r, e) < 0)
        return -1;
    if (!digest_eq(&got, sum))
        return digest_differs(name, sum, &got, e);
    *ro = steal_fd(&r);
    return 0;
}

int dep_file_open(const struct dep *d, struct str path, int *fd, struct err *e)
{
    drop_(arena_free) struct arena *a = arena_new(1024);
    int flags = O_RDONLY | O_NONBLOCK | O_NOCTTY;
    struct stat st;
    drop_fd int dir = -1, got = -1;
    const char *text = str_c(a, path_clean(a, path));
    bool own = d && d->dir && path_is_within(str_of(text), STR("/dependencies"));
    int rc = own ? path_open_host(d->dir, O_PATH | O_DIRECTORY, 0, &dir, e)
                 : path_open_host(text, flags, 0, &got, e);
    if (rc < 0 || (own && path_open(dir, text + 1, flags, 0, &got, e) < 0))
        return -1;
    if (fstat(got, &st) < 0)
        return err_sys(e, "%s", text);
    if (!S_ISREG(st.st_mode))
        return err_set(e, ERR_USAGE, "%s: not a regular file", text);
    *fd = steal_fd(&got);
    return 0;
}
