// SPDX-License-Identifier: Apache-2.0
#include "stream/memory.h"

// One shape for all sinks between: what differs is what commit and finish do.
struct tap {
    struct sink base;
    struct sink *to;
    struct sink *copy; // tee
    struct span room;  // the last one handed out
    struct hash *hash;
    struct digest *digest;
    uint64_t own, max;
    uint64_t *total;
    char *what;
};

static int tap_room(struct sink *s, size_t min, struct span *out, struct err *e)
{
    struct tap *t = CONTAINER(s, struct tap, base);
    if (sink_room(t->to, min, &t->room, e) < 0)
        return -1;
    *out = t->room;
    return 0;
}

static int tap_finish(struct sink *s, struct err *e)
{
    return sink_finish(CONTAINER(s, struct tap, base)->to, e);
}

static void tap_drop(struct sink *s)
{
    struct tap *t = CONTAINER(s, struct tap, base);
    sink_drop(t->to);
    sink_drop(t->copy);
    hash_free(t->hash);
    free(t->what);
    free(t);
}

static struct tap *tap_new(const struct sink_ops *ops, struct sink *to)
{
    struct tap *t = XNEW(struct tap);
    t->base.ops = ops;
    t->to = to;
    return t;
}

static int count_commit(struct sink *s, size_t n, struct err *e)
{
    struct tap *t = CONTAINER(s, struct tap, base);
    if (sink_commit(t->to, n, e) < 0)
        return -1;
    *t->total += n;
    return 0;
}

struct sink *sink_count(struct sink *take_to, uint64_t *total)
{
    static const struct sink_ops ops = {tap_room, count_commit, tap_finish, tap_drop};
    struct tap *t = tap_new(&ops, take_to);
    t->total = total;
    *total = 0;
    return &t->base;
}

static int over(const char *what, uint64_t max, struct err *e)
{
    return err_set(e, ERR_LIMIT, "%s: more than the limit of %ju bytes", what, (uintmax_t)max);
}

static int limit_commit(struct sink *s, size_t n, struct err *e)
{
    struct tap *t = CONTAINER(s, struct tap, base);
    if (n > t->max - t->own)
        return over(t->what, t->max, e);
    if (sink_commit(t->to, n, e) < 0)
        return -1;
    t->own += n;
    return 0;
}

struct sink *sink_limit(struct sink *take_to, uint64_t max, const char *what)
{
    static const struct sink_ops ops = {tap_room, limit_commit, tap_finish, tap_drop};
    struct tap *t = tap_new(&ops, take_to);
    t->max = max;
    t->what = xstrdup(what);
    return &t->base;
}

// Hashed before it is passed on: after the commit the window is the next stage's.
static int hash_commit(struct sink *s, size_t n, struct err *e)
{
    struct tap *t = CONTAINER(s, struct tap, base);
    hash_add(t->hash, t->room.p, n);
    return sink_commit(t->to, n, e);
}

static int hash_finish(struct sink *s, struct err *e)
{
    struct tap *t = CONTAINER(s, struct tap, base);
    if (sink_finish(t->to, e) < 0)
        return -1;
    hash_end(t->hash, t->digest);
    return 0;
}

struct sink *sink_hash(struct sink *take_to, enum hash_alg alg, struct digest *out)
{
    static const struct sink_ops ops = {tap_room, hash_commit, hash_finish, tap_drop};
    struct tap *t = tap_new(&ops, take_to);
    t->hash = hash_new(alg);
    t->digest = out;
    return &t->base;
}

static int tee_commit(struct sink *s, size_t n, struct err *e)
{
    struct tap *t = CONTAINER(s, struct tap, base);
    if (sink_write(t->copy, t->room.p, n, e) < 0)
        return -1;
    return sink_commit(t->to, n, e);
}

static int tee_finish(struct sink *s, struct err *e)
{
    struct tap *t = CONTAINER(s, struct tap, base);
    return sink_finish(t->to, e) < 0 ? -1 : sink_finish(t->copy, e);
}

struct sink *sink_tee(struct sink *take_a, struct sink *take_b)
{
    static const struct sink_ops ops = {tap_room, tee_commit, tee_finish, tap_drop};
    struct tap *t = tap_new(&ops, take_a);
    t->copy = take_b;
    return &t->base;
}

static int keep_commit(struct sink *s, size_t n, struct err *e)
{
    return sink_commit(CONTAINER(s, struct tap, base)->to, n, e);
}

static int keep_finish(struct sink *s, struct err *e)
{
    (void)s;
    (void)e;
    return 0;
}

static void keep_drop(struct sink *s)
{
    free(CONTAINER(s, struct tap, base));
}

struct sink *sink_keep(struct sink *borrowed)
{
    static const struct sink_ops ops = {tap_room, keep_commit, keep_finish, keep_drop};
    return &tap_new(&ops, borrowed)->base;
}

struct between {
    struct source base;
    struct source *from;
    struct hash *hash; // NULL once the end was seen
    struct digest *digest;
    uint64_t left, max;
    char *what;
};

static void between_drop(struct source *s)
{
    struct between *b = CONTAINER(s, struct between, base);
    source_drop(b->from);
    hash_free(b->hash);
    free(b->what);
    free(b);
}

static struct between *between_new(const struct source_ops *ops, struct source *from)
{
    struct between *b = XNEW(struct between);
    b->base.ops = ops;
    b->from = from;
    return b;
}

static int hash_peek(struct source *s, size_t min, struct view *out, struct err *e)
{
    struct between *b = CONTAINER(s, struct between, base);
    struct view v;
    if (source_peek(b->from, min, &v, e) < 0)
        return -1;
    if (!v.n && b->hash) {
        hash_end(b->hash, b->digest);
        hash_free(steal_ptr(b->hash));
    }
    *out = v;
    return 0;
}

static int hash_skip(struct source *s, uint64_t n, struct err *e)
{
    struct between *b = CONTAINER(s, struct between, base);
    for (uint64_t left = n; left;) {
        struct view v;
        if (source_peek(b->from, 1, &v, e) < 0)
            return -1;
        size_t part = left < v.n ? (size_t)left : v.n;
        if (!part)
            return source_skip(b->from, left, e); // past the end: its own error
        hash_add(b->hash, v.p, part);
        if (source_skip(b->from, part, e) < 0)
            return -1;
        left -= part;
    }
    return 0;
}

struct source *source_hash(struct source *take_from, enum hash_alg alg, struct digest *out)
{
    static const struct source_ops ops = {hash_peek, hash_skip, between_drop};
    struct between *b = between_new(&ops, take_from);
    b->hash = hash_new(alg);
    b->digest = out;
    return &b->base;
}

static int limit_peek(struct source *s, size_t min, struct view *out, struct err *e)
{
    struct between *b = CONTAINER(s, struct between, base);
    struct view v;
    if (source_peek(b->from, min, &v, e) < 0)
        return -1;
    if (v.n > b->left) {
        if (min > b->left)
            return over(b->what, b->max, e);
        v.n = (size_t)b->left;
    }
    *out = v;
    return 0;
}

static int limit_skip(struct source *s, uint64_t n, struct err *e)
{
    struct between *b = CONTAINER(s, struct between, base);
    if (n > b->left)
        return over(b->what, b->max, e);
    if (source_skip(b->from, n, e) < 0)
        return -1;
    b->left -= n;
    return 0;
}

struct source *source_limit(struct source *take_from, uint64_t max, const char *what)
{
    static const struct source_ops ops = {limit_peek, limit_skip, between_drop};
    struct between *b = between_new(&ops, take_from);
    b->left = b->max = max;
    b->what = xstrdup(what);
    return &b->base;
}

static int part_peek(struct source *s, size_t min, struct view *out, struct err *e)
{
    struct between *b = CONTAINER(s, struct between, base);
    struct view v = {(const uint8_t *)"", 0};
    size_t want = min < b->left ? min : (size_t)b->left;
    if (want && source_peek(b->from, want, &v, e) < 0)
        return -1;
    if (v.n < want)
        return err_set(e, ERR_PARSE, "truncated: %ju of %ju bytes are missing", (uintmax_t)(b->left - v.n),
                       (uintmax_t)b->max);
    if (v.n > b->left)
        v.n = (size_t)b->left;
    *out = v;
    return 0;
}

static int part_skip(struct source *s, uint64_t n, struct err *e)
{
    struct between *b = CONTAINER(s, struct between, base);
    if (n > b->left)
        return err_set(e, ERR_PARSE, "truncated: %ju bytes wanted, the part has %ju left", (uintmax_t)n,
                       (uintmax_t)b->left);
    if (source_skip(b->from, n, e) < 0)
        return -1;
    b->left -= n;
    return 0;
}

static void part_drop(struct source *s)
{
    free(CONTAINER(s, struct between, base));
}

struct source *source_part(struct source *borrowed, uint64_t n)
{
    static const struct source_ops ops = {part_peek, part_skip, part_drop};
    struct between *b = between_new(&ops, borrowed);
    b->left = b->max = n;
    return &b->base;
}
