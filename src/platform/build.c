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

int build_app(struct arena *a, const struct build_opts *o, struct build_result *out, struct err *e)
{
    struct building b = {.a = a, .o = o, .work = WORKDIR_INIT, .layers_fd = -1, .app_fd = -1};
    struct build_result got = {0};
    struct str name;
    if (image_name(a, o->name, &name, e) < 0) // before any work is done
        return -1;
    int rc = timed(&b, "prepare", build_prepare, e);
    if (rc == 0)
        rc = build_run_phases(&b, e);
    uint64_t start = clock_mono_ms();
    if (rc == 0) {
        event_emit(o->ev, &(struct event){.kind = EV_PHASE, .phase = STR("export")});
        rc = build_export(&b, &got, e);
    }
    if (rc == 0)
        event_emit(o->ev, &(struct event){.kind = EV_PHASE,
                                          .phase = STR("export"),
                                          .done = 1,
                                          .total = clock_mono_ms() - start});
    drop_fd_p(&b.layers_fd);
    drop_fd_p(&b.app_fd);
    rootfs_done(&b.root);
    workdir_done(&b.work);
    if (rc == 0)
        *out = got;
    return rc;
}
