// SPDX-License-Identifier: Apache-2.0
// cli/build_report.h - what `dema build` says at the end, to people and as one object.
#pragma once
#include "cli/about.h"
#include "cli/watch.h"
#include "platform/build.h"
#include "platform/check.h"
#include "platform/created.h"
#include "platform/output.h"

struct built {
    struct str name; // in the state
    struct image image;
    const struct image *previous; // that had the name before; NULL: none
    struct about about;
    struct created created;
    const struct watch *watch;
    const struct build_result *result;
    struct str output;             // as it was asked for; empty: none
    const struct check_out *check; // NULL: not asked for, or not passed
    uint64_t ms;                   // all of it
};
void build_report_text(struct app_ctx *app, const struct built *b);
struct val *build_report_json(struct app_ctx *app, const struct built *b);
