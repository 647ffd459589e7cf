// SPDX-License-Identifier: Apache-2.0
#include "archive/tar_pax.h"
#include "base/limits.h"

void tar_pax_clear(struct tar_pax *p)
{
    *p = (struct tar_pax){.map = p->map, .xattr = p->xattr, .xattr_cap = p->xattr_cap};
}

void tar_pax_free(struct tar_pax *p)
{
    free(p->xattr);
    *p = (struct tar_pax){0};
}

enum kind { TEXT, NUMBER, TIME };
struct key {
    const char *name;
    unsigned bit;
    enum kind kind;
    size_t off; // within struct tar_pax
    uint64_t max;
};

#define AT(member) offsetof(struct tar_pax, member)
static const struct key keys[] = {
    {"path", PAX_PATH, TEXT, AT(path), 0},
    {"linkpath", PAX_LINKPATH, TEXT, AT(linkpath), 0},
    {"uname", PAX_UNAME, TEXT, AT(uname), 0},
    {"gname", PAX_GNAME, TEXT, AT(gname), 0},
    {"size", PAX_SIZE, NUMBER, AT(size), INT64_MAX},
    {"uid", PAX_UID, NUMBER, AT(uid), UINT32_MAX - 1},
    {"gid", PAX_GID, NUMBER, AT(gid), UINT32_MAX - 1},
    {"mtime", PAX_MTIME, TIME, AT(mtime_sec), 0},
    {"GNU.sparse.major", PAX_SPARSE_MAJOR, NUMBER, AT(major), INT64_MAX},
    {"GNU.sparse.minor", PAX_SPARSE_MINOR, NUMBER, AT(minor), INT64_MAX},
    {"GNU.sparse.name", PAX_SPARSE_NAME, TEXT, AT(sparse_name), 0},
    {"GNU.sparse.realsize", PAX_SPARSE_REALSIZE, NUMBER, AT(realsize), INT64_MAX},
    {"GNU.sparse.size", PAX_SPARSE_REALSIZE, NUMBER, AT(realsize), INT64_MAX},
    {"GNU.sparse.numblocks", PAX_SPARSE_NUMBLOCKS, NUMBER, AT(numblocks), LIMIT_TAR_SPARSE},
    {"GNU.sparse.map", PAX_SPARSE_MAP, TEXT, AT(sparse_list), 0},
};

// Keys that say which entry it is or where the next one begins: one for all entries would be a lie about most.
static const unsigned NEVER_GLOBAL = PAX_PATH | PAX_LINKPATH | PAX_SIZE | PAX_SPARSE;

static const struct key *find(struct str name)
{
    for (size_t i = 0; i < COUNT(keys); i++)
        if (str_is(name, keys[i].name))
            return &keys[i];
    return NULL;
}

// "-1.5": seconds count down, nanoseconds up. Digits beyond nanoseconds are dropped.
static bool time_get(struct str s, int64_t *sec, uint32_t *nsec)
{
    struct str rest = s, whole;
    if (!str_cut(&rest, '.', &whole))
        return false;
    int64_t v;
    uint32_t part = 0;
    if (!str_i64(whole, INT64_MIN + 1, INT64_MAX, &v))
        return false;
    size_t digits = rest.p ? rest.n : 0;
    for (size_t i = 0; i < digits; i++)
        if (rest.p[i] < '0' || rest.p[i] > '9')
            return false;
    for (size_t i = 0; i < 9; i++)
        part = part * 10 + (i < digits ? (uint32_t)(rest.p[i] - '0') : 0);
    if (part && s.p[0] == '-') {
        v--;
        part = 1000000000 - part;
    }
    *sec = v;
    *nsec = part;
    return true;
}

static bool value_get(struct tar_pax *p, const struct key *k, struct str value)
{
    char *at = (char *)p + k->off;
    switch (k->kind) {
    case TEXT:
        if (str_has_nul(value))
            return false;
        *(struct str *)(void *)at = value;
        return true;
    case NUMBER:
        return str_u64(value, 0, k->max, (uint64_t *)(void *)at);
    case TIME:
        return time_get(value, &p->mtime_sec, &p->mtime_nsec);
    }
    return false;
}

static int bad_value(struct str key, struct str value, struct err *e)
{
    char name[TAR_SHOWN], text[TAR_SHOWN];
    return err_set(e, ERR_PARSE, "pax record %s: unusable value %.80s", tar_shown(key, name),
                   tar_shown(value, text));
}

static void xattr_add(struct tar_pax *p, struct str name, struct str value)
{
    if (p->xattr_n == p->xattr_cap) {
        p->xattr_cap = p->xattr_cap ? p->xattr_cap * 2 : 8;
        p->xattr = xreallocarray(p->xattr, p->xattr_cap, sizeof *p->xattr);
    }
    p->xattr[p->xattr_n++] = (struct tar_xattr){name, value};
}

// Sparse 0.0: offset and numbytes take turns, one pair an extent.
static int pair_get(struct tar_pax *p, struct str key, struct str value, struct err *e)
{
    bool offset = str_is(key, "GNU.sparse.offset");
    uint64_t v;
    if (offset == p->half || !str_u64(value, 0, INT64_MAX, &v))
        return bad_value(key, value, e);
    p->half = offset;
    p->has |= PAX_SPARSE_OFFSET;
    if (!offset)
        return tar_map_add(p->map, p->offset, v, e);
    p->offset = v;
    return 0;
}

static int record(struct tar_pax *p, struct str key, struct str value, bool global, struct err *e)
{
    static const char xattr[] = "SCHILY.xattr.";
    const struct key *k = find(key);
    bool pair = str_is(key, "GNU.sparse.offset") || str_is(key, "GNU.sparse.numbytes");
    if (global && (pair || (k && (k->bit & NEVER_GLOBAL)))) {
        char name[TAR_SHOWN];
        return err_set(e, ERR_PARSE, "pax record %s: not in a global header", tar_shown(key, name));
    }
    if (pair)
        return pair_get(p, key, value, e);
    if (str_has_prefix(key, xattr) && key.n > sizeof xattr - 1 && !global) {
        xattr_add(p, str_from(key, sizeof xattr - 1), value);
        return 0;
    }
    if (!k)
        return 0;
    p->has &= ~k->bit;
    p->unset |= k->bit;
    if (value.n == 0)
        return 0;
    if (!value_get(p, k, value))
        return bad_value(key, value, e);
    p->has |= k->bit;
    p->unset &= ~k->bit;
    return 0;
}

// Cuts "27 key=value\n" off *rest; the number counts all of it.
static bool cut(struct str *rest, struct str *key, struct str *value)
{
    size_t digits, equals;
    uint64_t n;
    if (!str_find(*rest, ' ', &digits) || !str_u64(str_head(*rest, digits), digits + 4, rest->n, &n))
        return false;
    struct str one = str_from(str_head(*rest, (size_t)n), digits + 1);
    if (one.p[one.n - 1] != '\n')
        return false;
    one.n--;
    if (!str_find(one, '=', &equals) || equals == 0 || str_has_nul(str_head(one, equals)))
        return false;
    *key = str_head(one, equals);
    *value = str_from(one, equals + 1);
    *rest = str_from(*rest, (size_t)n);
    return true;
}

int tar_pax_read(struct tar_pax *p, struct str body, bool global, struct err *e)
{
    for (struct str rest = body; rest.n;) {
        struct str key, value;
        if (!cut(&rest, &key, &value)) {
            char text[TAR_SHOWN];
            return err_set(e, ERR_PARSE, "pax header: no record of its stated length at byte %zu: %.60s",
                           body.n - rest.n, tar_shown(str_head(rest, rest.n < 40 ? rest.n : 40), text));
        }
        if (record(p, key, value, global, e) < 0)
            return -1;
    }
    if (p->half)
        return err_set(e, ERR_PARSE, "pax header: GNU.sparse.offset without GNU.sparse.numbytes");
    return 0;
}
