// SPDX-License-Identifier: Apache-2.0
#include "platform/build.h"
#include "base/clock.h"
#include "platform/build_priv.h"

static int timed(struct building *b, const char *phase, int (*step)(struct building *b, struct err *e),
                 struct err *e)
{
    uint64_t start = clock_mono_ms();
    event_emit(b->o->ev, &(struct event){.kind = EV_PHASE, .phase = str_of(phase)});
    if (step(b, e) < 0)
        return -1;
    event_emit(b->o->ev,
               &(struct event){
                   .kind = EV_PHASE, .phase = str_of(phase), .done = 1, .total = clock_mono_ms() - start});
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

static int export_and_keep(struct building *b, struct build_result *out, struct err *e)
{
    uint64_t start = clock_mono_ms();
    event_emit(b->o->ev, &(struct event){.kind = EV_PHASE, .phase = STR("export")});
    if (build_export(b, out, e) < 0)
        return -1;
    drop_fd_p(&b->app_fd);
    keep(b, &out->manifest);
    event_emit(b->o->ev,
               &(struct event){
                   .kind = EV_PHASE, .phase = STR("export"), .done = 1, .total = clock_mono_ms() - start});
    return 0;
}

int build_app(struct arena *a, const struct build_opts *o, struct build_result *out, struct err *e)
{
    struct building b = {.a = a, .o = o, .work = WORKDIR_INIT, .layers_fd = -1, .app_fd = -1};
    struct build_result got = {0};
    if (image_name(a, o->name, &b.name, e) < 0) // before any work is done
        return -1;
    int rc = 0;
    if (timed(&b, "prepare", build_prepare, e) < 0 || timed(&b, "detect", build_detect, e) < 0 ||
        timed(&b, "restore", restore, e) < 0 || timed(&b, "build", build_build, e) < 0 ||
        export_and_keep(&b, &got, e) < 0)
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
