// SPDX-License-Identifier: Apache-2.0
#include "cnb/api.h"
#include "lifecycle/detect.h"
#include "phase/order.h"
#include "phase/rows.h"
#include "phase/steps.h"

static int write_results(struct app_ctx *app, const struct phase_in *in, const struct detect_out *found,
                         struct err *e)
{
    struct val *group, *plan;
    drop_(newfile_drop) struct newfile *group_file = NULL;
    drop_(newfile_drop) struct newfile *plan_file = NULL;
    if (group_write(app->a, &found->group, &group, e) < 0 ||
        phase_write(app, in->group, group, &group_file, e) < 0 ||
        plan_write(app->a, &found->plan, &plan, e) < 0 || phase_write(app, in->plan, plan, &plan_file, e) < 0)
        return -1;
    struct newfile *const both[] = {plan_file, group_file};
    return phase_publish(both, COUNT(both), e);
}

static int run(struct app_ctx *app, void *in_, struct err *e)
{
    const struct phase_in *in = in_;
    struct lc_context cx;
    struct cnb_order order;
    struct detect_out found;
    struct steps steps;
    drop_phase_temp const char *temp = NULL;
    phase_seclude();
    steps_begin(&steps, app);
    if (phase_refuse_root(e) < 0 || phase_temp(app, &temp, e) < 0 ||
        phase_context(app, in, temp, &cx, e) < 0 || order_load(app, in, &order, e) < 0 ||
        order_check(app, &cx, &order, e) < 0)
        return phase_bad_input(app, e);
    if (lc_detect(app->a, &cx, &order, &found, e) < 0 || write_results(app, in, &found, e) < 0) {
        steps_error(&steps, e);
        return phase_failed(app, PHASE_DETECT, e);
    }
    return 0;
}

static const struct opt opts[] = {
    ROW_ANALYZED, ROW_APP,       ROW_BUILD_CONFIG, ROW_BUILDPACKS, ROW_EXTENSIONS, ROW_GENERATED, ROW_GROUP,
    ROW_LAYERS,   ROW_LOG_LEVEL, ROW_NO_COLOR,     ROW_ORDER,      ROW_PLAN,       ROW_PLATFORM,  ROW_RUN,
    ROW_SYSTEM,   {0},
};

static const struct phase_gate gates[] = {
    {"analyzed", API(0, 10), 0},
    {"build-config", API(0, 11), 0},
    {"extensions", API(0, 10), 0},
    {"generated", API(0, 10), 0},
    {"run", API(0, 12), 0},
    {"system", API(0, 15), 0},
    {NULL, 0, 0},
};

const struct phase_program phase_detector = {
    .applet =
        {.name = "detector",
         .alias = "detect",
         .summary = "Finds out which buildpacks take part in the build of an app",
         .details =
             "Writes group.toml and plan.toml. Exits with 20 when no group passes, with 21 when a buildpack "
             "failed as well.",
         .grammar = GRAMMAR_GO,
         .opts = opts,
         .in_size = sizeof(struct phase_in),
         .run = run},
    .phase = PHASE_DETECT,
    .gates = gates,
};
