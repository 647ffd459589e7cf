// SPDX-License-Identifier: Apache-2.0
// The conditions of `when`, and the look into files that they share with the sources of facts.
#include "base/glob.h"
#include "base/limits.h"
#include "document/json.h"
#include "document/toml.h"
#include "kit/facts.h"
#include "kit/text.h"

int facts_match(struct facts *f, struct str pattern, enum dir_kind wanted, struct strv *out, struct err *e)
{
    struct kit_world *w = f->in->world;
    struct str last = path_base(pattern), dir = path_dir(pattern);
    struct strv names = {0}, found = {0};
    if (glob_is_plain(last)) {
        if (w->ops->kind(w, pattern) == wanted)
            strv_add(f->a, &found, pattern);
        *out = found;
        return 0;
    }
    if (w->ops->kind(w, dir) == DIR_DIR && w->ops->names(w, f->a, dir, &names, e) < 0)
        return -1;
    for (size_t i = 0; i < names.n; i++) {
        struct str path = str_is(dir, ".") ? names.v[i] : path_join(f->a, dir, names.v[i]);
        enum glob hit = glob_match(last, names.v[i], e);
        if (hit == GLOB_ERROR)
            return -1;
        if (hit == GLOB_YES && w->ops->kind(w, path) == wanted)
            strv_add(f->a, &found, path);
    }
    *out = found;
    return 0;
}

int facts_document(struct facts *f, struct str path, bool json, const struct val **out, struct err *e)
{
    struct kit_world *w = f->in->world;
    const struct map_entry *known = map_find(&f->documents[json], path);
    if (known) {
        *out = known->ptr;
        return 0;
    }
    struct val *doc = NULL;
    if (w->ops->kind(w, path) == DIR_FILE) {
        drop_buf struct buf text = BUF_INIT(LIMIT_DOCUMENT);
        const char *file = str_c(f->a, path);
        if (w->ops->read(w, path, &text, e) < 0)
            return -1;
        if ((json ? json_read(f->a, buf_view(&text), file, &doc, e)
                  : toml_read(f->a, buf_view(&text), file, &doc, e)) < 0)
            return -1;
        if (doc->kind != VAL_MAP) {
            struct err_at at;
            val_where(doc, file, "", &at);
            return err_doc(e, &at, "found %s, wanted %s", val_kind_name(doc->kind), val_kind_name(VAL_MAP));
        }
    }
    map_put(f->a, &f->documents[json], path)->ptr = doc;
    *out = doc;
    return 0;
}

// A dot parts, but not inside `${…}`; facts are put in behind, so that one with a dot in it stays one part.
static struct str cut_part(struct str *path)
{
    bool inside = false;
    size_t end;
    if (path->n > 1 && path->p[0] == '"' && str_find(str_from(*path, 1), '"', &end)) { // as it is: "."
        struct str part = {path->p + 1, end};
        size_t used = end + 2 + (end + 2 < path->n); // and the dot behind it
        *path = str_from(*path, used);
        return part;
    }
    for (size_t i = 0; i < path->n; i++) {
        struct str part = str_head(*path, i);
        if (path->p[i] == '{')
            inside = true;
        else if (path->p[i] == '}')
            inside = false;
        if (path->p[i] != '.' || inside)
            continue;
        *path = str_from(*path, i + 1);
        return part;
    }
    struct str part = *path;
    *path = STR("");
    return part;
}

int facts_value_at(struct facts *f, const struct rc_row *row, const struct val *doc, struct str path,
                   const struct val **out, struct err *e)
{
    struct str key;
    while (doc && path.n) {
        struct str part = cut_part(&path);
        if (facts_fill(f, row, "path", part, &key, e) < 0)
            return -1;
        doc = val_get(doc, key);
    }
    *out = doc && doc->kind != VAL_NULL ? doc : NULL;
    return 0;
}

int facts_check_text(struct facts *f, const struct rc_row *row, const struct val *doc, struct str file,
                     struct str path, struct err *e)
{
    struct str key, way = STR("");
    struct err_at at;
    for (;;) {
        bool last = !path.n;
        if (!doc || doc->kind == VAL_NULL || doc->kind == (last ? VAL_STR : VAL_MAP)) {
            if (!doc || last || doc->kind == VAL_NULL)
                return 0;
        } else {
            val_where(doc, str_c(f->a, file), str_c(f->a, way), &at);
            return err_doc(e, &at, "found %s, wanted %s", val_kind_name(doc->kind),
                           last ? "text" : val_kind_name(VAL_MAP));
        }
        if (facts_fill(f, row, "path", cut_part(&path), &key, e) < 0)
            return -1;
        way = str_printf(f->a, PRI_STR "%s" PRI_STR, STR_ARG(way), way.n ? "." : "", STR_ARG(key));
        doc = val_get(doc, key);
    }
}

bool facts_value_text(struct arena *a, const struct val *v, struct str *out)
{
    drop_buf struct buf list = BUF_INIT(FACT_MAX);
    switch (v->kind) {
    case VAL_STR:
    case VAL_NUM:
    case VAL_TIME:
        *out = v->s;
        return !str_has_nul(v->s);
    case VAL_INT:
        *out = str_printf(a, "%jd", (intmax_t)v->i);
        return true;
    case VAL_BOOL:
        *out = v->b ? STR("true") : STR("false");
        return true;
    case VAL_LIST:
        for (size_t i = 0; i < v->c.n; i++) {
            if (v->c.v[i].kind != VAL_STR || str_has_nul(v->c.v[i].s))
                return false;
            buf_printf(&list, "%s" PRI_STR, i ? "," : "", STR_ARG(v->c.v[i].s));
        }
        *out = str_dup(a, buf_view(&list));
        return !list.over;
    case VAL_NULL:
    case VAL_MAP:
    case VAL_KIND_MAX_:
        return false;
    }
    return false;
}

static int if_env(struct facts *f, const struct rc_row *row, const struct rc_cond *c, bool *holds,
                  struct err *e)
{
    struct str name;
    if (facts_fill(f, row, "when.env", c->env, &name, e) < 0)
        return -1;
    if (str_has_suffix(name, "*")) {
        struct str prefix = str_head(name, name.n - 1);
        for (size_t i = 0; i < f->in->env->n; i++) {
            struct str key = f->in->env->v[i].key;
            *holds |= key.n > prefix.n && memcmp(key.p, prefix.p, prefix.n) == 0;
        }
        return 0;
    }
    const struct str *value = strmap_get(f->in->env, name);
    *holds = value && (c->is.p || value->n);
    if (*holds && c->is.p) {
        struct str is;
        if (facts_fill(f, row, "when.is", c->is, &is, e) < 0)
            return -1;
        *holds = str_eq(*value, is);
    }
    return 0;
}

static int if_document(struct facts *f, const struct rc_row *row, const struct rc_cond *c, bool *holds,
                       struct err *e)
{
    const struct val *v;
    struct str path, text, is;
    bool json = c->json.p;
    if (facts_path(f, row, json ? "when.json" : "when.toml", json ? c->json : c->toml, &path, e) < 0 ||
        facts_document(f, path, json, &v, e) < 0 || facts_value_at(f, row, v, c->path, &v, e) < 0)
        return -1;
    *holds = v != NULL;
    if (v && c->is.p) {
        if (facts_fill(f, row, "when.is", c->is, &is, e) < 0)
            return -1;
        *holds = facts_value_text(f->a, v, &text) && str_eq(text, is);
    }
    return 0;
}

static int if_fact(struct facts *f, const struct rc_row *row, const struct rc_cond *c, bool *holds,
                   struct err *e)
{
    struct str value, text;
    if (fact_find(f, c->fact, holds, &value, e) < 0)
        return -1;
    if (!*holds)
        return 0;
    if (c->is.p) {
        if (facts_fill(f, row, "when.is", c->is, &text, e) < 0)
            return -1;
        *holds = str_eq(value, text);
    } else {
        *holds = value.n > 0;
    }
    if (c->contains.p) {
        if (facts_fill(f, row, "when.contains", c->contains, &text, e) < 0)
            return -1;
        *holds = *holds && memmem(value.p, value.n, text.p, text.n) != NULL;
    }
    if (c->plain)
        *holds = *holds && !text_needs_shell(value);
    return 0;
}

static int if_path(struct facts *f, const struct rc_row *row, const struct rc_cond *c, bool *holds,
                   struct err *e)
{
    struct str path;
    struct strv found;
    bool file = c->file.p;
    if (facts_path(f, row, file ? "when.file" : "when.folder", file ? c->file : c->folder, &path, e) < 0 ||
        facts_match(f, path, file ? DIR_FILE : DIR_DIR, &found, e) < 0)
        return -1;
    *holds = found.n > 0;
    return 0;
}

static int if_name(struct facts *f, const struct rc_row *row, const struct rc_cond *c, bool *holds,
                   struct err *e)
{
    struct str name;
    bool build, launch;
    if (facts_fill(f, row, c->plan.p ? "when.plan" : "when.binding", c->plan.p ? c->plan : c->binding, &name,
                   e) < 0)
        return -1;
    if (c->plan.p) {
        *holds = facts_planned(f, name, &build, &launch) && (!c->build || build) && (!c->launch || launch);
        return 0;
    }
    for (size_t i = 0; f->in->bindings && i < f->in->bindings->n; i++)
        *holds |= cnb_binding_is(&f->in->bindings->v[i], str_c(f->a, name));
    return 0;
}

int facts_when(struct facts *f, const struct rc_row *row, bool *holds, struct err *e)
{
    for (size_t i = 0; i < row->when.n; i++) {
        const struct rc_cond *c = &row->when.v[i];
        bool so = false;
        int rc = c->env.p                   ? if_env(f, row, c, &so, e)
                 : c->json.p || c->toml.p   ? if_document(f, row, c, &so, e)
                 : c->fact.p                ? if_fact(f, row, c, &so, e)
                 : c->file.p || c->folder.p ? if_path(f, row, c, &so, e)
                                            : if_name(f, row, c, &so, e);
        if (rc < 0)
            return -1;
        if (so == c->absent) {
            *holds = false;
            return 0;
        }
    }
    *holds = true;
    return 0;
}
