// SPDX-License-Identifier: Apache-2.0
#include "base/dir.h"
#include "cnb/api.h"
#include "cnb/env.h"
#include "launch/launch.h"
#include <fcntl.h>

enum { EXECD_SECONDS = 300, ENTRIES_MAX = 100000 };

static const char *const hidden[] = {"CNB_LAYERS_DIR", "CNB_APP_DIR", "CNB_PROCESS_TYPE", "CNB_PLATFORM_API",
                                     "CNB_DEPRECATION_MODE"};

static struct str without_cnb(struct arena *a, struct str path)
{
    struct strv kept = {0};
    struct str rest = path, part, out = STR("");
    while (str_cut(&rest, ':', &part))
        if (!str_is(part, "/cnb/process") && !str_is(part, "/cnb/lifecycle"))
            strv_add(a, &kept, part);
    for (size_t i = 0; i < kept.n; i++)
        out = str_printf(a, PRI_STR "%s" PRI_STR, STR_ARG(out), i ? ":" : "", STR_ARG(kept.v[i]));
    return out;
}

static void container_env(struct arena *a, const struct launch_in *in, struct strmap *env)
{
    for (size_t i = 0; i < in->env.n; i++) {
        bool hide = false;
        for (size_t j = 0; j < COUNT(hidden); j++)
            hide |= str_is(in->env.v[i].key, hidden[j]);
        if (!hide)
            strmap_set(a, env, in->env.v[i].key, in->env.v[i].val);
    }
    const struct str *path = strmap_get(env, STR("PATH"));
    if (path)
        strmap_set(a, env, STR("PATH"), without_cnb(a, *path));
}

// A buildpack's directory in the image and the layers in it.
struct home {
    int fd; // owned
    struct str path;
    struct strv layers;
};

static void home_done(struct home *h)
{
    drop_fd_p(&h->fd);
}

// *out has fd -1 when the buildpack left nothing in the image.
static int home_open(struct arena *a, const struct launch_in *in, int layers_fd, const struct cnb_ref *bp,
                     struct home *out, struct err *e)
{
    char *name = arena_printf(a, PRI_STR, STR_ARG(bp->id));
    for (char *c = name; *c; c++)
        if (*c == '/')
            *c = '_';
    *out = (struct home){.fd = -1};
    uint16_t api;
    if (api_buildpack(bp->api, name, &api, e) < 0)
        return -1;
    if (!path_is_safe(str_of(name)))
        return err_set(e, ERR_PARSE, "buildpack \"%s\": not a name for a directory", name);
    if (dir_kind(layers_fd, name) != DIR_DIR)
        return 0;
    struct home h = {.path = str_printf(a, PRI_STR "/%s", STR_ARG(in->layers), name)};
    struct strv all;
    if (path_open(layers_fd, name, O_RDONLY | O_DIRECTORY, 0, &h.fd, e) < 0)
        return -1;
    if (dir_names(a, h.fd, ".", ENTRIES_MAX, &all, e) < 0) {
        home_done(&h);
        return -1;
    }
    for (size_t i = 0; i < all.n; i++)
        if (dir_kind(h.fd, all.v[i].p) == DIR_DIR)
            strv_add(a, &h.layers, all.v[i]);
    *out = h;
    return 0;
}

static int home_env(struct arena *a, const struct home *h, struct str type, struct strmap *env, struct err *e)
{
    for (int pass = 0; pass < 2; pass++) {
        for (size_t i = 0; i < h->layers.n; i++) {
            drop_fd int layer = -1;
            if (path_open(h->fd, h->layers.v[i].p, O_RDONLY | O_DIRECTORY, 0, &layer, e) < 0)
                return -1;
            struct str at = str_printf(a, PRI_STR "/" PRI_STR, STR_ARG(h->path), STR_ARG(h->layers.v[i]));
            if (pass == 0)
                env_roots(a, env, ENV_LAUNCH, layer, at);
            else if (env_layer(a, env, ENV_LAUNCH, layer, type, e) < 0)
                return err_wrap(e, PRI_STR, STR_ARG(at));
        }
    }
    return 0;
}

// The regular files of <layer>/<dir> as absolute paths, sorted.
static int files_in(struct arena *a, const struct home *h, struct str layer, const char *dir,
                    struct strv *out, struct err *e)
{
    const char *rel = arena_printf(a, PRI_STR "/%s", STR_ARG(layer), dir);
    struct strv names;
    if (dir_kind(h->fd, rel) != DIR_DIR)
        return 0;
    if (dir_names(a, h->fd, rel, ENTRIES_MAX, &names, e) < 0)
        return -1;
    for (size_t i = 0; i < names.n; i++)
        if (dir_kind(h->fd, arena_printf(a, "%s/%s", rel, names.v[i].p)) == DIR_FILE)
            strv_add(a, out, str_printf(a, PRI_STR "/%s/%s", STR_ARG(h->path), rel, names.v[i].p));
    return 0;
}

static int files_of(struct arena *a, const struct home *h, const char *dir, struct str type, struct strv *out,
                    struct err *e)
{
    const char *typed =
        type.n && path_is_safe(type) ? arena_printf(a, "%s/" PRI_STR, dir, STR_ARG(type)) : NULL;
    for (size_t i = 0; i < h->layers.n; i++)
        if (files_in(a, h, h->layers.v[i], dir, out, e) < 0 ||
            (typed && files_in(a, h, h->layers.v[i], typed, out, e) < 0))
            return -1;
    return 0;
}

// Calls `each` for every buildpack that left something, in the order of the metadata.
static int each_home(struct arena *a, const struct launch_in *in,
                     int (*each)(struct arena *a, const struct home *h, void *with, struct err *e),
                     void *with, struct err *e)
{
    drop_fd int layers = -1;
    if (path_open_host(str_c(a, in->layers), O_RDONLY | O_DIRECTORY, 0, &layers, e) < 0)
        return -1;
    for (size_t i = 0; i < in->meta->buildpacks.n; i++) {
        __attribute__((cleanup(home_done))) struct home h = {.fd = -1};
        if (home_open(a, in, layers, &in->meta->buildpacks.v[i], &h, e) < 0)
            return -1;
        if (h.fd >= 0 && each(a, &h, with, e) < 0)
            return -1;
    }
    return 0;
}

struct filling {
    struct str type;
    struct strmap *env;
    struct strv files;
};

static int fill_env(struct arena *a, const struct home *h, void *with, struct err *e)
{
    struct filling *f = with;
    return home_env(a, h, f->type, f->env, e);
}

static int fill_execd(struct arena *a, const struct home *h, void *with, struct err *e)
{
    struct filling *f = with;
    return files_of(a, h, "exec.d", f->type, &f->files, e);
}

static int fill_profiles(struct arena *a, const struct home *h, void *with, struct err *e)
{
    struct filling *f = with;
    return files_of(a, h, "profile.d", f->type, &f->files, e);
}

int launch_env(struct arena *a, const struct launch_in *in, const struct launch_process *p,
               struct strmap *env, struct err *e)
{
    struct filling f = {.type = p->type, .env = env};
    container_env(a, in, env);
    if (each_home(a, in, fill_env, &f, e) < 0 || each_home(a, in, fill_execd, &f, e) < 0)
        return -1;
    for (size_t i = 0; i < f.files.n; i++)
        if (launch_execd(a, f.files.v[i].p, EXECD_SECONDS, env, e) < 0)
            return -1;
    return 0;
}

int launch_profiles(struct arena *a, const struct launch_in *in, struct str type, struct strv *out,
                    struct err *e)
{
    struct filling f = {.type = type};
    if (each_home(a, in, fill_profiles, &f, e) < 0)
        return -1;
    drop_fd int app = -1;
    if (path_open_host(str_c(a, in->app_dir), O_RDONLY | O_DIRECTORY, 0, &app, e) < 0)
        return -1;
    if (dir_kind(app, ".profile") == DIR_FILE)
        strv_add(a, &f.files, STR("./.profile"));
    *out = f.files;
    return 0;
}
