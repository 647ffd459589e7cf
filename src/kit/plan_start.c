// SPDX-License-Identifier: Apache-2.0
// What the image has beside layers: processes, labels, slices; and what is left to others.
#include "base/limits.h"
#include "kit/plan_priv.h"
#include "kit/text.h"

static void add_process(struct facts *f, struct bp_plan *out, struct cnb_process p)
{
    for (size_t i = 0; p.is_default && i < out->processes.n; i++)
        out->processes.v[i].is_default = false;
    for (size_t i = 0; i < out->processes.n; i++)
        if (str_eq(out->processes.v[i].type, p.type)) {
            out->processes.v[i] = p;
            return;
        }
    out->processes.v = arena_grow(f->a, out->processes.v, out->processes.n, &out->processes.cap, sizeof p);
    out->processes.v[out->processes.n++] = p;
}

// A text as a command: words, or a shell's.
static int command_of(struct facts *f, const struct rc_row *row, struct str text, struct str shell,
                      struct strv *out, struct err *e)
{
    struct err why = {0};
    if (shell.n && text_needs_shell(text)) {
        *out = (struct strv){0};
        strv_add(f->a, out, shell);
        strv_add(f->a, out, STR("-c"));
        strv_add(f->a, out, text);
        return 0;
    }
    if (text_words(f->a, text, out, &why) < 0)
        return facts_wrong(f, row, "command", e, "\"" PRI_STR "\": %s",
                           STR_ARG(str_printable(f->a, text, 96)), why.cause);
    if (!out->n || !out->v[0].n)
        return facts_wrong(f, row, "command", e, "the command is empty");
    return 0;
}

static int start(struct facts *f, const void *row, void *ctx, struct err *e)
{
    const struct rc_start *r = row;
    struct cnb_process p = {.direct = true, .is_default = r->is_default};
    struct str text, cwd = STR("."), shell = STR("sh");
    if (facts_fill(f, &r->row, "type", r->type, &p.type, e) < 0 ||
        facts_fill_list(f, &r->row, "args", &r->args, &p.args, e) < 0 ||
        (r->cwd.p && facts_path(f, &r->row, "cwd", r->cwd, &cwd, e) < 0) ||
        (r->shell.p && facts_fill(f, &r->row, "shell", r->shell, &shell, e) < 0))
        return -1;
    if (!process_type_ok(p.type))
        return facts_wrong(f, &r->row, "type", e, "\"" PRI_STR "\" is no process type",
                           STR_ARG(str_printable(f->a, p.type, 64)));
    if (r->command.text.p) {
        if (facts_fill(f, &r->row, "command", r->command.text, &text, e) < 0 ||
            command_of(f, &r->row, text, shell, &p.command, e) < 0)
            return -1;
    } else if (facts_fill_list(f, &r->row, "command", &r->command.list, &p.command, e) < 0) {
        return -1;
    }
    if (!str_is(cwd, "."))
        p.working_dir = path_join(f->a, f->in->app, cwd);
    add_process(f, ctx, p);
    return 0;
}

// --- Procfiles

struct line {
    struct str command, shell; // shell empty: none
    const struct rc_procfile *row;
};

static int from_file(struct facts *f, const struct rc_procfile *r, struct strmap *types, struct err *e)
{
    struct kit_world *w = f->in->world;
    struct str path;
    drop_buf struct buf text = BUF_INIT(LIMIT_DOCUMENT);
    if (facts_path(f, &r->row, "file", r->file, &path, e) < 0)
        return -1;
    if (w->ops->kind(w, path) == DIR_ABSENT)
        return 0;
    if (w->ops->read(w, path, &text, e) < 0)
        return -1;
    return procfile_read(f->a, str_dup(f->a, buf_view(&text)), str_c(f->a, path), types, e);
}

static int from_bindings(struct facts *f, const struct rc_procfile *r, struct strmap *types, struct err *e)
{
    struct str type;
    if (facts_fill(f, &r->row, "binding", r->binding, &type, e) < 0)
        return -1;
    for (size_t i = 0; f->in->bindings && i < f->in->bindings->n; i++) {
        const struct cnb_binding *b = &f->in->bindings->v[i];
        struct str text;
        if (!cnb_binding_is(b, str_c(f->a, type)))
            continue;
        if (cnb_binding_value(f->a, b, STR("Procfile"), &text, e) < 0)
            return -1;
        const char *file = arena_printf(f->a, "binding " PRI_STR ": Procfile", STR_ARG(b->name));
        if (procfile_read(f->a, text, file, types, e) < 0)
            return -1;
    }
    return 0;
}

static int from_value(struct facts *f, const struct rc_procfile *r, struct strmap *types, struct err *e)
{
    struct str text;
    struct err why = {0};
    struct strmap lines = {0};
    if (facts_fill(f, &r->row, "value", r->value, &text, e) < 0)
        return -1;
    text = str_trim(text);
    if (!text.n)
        return 0;
    if (procfile_read(f->a, text, "value", &lines, &why) < 0) {
        strmap_set(f->a, types, STR("web"), text);
        return 0;
    }
    for (size_t i = 0; i < lines.n; i++)
        strmap_set(f->a, types, lines.v[i].key, lines.v[i].val);
    return 0;
}

static int procfile(struct facts *f, const void *row, void *ctx, struct err *e)
{
    struct strmap *lines = ctx, types = {0};
    const struct rc_procfile *r = row;
    struct str direct = {0}, shell = STR("bash");
    if (facts_fill(f, &r->row, "direct", r->direct, &direct, e) < 0 ||
        (r->shell.p && facts_fill(f, &r->row, "shell", r->shell, &shell, e) < 0))
        return -1;
    if (str_is(direct, "true"))
        shell = STR("");
    if ((r->value.p  ? from_value(f, r, &types, e)
         : r->file.p ? from_file(f, r, &types, e)
                     : from_bindings(f, r, &types, e)) < 0)
        return -1;
    for (size_t i = 0; i < types.n; i++) {
        const struct line line = {types.v[i].val, shell, r};
        map_put(f->a, lines, types.v[i].key)->ptr = arena_copy(f->a, &line, sizeof line);
    }
    return 0;
}

static int procfiles(struct facts *f, struct bp_plan *out, struct err *e)
{
    struct strmap lines = {0};
    if (facts_each(f, FACTS_ROWS(f->r->procfiles), procfile, &lines, e) < 0)
        return -1;
    map_sort(&lines);
    struct str first = map_find(&lines, STR("web"))      ? STR("web")
                       : map_find(&lines, STR("worker")) ? STR("worker")
                       : lines.n == 1                    ? lines.v[0].key
                                                         : STR("");
    for (size_t i = 0; i < lines.n; i++) {
        const struct line *l = lines.v[i].ptr;
        struct cnb_process one = {.type = lines.v[i].key, .direct = true};
        one.is_default = str_eq(one.type, first);
        if (command_of(f, &l->row->row, l->command, l->shell, &one.command, e) < 0)
            return -1;
        add_process(f, out, one);
    }
    return 0;
}

// --- Labels, slices, unmet

static int label_words(struct facts *f, const struct rc_label *r, struct bp_plan *out, struct err *e)
{
    struct str text;
    struct strv words;
    struct err why = {0};
    if (facts_fill(f, &r->row, "words", r->words, &text, e) < 0)
        return -1;
    if (text_words(f->a, text, &words, &why) < 0)
        return facts_wrong(f, &r->row, "words", e, "\"" PRI_STR "\": %s",
                           STR_ARG(str_printable(f->a, text, 96)), why.cause);
    for (size_t i = 0; i < words.n; i++) {
        size_t eq;
        if (!str_find(words.v[i], '=', &eq) || !eq)
            return facts_wrong(f, &r->row, "words", e, "found \"" PRI_STR "\", wanted key=value",
                               STR_ARG(str_printable(f->a, words.v[i], 96)));
        strmap_set(f->a, &out->labels, str_head(words.v[i], eq), str_from(words.v[i], eq + 1));
    }
    return 0;
}

static int label(struct facts *f, const void *row, void *ctx, struct err *e)
{
    struct bp_plan *out = ctx;
    const struct rc_label *r = row;
    struct str key, value;
    if (r->words.p)
        return label_words(f, r, out, e);
    if (facts_fill(f, &r->row, "key", r->key, &key, e) < 0 ||
        facts_fill(f, &r->row, "value", r->value, &value, e) < 0)
        return -1;
    if (!key.n)
        return facts_wrong(f, &r->row, "key", e, "a label has a name");
    strmap_set(f->a, &out->labels, key, value);
    return 0;
}

static int slice(struct facts *f, const void *row, void *ctx, struct err *e)
{
    struct bp_plan *out = ctx;
    const struct rc_slice *r = row;
    struct cnb_slice s = {0};
    if (facts_fill_list(f, &r->row, "paths", &r->paths, &s.paths, e) < 0)
        return -1;
    out->slices.v = arena_grow(f->a, out->slices.v, out->slices.n, &out->slices.cap, sizeof s);
    out->slices.v[out->slices.n++] = s;
    return 0;
}

static int unmet(struct facts *f, const void *row, void *ctx, struct err *e)
{
    struct bp_plan *out = ctx;
    const struct rc_unmet *r = row;
    struct str name;
    bool build, launch;
    if (facts_fill(f, &r->row, "name", r->name, &name, e) < 0)
        return -1;
    if (facts_planned(f, name, &build, &launch)) // naming others is an error of the spec
        strv_add(f->a, &out->unmet, name);
    return 0;
}

int plan_starts(struct facts *f, struct bp_plan *out, struct err *e)
{
    if (facts_each(f, FACTS_ROWS(f->r->starts), start, out, e) < 0 || procfiles(f, out, e) < 0 ||
        facts_each(f, FACTS_ROWS(f->r->labels), label, out, e) < 0 ||
        facts_each(f, FACTS_ROWS(f->r->slices), slice, out, e) < 0)
        return -1;
    return facts_each(f, FACTS_ROWS(f->r->unmets), unmet, out, e);
}
