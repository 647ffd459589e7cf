// SPDX-License-Identifier: Apache-2.0
#include "base/path.h"
#include "cnb/api.h"
#include "launch/launch.h"

static struct strv tail(const struct strv *v, size_t at)
{
    return at < v->n ? (struct strv){v->v + at, v->n - at, 0} : (struct strv){0};
}

static void append(struct arena *a, struct strv *to, const struct strv *more)
{
    for (size_t i = 0; i < more->n; i++)
        strv_add(a, to, more->v[i]);
}

static struct str exec_env(const struct launch_in *in)
{
    const struct str *set = strmap_get(&in->env, STR("CNB_EXEC_ENV"));
    return set && set->n ? *set : STR("production");
}

// The process that argv[0] names; *named says whether there is one of that type at all.
static const struct cnb_process *by_name(const struct launch_in *in, struct str name, bool *named)
{
    for (size_t i = 0; i < in->meta->processes.n; i++) {
        const struct cnb_process *p = &in->meta->processes.v[i];
        if (!str_eq(p->type, name))
            continue;
        *named = true;
        if (in->platform < API(0, 15) || cnb_exec_env_fits(&p->exec_env, exec_env(in)))
            return p;
    }
    return NULL;
}

static const struct cnb_ref *buildpack_of(const struct launch_in *in, const struct cnb_process *p)
{
    for (size_t i = 0; i < in->meta->buildpacks.n; i++)
        if (str_eq(in->meta->buildpacks.v[i].id, p->buildpack_id))
            return &in->meta->buildpacks.v[i];
    return NULL;
}

// cnb.md §8.3: what the user's arguments do to a process depends on the APIs of platform and buildpack.
static int arguments(struct arena *a, const struct launch_in *in, const struct cnb_process *p,
                     const struct strv *user, struct strv *out, struct err *e)
{
    struct strv fixed = tail(&p->command, 1), args = {0};
    bool append_user = in->platform < API(0, 10), replace = !append_user;
    uint16_t api = 0;
    if (user->n && fixed.n == 0 && replace) {
        const struct cnb_ref *bp = buildpack_of(in, p);
        if (!bp)
            return err_set(e, ERR_PARSE,
                           "process " PRI_STR ": its buildpack \"" PRI_STR
                           "\" is not in the image's metadata",
                           STR_ARG(p->type), STR_ARG(p->buildpack_id));
        if (api_parse(bp->api, &api, e) < 0)
            return -1;
        append_user = api < API(0, 9);
        replace = !append_user;
    }
    append(a, &args, &fixed);
    if (!user->n || append_user)
        append(a, &args, &p->args);
    append(a, &args, user);
    *out = args;
    return 0;
}

static int from_process(struct arena *a, const struct launch_in *in, const struct cnb_process *p,
                        struct launch_process *out, struct err *e)
{
    struct strv user = tail(&in->argv, 1), args;
    if (!p->command.n || !p->command.v[0].n)
        return err_set(e, ERR_PARSE, "process " PRI_STR ": no command", STR_ARG(p->type));
    if (arguments(a, in, p, &user, &args, e) < 0)
        return -1;
    struct str dir = in->app_dir;
    if (p->working_dir.n)
        dir = p->working_dir.p[0] == '/' ? p->working_dir : path_join(a, in->app_dir, p->working_dir);
    *out = (struct launch_process){.type = p->type,
                                   .command = {p->command.v, 1, 0},
                                   .args = args,
                                   .shell = !p->direct,
                                   .working_dir = dir,
                                   .self = str_c(a, in->argv.v[0])};
    return 0;
}

int launch_select(struct arena *a, const struct launch_in *in, struct launch_process *out, struct err *e)
{
    bool named = false;
    struct str name = path_base(in->argv.v[0]);
    const struct cnb_process *p = by_name(in, name, &named);
    if (p)
        return from_process(a, in, p, out, e);
    if (named)
        return err_set(e, ERR_USAGE,
                       "process " PRI_STR ": none is for the execution environment \"" PRI_STR "\"",
                       STR_ARG(name), STR_ARG(exec_env(in)));
    if (in->argv.n < 2)
        return err_set(e, ERR_USAGE, "when there is no default process a command is required");
    bool direct = str_is(in->argv.v[1], "--") && in->argv.n > 2;
    struct strv words = tail(&in->argv, direct ? 2 : 1);
    *out = (struct launch_process){.type = STR(""),
                                   .command = {words.v, 1, 0},
                                   .args = tail(&words, 1),
                                   .shell = !direct,
                                   .working_dir = in->app_dir,
                                   .self = str_c(a, in->argv.v[0])};
    return 0;
}
