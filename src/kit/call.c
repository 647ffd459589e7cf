// SPDX-License-Identifier: Apache-2.0
#include "kit/call_priv.h"
#include "kit/log.h"
#include "kit/program.h"
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>

void call_init(struct call *c, struct call_inside *inside, const struct world *w, struct facts *f)
{
    inside->facts = f;
    *c = (struct call){.a = f->a,
                       .app = w->in->app,
                       .layers = w->in->layers,
                       .buildpack = w->in->buildpack,
                       .app_fd = w->app_fd,
                       .layers_fd = w->layers_fd,
                       .layer_fd = -1,
                       .env = w->in->env,
                       .bindings = w->in->bindings,
                       .ev = w->ev,
                       .inside = inside};
}

bool call_fact(const struct call *c, const char *name, struct str *out)
{
    struct err ignored = {0};
    struct str value;
    bool found;
    if (fact_find(c->inside->facts, str_of(name), &found, &value, &ignored) < 0 || !found)
        return false;
    *out = value;
    return true;
}

void call_answer(struct call *c, const char *key, struct str value)
{
    if (c->inside->answer)
        strmap_set(c->a, c->inside->answer, str_dup(c->a, str_of(key)), str_dup(c->a, value));
}

bool call_planned(const struct call *c, const char *name, bool *build, bool *launch)
{
    return facts_planned(c->inside->facts, str_of(name), build, launch);
}

void call_log(const struct call *c, int level, const char *fmt, ...)
{
    char text[1024];
    va_list ap;
    va_start(ap, fmt);
    vsnprintf(text, sizeof text, fmt, ap);
    va_end(ap);
    kit_log(c->ev, level, "%s", text);
}

int call_run(const struct call *c, const struct call_command *what, struct err *e)
{
    drop_fd int cwd = -1;
    if (path_open(c->app_fd, what->cwd ? what->cwd : ".", O_RDONLY | O_DIRECTORY, 0, &cwd, e) < 0)
        return -1;
    const struct program p = {
        .argv = what->argv, .env = c->env, .more = what->more, .cwd_fd = cwd, .out = what->out, .ev = c->ev};
    return program_must(&p, e);
}
