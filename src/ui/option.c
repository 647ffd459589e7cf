// SPDX-License-Identifier: Apache-2.0
#include "ui/applet.h"
#include <stdio.h>

struct parse {
    const struct applet *ap;
    struct app_ctx *app;
    struct strv words;
    size_t at;
    char *in;
    bool *given; // per option row
    enum opt_result result;
};

static size_t count_opts(const struct applet *ap)
{
    size_t n = 0;
    while (ap->opts && ap->opts[n].name)
        n++;
    return n;
}

static const struct opt *find_long(const struct applet *ap, struct str name)
{
    for (const struct opt *o = ap->opts; o && o->name; o++)
        if (str_is(name, o->name))
            return o;
    return NULL;
}

static const struct opt *find_letter(const struct applet *ap, char letter)
{
    for (const struct opt *o = ap->opts; o && o->name; o++)
        if (o->letter == letter)
            return o;
    return NULL;
}

static int store(struct parse *p, const struct opt *o, struct str value, struct err *e)
{
    void *at = p->in + o->off;
    bool b = false;
    // An empty word is mostly a variable of the shell that is not set.
    if (!value.n && p->ap->grammar == GRAMMAR_GNU)
        return err_set(e, ERR_USAGE, "--%s: the value is empty, want %s", o->name,
                       o->arg ? o->arg : "a value");
    switch (o->kind) {
    case OPT_FLAG:
        if (!str_bool(value, &b))
            return err_set(e, ERR_USAGE, "--%s: \"" PRI_STR "\" is neither true nor false", o->name,
                           STR_ARG(value));
        *(bool *)at = b;
        return 0;
    case OPT_TEXT:
        *(struct str *)at = value;
        return 0;
    case OPT_LIST:
        strv_add(p->app->a, at, value);
        return 0;
    case OPT_INT:
        if (!str_i64(value, INT64_MIN, INT64_MAX, at))
            return err_set(e, ERR_USAGE, "--%s: \"" PRI_STR "\" is not a whole number", o->name,
                           STR_ARG(value));
        return 0;
    case OPT_KIND_MAX_:
        break;
    }
    BUG("option kind");
}

// Of a long name or, alone, a letter.
static const char *what_instead(const struct applet *ap, bool letter, struct str name)
{
    for (const struct opt_instead *o = ap->instead; o && o->instead; o++)
        if (letter ? o->letter && name.n == 1 && name.p[0] == o->letter : o->name && str_is(name, o->name))
            return o->instead;
    return NULL;
}

static int unknown(const struct parse *p, const char *dashes, struct str name, struct err *e)
{
    const char *instead = what_instead(p->ap, dashes[1] == 0 && p->ap->grammar == GRAMMAR_GNU, name);
    if (instead)
        return err_set(e, ERR_USAGE, "there is no option %s" PRI_STR ": %s", dashes, STR_ARG(name), instead);
    size_t n = count_opts(p->ap);
    const char **names = ARENA_ARRAY(p->app->a, const char *, n + 1);
    for (size_t i = 0; i < n; i++)
        names[i] = p->ap->opts[i].name;
    const char *near = nearest_name(name, names, n);
    return err_set(e, ERR_USAGE, "unknown option %s" PRI_STR "%s%s%s%s", dashes, STR_ARG(name),
                   near ? ", did you mean " : "", near ? dashes : "", near ? near : "", near ? "?" : "");
}

// One option with its optional "=value" or the next word as value.
static int take(struct parse *p, const struct opt *o, const char *shown, const struct str *value,
                struct err *e)
{
    p->given[o - p->ap->opts] = true;
    if (value)
        return store(p, o, *value, e);
    if (o->kind == OPT_FLAG)
        return store(p, o, STR("true"), e);
    if (p->at >= p->words.n)
        return err_set(e, ERR_USAGE, "%s wants a value: %s", shown, o->arg ? o->arg : "VALUE");
    return store(p, o, p->words.v[p->at++], e);
}

static bool is_builtin(struct parse *p, struct str name)
{
    if (str_is(name, "help") || (p->ap->grammar == GRAMMAR_GO && str_is(name, "h")))
        p->result = OPT_HELP;
    else if (str_is(name, "version"))
        p->result = OPT_VERSION;
    return p->result != OPT_RUN;
}

static int take_named(struct parse *p, const char *dashes, struct str word, struct err *e)
{
    struct str name = word, value = {0};
    size_t eq;
    bool has_value = str_find(word, '=', &eq);
    if (has_value) {
        name = str_head(word, eq);
        value = str_from(word, eq + 1);
    }
    const struct opt *o = find_long(p->ap, name);
    if (!o)
        return is_builtin(p, name) ? 0 : unknown(p, dashes, name, e);
    return take(p, o, arena_printf(p->app->a, "%s%s", dashes, o->name), has_value ? &value : NULL, e);
}

static int take_letters(struct parse *p, struct str word, struct err *e)
{
    for (size_t i = 0; i < word.n; i++) {
        const struct opt *o = find_letter(p->ap, word.p[i]);
        if (!o && word.p[i] == 'h') {
            p->result = OPT_HELP;
            return 0;
        }
        if (!o)
            return unknown(p, "-", (struct str){word.p + i, 1}, e);
        struct str rest = str_from(word, i + 1);
        char shown[3] = {'-', word.p[i], 0};
        bool glued = o->kind != OPT_FLAG && rest.n;
        if (take(p, o, shown, glued ? &rest : NULL, e) < 0)
            return -1;
        if (o->kind != OPT_FLAG)
            return 0;
    }
    return 0;
}

static int parse_words(struct parse *p, struct strv *args, struct err *e)
{
    bool go = p->ap->grammar == GRAMMAR_GO, only_args = false;
    while (p->at < p->words.n && p->result == OPT_RUN) {
        struct str word = p->words.v[p->at++];
        if (only_args || word.n < 2 || word.p[0] != '-') {
            strv_add(p->app->a, args, word);
            only_args |= go || (p->ap->rest && args->n >= p->ap->min_args);
            continue;
        }
        int rc = 0;
        if (str_is(word, "--"))
            only_args = true;
        else if (go)
            rc = take_named(p, "-", str_from(word, word.p[1] == '-' ? 2 : 1), e);
        else if (word.p[1] == '-')
            rc = take_named(p, "--", str_from(word, 2), e);
        else
            rc = take_letters(p, str_from(word, 1), e);
        if (rc < 0)
            return -1;
    }
    return 0;
}

// Environment and defaults for what was not given. A bad boolean in the environment counts as false, as Go tools do.
static int fill_rest(struct parse *p, struct err *e)
{
    for (const struct opt *o = p->ap->opts; o && o->name; o++) {
        if (p->given[o - p->ap->opts])
            continue;
        const struct str *env = o->env ? strmap_get(&p->app->env, str_of(o->env)) : NULL;
        bool ignored;
        if (env && env->n && o->kind == OPT_FLAG && !str_bool(*env, &ignored))
            continue;
        if (env && env->n && o->kind == OPT_LIST) {
            struct str rest = *env, part;
            while (str_cut(&rest, ',', &part))
                strv_add(p->app->a, (struct strv *)(void *)(p->in + o->off), part);
        } else if (env && env->n) {
            if (store(p, o, *env, e) < 0)
                return err_wrap(e, "%s", o->env);
        } else if (o->dflt && store(p, o, str_of(o->dflt), e) < 0) {
            return -1;
        }
    }
    return 0;
}

int opt_parse(const struct applet *ap, struct app_ctx *app, struct strv words, void *in,
              enum opt_result *result, struct err *e)
{
    struct parse p = {.ap = ap, .app = app, .words = words, .in = in};
    p.given = ARENA_ARRAY(app->a, bool, count_opts(ap) + 1);
    struct strv args = {0};
    if (parse_words(&p, &args, e) < 0)
        return -1;
    *result = p.result;
    if (p.result != OPT_RUN)
        return 0;
    if (args.n < ap->min_args)
        return err_set(e, ERR_USAGE, "%s wants %s", ap->name, ap->args ? ap->args : "an argument");
    if (args.n > ap->max_args)
        return err_set(e, ERR_USAGE, "unexpected argument \"" PRI_STR "\"", STR_ARG(args.v[ap->max_args]));
    if (ap->max_args)
        *(struct strv *)(void *)(p.in + ap->off_args) = args;
    return fill_rest(&p, e);
}

const struct applet *applet_find(const struct applet *const *table, struct str name)
{
    for (; *table; table++)
        if (str_is(name, (*table)->name) || ((*table)->alias && str_is(name, (*table)->alias)))
            return *table;
    return NULL;
}

// "base", or "base lst": what begins so, as far as there is any.
static int no_such_of(const struct applet *const *table, struct str first, struct str second, struct err *e)
{
    const char *names[128];
    char all[160] = "";
    size_t n = 0, used = 0;
    for (; *table && n < COUNT(names); table++) {
        struct str name = str_of((*table)->name);
        if (name.n <= first.n + 1 || memcmp(name.p, first.p, first.n) != 0 || name.p[first.n] != ' ')
            continue;
        names[n++] = name.p + first.n + 1;
        int more = snprintf(all + used, sizeof all - used, "%s%s", n > 1 ? ", " : "", names[n - 1]);
        used += (size_t)more < sizeof all - used ? (size_t)more : 0;
    }
    if (!n)
        return 0;
    const char *near = second.n ? nearest_name(second, names, n) : NULL;
    if (near)
        return err_set(e, ERR_USAGE,
                       "unknown command \"" PRI_STR " " PRI_STR "\", did you mean \"" PRI_STR " %s\"?",
                       STR_ARG(first), STR_ARG(second), STR_ARG(first), near);
    return err_set(e, ERR_USAGE, "\"" PRI_STR "\" wants one of: %s", STR_ARG(first), all);
}

static int no_such_applet(const struct applet *const *table, struct str word, struct err *e)
{
    const char *names[128];
    size_t n = 0;
    for (; table[n] && n < COUNT(names); n++)
        names[n] = table[n]->name;
    const char *near = nearest_name(word, names, n);
    return err_set(e, ERR_USAGE, "unknown command \"" PRI_STR "\"%s%s%s", STR_ARG(word),
                   near ? ", did you mean \"" : "", near ? near : "", near ? "\"?" : "");
}

int applet_pick(const struct applet *const *table, int argc, char *const *argv, const struct applet **out,
                int *used, struct err *e)
{
    if (argc < 1)
        return err_set(e, ERR_USAGE, "a command is wanted");
    char two[64];
    int n = argc > 1 ? snprintf(two, sizeof two, "%s %s", argv[0], argv[1]) : -1;
    if (n > 0 && (size_t)n < sizeof two && (*out = applet_find(table, str_of(two)))) {
        *used = 2;
        return 0;
    }
    *used = 1;
    *out = applet_find(table, str_of(argv[0]));
    if (*out)
        return 0;
    if (no_such_of(table, str_of(argv[0]), str_of(argc > 1 ? argv[1] : ""), e) < 0)
        return -1;
    return no_such_applet(table, str_of(argv[0]), e);
}
