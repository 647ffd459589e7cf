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
        out = STR_CAT(a, out, i ? STR(":") : STR(""), kept.v[i]);
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
    struct env_dir *layers;
    size_t n;
};

static void home_done(struct home *h)
{
    drop_fd_p(&h->fd);
}

static int look_at_layers(struct arena *a, struct home *h, struct err *e)
{
    struct dir_entries in;
    if (dir_list_fd(a, h->fd, str_c(a, h->path), ENTRIES_MAX, &in, e) < 0)
        return -1;
    h->layers = ARENA_ARRAY(a, struct env_dir, in.n);
    for (size_t i = 0; i < in.n; i++)
        if (in.v[i].kind == DIR_DIR)
            h->layers[h->n++] =
                (struct env_dir){h->fd, in.v[i].name.p, STR_CAT(a, h->path, STR("/"), in.v[i].name)};
    return 0;
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
    out->path = STR_CAT(a, in->layers, STR("/"), str_of(name));
    return path_open(layers_fd, name, O_RDONLY | O_DIRECTORY, 0, &out->fd, e) < 0 ? -1
                                                                                  : look_at_layers(a, out, e);
}

static int home_env(struct arena *a, const struct home *h, struct str type, struct strmap *env, struct err *e)
{
    for (size_t i = 0; i < h->n; i++)
        if (env_roots(a, env, ENV_LAUNCH, &h->layers[i], e) < 0)
            return err_wrap(e, PRI_STR, STR_ARG(h->layers[i].seen));
    for (size_t i = 0; i < h->n; i++)
        if (env_layer(a, env, ENV_LAUNCH, &h->layers[i], type, e) < 0)
            return err_wrap(e, PRI_STR, STR_ARG(h->layers[i].seen));
    return 0;
}

// The regular files of one of a layer's directories as absolute paths, sorted.
static int files_in(struct arena *a, const struct home *h, const char *dir, struct strv *out, struct err *e)
{
    struct dir_entries in;
    if (dir_list(a, h->fd, dir, ENTRIES_MAX, &in, e) < 0)
        return -1;
    for (size_t i = 0; i < in.n; i++) {
        const char *path = arena_printf(a, "%s/" PRI_STR, dir, STR_ARG(in.v[i].name));
        // A link may lead out of exec.d to a program elsewhere in the layers.
        enum dir_kind kind = in.v[i].kind == DIR_OTHER ? dir_kind(h->fd, path) : in.v[i].kind;
        if (kind == DIR_FILE)
            strv_add(a, out, str_printf(a, PRI_STR "/%s", STR_ARG(h->path), path));
    }
    return 0;
}

static int files_of(struct arena *a, const struct home *h, const char *dir, struct str type, struct strv *out,
                    struct err *e)
{
    for (size_t i = 0; i < h->n; i++) {
        const char *path;
        if (env_has(a, &h->layers[i], dir, &path, e) < 0)
            return err_wrap(e, PRI_STR, STR_ARG(h->layers[i].seen));
        if (!path)
            continue;
        if (files_in(a, h, path, out, e) < 0)
            return -1;
        const char *typed = arena_printf(a, "%s/" PRI_STR, path, STR_ARG(type));
        if (type.n && path_is_safe(type) && dir_kind(h->fd, typed) == DIR_DIR &&
            files_in(a, h, typed, out, e) < 0)
            return -1;
    }
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

// Its variables, and its exec.d programs for later: they run when every buildpack's variables are set.
static int fill_env(struct arena *a, const struct home *h, void *with, struct err *e)
{
    struct filling *f = with;
    return home_env(a, h, f->type, f->env, e) < 0 ? -1 : files_of(a, h, "exec.d", f->type, &f->files, e);
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
    if (each_home(a, in, fill_env, &f, e) < 0)
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
