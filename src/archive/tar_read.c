// SPDX-License-Identifier: Apache-2.0
#include "archive/tar_read.h"
#include "archive/tar_data.h"
#include "archive/tar_pax.h"
#include "base/buf.h"

enum format { V7, USTAR, GNU };

struct tar_reader {
    struct source *from;
    struct member_data data;
    uint64_t read;    // bytes taken from the source for headers, and all data of entries before
    uint64_t at;      // where the header being read begins
    uint64_t stored;  // bytes of the entry's data within the archive, without padding
    uint64_t entries; // headers, extensions too
    uint64_t total;   // sizes so far
    bool ended;
    // What extension headers said about the entry that follows.
    bool have_pax, have_name, have_link;
    struct tar_pax pax, global;
    struct buf body, long_name, long_link;
    // The entry
    struct tar_block block;
    struct buf name;
    struct tar_map map;
    struct tar_entry entry;
};

static const struct tar_extent no_extent; // a file that is all hole

enum block { BLOCK_ERROR = -1, BLOCK_NONE, BLOCK_ZERO, BLOCK_HEADER };

struct tar_reader *tar_reader_new(struct source *borrowed)
{
    struct tar_reader *r = XNEW(struct tar_reader);
    r->from = borrowed;
    member_data_init(&r->data, borrowed);
    r->pax.map = r->global.map = &r->map;
    r->body = r->long_name = r->long_link = (struct buf)BUF_INIT(LIMIT_TAR_HEADER);
    r->name = (struct buf)BUF_INIT(LIMIT_TAR_HEADER);
    return r;
}

void tar_reader_free(struct tar_reader *r)
{
    if (!r)
        return;
    member_data_done(&r->data);
    tar_pax_free(&r->pax);
    tar_pax_free(&r->global);
    tar_map_free(&r->map);
    buf_free(&r->body);
    buf_free(&r->long_name);
    buf_free(&r->long_link);
    buf_free(&r->name);
    free(r);
}

struct source *tar_data(struct tar_reader *r)
{
    return &r->data.base;
}

static int skip(struct tar_reader *r, uint64_t n, struct err *e)
{
    if (source_skip(r->from, n, e) < 0)
        return -1;
    r->read += n;
    return 0;
}

static bool all_zero(const uint8_t *p, size_t n)
{
    return n == 0 || (p[0] == 0 && memcmp(p, p + 1, n - 1) == 0);
}

static enum block block_read(struct tar_reader *r, struct err *e)
{
    struct view v;
    r->at = r->read;
    if (source_peek(r->from, TAR_BLOCK_SIZE, &v, e) < 0)
        return BLOCK_ERROR;
    if (v.n == 0)
        return BLOCK_NONE;
    if (v.n < TAR_BLOCK_SIZE) {
        (void)err_set(e, ERR_PARSE, "truncated: %zu bytes of a header, %d wanted", v.n, TAR_BLOCK_SIZE);
        return BLOCK_ERROR;
    }
    memcpy(&r->block, v.p, TAR_BLOCK_SIZE);
    if (skip(r, TAR_BLOCK_SIZE, e) < 0)
        return BLOCK_ERROR;
    return all_zero((const uint8_t *)&r->block, TAR_BLOCK_SIZE) ? BLOCK_ZERO : BLOCK_HEADER;
}

// Behind the first zero block: the end, or a second one and then only zeros.
static int end_read(struct tar_reader *r, struct err *e)
{
    for (;;) {
        struct view v;
        if (source_peek(r->from, 1, &v, e) < 0)
            return -1;
        if (v.n == 0)
            return 0;
        if (!all_zero(v.p, v.n))
            return err_set(e, ERR_PARSE, "data after the end of the archive");
        if (skip(r, v.n, e) < 0)
            return -1;
    }
}

static int sum_check(const struct tar_block *b, struct err *e)
{
    int64_t told;
    int32_t as_signed;
    uint32_t sum = tar_block_sum(b, &as_signed);
    if (!tar_number_get(b->sum, sizeof b->sum, &told))
        return err_set(e, ERR_PARSE, "checksum is no number");
    if (told != sum && told != as_signed)
        return err_set(e, ERR_PARSE, "checksum %jd, the header says %jd", (intmax_t)sum, (intmax_t)told);
    return 0;
}

static int format_get(const struct tar_block *b, enum format *out, struct err *e)
{
    if (memcmp(b->magic, "ustar", 6) == 0) {
        // A version that is not 00 makes some readers take it for V7, which has no prefix.
        if (memcmp(b->version, "00", 2) != 0 && b->prefix[0])
            return err_set(e, ERR_PARSE, "ustar version is not 00, and there is a prefix");
        *out = USTAR;
    } else if (memcmp(b->magic, "ustar ", 6) == 0 && memcmp(b->version, " ", 2) == 0) {
        *out = GNU;
    } else if (all_zero((const uint8_t *)b->magic, sizeof b->magic) &&
               all_zero((const uint8_t *)b->version, sizeof b->version)) {
        *out = V7;
    } else {
        return err_set(e, ERR_PARSE, "unknown magic");
    }
    return 0;
}

static int count(const char *field, size_t n, const char *what, uint64_t max, uint64_t *out, struct err *e)
{
    int64_t v;
    if (!tar_number_get(field, n, &v))
        return err_set(e, ERR_PARSE, "%s is no number", what);
    if (v < 0 || (uint64_t)v > max)
        return err_set(e, ERR_PARSE, "%s is %jd, 0 to %ju wanted", what, (intmax_t)v, (uintmax_t)max);
    *out = (uint64_t)v;
    return 0;
}
#define COUNT_OF(field, what, max, out) count(field, sizeof(field), what, max, out, e)

static bool pending(const struct tar_reader *r)
{
    return r->have_pax || r->have_name || r->have_link;
}

static int body_read(struct tar_reader *r, struct buf *to, struct err *e)
{
    uint64_t size;
    if (COUNT_OF(r->block.size, "size", INT64_MAX, &size) < 0)
        return -1;
    if (size > LIMIT_TAR_HEADER)
        return err_set(e, ERR_LIMIT, "extension header of %ju bytes, at most %ju", (uintmax_t)size,
                       (uintmax_t)LIMIT_TAR_HEADER);
    buf_clear(to);
    char *room = buf_room(to, (size_t)size);
    if (source_read(r->from, room, (size_t)size, e) < 0)
        return -1;
    buf_commit(to, (size_t)size);
    r->read += size;
    return skip(r, tar_padding(size), e);
}

// A GNU long name: its bytes, then at most NULs.
static int long_read(struct tar_reader *r, bool *have, struct buf *to, struct err *e)
{
    if (*have)
        return err_set(e, ERR_PARSE, "two GNU long names for one entry");
    if (body_read(r, to, e) < 0)
        return -1;
    size_t n = strnlen(to->p, to->n);
    if (n == 0)
        return err_set(e, ERR_PARSE, "empty GNU long name");
    if (!all_zero((const uint8_t *)to->p + n, to->n - n))
        return err_set(e, ERR_PARSE, "NUL within a GNU long name");
    to->n = n;
    *have = true;
    return 0;
}

static int pax_read(struct tar_reader *r, struct err *e)
{
    bool global = r->block.type == 'g';
    if (r->have_pax || (global && pending(r)))
        return err_set(e, ERR_PARSE, "%s header behind another extension header",
                       global ? "global pax" : "second pax");
    if (body_read(r, &r->body, e) < 0)
        return -1;
    if (tar_pax_read(global ? &r->global : &r->pax, buf_view(&r->body), global, e) < 0)
        return -1;
    if (global)
        r->global.has &= PAX_UID | PAX_GID | PAX_MTIME; // texts do not outlive the body
    r->have_pax = !global;
    return 0;
}

static int extension(struct tar_reader *r, bool *was, struct err *e)
{
    *was = true;
    switch (r->block.type) {
    case 'x':
    case 'g':
        return pax_read(r, e);
    case 'L':
        return long_read(r, &r->have_name, &r->long_name, e);
    case 'K':
        return long_read(r, &r->have_link, &r->long_link, e);
    default:
        *was = false;
        return 0;
    }
}

// Where a record for the entry or for all entries says it; NULL: the header does.
static const struct tar_pax *record_of(const struct tar_reader *r, unsigned key)
{
    if (r->pax.has & key)
        return &r->pax;
    return (r->global.has & ~r->pax.unset & key) ? &r->global : NULL;
}

static int name_get(struct tar_reader *r, enum format format, struct err *e)
{
    const struct tar_block *b = &r->block;
    if (r->have_name && (r->pax.has & (PAX_PATH | PAX_SPARSE_NAME)))
        return err_set(e, ERR_PARSE, "two names: GNU's and pax'");
    if (r->have_name) {
        buf_str(&r->name, buf_view(&r->long_name));
    } else if (r->pax.has & (PAX_PATH | PAX_SPARSE_NAME)) {
        buf_str(&r->name, r->pax.has & PAX_SPARSE_NAME ? r->pax.sparse_name : r->pax.path);
    } else {
        struct str prefix = tar_text_get(b->prefix, sizeof b->prefix);
        if (format == USTAR && prefix.n) {
            buf_str(&r->name, prefix);
            buf_char(&r->name, '/');
        }
        buf_str(&r->name, tar_text_get(b->name, sizeof b->name));
    }
    r->entry.name = buf_view(&r->name);
    return r->name.n ? 0 : err_set(e, ERR_PARSE, "entry without a name");
}

static int type_get(struct tar_reader *r, struct err *e)
{
    bool slash = r->name.p[r->name.n - 1] == '/';
    char type = r->block.type;
    if (type == 0 && slash)
        type = TAR_DIR; // V7 knew directories by their names
    else if (type == 0 || type == '7' || type == 'S')
        type = TAR_FILE;
    if (type < TAR_FILE || type > TAR_FIFO)
        return err_set(e, ERR_PARSE, "unknown typeflag 0x%02x", (uint8_t)type);
    if (type == TAR_FILE && slash)
        return err_set(e, ERR_PARSE, "a file whose name ends in '/'");
    r->entry.type = (enum tar_type)type;
    return 0;
}

static int link_get(struct tar_reader *r, struct err *e)
{
    if (r->have_link && (r->pax.has & PAX_LINKPATH))
        return err_set(e, ERR_PARSE, "two link targets: GNU's and pax'");
    if (r->entry.type != TAR_HARDLINK && r->entry.type != TAR_SYMLINK)
        return 0;
    if (r->have_link)
        r->entry.link = buf_view(&r->long_link);
    else if (r->pax.has & PAX_LINKPATH)
        r->entry.link = r->pax.linkpath;
    else
        r->entry.link = tar_text_get(r->block.link, sizeof r->block.link);
    return r->entry.link.n ? 0 : err_set(e, ERR_PARSE, "link without a target");
}

static int owner_get(struct tar_reader *r, enum format format, struct err *e)
{
    const struct tar_block *b = &r->block;
    const struct tar_pax *uid = record_of(r, PAX_UID), *gid = record_of(r, PAX_GID);
    uint64_t u = uid ? uid->uid : 0, g = gid ? gid->gid : 0;
    if (!uid && COUNT_OF(b->uid, "uid", UINT32_MAX - 1, &u) < 0)
        return -1;
    if (!gid && COUNT_OF(b->gid, "gid", UINT32_MAX - 1, &g) < 0)
        return -1;
    r->entry.uid = (uint32_t)u;
    r->entry.gid = (uint32_t)g;
    r->entry.uname = r->entry.gname = STR("");
    if (format != V7) {
        r->entry.uname = tar_text_get(b->uname, sizeof b->uname);
        r->entry.gname = tar_text_get(b->gname, sizeof b->gname);
    }
    if (r->pax.has & PAX_UNAME)
        r->entry.uname = r->pax.uname;
    if (r->pax.has & PAX_GNAME)
        r->entry.gname = r->pax.gname;
    return 0;
}

static int attributes_get(struct tar_reader *r, enum format format, struct err *e)
{
    const struct tar_block *b = &r->block;
    const struct tar_pax *mtime = record_of(r, PAX_MTIME);
    uint64_t mode, major = 0, minor = 0;
    bool device = format != V7 && (r->entry.type == TAR_CHAR || r->entry.type == TAR_BLOCK);
    if (owner_get(r, format, e) < 0 || COUNT_OF(b->mode, "mode", UINT32_MAX, &mode) < 0)
        return -1;
    if (device && (COUNT_OF(b->devmajor, "devmajor", UINT32_MAX, &major) < 0 ||
                   COUNT_OF(b->devminor, "devminor", UINT32_MAX, &minor) < 0))
        return -1;
    if (mtime) {
        r->entry.mtime_sec = mtime->mtime_sec;
        r->entry.mtime_nsec = mtime->mtime_nsec;
    } else if (!tar_number_get(b->mtime, sizeof b->mtime, &r->entry.mtime_sec)) {
        return err_set(e, ERR_PARSE, "mtime is no number");
    }
    r->entry.mode = (uint32_t)mode & 07777;
    r->entry.devmajor = (uint32_t)major;
    r->entry.devminor = (uint32_t)minor;
    r->entry.xattr = r->pax.xattr;
    r->entry.xattr_n = r->pax.xattr_n;
    return 0;
}

// How many bytes follow. A reader that knows pax and one that does not must find the same next header.
static int stored_get(struct tar_reader *r, struct err *e)
{
    static const uint64_t OCTAL_MAX = 077777777777;
    uint64_t told;
    if (COUNT_OF(r->block.size, "size", INT64_MAX, &told) < 0)
        return -1;
    r->stored = told;
    if (r->pax.has & PAX_SIZE) {
        bool too_big = r->pax.size > OCTAL_MAX && (told == 0 || told == OCTAL_MAX);
        if (r->pax.size != told && !too_big)
            return err_set(e, ERR_PARSE, "two sizes: %ju in the pax header, %ju in its own",
                           (uintmax_t)r->pax.size, (uintmax_t)told);
        r->stored = r->pax.size;
    }
    if (r->stored && r->entry.type != TAR_FILE)
        return err_set(e, ERR_PARSE, "size %ju of an entry that has no data", (uintmax_t)r->stored);
    return 0;
}

static int sparse_gnu(struct tar_reader *r, enum format format, struct err *e)
{
    bool more;
    if (format != GNU || (r->pax.has & PAX_SPARSE))
        return err_set(e, ERR_PARSE, "typeflag 'S' in a header that is not GNU's");
    if (tar_map_header(&r->map, &r->block, &r->entry.size, &more, e) < 0)
        return -1;
    while (more) {
        char block[TAR_BLOCK_SIZE];
        if (++r->entries > LIMIT_TAR_ENTRIES)
            return err_set(e, ERR_LIMIT, "more than %d headers", LIMIT_TAR_ENTRIES);
        if (source_read(r->from, block, sizeof block, e) < 0 || tar_map_block(&r->map, block, &more, e) < 0)
            return -1;
        r->read += sizeof block;
    }
    return 0;
}

static int sparse_lines(struct tar_reader *r, struct err *e)
{
    struct tar_map_lines lines = {0};
    uint64_t used = 0;
    while (!lines.done) {
        char block[TAR_BLOCK_SIZE];
        if (r->stored < sizeof block || used == LIMIT_TAR_HEADER * 4)
            return err_set(e, ERR_PARSE, "sparse map: does not end");
        if (source_read(r->from, block, sizeof block, e) < 0 || tar_map_lines(&r->map, &lines, block, e) < 0)
            return -1;
        r->stored -= sizeof block;
        r->read += sizeof block;
        used += sizeof block;
    }
    return 0;
}

static int sparse_pax(struct tar_reader *r, struct err *e)
{
    const struct tar_pax *p = &r->pax;
    bool one = (p->has & PAX_SPARSE_MAJOR) && p->major == 1 && p->minor == 0;
    bool zero = !(p->has & PAX_SPARSE_MAJOR) || (p->major == 0 && p->minor <= 1);
    unsigned maps = p->has & (PAX_SPARSE_NUMBLOCKS | PAX_SPARSE_MAP | PAX_SPARSE_OFFSET);
    if (!(p->has & PAX_SPARSE_REALSIZE) || r->entry.type != TAR_FILE)
        return err_set(e, ERR_PARSE, "sparse map: without a real size, or not of a file");
    r->entry.size = p->realsize;
    if (one && !maps)
        return sparse_lines(r, e);
    if (!zero || !(maps & PAX_SPARSE_NUMBLOCKS) ||
        (maps & ~PAX_SPARSE_NUMBLOCKS) == (PAX_SPARSE_MAP | PAX_SPARSE_OFFSET))
        return err_set(e, ERR_PARSE, "sparse map: unknown version, or two maps");
    if ((maps & PAX_SPARSE_MAP) && tar_map_list(&r->map, p->sparse_list, e) < 0)
        return -1;
    if (r->map.told != p->numblocks)
        return err_set(e, ERR_PARSE, "sparse map: %zu extents, %ju were told", r->map.told,
                       (uintmax_t)p->numblocks);
    return 0;
}

static int data_get(struct tar_reader *r, enum format format, struct err *e)
{
    bool gnu = r->block.type == 'S';
    if (stored_get(r, e) < 0)
        return -1;
    r->entry.sparse = gnu || (r->pax.has & PAX_SPARSE);
    r->entry.size = r->stored;
    if (r->entry.sparse) {
        if ((gnu ? sparse_gnu(r, format, e) : sparse_pax(r, e)) < 0)
            return -1;
        if (tar_map_check(&r->map, r->entry.size, r->stored, e) < 0)
            return -1;
        r->entry.extent = r->map.n ? r->map.v : &no_extent;
        r->entry.extent_n = r->map.n;
    }
    if (r->entry.size > LIMIT_LAYER - r->total)
        return err_set(e, ERR_LIMIT, "size %ju: more than %ju bytes in the archive", (uintmax_t)r->entry.size,
                       (uintmax_t)LIMIT_LAYER);
    r->total += r->entry.size;
    member_data_set(&r->data, r->entry.name, r->entry.size, r->entry.extent, r->entry.extent_n, r->stored);
    return 0;
}

static int entry_read(struct tar_reader *r, struct err *e)
{
    enum format format;
    r->entry = (struct tar_entry){.link = STR("")};
    if (format_get(&r->block, &format, e) < 0 || name_get(r, format, e) < 0)
        return -1;
    if (type_get(r, e) < 0 || link_get(r, e) < 0 || attributes_get(r, format, e) < 0)
        return -1;
    return data_get(r, format, e);
}

// Past the data and the padding of the entry before.
static int leave(struct tar_reader *r, struct err *e)
{
    if (member_data_end(&r->data, e) < 0)
        return -1;
    r->read += r->stored;
    if (skip(r, tar_padding(r->stored), e) < 0)
        return -1;
    r->stored = 0;
    member_data_set(&r->data, STR(""), 0, NULL, 0, 0);
    buf_clear(&r->name);
    r->have_pax = r->have_name = r->have_link = false;
    tar_pax_clear(&r->pax);
    tar_map_clear(&r->map);
    return 0;
}

static enum tar_step next(struct tar_reader *r, struct err *e)
{
    if (leave(r, e) < 0)
        return TAR_ERROR;
    for (;;) {
        enum block b = block_read(r, e);
        if (b == BLOCK_ERROR)
            return TAR_ERROR;
        if (b != BLOCK_HEADER && pending(r))
            return err_set(e, ERR_PARSE, "extension header without an entry");
        if (b == BLOCK_NONE)
            return err_set(e, ERR_PARSE, "truncated: ends without an end-of-archive block");
        if (b == BLOCK_ZERO)
            return end_read(r, e) < 0 ? TAR_ERROR : TAR_END;
        if (++r->entries > LIMIT_TAR_ENTRIES)
            return err_set(e, ERR_LIMIT, "more than %d headers", LIMIT_TAR_ENTRIES);
        bool was;
        if (sum_check(&r->block, e) < 0 || extension(r, &was, e) < 0)
            return TAR_ERROR;
        if (!was)
            return entry_read(r, e) < 0 ? TAR_ERROR : TAR_ENTRY;
    }
}

enum tar_step tar_next(struct tar_reader *r, const struct tar_entry **out, struct err *e)
{
    if (r->ended)
        return TAR_END;
    enum tar_step step = next(r, e);
    if (step == TAR_ERROR && e) {
        char name[TAR_SHOWN];
        if (r->name.n)
            return err_wrap(e, "tar: %s (header at byte %ju)", tar_shown(buf_view(&r->name), name),
                            (uintmax_t)r->at);
        return err_wrap(e, "tar: header at byte %ju", (uintmax_t)r->at);
    }
    r->ended = step == TAR_END;
    if (step == TAR_ENTRY)
        *out = &r->entry;
    return step;
}
