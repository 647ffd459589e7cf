// SPDX-License-Identifier: Apache-2.0
#include "archive/ar.h"
#include "archive/tar_block.h"
#include "archive/tar_data.h"
#include "base/buf.h"
#include "base/limits.h"

static const char MAGIC[8] = "!<arch>\n";

struct ar_header {
    char name[16], mtime[12], uid[6], gid[6], mode[8], size[10], end[2];
};
static_assert(sizeof(struct ar_header) == 60, "ar header");

struct ar_reader {
    struct source *from;
    struct member_data data;
    bool begun, padded; // padded: the member before has an odd size
    uint64_t members;
    struct ar_header header;
    struct buf name, table; // table: GNU's long names
    struct ar_member member;
};

struct ar_reader *ar_reader_new(struct source *borrowed)
{
    struct ar_reader *r = XNEW(struct ar_reader);
    r->from = borrowed;
    member_data_init(&r->data, borrowed);
    r->name = (struct buf)BUF_INIT(LIMIT_COMPONENT + 1);
    r->table = (struct buf)BUF_INIT(LIMIT_TAR_HEADER);
    return r;
}

void ar_reader_free(struct ar_reader *r)
{
    if (!r)
        return;
    member_data_done(&r->data);
    buf_free(&r->name);
    buf_free(&r->table);
    free(r);
}

struct source *ar_data(struct ar_reader *r)
{
    return &r->data.base;
}

static struct str field(const char *p, size_t n)
{
    while (n && p[n - 1] == ' ')
        n--;
    return (struct str){p, n};
}
#define FIELD(f) field(f, sizeof(f))

// Digits, then blanks. An empty field is 0: Windows' tools leave owners out.
static int number(struct str s, bool octal, const char *what, uint64_t *out, struct err *e)
{
    uint64_t v = 0;
    char text[TAR_SHOWN];
    if (s.n && !(octal ? str_octal(s, UINT32_MAX, &v) : str_u64(s, 0, INT64_MAX, &v)))
        return err_set(e, ERR_PARSE, "%s is no number: %.40s", what, tar_shown(s, text));
    *out = v;
    return 0;
}

static int numbers(struct ar_reader *r, struct err *e)
{
    const struct ar_header *h = &r->header;
    uint64_t mtime, uid, gid, mode, size;
    if (number(FIELD(h->mtime), false, "mtime", &mtime, e) < 0 ||
        number(FIELD(h->uid), false, "uid", &uid, e) < 0 ||
        number(FIELD(h->gid), false, "gid", &gid, e) < 0 ||
        number(FIELD(h->mode), true, "mode", &mode, e) < 0)
        return -1;
    if (FIELD(h->size).n == 0)
        return err_set(e, ERR_PARSE, "no size");
    if (number(FIELD(h->size), false, "size", &size, e) < 0)
        return -1;
    if (size > LIMIT_LAYER)
        return err_set(e, ERR_LIMIT, "size %ju, at most %ju", (uintmax_t)size, (uintmax_t)LIMIT_LAYER);
    r->member = (struct ar_member){.size = size,
                                   .mtime_sec = (int64_t)mtime,
                                   .uid = (uint32_t)uid,
                                   .gid = (uint32_t)gid,
                                   .mode = (uint32_t)mode};
    return 0;
}

static int header_read(struct ar_reader *r, bool *end, struct err *e)
{
    struct view v;
    if (r->padded && source_peek(r->from, 1, &v, e) < 0)
        return -1;
    // The last padding byte may be missing, as GNU ar tolerates.
    if (r->padded && v.n && source_skip(r->from, 1, e) < 0)
        return -1;
    r->padded = false;
    if (source_peek(r->from, sizeof r->header, &v, e) < 0)
        return -1;
    *end = v.n == 0;
    if (*end)
        return 0;
    if (v.n < sizeof r->header)
        return err_set(e, ERR_PARSE, "truncated: %zu bytes of a header, %zu wanted", v.n, sizeof r->header);
    memcpy(&r->header, v.p, sizeof r->header);
    if (memcmp(r->header.end, "`\n", 2) != 0)
        return err_set(e, ERR_PARSE, "header without its end mark");
    if (++r->members > LIMIT_AR_MEMBERS)
        return err_set(e, ERR_LIMIT, "more than %d members", LIMIT_AR_MEMBERS);
    return source_skip(r->from, sizeof r->header, e);
}

static int name_check(const struct buf *name, struct err *e)
{
    char text[TAR_SHOWN];
    struct str s = buf_view(name);
    size_t at;
    if (name->over || s.n > LIMIT_COMPONENT)
        return err_set(e, ERR_LIMIT, "name longer than %d bytes", LIMIT_COMPONENT);
    if (s.n == 0 || str_is(s, ".") || str_is(s, "..") || str_find(s, '/', &at) || str_has_nul(s))
        return err_set(e, ERR_PARSE, "unusable name: \"%.100s\"", tar_shown(s, text));
    return 0;
}

// "/12": the name at byte 12 of the table, up to "/\n".
static int name_gnu(struct ar_reader *r, struct str at, struct err *e)
{
    uint64_t from;
    size_t end;
    if (!str_u64(at, 0, r->table.n, &from))
        return err_set(e, ERR_PARSE, "name is not in the table of long names");
    struct str rest = str_from(buf_view(&r->table), (size_t)from);
    if (!str_find(rest, '\n', &end) || end == 0 || rest.p[end - 1] != '/')
        return err_set(e, ERR_PARSE, "long name without its end");
    buf_str(&r->name, str_head(rest, end - 1));
    return 0;
}

// "#1/12": the name is the first 12 bytes of the data, filled up with NULs.
static int name_bsd(struct ar_reader *r, struct str length, struct err *e)
{
    uint64_t n;
    char text[LIMIT_COMPONENT + 1];
    if (!str_u64(length, 1, LIMIT_COMPONENT, &n) || n > r->member.size)
        return err_set(e, ERR_PARSE, "length of a BSD name is unusable");
    if (source_read(r->from, text, (size_t)n, e) < 0)
        return -1;
    size_t used = strnlen(text, (size_t)n);
    for (size_t i = used; i < n; i++)
        if (text[i])
            return err_set(e, ERR_PARSE, "NUL in a name");
    buf_add(&r->name, text, used);
    r->member.size -= n;
    return 0;
}

static int name_get(struct ar_reader *r, struct err *e)
{
    struct str name = FIELD(r->header.name);
    buf_clear(&r->name);
    if (str_has_prefix(name, "#1/")) {
        if (name_bsd(r, str_from(name, 3), e) < 0)
            return -1;
    } else if (name.n > 1 && name.p[0] == '/') {
        if (name_gnu(r, str_from(name, 1), e) < 0)
            return -1;
    } else {
        bool slash = name.n && name.p[name.n - 1] == '/'; // GNU ends short names with it
        buf_str(&r->name, str_head(name, name.n - slash));
    }
    r->member.name = buf_view(&r->name);
    return name_check(&r->name, e);
}

static int table_read(struct ar_reader *r, struct err *e)
{
    if (r->table.n)
        return err_set(e, ERR_PARSE, "two tables of long names");
    char *room = r->member.size ? buf_room(&r->table, (size_t)r->member.size) : NULL;
    if (!room)
        return err_set(e, ERR_LIMIT, "table of long names of %ju bytes, 1 to %ju wanted",
                       (uintmax_t)r->member.size, (uintmax_t)LIMIT_TAR_HEADER);
    if (source_read(r->from, room, (size_t)r->member.size, e) < 0)
        return -1;
    buf_commit(&r->table, (size_t)r->member.size);
    return 0;
}

// Symbol tables and the table of long names are no members.
static int special(struct ar_reader *r, bool *was, struct err *e)
{
    struct str name = FIELD(r->header.name);
    *was = true;
    if (str_is(name, "//"))
        return table_read(r, e);
    if (str_is(name, "/") || str_is(name, "/SYM64/") || str_is(name, "__.SYMDEF") ||
        str_is(name, "__.SYMDEF/"))
        return source_skip(r->from, r->member.size, e);
    *was = false;
    return 0;
}

static int magic_read(struct ar_reader *r, struct err *e)
{
    char magic[sizeof MAGIC];
    if (r->begun)
        return 0;
    if (source_read(r->from, magic, sizeof magic, e) < 0)
        return -1;
    if (memcmp(magic, MAGIC, sizeof magic) != 0)
        return err_set(e, ERR_PARSE, "no ar archive: the magic is missing");
    r->begun = true;
    return 0;
}

static enum ar_step next(struct ar_reader *r, struct err *e)
{
    if (magic_read(r, e) < 0 || member_data_end(&r->data, e) < 0)
        return AR_ERROR;
    for (;;) {
        bool end, was;
        if (header_read(r, &end, e) < 0)
            return AR_ERROR;
        if (end)
            return AR_END;
        if (numbers(r, e) < 0)
            return AR_ERROR;
        r->padded = r->member.size % 2;
        if (special(r, &was, e) < 0)
            return AR_ERROR;
        if (was)
            continue;
        if (name_get(r, e) < 0)
            return AR_ERROR;
        member_data_set(&r->data, r->member.name, r->member.size, NULL, 0, r->member.size);
        return AR_MEMBER;
    }
}

enum ar_step ar_next(struct ar_reader *r, const struct ar_member **out, struct err *e)
{
    enum ar_step step = next(r, e);
    if (step == AR_ERROR && e)
        return err_wrap(e, "ar: member %ju", (uintmax_t)r->members);
    if (step == AR_MEMBER)
        *out = &r->member;
    return step;
}
