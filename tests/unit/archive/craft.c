// SPDX-License-Identifier: Apache-2.0
#include "craft.h"
#include "archive/tar_block.h"
#include "stream/memory.h"
#include "test.h"
#include <inttypes.h>
#include <stdarg.h>

static void put(char *field, size_t n, const char *text)
{
    if (text)
        memcpy(field, text, strnlen(text, n));
}

void craft_entry(struct buf *b, const struct craft *c)
{
    struct tar_block h = {.type = c->type ? c->type : '0'};
    put(h.name, sizeof h.name, c->name ? c->name : "f");
    put(h.link, sizeof h.link, c->link);
    put(h.prefix, sizeof h.prefix, c->prefix);
    memcpy(h.mode, "0000644", 8);
    memcpy(h.uid, c->uid_field ? c->uid_field : "0001750", 8);
    memcpy(h.gid, "0001750", 8);
    memcpy(h.mtime, c->mtime_field ? c->mtime_field : "00000000001", 12);
    tar_octal_put(h.size, sizeof h.size, c->body.n);
    if (c->size_field)
        memcpy(h.size, c->size_field, 12);
    memcpy(h.magic, c->magic ? c->magic : "ustar\00000", 8);
    memcpy(h.devmajor, c->dev_field ? c->dev_field : "0000000", 8);
    memcpy(h.devminor, c->dev_field ? c->dev_field : "0000000", 8);
    if (c->raw)
        memcpy((char *)&h + c->raw_at, c->raw, c->raw_n);
    if (c->no_type)
        h.type = 0;
    tar_octal_put(h.sum, 7, tar_block_sum(&h, NULL) + c->bad_sum);
    h.sum[7] = ' ';
    buf_add(b, &h, sizeof h);
    buf_str(b, c->body);
    static const char zeros[TAR_BLOCK_SIZE];
    buf_add(b, zeros, (size_t)tar_padding(c->body.n));
}

void craft_record(struct buf *b, const char *key, struct str value)
{
    size_t body = strlen(key) + value.n + 3, n = body + 1;
    for (size_t digits = 1, limit = 10; n >= limit; limit *= 10)
        n = body + ++digits;
    buf_printf(b, "%zu %s=", n, key);
    buf_str(b, value);
    buf_char(b, '\n');
}

void craft_pax(struct buf *b, char type, ...)
{
    drop_buf struct buf body = BUF_INIT(CRAFT_MAX);
    va_list ap;
    va_start(ap, type);
    for (const char *key; (key = va_arg(ap, const char *));)
        craft_record(&body, key, str_of(va_arg(ap, const char *)));
    va_end(ap);
    craft_entry(b, &(struct craft){.name = "PaxHeaders.0/f", .type = type, .body = buf_view(&body)});
}

void craft_long(struct buf *b, char type, struct str name)
{
    craft_entry(b, &(struct craft){.name = "././@LongLink", .type = type, .magic = "ustar  ", .body = name});
}

void craft_end(struct buf *b)
{
    static const char zeros[2 * TAR_BLOCK_SIZE];
    buf_add(b, zeros, sizeof zeros);
}

static int read_data(struct source *from, size_t min, struct digest *sum, uint64_t *total, struct err *e)
{
    drop_(hash_free) struct hash *h = hash_new(HASH_SHA256);
    for (*total = 0;;) {
        struct view v;
        if (source_peek(from, min, &v, e) < 0)
            return -1;
        if (!v.n)
            break;
        if (v.n < min) { // shorter only at the end
            hash_add(h, v.p, v.n);
            *total += v.n;
            if (source_skip(from, v.n, e) < 0 || source_peek(from, 1, &v, e) < 0)
                return -1;
            if (v.n)
                return err_set(e, ERR_USAGE, "a short view before the end");
            break;
        }
        hash_add(h, v.p, min);
        *total += min;
        if (source_skip(from, min, e) < 0)
            return -1;
    }
    hash_end(h, sum);
    return 0;
}

int craft_read(struct str tar, size_t min, struct buf *list, struct err *e)
{
    drop_(source_drop) struct source *s = source_memory(tar.p, tar.n);
    drop_(tar_reader_free) struct tar_reader *r = tar_reader_new(s);
    for (;;) {
        const struct tar_entry *t;
        enum tar_step step = tar_next(r, &t, e);
        if (step == TAR_ERROR)
            return -1;
        if (step == TAR_END)
            return 0;
        struct digest sum;
        uint64_t total;
        char hex[DIGEST_TEXT];
        if (read_data(tar_data(r), min, &sum, &total, e) < 0)
            return -1;
        if (total != t->size)
            return err_set(e, ERR_USAGE, "%ju bytes read, size %ju", (uintmax_t)total, (uintmax_t)t->size);
        if (list)
            buf_printf(list, "%c " PRI_STR "%s" PRI_STR " %o %u:%u %ju %" PRId64 " %.8s\n", t->type,
                       STR_ARG(t->name), t->link.n ? ">" : "", STR_ARG(t->link), t->mode, t->uid, t->gid,
                       (uintmax_t)t->size, t->mtime_sec, digest_hex(&sum, hex));
    }
}

void craft_one(struct buf *tar, const struct craft *c)
{
    craft_entry(tar, c);
    craft_end(tar);
}

int craft_try(const struct buf *tar, struct err *e)
{
    // Of its own exact size, so that ASan sees a byte past the end.
    drop_free char *copy = xmemdup(tar->p, tar->n);
    return craft_read((struct str){copy, tar->n}, 1, NULL, e);
}

void craft_gives(const struct buf *tar, const char *want)
{
    static const size_t windows[] = {1, 2, 3, 5, 7, 11, 13, 17, 19, 23, 24, 25, 26, 512, 4096, STREAM_WINDOW};
    for (size_t i = 0; i < COUNT(windows); i++) {
        drop_buf struct buf list = BUF_INIT(CRAFT_MAX);
        MUST(craft_read(buf_view(tar), windows[i], &list, &e));
        EQ_STR(buf_view(&list), want);
    }
}
