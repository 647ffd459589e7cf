// SPDX-License-Identifier: Apache-2.0
// cnb/project.h - project-metadata.toml: where the app's source is from
// (spec: platform.md "project-metadata.toml (TOML)").
#pragma once
#include "base/event.h"
#include "document/val.h"

struct cnb_project {
    struct str type;                      // "git", "image"; empty: not said
    const struct val *version, *metadata; // free tables; NULL: none
};

int nodiscard project_read(struct arena *a, const struct val *doc, const char *file, struct events *ev,
                           struct cnb_project *out, struct err *e);
// What project_metadata_json takes.
int nodiscard project_write(struct arena *a, const struct cnb_project *in, struct val **out, struct err *e);
