// SPDX-License-Identifier: Apache-2.0
// platform/output.h - an image of the state goes out: into an OCI layout, or into one file that `docker load`,
// `podman load` and skopeo take.
#pragma once
#include "image/image.h"

enum output_kind { OUTPUT_NONE, OUTPUT_LAYOUT, OUTPUT_ARCHIVE };
struct output {
    enum output_kind kind;
    const char *path;
};
// "layout:DIR" or "archive:FILE". What can be seen to fail already does: no folder to put it in, a directory where the
// file shall be. ERR_USAGE.
int nodiscard output_parse(struct arena *a, struct str word, struct output *out, struct err *e);
// The image appears there under its short name with tag ("shop:latest"),
// at once or not at all; in a layout beside those
// that it has.
int nodiscard output_write(struct state *st, struct str reference, const struct output *o, unsigned threads,
                           struct err *e);
