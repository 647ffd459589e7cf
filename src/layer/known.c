// SPDX-License-Identifier: Apache-2.0
#include "layer/known.h"
#include "layer/make_priv.h"
#include <stdio.h>
#include <time.h>

// Counts up whenever a print, a record, the tar writer or an encoder of the same name would say something else.
enum { KNOWN_FORMAT = 1 };
#define RECORD_HEAD "dema-known 1"
// Files are stamped with the clock of the last timer tick: HZ is 100 at least. Filesystems with whole seconds: vfat has
// steps of two.
#define TICK_NS INT64_C(10000000)
#define TICK_COARSE_NS INT64_C(2000000000)
#define NS_PER_SEC INT64_C(1000000000)

static int64_t ns_of(struct timespec t)
{
    int64_t ns;
    if (__builtin_mul_overflow((int64_t)t.tv_sec, NS_PER_SEC, &ns) ||
        __builtin_add_overflow(ns, t.tv_nsec, &ns))
        return t.tv_sec < 0 ? INT64_MIN : INT64_MAX;
    return ns;
}

static void seen(struct tree_print *t, struct timespec when)
{
    int64_t ns = ns_of(when);
    if (ns > t->newest_ns)
        t->newest_ns = ns;
    if (when.tv_nsec)
        t->whole_seconds = false;
}

// Fixed order and width, each text behind its length: no two trees have one run of bytes.
static void add_number(struct hash *h, uint64_t n)
{
    uint8_t b[8];
    for (size_t i = 0; i < sizeof b; i++)
        b[i] = (uint8_t)(n >> (8 * i));
    hash_add(h, b, sizeof b);
}

static void add_text(struct hash *h, struct str s)
{
    add_number(h, s.n);
    hash_add(h, s.p, s.n);
}

// `own`: the start, and parents. A rename into place changes their ctime, and making a sibling their mtime.
static void add_record(struct hash *h, struct tree_print *t, const struct walk_entry *w, bool own)
{
    add_text(h, w->path);
    add_text(h, w->link);
    add_number(h, w->st.st_mode);
    add_number(h, w->st.st_uid);
    add_number(h, w->st.st_gid);
    add_number(h, w->st.st_rdev);
    t->entries++;
    if (own)
        return;
    add_number(h, (uint64_t)w->st.st_size);
    add_number(h, w->st.st_ino);
    add_number(h, (uint64_t)ns_of(w->st.st_mtim));
    add_number(h, (uint64_t)ns_of(w->st.st_ctim));
    seen(t, w->st.st_mtim);
    seen(t, w->st.st_ctim);
}

static int print_parents(const struct layer_spec *s, struct hash *h, struct tree_print *t, struct err *e)
{
    size_t n = layer_parents_on_disk(s);
    for (size_t i = 0; i < n; i++) {
        struct walk_entry w = {.path = layer_parent_path(s, i)};
        if (layer_parent_stat(s, i, &w.st, e) < 0)
            return -1;
        add_record(h, t, &w, true);
    }
    return 0;
}

// The mode says it for most, at no cost; who is left is opened.
static int check_readable(struct walk *w, const struct walk_entry *it, struct err *e)
{
    drop_fd int fd = -1;
    mode_t all = S_IRUSR | S_IRGRP | S_IROTH, mode = it->st.st_mode & all;
    bool mine = it->st.st_uid == geteuid() && (mode & S_IRUSR);
    return !S_ISREG(it->st.st_mode) || mode == all || mine ? 0 : walk_open_file(w, &fd, e);
}

static int print_tree(const struct layer_spec *s, bool readable, struct hash *h, struct tree_print *t,
                      struct err *e)
{
    drop_(arena_free) struct arena *a = arena_new(512);
    drop_(walk_free) struct walk *w = NULL;
    const char *sub = s->sub.n ? str_c(a, s->sub) : ".";
    if (print_parents(s, h, t, e) < 0 || walk_open(s->dirfd, sub, TREE_FULL_PATH, &w, e) < 0)
        return -1;
    for (;;) {
        const struct walk_entry *it;
        enum walk_step step = walk_next(w, &it, e);
        if (step == WALK_ERROR)
            return -1;
        if (step == WALK_END)
            return 0;
        if (readable && check_readable(w, it, e) < 0)
            return -1;
        add_record(h, t, it, !it->path.n && S_ISDIR(it->st.st_mode));
    }
}

static int print(const struct layer_spec *s, bool readable, struct tree_print *out, struct err *e)
{
    struct timespec now;
    struct tree_print t = {.newest_ns = INT64_MIN, .whole_seconds = true};
    drop_(hash_free) struct hash *h = hash_new(HASH_SHA256);
    // The coarse clock is the one that stamps files.
    if (clock_gettime(CLOCK_REALTIME_COARSE, &now) < 0)
        return err_sys(e, "clock");
    t.taken_ns = ns_of(now);
    if (print_tree(s, readable, h, &t, e) < 0)
        return -1;
    struct digest d;
    hash_end(h, &d);
    memcpy(t.sum, d.sum, sizeof t.sum);
    *out = t;
    return 0;
}

int tree_print(const struct layer_spec *s, struct tree_print *out, struct err *e)
{
    return print(s, false, out, e) < 0 ? err_wrap(e, "print of " PRI_STR, STR_ARG(s->at)) : 0;
}

int tree_print_readable(const struct layer_spec *s, struct tree_print *out, struct err *e)
{
    return print(s, true, out, e);
}

bool tree_print_eq(const struct tree_print *a, const struct tree_print *b)
{
    return a->entries == b->entries && memcmp(a->sum, b->sum, sizeof a->sum) == 0;
}

bool tree_print_racy(const struct tree_print *t)
{
    int64_t tick = t->whole_seconds ? TICK_COARSE_NS : TICK_NS;
    return t->newest_ns >= t->taken_ns - tick;
}

static void key_of(const struct layer_spec *s, const struct tree_print *t, struct digest *out)
{
    drop_(hash_free) struct hash *h = hash_new(HASH_SHA256);
    add_number(h, KNOWN_FORMAT);
    hash_add(h, t->sum, sizeof t->sum);
    add_number(h, t->entries);
    add_text(h, s->at);
    add_number(h, layer_parents_on_disk(s));
    add_number(h, s->order);
    add_number(h, s->whiteouts);
    add_number(h, s->uid);
    add_number(h, s->gid);
    add_number(h, s->parent_uid);
    add_number(h, s->parent_gid);
    add_number(h, (uint64_t)s->mtime_sec);
    add_text(h, str_of(s->codec));
    hash_end(h, out);
}

static bool take(struct str *rest, const char *key, struct str *out)
{
    struct str line;
    if (!str_next_line(rest, &line) || !str_has_prefix(line, key))
        return false;
    *out = str_from(line, strlen(key));
    return true;
}

static bool take_number(struct str *rest, const char *key, uint64_t *out)
{
    struct str text;
    return take(rest, key, &text) && str_u64(text, 0, INT64_MAX, out);
}

// A record that is not whole ends without its last line.
static bool parse_record(struct str record, struct layer *out)
{
    struct str rest = record, head, diff_id, blob, end;
    struct layer l;
    if (!take(&rest, RECORD_HEAD, &head) || head.n || !take(&rest, "diff_id ", &diff_id) ||
        !take(&rest, "blob ", &blob) || !take_number(&rest, "blob_size ", &l.blob_size) ||
        !take_number(&rest, "plain ", &l.plain) || !take_number(&rest, "entries ", &l.entries) ||
        !take(&rest, "end", &end) || end.n || digest_parse(diff_id, &l.diff_id, NULL) < 0 ||
        digest_parse(blob, &l.blob, NULL) < 0)
        return false;
    *out = l;
    return true;
}

enum known known_find(struct state *st, const struct layer_spec *s, const struct tree_print *t,
                      struct layer *out, struct err *e)
{
    drop_(arena_free) struct arena *a = arena_new(1024);
    struct digest key;
    struct str record;
    struct err why = {0};
    if (s->pick || s->owner || s->whiteouts)
        return KNOWN_NO;
    key_of(s, t, &key);
    if (state_known_get(st, a, &key, &record, &why) == 0)
        return parse_record(record, out) ? KNOWN_YES : KNOWN_NO;
    if (why.code == ERR_NOT_FOUND || why.code == ERR_LIMIT)
        return KNOWN_NO;
    if (e)
        *e = why;
    return KNOWN_ERROR;
}

int known_keep(struct txn *tx, const struct layer_spec *s, const struct tree_print *t, const struct layer *l,
               struct err *e)
{
    struct digest key;
    char diff_id[DIGEST_TEXT], blob[DIGEST_TEXT], text[4 * DIGEST_TEXT];
    if (s->pick || s->owner || s->whiteouts || tree_print_racy(t))
        return 0;
    key_of(s, t, &key);
    int n = snprintf(text, sizeof text,
                     RECORD_HEAD "\ndiff_id %s\nblob %s\nblob_size %ju\nplain %ju\nentries %ju\nend\n",
                     digest_text(&l->diff_id, diff_id), digest_text(&l->blob, blob), (uintmax_t)l->blob_size,
                     (uintmax_t)l->plain, (uintmax_t)l->entries);
    return txn_known(tx, &key, (struct str){text, (size_t)n}, e);
}
