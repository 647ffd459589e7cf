// SPDX-License-Identifier: Apache-2.0
#include "cnb/api.h"
#include "lifecycle/build.h"
#include "phase/rows.h"
#include "phase/steps.h"
#include <unistd.h>

static int read_plan(struct app_ctx *app, const struct phase_in *in, struct plan *out, struct err *e)
{
    struct val *doc;
    if (phase_read(app, in->plan, PHASE_WANTED, &doc, e) < 0)
        return -1;
    return plan_read(app->a, doc, str_c(app->a, in->plan), out, e);
}

static int run(struct app_ctx *app, void *in_, struct err *e)
{
    const struct phase_in *in = in_;
    struct lc_context cx;
    struct cnb_selected group;
    struct cnb_metadata ignored;
    struct plan plan;
    struct steps steps;
    drop_phase_temp const char *temp = NULL;
    phase_seclude();
    steps_begin(&steps, app);
    if (phase_refuse_root(e) < 0 || phase_temp(app, &temp, e) < 0 ||
        phase_read_group(app, in, &group, e) < 0 || read_plan(app, in, &plan, e) < 0 ||
        phase_context(app, in, temp, &cx, e) < 0)
        return phase_bad_input(app, e);
    const struct build_in build = {.group = &group, .plan = &plan, .out_fd = STDOUT_FILENO};
    if (lc_build(app->a, &cx, &build, &ignored, e) < 0) {
        steps_error(&steps, e);
        return phase_failed(app, PHASE_BUILD, e);
    }
    return 0;
}

static const struct opt opts[] = {
    ROW_ANALYZED,  ROW_APP,      ROW_BUILD_CONFIG, ROW_BUILDPACKS, ROW_GROUP, ROW_LAYERS,
    ROW_LOG_LEVEL, ROW_NO_COLOR, ROW_PLAN,         ROW_PLATFORM,   {0},
};

static const struct phase_gate gates[] = {
    {"analyzed", API(0, 12), 0},
    {"build-config", API(0, 11), 0},
    {NULL, 0, 0},
};

const struct phase_program phase_builder = {
    .applet =
        {.name = "builder",
         .alias = "build",
         .summary = "Runs the buildpacks that take part",
         .details =
             "Reads group.toml and plan.toml, writes layers and config/metadata.toml beneath the layers "
             "directory. Exits with 51 when a buildpack fails.",
         .grammar = GRAMMAR_GO,
         .opts = opts,
         .in_size = sizeof(struct phase_in),
         .run = run},
    .phase = PHASE_BUILD,
    .gates = gates,
};
