// SPDX-License-Identifier: Apache-2.0
#include "platform/build.h"
#include "base/clock.h"
#include "platform/build_priv.h"

// The steps of a build with their times.
struct timing {
    struct building *b;
    struct build_phase_ms ms[8];
    size_t n;
};

static void begin(struct timing *t, const char *phase)
{
    t->ms[t->n] = (struct build_phase_ms){str_of(phase), clock_mono_ms()};
    event_emit(t->b->o->ev, &(struct event){.kind = EV_PHASE, .phase = str_of(phase)});
}

static void end(struct timing *t)
{
    struct build_phase_ms *p = &t->ms[t->n++];
    p->ms = clock_mono_ms() - p->ms;
    event_emit(t->b->o->ev, &(struct event){.kind = EV_PHASE, .phase = p->name, .done = 1, .total = p->ms});
}

static int timed(struct timing *t, const char *phase, int (*step)(struct building *b, struct err *e),
                 struct err *e)
{
    begin(t, phase);
    if (step(t->b, e) < 0)
        return -1;
    end(t);
    return 0;
}

static int restore(struct building *b, struct err *e)
{
    const struct kept_previous previous = {b->previous_label, b->previous.desc.digest};
    return kept_restore(b->kept, &b->group, &previous, e);
}

// The image is made; that its layers could not be kept costs time, not the image.
static void keep(struct building *b, const struct digest *manifest)
{
    struct err why = {0};
    char text[512];
    if (kept_keep(b->kept, &b->group, &b->layers_fd, manifest, &why) < 0)
        event_warn(b->o->ev, NULL, "layers are not kept for the next build: %s",
                   err_text(&why, text, sizeof text));
}

static int export_and_keep(struct timing *t, struct build_result *out, struct err *e)
{
    struct building *b = t->b;
    begin(t, "export");
    if (build_export(b, out, e) < 0)
        return -1;
    drop_fd_p(&b->app_fd);
    keep(b, &out->manifest);
    end(t);
    out->phases.v = arena_copy(b->a, t->ms, t->n * sizeof *t->ms);
    out->phases.n = t->n;
    return 0;
}

// An app image in the place of its base would be the base of every build that follows.
static int check_name(struct building *b, struct err *e)
{
    const struct str bases[] = {b->o->build_image, b->o->run_image};
    if (image_name(b->a, b->o->name, &b->name, e) < 0)
        return -1;
    for (size_t i = 0; i < COUNT(bases); i++) {
        struct err none = {0};
        struct str base;
        if (image_name(b->a, bases[i], &base, &none) == 0 && str_eq(base, b->name))
            return err_set(e, ERR_USAGE,
                           "the image cannot be called " PRI_STR ": that is the %s image it is built %s",
                           STR_ARG(b->o->name), i ? "run" : "build", i ? "on" : "in");
    }
    return 0;
}

int build_app(struct arena *a, const struct build_opts *o, struct build_result *out, struct err *e)
{
    struct building b = {.a = a, .o = o, .work = WORKDIR_INIT, .layers_fd = -1, .app_fd = -1};
    struct timing t = {.b = &b};
    struct build_result got = {0};
    if (check_name(&b, e) < 0) // before any work is done
        return -1;
    int rc = 0;
    if (timed(&t, "prepare", build_prepare, e) < 0 || timed(&t, "detect", build_detect, e) < 0 ||
        build_choose_network(&b, e) < 0 || timed(&t, "restore", restore, e) < 0 ||
        timed(&t, "build", build_build, e) < 0 || export_and_keep(&t, &got, e) < 0)
        rc = -1;
    drop_fd_p(&b.layers_fd);
    drop_fd_p(&b.app_fd);
    kept_close(b.kept);
    rootfs_done(&b.root);
    workdir_done(&b.work);
    if (rc == 0)
        *out = got;
    return rc;
}
