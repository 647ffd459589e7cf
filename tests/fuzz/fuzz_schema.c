// SPDX-License-Identifier: Apache-2.0
// The bytes choose tables (rows, kinds, flags, API versions), a struct of exactly their size, and a document.
// What is read is written, read again and written again: the two written trees are equal. A refused document
// leaves the struct alone and says where.
#include "document/schema.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { TABLES_MAX = 4, ROWS_MAX = 8, DEPTH_MAX = 6, CHILDREN_MAX = 6 };

struct bytes {
    const uint8_t *p;
    size_t n;
};

static unsigned next(struct bytes *b, unsigned below)
{
    if (!b->n)
        return 0;
    b->n--;
    return *b->p++ % below;
}

static const char *const names[] = {"a", "b", "c", "d", "e", "f", "g", "h", "i", "j"};

static const size_t kind_sizes[] = {
    [F_BOOL] = sizeof(bool),
    [F_INT] = sizeof(int64_t),
    [F_STR] = sizeof(struct str),
    [F_STRV] = sizeof(struct strv),
    [F_STRMAP] = sizeof(struct strmap),
    [F_VAL] = sizeof(struct val *),
    [F_STRUCTV] = sizeof(void *) + sizeof(size_t),
    [F_HOOK] = sizeof(struct str),
};

static int hook_read(struct decode *d, const struct val *v, void *at, struct err *e)
{
    static const struct field as = {.kind = F_STR};
    struct strv list;
    if (v->kind != VAL_LIST)
        return doc_read_as(d, &as, v, at, e);
    static const struct field as_list = {.kind = F_STRV};
    if (doc_read_as(d, &as_list, v, &list, e) < 0)
        return -1;
    if (list.n == 0)
        return doc_fail(d, v, e, "an empty list");
    *(struct str *)at = list.v[0];
    return 0;
}

static int hook_write(const struct doc *doc, const void *at, struct val *out, struct err *e)
{
    const struct str *s = at;
    if (s->n == 2)
        return err_set(e, ERR_USAGE, "two bytes");
    if (s->n)
        val_set_str(out, str_dup(doc->a, *s));
    return 0;
}

static void make_row(struct bytes *b, const struct schema *subs, size_t n_subs, struct field *f)
{
    *f = (struct field){
        .toml = names[next(b, COUNT(names))], .kind = next(b, F_KIND_MAX_), .flags = (uint16_t)next(b, 64)};
    f->flags &= (uint16_t)~KEEP_UNKNOWN;
    if (next(b, 4) == 0)
        f->json = names[next(b, COUNT(names))];
    if (next(b, 4) == 0)
        f->alias = names[next(b, COUNT(names))];
    if (next(b, 4) == 0) {
        f->since = (uint16_t)next(b, 4);
        f->until = (uint16_t)next(b, 6);
    }
    if ((f->kind == F_STRUCT || f->kind == F_STRUCTV) && !n_subs)
        f->kind = F_STR;
    if (f->kind == F_STRUCT || f->kind == F_STRUCTV)
        f->sub = &subs[next(b, (unsigned)n_subs)];
    if (f->kind == F_HOOK) {
        f->read = hook_read;
        f->write = hook_write;
        f->flags &= (uint16_t)~REQUIRED; // it may write nothing
    }
    if (f->flags & REQUIRED)
        f->flags &= (uint16_t)~EMPTY_NULL; // null is no value for a required key
}

// A name or an alias that says two rows at once is a mistake of the table, not of the document.
static bool is_taken(const struct field *rows, size_t n, const struct field *f)
{
    const char *mine[] = {f->toml, f->json ? f->json : f->toml, f->alias};
    for (size_t i = 0; i < n; i++) {
        const char *theirs[] = {rows[i].toml, rows[i].json ? rows[i].json : rows[i].toml, rows[i].alias};
        for (size_t m = 0; m < COUNT(mine); m++)
            for (size_t t = 0; t < COUNT(theirs); t++)
                if (mine[m] && theirs[t] && strcmp(mine[m], theirs[t]) == 0)
                    return true;
    }
    return false;
}

static size_t align(size_t n)
{
    return (n + 7) & ~(size_t)7;
}

static void make_schema(struct bytes *b, struct arena *a, const struct schema *subs, size_t n_subs,
                        struct schema *s)
{
    struct field *rows = ARENA_ARRAY(a, struct field, ROWS_MAX + 1);
    size_t n = 0, wanted = next(b, ROWS_MAX + 1);
    *s = (struct schema){.name = "t", .field = rows};
    for (size_t i = 0; i < wanted; i++) {
        make_row(b, subs, n_subs, &rows[n]);
        if (is_taken(rows, n, &rows[n]))
            continue;
        rows[n].off = (uint32_t)s->size;
        s->size = align(s->size + (rows[n].kind == F_STRUCT ? rows[n].sub->size : kind_sizes[rows[n].kind]));
        n++;
    }
    rows[n] = (struct field){0};
    if (next(b, 2)) {
        rows[n++] = (struct field){.kind = F_VAL, .flags = KEEP_UNKNOWN, .off = (uint32_t)s->size};
        s->size += sizeof(struct val *);
    }
    s->n = n;
    s->size = s->size ? s->size : 8;
}

static void make_val(struct bytes *b, struct arena *a, struct val *v, unsigned depth)
{
    static const struct str texts[] = {STR_INIT(""), STR_INIT("x"), STR_INIT("yy"), STR_INIT("n\0l"),
                                       STR_INIT("long text")};
    unsigned kind = next(b, VAL_KIND_MAX_ + 4); // containers more often
    v->line = v->col = 1;
    if (kind == VAL_BOOL) {
        val_set_bool(v, next(b, 2));
    } else if (kind == VAL_INT) {
        val_set_int(v, next(b, 3));
    } else if (kind == VAL_STR || kind == VAL_NUM || kind == VAL_TIME) {
        val_set_str(v, texts[next(b, COUNT(texts))]);
        v->kind = (enum val_kind)kind;
    } else if (kind == VAL_LIST || kind == VAL_KIND_MAX_) {
        val_set_list(v);
        for (unsigned n = depth < DEPTH_MAX ? next(b, CHILDREN_MAX) : 0; n; n--)
            make_val(b, a, val_add(a, v), depth + 1);
    } else if (kind > VAL_LIST) {
        val_set_map(v);
        for (unsigned n = depth < DEPTH_MAX ? next(b, CHILDREN_MAX * 2) : 0; n; n--) {
            struct val *child = val_put(a, v, str_of(names[next(b, COUNT(names))]));
            if (child->kind == VAL_NULL)
                make_val(b, a, child, depth + 1);
        }
    }
}

static void count(struct events *self, const struct event *ev)
{
    (void)self;
    if (ev->kind != EV_WARN || !ev->at || !ev->text.n)
        BUG("a warning without its place");
}

static void check_again(const struct doc *doc, const struct schema *s, const struct val *first)
{
    struct err e = {0};
    char text[1024];
    struct val *second;
    drop_free char *out = xcalloc(1, s->size);
    if (doc_read(doc, s, first, out, &e) < 0)
        BUG(err_text(&e, text, sizeof text));
    if (doc_write(doc, s, out, &second, &e) < 0)
        BUG(err_text(&e, text, sizeof text));
    if (!val_eq(first, second))
        BUG("written twice, it differs");
}

static void one(const struct doc *doc, const struct schema *s, const struct val *v)
{
    struct err e = {0};
    struct val *written;
    drop_free char *out = xcalloc(1, s->size), *zero = xcalloc(1, s->size);
    if (doc_read(doc, s, v, out, &e) < 0) {
        if (e.code != ERR_PARSE || !e.at.line || memcmp(out, zero, s->size) != 0)
            BUG("refused without a place, or with an output");
        return;
    }
    if (doc_write(doc, s, out, &written, &e) < 0) {
        if (e.code != ERR_USAGE)
            BUG("not written for another reason");
        return;
    }
    check_again(doc, s, written);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    drop_(arena_free) struct arena *a = arena_new(4096);
    struct bytes b = {data, size};
    struct events events = {count};
    struct doc doc = {
        .names = next(&b, 2) ? NAMES_JSON : NAMES_TOML, .api = (uint16_t)next(&b, 6), .a = a, .ev = &events};
    struct schema s[TABLES_MAX];
    size_t n = 1 + next(&b, TABLES_MAX);
    for (size_t i = 0; i < n; i++)
        make_schema(&b, a, s, i, &s[i]);
    struct val root = {0};
    make_val(&b, a, &root, 0);
    one(&doc, &s[n - 1], &root);
    return 0;
}
