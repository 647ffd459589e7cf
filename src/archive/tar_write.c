// SPDX-License-Identifier: Apache-2.0
#include "archive/tar_write.h"
#include "archive/tar_block.h"
#include "base/buf.h"
#include "base/limits.h"
#include "base/path.h"
#include <errno.h>
#include <inttypes.h>

struct tar_writer {
    struct sink *to;
    uint64_t left;   // bytes of the entry that have not come yet
    size_t padding;  // zeros after them
    struct buf name; // of the entry, for messages
    struct buf records;
};

// What a header says in a PAX record, because the block cannot hold it.
struct needs {
    bool path, linkpath, uname, gname, uid, gid, size, mtime;
    bool split; // USTAR: the name is prefix '/' name, cut at split_at
    size_t split_at;
};

struct tar_writer *tar_writer_new(struct sink *borrowed)
{
    struct tar_writer *w = XNEW(struct tar_writer);
    *w = (struct tar_writer){
        .to = borrowed, .name = BUF_INIT(SIZE_MAX / 2), .records = BUF_INIT(LIMIT_TAR_HEADER)};
    return w;
}

void tar_writer_free(struct tar_writer *w)
{
    if (!w)
        return;
    buf_free(&w->name);
    buf_free(&w->records);
    free(w);
}

static bool is_ascii(struct str s)
{
    for (size_t i = 0; i < s.n; i++)
        if ((uint8_t)s.p[i] >= 0x80)
            return false;
    return true;
}

static bool fits(struct str s, size_t field)
{
    return s.n <= field && is_ascii(s);
}

// Where a long ASCII name is cut into prefix and name: at the last '/' that leaves a prefix of at most 155 bytes.
static bool split(struct str name, size_t *at)
{
    if (name.n <= TAR_NAME || !is_ascii(name))
        return false;
    size_t end = name.n;
    if (end > TAR_PREFIX + 1)
        end = TAR_PREFIX + 1;
    else if (name.p[end - 1] == '/')
        end--;
    size_t slash;
    if (!str_find_last(str_head(name, end), '/', &slash) || slash == 0)
        return false;
    size_t rest = name.n - slash - 1;
    if (rest == 0 || rest > TAR_NAME)
        return false;
    *at = slash;
    return true;
}

// Copies what fits, all of it where it does, and never ends a cut name with '/': old readers take that for a directory.
static void text_put(char *field, size_t n, struct str s)
{
    size_t copy = s.n < n ? s.n : n;
    if (copy)
        memcpy(field, s.p, copy);
    if (s.n <= n || field[n - 1] != '/')
        return;
    size_t end = n - 1;
    while (end && field[end - 1] == '/')
        end--;
    field[end] = 0;
}

// The same for a name whose real form stands in a record: bytes that are not ASCII are left out.
static void ascii_put(char *field, size_t n, struct str s)
{
    drop_free char *kept = xmalloc(s.n);
    size_t len = 0;
    for (size_t i = 0; i < s.n; i++)
        if ((uint8_t)s.p[i] < 0x80)
            kept[len++] = s.p[i];
    text_put(field, n, (struct str){kept, len});
}

static int block_write(struct tar_writer *w, struct tar_block *b, struct err *e)
{
    memcpy(b->magic, "ustar", 6);
    memcpy(b->version, "00", 2);
    tar_octal_put(b->sum, 7, tar_block_sum(b, NULL));
    b->sum[7] = ' ';
    return sink_write(w->to, b, sizeof *b, e);
}

static void find_needs(const struct tar_entry *t, struct needs *out)
{
    struct tar_block *b = NULL;
    *out = (struct needs){
        .path = !fits(t->name, sizeof b->name),
        .linkpath = !fits(t->link, sizeof b->link),
        .uname = !fits(t->uname, sizeof b->uname),
        .gname = !fits(t->gname, sizeof b->gname),
        .uid = !tar_octal_fits(sizeof b->uid, t->uid),
        .gid = !tar_octal_fits(sizeof b->gid, t->gid),
        .size = !tar_octal_fits(sizeof b->size, t->size),
        .mtime = t->mtime_sec < 0 || !tar_octal_fits(sizeof b->mtime, (uint64_t)t->mtime_sec),
    };
    out->split = out->path && split(t->name, &out->split_at);
}

static bool needs_pax(const struct needs *n)
{
    return (n->path && !n->split) || n->linkpath || n->uname || n->gname || n->uid || n->gid || n->size ||
           n->mtime;
}

// "27 path=…\n": the number counts itself.
static void record_add(struct buf *b, const char *key, struct str value)
{
    size_t body = strlen(key) + value.n + 3, digits = 1;
    for (size_t limit = 10; body + digits >= limit; limit *= 10)
        digits++;
    buf_printf(b, "%zu %s=", body + digits, key);
    buf_str(b, value);
    buf_char(b, '\n');
}

static void record_number(struct buf *b, const char *key, int64_t v)
{
    drop_buf struct buf text = BUF_INIT(32);
    buf_printf(&text, "%" PRId64, v);
    record_add(b, key, buf_view(&text));
}

// In byte order of their keys.
static void records_make(struct buf *b, const struct tar_entry *t, const struct needs *n)
{
    if (n->gid)
        record_number(b, "gid", t->gid);
    if (n->gname)
        record_add(b, "gname", t->gname);
    if (n->linkpath)
        record_add(b, "linkpath", t->link);
    if (n->mtime)
        record_number(b, "mtime", t->mtime_sec);
    if (n->path)
        record_add(b, "path", t->name);
    if (n->size)
        record_number(b, "size", (int64_t)t->size);
    if (n->uid)
        record_number(b, "uid", t->uid);
    if (n->uname)
        record_add(b, "uname", t->uname);
}

// "dir/PaxHeaders.0/base", ASCII only, cut to the field and without '/' at its end.
static void pax_name(char *field, struct str name)
{
    drop_(arena_free) struct arena *a = arena_new(1024);
    size_t slash, base = str_find_last(name, '/', &slash) ? slash + 1 : 0;
    struct str full = path_clean(a, str_printf(a, PRI_STR "PaxHeaders.0/" PRI_STR,
                                               STR_ARG(str_head(name, base)), STR_ARG(str_from(name, base))));
    size_t n = 0;
    for (size_t i = 0; i < full.n && n < TAR_NAME; i++)
        if ((uint8_t)full.p[i] < 0x80)
            field[n++] = full.p[i];
    while (n && field[n - 1] == '/')
        field[--n] = 0;
}

static int pax_write(struct tar_writer *w, const struct tar_entry *t, const struct needs *n, struct err *e)
{
    buf_clear(&w->records);
    records_make(&w->records, t, n);
    if (buf_finish(&w->records, "pax header", e) < 0)
        return -1;
    struct tar_block b = {.type = 'x'};
    pax_name(b.name, t->name);
    tar_octal_put(b.mode, sizeof b.mode, 0);
    tar_octal_put(b.uid, sizeof b.uid, 0);
    tar_octal_put(b.gid, sizeof b.gid, 0);
    tar_octal_put(b.size, sizeof b.size, w->records.n);
    tar_octal_put(b.mtime, sizeof b.mtime, 0);
    if (block_write(w, &b, e) < 0 || sink_write(w->to, w->records.p, w->records.n, e) < 0)
        return -1;
    return sink_zeros(w->to, tar_padding(w->records.n), e);
}

static int header_write(struct tar_writer *w, const struct tar_entry *t, struct err *e)
{
    struct needs n;
    find_needs(t, &n);
    struct tar_block b = {.type = (char)t->type};
    if (needs_pax(&n)) {
        if (pax_write(w, t, &n, e) < 0)
            return -1;
        ascii_put(b.name, sizeof b.name, t->name);
        ascii_put(b.link, sizeof b.link, t->link);
        ascii_put(b.uname, sizeof b.uname, t->uname);
        ascii_put(b.gname, sizeof b.gname, t->gname);
    } else {
        text_put(b.name, sizeof b.name, n.split ? str_from(t->name, n.split_at + 1) : t->name);
        text_put(b.prefix, sizeof b.prefix, str_head(t->name, n.split ? n.split_at : 0));
        text_put(b.link, sizeof b.link, t->link);
        text_put(b.uname, sizeof b.uname, t->uname);
        text_put(b.gname, sizeof b.gname, t->gname);
    }
    tar_octal_put(b.mode, sizeof b.mode, t->mode);
    tar_octal_put(b.uid, sizeof b.uid, t->uid);
    tar_octal_put(b.gid, sizeof b.gid, t->gid);
    tar_octal_put(b.size, sizeof b.size, t->size);
    tar_octal_put(b.mtime, sizeof b.mtime, t->mtime_sec < 0 ? 0 : (uint64_t)t->mtime_sec);
    tar_octal_put(b.devmajor, sizeof b.devmajor, t->devmajor);
    tar_octal_put(b.devminor, sizeof b.devminor, t->devminor);
    return block_write(w, &b, e);
}

static const char *shown(const struct tar_writer *w, char out[TAR_SHOWN])
{
    return tar_shown(buf_view(&w->name), out);
}

static int entry_check(const struct tar_entry *t, struct err *e)
{
    char name[TAR_SHOWN];
    bool header_only = t->type != TAR_FILE;
    bool may_end = t->type == TAR_DIR || t->type == TAR_SYMLINK || t->type == TAR_HARDLINK;
    if (t->name.n == 0)
        return err_set(e, ERR_USAGE, "tar: entry without a name");
    tar_shown(t->name, name);
    if (t->type < TAR_FILE || t->type > TAR_FIFO)
        return err_set(e, ERR_USAGE, "%s: no tar type %d", name, (int)t->type);
    if (str_has_nul(t->name) || str_has_nul(t->link) || str_has_nul(t->uname) || str_has_nul(t->gname))
        return err_set(e, ERR_USAGE, "%s: NUL in a name", name);
    if (!may_end && t->name.p[t->name.n - 1] == '/')
        return err_set(e, ERR_USAGE, "%s: only a directory may end in '/'", name);
    if (header_only && t->size)
        return err_set(e, ERR_USAGE, "%s: size %ju of an entry that has no data", name, (uintmax_t)t->size);
    if (t->size > INT64_MAX)
        return err_set(e, ERR_USAGE, "%s: size %ju is beyond 63 bits", name, (uintmax_t)t->size);
    if (t->mode > 07777)
        return err_set(e, ERR_USAGE, "%s: mode 0%o is beyond 07777", name, t->mode);
    if (!tar_octal_fits(8, t->devmajor) || !tar_octal_fits(8, t->devminor))
        return err_set(e, ERR_USAGE, "%s: device %u:%u is beyond 2097151", name, t->devmajor, t->devminor);
    return 0;
}

static int entry_complete(const struct tar_writer *w, struct err *e)
{
    char name[TAR_SHOWN];
    if (w->left)
        return err_set(e, ERR_USAGE, "%s: %ju bytes missing", shown(w, name), (uintmax_t)w->left);
    return 0;
}

int tar_write_entry(struct tar_writer *w, const struct tar_entry *t, struct err *e)
{
    if (entry_complete(w, e) < 0 || entry_check(t, e) < 0 || header_write(w, t, e) < 0)
        return -1;
    buf_clear(&w->name);
    buf_str(&w->name, t->name);
    w->left = t->size;
    w->padding = (size_t)tar_padding(t->size);
    return 0;
}

// n bytes of the entry have been committed.
static int came(struct tar_writer *w, uint64_t n, struct err *e)
{
    w->left -= n;
    if (w->left || !w->padding)
        return 0;
    size_t padding = w->padding;
    w->padding = 0;
    return sink_zeros(w->to, padding, e);
}

int tar_write_data(struct tar_writer *w, const void *p, size_t n, struct err *e)
{
    char name[TAR_SHOWN];
    if (n > w->left)
        return err_set(e, ERR_USAGE, "%s: %ju bytes more than its size", shown(w, name),
                       (uintmax_t)(n - w->left));
    if (sink_write(w->to, p, n, e) < 0)
        return -1;
    return came(w, n, e);
}

static int resized(const struct tar_writer *w, bool longer, struct err *e)
{
    char name[TAR_SHOWN];
    shown(w, name);
    if (longer)
        (void)err_set(e, ERR_IO, "%s: has become longer while it was read", name);
    else
        (void)err_set(e, ERR_IO, "%s: has become shorter while it was read: %ju bytes missing", name,
                      (uintmax_t)w->left);
    if (e)
        e->transient = true;
    return -1;
}

// Always asks for one byte more than is left: a short answer of a file is its end, so that most files need one read.
int tar_write_fd(struct tar_writer *w, int fd, struct err *e)
{
    for (;;) {
        char name[TAR_SHOWN];
        struct span room;
        if (sink_room(w->to, w->left < STREAM_WINDOW ? (size_t)w->left + 1 : STREAM_WINDOW, &room, e) < 0)
            return -1;
        size_t ask = room.n > w->left ? (size_t)w->left + 1 : room.n;
        ssize_t got = read(fd, room.p, ask);
        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0)
            return err_sys(e, "%s: read", shown(w, name));
        if ((uint64_t)got > w->left)
            return resized(w, true, e);
        if (got == 0)
            return w->left ? resized(w, false, e) : 0;
        bool end = (uint64_t)got == w->left && (size_t)got < ask;
        if (sink_commit(w->to, (size_t)got, e) < 0 || came(w, (uint64_t)got, e) < 0)
            return -1;
        if (end)
            return 0;
    }
}

int tar_write_source(struct tar_writer *w, struct source *from, struct err *e)
{
    for (;;) {
        char name[TAR_SHOWN];
        struct view v;
        if (source_peek(from, 1, &v, e) < 0)
            return -1;
        if (!v.n && w->left)
            return err_set(e, ERR_PARSE, "%s: %ju bytes missing", shown(w, name), (uintmax_t)w->left);
        if (!v.n)
            return 0;
        if (!w->left)
            return err_set(e, ERR_PARSE, "%s: more bytes than its size", shown(w, name));
        size_t part = v.n < w->left ? v.n : (size_t)w->left;
        if (tar_write_data(w, v.p, part, e) < 0 || source_skip(from, part, e) < 0)
            return -1;
    }
}

int tar_write_end(struct tar_writer *w, struct err *e)
{
    return entry_complete(w, e) < 0 ? -1 : sink_zeros(w->to, 2 * TAR_BLOCK_SIZE, e);
}
