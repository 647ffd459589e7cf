// SPDX-License-Identifier: Apache-2.0
#include "phase/staged.h"
#include "stream/memory.h"
#include <errno.h>
#include <fcntl.h>
#include <sys/random.h>

struct staged_blob {
    int fd;
    struct digest digest; // once it is known
};

// A file without a name; where the filesystem has none, one whose name goes at once.
static int open_nameless(struct arena *a, const char *dir, int *fd, struct err *e)
{
    struct err why = {0};
    uint64_t random;
    if (path_open_host(dir, O_TMPFILE | O_RDWR, 0600, fd, &why) == 0)
        return 0;
    if (getrandom(&random, sizeof random, 0) != (ssize_t)sizeof random)
        BUG("getrandom");
    const char *name = arena_printf(a, "%s/.blob.%016jx", dir, (uintmax_t)random);
    if (path_open_host(name, O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW, 0600, fd, e) < 0)
        return -1;
    return unlink(name) < 0 ? err_sys(e, "%s", name) : 0;
}

static int blob(struct export_store *store, struct sink **out, struct err *e)
{
    struct staged *s = CONTAINER(store, struct staged, store);
    drop_fd int fd = -1;
    if (open_nameless(s->a, s->dir, &fd, e) < 0)
        return err_wrap(e, "a place for a layer");
    struct staged_blob *b = ARENA_NEW(s->a, struct staged_blob);
    s->v = arena_grow(s->a, s->v, s->n, &s->cap, sizeof *s->v);
    s->v[s->n++] = b;
    *out = sink_fd(fd, "layer");
    b->fd = steal_fd(&fd);
    return 0;
}

static int send(struct image_from *from, const struct image_blob *b, struct sink *to, struct err *e)
{
    struct staged *s = CONTAINER(from, struct staged, from);
    for (size_t i = 0; i < s->n; i++) {
        if (!digest_eq(&s->v[i]->digest, &b->desc->digest))
            continue;
        if (lseek(s->v[i]->fd, 0, SEEK_SET) < 0)
            return err_sys(e, "layer");
        drop_(source_drop) struct source *src = source_fd(s->v[i]->fd, "layer");
        return pump(src, to, (uint64_t)b->desc->size, e);
    }
    struct err first = {0};
    for (size_t i = 0; i < COUNT(s->others); i++) {
        struct err why = {0};
        if (!s->others[i])
            continue;
        if (s->others[i]->ops->send(s->others[i], b, to, &why) == 0)
            return 0;
        if (!first.code)
            first = why;
        if (why.code != ERR_NOT_FOUND) // bytes may have gone already
            break;
    }
    if (!first.code)
        return err_set(e, ERR_NOT_FOUND, "nobody has it");
    *e = first;
    return -1;
}

static void no_drop(struct image_from *from)
{
    (void)from; // it is the caller's, with the store
}

void staged_init(struct staged *s, struct arena *a, const char *dir)
{
    static const struct image_from_ops ops = {send, no_drop};
    *s = (struct staged){.store = {blob}, .from = {&ops}, .a = a, .dir = dir};
}

void staged_name(struct staged *s, const struct export_out *out)
{
    // In the order in which they were asked for; a layer that was taken over from the previous image has none.
    for (size_t i = 0, k = 0; i < out->layers.n && k < s->n; i++)
        if (out->layers.v[i].blob.alg != HASH_NONE)
            s->v[k++]->digest = out->layers.v[i].blob;
}

void staged_done(struct staged *s)
{
    for (size_t i = 0; i < s->n; i++)
        drop_fd_p(&s->v[i]->fd);
    s->n = 0;
}
