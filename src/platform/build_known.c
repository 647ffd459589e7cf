// SPDX-License-Identifier: Apache-2.0
// What is known of an app image's layers before any of it is read.
#include "lifecycle/export.h"
#include "platform/build_priv.h"
#include <fcntl.h>
#include <poll.h>

enum { TICK_MS = 5, TICKS_MAX = 500 };

struct build_known {
    struct export_known known;
    struct building *b;
    struct txn *txn;
    bool wrote;
    // The app: the source and the overlay's upper, apart, for the inodes of an overlay are not stable.
    struct tree_print source, upper;
    bool app_printed, app_usable;
    struct tree_print launcher;
    bool launcher_printed;
};

static int print_source(const struct building *b, struct tree_print *out)
{
    drop_fd int fd = -1;
    struct err why = {0};
    if (path_open_host(b->o->source, O_RDONLY | O_DIRECTORY, 0, &fd, &why) < 0)
        return -1;
    const struct layer_spec s = kept_spec(fd, STR(""));
    return tree_print(&s, out, &why);
}

int build_known_source(struct building *b, struct err *e)
{
    drop_fd int fd = -1;
    struct err why = {0};
    if (path_open_host(b->o->source, O_RDONLY | O_DIRECTORY, 0, &fd, e) < 0)
        return -1;
    const struct layer_spec s = kept_spec(fd, STR(""));
    b->source_known = tree_print_readable(&s, &b->source, &why) == 0;
    if (b->source_known || why.transient) // somebody works in it: the exporter looks again
        return 0;
    if (e)
        *e = why;
    return -1;
}

// That of before, so that a tree is walked once; one that is too fresh to trust is made again.
static int print_begun(const struct building *b, struct tree_print *out)
{
    if (!b->source_known || tree_print_racy(&b->source))
        return print_source(b, out);
    *out = b->source;
    return 0;
}

static int print_upper(const struct building *b, struct tree_print *out)
{
    struct err why = {0};
    const struct layer_spec s = kept_spec(b->work.fd, STR("app/upper"));
    return tree_print(&s, out, &why);
}

void build_known_before_copy(struct building *b)
{
    b->copied.known = print_begun(b, &b->copied.source) == 0;
}

// Not before the clock has moved on: else what is written next could not be told from what was copied.
void build_known_after_copy(struct building *b)
{
    for (int tick = 0; b->copied.known && tick < TICKS_MAX; tick++) {
        b->copied.known = print_upper(b, &b->copied.copy) == 0;
        if (!b->copied.known || !tree_print_racy(&b->copied.copy))
            return;
        (void)poll(NULL, 0, TICK_MS);
    }
    b->copied.known = false;
}

// Nobody wrote into the copy, and the source is what was copied: the print of the source tells all.
static bool copy_is_source(struct build_known *k)
{
    struct tree_print now;
    if (!k->b->copied.known || print_upper(k->b, &now) < 0 || !tree_print_eq(&now, &k->b->copied.copy) ||
        print_source(k->b, &k->source) < 0)
        return false;
    k->upper = now;
    return tree_print_eq(&k->source, &k->b->copied.source);
}

static bool overlay_is_source(struct build_known *k)
{
    return print_upper(k->b, &k->upper) == 0 && k->upper.entries == 1 && print_begun(k->b, &k->source) == 0;
}

// A source that cannot be looked at is not known, which is no error: the exporter will say what is wrong with
// it. What buildpacks write into the app is new each time.
static bool can_know_app(struct build_known *k)
{
    if (!k->app_printed)
        k->app_usable = k->b->copies ? copy_is_source(k) : overlay_is_source(k);
    k->app_printed = true;
    return k->app_usable;
}

static void add_words(struct hash *h, const struct strv *v)
{
    hash_add(h, &v->n, sizeof v->n);
    for (size_t i = 0; i < v->n; i++) {
        hash_add(h, &v->v[i].n, sizeof v->v[i].n);
        hash_add(h, v->v[i].p, v->v[i].n);
    }
}

// One print for the two trees, and for which slice of them it is.
static struct tree_print app_print(const struct build_known *k, const struct export_piece *p)
{
    static const char head[] = "dema app 1";
    struct tree_print t = k->source;
    struct digest d;
    drop_(hash_free) struct hash *h = hash_new(HASH_SHA256);
    hash_add(h, head, sizeof head);
    hash_add(h, k->source.sum, sizeof k->source.sum);
    if (!k->b->copies) // the mode of its root; that of a copy is always the same
        hash_add(h, k->upper.sum, sizeof k->upper.sum);
    hash_add(h, &p->meta->slices.n, sizeof p->meta->slices.n);
    hash_add(h, &p->slice, sizeof p->slice);
    for (size_t i = 0; i < p->meta->slices.n; i++)
        add_words(h, &p->meta->slices.v[i].paths);
    hash_end(h, &d);
    memcpy(t.sum, d.sum, sizeof t.sum);
    return t;
}

static enum known find_print(struct build_known *k, const struct export_piece *p, const struct tree_print *t,
                             struct layer *out, struct err *e)
{
    struct layer got;
    enum known found = known_find(k->b->o->st, p->spec, t, &got, e);
    if (found == KNOWN_YES && !state_blob_has(k->b->o->st, &got.blob))
        return KNOWN_NO;
    if (found == KNOWN_YES)
        *out = got;
    return found;
}

static enum known find(struct export_known *self, const struct export_piece *p, struct layer *out,
                       struct err *e)
{
    struct build_known *k = CONTAINER(self, struct build_known, known);
    struct err why = {0};
    if (p->kind == EXPORT_LAUNCH)
        return kept_find(k->b->kept, k->b->layers_fd, p->buildpack, p->layer, out, e);
    if (p->kind == EXPORT_APP && can_know_app(k)) {
        struct tree_print t = app_print(k, p);
        return find_print(k, p, &t, out, e);
    }
    if (p->kind == EXPORT_LAUNCHER && tree_print(p->spec, &k->launcher, &why) == 0) {
        k->launcher_printed = true;
        return find_print(k, p, &k->launcher, out, e);
    }
    return KNOWN_NO;
}

static int keep(struct build_known *k, const struct export_piece *p, const struct tree_print *t,
                const struct layer *l, struct err *e)
{
    if (tree_print_racy(t))
        return 0;
    k->wrote = true;
    return known_keep(k->txn, p->spec, t, l, e);
}

static int made(struct export_known *self, const struct export_piece *p, const struct layer *l, bool found,
                struct err *e)
{
    struct build_known *k = CONTAINER(self, struct build_known, known);
    struct tree_print now, upper;
    struct err why = {0};
    if (p->kind == EXPORT_LAUNCH)
        kept_note(k->b->kept, p->buildpack, p->layer, l);
    if (found)
        return 0;
    if (p->kind == EXPORT_APP && can_know_app(k)) {
        struct tree_print t = app_print(k, p);
        bool same = print_source(k->b, &now) == 0 && tree_print_eq(&now, &k->source) &&
                    print_upper(k->b, &upper) == 0 && tree_print_eq(&upper, &k->upper);
        return same ? keep(k, p, &t, l, e) : 0;
    }
    if (p->kind == EXPORT_LAUNCHER && k->launcher_printed && tree_print(p->spec, &now, &why) == 0 &&
        tree_print_eq(&now, &k->launcher))
        return keep(k, p, &k->launcher, l, e);
    return 0;
}

struct build_known *build_known_new(struct building *b, struct txn *t)
{
    struct build_known *k = XNEW(struct build_known);
    k->known = (struct export_known){.find = find, .made = made};
    k->b = b;
    k->txn = t;
    return k;
}

struct export_known *build_known_of(struct build_known *k)
{
    return &k->known;
}

bool build_known_wrote(const struct build_known *k)
{
    return k->wrote;
}

void build_known_free(struct build_known *k)
{
    free(k);
}
