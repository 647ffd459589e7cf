// SPDX-License-Identifier: Apache-2.0
#include "base/clock.h"
#include "base/file.h"
#include "kit/act_priv.h"
#include "kit/facts.h"
#include "kit/log.h"
#include <errno.h>
#include <fcntl.h>

static void acting_done(struct acting *t)
{
    deps_free(t->deps);
    drop_fd_p(&t->have_fd);
}

static struct str layer_path(struct acting *t, const struct bp_layer *l)
{
    return path_join(t->a, t->act->in->layers, l->name);
}

static int open_layer(struct acting *t, const struct bp_layer *l, int *fd, struct err *e)
{
    const char *name = str_c(t->a, l->name);
    if (path_mkdirs(t->layers_fd, name, 0755, e) < 0)
        return -1;
    return path_open_plain(t->layers_fd, name, O_RDONLY | O_DIRECTORY, 0, fd, e);
}

// While it is being made, nothing says that it is there.
static int forget_layer(struct acting *t, const struct bp_layer *l, bool content, struct err *e)
{
    const char *name = str_c(t->a, l->name);
    if (unlinkat(t->layers_fd, arena_printf(t->a, "%s.toml", name), 0) < 0 && errno != ENOENT)
        return err_sys(e, "%s.toml", name);
    if (unlinkat(t->layers_fd, arena_printf(t->a, "%s.sbom.cdx.json", name), 0) < 0 && errno != ENOENT)
        return err_sys(e, "%s.sbom.cdx.json", name);
    return content ? tree_remove(t->layers_fd, name, e) : 0;
}

static void log_why(struct acting *t, const struct bp_layer *l)
{
    for (size_t i = 0; i < l->why.n; i++)
        kit_log(t->ev, 1, PRI_STR ": " PRI_STR, STR_ARG(l->name), STR_ARG(l->why.v[i]));
    if (l->fate == BP_LOST)
        kit_log(t->ev, 1, PRI_STR ": its content was not kept", STR_ARG(l->name));
}

static int fill(struct acting *t, const struct bp_layer *l, struct err *e)
{
    drop_fd int fd = -1;
    struct sbom sbom = {0};
    bool changed;
    if (l->dep)
        sbom_of_dep(t, l->dep, &sbom);
    if (open_layer(t, l, &fd, e) < 0 || fill_layer(t, l, fd, e) < 0)
        return -1;
    for (size_t i = 0; i < l->steps.n; i++)
        if (run_step(t, &l->steps.v[i], l, fd, &sbom, e) < 0)
            return -1;
    if (move_paths(t, l, fd, true, e) < 0 || write_env(t, l, fd, &changed, e) < 0)
        return -1;
    return write_layer_sbom(t, l, &sbom, e);
}

// The layer goes, but not with what is the app's. The first error is the one to report.
static int give_up(struct acting *t, const struct bp_layer *l, struct err *e)
{
    struct err why = {0}, ignored = {0};
    char text[512];
    bool back = move_back(t, l, &why) == 0;
    if (!back)
        event_warn(t->ev, NULL,
                   PRI_STR ": stays as it is, for what it has of the app could not be moved back: %s",
                   STR_ARG(l->name), err_text(&why, text, sizeof text));
    (void)forget_layer(t, l, back, &ignored);
    return err_wrap(e, "layer " PRI_STR, STR_ARG(l->name));
}

static int make_anew(struct acting *t, const struct bp_layer *l, struct err *e)
{
    uint64_t begin = clock_mono_ms();
    t->carried = NULL;
    log_why(t, l);
    if (forget_layer(t, l, !l->row->keep, e) < 0)
        return -1;
    if (fill(t, l, e) < 0 || write_layer_toml(t, l, e) < 0)
        return give_up(t, l, e);
    if (l->dep || l->steps.n) {
        uint64_t ms = clock_mono_ms() - begin;
        kit_log(t->ev, 3, "Completed in %ju.%jus", (uintmax_t)ms / 1000, (uintmax_t)ms / 100 % 10);
        kit_log(t->ev, 0, "%s", "");
    }
    log_env(t, l);
    return 0;
}

static int reuse(struct acting *t, const struct bp_layer *l, struct err *e)
{
    drop_fd int fd = -1;
    struct err why = {0};
    bool changed = false;
    struct str path = layer_path(t, l);
    if (l->fate == BP_KEPT) {
        if (open_layer(t, l, &fd, e) < 0)
            return -1;
    } else {
        kit_log(t->ev, 1, "Reusing cached layer " PRI_STR, STR_ARG(path));
        kit_log(t->ev, 0, "%s", "");
        if (path_open_plain(t->layers_fd, str_c(t->a, l->name), O_RDONLY | O_DIRECTORY, 0, &fd, &why) < 0 &&
            why.code != ERR_NOT_FOUND) {
            if (e)
                *e = why;
            return -1;
        }
    }
    if (move_paths(t, l, fd, false, e) < 0 || (fd >= 0 && write_env(t, l, fd, &changed, e) < 0))
        return -1;
    if (changed)
        log_env(t, l);
    if (!t->act->in->sbom && forget_layer(t, l, false, e) < 0) // that of the last build is there
        return -1;
    return write_layer_toml(t, l, e);
}

static void log_processes(struct acting *t)
{
    const struct bp_plan *p = t->act->plan;
    if (p->processes.n)
        kit_log(t->ev, 1, "Assigning launch processes:");
    for (size_t i = 0; i < p->processes.n; i++) {
        const struct cnb_process *one = &p->processes.v[i];
        drop_buf struct buf line = BUF_INIT(1024);
        for (size_t k = 0; k < one->command.n; k++)
            buf_printf(&line, "%s" PRI_STR, k ? " " : "", STR_ARG(one->command.v[k]));
        for (size_t k = 0; k < one->args.n; k++)
            buf_printf(&line, " " PRI_STR, STR_ARG(one->args.v[k]));
        kit_log(t->ev, 2, PRI_STR "%s: " PRI_STR, STR_ARG(one->type), one->is_default ? " (default)" : "",
                STR_ARG(str_printable(t->a, buf_view(&line), 1000)));
    }
    if (p->processes.n)
        kit_log(t->ev, 0, "%s", "");
}

int recipe_act(const struct act *act, struct err *e)
{
    const struct bp_plan *p = act->plan;
    __attribute__((cleanup(acting_done))) struct acting t = {.a = p->facts->a,
                                                             .act = act,
                                                             .ev = act->world->ev,
                                                             .layers_fd = act->world->layers_fd,
                                                             .app_fd = act->world->app_fd,
                                                             .have_fd = -1};
    for (size_t i = 0; i < p->log.n; i++)
        kit_log(t.ev, 0, PRI_STR, STR_ARG(p->log.v[i]));
    for (size_t i = 0; i < p->layers.n; i++) {
        const struct bp_layer *l = &p->layers.v[i];
        bool again = l->fate == BP_REUSED || l->fate == BP_KEPT;
        if ((again ? reuse(&t, l, e) : make_anew(&t, l, e)) < 0)
            return -1;
    }
    for (size_t i = 0; i < p->steps.n; i++)
        if (run_step(&t, &p->steps.v[i], NULL, -1, NULL, e) < 0)
            return -1;
    log_processes(&t);
    if (write_launch_toml(&t, e) < 0)
        return -1;
    return write_build_toml(&t, e);
}
