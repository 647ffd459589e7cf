// SPDX-License-Identifier: Apache-2.0
#include "base/limits.h"
#include "cnb/env.h"
#include "phase/engine.h"
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#define PROGRAM(id) extern const struct engine_program engine_##id;
#include "phase/engine.def"
#undef PROGRAM

#define PROGRAM(id) &engine_##id,
static const struct engine_program *const programs[] = {
#include "phase/engine.def"
};
#undef PROGRAM

// The log goes to standard output; its details only where they are asked for.
struct log {
    struct events ev;
    bool debug;
};

static void emit(struct events *self, const struct event *ev)
{
    const struct log *log = CONTAINER(self, struct log, ev);
    char place[256] = "";
    if (ev->kind == EV_FACT && !log->debug)
        return;
    if (ev->kind == EV_WARN && ev->at && ev->at->line)
        snprintf(place, sizeof place, "%s:%u: %s: ", ev->at->file, ev->at->line, ev->at->key);
    printf("%s%s" PRI_STR "\n", ev->kind == EV_WARN ? "WARNING: " : "", place, STR_ARG(ev->text));
}

static int complain(const struct err *e)
{
    char text[1024];
    (void)fflush(stdout);
    fprintf(stderr, "ERROR: %s\n", err_text(e, text, sizeof text));
    return ENGINE_ERROR;
}

// Helpers of app images lie beside the engine, wherever that is.
static const char *beside_us(struct arena *a, const char *name)
{
    char path[LIMIT_PATH];
    ssize_t n = readlink("/proc/self/exe", path, sizeof path - 1);
    struct str dir = n > 0 ? path_dir((struct str){path, (size_t)n}) : STR("/cnb");
    return str_c(a, path_join(a, dir, str_of(name)));
}

static int run(struct engine *g, struct str argv0)
{
    struct err e = {0};
    const struct str *dir = strmap_get(&g->env, STR("CNB_BUILDPACK_DIR"));
    struct str word = path_base(argv0);
    g->in.buildpack = dir && dir->n ? *dir : path_join(g->a, path_dir(argv0), STR(".."));
    g->world.helpers = beside_us(g->a, "helpers");
    for (size_t i = 0; i < COUNT(programs); i++) {
        if (!str_is(word, programs[i]->name))
            continue;
        int code = programs[i]->run(g, &e);
        return code < 0 ? complain(&e) : code;
    }
    err_set(&e, ERR_USAGE,
            "\"" PRI_STR "\" is no program of a buildpack: link bin/detect and bin/build to it",
            STR_ARG(word));
    return complain(&e);
}

int main(int argc, char **argv, char **envp)
{
    (void)umask(022); // what is made has the same modes, and so the same layers, whoever runs us
    (void)setvbuf(stdout, NULL, _IOLBF, 0); // whoever reads the log sees how far we are, wherever we end
    drop_(arena_free) struct arena *a = arena_new(1 << 16);
    struct log log = {.ev = {emit}};
    struct engine g = {.a = a,
                       .envp = (const char *const *)envp,
                       .ev = &log.ev,
                       .world = {.app_fd = -1, .layers_fd = -1, .buildpack_fd = -1}};
    env_from_vector(a, &g.env, envp);
    for (int i = 1; i < argc; i++)
        strv_add(a, &g.args, str_of(argv[i]));
    const struct str *level = strmap_get(&g.env, STR("BP_LOG_LEVEL"));
    log.debug = level && (str_is(*level, "DEBUG") || str_is(*level, "debug"));
    int code = run(&g, str_of(argc > 0 ? argv[0] : ""));
    drop_fd_p(&g.world.app_fd);
    drop_fd_p(&g.world.buildpack_fd);
    return fflush(stdout) == 0 || code ? code : ENGINE_ERROR;
}
