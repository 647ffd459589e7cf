// SPDX-License-Identifier: Apache-2.0
// cnb/report.h - report.toml: what an export or a rebase has made (spec: platform.md "report.toml (TOML)").
#pragma once
#include "cnb/launch.h"

struct cnb_report {
    struct strv tags;
    struct str image_id; // in a daemon
    struct str digest;   // in a registry or a layout
    int64_t manifest_size;
    struct cnb_bom build_bom; // legacy bill of materials of the build: before Platform API 0.9
};

int nodiscard report_read(struct arena *a, const struct val *doc, const char *file, struct events *ev,
                          struct cnb_report *out, struct err *e);
int nodiscard report_write(struct arena *a, const struct cnb_report *in, struct val **out, struct err *e);
