// SPDX-License-Identifier: Apache-2.0
// The tables of recipe.toml, and what single rows must have.
#include "base/buf.h"
#include "base/glob.h"
#include "cnb/layer.h"
#include "kit/recipe_priv.h"

const char *const recipe_own_facts[] = {"app",    "layers",         "buildpack", "os", "arch",
                                        "distro", "distro-version", "phase",     NULL};
static const char *const kinds[] = {"bool", "number", "file", "folder", "path", "version", "text"};
static const char *const transforms[] = {"strip-v", "lower", "major", "minor", "base", "dir", "first-word"};

// One of the words; says which one may have been meant.
static int one_of(struct decode *d, const struct val *v, struct str word, const char *const *words, size_t n,
                  struct err *e)
{
    for (size_t i = 0; i < n; i++)
        if (str_is(word, words[i]))
            return 0;
    drop_buf struct buf all = BUF_INIT(256);
    for (size_t i = 0; i < n; i++)
        buf_printf(&all, "%s%s", i ? ", " : "", words[i]);
    return doc_fail(d, v, e, "\"" PRI_STR "\" is none of %s", STR_ARG(str_printable(doc_of(d)->a, word, 64)),
                    all.p);
}

// Counts what is said of a list of texts and lists: exactly one must be.
static size_t said(const struct str *const *texts, size_t n)
{
    size_t count = 0;
    for (size_t i = 0; i < n; i++)
        count += texts[i]->p != NULL;
    return count;
}

static int kind_read(struct decode *d, const struct val *v, void *at, struct err *e)
{
    if (v->kind != VAL_STR)
        return doc_wrong(d, v, "text", e);
    *(struct str *)at = v->s;
    return one_of(d, v, v->s, kinds, COUNT(kinds), e);
}

static int transform_read(struct decode *d, const struct val *v, void *at, struct err *e)
{
    static const struct field list = {.toml = "transform", .kind = F_STRV};
    struct strv *names = at;
    if (doc_read_as(d, &list, v, names, e) < 0)
        return -1;
    for (size_t i = 0; i < names->n; i++)
        if (one_of(d, &v->c.v[i], names->v[i], transforms, COUNT(transforms), e) < 0)
            return -1;
    return 0;
}

static int name_read(struct decode *d, const struct val *v, void *at, struct err *e)
{
    if (v->kind != VAL_STR)
        return doc_wrong(d, v, "text", e);
    if (!recipe_name_ok(v->s))
        return doc_fail(d, v, e, "\"" PRI_STR "\" is no name: letters, digits, '-' and '_' are",
                        STR_ARG(str_printable(doc_of(d)->a, v->s, 64)));
    *(struct str *)at = v->s;
    return 0;
}

static int layer_name_read(struct decode *d, const struct val *v, void *at, struct err *e)
{
    if (v->kind != VAL_STR)
        return doc_wrong(d, v, "text", e);
    if (!layer_name_ok(v->s) || !recipe_name_ok(v->s))
        return doc_fail(d, v, e, "\"" PRI_STR "\" is no name of a layer",
                        STR_ARG(str_printable(doc_of(d)->a, v->s, 64)));
    *(struct str *)at = v->s;
    return 0;
}

static int cache_read(struct decode *d, const struct val *v, void *at, struct err *e)
{
    if (v->kind != VAL_BOOL)
        return doc_wrong(d, v, "true or false", e);
    bool *pair = at; // said, on
    pair[0] = true;
    pair[1] = v->b;
    return 0;
}

static int table_read(struct decode *d, const struct val *v, void *at, struct err *e)
{
    if (v->kind != VAL_MAP)
        return doc_wrong(d, v, "table", e);
    *(const struct val **)at = v;
    return 0;
}

static int command_read(struct decode *d, const struct val *v, void *at, struct err *e)
{
    static const struct field list = {.toml = "command", .kind = F_STRV};
    struct rc_command *c = at;
    if (v->kind == VAL_STR && v->s.n && !str_has_nul(v->s)) {
        c->text = v->s;
        return 0;
    }
    if (v->kind != VAL_LIST || !v->c.n)
        return doc_fail(d, v, e, "wanted a command: text or a list of texts, not empty");
    return doc_read_as(d, &list, v, &c->list, e);
}

static int cond_check(struct decode *d, const struct val *table, void *at, struct err *e)
{
    struct rc_cond *c = at;
    const struct str *const sources[] = {&c->file, &c->folder, &c->env,  &c->json,
                                         &c->toml, &c->fact,   &c->plan, &c->binding};
    bool document = c->json.p || c->toml.p;
    c->line = table->line;
    if (said(sources, COUNT(sources)) != 1)
        return doc_fail(d, table, e,
                        "a condition has exactly one of file, folder, env, json, toml, fact, plan, binding");
    if (document != (c->path.p != NULL))
        return doc_fail(d, table, e, "json and toml want a path, others have none");
    if (c->is.p && !document && !c->env.p && !c->fact.p)
        return doc_fail(d, table, e, "\"is\" goes with env, json, toml and fact");
    if ((c->contains.p || c->plain) && !c->fact.p)
        return doc_fail(d, table, e, "\"contains\" and \"plain\" go with fact");
    if ((c->build || c->launch) && !c->plan.p)
        return doc_fail(d, table, e, "\"build\" and \"launch\" go with plan");
    return 0;
}

static const struct field cond_fields[] = {
    KEY(struct rc_cond, file, "file", .help = "a file of the app; patterns in its last part"),
    KEY(struct rc_cond, folder, "folder", .help = "a folder of the app; patterns in its last part"),
    KEY(struct rc_cond, env, "env", .help = "a variable that is not empty; `NAME_*`: any with this prefix"),
    KEY(struct rc_cond, json, "json", .help = "a JSON file of the app that has `path`"),
    KEY(struct rc_cond, toml, "toml", .help = "a TOML file of the app that has `path`"),
    KEY(struct rc_cond, fact, "fact", .help = "a fact that has a value and is not empty"),
    KEY(struct rc_cond, plan, "plan", .help = "an entry of the build plan (bin/build)"),
    KEY(struct rc_cond, binding, "binding", .help = "a service binding of this type"),
    KEY(struct rc_cond, path, "path", .help = "key of `json` and `toml`, dotted"),
    KEY(struct rc_cond, is, "is", .help = "its text must be this; of `env` empty: set and empty"),
    KEY(struct rc_cond, contains, "contains", .help = "of `fact`: this text is somewhere in it"),
    KEY(struct rc_cond, plain, "plain", .help = "of `fact`: a command that needs no shell"),
    KEY(struct rc_cond, absent, "absent", .help = "it must not hold"),
    KEY(struct rc_cond, build, "build", .help = "of `plan`: some requirement asks for it at build"),
    KEY(struct rc_cond, launch, "launch", .help = "of `plan`: some requirement asks for it at launch"),
};
static SCHEMA(cond_schema, struct rc_cond, cond_fields, .name = "when", .check = cond_check);

// Every row struct begins with its head.
// clang-format off
#define ROW_KEYS                                                                                             \
    TABLES(struct rc_row, when, "when", cond_schema,                                                         \
           .help = "all of these must hold, or the row is not there"),                                       \
    KEY(struct rc_row, say, "say", .help = "text for the log when the row takes effect"),                    \
    KEY(struct rc_row, each, "each",                                                                         \
        .help = "a fact: the row stands once for each of its items (parted by commas), as `${each}`")
// clang-format on

static int head_check(struct decode *d, const struct val *table, void *at, struct err *e)
{
    struct rc_row *row = at;
    row->line = table->line;
    if (row->when.n > RECIPE_CONDITIONS_MAX)
        return doc_fail(d, table, e, "more than %d conditions", RECIPE_CONDITIONS_MAX);
    return 0;
}

static int fact_check(struct decode *d, const struct val *table, void *at, struct err *e)
{
    const struct rc_fact *f = at;
    const struct str *const sources[] = {&f->env,  &f->value,   &f->file,  &f->json, &f->toml,
                                         &f->plan, &f->binding, &f->layer, &f->call};
    bool with_path = f->json.p || f->toml.p || f->plan.p || f->binding.p || f->layer.p;
    if (said(sources, COUNT(sources)) + (f->exists.n > 0) + (f->run.n > 0) != 1)
        return doc_fail(d, table, e,
                        "a fact has exactly one of env, value, file, json, toml, exists, plan, binding, "
                        "layer, call, run");
    if (with_path != (f->path.p != NULL))
        return doc_fail(d, table, e, "json, toml, plan, binding and layer want a path, others have none");
    for (const char *const *own = recipe_own_facts; *own; own++)
        if (str_is(f->name, *own))
            return doc_fail(d, table, e, "\"%s\" is a fact of the kit's own", *own);
    if (str_is(f->name, "each"))
        return doc_fail(d, table, e, "\"each\" is the item of a row");
    return head_check(d, table, at, e);
}

static const struct field fact_fields[] = {
    KEY(struct rc_fact, name, "name", .flags = REQUIRED, .read = name_read, .help = "name of the fact"),
    KEY(struct rc_fact, env, "env", .help = "value of a variable; empty counts as unset"),
    KEY(struct rc_fact, value, "value", .help = "this text"),
    KEY(struct rc_fact, file, "file",
        .help = "first line of a file of the app that is neither empty nor a comment (#)"),
    KEY(struct rc_fact, json, "json", .help = "a JSON file of the app: the value at `path`"),
    KEY(struct rc_fact, toml, "toml", .help = "a TOML file of the app: the value at `path`"),
    KEY(struct rc_fact, exists, "exists", .help = "the first of these that is a file of the app"),
    KEY(struct rc_fact, plan, "plan", .help = "an entry of the build plan: key `path` of its metadata"),
    KEY(struct rc_fact, binding, "binding",
        .help = "type of a service binding: where its entry `path` is a file"),
    KEY(struct rc_fact, layer, "layer",
        .help = "BUILDPACK:LAYER of a buildpack before: `path` in its <layer>.toml"),
    KEY(struct rc_fact, call, "call", .help = "a C function that sets facts NAME.KEY"),
    KEY(struct rc_fact, run, "run", .help = "a program that writes facts NAME.KEY as TOML to descriptor 3"),
    KEY(struct rc_fact, path, "path", .help = "where in the source, dotted"),
    KEY(struct rc_fact, dflt, "default", .help = "when the source has no value"),
    KEY(struct rc_fact, prefix, "prefix",
        .help = "what the value must begin with, and what is cut off; else the source has none"),
    KEY(struct rc_fact, until, "until", .help = "the value ends before this text"),
    KEY(struct rc_fact, words, "words", .help = "whole values that stand for others"),
    KEY(struct rc_fact, transform, "transform", .read = transform_read,
        .help = "what is done with the value: strip-v, lower, major, minor, base, dir, first-word"),
    KEY(struct rc_fact, kind, "kind", .read = kind_read,
        .help = "what the value must be: bool, number, file, folder, path, version; of a document also text, "
                "in tables"),
    ROW_KEYS,
};
static SCHEMA(fact_schema, struct rc_fact, fact_fields, .name = "fact", .check = fact_check);

static int verdict_check(struct decode *d, const struct val *table, void *at, struct err *e)
{
    const struct rc_detect *r = at;
    if (!r->row.say.n)
        return doc_fail(d, table, e, "the row wants \"say\": the reason");
    return head_check(d, table, at, e);
}

static const struct field detect_fields[] = {ROW_KEYS};
static SCHEMA(detect_schema, struct rc_detect, detect_fields, .name = "detect", .check = head_check);
static SCHEMA(verdict_schema, struct rc_detect, detect_fields, .name = "refuse", .check = verdict_check);

static const struct field plan_fields[] = {
    KEY(struct rc_plan, provides, "provides", .flags = REQUIRED,
        .help = "entries of the build plan that this alternative provides"),
    ROW_KEYS,
};
static SCHEMA(plan_schema, struct rc_plan, plan_fields, .name = "plan", .check = head_check);

static const struct field require_fields[] = {
    KEY(struct rc_require, name, "name", .flags = REQUIRED, .help = "entry that is wanted"),
    KEY(struct rc_require, build, "build", .help = "at build"),
    KEY(struct rc_require, launch, "launch", .help = "at launch"),
    KEY(struct rc_require, version, "version", .help = "a version constraint"),
    KEY(struct rc_require, version_source, "version-source", .help = "who says the version"),
    KEY(struct rc_require, metadata, "metadata", .read = table_read, .shape = "table",
        .help = "more for who provides it"),
    KEY(struct rc_require, with, "with", .help = "only in alternatives that provide this entry"),
    ROW_KEYS,
};
static SCHEMA(require_schema, struct rc_require, require_fields, .name = "require", .check = head_check);

static int source_read(struct decode *d, const struct val *v, void *at, struct err *e)
{
    struct err why = {0};
    if (v->kind != VAL_STR || !v->s.n)
        return doc_wrong(d, v, "text that is not empty", e);
    if (glob_check(v->s, &why) < 0)
        return doc_fail(d, v, e, "%s", why.cause);
    *(struct str *)at = v->s;
    return 0;
}

static const struct field version_fields[] = {
    KEY(struct rc_version, plan, "plan", .flags = REQUIRED, .help = "entry of the build plan"),
    KEY(struct rc_version, source, "source", .flags = REQUIRED, .read = source_read,
        .help = "version-source of a requirement, a pattern too; earlier rows come first"),
    KEY(struct rc_version, value, "value",
        .help = "bin/detect requires the entry with this version, if it is not empty"),
    ROW_KEYS,
};
static SCHEMA(version_schema, struct rc_version, version_fields, .name = "version", .check = head_check);

static const struct field unmet_fields[] = {
    KEY(struct rc_unmet, name, "name", .flags = REQUIRED, .help = "entry that is left to the next provider"),
    ROW_KEYS,
};
static SCHEMA(unmet_schema, struct rc_unmet, unmet_fields, .name = "unmet", .check = head_check);

static int layer_check(struct decode *d, const struct val *table, void *at, struct err *e)
{
    const struct rc_layer *l = at;
    if (l->row.each.p)
        return doc_fail(d, table, e, "a layer stands once: \"each\" is not for it");
    if (l->version.p && !l->dependency.p)
        return doc_fail(d, table, e, "a version wants a dependency");
    return head_check(d, table, at, e);
}

static const struct field layer_fields[] = {
    KEY(struct rc_layer, name, "name", .flags = REQUIRED, .read = layer_name_read,
        .help = "name of the layer: it lies at `${layers}/NAME`"),
    KEY(struct rc_layer, plan, "plan",
        .help = "an entry of the build plan: build and launch as its requirements ask; no entry, no layer"),
    KEY(struct rc_layer, build, "build", .help = "later buildpacks see it"),
    KEY(struct rc_layer, launch, "launch", .help = "part of the app image"),
    HOOK(struct rc_layer, cache, "cache", cache_read, NULL, .shape = "true or false",
         .help = "kept for the next build; when it is not said, as build"),
    KEY(struct rc_layer, dependency, "dependency", .help = "id in buildpack.toml's metadata.dependencies"),
    KEY(struct rc_layer, version, "version", .help = "constraint for the dependency"),
    KEY(struct rc_layer, into, "into", .help = "where a dependency that is one file goes, such as `bin/x`"),
    KEY(struct rc_layer, only, "only", .help = "patterns: only these paths of the dependency are unpacked"),
    KEY(struct rc_layer, drop, "drop", .help = "patterns: these paths of the dependency are not unpacked"),
    KEY(struct rc_layer, links, "links", .help = "links: path in the layer to target"),
    KEY(struct rc_layer, copy, "copy", .help = "files: path in the layer to file of the buildpack"),
    KEY(struct rc_layer, write, "write", .help = "files: path in the layer to content"),
    KEY(struct rc_layer, helpers, "helpers", .help = "programs that start before the app (exec.d)"),
    KEY(struct rc_layer, files, "files",
        .help = "key: files, patterns and whole folders of the app whose content counts"),
    KEY(struct rc_layer, key, "key", .help = "key: named texts that count"),
    KEY(struct rc_layer, move, "move",
        .help = "paths of the app that are moved into the layer, a link stays"),
    KEY(struct rc_layer, always, "always",
        .help = "a reason: when it is not empty, the layer is made anew each time"),
    KEY(struct rc_layer, keep, "keep", .help = "made anew on top of the old content"),
    ROW_KEYS,
};
static SCHEMA(layer_schema, struct rc_layer, layer_fields, .name = "layer", .check = layer_check);

static int env_check(struct decode *d, const struct val *table, void *at, struct err *e)
{
    static const char *const phases[] = {"build", "launch"};
    const struct rc_env *r = at;
    if (r->phase.p && one_of(d, table, r->phase, phases, COUNT(phases), e) < 0)
        return -1;
    if (r->process.p && !str_is(r->phase, "launch"))
        return doc_fail(d, table, e, "\"process\" wants phase = \"launch\"");
    if (!r->prefix.n + !(r->override.n + r->dflt.n + r->append.n + r->prepend.n) != 1)
        return doc_fail(d, table, e, "wanted variables (override, default, append, prepend) or a prefix");
    return head_check(d, table, at, e);
}

static const struct field env_fields[] = {
    KEY(struct rc_env, layer, "layer", .flags = REQUIRED, .help = "a layer of this recipe"),
    KEY(struct rc_env, phase, "phase", .help = "build or launch; both when it is not said"),
    KEY(struct rc_env, process, "process", .help = "only for this process type"),
    KEY(struct rc_env, override, "override", .help = "variables that are set"),
    KEY(struct rc_env, dflt, "default", .help = "variables that are set when they are not"),
    KEY(struct rc_env, append, "append", .help = "texts that are put behind what a variable has"),
    KEY(struct rc_env, prepend, "prepend", .help = "texts that are put before what a variable has"),
    KEY(struct rc_env, delim, "delim", .help = "between old and new; `:` when it is not said"),
    KEY(struct rc_env, prefix, "prefix",
        .help = "all variables of the build with this prefix, by the rules of BPE_"),
    ROW_KEYS,
};
static SCHEMA(env_schema, struct rc_env, env_fields, .name = "env", .check = env_check);

static int step_check(struct decode *d, const struct val *table, void *at, struct err *e)
{
    const struct rc_step *s = at;
    if ((s->run.n > 0) + (s->call.p != NULL) != 1)
        return doc_fail(d, table, e, "a step has exactly one of run and call");
    return head_check(d, table, at, e);
}

static const struct field step_fields[] = {
    KEY(struct rc_step, name, "name", .help = "for the log"),
    KEY(struct rc_step, layer, "layer",
        .help = "runs when this layer is made anew; each time when it is not said"),
    KEY(struct rc_step, run, "run", .help = "a program and its arguments; no shell"),
    KEY(struct rc_step, call, "call", .help = "a C function"),
    KEY(struct rc_step, cwd, "cwd", .help = "a folder of the app"),
    KEY(struct rc_step, env, "env", .help = "variables for it"),
    ROW_KEYS,
};
static SCHEMA(step_schema, struct rc_step, step_fields, .name = "step", .check = step_check);

static const struct field start_fields[] = {
    KEY(struct rc_start, type, "type", .flags = REQUIRED, .help = "process type"),
    HOOK(struct rc_start, command, "command", command_read, NULL, .flags = REQUIRED,
         .shape = "text or list of texts",
         .help = "what is started; a text is words, and a shell's where it has shell syntax"),
    KEY(struct rc_start, args, "args", .help = "arguments that who starts the image may replace"),
    KEY(struct rc_start, is_default, "default", .help = "what starts when nothing is said"),
    KEY(struct rc_start, cwd, "cwd", .help = "a folder of the app"),
    KEY(struct rc_start, shell, "shell", .help = "shell for a text; `sh` when it is not said"),
    ROW_KEYS,
};
static SCHEMA(start_schema, struct rc_start, start_fields, .name = "start", .check = head_check);

static int procfile_check(struct decode *d, const struct val *table, void *at, struct err *e)
{
    const struct rc_procfile *p = at;
    if ((p->value.p != NULL) + (p->file.p != NULL) + (p->binding.p != NULL) != 1)
        return doc_fail(d, table, e, "a row has exactly one of value, file and binding");
    return head_check(d, table, at, e);
}

static const struct field procfile_fields[] = {
    KEY(struct rc_procfile, value, "value", .help = "`type: command` lines, or one command: then it is web"),
    KEY(struct rc_procfile, file, "file", .help = "a file of the app with such lines"),
    KEY(struct rc_procfile, binding, "binding",
        .help = "type of a binding whose entry Procfile has such lines"),
    KEY(struct rc_procfile, direct, "direct", .help = "true: never a shell"),
    KEY(struct rc_procfile, shell, "shell", .help = "shell where one is needed; `bash` when it is not said"),
    ROW_KEYS,
};
static SCHEMA(procfile_schema, struct rc_procfile, procfile_fields, .name = "procfile",
              .check = procfile_check);

static int label_check(struct decode *d, const struct val *table, void *at, struct err *e)
{
    const struct rc_label *l = at;
    bool pair = l->key.p && l->value.p, half = l->key.p || l->value.p;
    if (pair != half || pair == (l->words.p != NULL))
        return doc_fail(d, table, e, "wanted key and value, or words");
    return head_check(d, table, at, e);
}

static const struct field label_fields[] = {
    KEY(struct rc_label, key, "key", .help = "name of the label"),
    KEY(struct rc_label, value, "value", .help = "its value"),
    KEY(struct rc_label, words, "words", .help = "key=value words, with quotes"),
    ROW_KEYS,
};
static SCHEMA(label_schema, struct rc_label, label_fields, .name = "label", .check = label_check);

static const struct field slice_fields[] = {
    KEY(struct rc_slice, paths, "paths", .flags = REQUIRED, .help = "patterns of the app's files"),
    ROW_KEYS,
};
static SCHEMA(slice_schema, struct rc_slice, slice_fields, .name = "slice", .check = head_check);

static const struct field recipe_fields[] = {
    KEY(struct recipe, network, "network", .help = "the build wants the network"),
    TABLES(struct recipe, facts, "fact", fact_schema,
           .help = "a named text; of rows of one name the first with a value counts"),
    TABLES(struct recipe, detects, "detect", detect_schema,
           .help = "bin/detect: one of these must hold; none at all: it takes part"),
    TABLES(struct recipe, skips, "skip", verdict_schema, .help = "bin/detect: does not take part"),
    TABLES(struct recipe, refuses, "refuse", verdict_schema, .help = "the build fails"),
    TABLES(struct recipe, notes, "note", verdict_schema, .help = "bin/build: a line of the log"),
    TABLES(struct recipe, plans, "plan", plan_schema, .help = "an alternative of the build plan"),
    TABLES(struct recipe, requires, "require", require_schema, .help = "what is wanted of others"),
    TABLES(struct recipe, versions, "version", version_schema,
           .help = "who may say the version of what is provided"),
    TABLES(struct recipe, unmets, "unmet", unmet_schema, .help = "what is left to others"),
    TABLES(struct recipe, layers, "layer", layer_schema, .help = "a layer and its key"),
    TABLES(struct recipe, envs, "env", env_schema, .help = "environment of a layer"),
    TABLES(struct recipe, steps, "step", step_schema, .help = "a program of the build"),
    TABLES(struct recipe, starts, "start", start_schema, .help = "a process of the image"),
    TABLES(struct recipe, procfiles, "procfile", procfile_schema, .help = "processes of a Procfile"),
    TABLES(struct recipe, labels, "label", label_schema, .help = "labels of the image"),
    TABLES(struct recipe, slices, "slice", slice_schema, .help = "a layer of its own for these files"),
};
SCHEMA(recipe_toml_schema, struct recipe, recipe_fields, .name = "recipe.toml", .strict = true,
       .help = "What a buildpack does (docs/internals/kit.md)");

int recipe_read(struct arena *a, const struct val *doc, const char *file, struct recipe *out, struct err *e)
{
    const struct doc how = {.names = NAMES_TOML, .file = file, .a = a};
    struct recipe read = {.file = file};
    if (doc_read(&how, &recipe_toml_schema, doc, &read, e) < 0)
        return -1;
    if (recipe_check(a, doc, &read, e) < 0)
        return -1;
    *out = read;
    return 0;
}
