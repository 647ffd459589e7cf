// SPDX-License-Identifier: Apache-2.0
#include "kit/act_priv.h"
#include "kit/call_priv.h"
#include "kit/log.h"
#include "kit/program.h"
#include <fcntl.h>
#include <stdio.h>

static int call_step(struct acting *t, const struct bp_step *s, const struct bp_layer *l, int layer_fd,
                     struct sbom *sbom, struct err *e)
{
    struct world *w = t->act->world;
    struct facts *f = t->act->plan->facts;
    struct call_inside inside = {0};
    struct call c;
    call_fn *fn;
    if (world_call(w, f, &s->row->row, s->call, &fn, e) < 0)
        return -1;
    call_init(&c, &inside, w, f);
    if (l) {
        c.layer = path_join(t->a, t->act->in->layers, l->name);
        c.layer_fd = layer_fd;
        c.sbom = t->act->in->sbom ? sbom : NULL;
    }
    return fn(&c, e) < 0 ? err_wrap(e, PRI_STR, STR_ARG(s->call)) : 0;
}

// The command as one would type it, for the log.
static struct str command_text(struct acting *t, const struct strv *run)
{
    drop_buf struct buf b = BUF_INIT(512);
    for (size_t i = 0; i < run->n; i++)
        buf_printf(&b, "%s" PRI_STR, i ? " " : "", STR_ARG(run->v[i]));
    return str_printable(t->a, buf_view(&b), 500);
}

static int run_program(struct acting *t, const struct bp_step *s, struct err *e)
{
    drop_fd int cwd = -1;
    if (path_open(t->app_fd, str_c(t->a, s->cwd), O_RDONLY | O_DIRECTORY, 0, &cwd, e) < 0)
        return -1;
    const struct program p = {.argv = program_words(t->a, t->act->in->buildpack, &s->run),
                              .env = t->act->in->env,
                              .more = &s->env,
                              .cwd_fd = cwd,
                              .ev = t->ev};
    kit_log(t->ev, 2, "Running '" PRI_STR "'", STR_ARG(command_text(t, &s->run)));
    return program_must(&p, e);
}

int run_step(struct acting *t, const struct bp_step *s, const struct bp_layer *l, int layer_fd,
             struct sbom *sbom, struct err *e)
{
    if (s->call.p)
        return call_step(t, s, l, layer_fd, sbom, e);
    if (s->row->name.n) // else what is run says enough
        kit_log(t->ev, 1, PRI_STR, STR_ARG(str_printable(t->a, s->name, 200)));
    if (run_program(t, s, e) < 0)
        return err_wrap(e, PRI_STR, STR_ARG(str_printable(t->a, s->name, 96)));
    return 0;
}
