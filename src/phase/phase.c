// SPDX-License-Identifier: Apache-2.0
#include "phase/phase.h"
#include "cnb/api.h"
#include "ui/render.h"
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#define SUMMARY "The phases of a build (Cloud Native Buildpacks, Platform API 0.7 to 0.15)."
enum {
    OUTPUT_MAX = 1 << 20,
    EXIT_GENERIC = 1,
    EXIT_FLAGS = 2,
    EXIT_ARGS = 3,
    EXIT_PLATFORM = 11,
    EXIT_BUILDPACK = 12
};

#define PHASE(id) extern const struct phase_program phase_##id;
#include "phase/applets.def"
#undef PHASE

#define PHASE(id) &phase_##id,
static const struct phase_program *const programs[] = {
#include "phase/applets.def"
};
#undef PHASE

int phase_bad_input(struct app_ctx *app, const struct err *e)
{
    app->exit_code = e->code == ERR_USAGE ? EXIT_ARGS : e->code == ERR_API ? EXIT_BUILDPACK : EXIT_GENERIC;
    return -1;
}

int phase_failed(struct app_ctx *app, enum phase phase, const struct err *e)
{
    // The arguments were good: what is wrong now is the phase's.
    app->exit_code =
        e->code == ERR_API ? EXIT_BUILDPACK : exit_code(phase, e->code == ERR_USAGE ? ERR_IO : e->code);
    return -1;
}

static int complain(const struct err *e, int code)
{
    char text[640];
    fprintf(stderr, "ERROR: %s\n", err_text(e, text, sizeof text));
    return code;
}

static const struct phase_program *find(struct str word)
{
    for (size_t i = 0; i < COUNT(programs); i++)
        if (str_is(word, programs[i]->applet.name) || str_is(word, programs[i]->applet.alias))
            return programs[i];
    return NULL;
}

static int list(FILE *to, int code)
{
    drop_buf struct buf out = BUF_INIT(OUTPUT_MAX);
    const struct applet *table[COUNT(programs) + 1] = {0};
    for (size_t i = 0; i < COUNT(programs); i++)
        table[i] = &programs[i]->applet;
    applet_list(table, "lifecycle", SUMMARY, &out);
    fputs(out.p, to);
    return code;
}

// The flags that this Platform API has.
static struct applet gated(struct arena *a, const struct phase_program *p, uint16_t api)
{
    struct applet ap = p->applet;
    size_t n = 0, kept = 0;
    while (ap.opts[n].name)
        n++;
    struct opt *opts = ARENA_ARRAY(a, struct opt, n + 1);
    for (size_t i = 0; i < n; i++) {
        const struct phase_gate *g = p->gates;
        while (g->flag && strcmp(g->flag, ap.opts[i].name) != 0)
            g++;
        if (!g->flag || (api >= g->since && (!g->until || api < g->until)))
            opts[kept++] = ap.opts[i];
    }
    ap.opts = opts;
    ap.off_args = offsetof(struct phase_in, images);
    ap.min_args = 0; // counted apart: too few is another exit code than a flag that is none
    ap.max_args = SIZE_MAX;
    return ap;
}

// Go tools take what is no number in the environment as 0.
static void forget_bad_numbers(struct app_ctx *app, const struct applet *ap)
{
    int64_t ignored;
    for (const struct opt *o = ap->opts; o->name; o++) {
        const struct str *v = o->env && o->kind == OPT_INT ? strmap_get(&app->env, str_of(o->env)) : NULL;
        if (v && v->n && !str_i64(*v, 0, UINT32_MAX - 1, &ignored))
            map_del(&app->env, str_of(o->env));
    }
}

static bool names_dir(const struct opt *o)
{
    static const char *const dirs[] = {"app",       "build-config", "buildpacks", "cache-dir",  "extensions",
                                       "generated", "launch-cache", "layers",     "layout-dir", "platform"};
    bool found = false;
    for (size_t i = 0; i < COUNT(dirs); i++)
        found |= strcmp(dirs[i], o->name) == 0;
    return found;
}

static void settle_path(struct app_ctx *app, const struct opt *o, const char *cwd, struct phase_in *in)
{
    struct str *at = (struct str *)(void *)((char *)in + o->off);
    if (o->kind != OPT_TEXT || !at->n)
        return;
    if (at->p == o->dflt && str_has_prefix(*at, "<layers>"))
        *at = str_printf(app->a, PRI_STR PRI_STR, STR_ARG(in->layers),
                         STR_ARG(str_from(*at, strlen("<layers>"))));
    if (names_dir(o))
        *at = path_clean(app->a, at->p[0] == '/' ? *at : path_join(app->a, str_of(cwd), *at));
}

static void settle_paths(struct app_ctx *app, const struct applet *ap, struct phase_in *in)
{
    drop_free char *cwd = getcwd(NULL, 0);
    for (int pass = 0; pass < 2; pass++) // <layers> itself comes first
        for (const struct opt *o = ap->opts; o->name; o++)
            if ((strcmp(o->name, "layers") == 0) == (pass == 0))
                settle_path(app, o, cwd ? cwd : "/", in);
}

static int check_images(struct app_ctx *app, const struct phase_program *p, const struct phase_in *in,
                        struct err *e)
{
    size_t n = in->images.n;
    for (size_t i = 1; i < n; i++)
        if (str_has_prefix(in->images.v[i], "-"))
            event_warn(app->ev, NULL, "\"" PRI_STR "\" stands behind an argument: it is no flag there",
                       STR_ARG(in->images.v[i]));
    if (n < p->min_images)
        return err_set(e, ERR_USAGE, "%s: got %zu arguments, want at least %zu: the name of an image",
                       p->applet.name, n, p->min_images);
    if (n && !p->min_images)
        return err_set(e, ERR_USAGE, "%s: unexpected argument \"" PRI_STR "\"", p->applet.name,
                       STR_ARG(in->images.v[0]));
    return 0;
}

// Events below the level that was asked for stay untold; what is told only at "debug" are facts.
struct leveled {
    struct events ev;
    struct events *to;
    enum { LEVEL_DEBUG, LEVEL_INFO, LEVEL_WARN, LEVEL_ERROR } level;
};

static void emit(struct events *self, const struct event *ev)
{
    struct leveled *l = CONTAINER(self, struct leveled, ev);
    struct event copy = *ev;
    if (ev->kind == EV_FACT || (ev->kind == EV_STEP && ev->subject.n)) { // the reference says nothing of it
        if (l->level != LEVEL_DEBUG)
            return;
        copy.kind = EV_STEP;
    }
    if (ev->kind == EV_WARN ? l->level <= LEVEL_WARN : l->level <= LEVEL_INFO)
        event_emit(l->to, &copy);
}

static int set_level(struct leveled *l, struct str word, struct err *e)
{
    static const struct {
        const char *word;
        int level;
    } levels[] = {{"debug", LEVEL_DEBUG},  {"info", LEVEL_INFO},   {"warn", LEVEL_WARN},
                  {"warning", LEVEL_WARN}, {"error", LEVEL_ERROR}, {"fatal", LEVEL_ERROR}};
    for (size_t i = 0; i < COUNT(levels); i++)
        if (str_is(word, levels[i].word)) {
            l->level = levels[i].level;
            return 0;
        }
    return err_set(e, ERR_PARSE,
                   "failed to parse log level: \"" PRI_STR "\", want debug, info, warn or error",
                   STR_ARG(word));
}

static int run(struct app_ctx *app, const struct phase_program *p, const struct applet *ap,
               struct phase_in *in)
{
    struct err e = {0};
    const struct str *exec_env = strmap_get(&app->env, STR("CNB_EXEC_ENV"));
    in->exec_env = exec_env && exec_env->n ? *exec_env : STR("production");
    if (set_level(CONTAINER(app->ev, struct leveled, ev), in->log_level, &e) < 0)
        return complain(&e, EXIT_GENERIC);
    settle_paths(app, ap, in);
    if (check_images(app, p, in, &e) < 0)
        return complain(&e, EXIT_ARGS);
    if (ap->run(app, in, &e) < 0)
        return complain(&e, app->exit_code ? app->exit_code : EXIT_GENERIC);
    return 0;
}

static int start(struct app_ctx *app, const struct phase_program *p, struct strv words)
{
    struct err e = {0};
    struct phase_in in = {0};
    const struct str *api = strmap_get(&app->env, STR("CNB_PLATFORM_API"));
    if (!api || !api->n)
        err_set(&e, ERR_API, "CNB_PLATFORM_API is not set; the platform must say which version it speaks");
    if (!api || !api->n || api_platform(*api, &in.platform_api, &e) < 0)
        return complain(&e, EXIT_PLATFORM);
    struct applet ap = gated(app->a, p, in.platform_api);
    enum opt_result what;
    forget_bad_numbers(app, &ap);
    if (opt_parse(&ap, app, words, &in, &what, &e) < 0) {
        complain(&e, EXIT_FLAGS);
        applet_help(&ap, "lifecycle", app->out);
        fputs(app->out->p, stderr);
        return EXIT_FLAGS;
    }
    if (what == OPT_VERSION)
        puts(DEMA_VERSION);
    if (what == OPT_HELP) {
        applet_help(&ap, "lifecycle", app->out);
        fputs(app->out->p, stdout);
    }
    return what == OPT_RUN ? run(app, p, &ap, &in) : 0;
}

static int dispatch(struct app_ctx *app, int argc, char *const *argv)
{
    struct strv words = {0};
    const struct phase_program *p = find(path_base(str_of(argc > 0 ? argv[0] : "")));
    int used = 1;
    if (!p) {
        struct str word = str_of(argc > 1 ? argv[1] : "");
        if (str_is(word, "-version") || str_is(word, "--version"))
            return puts(DEMA_VERSION) < 0;
        if (str_is(word, "-h") || str_is(word, "-help") || str_is(word, "--help"))
            return list(stdout, 0);
        if (!(p = find(word))) {
            struct err e = {0};
            err_set(&e, ERR_USAGE, "unknown phase \"" PRI_STR "\"", STR_ARG(word));
            (void)complain(&e, EXIT_ARGS);
            return list(stderr, EXIT_ARGS);
        }
        used = 2;
    }
    for (int i = used; i < argc; i++)
        strv_add(app->a, &words, str_of(argv[i]));
    return start(app, p, words);
}

int phase_main(int argc, char *const *argv, char *const *envp)
{
    (void)umask(022); // what buildpacks make has the same modes, and so the same layers, whoever runs us
    drop_(arena_free) struct arena *a = arena_new(1 << 16);
    drop_buf struct buf out = BUF_INIT(OUTPUT_MAX);
    const struct render_opts how = {.style = RENDER_REFERENCE, .fd = STDOUT_FILENO};
    drop_(render_free) struct render *r = render_new(&how);
    struct leveled log = {.ev = {emit}, .to = render_events(r), .level = LEVEL_INFO};
    struct app_ctx app = {.a = a, .ev = &log.ev, .out = &out, .argv0 = str_of(argc > 0 ? argv[0] : "")};
    for (; *envp; envp++) {
        struct str pair = str_of(*envp);
        size_t eq;
        if (str_find(pair, '=', &eq) && eq)
            strmap_set(a, &app.env, str_head(pair, eq), str_from(pair, eq + 1));
    }
    int code = dispatch(&app, argc, argv);
    return fflush(stdout) == 0 || code ? code : EXIT_GENERIC;
}
