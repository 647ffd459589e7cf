// SPDX-License-Identifier: Apache-2.0
#include "cnb/binding.h"
#include "base/dir.h"
#include "base/file.h"
#include "base/limits.h"
#include "document/json.h"
#include <fcntl.h>
#include <strings.h>

enum { BINDINGS_MAX = 1000, ENTRIES_MAX = 1000, WORD_MAX = 1024 };

static struct cnb_binding *add(struct arena *a, struct cnb_bindings *list)
{
    list->v = arena_grow(a, list->v, list->n, &list->cap, sizeof *list->v);
    list->v[list->n] = (struct cnb_binding){0};
    return &list->v[list->n++];
}

static int read_file(struct arena *a, int root, struct str path, size_t max, struct str *out, struct err *e)
{
    drop_buf struct buf b = BUF_INIT(max);
    if (file_read(root, str_c(a, path), &b, e) < 0)
        return err_wrap(e, "binding");
    *out = str_dup(a, buf_view(&b));
    return 0;
}

// One trimmed line; an absent file leaves *out as it is.
static int read_word(struct arena *a, int root, struct str path, struct str *out, struct err *e)
{
    struct str text;
    if (dir_kind(root, str_c(a, path)) == DIR_ABSENT)
        return 0;
    if (read_file(a, root, path, WORD_MAX, &text, e) < 0)
        return -1;
    *out = str_trim(text);
    return 0;
}

static int read_entries(struct arena *a, int root, struct cnb_binding *b, bool legacy, struct err *e)
{
    struct strv names = {0};
    const char *dir = str_c(a, b->path);
    if (dir_kind(root, dir) != DIR_DIR)
        return 0; // metadata without secrets
    if (dir_names(a, root, dir, ENTRIES_MAX, &names, e) < 0)
        return err_wrap(e, "binding");
    for (size_t i = 0; i < names.n; i++) {
        struct str n = names.v[i];
        bool word = !legacy && (str_is(n, "type") || str_is(n, "provider"));
        // What is no file, a link that leads out say, is an entry that cannot be read: its reader says so.
        if (!word && !str_has_prefix(n, "..") &&
            dir_kind(root, str_c(a, path_join(a, b->path, n))) != DIR_DIR)
            strv_add(a, &b->entries, n);
    }
    return 0;
}

static int read_directory(struct arena *a, int root, struct cnb_binding *b, struct err *e)
{
    struct str meta = str_printf(a, PRI_STR "/metadata", STR_ARG(b->name));
    bool legacy = dir_kind(root, str_c(a, meta)) == DIR_DIR;
    struct str words = legacy ? meta : b->name;
    if (read_word(a, root, path_join(a, words, legacy ? STR("kind") : STR("type")), &b->type, e) < 0 ||
        read_word(a, root, path_join(a, words, STR("provider")), &b->provider, e) < 0)
        return -1;
    if (!b->type.n)
        return err_set(e, ERR_PARSE,
                       "binding " PRI_STR "/" PRI_STR ": has no type, want a file `type` that names it",
                       STR_ARG(b->root), STR_ARG(b->name));
    b->path = legacy ? str_printf(a, PRI_STR "/secret", STR_ARG(b->name)) : b->name;
    return read_entries(a, root, b, legacy, e);
}

static int read_root(struct arena *a, struct str path, struct cnb_bindings *out, struct err *e)
{
    drop_fd int root = -1;
    struct err own = {0};
    struct strv names = {0};
    if (path_open_host(str_c(a, path), O_RDONLY | O_DIRECTORY, 0, &root, &own) < 0) {
        if (own.code == ERR_NOT_FOUND)
            return 0;
        if (e)
            *e = own;
        return err_wrap(e, "bindings");
    }
    if (dir_names(a, root, ".", BINDINGS_MAX, &names, e) < 0)
        return err_wrap(e, "bindings " PRI_STR, STR_ARG(path));
    for (size_t i = 0; i < names.n; i++) {
        enum dir_kind kind = names.v[i].p[0] == '.' ? DIR_FILE : dir_kind(root, names.v[i].p);
        if (kind == DIR_OTHER)
            strv_add(a, &out->outside, path_join(a, path, names.v[i]));
        if (kind != DIR_DIR)
            continue;
        struct cnb_binding *b = add(a, out);
        b->name = names.v[i];
        b->root = path;
        if (read_directory(a, root, b, e) < 0)
            return -1;
    }
    return 0;
}

static const char vcap[] = "VCAP_SERVICES";

static int vcap_wrong(const struct val *v, const char *key, const char *wanted, struct err *e)
{
    struct err_at at;
    val_where(v, vcap, key, &at);
    return err_doc(e, &at, "found %s, wanted %s", val_kind_name(v->kind), wanted);
}

// A member that is text; absent is empty.
static int vcap_text(const struct val *service, struct str key, struct str *out, struct err *e)
{
    const struct val *v = val_get(service, key);
    if (!v || v->kind == VAL_NULL)
        return 0;
    if (v->kind != VAL_STR)
        return vcap_wrong(v, key.p, "text", e);
    *out = v->s;
    return 0;
}

static int vcap_service(struct arena *a, struct str label, const struct val *service,
                        struct cnb_bindings *out, struct err *e)
{
    if (service->kind != VAL_MAP)
        return vcap_wrong(service, label.p, "a service", e);
    struct cnb_binding *b = add(a, out);
    b->type = label;
    if (vcap_text(service, STR("name"), &b->name, e) < 0 ||
        vcap_text(service, STR("provider"), &b->provider, e) < 0)
        return -1;
    b->values = val_get(service, STR("credentials"));
    if (!b->values || b->values->kind == VAL_NULL)
        return 0;
    if (b->values->kind != VAL_MAP)
        return vcap_wrong(b->values, "credentials", "a table", e);
    for (size_t i = 0; i < b->values->c.n; i++)
        strv_add(a, &b->entries, b->values->c.key[i]);
    return 0;
}

static int read_vcap(struct arena *a, struct str text, struct cnb_bindings *out, struct err *e)
{
    struct val *doc;
    if (json_read(a, text, vcap, &doc, e) < 0)
        return -1;
    if (doc->kind != VAL_MAP)
        return vcap_wrong(doc, "", "a table of services", e);
    for (size_t i = 0; i < doc->c.n; i++) {
        const struct val *list = &doc->c.v[i];
        if (list->kind != VAL_LIST)
            return vcap_wrong(list, doc->c.key[i].p, "a list of services", e);
        for (size_t j = 0; j < list->c.n; j++)
            if (vcap_service(a, doc->c.key[i], &list->c.v[j], out, e) < 0)
                return -1;
    }
    return 0;
}

int cnb_bindings_read(struct arena *a, const struct strmap *env, struct str platform_dir,
                      struct cnb_bindings *out, struct err *e)
{
    static const struct str roots[] = {STR_INIT(BINDING_ROOT), STR_INIT("CNB_BINDINGS")};
    struct cnb_bindings list = {0};
    const struct str *set = strmap_get(env, str_of(vcap));
    int rc = 0;
    if (set && set->n) {
        rc = read_vcap(a, *set, &list, e);
    } else {
        struct str root =
            platform_dir.n ? str_printf(a, PRI_STR "/bindings", STR_ARG(platform_dir)) : STR("");
        for (size_t i = COUNT(roots); i-- > 0;)
            if ((set = strmap_get(env, roots[i])) && set->n)
                root = *set;
        rc = root.n ? read_root(a, root, &list, e) : 0;
    }
    if (rc == 0)
        *out = list;
    return rc;
}

bool cnb_binding_is(const struct cnb_binding *b, const char *type)
{
    return b->type.n == strlen(type) && strncasecmp(b->type.p, type, b->type.n) == 0;
}

static int vcap_value(struct arena *a, const struct cnb_binding *b, struct str entry, struct str *out,
                      struct err *e)
{
    const struct val *v = b->values ? val_get(b->values, entry) : NULL;
    if (!v)
        return err_set(e, ERR_NOT_FOUND, "binding " PRI_STR ": has no entry " PRI_STR, STR_ARG(b->name),
                       STR_ARG(entry));
    if (v->kind == VAL_STR) {
        *out = v->s;
        return 0;
    }
    drop_buf struct buf text = BUF_INIT(LIMIT_DOCUMENT);
    json_write(v, JSON_PLAIN, &text);
    if (buf_finish(&text, "binding", e) < 0)
        return -1;
    *out = str_dup(a, buf_view(&text));
    return 0;
}

int cnb_binding_value(struct arena *a, const struct cnb_binding *b, struct str entry, struct str *out,
                      struct err *e)
{
    drop_fd int root = -1;
    if (!b->root.n)
        return vcap_value(a, b, entry, out, e);
    if (path_open_host(str_c(a, b->root), O_RDONLY | O_DIRECTORY, 0, &root, e) < 0)
        return err_wrap(e, "bindings");
    return read_file(a, root, path_join(a, b->path, entry), LIMIT_DOCUMENT, out, e);
}

// `left`: bytes that all entries together may still have.
static int copy_file(struct arena *a, int dirfd, struct str path, struct str text, uint64_t *left,
                     struct err *e)
{
    if (text.n > *left)
        return err_set(e, ERR_LIMIT, PRI_STR ": all bindings together have more than %ju bytes",
                       STR_ARG(path), (uintmax_t)LIMIT_BINDINGS);
    *left -= text.n;
    return file_place(dirfd, str_c(a, path), 0644, text, e);
}

static int copy_binding(struct arena *a, const struct cnb_binding *b, int dirfd, uint64_t *left,
                        struct err *e)
{
    bool legacy = !str_eq(b->path, b->name);
    struct str words = legacy ? path_join(a, b->name, STR("metadata")) : b->name;
    if (path_mkdirs(dirfd, str_c(a, words), 0755, e) < 0 ||
        path_mkdirs(dirfd, str_c(a, b->path), 0755, e) < 0 ||
        copy_file(a, dirfd, path_join(a, words, legacy ? STR("kind") : STR("type")), b->type, left, e) < 0)
        return -1;
    if (b->provider.n && copy_file(a, dirfd, path_join(a, words, STR("provider")), b->provider, left, e) < 0)
        return -1;
    for (size_t i = 0; i < b->entries.n; i++) {
        struct str value;
        if (cnb_binding_value(a, b, b->entries.v[i], &value, e) < 0 ||
            copy_file(a, dirfd, path_join(a, b->path, b->entries.v[i]), value, left, e) < 0)
            return -1;
    }
    return 0;
}

int cnb_bindings_copy(struct arena *a, const struct cnb_bindings *in, int dirfd, struct err *e)
{
    uint64_t left = LIMIT_BINDINGS;
    if (in->outside.n)
        return err_set(e, ERR_DENIED,
                       "binding " PRI_STR ": is neither folder nor file, or a link that leads out of there",
                       STR_ARG(in->outside.v[0]));
    for (size_t i = 0; i < in->n; i++)
        if (copy_binding(a, &in->v[i], dirfd, &left, e) < 0)
            return -1;
    return 0;
}

struct str cnb_binding_file(struct arena *a, const struct cnb_binding *b, struct str entry)
{
    if (!b->root.n)
        return STR("");
    return path_join(a, b->root, path_join(a, b->path, entry));
}
