// SPDX-License-Identifier: Apache-2.0
#include "archive/tar_sparse.h"
#include "base/limits.h"

// GNU's header from `prefix` on: four extents at 386, the flag at 482, the real size at 483.
enum {
    EXTENT = 24,
    HALF = 12,
    IN_HEADER = 4,
    IN_BLOCK = 21,
    AT_HEADER = 386,
    AT_MORE = 482,
    AT_SIZE = 483,
    MORE_BLOCK = 504
};

void tar_map_clear(struct tar_map *m)
{
    m->n = m->told = 0;
    m->end = m->data = 0;
}

void tar_map_free(struct tar_map *m)
{
    free(m->v);
    *m = (struct tar_map){0};
}

int tar_map_add(struct tar_map *m, uint64_t at, uint64_t n, struct err *e)
{
    uint64_t end;
    if (++m->told > LIMIT_TAR_SPARSE)
        return err_set(e, ERR_LIMIT, "sparse map: more than %d extents", LIMIT_TAR_SPARSE);
    if (__builtin_add_overflow(at, n, &end) || end > INT64_MAX)
        return err_set(e, ERR_PARSE, "sparse map: extent at %ju of %ju bytes is beyond 63 bits",
                       (uintmax_t)at, (uintmax_t)n);
    if (at < m->end)
        return err_set(e, ERR_PARSE, "sparse map: extent at %ju begins before %ju, where the last one ends",
                       (uintmax_t)at, (uintmax_t)m->end);
    bool touches = m->n && m->v[m->n - 1].at + m->v[m->n - 1].n == at;
    m->end = end;
    m->data += n;
    if (n && touches) {
        m->v[m->n - 1].n += n;
    } else if (n) {
        if (m->n == m->cap) {
            m->cap = m->cap ? m->cap * 2 : 32;
            m->v = xreallocarray(m->v, m->cap, sizeof *m->v);
        }
        m->v[m->n++] = (struct tar_extent){at, n};
    }
    return 0;
}

int tar_map_check(const struct tar_map *m, uint64_t size, uint64_t stored, struct err *e)
{
    if (m->end > size)
        return err_set(e, ERR_PARSE, "sparse map: ends at %ju, the file at %ju", (uintmax_t)m->end,
                       (uintmax_t)size);
    if (m->data != stored)
        return err_set(e, ERR_PARSE, "sparse map: tells of %ju bytes, %ju are stored", (uintmax_t)m->data,
                       (uintmax_t)stored);
    return 0;
}

static int extents_get(struct tar_map *m, const char *p, size_t count, struct err *e)
{
    for (size_t i = 0; i < count && p[0]; i++, p += EXTENT) {
        int64_t at, n;
        if (!tar_number_get(p, HALF, &at) || !tar_number_get(p + HALF, HALF, &n) || at < 0 || n < 0)
            return err_set(e, ERR_PARSE, "sparse map: extent %zu is no pair of numbers", m->told + 1);
        if (tar_map_add(m, (uint64_t)at, (uint64_t)n, e) < 0)
            return -1;
    }
    return 0;
}

int tar_map_header(struct tar_map *m, const struct tar_block *b, uint64_t *size, bool *more, struct err *e)
{
    const char *p = (const char *)b;
    int64_t real;
    if (!tar_number_get(p + AT_SIZE, HALF, &real) || real < 0)
        return err_set(e, ERR_PARSE, "sparse map: the real size is no number");
    if (extents_get(m, p + AT_HEADER, IN_HEADER, e) < 0)
        return -1;
    *size = (uint64_t)real;
    *more = p[AT_MORE] != 0;
    return 0;
}

int tar_map_block(struct tar_map *m, const char block[TAR_BLOCK_SIZE], bool *more, struct err *e)
{
    if (extents_get(m, block, IN_BLOCK, e) < 0)
        return -1;
    *more = block[MORE_BLOCK] != 0;
    return 0;
}

int tar_map_list(struct tar_map *m, struct str list, struct err *e)
{
    struct str at, n;
    while (list.n && str_cut(&list, ',', &at)) {
        uint64_t from, length;
        if (!str_cut(&list, ',', &n) || !str_u64(at, 0, INT64_MAX, &from) ||
            !str_u64(n, 0, INT64_MAX, &length))
            return err_set(e, ERR_PARSE, "sparse map: extent %zu is no pair of numbers", m->told + 1);
        if (tar_map_add(m, from, length, e) < 0)
            return -1;
    }
    return 0;
}

static int line_end(struct tar_map *m, struct tar_map_lines *l, struct err *e)
{
    uint64_t number = l->number;
    if (!l->digits)
        return err_set(e, ERR_PARSE, "sparse map: an empty line");
    l->number = 0;
    l->digits = false;
    if (!l->counted) {
        if (number > LIMIT_TAR_SPARSE)
            return err_set(e, ERR_LIMIT, "sparse map: %ju extents, at most %d", (uintmax_t)number,
                           LIMIT_TAR_SPARSE);
        l->counted = true;
        l->left = number;
    } else if (!l->half) {
        l->half = true;
        l->at = number;
    } else {
        l->half = false;
        l->left--;
        if (tar_map_add(m, l->at, number, e) < 0)
            return -1;
    }
    l->done = !l->left && !l->half;
    return 0;
}

int tar_map_lines(struct tar_map *m, struct tar_map_lines *l, const char block[TAR_BLOCK_SIZE], struct err *e)
{
    for (size_t i = 0; i < TAR_BLOCK_SIZE; i++) {
        char c = block[i];
        if (l->done && c)
            return err_set(e, ERR_PARSE, "sparse map: bytes after its last line");
        if (l->done)
            continue;
        if (c == '\n') {
            if (line_end(m, l, e) < 0)
                return -1;
            continue;
        }
        if (c < '0' || c > '9' || l->number > (INT64_MAX - 9) / 10)
            return err_set(e, ERR_PARSE, "sparse map: line %zu is no number",
                           2 * m->told + l->counted + l->half + 1);
        l->number = l->number * 10 + (uint64_t)(c - '0');
        l->digits = true;
    }
    return 0;
}
