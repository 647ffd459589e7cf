// SPDX-License-Identifier: Apache-2.0
#include "fake.h"
#include "document/toml.h"

static struct fake *of(struct kit_world *w)
{
    return CONTAINER(w, struct fake, base);
}

static bool is_below(struct str path, struct str dir)
{
    return str_is(dir, ".") || (path.n > dir.n && path_is_within(path, dir));
}

static enum dir_kind kind(struct kit_world *w, struct str path)
{
    if (str_is(path, "."))
        return DIR_DIR;
    if (map_find(&of(w)->files, path))
        return DIR_FILE;
    for (size_t i = 0; i < of(w)->files.n; i++)
        if (is_below(of(w)->files.v[i].key, path))
            return DIR_DIR;
    return DIR_ABSENT;
}

static int read_file(struct kit_world *w, struct str path, struct buf *out, struct err *e)
{
    const struct str *text = strmap_get(&of(w)->files, path);
    if (!text)
        return err_set(e, ERR_NOT_FOUND, PRI_STR ": not there", STR_ARG(path));
    buf_str(out, *text);
    return buf_finish(out, "file", e);
}

static int names(struct kit_world *w, struct arena *a, struct str path, struct strv *out, struct err *e)
{
    (void)e;
    for (size_t i = 0; i < of(w)->files.n; i++) {
        struct str file = of(w)->files.v[i].key, name;
        if (!is_below(file, path))
            continue;
        struct str rest = str_is(path, ".") ? file : str_from(file, path.n + 1);
        if (str_cut(&rest, '/', &name) && !strv_has(out, name))
            strv_add(a, out, name);
    }
    strv_sort(out);
    return 0;
}

static int digest(struct kit_world *w, struct str path, struct digest *out, struct err *e)
{
    drop_buf struct buf all = BUF_INIT(1 << 20);
    for (size_t i = 0; i < of(w)->files.n; i++) {
        const struct map_entry *f = &of(w)->files.v[i];
        if (str_eq(f->key, path) || is_below(f->key, path))
            buf_printf(&all, PRI_STR "=" PRI_STR "\n", STR_ARG(f->key), STR_ARG(f->val));
    }
    digest_of(HASH_SHA256, all.p ? all.p : "", all.n, out);
    return buf_finish(&all, "digest", e);
}

static int layer(struct kit_world *w, struct arena *a, struct str id, struct str name, struct kit_layer *out,
                 struct err *e)
{
    struct str key = id.n ? str_printf(a, PRI_STR ":" PRI_STR, STR_ARG(id), STR_ARG(name)) : name;
    const struct str *text = strmap_get(&of(w)->layers, key);
    struct val *read = NULL;
    if (text && toml_read(a, *text, "layer.toml", &read, e) < 0)
        return -1;
    *out = (struct kit_layer){read, strv_has(&of(w)->filled, key)};
    return 0;
}

static int ask(struct kit_world *w, struct facts *f, const struct rc_fact *row, struct strmap *out,
               struct err *e)
{
    (void)f;
    (void)row;
    (void)e;
    for (size_t i = 0; i < of(w)->answers.n; i++)
        strmap_set(of(w)->a, out, of(w)->answers.v[i].key, of(w)->answers.v[i].val);
    return 0;
}

static int helpers(struct kit_world *w, struct digest *out, struct err *e)
{
    (void)w;
    (void)e;
    digest_of(HASH_SHA256, "helpers", 7, out);
    return 0;
}

void fake_init(struct fake *f, struct arena *a)
{
    static const struct kit_world_ops ops = {kind, read_file, names, digest, layer, ask, helpers};
    *f = (struct fake){.base = {&ops}, .a = a};
}
