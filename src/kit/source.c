// SPDX-License-Identifier: Apache-2.0
// Where facts come from, what is done with them, and what they must be.
#include "base/limits.h"
#include "kit/facts.h"
#include "version/constraint.h"

// A value on its way to a fact.
struct found {
    bool there;
    struct str value;
    const char *from; // for errors: "BP_NODE_VERSION", "package.json: engines.node"
};

static void has(struct found *o, struct str value, const char *from)
{
    *o = (struct found){true, value, from};
}

static int from_env(struct facts *f, const struct rc_fact *r, struct found *o, struct err *e)
{
    struct str name;
    if (facts_fill(f, &r->row, "env", r->env, &name, e) < 0)
        return -1;
    const struct str *value = strmap_get(f->in->env, name);
    if (value && value->n)
        has(o, *value, str_c(f->a, name));
    return 0;
}

static int from_value(struct facts *f, const struct rc_fact *r, struct found *o, struct err *e)
{
    struct str value;
    if (facts_fill(f, &r->row, "value", r->value, &value, e) < 0)
        return -1;
    has(o, value, str_c(f->a, r->name));
    return 0;
}

static int from_file(struct facts *f, const struct rc_fact *r, struct found *o, struct err *e)
{
    struct kit_world *w = f->in->world;
    struct str path, rest, line;
    drop_buf struct buf text = BUF_INIT(LIMIT_DOCUMENT);
    if (facts_path(f, &r->row, "file", r->file, &path, e) < 0)
        return -1;
    if (w->ops->kind(w, path) != DIR_FILE)
        return 0;
    if (w->ops->read(w, path, &text, e) < 0)
        return -1;
    rest = buf_view(&text);
    for (uint32_t n = 1; str_next_line(&rest, &line); n++) {
        struct err_at at = {.line = n};
        size_t bad;
        line = str_trim(line);
        if (!line.n || line.p[0] == '#')
            continue;
        err_at_file(&at, str_c(f->a, path));
        if (str_has_nul(line) || !str_utf8(line, &bad) || line.n > FACT_MAX)
            return err_doc(e, &at, "the line is no text of at most %d bytes", FACT_MAX);
        has(o, str_dup(f->a, line), str_c(f->a, path));
        return 0;
    }
    return 0;
}

static int take_value(struct facts *f, const struct val *v, const char *file, struct str path,
                      struct found *o, struct err *e)
{
    struct str text;
    struct err_at at;
    if (!v)
        return 0;
    val_where(v, file, str_c(f->a, path), &at);
    if (!facts_value_text(f->a, v, &text))
        return err_doc(e, &at, "found %s, wanted text", val_kind_name(v->kind));
    if (text.n)
        has(o, text, arena_printf(f->a, "%s: " PRI_STR, file, STR_ARG(path)));
    return 0;
}

static int from_document(struct facts *f, const struct rc_fact *r, struct found *o, struct err *e)
{
    const struct val *v;
    struct str file, path, text;
    bool json = r->json.p;
    if (facts_path(f, &r->row, json ? "json" : "toml", json ? r->json : r->toml, &file, e) < 0 ||
        facts_document(f, file, json, &v, e) < 0)
        return -1;
    if (str_is(r->kind, "text") && facts_check_text(f, &r->row, v, file, r->path, e) < 0)
        return -1;
    if (facts_value_at(f, &r->row, v, r->path, &v, e) < 0)
        return -1;
    if (!v)
        return 0;
    if (facts_fill(f, &r->row, "path", r->path, &path, e) < 0)
        return -1;
    if (r->dflt.p && !facts_value_text(f->a, v, &text)) // others' documents may have something else there
        return 0;
    return take_value(f, v, str_c(f->a, file), path, o, e);
}

static int from_exists(struct facts *f, const struct rc_fact *r, struct found *o, struct err *e)
{
    for (size_t i = 0; i < r->exists.n; i++) {
        struct str path;
        struct strv found;
        bool known;
        if (facts_known(f, r->exists.v[i], &known, e) < 0)
            return -1;
        if (!known)
            continue;
        if (facts_path(f, &r->row, "exists", r->exists.v[i], &path, e) < 0 ||
            facts_match(f, path, DIR_FILE, &found, e) < 0)
            return -1;
        if (found.n) {
            has(o, found.v[0], str_c(f->a, r->name));
            return 0;
        }
    }
    return 0;
}

static int from_plan(struct facts *f, const struct rc_fact *r, struct found *o, struct err *e)
{
    struct str name;
    if (facts_fill(f, &r->row, "plan", r->plan, &name, e) < 0)
        return -1;
    for (size_t i = 0; f->in->plan && i < f->in->plan->n && !o->there; i++) {
        const struct plan_require *q = &f->in->plan->v[i];
        const struct val *v;
        if (!str_eq(q->name, name))
            continue;
        if (facts_value_at(f, &r->row, q->metadata, r->path, &v, e) < 0 ||
            take_value(f, v, "build plan", r->path, o, e) < 0)
            return -1;
    }
    return 0;
}

static int from_binding(struct facts *f, const struct rc_fact *r, struct found *o, struct err *e)
{
    struct str type, entry;
    const struct cnb_binding *only = NULL;
    if (facts_fill(f, &r->row, "binding", r->binding, &type, e) < 0 ||
        facts_fill(f, &r->row, "path", r->path, &entry, e) < 0)
        return -1;
    for (size_t i = 0; f->in->bindings && i < f->in->bindings->n; i++) {
        const struct cnb_binding *b = &f->in->bindings->v[i];
        if (!cnb_binding_is(b, str_c(f->a, type)))
            continue;
        if (only)
            return facts_wrong(f, &r->row, "binding", e,
                               "\"" PRI_STR "\" and \"" PRI_STR "\" are both bindings of type " PRI_STR
                               ": one is wanted",
                               STR_ARG(only->name), STR_ARG(b->name), STR_ARG(type));
        only = b;
    }
    if (!only || !strv_has(&only->entries, entry))
        return 0;
    struct str file = cnb_binding_file(f->a, only, entry);
    if (!file.n)
        return facts_wrong(f, &r->row, "binding", e, "the binding " PRI_STR " is not made of files",
                           STR_ARG(only->name));
    has(o, file, str_c(f->a, r->name));
    return 0;
}

static int from_layer(struct facts *f, const struct rc_fact *r, struct found *o, struct err *e)
{
    struct kit_world *w = f->in->world;
    struct str of;
    size_t colon;
    const struct val *v;
    struct kit_layer found;
    if (facts_fill(f, &r->row, "layer", r->layer, &of, e) < 0)
        return -1;
    if (!str_find_last(of, ':', &colon) || !colon || !layer_name_ok(str_from(of, colon + 1)))
        return facts_wrong(f, &r->row, "layer", e, "\"" PRI_STR "\" is no BUILDPACK:LAYER", STR_ARG(of));
    if (f->in->phase == KIT_DETECT)
        return 0;
    if (w->ops->layer(w, f->a, str_head(of, colon), str_from(of, colon + 1), &found, e) < 0 ||
        facts_value_at(f, &r->row, found.doc, r->path, &v, e) < 0)
        return -1;
    return take_value(f, v, str_c(f->a, of), r->path, o, e);
}

// `call` and `run` give facts NAME.KEY.
static int from_asking(struct facts *f, const struct rc_fact *r, struct err *e)
{
    struct kit_world *w = f->in->world;
    struct strmap answer = {0};
    if (w->ops->ask(w, f, r, &answer, e) < 0)
        return -1;
    for (size_t i = 0; i < answer.n; i++)
        strmap_set(f->a, &f->values,
                   str_printf(f->a, PRI_STR "." PRI_STR, STR_ARG(r->name), STR_ARG(answer.v[i].key)),
                   answer.v[i].val);
    return 0;
}

static struct str after_version_part(struct str s, int parts)
{
    for (size_t i = 0; i < s.n; i++)
        if (s.p[i] == '.' && --parts == 0)
            return str_head(s, i);
    return s;
}

static struct str transformed(struct arena *a, struct str how, struct str s)
{
    size_t at;
    if (str_is(how, "strip-v"))
        return s.n > 1 && (s.p[0] == 'v' || s.p[0] == 'V') && s.p[1] >= '0' && s.p[1] <= '9' ? str_from(s, 1)
                                                                                             : s;
    if (str_is(how, "major"))
        return after_version_part(s, 1);
    if (str_is(how, "minor"))
        return after_version_part(s, 2);
    if (str_is(how, "base"))
        return path_base(s);
    if (str_is(how, "dir"))
        return path_dir(s);
    if (str_is(how, "first-word"))
        return str_find(s, ' ', &at) ? str_head(s, at) : s;
    return str_lower(a, s);
}

static int reshape(struct facts *f, const struct rc_fact *r, struct found *o, struct err *e)
{
    struct str prefix, until;
    const char *at;
    if (r->prefix.p) {
        if (facts_fill(f, &r->row, "prefix", r->prefix, &prefix, e) < 0)
            return -1;
        if (o->value.n < prefix.n || memcmp(o->value.p, prefix.p, prefix.n) != 0) {
            o->there = false;
            return 0;
        }
        o->value = str_from(o->value, prefix.n);
    }
    if (r->until.n) {
        if (facts_fill(f, &r->row, "until", r->until, &until, e) < 0)
            return -1;
        if ((at = memmem(o->value.p, o->value.n, until.p, until.n)))
            o->value = str_head(o->value, (size_t)(at - o->value.p));
    }
    for (size_t i = 0; i < r->transform.n; i++)
        o->value = transformed(f->a, r->transform.v[i], o->value);
    const struct str *word = strmap_get(&r->words, o->value);
    if (word)
        return facts_fill(f, &r->row, "words", *word, &o->value, e);
    return 0;
}

static int wrong_value(struct facts *f, const struct found *o, struct err *e, const char *wanted)
{
    return err_set(e, ERR_PARSE, "%s: found \"" PRI_STR "\", wanted %s", o->from,
                   STR_ARG(str_printable(f->a, o->value, 96)), wanted);
}

static int check_path(struct facts *f, const struct rc_fact *r, struct found *o, struct err *e)
{
    struct kit_world *w = f->in->world;
    bool file = str_is(r->kind, "file"), folder = str_is(r->kind, "folder");
    struct str path = o->value.n ? path_clean(f->a, o->value) : STR("");
    if (!str_is(path, ".") && !path_is_safe(path))
        return wrong_value(f, o, e, "a path within the app");
    if (file && w->ops->kind(w, path) != DIR_FILE)
        return wrong_value(f, o, e, "a file of the app");
    if (folder && w->ops->kind(w, path) != DIR_DIR)
        return wrong_value(f, o, e, "a folder of the app");
    o->value = path;
    return 0;
}

static int check_kind(struct facts *f, const struct rc_fact *r, struct found *o, struct err *e)
{
    const struct constraint *c;
    struct err why = {0};
    uint64_t n;
    if (!r->kind.n)
        return 0;
    if (str_is(r->kind, "bool")) {
        bool yes;
        if (!str_bool(o->value, &yes))
            return wrong_value(f, o, e, "true or false");
        o->value = yes ? STR("true") : STR("false");
        return 0;
    }
    if (str_is(r->kind, "number"))
        return str_u64(o->value, 0, UINT64_MAX, &n) ? 0 : wrong_value(f, o, e, "a whole number");
    if (str_is(r->kind, "text"))
        return 0;
    if (str_is(r->kind, "version")) {
        if (constraint_parse(f->a, o->value, CONSTRAINT_MASTERMINDS, &c, &why) < 0)
            return err_set(e, ERR_PARSE, "%s: %s", o->from, why.cause);
        return 0;
    }
    return check_path(f, r, o, e);
}

static int look(struct facts *f, const struct rc_fact *r, struct found *o, struct err *e)
{
    if (r->env.p)
        return from_env(f, r, o, e);
    if (r->value.p)
        return from_value(f, r, o, e);
    if (r->file.p)
        return from_file(f, r, o, e);
    if (r->json.p || r->toml.p)
        return from_document(f, r, o, e);
    if (r->exists.n)
        return from_exists(f, r, o, e);
    if (r->plan.p)
        return from_plan(f, r, o, e);
    return r->binding.p ? from_binding(f, r, o, e) : from_layer(f, r, o, e);
}

static int read_row(struct facts *f, const struct rc_fact *r, struct err *e)
{
    struct found o = {0};
    struct str say;
    bool holds;
    if (map_find(&f->values, r->name))
        return 0; // a row before it had one
    if (facts_when(f, &r->row, &holds, e) < 0)
        return -1;
    if (!holds)
        return 0;
    if (r->call.p || r->run.n)
        return from_asking(f, r, e);
    if (look(f, r, &o, e) < 0 || (o.there && reshape(f, r, &o, e) < 0))
        return -1;
    if (!o.there && r->dflt.p) {
        o = (struct found){.there = true, .from = str_c(f->a, r->name)};
        if (facts_fill(f, &r->row, "default", r->dflt, &o.value, e) < 0)
            return -1;
    }
    if (!o.there)
        return 0;
    if (check_kind(f, r, &o, e) < 0)
        return -1;
    strmap_set(f->a, &f->values, r->name, o.value);
    if (r->row.say.n) {
        if (facts_fill(f, &r->row, "say", r->row.say, &say, e) < 0)
            return -1;
        facts_log(f, 1, PRI_STR, STR_ARG(str_printable(f->a, say, 512)));
    }
    return 0;
}

int facts_read(struct facts *f, struct err *e)
{
    for (size_t i = 0; i < f->r->facts.n; i++)
        if (read_row(f, &f->r->facts.v[i], e) < 0)
            return -1;
    return 0;
}
