// SPDX-License-Identifier: Apache-2.0
// cnb/group.h - group.toml: who takes part, in order (spec: platform.md "group.toml").
#pragma once
#include "cnb/launch.h"

struct cnb_selected {
    struct {
        struct cnb_ref *v;
        size_t n;
    } buildpacks, extensions;
};

int nodiscard group_read(struct arena *a, const struct val *doc, const char *file, struct events *ev,
                         struct cnb_selected *out, struct err *e);
int nodiscard group_write(struct arena *a, const struct cnb_selected *g, struct val **out, struct err *e);
